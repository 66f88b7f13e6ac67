package wizard

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/shopspring/decimal"

	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// peoplesPrecision is how many decimals the values of people may have.
const peoplesPrecision = 9

// detailsSubmitted saves the key result: one for each wizard, whatever is pressed twice.
func (f *Flow) detailsSubmitted(ctx context.Context, w *Session) (desk.Reply, error) {
	w.readForm()
	o, err := f.Store.Objective(ctx, w.gesture.Actor.Workspace, w.Objective)
	if err != nil {
		return desk.Reply{}, err
	}
	if w.Edit == 0 {
		w.Form.Title, w.Form.Owner = w.Title, w.Owner
	}
	base := okr.KeyResult{Integrated: w.integrated(), Cadence: okr.Cadence{Zone: o.Zone}, Precision: peoplesPrecision}
	entered, first, problems := w.Form.KeyResult(base, o.Period)
	if len(problems) == 0 {
		problems = f.ownersProblems(ctx, w, entered.Owner, entered.CoOwners)
	}
	if !w.More && view.BehindMore(problems) {
		return f.problemsBehindMore(ctx, w, problems)
	}
	if len(problems) > 0 {
		return desk.Reply{Problems: desk.AtFields(problems, w.gesture)}, nil
	}
	if w.integrated() {
		first = decimal.NullDecimal{}
	}
	saved, err := f.saveKeyResult(ctx, w, store.KeyResult{KeyResult: entered, Objective: o}, first)
	if errors.Is(err, store.ErrChanged) && w.Edit == 0 {
		// The same form was submitted twice at once, and the other one won.
		if again, missing := f.load(ctx, w.gesture, w.draft.ID); missing == nil && again.SavedNumber != 0 {
			return f.alreadySaved(ctx, again)
		}
	}
	var again earlier
	if errors.As(err, &again) {
		return f.backTo(ctx, w, again)
	}
	if err != nil {
		return desk.Reply{}, err
	}
	return f.savedModal(ctx, w, saved, first)
}

// ownersProblems are what is wrong with who is to own the key result and does not by what is stored. What
// the draft says of it was not checked: a detour or Change source keeps what was entered.
func (f *Flow) ownersProblems(ctx context.Context, w *Session, owner string, coOwners []string) okr.Problems {
	var was []string
	if w.Edit != 0 {
		if before, err := f.Store.KeyResultByID(ctx, w.gesture.Actor.Workspace, w.Edit); err == nil {
			was = append(before.CoOwners, before.Owner)
		}
	}
	return f.OwnersProblems(ctx, w.gesture.Actor, owner, coOwners, was...)
}

// saveKeyResult saves all or nothing, and notes in the draft that it did.
func (f *Flow) saveKeyResult(ctx context.Context, w *Session, k store.KeyResult, first decimal.NullDecimal) (saved store.KeyResult, err error) {
	err = f.Store.InTx(ctx, func(tx *store.Tx) error {
		if w.integrated() {
			if err := f.authorizeSource(ctx, tx, w, &k); err != nil {
				return err
			}
		}
		save := f.saveNew
		if w.Edit != 0 {
			save = f.saveEdit
		}
		var err error
		if saved, w.Reads, err = save(ctx, tx, w, k, first); err != nil {
			return err
		}
		w.SavedNumber = saved.Number
		_, err = tx.SaveDraft(ctx, w.gesture.Actor, w.draft, w.draft.Step, w.state)
		return err
	})
	return saved, err
}

// savedModal says that a key result is saved, and what becomes of the first value that was entered.
func (f *Flow) savedModal(ctx context.Context, w *Session, k store.KeyResult, first decimal.NullDecimal) (desk.Reply, error) {
	now, err := f.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	others := f.OthersSeeSaved(ctx, k.Workspace, k.Channel)
	modal := view.Saved(f.shown(k, now), view.SavedHow{Fresh: w.Edit == 0, Reads: w.Reads, First: first, Others: others})
	return desk.Reply{Update: &modal, Home: true}, nil
}

// alreadySaved answers a submit that comes again.
func (f *Flow) alreadySaved(ctx context.Context, w *Session) (desk.Reply, error) {
	k, err := f.Store.KeyResult(ctx, w.gesture.Actor.Workspace, w.SavedNumber)
	if err != nil {
		return desk.Reply{}, err
	}
	return f.savedModal(ctx, w, k, decimal.NullDecimal{})
}

