package desk

import (
	"context"
	"slices"

	"okrbot/okr"
)

// OwnersProblems are what is wrong with who is to own something, by the names of the fields: people of
// other organisations, guests, apps and those who left can change nothing here, and it would have nobody. Those in was
// owned it before, and may stay. Whom Slack does not tell about in time is let through: owning gives nobody
// more rights.
func (d *Desk) OwnersProblems(ctx context.Context, actor okr.Actor, owner string, coOwners []string, was ...string) okr.Problems {
	ctx, cancel := context.WithTimeout(ctx, LookUpWithin)
	defer cancel()
	problems := okr.Problems{}
	look := func(field, id string) {
		if id == "" || id == actor.ID || slices.Contains(was, id) {
			return
		}
		p, err := d.Person(ctx, actor.Workspace, id)
		if err != nil {
			return
		}
		switch p.Kind {
		case okr.Foreign:
			problems.Add(field, p.Name+" is of another organisation, and can do nothing here. Choose a member of this workspace.")
		case okr.Guest:
			problems.Add(field, p.Name+" is a guest, and can change nothing here. Choose a member of this workspace.")
		case okr.Bot:
			problems.Add(field, p.Name+" is an app, and cannot look after it. Choose a person.")
		case okr.Deactivated:
			problems.Add(field, p.Name+" has left this workspace. Choose somebody who is here.")
		}
	}
	look("owner", owner)
	for _, id := range coOwners {
		look("co_owners", id)
	}
	return problems
}
