package wizard

import (
	"context"
	"slices"

	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// tellOwners leaves what people who became owners of a key result, or are not any more, are to hear. Who did
// it knows.
func (f *Flow) tellOwners(ctx context.Context, tx *store.Tx, by okr.Actor, before, k store.KeyResult) error {
	var news []store.Telling
	if k.Owner != before.Owner {
		news = append(news, store.Telling{Person: k.Owner, Says: view.BecameKeyResultOwner(k.KeyResult, k.Objective, by.ID)})
	}
	for _, person := range k.CoOwners {
		if !slices.Contains(before.CoOwners, person) {
			news = append(news, store.Telling{Person: person, Says: view.BecameKeyResultCoOwner(k.KeyResult, k.Objective, by.ID)})
		}
	}
	for _, person := range append([]string{before.Owner}, before.CoOwners...) {
		if person != k.Owner && !slices.Contains(k.CoOwners, person) {
			news = append(news, store.Telling{Person: person, Says: view.KeyResultHandedOver(k.KeyResult, k.Objective, by.ID)})
		}
	}
	return f.jobs.TellOthers(ctx, tx, by, news)
}
