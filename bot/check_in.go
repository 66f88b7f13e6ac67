package bot

import (
	"context"
	"strings"

	"github.com/shopspring/decimal"

	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

var checkInForm = desk.Form[oneKeyResult]{Kind: view.CallbackCheckIn, Again: "/okr check-in KR-n"}

// checkInPressed is the button Check in.
func (b *Bot) checkInPressed(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	k, err := b.Pressed(ctx, g, g.Action.Value)
	if err != nil {
		return desk.Reply{}, err
	}
	return b.checkInForm(ctx, g, k, view.CheckInTyped{})
}

func (b *Bot) checkInForm(ctx context.Context, g desk.Gesture, k store.KeyResult, typed view.CheckInTyped) (desk.Reply, error) {
	if !k.MayCheckIn(g.Actor) {
		return desk.Ask(k.Owner, "check in on"), nil
	}
	if k.Closed {
		return desk.IsClosed(k), nil
	}
	draft, err := checkInForm.Begin(ctx, b.Store.Reads, g.Actor, "fill", oneKeyResult{ID: k.ID})
	if err != nil {
		return desk.Reply{}, err
	}
	now, err := b.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	modal := view.CheckInForm(b.shown(k, now), typed, draft.ID)
	return desk.Reply{Open: &modal}, nil
}

// checkedIn is the submit of the check-in form.
func (b *Bot) checkedIn(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, form, err := checkInForm.Shown(ctx, b.Store.Reads, g)
	if err != nil {
		return desk.Reply{}, err
	}
	saved, err := b.saveCheckIn(ctx, g, form.ID, draft.ID, func(_ store.KeyResult, day okr.Day) (view.CheckInEntry, okr.Problems) {
		return view.ParseCheckIn(g.View.State, day)
	})
	if err != nil {
		return desk.Reply{}, err
	}
	if len(saved.Problems) > 0 {
		saved.Problems = desk.AtFields(saved.Problems, g)
		return saved, nil
	}
	saved.Clear = true
	return saved, nil
}

// recordTyped saves a value that a command named, as of today.
func (b *Bot) recordTyped(ctx context.Context, g desk.Gesture, k store.KeyResult, typed view.CheckInTyped) (desk.Reply, error) {
	value, err := okr.ParseNumber(typed.Value)
	if err != nil {
		return desk.Reply{}, err
	}
	saved, err := b.saveCheckIn(ctx, g, k.ID, "", func(k store.KeyResult, day okr.Day) (view.CheckInEntry, okr.Problems) {
		return view.CheckInEntry{Value: decimal.NewNullDecimal(value), Day: min(day, k.Objective.Period.Last), Note: view.Cut(typed.Note, view.LongestNote)}, nil
	})
	for _, sentence := range saved.Problems {
		return desk.Say(sentence + " Nothing was saved."), err
	}
	return saved, err
}

// saveCheckIn records what somebody says about a key result, if they may: whatever was entered is
// read once the key result is locked. The same draft submitted twice is one check-in.
func (b *Bot) saveCheckIn(ctx context.Context, g desk.Gesture, id int64, draft string, read func(k store.KeyResult, today okr.Day) (view.CheckInEntry, okr.Problems)) (desk.Reply, error) {
	var k store.KeyResult
	var problems okr.Problems
	refused, early := false, ""
	err := b.Store.InTx(ctx, func(tx *store.Tx) error {
		var err error
		if k, err = tx.LockKeyResult(ctx, g.Actor.Workspace, id); err != nil {
			return err
		}
		if refused = !k.MayCheckIn(g.Actor); refused {
			return nil
		}
		var entry view.CheckInEntry
		day := okr.DayIn(k.Objective.Zone, tx.Now)
		if entry, problems = read(k, day); len(problems) > 0 {
			return nil
		}
		if entry.Value.Valid && !k.Integrated {
			problems = okr.Problems{}
			if problems.Add("day", k.Objective.Period.CheckValueDay(entry.Day)); problems.Any() {
				return nil
			}
			early = k.Objective.Period.ValueWords(entry.Day)
		}
		if k.Integrated && entry.Value.Valid {
			instead := okr.Override{Value: entry.Value, Day: entry.Day, Until: entry.Until, Reason: entry.Reason}
			if problems = k.CheckOverride(instead, k.Objective.Period, day); len(problems) > 0 {
				return nil
			}
		}
		before := k
		var fresh bool
		k, fresh, err = tx.CheckIn(ctx, g.Actor, k, store.CheckIn{
			Person: g.Actor.ID, Day: entry.Day, Value: entry.Value, Confidence: entry.Confidence, Note: entry.Note,
			Until: entry.Until, Reason: entry.Reason,
		}, draft)
		if err != nil || !fresh {
			return err
		}
		if err := tx.AnnounceChange(ctx, before, k); err != nil {
			return err
		}
		if draft == "" {
			return nil
		}
		return tx.DeleteDraft(ctx, g.Actor, draft)
	})
	switch {
	case desk.IsNotFound(err):
		return desk.Say("This key result was removed. Nothing was saved."), nil
	case err != nil:
		return desk.Reply{}, err
	case refused:
		return desk.Ask(k.Owner, "check in on"), nil
	case len(problems) > 0:
		return desk.Reply{Problems: problems}, nil
	}
	now, err := b.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	shown := b.shown(k, now)
	lines := []string{strings.TrimSpace("Saved. " + early), shown.Headline(), shown.Shown()}
	r := desk.Say(strings.Join(lines, "\n"))
	r.Home = true
	return r, nil
}
