package bot

import (
	"context"
	"regexp"
	"strings"
	"time"

	"okrbot/bot/command"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// shortcuts are what Slack's menus offer beside the command.
type shortcuts struct {
	shows
	checkIns checkIns
}

// noted is the draft of a check-in whose key result is not chosen yet: the message that becomes its note.
type noted struct{ Text, Link string }

var pickForm = desk.Form[noted]{Kind: view.CallbackCheckInPick, Again: "/okr check-in KR-1"}

// linkWithin bounds the question where a message is; who chose it reads meanwhile.
const linkWithin = 3 * time.Second

// note is *Add as check-in note* on a message. Where okrbot may see the message, its address is added.
func (s shortcuts) note(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	text, err := s.readable(ctx, g.Actor.Workspace, g.Message.Text)
	if err != nil {
		return desk.Reply{}, err
	}
	if text == "" {
		return desk.Say("This message has no text, so there is nothing to note. Check in with `/okr check-in KR-1`."), nil
	}
	draft, reply, err := s.pick(ctx, g, noted{Text: text})
	if err != nil || reply.Open == nil {
		return reply, err
	}
	reply.Later = func(ctx context.Context, opened desk.OpenView) {
		asking, cancel := context.WithTimeout(ctx, linkWithin)
		defer cancel()
		link, err := s.Slack.Permalink(asking, g.Message.Channel, g.Message.TS)
		if err != nil || link == "" {
			return // okrbot may not see it: the words are enough
		}
		if _, err := pickForm.Save(ctx, s.Store.Statements, g.Actor, draft, draft.Step, noted{Text: text, Link: link}); err != nil {
			return // the person went on
		}
		if _, err := s.Slack.Change(ctx, opened, view.CheckInPick(view.NoteOf(text, link), draft.ID)); err != nil {
			s.Log.Info("a note's address is not shown yet", "code", desk.CodeOf(err))
		}
	}
	return reply, nil
}

// checkIn is *Check in* among the shortcuts.
func (s shortcuts) checkIn(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	_, reply, err := s.pick(ctx, g, noted{})
	return reply, err
}

// pick asks which key result it is about, where there is one that the person may check in on.
func (s shortcuts) pick(ctx context.Context, g desk.Gesture, n noted) (store.Draft, desk.Reply, error) {
	some, err := s.Store.CountKeyResults(ctx, g.Actor.Workspace, s.theirs(g.Actor, 1))
	if err != nil {
		return store.Draft{}, desk.Reply{}, err
	}
	if some == 0 {
		return store.Draft{}, desk.Say("You have no key result to check in on. `/okr list` shows those that there are, and whom to ask."), nil
	}
	draft, err := pickForm.Begin(ctx, s.Store.Statements, g.Actor, "pick", n)
	if err != nil {
		return draft, desk.Reply{}, err
	}
	modal := view.CheckInPick(view.NoteOf(n.Text, n.Link), draft.ID)
	return draft, desk.Reply{Open: &modal}, nil
}

// theirs are the key results that somebody may check in on, at most so many; 0 is all.
func (s shortcuts) theirs(actor okr.Actor, most int) store.Filter {
	f := store.Filter{Person: actor.ID, Open: true, Most: most}
	if okr.May(actor, okr.CheckInKeyResult, okr.None) {
		f.Person = "" // anybody's
	}
	return f
}

// choices fills the type-ahead of that form.
func (s shortcuts) choices(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	found, err := s.shows.called(ctx, g.Actor.Workspace, g.Query, s.theirs(g.Actor, 0))
	if err != nil {
		return desk.Reply{}, err
	}
	return desk.Reply{Options: view.SyncChoices(found)}, nil
}

// picked is the submit of that form: the check-in takes its place, with the note in it.
func (s shortcuts) picked(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	_, n, err := pickForm.Shown(ctx, s.Store.Statements, g)
	if err != nil {
		return desk.Reply{}, err
	}
	k, err := s.Pressed(ctx, g, g.View.State[view.BlockCheckInPick]["v"].SelectedOption.Value)
	if desk.IsNotFound(err) {
		return desk.Reply{Problems: okr.Problems{view.BlockCheckInPick: "This key result is gone. Choose another one."}}, nil
	}
	if err != nil {
		return desk.Reply{}, err
	}
	reply, err := s.checkIns.open(ctx, g, k, view.CheckInTyped{Note: view.NoteOf(n.Text, n.Link)})
	reply.Update, reply.Open = reply.Open, nil
	return reply, err
}

var mentions = regexp.MustCompile(`<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>`)

// mostNamed is of how many mentions in a message the names are looked up.
const mostNamed = 30

// readable is a message's text as people read it: with names in the place of ids, and its lines.
func (s shortcuts) readable(ctx context.Context, workspace, text string) (string, error) {
	names := map[string]string{s.BotUser(): "okrbot"}
	for _, m := range mentions.FindAllStringSubmatch(text, mostNamed) {
		if names[m[1]] != "" {
			continue
		}
		p, err := s.Store.Person(ctx, workspace, m[1])
		if err != nil && !desk.IsNotFound(err) {
			return "", err
		}
		names[m[1]] = p.Name
	}
	text = mentions.ReplaceAllStringFunc(text, func(m string) string {
		if name := names[mentions.FindStringSubmatch(m)[1]]; name != "" {
			return "@" + name
		}
		return m
	})
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, command.Spoken(line))
	}
	return strings.TrimSpace(strings.Join(lines, "\n")), nil
}
