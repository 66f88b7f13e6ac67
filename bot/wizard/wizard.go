// Package wizard is the form of a key result, in up to three steps: where it belongs and who owns it
// (start), which scorecard it reads (scorecard), and its values, cadence and channel (details). The steps
// are one modal whose view is replaced; what was entered is a draft in the database. Each step has a file
// of its own; what happens to a submit reads from Submitted on.
package wizard

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"okrbot/accounts"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/integrations"
	"okrbot/jobs"
	"okrbot/store"
)

// Flow is the wizard. It is served by the routes that its exported methods are put into.
type Flow struct {
	*desk.Desk
	jobs       *jobs.Client
	accounts   *accounts.Accounts
	connectors integrations.Registry
	shown      Shown
	detours    Detours
	searches   sync.Map // of int64, a connection, to its *liveSearch that is under way
}

// Shown is a stored key result as views show it at a moment.
type Shown func(k store.KeyResult, now time.Time) view.KeyResult

// Detours are the forms that the first two steps open on top of the wizard. They come back with
// ObjectiveAdded and ConnectionAdded.
type Detours struct {
	NewObjective  func(ctx context.Context, g desk.Gesture, from Opener) (desk.Reply, error)
	NewConnection func(ctx context.Context, g desk.Gesture, system string, from Opener) (desk.Reply, error)
}

// Opener is the wizard that a detour was opened from: its draft and its view.
type Opener struct{ Draft, View string }

// New makes the wizard.
func New(d *desk.Desk, j *jobs.Client, a *accounts.Accounts, connectors integrations.Registry, shown Shown, detours Detours) *Flow {
	return &Flow{Desk: d, jobs: j, accounts: a, connectors: connectors, shown: shown, detours: detours}
}

// state is what a wizard's draft holds. The names in JSON are those of drafts that are open now.
type state struct {
	Revision int `json:"Turn"`  // raised with every step: a submit of an older view is known by it
	Redrawn  int `json:"Fresh"` // raised where a field must show what we chose

	Edit    int64  // the key result that is changed; 0 adds one
	Key     string // of the key result that is changed: KR-n
	Version int    // of the key result, when the form was opened; of drafts without Was it says what changed
	Was     string // what people enter of it, as it was then

	Objective       int64
	AddedObjective  int64 // on a detour, and not yet gone on with
	Title           string
	Owner           string
	Source          string // a system's kind, or view.FromPeople
	Connection      int64
	AddedConnection int64 // on a detour, and not yet gone on with

	Reference     string            // what is read: the scorecard, or a part of it
	Part          integrations.Part // the same, taken apart, and perhaps not finished
	SourceName    string            `json:"Name"` // of what is read
	ScorecardName string            `json:"Whole"`
	Distinction   string            `json:"Apart"` // what tells the scorecard from others of its name
	PartLists     partLists         `json:"Lists"`
	Preview       *view.Preview

	Form           view.Form
	More           bool   // the fields of the details that are behind More are shown
	Prefilled      bool   `json:"Filled"`    // the details were filled from the scorecard
	SuggestedStart string `json:"Suggested"` // the start that they were filled with
	SavedNumber    int    `json:"Saved"`     // the number that the key result got; 0: it is not saved yet
	Reads          bool   // its scores are read since it was saved
}

// integrated says whether the values come from a system, and not from people.
func (s *state) integrated() bool { return s.Source != view.FromPeople }

// Session is a person's open wizard while one of their gestures is served.
type Session struct {
	gesture desk.Gesture
	draft   store.Draft
	state
}

// command opens the same wizard once more.
func (w *Session) command() string {
	if w.Key != "" {
		return "/okr edit " + w.Key
	}
	return "/okr add-kr"
}

