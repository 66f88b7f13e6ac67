package wizard

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/shopspring/decimal"
	"github.com/slack-go/slack"

	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// detailsModal is the last step: values, cadence and channel, and what they make of the key result.
func (f *Flow) detailsModal(ctx context.Context, w *Session) (slack.ModalViewRequest, error) {
	d, err := f.detailsStep(ctx, w)
	return d.Modal(), err
}

func (f *Flow) detailsStep(ctx context.Context, w *Session) (d view.DetailsStep, err error) {
	workspace := w.gesture.Actor.Workspace
	o, err := f.Store.Objective(ctx, workspace, w.Objective)
	if err != nil {
		return d, err
	}
	d = view.DetailsStep{
		Draft: w.draft.ID, Revision: w.Revision, Editing: w.Key, Form: w.Form, Integrated: w.integrated(),
		Scorecard: view.WithApart(w.SourceName, w.Distinction), Zone: o.Zone, More: w.More,
	}
	if err := f.assess(ctx, w, o, &d); err != nil {
		return d, err
	}
	if d.Others, err = f.OthersSee(ctx, workspace, w.Form.Channel); err != nil {
		return d, err
	}
	if !d.Integrated {
		return d, nil
	}
	c, err := f.Store.Connection(ctx, workspace, w.Connection)
	if err != nil {
		return d, err
	}
	d.Connection, d.Result = c.Name, "none yet"
	changed := ""
	if w.Edit != 0 {
		if changed, err = f.storedResult(ctx, w, &d); err != nil {
			return d, err
		}
	}
	if p := w.Preview; p != nil && p.Value.Valid {
		d.Start = okr.BeginningWords(o.Period, p.Readings(), p.Today, func(v decimal.Decimal) string { return okr.FormatValue(v, p.Unit, p.Precision) })
		d.Result = view.Escape(okr.FormatValue(p.Value.Decimal, p.Unit, p.Precision)) + "  " + p.ScoreOf(p.AsOf)
		if p.Target.Valid {
			d.Target = f.connectors.Name(w.Source) + "'s target: " + okr.FormatValue(p.Target.Decimal, p.Unit, p.Precision) + "."
		}
	}
	if changed != "" {
		d.Warnings = append(d.Warnings, changed)
	}
	return d, nil
}

// storedResult adds the result of the key result that is changed, where it goes on reading the same.
// Changed says in a sentence what its scorecard is by now and nobody has agreed to, or that it is another one.
func (f *Flow) storedResult(ctx context.Context, w *Session, d *view.DetailsStep) (changed string, err error) {
	k, err := f.Store.KeyResultByID(ctx, w.gesture.Actor.Workspace, w.Edit)
	if err != nil {
		return "", err
	}
	same, err := f.readsOn(ctx, w, k)
	switch {
	case err != nil:
		return "", err
	case !same && w.Preview != nil:
		return view.OtherScorecard(k.KeyResult), nil
	case !same:
		return "", nil
	}
	now, err := f.Store.Now(ctx)
	if err != nil {
		return "", err
	}
	s := f.shown(k, now)
	d.Result = s.Figures()
	if dates := s.Dates(); dates != "" {
		d.Result += "\n" + dates
	}
	traits, err := f.scorecardChanges(ctx, k)
	return view.ScorecardChanged(traits), err
}

// readsOn says whether a key result would go on reading the scorecard that it reads.
func (f *Flow) readsOn(ctx context.Context, w *Session, k store.KeyResult) (bool, error) {
	c, err := f.Store.Connection(ctx, k.Workspace, w.Connection)
	if err != nil && !desk.IsNotFound(err) {
		return false, err
	}
	return k.Source.SameAs(store.Source{Connection: w.Connection, ConnectionKind: c.Kind, Origin: c.Origin, Reference: w.Reference}), nil
}

