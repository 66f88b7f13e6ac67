package bot

import (
	"context"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// bare is "/okr" alone: my objectives.
func (b *Bot) bare(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	mine, err := b.listing(ctx, g.Actor.Workspace, store.Filter{Person: g.Actor.ID}, view.Listed)
	if err != nil {
		return desk.Reply{}, err
	}
	if mine.Total == 0 && !okr.May(g.Actor, okr.AddKeyResult) {
		return desk.Say("You have no key results. Members of this workspace add them; `/okr list` shows those that there are, and `/okr help` what okrbot can do."), nil
	}
	if mine.Total == 0 {
		return desk.Say("You have no key results yet. Begin with `/okr add-kr`, or see what okrbot can do with `/okr help`."), nil
	}
	m := view.List("My objectives", mine)
	return desk.Reply{Say: &m}, nil
}

// homeTab is a person's Home tab as it is now.
func (b *Bot) homeTab(ctx context.Context, g desk.Gesture) (slack.HomeTabViewRequest, error) {
	mine, err := b.listing(ctx, g.Actor.Workspace, store.Filter{Person: g.Actor.ID}, view.HomeListed)
	if err != nil {
		return slack.HomeTabViewRequest{}, err
	}
	now, err := b.Store.Now(ctx)
	if err != nil {
		return slack.HomeTabViewRequest{}, err
	}
	own, err := b.Store.Objectives(ctx, g.Actor.Workspace, g.Actor.ID, "", okr.DayIn(g.Zone, now), 20)
	if err != nil {
		return slack.HomeTabViewRequest{}, err
	}
	has := mine.Beside
	if mine.Total > len(mine.Shown) { // those that are not shown have objectives too
		ids := []int64{}
		for _, o := range own {
			ids = append(ids, o.ID)
		}
		theirs, err := b.shownKeyResults(ctx, g.Actor.Workspace, store.Filter{Objectives: ids})
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
	needs, err := b.inNeed(ctx, g.Actor, now)
	if err != nil {
		return slack.HomeTabViewRequest{}, err
	}
	return view.Home(g.Name, b.systemNames(), needs, mine, empty, ended, okr.May(g.Actor, okr.AddKeyResult, okr.None)), nil
}

// looked is how many connections that need somebody are looked through for an administrator's Home.
const looked = 20

// inNeed are the connections whose sign-in needs the person: their own, and for an administrator those
// whose maker has left Slack.
func (b *Bot) inNeed(ctx context.Context, actor okr.Actor, now time.Time) ([]view.InNeed, error) {
	list, err := b.Store.ConnectionsInNeed(ctx, actor, looked)
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
			p, err := b.Store.Person(ctx, c.Workspace, c.Owner)
			if left[c.Owner] = p.Kind == okr.Deactivated; err != nil || !p.Fresh {
				left[c.Owner] = b.Gone(ctx, c.Workspace, c.Owner)
			}
		}
		if mine || left[c.Owner] {
			needs = append(needs, view.InNeed{
				Connection: shownConnection(b.connectors, c, actor, now), Says: b.needs(c, c.State == store.Active), MakerGone: !mine,
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

// listing loads the first part of a list, and no more of a large workspace than is shown.
func (b *Bot) listing(ctx context.Context, workspace string, f store.Filter, most int) (view.Listing, error) {
	f.Most = most
	some, err := b.shownKeyResults(ctx, workspace, f)
	if err != nil || len(some) == 0 {
		return view.Listing{}, err
	}
	l, err := b.besides(ctx, b.Store.Reads, workspace, some, most)
	if err == nil && len(some) == most {
		f.Most = view.CountedMost
		l.Total, err = b.Store.CountKeyResults(ctx, workspace, f)
	}
	return l, err
}

// besides loads what stands beside the key results of a list: all of their objectives.
func (b *Bot) besides(ctx context.Context, r store.Reads, workspace string, some []view.KeyResult, most int) (view.Listing, error) {
	if len(some) == 0 {
		return view.Listing{}, nil
	}
	var objectives []int64
	for _, k := range some {
		if !slices.Contains(objectives, k.Objective.ID) {
			objectives = append(objectives, k.Objective.ID)
		}
	}
	beside, err := r.KeyResults(ctx, workspace, store.Filter{Objectives: objectives})
	if err != nil {
		return view.Listing{}, err
	}
	return view.ListingOf(some, b.asShown(beside, some[0].Now), most), nil
}

// shownKeyResults loads key results ready to be shown.
func (b *Bot) shownKeyResults(ctx context.Context, workspace string, f store.Filter) ([]view.KeyResult, error) {
	list, err := b.Store.KeyResults(ctx, workspace, f)
	if err != nil {
		return nil, err
	}
	now, err := b.Store.Now(ctx)
	if err != nil {
		return nil, err
	}
	return b.asShown(list, now), nil
}

func (b *Bot) asShown(list []store.KeyResult, now time.Time) []view.KeyResult {
	out := make([]view.KeyResult, len(list))
	for i, k := range list {
		out[i] = shown(b.connectors, k, now)
	}
	return out
}

// shown is a stored key result at the moment it is shown.
func (b *Bot) shown(k store.KeyResult, now time.Time) view.KeyResult {
	return shown(b.connectors, k, now)
}

func shown(connectors integrations.Registry, k store.KeyResult, now time.Time) view.KeyResult {
	v := view.KeyResult{KeyResult: k.KeyResult, Objective: k.Objective, Now: now, Today: okr.DayIn(k.Objective.Zone, now)}
	if k.Source.Connection != 0 {
		v.Source = view.Source{Scorecard: view.ShownName(k.Source.Name, k.Source.Reference), Connection: k.Source.ConnectionName, Waiting: k.Source.Waiting, System: connectors.Name(k.Source.ConnectionKind)}
	}
	return v
}
