package bot

import (
	"context"

	"okrbot/bot/view"
	"okrbot/jobs"
	"okrbot/okr"
	"okrbot/sheet"
	"okrbot/store"
)

// TellImported has people hear, in one message each, what an import made theirs and what it took from them.
func TellImported(j *jobs.Client) func(ctx context.Context, tx *store.Tx, workspace string, list []sheet.Heard) error {
	return func(ctx context.Context, tx *store.Tx, workspace string, list []sheet.Heard) error {
		news := make([]store.Telling, len(list))
		for i, h := range list {
			news[i] = store.Telling{Person: h.Person, Says: view.Imported(handed(h.Got), handed(h.Lost))}
		}
		return j.TellOthers(ctx, tx, okr.Actor{Workspace: workspace, ID: sheet.Actor, Kind: okr.Admin}, news)
	}
}

func handed(t sheet.Things) view.Handed {
	h := view.Handed{Count: t.Count}
	for _, one := range t.First {
		if one.KeyResult == nil {
			h.First = append(h.First, view.ObjectiveNamed(one.Objective))
		} else {
			h.First = append(h.First, view.KeyResultNamed(*one.KeyResult, one.Objective))
		}
	}
	return h
}