// authorizeSource sets what the key result will read, with the person's right to the connection asked
// at the moment of saving.
func (f *Flow) authorizeSource(ctx context.Context, tx *store.Tx, w *Session, k *store.KeyResult) error {
	actor := w.gesture.Actor
	c, missing := tx.LockConnection(ctx, actor.Workspace, w.Connection) // not disconnected or taken back meanwhile
	if missing != nil && !desk.IsNotFound(missing) {
		return missing
	}
	var before store.KeyResult
	kept := w.Edit != 0 // whoever edits may keep a source that is another's private one
	if kept {
		var err error
		if before, err = tx.KeyResultByID(ctx, actor.Workspace, w.Edit); err != nil {
			return err
		}
		kept = before.Source.Connection == w.Connection && before.Source.Reference == w.Reference
	}
	if missing != nil && kept { // it was disconnected; what is not asked for stays what it was
		k.Source, k.Precision = before.Source, before.Precision
		return nil
	}
	if missing != nil || !c.MayUse(actor) && !kept {
		w.chooseConnection(0)
		return earlier{view.StepScorecard, "This connection is not yours to use any more. Nothing was saved. Choose another one, or ask who made it to share it."}
	}
	s, err := tx.Scorecard(ctx, c, w.Reference)
	if desk.IsNotFound(err) && kept { // it is not listed, or no more; it stays what it was
		k.Source, k.Precision = before.Source, before.Precision
		return nil
	}
	if err != nil {
		return err
	}
	k.Source = store.Source{
		Connection: c.ID, ConnectionKind: c.Kind, Origin: c.Origin, Reference: w.Reference, Name: s.Name, Unit: s.Unit, Frequency: s.Frequency, Direction: s.Direction, Precision: okr.PrecisionOf(s.Precision),
	}
	k.Precision = int32(s.Precision)
	return nil
}

// saveNew saves a new key result, and says whether its scores are read now.
func (f *Flow) saveNew(ctx context.Context, tx *store.Tx, w *Session, k store.KeyResult, first decimal.NullDecimal) (saved store.KeyResult, reads bool, err error) {
	actor := w.gesture.Actor
	if err := f.lockObjective(ctx, tx, w, &k); err != nil {
		return k, false, err
	}
	saved, fresh, err := tx.CreateKeyResult(ctx, actor, k, w.draft.ID)
	if err != nil || !fresh {
		return saved, saved.Integrated, err
	}
	if err := f.tellOwners(ctx, tx, actor, store.KeyResult{}, saved); err != nil {
		return saved, false, err
	}
	if first.Valid {
		saved, _, err = tx.CheckIn(ctx, actor, saved, store.CheckIn{
			Person: actor.ID, Day: saved.Objective.Period.ValueDay(okr.DayIn(saved.Objective.Zone, tx.Now)), Value: first,
		}, "")
		if err != nil {
			return saved, false, err
		}
	}
	return f.postAndRead(ctx, tx, saved)
}

// saveEdit saves a key result that was changed, and says whether its scores are read now: where they
// come from elsewhere, or are wanted from earlier on, or could not be read.
func (f *Flow) saveEdit(ctx context.Context, tx *store.Tx, w *Session, k store.KeyResult, _ decimal.NullDecimal) (saved store.KeyResult, reads bool, err error) {
	actor := w.gesture.Actor
	before, err := tx.LockKeyResult(ctx, actor.Workspace, w.Edit)
	if err != nil {
		return k, false, err
	}
	if !before.MayEdit(actor) {
		notice := view.NoticeOf(*desk.AskOwner(ctx, tx, actor, before.KeyResult, okr.EditKeyResult, "edit").Say)
		return k, false, desk.Refuse(desk.Reply{Update: &notice})
	}
	version := w.Version
	if w.Was != "" {
		if askedOf(before) != w.Was {
			return k, false, store.ErrChanged
		}
		version = before.Version // a check-in, or a pause, is no edit: it stays as it is
	}
	if k.Objective.ID == before.Objective.ID { // as it is now that the key result is held
		k.Objective, k.Cadence.Zone = before.Objective, before.Objective.Zone
	} else if err := f.lockObjective(ctx, tx, w, &k); err != nil {
		return k, false, err
	}
	if saved, err = tx.EditKeyResult(ctx, actor, edited(before, k, version), "edited"); err != nil {
		return saved, false, err
	}
	if err := tx.AnnounceChange(ctx, before, saved); err != nil {
		return saved, false, err
	}
	if err := f.tellOwners(ctx, tx, actor, before, saved); err != nil {
		return saved, false, err
	}
	moved := !before.Source.SameAs(saved.Source) || before.Source.Connection != saved.Source.Connection || before.Source.Unit != saved.Source.Unit
	if moved || before.Failure.Class != "" || saved.Objective.Period.First < before.Objective.Period.First {
		return f.postAndRead(ctx, tx, saved)
	}
	return saved, false, postCard(ctx, tx, saved)
}

