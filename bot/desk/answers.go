package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"okrbot/bot/command"
	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// Expired takes the place of a form whose draft is no more.
func Expired(again string) Reply {
	notice := view.Notice("Expired", "This form has expired, or is somebody else's. Nothing was saved. Start again with `"+again+"`.")
	return Reply{Update: &notice}
}

// ChangedElsewhere takes the place of a form that is older than what is stored.
func ChangedElsewhere(again string) Reply {
	notice := view.Notice("Changed elsewhere", "This was changed in another window since you opened it. Nothing of this one was saved. Open it again with `"+again+"`.")
	return Reply{Update: &notice}
}

// IsClosed answers those who would change what was closed out.
func IsClosed(k store.KeyResult) Reply {
	return Say(fmt.Sprintf("%s is closed out with its objective, *%s*: its numbers stay as they are. See them with `/okr show %s`; go on with a new one with `/okr add-kr`.",
		k.Key(), view.Escape(k.Objective.Title), k.Key()))
}

// NoSuchKeyResult is said of numbers that are nobody's and of those of other workspaces alike.
func NoSuchKeyResult(key string) Reply {
	return Say(fmt.Sprintf("There is no %s here. `/okr list` shows what there is.", view.Escape(view.Cut(key, 20))))
}

// NoSuchObjective is the same of objectives.
func NoSuchObjective(key string) Reply {
	return Say(fmt.Sprintf("There is no %s here. `/okr objectives` shows what there is.", view.Escape(view.Cut(key, 20))))
}

// NoneSuch answers a key that nothing can have, "KR-0".
func NoneSuch(w command.Word) (Reply, bool) {
	key, ok := w.NoKey()
	if strings.HasPrefix(key, "O") {
		return NoSuchObjective(key), ok
	}
	return NoSuchKeyResult(key), ok
}

// IsNotFound says whether what was looked for is not there, or not this person's to know.
func IsNotFound(err error) bool { return errors.Is(err, store.ErrNotFound) }

// AtFields gives problems the block ids that the view has: a field may have been shown again.
func AtFields(problems okr.Problems, g Gesture) okr.Problems {
	at := okr.Problems{}
	shown := map[string]string{}
	for block := range g.View.State {
		shown[view.Name(block)] = block
	}
	var homeless []string
	for field, sentence := range problems {
		if block, ok := shown[field]; ok {
			at[block] = sentence
		} else {
			homeless = append(homeless, sentence)
		}
	}
	// A problem of a field that is not shown must be seen all the same.
	if len(homeless) > 0 && len(at) == 0 {
		if field := anyField(g.View.State); field != "" {
			at[field] = strings.Join(homeless, " ")
		}
	}
	return at
}

// anyField is the first field of a form, by name; errors can be shown at inputs alone.
func anyField(state map[string]map[string]slack.BlockAction) string {
	var fields []string
	for block, elements := range state {
		if _, ok := elements["v"]; ok {
			fields = append(fields, block)
		}
	}
	if len(fields) == 0 {
		return ""
	}
	return slices.Min(fields)
}

// NoArguments serves a verb that takes nothing after it.
func NoArguments(name string, serve Handler) Handler {
	return func(ctx context.Context, g Gesture) (Reply, error) {
		if words := command.Words(g.Text); len(words) > 0 {
			return NotTaken(name, "nothing after it", words), nil
		}
		return serve(ctx, g)
	}
}

// NotTaken says back the words that a verb does not take. Nothing is done then: half a command is
// another command.
func NotTaken(name, takes string, words []command.Word) Reply {
	return Say(fmt.Sprintf("`/okr %s` takes %s, so %s not understood and nothing was done. `/okr help %s` says more.", name, takes, Quoted(words, "was", "were"), name))
}

// Quoted are words said back as they were typed, with a verb that agrees: "`foo` was", "`foo` and
// `bar` were".
func Quoted(words []command.Word, one, many string) string {
	const most = 3
	var list []string
	for i, w := range words {
		if i == most {
			list = append(list, fmt.Sprintf("%d more", len(words)-i))
			break
		}
		list = append(list, view.Quote(command.Spoken(w.Typed)))
	}
	if len(list) == 1 {
		return list[0] + " " + one
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1] + " " + many
}

// LinkWords are words that hold others together and say nothing alone.
var LinkWords = []string{"and", "&", "or", "as", ""}

func WithoutLinkWords(words []command.Word) []command.Word {
	return slices.DeleteFunc(slices.Clone(words), func(w command.Word) bool { return slices.Contains(LinkWords, w.Plain) })
}