// assess adds to the details what their values would make of the key result today, and what is
// probably not meant.
func (f *Flow) assess(ctx context.Context, w *Session, o okr.Objective, d *view.DetailsStep) error {
	now, err := f.Store.Now(ctx)
	if err != nil {
		return err
	}
	workspace, err := f.Store.Workspace(ctx, w.gesture.Actor.Workspace)
	if err != nil {
		return err
	}
	day := okr.DayIn(o.Zone, now)
	k, first, _ := w.Form.KeyResult(okr.KeyResult{Integrated: d.Integrated, Cadence: okr.Cadence{Zone: o.Zone}, Thresholds: workspace.Thresholds}, o.Period)
	known, err := f.knownValues(ctx, w)
	if err != nil {
		return err
	}
	if first.Valid {
		known.readings = append(known.readings, okr.Reading{Day: o.Period.ValueDay(day), Value: first.Decimal, CheckIn: true})
	}
	k.Precision, k.ScoreFrequency, k.Override = known.precision, known.frequency, known.override
	k.Result = k.ResultOf(o.Period, known.readings, day)
	if k.Method == okr.Latest && !k.Result.Value.Valid {
		k.Result = k.ResultOf(okr.Everything, known.readings, day) // the period lies ahead, or has no score yet
	}
	needsAll := known.partial && k.Method != okr.Latest
	if needsAll {
		k.Result = okr.Result{}
	}
	if d.Integrated {
		known.scored.Low, known.scored.High = okr.Range(known.readings)
	}
	d.Would, d.Warnings = k.WouldBe(o.Period, day), k.Warnings(known.scored, day)
	if needsAll {
		d.Would = "Where you would be is shown once the scores since the period's start are read: this method counts them all."
	}
	if unread := w.Form.Unread(d.Integrated); unread != "" {
		d.Would = unread
	}
	return nil
}

// knownValues are what is known of a key result's values before it is saved.
type knownValues struct {
	readings  []okr.Reading
	partial   bool // there may be more readings
	scored    okr.Scored
	precision int32
	frequency okr.Frequency
	override  okr.Override
}

// knownValues are what the scorecard said when it was previewed, else what was read and entered before.
func (f *Flow) knownValues(ctx context.Context, w *Session) (knownValues, error) {
	if p := w.Preview; p != nil && w.integrated() {
		return knownValues{
			readings: p.Readings(), partial: true, scored: okr.Scored{Better: p.Better, Unit: p.Unit},
			precision: p.Precision, frequency: okr.Frequency(p.Frequency),
		}, nil
	}
	if w.Edit == 0 {
		return knownValues{precision: peoplesPrecision}, nil
	}
	k, err := f.Store.KeyResultByID(ctx, w.gesture.Actor.Workspace, w.Edit)
	if err != nil {
		return knownValues{}, err
	}
	if k.Integrated {
		if same, err := f.readsOn(ctx, w, k); err != nil || !same {
			return knownValues{}, err
		}
	}
	readings, err := f.Store.Readings(ctx, k.Workspace, k.ID)
	if err != nil {
		return knownValues{}, err
	}
	now, err := f.Store.Now(ctx)
	readings = okr.Counting(readings, k.Today(now))
	if own := okr.Within(k.Objective.Period, readings); len(own) > 0 {
		readings = own
	}
	return knownValues{
		readings: readings, scored: okr.Scored{Better: k.Source.Direction, Unit: k.Source.Unit},
		precision: k.Precision, frequency: k.ScoreFrequency, override: k.Override,
	}, err
}

// prefill suggests the details from the scorecard, once; what a person typed is not written over.
func (s *state) prefill(p *view.Preview, o okr.Objective) {
	f := &s.Form
	if f.Kind == "" {
		*f = view.Form{
			Title: f.Title, Owner: f.Owner, Kind: view.GoalReach, Method: string(okr.Latest), Cadence: string(okr.Daily),
			Weekday: strconv.Itoa(int(time.Monday)), Time: "09:00", Offset: "0", Weight: "1", Channel: o.Channel,
		}
	}
	if p == nil {
		return
	}
	if s.Prefilled {
		if s.Form.Start == s.SuggestedStart {
			s.suggestStart(*p, o) // the objective can be another one by now
		}
		return
	}
	s.Prefilled = true
	s.suggestStart(*p, o)
	if kind := okr.Suggested(p.Better, p.Value, p.Target); kind.Stays() {
		f.Kind = string(kind)
	}
	f.Unit, f.Target = p.Unit, ""
	if p.Target.Valid {
		f.Target = p.Target.Decimal.String()
	}
	switch okr.Frequency(p.Frequency) {
	case okr.Weekly, okr.Monthly, okr.Quarterly:
		f.Cadence = p.Frequency // reading it more often finds nothing new
	}
}

