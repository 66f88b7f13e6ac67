package desk

import (
	"context"
	"errors"

	"github.com/slack-go/slack"

	"okrbot/okr"
	"okrbot/store"
)

// PersonToday is somebody whose rights are about to decide: Slack was asked about them within five
// minutes, or is asked now. Where Slack does not say, what is known goes on, without the rights of an
// administrator.
func (d *Desk) PersonToday(ctx context.Context, workspace, id string) (store.Person, error) {
	known, err := d.Store.Person(ctx, workspace, id)
	if err == nil && known.Fresh {
		return d.WithCurrentRights(known), nil
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return known, err
	}
	isKnown := err == nil
	today, err := d.lookUp(ctx, LookUpWithin, workspace, id)
	switch code := CodeOf(err); {
	case err == nil:
		return d.WithCurrentRights(today), nil
	case !isKnown || code == "":
		return today, err
	case code == "user_not_found":
		known.Kind = okr.Deactivated
	default:
		d.Log.Warn("Slack does not say who somebody is now", "person", id, "code", code)
	}
	return d.WithCurrentRights(known), nil
}

// WithCurrentRights is somebody with the rights that they may use: those of an administrator are not taken
// from what Slack said more than five minutes ago.
func (d *Desk) WithCurrentRights(p store.Person) store.Person {
	p = d.withRights(p)
	if p.Kind == okr.Admin && !p.Current {
		p.Kind = okr.Member
	}
	return p
}

// personChanged notes what Slack tells of somebody's change. Events may come late and out of order, so
// Slack is asked before anything that the person does counts.
func (d *Desk) personChanged(ctx context.Context, workspace string, u *slack.User) error {
	w, err := d.installation(ctx, workspace)
	if err != nil {
		return err
	}
	return d.Store.PersonChanged(ctx, store.Person{
		Actor: okr.Actor{Workspace: workspace, ID: u.ID, Kind: kindOf(u, w)}, Name: nameOf(u), Zone: zoneOf(u),
	})
}
