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
	type telling struct{ person, says string }
	var list []telling
	if k.Owner != before.Owner {
		list = append(list, telling{k.Owner, view.BecameKeyResultOwner(k.KeyResult, k.Objective, by.ID)})
	}
	for _, person := range k.CoOwners {
		if !slices.Contains(before.CoOwners, person) {
			list = append(list, telling{person, view.BecameKeyResultCoOwner(k.KeyResult, k.Objective, by.ID)})
		}
	}
	for _, person := range append([]string{before.Owner}, before.CoOwners...) {
		if person != k.Owner && !slices.Contains(k.CoOwners, person) {
			list = append(list, telling{person, view.KeyResultHandedOver(k.KeyResult, k.Objective, by.ID)})
		}
	}
	told := map[string]bool{"": true, by.ID: true}
	for _, t := range list {
		if told[t.person] {
			continue
		}
		told[t.person] = true
		if err := f.jobs.Tell(ctx, tx, k.Workspace, t.person, t.says); err != nil {
			return err
		}
	}
	return nil
}
