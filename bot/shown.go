package bot

import (
	"context"
	"slices"
	"strings"
	"time"

	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// shows makes what is stored ready to be shown.
type shows struct {
	*desk.Desk
	connectors integrations.Registry
	systems    view.Systems // what people call all that this process reads from
}

// besides loads what stands beside the key results of a list: all of their objectives.
func (s shows) besides(ctx context.Context, r store.Statements, workspace string, some []view.KeyResult, most int) (view.Listing, error) {
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
	return view.ListingOf(some, s.all(beside, some[0].Now), most), nil
}

// keyResults loads key results ready to be shown.
func (s shows) keyResults(ctx context.Context, workspace string, f store.Filter) ([]view.KeyResult, error) {
	list, err := s.Store.KeyResults(ctx, workspace, f)
	if err != nil {
		return nil, err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return nil, err
	}
	return s.all(list, now), nil
}

// called are those of a filter that are called as somebody types, for a type-ahead: the one whose number
// that is comes first, before those whose number begins so.
func (s shows) called(ctx context.Context, workspace, typed string, f store.Filter) ([]view.KeyResult, error) {
	f.Called, f.Most = strings.TrimSpace(typed), view.MostOptions
	list, err := s.keyResults(ctx, workspace, f)
	number, ok := okr.ParseKey(typed)
	if err != nil || !ok {
		return list, err
	}
	f.Called, f.Number = "", number
	exact, err := s.keyResults(ctx, workspace, f)
	if err != nil {
		return nil, err
	}
	return append(exact, slices.DeleteFunc(list, func(k view.KeyResult) bool { return k.Number == number })...), nil
}

func (s shows) all(list []store.KeyResult, now time.Time) []view.KeyResult {
	out := make([]view.KeyResult, len(list))
	for i, k := range list {
		out[i] = shown(s.connectors, k, now)
	}
	return out
}

// one is a stored key result at the moment it is shown.
func (s shows) one(k store.KeyResult, now time.Time) view.KeyResult {
	return shown(s.connectors, k, now)
}

func shown(connectors integrations.Registry, k store.KeyResult, now time.Time) view.KeyResult {
	v := view.KeyResult{KeyResult: k.KeyResult, Objective: k.Objective, Now: now, Today: okr.DayIn(k.Objective.Zone, now)}
	if k.Source.Connection != 0 {
		v.Source = view.Source{Scorecard: view.ShownName(k.Source.Name, k.Source.Reference), Connection: k.Source.ConnectionName, Waiting: k.Source.Waiting, System: connectors.Name(k.Source.ConnectionKind)}
	}
	return v
}
