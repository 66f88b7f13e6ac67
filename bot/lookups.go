package bot

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"okrbot/bot/view"
	"okrbot/store"
)

// named finds the one key result that a command's words name; else it gives the reply to say instead.
func (d *desk) named(ctx context.Context, g Gesture, words, verb string) (store.KeyResult, *Reply, error) {
	say := func(text string) (store.KeyResult, *Reply, error) {
		r := Say(text)
		return store.KeyResult{}, &r, nil
	}
	list := wordsOf(words)
	how := fmt.Sprintf("Name a key result by its number: `/okr %s KR-1`. `/okr list` shows them.", verb)
	if len(list) == 0 {
		return say(how)
	}
	var strange []word
	var numbers []int
	for _, w := range list {
		if n, ok := w.key(); ok {
			if !slices.Contains(numbers, n) {
				numbers = append(numbers, n)
			}
		} else {
			strange = append(strange, w)
		}
	}
	switch {
	case len(strange) > 0 && len(numbers) == 0:
		return say(quoted(strange, "is no key result", "are no key results") + ". " + how)
	case len(strange) > 0:
		r := notTaken(verb, "one key result", strange)
		return store.KeyResult{}, &r, nil
	case len(numbers) > 1:
		return say(fmt.Sprintf("`/okr %s` takes one key result at a time, and %s are %d. Nothing was done.", verb, view.Quote(spoken(words)), len(numbers)))
	}
	k, err := d.store.KeyResult(ctx, g.Actor.Workspace, numbers[0])
	return found(k, err, fmt.Sprintf("KR-%d", numbers[0]))
}

// pressed finds the key result whose id a button or an option carries.
func (d *desk) pressed(ctx context.Context, g Gesture, value string) (store.KeyResult, *Reply, error) {
	id, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		id = 0 // nobody's
	}
	k, err := d.store.KeyResultByID(ctx, g.Actor.Workspace, id)
	return found(k, err, "such key result")
}

func found(k store.KeyResult, err error, key string) (store.KeyResult, *Reply, error) {
	if isNotFound(err) {
		r := noSuchKeyResult(key)
		return k, &r, nil
	}
	return k, nil, err
}

func deref(r *Reply) Reply {
	if r == nil {
		return Reply{}
	}
	return *r
}