// suggestStart enters the score that the key result starts from in the objective's period.
func (s *state) suggestStart(p view.Preview, o okr.Objective) {
	s.SuggestedStart = ""
	if start, _, ok := okr.Beginning(o.Period, p.Readings(), p.Today); ok {
		s.SuggestedStart = okr.Typed(start.Value)
	}
	s.Form.Start = s.SuggestedStart
}

// readForm notes what the last step holds as it stands.
func (w *Session) readForm() { w.Form = view.ParseForm(w.gesture.View.State, w.Form) }

// MorePressed shows the fields behind More, or folds them away; what they hold stays.
func (f *Flow) MorePressed(ctx context.Context, w *Session) (desk.Reply, error) {
	w.readForm()
	w.More = !w.More
	return f.redraw(ctx, w)
}

// redraw keeps the last step as it stands, and shows the fields that it needs now. The draft keeps its
// version: whoever presses Save before they see the change has not been overtaken by anybody.
func (f *Flow) redraw(ctx context.Context, w *Session) (desk.Reply, error) {
	if w.draft.Step != view.StepDetails {
		return desk.Reply{}, store.ErrChanged
	}
	draft, err := f.Store.NoteInDraft(ctx, w.gesture.Actor, w.draft, w.state)
	if errors.Is(err, store.ErrChanged) {
		return desk.Reply{}, nil // the person went on meanwhile
	}
	if err != nil {
		return desk.Reply{}, err
	}
	w.draft = draft
	modal, err := f.modal(ctx, w)
	return desk.Reply{Update: &modal}, err
}

// problemsBehindMore shows the fields behind More with what is wrong, in the form itself: Slack takes no
// problem of a field that is not there.
func (f *Flow) problemsBehindMore(ctx context.Context, w *Session, problems okr.Problems) (desk.Reply, error) {
	w.More = true
	if err := f.save(ctx, w, w.draft.Step); err != nil {
		return desk.Reply{}, err
	}
	d, err := f.detailsStep(ctx, w)
	d.Problems = problems
	modal := d.Modal()
	return desk.Reply{Update: &modal}, err
}

// CadenceChosen shows the fields that the cadence needs.
func (f *Flow) CadenceChosen(ctx context.Context, w *Session) (desk.Reply, error) {
	w.readForm()
	return f.redraw(ctx, w)
}

// GoalChosen shows the fields that the goal needs. A baseline's first score is suggested as the start.
func (f *Flow) GoalChosen(ctx context.Context, w *Session) (desk.Reply, error) {
	baseline := w.Form.Kind == string(okr.Baseline)
	w.readForm()
	if baseline && w.Form.Kind == view.GoalReach && w.Form.Start == "" {
		if err := f.startFromBaseline(ctx, w); err != nil {
			return desk.Reply{}, err
		}
	}
	return f.redraw(ctx, w)
}

func (f *Flow) startFromBaseline(ctx context.Context, w *Session) error {
	known, err := f.knownValues(ctx, w)
	if err != nil {
		return err
	}
	first, ok := okr.First(known.readings)
	if w.Preview != nil { // its history begins long before the key result
		o, err := f.Store.Objective(ctx, w.gesture.Actor.Workspace, w.Objective)
		if err != nil {
			return err
		}
		first, _, ok = okr.Beginning(o.Period, known.readings, w.Preview.Today)
	}
	if ok {
		w.Form.Start = okr.Typed(first.Value)
	}
	return nil
}

// ValuesTyped shows what the values make while they are typed. Nothing is kept, so that nothing waits
// for a letter that comes late.
func (f *Flow) ValuesTyped(ctx context.Context, w *Session) (desk.Reply, error) {
	if w.draft.Step != view.StepDetails {
		return desk.Reply{}, nil
	}
	w.readForm()
	modal, err := f.modal(ctx, w)
	return desk.Reply{Update: &modal}, err
}

// ChangeSource goes from the details of a key result to where it reads from.
func (f *Flow) ChangeSource(ctx context.Context, w *Session) (desk.Reply, error) {
	w.readForm()
	w.Title, w.Owner = w.Form.Title, w.Form.Owner
	w.Redrawn++
	return f.goTo(ctx, w, view.StepStart)
}
