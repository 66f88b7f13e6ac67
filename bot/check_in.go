package bot

import (
	"context"
	"strings"

	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// checkInCommand is "/okr check-in KR-1".
func (b *Bot) checkInCommand(ctx context.Context, g Gesture) (Reply, error) {
	k, reply, err := b.named(ctx, g, g.Text, "check-in")
	if err != nil || reply != nil {
		return deref(reply), err
	}
	return b.checkInForm(ctx, g, k)
}

// checkInPressed is the button Check in.
func (b *Bot) checkInPressed(ctx context.Context, g Gesture) (Reply, error) {
	k, reply, err := b.pressed(ctx, g, g.Action.Value)
	if err != nil || reply != nil {
		return deref(reply), err
	}
	return b.checkInForm(ctx, g, k)
}

func (b *Bot) checkInForm(ctx context.Context, g Gesture, k store.KeyResult) (Reply, error) {
	if !k.MayCheckIn(g.Actor) {
		return Ask(k.Owner, "check in on"), nil
	}
	if k.Closed {
		return isClosed(k), nil
	}
	draft, err := b.store.CreateDraft(ctx, g.Actor, view.CallbackCheckIn, "fill", oneKeyResult{ID: k.ID})
	if err != nil {
		return Reply{}, err
	}
	now, err := b.store.Now(ctx)
	if err != nil {
		return Reply{}, err
	}
	modal := view.CheckInForm(b.shown(k, now), draft.ID)
	return Reply{Open: &modal}, nil
}

// checkedIn is the submit of the check-in form.
func (b *Bot) checkedIn(ctx context.Context, g Gesture) (Reply, error) {
	draft, err := b.store.Draft(ctx, g.Actor, g.View.Draft)
	var form oneKeyResult
	if err == nil {
		err = draft.State(&form)
	}
	if isNotFound(err) {
		return expired("/okr check-in KR-n"), nil
	}
	if err != nil {
		return Reply{}, err
	}
	var k store.KeyResult
	var problems okr.Problems
	refused, early := false, ""
	err = b.store.InTx(ctx, func(tx *store.Tx) error {
		if k, err = tx.LockKeyResult(ctx, g.Actor.Workspace, form.ID); err != nil {
			return err
		}
		if refused = !k.MayCheckIn(g.Actor); refused {
			return nil
		}
		var entry view.CheckInEntry
		day := today(tx.Now, k.Objective.Zone)
		if entry, problems = view.ParseCheckIn(g.View.State, day); len(problems) > 0 {
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
		}, draft.ID)
		if err != nil || !fresh {
			return err
		}
		if err := tx.AnnounceChange(ctx, before, k); err != nil {
			return err
		}
		return tx.DeleteDraft(ctx, g.Actor, draft.ID)
	})
	switch {
	case isNotFound(err):
		r := Say("This key result was removed. Nothing was saved.")
		r.Clear = true
		return r, nil
	case err != nil:
		return Reply{}, err
	case refused:
		r := Ask(k.Owner, "check in on")
		r.Clear = true
		return r, nil
	case len(problems) > 0:
		return Reply{Problems: atFields(problems, g)}, nil
	}
	now, err := b.store.Now(ctx)
	if err != nil {
		return Reply{}, err
	}
	shown := b.shown(k, now)
	lines := []string{strings.TrimSpace("Saved. " + early), shown.Headline(), shown.Shown()}
	r := Say(strings.Join(lines, "\n"))
	r.Clear, r.Home = true, true
	return r, nil
}
