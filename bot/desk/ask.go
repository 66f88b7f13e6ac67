package desk

import (
	"context"

	"okrbot/okr"
	"okrbot/store"
)

// People tell about somebody. Outside of transactions Slack is asked about whom it was not asked about lately.
type People interface {
	Person(ctx context.Context, workspace, id string) (store.Person, error)
}

// Whom mentions whom somebody can ask to do what they may not do themselves: the first of some who may, as far
// as is known of them, and is another one; else an administrator.
func Whom(ctx context.Context, people People, asker okr.Actor, of []string, may func(okr.Actor) bool) string {
	for _, id := range of {
		if id == "" || id == asker.ID {
			continue
		}
		if p, err := people.Person(ctx, asker.Workspace, id); err != nil || may(p.Actor) {
			return "<@" + id + ">"
		}
	}
	return "an administrator"
}

// WhomOf is whom somebody can ask to do something to a key result.
func WhomOf(ctx context.Context, people People, asker okr.Actor, k okr.KeyResult, action okr.Action) string {
	return Whom(ctx, people, asker, k.Responsible(), func(a okr.Actor) bool { return k.May(a, action) })
}

// AskOwner tells somebody who may not do this to a key result whom to ask.
func AskOwner(ctx context.Context, people People, asker okr.Actor, k okr.KeyResult, action okr.Action, verb string) Reply {
	return Say("You may not " + verb + " " + k.Key() + ". Ask " + WhomOf(ctx, people, asker, k, action) + ".")
}

// today tells who somebody is now.
type today struct{ *Desk }

func (t today) Person(ctx context.Context, workspace, id string) (store.Person, error) {
	return t.PersonToday(ctx, workspace, id)
}

// AskOwner is the same where no transaction is under way.
func (d *Desk) AskOwner(ctx context.Context, g Gesture, k okr.KeyResult, action okr.Action, verb string) Reply {
	ctx, cancel := context.WithTimeout(ctx, LookUpWithin)
	defer cancel()
	return AskOwner(ctx, today{d}, g.Actor, k, action, verb)
}

// AskLeader tells somebody who may not do this to an objective whom to ask.
func AskLeader(ctx context.Context, people People, asker okr.Actor, o okr.Objective, action okr.Action, verb string) Reply {
	whom := Whom(ctx, people, asker, o.Responsible(), func(a okr.Actor) bool { return o.May(a, action) })
	return Say("You may not " + verb + " " + o.Key() + ". Ask " + whom + ".")
}

// AskLeader is the same where no transaction is under way.
func (d *Desk) AskLeader(ctx context.Context, g Gesture, o okr.Objective, action okr.Action, verb string) Reply {
	ctx, cancel := context.WithTimeout(ctx, LookUpWithin)
	defer cancel()
	return AskLeader(ctx, today{d}, g.Actor, o, action, verb)
}
