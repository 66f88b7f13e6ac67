package bot

import (
	"context"
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"okrbot/bot/view"
	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// bare answers "/okr" alone: my objectives.
func (b *Bot) bare(ctx context.Context, g Gesture) (Reply, error) {
	all, err := b.shownKeyResults(ctx, g.Actor.Workspace, store.Filter{Person: g.Actor.ID})
	if err != nil {
		return Reply{}, err
	}
	if len(all) == 0 {
		return Say("You have no key results yet. Begin with `/okr add-kr`, or see what okrbot can do with `/okr help`."), nil
	}
	m := view.List("My objectives", all)
	return Reply{Say: &m}, nil
}

// home shows a person their Home tab.
func (b *Bot) home(ctx context.Context, g Gesture) (slack.HomeTabViewRequest, error) {
	mine, err := b.shownKeyResults(ctx, g.Actor.Workspace, store.Filter{Person: g.Actor.ID})
	if err != nil {
		return slack.HomeTabViewRequest{}, err
	}
	now, err := b.store.Now(ctx)
	if err != nil {
		return slack.HomeTabViewRequest{}, err
	}
	own, err := b.store.Objectives(ctx, g.Actor.Workspace, g.Actor.ID, "", today(now, g.Zone), 20)
	if err != nil {
		return slack.HomeTabViewRequest{}, err
	}
	return view.Home(g.Name, mine, withoutKeyResults(own, mine), okr.May(g.Actor, okr.AddKeyResult, okr.None)), nil
}

func withoutKeyResults(objectives []okr.Objective, keyResults []view.KeyResult) []okr.Objective {
	has := map[int64]bool{}
	for _, k := range keyResults {
		has[k.Objective.ID] = true
	}
	var empty []okr.Objective
	for _, o := range objectives {
		if !has[o.ID] {
			empty = append(empty, o)
		}
	}
	return empty
}

// shownKeyResults loads key results ready to be shown.
func (b *Bot) shownKeyResults(ctx context.Context, workspace string, f store.Filter) ([]view.KeyResult, error) {
	list, err := b.store.KeyResults(ctx, workspace, f)
	if err != nil {
		return nil, err
	}
	now, err := b.store.Now(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]view.KeyResult, len(list))
	for i, k := range list {
		out[i] = b.shown(k, now)
	}
	return out, nil
}

// shown is a stored key result at the moment it is shown.
func (b *Bot) shown(k store.KeyResult, now time.Time) view.KeyResult {
	return shown(b.connectors, k, now)
}

func shown(connectors integrations.Registry, k store.KeyResult, now time.Time) view.KeyResult {
	v := view.KeyResult{KeyResult: k.KeyResult, Objective: k.Objective, Now: now, Today: today(now, k.Objective.Zone)}
	if k.Source.Connection != 0 {
		v.Source = view.Source{Scorecard: k.Source.Name, Connection: k.Source.ConnectionName, Waiting: k.Source.Waiting, System: k.Source.ConnectionKind}
		if c, err := connectors.ByKind(k.Source.ConnectionKind); err == nil {
			v.Source.System = c.Name()
		}
	}
	return v
}

// noSuchKeyResult is said of numbers that are nobody's and of those of other workspaces alike.
func noSuchKeyResult(key string) Reply {
	return Say(fmt.Sprintf("There is no %s here. `/okr list` shows what there is.", view.Escape(view.Cut(key, 20))))
}