// In serves a gesture that happens in an open wizard.
func (f *Flow) In(serve func(context.Context, *Session) (desk.Reply, error)) desk.Handler {
	return func(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
		w, err := f.load(ctx, g, g.View.Draft)
		if desk.IsNotFound(err) {
			return desk.Expired(w.command()), nil
		}
		if err != nil {
			return desk.Reply{}, err
		}
		if g.Action.ID != "" && (w.SavedNumber != 0 || !w.shows(g.View)) {
			return f.late(ctx, w)
		}
		reply, err := serve(ctx, w)
		if desk.IsNotFound(err) && !desk.IsInstead(err) {
			reply, err = f.missing(ctx, w)
		}
		newest := func(ctx context.Context) bool { return f.isNewest(ctx, w) }
		if errors.Is(err, store.ErrChanged) {
			reply, err = desk.ChangedElsewhere(w.command()), nil
			newest = func(context.Context) bool { return false } // it is of a view that the person has left
		}
		reply.Newest = newest
		return reply, err
	}
}

// late answers what was done in a view of a step that the wizard has left. It was done before Save or the step
// after: then the person sees another view by now, Slack refuses the change by its hash, and nothing happens.
// Or the process ended before it could show that view: then it is shown now.
func (f *Flow) late(ctx context.Context, w *Session) (reply desk.Reply, err error) {
	if w.SavedNumber != 0 {
		reply, err = f.alreadySaved(ctx, w)
	} else {
		var modal slack.ModalViewRequest
		modal, err = f.modal(ctx, w)
		reply.Update = &modal
	}
	reply.Newest = func(context.Context) bool { return false }
	return reply, err
}

// isNewest says whether nothing was done since that changes which fields are shown.
func (f *Flow) isNewest(ctx context.Context, w *Session) bool {
	var was state
	now, err := f.load(ctx, w.gesture, w.draft.ID)
	if err != nil || now.draft.Version != w.draft.Version || w.draft.State(&was) != nil {
		return false
	}
	return now.More == was.More && now.Form.Kind == was.Form.Kind && now.Form.Cadence == was.Form.Cadence
}

// load finds a wizard by its draft. Somebody else's, an expired one, and one of another form are
// store.ErrNotFound.
func (f *Flow) load(ctx context.Context, g desk.Gesture, id string) (*Session, error) {
	w := &Session{gesture: g}
	draft, err := f.Store.Draft(ctx, g.Actor, id)
	if err == nil && draft.Kind != view.CallbackWizard {
		err = store.ErrNotFound
	}
	if err == nil {
		err = draft.State(&w.state)
	}
	w.draft = draft
	return w, err
}

// save keeps the wizard at a step. It returns store.ErrChanged when the person went on meanwhile.
func (f *Flow) save(ctx context.Context, w *Session, step string) error {
	draft, err := f.Store.SaveDraft(ctx, w.gesture.Actor, w.draft, step, w.state)
	if err == nil {
		w.draft = draft
	}
	return err
}

// Submitted is the submit of whichever step is shown: it takes the wizard a step further, or saves.
func (f *Flow) Submitted(ctx context.Context, w *Session) (desk.Reply, error) {
	if w.SavedNumber != 0 {
		return f.alreadySaved(ctx, w)
	}
	reading := view.IsReading(w.gesture.View.Mark)
	switch {
	case reading && w.draft.Step == view.StepScorecard: // who read it died, or is slow
		return f.readOnTheWay(ctx, w)
	case reading || view.IsOvertaken(w.gesture.View.Mark):
		modal, err := f.modal(ctx, w)
		return desk.Reply{Update: &modal}, err
	case !w.shows(w.gesture.View):
		modal := view.Overtaken(w.draft.ID, w.command())
		return desk.Reply{Update: &modal}, nil
	}
	switch w.draft.Step {
	case view.StepStart:
		return f.startSubmitted(ctx, w)
	case view.StepScorecard:
		return f.scorecardSubmitted(ctx, w)
	}
	return f.detailsSubmitted(ctx, w)
}

// shows says whether a view is of the step that the wizard is at.
func (w *Session) shows(v desk.View) bool {
	step, revision := view.ParseMark(v.Mark)
	return step == w.draft.Step && revision == w.Revision
}

// goTo keeps the wizard at a step and shows that step.
func (f *Flow) goTo(ctx context.Context, w *Session, step string) (desk.Reply, error) {
	if step != w.draft.Step {
		w.Revision++
	}
	if err := f.save(ctx, w, step); err != nil {
		return desk.Reply{}, err
	}
	modal, err := f.modal(ctx, w)
	return desk.Reply{Update: &modal}, err
}

