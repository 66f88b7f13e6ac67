package bot

import (
	"context"
	"slices"
	"strings"

	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// goingOn are the key results that go on, as they begin with the targets that were entered, and the ids
// of those that they go on from. Targets that do not do are refused, at their fields where these are on
// the page that is shown.
func (c closing) goingOn(list []store.KeyResult, today okr.Day) (going []store.KeyResult, from []int64, err error) {
	problems := okr.Problems{}
	page := c.page()
	for _, k := range list {
		if !slices.Contains(c.Carry, k.ID) {
			continue
		}
		typed, entered := c.Targets[k.ID]
		if !entered && k.Target.Valid {
			typed = okr.Typed(k.Target.Decimal)
		}
		after := k
		var wrong okr.Problems
		after.KeyResult, wrong = view.ParseTarget(typed, k.KeyResult, today)
		if len(wrong) > 0 && !slices.Contains(page, k.ID) {
			return nil, nil, refuse(k.Key() + " has a new value meanwhile, which has passed its target. Nothing was saved. Start again with `/okr close-out`.")
		}
		for field, sentence := range wrong {
			problems.Add(field, sentence)
		}
		going, from = append(going, after), append(from, k.ID)
	}
	if len(problems) > 0 {
		return nil, nil, desk.Refuse(desk.Reply{Problems: problems})
	}
	return going, from, nil
}

// carryOver begins key results under an objective, all in a few statements, and gives them their
// numbers.
func (f closeOuts) carryOver(ctx context.Context, tx *store.Tx, actor okr.Actor, next okr.Objective, going []store.KeyResult) error {
	numbers, err := tx.LockNumbers(ctx, actor.Workspace)
	if err != nil {
		return err
	}
	for i := range going {
		k := &going[i]
		k.Objective, k.KeyResult.Objective, k.ObjectiveOwner = next, next.ID, next.Owner
		k.Number = numbers.KeyResult + i
	}
	if err := tx.CarryOver(ctx, actor, going); err != nil {
		return err
	}
	var read []int64
	for _, k := range going {
		if k.Integrated && !k.Paused {
			read = append(read, k.ID)
		}
	}
	if len(read) == 0 {
		return nil
	}
	return f.jobs.Import(ctx, tx, actor.Workspace, read...)
}

// closedWords says what was done, and where it goes on.
func closedWords(o, next okr.Objective, going []store.KeyResult) string {
	text := "*" + view.Escape(o.Title) + "* is closed out. "
	if o.Channel != "" {
		text += "The summary is posted in <#" + o.Channel + ">. "
	} else {
		text += "`/okr show " + o.Key() + "` shows how it ended. "
	}
	if len(going) == 0 {
		return text + "Nothing goes on; plan what comes next with `/okr add-objective`."
	}
	keys := make([]string, len(going))
	for i, k := range going {
		keys[i] = k.Key()
	}
	if last := len(keys) - 1; last >= 10 { // their numbers follow each other
		return text + "It " + view.GoesOnIn(next) + " with " + okr.CountWords(len(keys), "key result") + ", " + keys[0] + " to " + keys[last] + "."
	}
	return text + "It " + view.GoesOnIn(next) + " with " + strings.Join(keys, ", ") + "."
}
