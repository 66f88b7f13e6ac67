package bot

import (
	"context"
	"time"

	"github.com/slack-go/slack"

	"okrbot/bot/connect"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// home is the Home tab.
type home struct{ shows }

// tab is a person's Home tab as it is now.
func (h home) tab(ctx context.Context, g desk.Gesture) (slack.HomeTabViewRequest, error) {
	mine, err := h.shows.listing(ctx, g.Actor.Workspace, store.Filter{Person: g.Actor.ID}, view.HomeListed)
	if err != nil {
		return slack.HomeTabViewRequest{}, err
	}
	now, err := h.Store.Now(ctx)
	if err != nil {
		return slack.HomeTabViewRequest{}, err
	}
	own, err := h.Store.Objectives(ctx, g.Actor.Workspace, g.Actor.ID, "", okr.DayIn(g.Zone, now), 20)
	if err != nil {
		return slack.HomeTabViewRequest{}, err
	}
	has := mine.Beside
	if mine.Total > len(mine.Shown) { // those that are not shown have objectives too
		ids := []int64{}
		for _, o := range own {
			ids = append(ids, o.ID)
		}
		theirs, err := h.shows.keyResults(ctx, g.Actor.Workspace, store.Filter{Objectives: ids})
		if err != nil {
			return slack.HomeTabViewRequest{}, err
		}
		has = view.ListingOf(nil, theirs, 0).Beside
	}
	empty := withoutKeyResults(own, has)
	var ended []int64
	for _, o := range empty {
		if okr.DayIn(o.Zone, now) > o.Period.Last {
			ended = append(ended, o.ID)
		}
	}
	needs, err := h.inNeed(ctx, g.Actor, now)
	if err != nil {
		return slack.HomeTabViewRequest{}, err
	}
	return view.Home(g.Name, h.systems, needs, mine, empty, ended, okr.May(g.Actor, okr.AddKeyResult, okr.None)), nil
}

// looked is how many connections that need somebody are looked through for an administrator's Home.
const looked = 20

// inNeed are the connections whose sign-in needs the person: their own, and for an administrator those
// whose maker has left Slack.
func (h home) inNeed(ctx context.Context, actor okr.Actor, now time.Time) ([]view.InNeed, error) {
	list, err := h.Store.ConnectionsInNeed(ctx, actor, looked)
	if err != nil {
		return nil, err
	}
	var needs []view.InNeed
	left := map[string]bool{}
	for _, c := range list {
		if !c.MayManage(actor) {
			continue
		}
		mine := c.Owner == actor.ID
		if _, asked := left[c.Owner]; !mine && !asked {
			p, err := h.Store.Person(ctx, c.Workspace, c.Owner)
			if left[c.Owner] = p.Kind == okr.Deactivated; err != nil || !p.Fresh {
				left[c.Owner] = h.Gone(ctx, c.Workspace, c.Owner)
			}
		}
		if mine || left[c.Owner] {
			needs = append(needs, view.InNeed{
				Connection: connect.Shown(h.connectors, c, actor, now), Says: connect.Needs(h.connectors, c, c.State == store.Active), MakerGone: !mine,
			})
		}
	}
	return needs, nil
}

// withoutKeyResults are those of the objectives that nothing is measured by, and which are not
// closed out.
func withoutKeyResults(objectives []okr.Objective, has map[int64][]view.KeyResult) []okr.Objective {
	var empty []okr.Objective
	for _, o := range objectives {
		if len(has[o.ID]) == 0 && !o.Closed {
			empty = append(empty, o)
		}
	}
	return empty
}
