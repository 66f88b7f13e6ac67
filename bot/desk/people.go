package desk

import (
	"context"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"okrbot/okr"
	"okrbot/store"
)

// LookUpWithin bounds a question to Slack that can stand before an answer: who somebody is.
const LookUpWithin = time.Second

// Person is somebody who looks at something. Where Slack was not asked about them lately, it is asked
// for the next time; about somebody new it is asked at once.
func (d *Desk) Person(ctx context.Context, workspace, id string) (store.Person, error) {
	known, err := d.Store.Person(ctx, workspace, id)
	if err != nil {
		return d.PersonToday(ctx, workspace, id)
	}
	if !known.Fresh {
		d.Later(CallWithin, func(ctx context.Context) {
			if _, err := d.lookUp(ctx, CallWithin, workspace, id); err != nil {
				d.Log.Warn("looking somebody up", "person", id, "error", err)
			}
		})
	}
	return d.withRights(known), nil
}

// withRights adds what the operator decided, which Slack does not know.
func (d *Desk) withRights(p store.Person) store.Person {
	if p.Kind == okr.Member && slices.Contains(d.Settings.Admins, p.ID) {
		p.Kind = okr.Admin
	}
	if p.Zone == "" {
		p.Zone = d.Settings.DefaultZone
	}
	return p
}

// lookUp asks Slack, for so long, who somebody is, and keeps what it says, for which that time need not last.
func (d *Desk) lookUp(ctx context.Context, within time.Duration, workspace, id string) (store.Person, error) {
	known, err := d.Store.Person(ctx, workspace, id)
	if err != nil && !IsNotFound(err) {
		return store.Person{}, err
	}
	asking, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	u, err := d.Slack.person(asking, id)
	if err != nil {
		return store.Person{}, err
	}
	w, err := d.installation(ctx, workspace)
	if err != nil {
		return store.Person{}, err
	}
	p := store.Person{Actor: okr.Actor{Workspace: workspace, ID: id, Kind: kindOf(u, w)}, Name: nameOf(u), Zone: zoneOf(u), Fresh: true, Current: true, Changes: known.Changes}
	if kept, err := d.Store.SaveLookedUp(ctx, p); err != nil || kept {
		return p, err
	}
	return d.Store.Person(ctx, workspace, id) // Slack told of a change while it was asked
}

// installation is the workspace as Slack says that our token is of it, or as it last said so.
func (d *Desk) installation(ctx context.Context, workspace string) (store.Workspace, error) {
	if w := d.ourselves.Load(); w != nil && w.ID == workspace {
		return *w, nil
	}
	return d.Store.Workspace(ctx, workspace)
}

// kindOf is what somebody is in a workspace, as far as rights go. Who is several things is the least of
// them.
func kindOf(u *slack.User, w store.Workspace) okr.ActorKind {
	switch {
	case u.Deleted:
		return okr.Deactivated
	case u.IsBot || u.IsWorkflowBot || u.IsConnectorBot || u.ID == "USLACKBOT":
		return okr.Bot
	case !belongs(u, w):
		return okr.Foreign
	case u.IsRestricted || u.IsUltraRestricted:
		return okr.Guest
	case u.IsAdmin || u.IsOwner || u.IsPrimaryOwner:
		return okr.Admin
	}
	return okr.Member
}

// belongs says whether somebody is of a workspace, or of the Enterprise Grid that it is of. In a shared
// channel Slack tells about people of other organisations as well, who have a Grid too, perhaps.
func belongs(u *slack.User, w store.Workspace) bool {
	grid := u.Enterprise.EnterpriseID
	switch {
	case u.IsStranger:
		return false
	case grid != "" && w.Enterprise != "":
		return grid == w.Enterprise
	}
	return u.TeamID != "" && (u.TeamID == w.ID || u.TeamID == w.Enterprise)
}

func nameOf(u *slack.User) string {
	for _, name := range []string{u.Profile.DisplayName, u.RealName, u.Profile.RealName, u.Name} {
		if name != "" {
			return name
		}
	}
	return u.ID
}

// zoneOf is the person's zone when it is one that this process knows.
func zoneOf(u *slack.User) string {
	if _, err := time.LoadLocation(u.TZ); err != nil {
		return ""
	}
	return u.TZ
}

// Gone says whether somebody is no longer in the workspace. Slack is asked each time: it takes messages
// to those who left, so that a message's arrival says nothing.
func (d *Desk) Gone(ctx context.Context, workspace, person string) bool {
	p, err := d.lookUp(ctx, CallWithin, workspace, person)
	switch code := CodeOf(err); {
	case err == nil:
	case code == "user_not_found" || code == "users_not_found":
		return true
	default:
		if p, err = d.Store.Person(ctx, workspace, person); err != nil {
			return false
		}
	}
	return p.Kind == okr.Deactivated
}

// administratorsAtMost is how many hear what nobody else is there to hear.
const administratorsAtMost = 5

// Administrators are the operator's, then those whom okrbot knows, else those whom Slack lists.
func (d *Desk) Administrators(ctx context.Context, workspace string) []string {
	known, err := d.Store.Administrators(ctx, workspace, 4*administratorsAtMost)
	if err != nil {
		d.Log.Warn("looking for administrators", "error", err)
	}
	var list []string
	for _, id := range append(slices.Clone(d.Settings.Admins), known...) {
		if len(list) < administratorsAtMost && !slices.Contains(list, id) && d.administers(ctx, workspace, id) {
			list = append(list, id)
		}
	}
	if len(list) > 0 {
		return list
	}
	w, err := d.installation(ctx, workspace)
	if err != nil {
		d.Log.Warn("looking for administrators", "error", err)
		return nil
	}
	err = d.Slack.people(ctx, func(page []slack.User) bool {
		for _, u := range page {
			if kindOf(&u, w) == okr.Admin && len(list) < administratorsAtMost {
				list = append(list, u.ID)
			}
		}
		return len(list) > 0
	})
	if err != nil {
		d.Log.Warn("asking Slack for administrators", "code", CodeOf(err))
	}
	return list
}

// administers says whether somebody is there and still an administrator.
func (d *Desk) administers(ctx context.Context, workspace, person string) bool {
	p, err := d.lookUp(ctx, CallWithin, workspace, person)
	return err == nil && d.withRights(p).Kind == okr.Admin
}