// askedOf is what the form asks of a key result, in words of ours: it is another one where somebody edited that.
func askedOf(k store.KeyResult) string {
	phases := make([]string, len(k.Phases))
	for i, p := range k.Phases {
		phases[i] = p.Day.String() + "=" + p.Value.String()
	}
	number := func(v decimal.NullDecimal) string {
		if !v.Valid {
			return ""
		}
		return v.Decimal.String()
	}
	c := k.Cadence
	written, err := json.Marshal([]any{
		k.Objective.ID, k.Title, k.Owner, append([]string{}, k.CoOwners...), k.Kind, k.Unit, k.Method, k.Weight.String(), k.Channel,
		number(k.Start), number(k.Target), number(k.Committed), number(k.Upper), number(k.Risk), number(k.Wanted), phases,
		k.Integrated, c.Every, c.Weekday, c.Hour, c.Minute, c.Offset, k.Source.Connection, k.Source.Reference,
	})
	if err != nil {
		panic(err) // it is all text and numbers
	}
	return string(written)
}

// lockObjective holds the objective of a key result, which was chosen a while ago, so that it is not closed
// out or edited in between; an error where the key result may not come under it.
func (f *Flow) lockObjective(ctx context.Context, tx *store.Tx, w *Session, k *store.KeyResult) (err error) {
	if k.Objective, err = tx.LockObjective(ctx, w.gesture.Actor.Workspace, k.Objective.ID); err != nil {
		return err
	}
	k.Cadence.Zone = k.Objective.Zone
	switch {
	case k.Objective.Closed:
		return store.ErrClosed
	case !k.Objective.MayAddKeyResult(w.gesture.Actor):
		whom := desk.Whom(ctx, tx, w.gesture.Actor, k.Objective.Responsible(), k.Objective.MayAddKeyResult)
		return earlier{view.StepStart, "You may not add key results to this objective. Nothing was saved. Ask " + whom + "."}
	}
	return nil
}

// edited is a key result with what the form says, and all that the form does not ask as it was.
func edited(before, entered store.KeyResult, version int) store.KeyResult {
	after := before
	after.KeyResult, after.Objective, after.Source, after.Version = entered.KeyResult, entered.Objective, entered.Source, version
	after.ID, after.Number, after.Workspace, after.Paused = before.ID, before.Number, before.Workspace, before.Paused
	after.Result, after.Confidence, after.Override = before.Result, before.Confidence, before.Override
	if !entered.Integrated {
		after.Precision = before.Precision
	}
	return after
}

// postAndRead has a key result's card posted, and its scores read since the period's start, where a
// system is read and the connection to it is used.
func (f *Flow) postAndRead(ctx context.Context, tx *store.Tx, k store.KeyResult) (saved store.KeyResult, reads bool, err error) {
	if err := postCard(ctx, tx, k); err != nil || !k.Integrated || k.Paused || k.Source.ConnectionState != store.Active {
		return k, false, err
	}
	return k, true, f.jobs.Import(ctx, tx, k.Workspace, k.ID)
}

func postCard(ctx context.Context, tx *store.Tx, k store.KeyResult) error {
	if k.Channel == "" {
		return nil
	}
	return tx.AddCard(ctx, k.Workspace, k.ID, k.Channel)
}
