package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// closing is the draft of a close-out on its way through its steps.
type closing struct {
	Objective int64
	Note      string
	Carry     []int64
}

// The steps of a close-out.
const (
	stepResults = "results"
	stepTargets = "targets"
)

// closeOutListed is how many objectives to close out are listed at once.
const closeOutListed = 20

// closeOutCommand is "/okr close-out": the form where there is one objective to close out, else the
// choice. Administrators choose among all, others among their own.
func (b *Bot) closeOutCommand(ctx context.Context, g Gesture) (Reply, error) {
	owner := g.Actor.ID
	if okr.May(g.Actor, okr.CloseOut) {
		owner = ""
	}
	list, err := b.store.EndedObjectives(ctx, g.Actor.Workspace, owner, closeOutListed)
	if err != nil {
		return Reply{}, err
	}
	list = slices.DeleteFunc(list, func(o okr.Objective) bool { return !o.MayCloseOut(g.Actor) })
	switch len(list) {
	case 0:
		return Say("No objective of yours is to be closed out: none has had its last day, or all that have are closed out already. Objectives are closed out by their owners and by administrators."), nil
	case 1:
		return b.closeOutForm(ctx, g, list[0])
	}
	m := view.ToCloseOut(list)
	return Reply{Say: &m}, nil
}

// closeOutPressed is the button Close out.
func (b *Bot) closeOutPressed(ctx context.Context, g Gesture) (Reply, error) {
	o, err := b.pressedObjective(ctx, g)
	if isNotFound(err) {
		return Say("This objective is gone. `/okr list` shows what there is."), nil
	}
	if err != nil {
		return Reply{}, err
	}
	return b.closeOutForm(ctx, g, o)
}

// closeOutAll is the button See all under a summary.
func (b *Bot) closeOutAll(ctx context.Context, g Gesture) (Reply, error) {
	o, err := b.pressedObjective(ctx, g)
	var c store.CloseOut
	if err == nil {
		c, err = b.store.CloseOut(ctx, g.Actor.Workspace, o.ID)
	}
	if isNotFound(err) {
		return Say("This objective is gone. `/okr list` shows what there is."), nil
	}
	if err != nil {
		return Reply{}, err
	}
	m := closed(c).All()
	return Reply{Say: &m}, nil
}

func (b *Bot) pressedObjective(ctx context.Context, g Gesture) (okr.Objective, error) {
	id, err := strconv.ParseInt(g.Action.Value, 10, 64)
	if err != nil {
		id = 0 // nobody's
	}
	return b.store.Objective(ctx, g.Actor.Workspace, id)
}

// unclosable says why somebody cannot close an objective out on a day; empty when they can.
func unclosable(o okr.Objective, actor okr.Actor, today okr.Day) string {
	switch {
	case !o.MayCloseOut(actor):
		return "You may not close out this objective. Ask <@" + o.Owner + ">."
	case o.Closed:
		return "*" + view.Escape(o.Title) + "* is closed out already. `/okr list` shows how it ended."
	case today <= o.Period.Last:
		return fmt.Sprintf("*%s* runs until %s. Close it out after its last day.", view.Escape(o.Title), o.Period.Last.Words())
	}
	return ""
}

func (b *Bot) closeOutForm(ctx context.Context, g Gesture, o okr.Objective) (Reply, error) {
	now, err := b.store.Now(ctx)
	if err != nil {
		return Reply{}, err
	}
	if why := unclosable(o, g.Actor, today(now, o.Zone)); why != "" {
		return Say(why), nil
	}
	list, err := b.shownKeyResults(ctx, o.Workspace, store.Filter{Objectives: []int64{o.ID}})
	if err != nil {
		return Reply{}, err
	}
	draft, err := b.store.CreateDraft(ctx, g.Actor, view.CallbackCloseOut, stepResults, closing{Objective: o.ID})
	if err != nil {
		return Reply{}, err
	}
	modal := view.CloseOut{Objective: o, KeyResults: list, Next: o.NextPeriod(today(now, o.Zone))}.Modal(draft.ID)
	return Reply{Open: &modal}, nil
}

// closeOutSubmitted takes the note and what goes on, asks for its targets, and closes the objective
// out. Of two submits one closes it.
func (b *Bot) closeOutSubmitted(ctx context.Context, g Gesture) (Reply, error) {
	draft, err := b.store.Draft(ctx, g.Actor, g.View.Draft)
	if err == nil && draft.Kind != view.CallbackCloseOut {
		err = store.ErrNotFound
	}
	var c closing
	if err == nil {
		err = draft.State(&c)
	}
	if isNotFound(err) {
		return expired("/okr close-out"), nil
	}
	if err != nil {
		return Reply{}, err
	}
	if draft.Step == stepResults {
		c.Note, c.Carry = view.ParseCloseOut(g.View.State)
		if len(c.Carry) > 0 {
			return b.closeOutTargets(ctx, g, draft, c)
		}
	}
	return b.closeOut(ctx, g, c)
}

