package wizard

import (
	"context"

	"github.com/slack-go/slack"

	"okrbot/bot/desk"
	"okrbot/bot/view"
)

// earlier is an error of the last step that is put right in one before it: which, and what is wrong.
type earlier struct{ step, problem string }

func (e earlier) Error() string { return "to be chosen again: " + e.problem }

// backTo shows an earlier step with what is wrong in it. What was entered is kept, but for what is no more.
func (f *Flow) backTo(ctx context.Context, w *Session, e earlier) (desk.Reply, error) {
	w.SavedNumber, w.Reads = 0, false
	w.Redrawn++
	w.Revision++
	if err := f.save(ctx, w, e.step); err != nil {
		return desk.Reply{}, err
	}
	var modal slack.ModalViewRequest
	var err error
	if e.step == view.StepStart {
		modal, err = f.startModal(ctx, w, e.problem)
	} else {
		modal, err = f.scorecardProblem(ctx, w, e.problem)
	}
	return desk.Reply{Update: &modal}, err
}

// missing shows what to do where something that a wizard needs is not there any more: the step where
// another one is chosen, or why there is nothing to go on with.
func (f *Flow) missing(ctx context.Context, w *Session) (desk.Reply, error) {
	workspace := w.gesture.Actor.Workspace
	if w.Edit != 0 {
		_, err := f.Store.KeyResultByID(ctx, workspace, w.Edit)
		if desk.IsNotFound(err) {
			notice := view.Notice("Removed", w.Key+" was removed meanwhile. Nothing was saved. `/okr list` shows what there is.")
			return desk.Reply{Update: &notice}, nil
		}
		if err != nil {
			return desk.Reply{}, err
		}
	}
	_, err := f.Store.Objective(ctx, workspace, w.Objective)
	if desk.IsNotFound(err) {
		w.Objective, w.AddedObjective = 0, 0
		return f.backTo(ctx, w, earlier{view.StepStart, "The objective was removed meanwhile. Choose another one; what you entered is kept."})
	}
	if err != nil {
		return desk.Reply{}, err
	}
	if w.integrated() {
		w.chooseScorecard("", "")
		return f.backTo(ctx, w, earlier{view.StepScorecard, "This scorecard is not listed any more. Choose another one; what you entered is kept."})
	}
	return desk.Expired(w.command()), nil
}