// modal draws the step that the wizard is at.
func (f *Flow) modal(ctx context.Context, w *Session) (slack.ModalViewRequest, error) {
	switch w.draft.Step {
	case view.StepStart:
		return f.startModal(ctx, w, "")
	case view.StepScorecard:
		return f.scorecardModal(ctx, w)
	}
	return f.detailsModal(ctx, w)
}

// Back goes a step back; what was entered is kept.
func (f *Flow) Back(ctx context.Context, w *Session) (desk.Reply, error) {
	step := view.StepStart
	switch w.draft.Step {
	case view.StepScorecard:
		if err := f.readScorecardEntry(ctx, w); err != nil {
			return desk.Reply{}, err
		}
		if w.Edit != 0 {
			step = view.StepDetails
		}
	case view.StepDetails:
		w.readForm()
		if w.integrated() {
			step = view.StepScorecard
		}
	}
	w.Redrawn++
	return f.goTo(ctx, w, step)
}

// NewObjective is a detour: the form of an objective on top.
func (f *Flow) NewObjective(ctx context.Context, w *Session) (desk.Reply, error) {
	entry := view.ParseStart(w.gesture.View.State)
	w.Title, w.Source = entry.Title, entry.Source
	if entry.Owner != "" {
		w.Owner = entry.Owner
	}
	if err := f.save(ctx, w, w.draft.Step); err != nil {
		return desk.Reply{}, err
	}
	return f.detours.NewObjective(ctx, w.gesture, Opener{Draft: w.draft.ID, View: w.gesture.View.ID})
}

// NewConnection is the other detour.
func (f *Flow) NewConnection(ctx context.Context, w *Session) (desk.Reply, error) {
	return f.detours.NewConnection(ctx, w.gesture, w.Source, Opener{Draft: w.draft.ID, View: w.gesture.View.ID})
}

// ObjectiveAdded answers the submit of a detour with the wizard, which has the objective that it made: under
// the detour's form, and in its place where Slack had no room for another window. Without a wizard any more it
// returns store.ErrNotFound or a failure to show it.
func (f *Flow) ObjectiveAdded(ctx context.Context, g desk.Gesture, from Opener, objective int64) (desk.Reply, error) {
	note := func(w *Session) { w.Objective, w.AddedObjective = objective, objective }
	if from.View == g.View.ID {
		modal, err := f.noted(ctx, g, from, note)
		return desk.Reply{Update: &modal}, err
	}
	return desk.Reply{Later: func(ctx context.Context, _ desk.OpenView) { f.returned(ctx, g, from, note) }}, nil
}

// ConnectionAdded shows the wizard again, with the connection that a detour made.
func (f *Flow) ConnectionAdded(ctx context.Context, g desk.Gesture, from Opener, connection int64) {
	f.returned(ctx, g, from, func(w *Session) {
		w.chooseConnection(connection)
		w.AddedConnection = connection
	})
}

// noted keeps what a detour made, and draws the wizard with it.
func (f *Flow) noted(ctx context.Context, g desk.Gesture, from Opener, note func(*Session)) (modal slack.ModalViewRequest, err error) {
	w, err := f.load(ctx, g, from.Draft)
	if err != nil {
		return modal, err
	}
	note(w)
	w.Redrawn++
	if err := f.save(ctx, w, w.draft.Step); err != nil {
		return modal, err
	}
	return f.modal(ctx, w)
}

// returned shows what a detour made in the wizard under the detour's form.
func (f *Flow) returned(ctx context.Context, g desk.Gesture, from Opener, note func(*Session)) {
	modal, err := f.noted(ctx, g, from, note)
	if err == nil {
		_, err = f.Slack.Change(ctx, desk.OpenView{ID: from.View}, modal)
	}
	if err != nil && desk.CodeOf(err) != "not_found" {
		f.Log.Warn("going back to the wizard", "actor", g.Actor.ID, "error", err)
	}
}