// closeOutTargets is the second step: the targets of what goes on.
func (b *Bot) closeOutTargets(ctx context.Context, g Gesture, draft store.Draft, c closing) (Reply, error) {
	o, err := b.store.Objective(ctx, g.Actor.Workspace, c.Objective)
	if err != nil {
		return Reply{}, err
	}
	list, err := b.shownKeyResults(ctx, g.Actor.Workspace, store.Filter{IDs: c.Carry, Objectives: []int64{o.ID}})
	if err != nil {
		return Reply{}, err
	}
	now, err := b.store.Now(ctx)
	if err != nil {
		return Reply{}, err
	}
	draft, err = b.store.SaveDraft(ctx, g.Actor, draft, stepTargets, c)
	if errors.Is(err, store.ErrChanged) {
		return changedElsewhere("/okr close-out"), nil
	}
	if err != nil {
		return Reply{}, err
	}
	modal := view.CloseOut{Objective: o, KeyResults: list, Next: o.NextPeriod(today(now, o.Zone))}.Targets(draft.ID)
	return Reply{Update: &modal}, nil
}

// closeOut writes how everything ended, and begins what goes on.
func (b *Bot) closeOut(ctx context.Context, g Gesture, c closing) (Reply, error) {
	var o okr.Objective
	var why string
	var next okr.Objective
	var going []store.KeyResult
	problems := okr.Problems{}
	err := b.store.InTx(ctx, func(tx *store.Tx) (err error) {
		next, going, problems = okr.Objective{}, nil, okr.Problems{}
		if o, err = tx.LockObjective(ctx, g.Actor.Workspace, c.Objective); err != nil {
			return err
		}
		day := today(tx.Now, o.Zone)
		if why = unclosable(o, g.Actor, day); why != "" {
			return nil
		}
		list, err := tx.LockKeyResultsOf(ctx, o)
		if err != nil {
			return err
		}
		for _, k := range list {
			if !slices.Contains(c.Carry, k.ID) {
				continue
			}
			after := k
			var wrong okr.Problems
			after.KeyResult, wrong = view.ParseTarget(g.View.State, k.KeyResult, day)
			for field, sentence := range wrong {
				problems.Add(field, sentence)
			}
			going = append(going, after)
		}
		if len(problems) > 0 {
			return nil
		}
		carried := map[int64]int{}
		if len(going) > 0 {
			next = o
			next.ID, next.Period = 0, o.NextPeriod(day)
			if next, err = tx.CreateObjective(ctx, g.Actor, next, ""); err != nil {
				return err
			}
		}
		from := slices.DeleteFunc(slices.Clone(list), func(k store.KeyResult) bool { return !slices.Contains(c.Carry, k.ID) })
		for i, k := range going {
			k.Objective, k.ObjectiveOwner = next, next.Owner
			if going[i], _, err = tx.CreateKeyResult(ctx, g.Actor, k, ""); err != nil {
				return err
			}
			carried[from[i].ID] = going[i].Number
			if err := b.begin(ctx, tx, going[i]); err != nil {
				return err
			}
		}
		return tx.CloseOut(ctx, g.Actor, store.CloseOut{Objective: o, Note: c.Note, NextID: next.ID}, list, carried, day)
	})
	switch {
	case isNotFound(err):
		r := Say("This objective was removed. Nothing was saved.")
		r.Clear = true
		return r, nil
	case err != nil:
		return Reply{}, err
	case why != "":
		r := Say(why)
		r.Clear = true
		return r, nil
	case len(problems) > 0:
		return Reply{Problems: problems}, nil
	}
	r := Say(closedWords(o, next, going))
	r.Clear, r.Home = true, true
	return r, nil
}

// closedWords says what was done, and where it goes on.
func closedWords(o, next okr.Objective, going []store.KeyResult) string {
	text := "*" + view.Escape(o.Title) + "* is closed out. "
	if o.Channel != "" {
		text += "The summary is posted in <#" + o.Channel + ">. "
	}
	if len(going) == 0 {
		return text + "Nothing goes on; plan what comes next with `/okr add-objective`."
	}
	keys := make([]string, len(going))
	for i, k := range going {
		keys[i] = k.Key()
	}
	return text + "It goes on in " + next.Period.Words() + " with " + strings.Join(keys, ", ") + "."
}

// isClosed answers those who would change what was closed out.
func isClosed(k store.KeyResult) Reply {
	return Say(fmt.Sprintf("%s is closed out with its objective, *%s*: its numbers stay as they are. See them with `/okr show %s`; go on with a new one with `/okr add-kr`.",
		k.Key(), view.Escape(k.Objective.Title), k.Key()))
}

// closed is a close-out ready to be shown.
func closed(c store.CloseOut) view.Closed {
	v := view.Closed{Objective: c.Objective, Person: c.Person, Note: c.Note, RollUp: c.RollUp, Next: c.Next}
	for _, k := range c.Results {
		v.KeyResults = append(v.KeyResults, end(k))
	}
	return v
}

// end is how a key result ended, ready to be shown.
func end(k store.ClosedKeyResult) view.ClosedKeyResult {
	return view.ClosedKeyResult{
		Number: k.Number, Title: k.Title, Result: k.Result, AsOf: k.AsOf, Score: k.Score, Status: k.Status, Committed: k.Committed, CarriedTo: k.CarriedTo,
	}
}

// CloseOut posts how an objective ended in its channel.
func (m *Messenger) CloseOut(ctx context.Context, c store.CloseOut, post store.CloseOutPost) error {
	_, _, err := m.slack.post(ctx, post.Channel, closed(c).Summary(post.Repeated))
	return err
}

// CloseOutParked gives it to whoever closed the objective, because the channel does not take it.
func (m *Messenger) CloseOutParked(ctx context.Context, c store.CloseOut, channel, code string) error {
	return m.tellOnce(ctx, c.Objective.Workspace, c.Person, closed(c).Unposted(channel, code))
}
