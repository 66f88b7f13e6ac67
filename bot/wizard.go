package bot

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/shopspring/decimal"
	"github.com/slack-go/slack"

	"okrbot/bot/command"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// wizard is a key result on its way from an objective to its details, as its draft keeps it.
type wizard struct {
	Turn  int // raised with every step: a submit of an older view is known by it
	Fresh int // raised where a field must show what we chose

	Edit    int64 // the key result that is changed; 0 adds one
	Key     string
	Version int // of the key result, when the form was opened

	Objective  int64
	Title      string
	Owner      string
	Source     string
	Connection int64
	Reference  string            // what is read: the scorecard, or a part of it
	Part       integrations.Part // the same, taken apart, and perhaps not finished
	Name       string            // of what is read
	Whole      string            // the scorecard's
	Apart      string            // what tells the scorecard from others of its name
	Lists      map[string][]integrations.Named
	Preview    *view.Preview
	Form       view.Form
	Filled     bool   // the details were filled from the scorecard
	Suggested  string // the start that they were filled with
	Saved      int    // the number it got
}

// integrated says whether the values come from a system, and not from people.
func (w wizard) integrated() bool { return w.Source != view.FromPeople }

// choose takes a connection; what was chosen from another one goes.
func (w *wizard) choose(connection int64) {
	if w.Connection != connection {
		w.Connection, w.Reference, w.Name, w.Apart, w.Preview, w.Filled = connection, "", "", "", nil, false
		w.Part, w.Lists = integrations.Part{}, nil
	}
	w.Fresh++
}

// addKeyResult is "/okr add-kr", "/okr add-kr Fewer things" and the button of that name.
func (b *Bot) addKeyResult(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	if !okr.May(g.Actor, okr.AddKeyResult) {
		return desk.Say("Guests cannot add key results. Ask a member of this workspace."), nil
	}
	w := wizard{Owner: g.Actor.ID, Source: b.connectors[0].Kind(), Turn: 1, Title: view.Cut(command.Spoken(g.Text), okr.MaxTitle)}
	now, err := b.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	mine, err := b.Store.Objectives(ctx, g.Actor.Workspace, g.Actor.ID, "", okr.DayIn(g.Zone, now), 2)
	if err != nil {
		return desk.Reply{}, err
	}
	if len(mine) == 1 {
		w.Objective = mine[0].ID
	}
	if err := b.connectionOf(ctx, g, &w); err != nil {
		return desk.Reply{}, err
	}
	draft, err := b.Store.CreateDraft(ctx, g.Actor, view.CallbackWizard, view.StepStart, w)
	if err != nil {
		return desk.Reply{}, err
	}
	return b.openWizard(ctx, g, draft, w)
}

// connectionOf keeps the chosen connection where it is one to the chosen system, and else takes the
// first such that the person may use.
func (b *Bot) connectionOf(ctx context.Context, g desk.Gesture, w *wizard) error {
	c, err := b.Store.Connection(ctx, g.Actor.Workspace, w.Connection)
	if err == nil && c.Kind == w.Source || err != nil && !desk.IsNotFound(err) {
		return err
	}
	list, err := b.Store.ConnectionsFor(ctx, g.Actor)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.Kind == w.Source && c.MayUse(g.Actor) {
			w.choose(c.ID)
			return nil
		}
	}
	w.choose(0)
	return nil
}

// editCommand is "/okr edit KR-1".
func (b *Bot) editCommand(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	k, err := b.Named(ctx, g, g.Text, "edit")
	if err != nil {
		return desk.Reply{}, err
	}
	return b.editForm(ctx, g, k)
}

// editForm opens the wizard at its last step, filled from the key result.
func (b *Bot) editForm(ctx context.Context, g desk.Gesture, k store.KeyResult) (desk.Reply, error) {
	if !k.MayEdit(g.Actor) {
		return desk.Ask(k.Owner, "edit"), nil
	}
	if k.Closed {
		return desk.IsClosed(k), nil
	}
	w := wizard{
		Turn: 1, Edit: k.ID, Key: k.Key(), Version: k.Version, Objective: k.Objective.ID, Title: k.Title, Owner: k.Owner,
		Source: view.FromPeople, Form: view.FormOf(k.KeyResult), Filled: true,
	}
	if k.Integrated {
		w.Source, w.Connection, w.Reference, w.Name = k.Source.ConnectionKind, k.Source.Connection, k.Source.Reference, k.Source.Name
		c, err := b.Store.Connection(ctx, g.Actor.Workspace, w.Connection)
		if err != nil && !desk.IsNotFound(err) {
			return desk.Reply{}, err
		}
		w.Part, w.Whole = b.partOf(c, w.Reference), w.Name
		if w.Apart, err = b.apart(ctx, c, w.Part.Scorecard); err != nil {
			return desk.Reply{}, err
		}
		if s, err := b.Store.Scorecard(ctx, c, w.Part.Scorecard); err == nil {
			w.Whole = view.ShownName(s.Name, s.Reference)
		} else if !desk.IsNotFound(err) {
			return desk.Reply{}, err
		}
		changed, err := b.scorecardChanged(ctx, k)
		if err != nil {
			return desk.Reply{}, err
		}
		for _, t := range changed {
			if t.What == "unit" && w.Form.Unit == t.Before {
				w.Form.Unit = t.After
			}
		}
	}
	draft, err := b.Store.CreateDraft(ctx, g.Actor, view.CallbackWizard, view.StepDetails, w)
	if err != nil {
		return desk.Reply{}, err
	}
	return b.openWizard(ctx, g, draft, w)
}

// scorecardChanged is what a key result's scorecard is by now and nobody has agreed to. Saving the key
// result agrees to it.
func (b *Bot) scorecardChanged(ctx context.Context, k store.KeyResult) ([]okr.Trait, error) {
	if k.Failure.Cause != "scorecard_changed" {
		return nil, nil
	}
	s, err := b.Store.Scorecard(ctx, store.Connection{ID: k.Source.Connection, Workspace: k.Workspace}, k.Source.Reference)
	if desk.IsNotFound(err) {
		return nil, nil
	}
	return k.Source.Traits().Changes(s.Traits()), err
}

func (b *Bot) openWizard(ctx context.Context, g desk.Gesture, draft store.Draft, w wizard) (desk.Reply, error) {
	modal, err := b.wizardView(ctx, g, draft, w)
	return desk.Reply{Open: &modal}, err
}

// wizardDraft loads the wizard of the view that a gesture happened in. Somebody else's, an
// expired one, and one of another form are not found.
func (b *Bot) wizardDraft(ctx context.Context, g desk.Gesture) (store.Draft, wizard, error) {
	return b.wizardOf(ctx, g, g.View.Draft)
}

func (b *Bot) wizardOf(ctx context.Context, g desk.Gesture, id string) (store.Draft, wizard, error) {
	var w wizard
	draft, err := b.Store.Draft(ctx, g.Actor, id)
	if err == nil && draft.Kind != view.CallbackWizard {
		err = store.ErrNotFound
	}
	if err == nil {
		err = draft.State(&w)
	}
	return draft, w, err
}

const wizardAgain = "/okr add-kr"

// lost is the answer to a wizard that cannot go on, and false when it can.
func lost(err error) (desk.Reply, error, bool) {
	switch {
	case desk.IsNotFound(err):
		return desk.Expired(wizardAgain), nil, true
	case errors.Is(err, store.ErrChanged):
		return desk.ChangedElsewhere(wizardAgain), nil, true
	case err != nil:
		return desk.Reply{}, err, true
	}
	return desk.Reply{}, nil, false
}

// turn saves the wizard and shows the step it is at.
func (b *Bot) turn(ctx context.Context, g desk.Gesture, draft store.Draft, w wizard, step string) (desk.Reply, error) {
	if step != draft.Step {
		w.Turn++
	}
	draft, err := b.Store.SaveDraft(ctx, g.Actor, draft, step, w)
	if reply, err, is := lost(err); is {
		return reply, err
	}
	modal, err := b.wizardView(ctx, g, draft, w)
	return desk.Reply{Update: &modal}, err
}

// wizardView draws the step that the draft is at.
func (b *Bot) wizardView(ctx context.Context, g desk.Gesture, draft store.Draft, w wizard) (slack.ModalViewRequest, error) {
	switch draft.Step {
	case view.StepScorecard:
		return b.scorecardView(ctx, g, draft, w)
	case view.StepDetails:
		return b.detailView(ctx, g, draft, w)
	}
	s := view.Start{Draft: draft.ID, Turn: w.Turn, Fresh: w.Fresh, Editing: w.Key, Title: w.Title, Owner: w.Owner, Systems: b.systems(), Source: w.Source}
	if w.Objective != 0 {
		o, err := b.Store.Objective(ctx, g.Actor.Workspace, w.Objective)
		if err != nil && !desk.IsNotFound(err) {
			return slack.ModalViewRequest{}, err
		}
		s.Objective = o
	}
	if s.Objective.ID == 0 {
		some, err := b.Store.Objectives(ctx, g.Actor.Workspace, "", "", 0, 1)
		if err != nil {
			return slack.ModalViewRequest{}, err
		}
		s.None = len(some) == 0
	}
	return s.Modal(), nil
}

func (b *Bot) scorecardView(ctx context.Context, g desk.Gesture, draft store.Draft, w wizard) (slack.ModalViewRequest, error) {
	s, err := b.scorecardStep(ctx, g, draft, w)
	return s.Modal(), err
}

func (b *Bot) scorecardStep(ctx context.Context, g desk.Gesture, draft store.Draft, w wizard) (view.Scorecard, error) {
	list, err := b.Store.ConnectionsFor(ctx, g.Actor)
	s := view.Scorecard{
		Draft: draft.ID, Turn: w.Turn, Fresh: w.Fresh, Editing: w.Key, System: b.systemName(w.Source), Connection: w.Connection,
		Chosen: w.option(), ChosenName: w.Whole, ChosenApart: w.Apart, Preview: w.Preview,
	}
	for _, c := range list {
		if c.ID == w.Connection {
			s.Parts = w.parts(b.divider(c))
			if s.Left, err = b.Store.CountUnlistable(ctx, c, view.LongestValue); err != nil {
				return s, err
			}
		}
		if c.Kind == w.Source && c.MayUse(g.Actor) {
			s.Connections = append(s.Connections, view.ConnectionChoice{ID: c.ID, Name: c.Name, Apart: []string{shownAddress(c.Origin), c.Account, c.SignIn}})
		}
	}
	return s, err
}

// systemName is what people call a kind of system.
func (b *Bot) systemName(kind string) string {
	if c, err := b.connectors.ByKind(kind); err == nil {
		return c.Name()
	}
	return kind
}

// option is the chosen scorecard as an option's value.
func (w wizard) option() string { return w.Part.Scorecard }

func (b *Bot) detailView(ctx context.Context, g desk.Gesture, draft store.Draft, w wizard) (slack.ModalViewRequest, error) {
	o, err := b.Store.Objective(ctx, g.Actor.Workspace, w.Objective)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	d := view.Detail{Draft: draft.ID, Turn: w.Turn, Editing: w.Key, Form: w.Form, Integrated: w.integrated(), Scorecard: view.WithApart(w.Name, w.Apart), Zone: o.Zone}
	if err := b.preview(ctx, g, w, o, &d); err != nil {
		return slack.ModalViewRequest{}, err
	}
	if !d.Integrated {
		return d.Modal(), nil
	}
	c, err := b.Store.Connection(ctx, g.Actor.Workspace, w.Connection)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	d.Connection = c.Name
	d.Result = "none yet"
	changed := ""
	if w.Edit != 0 {
		k, err := b.Store.KeyResultByID(ctx, g.Actor.Workspace, w.Edit)
		if err != nil {
			return slack.ModalViewRequest{}, err
		}
		now, err := b.Store.Now(ctx)
		if err != nil {
			return slack.ModalViewRequest{}, err
		}
		if shown := b.shown(k, now); k.Source.Reference == w.Reference {
			d.Result = shown.Figures()
			if dates := shown.Dates(); dates != "" {
				d.Result += "\n" + dates
			}
			traits, err := b.scorecardChanged(ctx, k)
			if err != nil {
				return slack.ModalViewRequest{}, err
			}
			changed = view.ScorecardChanged(traits)
		}
	}
	if p := w.Preview; p != nil {
		if p.Value.Valid {
			d.Start = okr.BeginningWords(o.Period, p.Readings(), p.Today, func(v decimal.Decimal) string { return okr.FormatValue(v, p.Unit, p.Precision) })
			d.Result = view.Escape(okr.FormatValue(p.Value.Decimal, p.Unit, p.Precision)) + "  " + p.ScoreOf(p.AsOf)
		}
	}
	if changed != "" {
		d.Warnings = append(d.Warnings, changed)
	}
	return d.Modal(), nil
}

// preview adds to the details what their values would make of the key result today, and what is
// probably not meant.
func (b *Bot) preview(ctx context.Context, g desk.Gesture, w wizard, o okr.Objective, d *view.Detail) error {
	now, err := b.Store.Now(ctx)
	if err != nil {
		return err
	}
	workspace, err := b.Store.Workspace(ctx, g.Actor.Workspace)
	if err != nil {
		return err
	}
	day := okr.DayIn(o.Zone, now)
	k, first, _ := w.Form.KeyResult(okr.KeyResult{Integrated: d.Integrated, Cadence: okr.Cadence{Zone: o.Zone}, Thresholds: workspace.Thresholds}, o.Period)
	known, err := b.known(ctx, g, w)
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
	if known.partial && k.Method != okr.Latest {
		k.Result = okr.Result{}
	}
	if d.Integrated {
		known.scored.Low, known.scored.High = okr.Range(known.readings)
	}
	d.Would, d.Warnings = k.WouldBe(o.Period, day), k.Warnings(known.scored, day)
	if known.partial && k.Method != okr.Latest {
		d.Would = "Where you would be is shown once the scores since the period's start are read: this method counts them all."
	}
	return nil
}

// knowledge is what is known of a key result's values before it is saved.
type knowledge struct {
	readings  []okr.Reading
	partial   bool // there may be more readings
	scored    okr.Scored
	precision int32
	frequency okr.Frequency
	override  okr.Override
}

// known is what the scorecard said when it was previewed, else what was read and entered before.
func (b *Bot) known(ctx context.Context, g desk.Gesture, w wizard) (knowledge, error) {
	if p := w.Preview; p != nil && w.integrated() {
		n := knowledge{partial: true, scored: okr.Scored{Better: p.Better, Unit: p.Unit}, precision: p.Precision, frequency: okr.Frequency(p.Frequency)}
		n.readings = p.Readings()
		return n, nil
	}
	if w.Edit == 0 {
		return knowledge{precision: 9}, nil
	}
	k, err := b.Store.KeyResultByID(ctx, g.Actor.Workspace, w.Edit)
	if err != nil || k.Integrated && k.Source.Reference != w.Reference {
		return knowledge{}, err
	}
	readings, err := b.Store.Readings(ctx, k.Workspace, k.ID)
	if err != nil {
		return knowledge{}, err
	}
	now, err := b.Store.Now(ctx)
	readings = okr.Counting(readings, k.Today(now))
	if own := okr.Within(k.Objective.Period, readings); len(own) > 0 {
		readings = own
	}
	return knowledge{
		readings: readings, scored: okr.Scored{Better: k.Source.Direction, Unit: k.Source.Unit},
		precision: k.Precision, frequency: k.ScoreFrequency, override: k.Override,
	}, err
}

// wizardSubmitted takes the wizard a step further, or saves.
func (b *Bot) wizardSubmitted(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, w, err := b.wizardDraft(ctx, g)
	if reply, err, is := lost(err); is {
		return reply, err
	}
	if w.Saved != 0 {
		return b.alreadySaved(ctx, g, w)
	}
	if step, turn := view.ParseMark(g.View.Mark); step != draft.Step || turn != w.Turn {
		return desk.ChangedElsewhere(wizardAgain), nil
	}
	switch draft.Step {
	case view.StepStart:
		return b.startSubmitted(ctx, g, draft, w)
	case view.StepScorecard:
		return b.scorecardSubmitted(ctx, g, draft, w)
	}
	return b.detailsSubmitted(ctx, g, draft, w)
}

func (b *Bot) startSubmitted(ctx context.Context, g desk.Gesture, draft store.Draft, w wizard) (desk.Reply, error) {
	e := view.ParseStart(g.View.State)
	problems := okr.KeyResult{Title: e.Title, Owner: e.Owner, Kind: okr.Baseline}.Check()
	o, err := b.Store.Objective(ctx, g.Actor.Workspace, e.Objective)
	switch {
	case desk.IsNotFound(err):
		problems[view.FieldObjective] = "Choose an objective, or press New objective."
	case err != nil:
		return desk.Reply{}, err
	case !o.MayAddKeyResult(g.Actor):
		problems[view.FieldObjective] = "You may not add key results here. Ask its owner."
	}
	if _, err := b.connectors.ByKind(e.Source); err != nil && e.Source != view.FromPeople {
		problems[view.FieldSource] = "Choose where the values come from."
	}
	if len(problems) > 0 {
		return desk.Reply{Problems: desk.AtFields(problems, g)}, nil
	}
	w.Objective, w.Title, w.Owner, w.Source = o.ID, e.Title, e.Owner, e.Source
	w.Form.Title, w.Form.Owner = e.Title, e.Owner
	if w.integrated() {
		if err := b.connectionOf(ctx, g, &w); err != nil {
			return desk.Reply{}, err
		}
		return b.turn(ctx, g, draft, w, view.StepScorecard)
	}
	w.fill(nil, o)
	return b.turn(ctx, g, draft, w, view.StepDetails)
}

// fill suggests the details from the scorecard, once; what a person typed is not written over.
func (w *wizard) fill(p *view.Preview, o okr.Objective) {
	f := &w.Form
	if f.Kind == "" {
		*f = view.Form{
			Title: f.Title, Owner: f.Owner, Kind: view.GoalReach, Method: string(okr.Latest), Cadence: string(okr.Daily),
			Weekday: strconv.Itoa(int(time.Monday)), Time: "09:00", Offset: "0", Weight: "1", Channel: o.Channel,
		}
	}
	if p == nil {
		return
	}
	if w.Filled {
		if w.Form.Start == w.Suggested {
			w.suggestStart(*p, o) // the objective can be another one by now
		}
		return
	}
	w.Filled = true
	w.suggestStart(*p, o)
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
func (w *wizard) suggestStart(p view.Preview, o okr.Objective) {
	w.Suggested = ""
	if start, _, ok := okr.Beginning(o.Period, p.Readings(), p.Today); ok {
		w.Suggested = okr.Typed(start.Value)
	}
	w.Form.Start = w.Suggested
}

// wizardBack goes a step back; what was entered is kept.
func (b *Bot) wizardBack(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, w, err := b.wizardDraft(ctx, g)
	if reply, err, is := lost(err); is {
		return reply, err
	}
	step := view.StepStart
	switch draft.Step {
	case view.StepScorecard:
		if err := b.take(ctx, g, &w); err != nil {
			return desk.Reply{}, err
		}
		if w.Edit != 0 {
			step = view.StepDetails
		}
	case view.StepDetails:
		w.Form = view.ParseForm(g.View.State, w.Form)
		if w.integrated() {
			step = view.StepScorecard
		}
	}
	w.Fresh++
	return b.turn(ctx, g, draft, w, step)
}

// wizardNewObjective is a detour: the form of an objective on top, and back.
func (b *Bot) wizardNewObjective(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, w, err := b.wizardDraft(ctx, g)
	if reply, err, is := lost(err); is {
		return reply, err
	}
	e := view.ParseStart(g.View.State)
	w.Title, w.Source = e.Title, e.Source
	if e.Owner != "" {
		w.Owner = e.Owner
	}
	if draft, err = b.Store.SaveDraft(ctx, g.Actor, draft, draft.Step, w); err != nil {
		reply, err, _ := lost(err)
		return reply, err
	}
	return b.objectiveForm(ctx, g, objectiveDraft{Wizard: draft.ID, Under: g.View.ID})
}

// wizardNewConnection is the other detour.
func (b *Bot) wizardNewConnection(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, w, err := b.wizardDraft(ctx, g)
	if reply, err, is := lost(err); is {
		return reply, err
	}
	return b.connectForm(ctx, g, connectDraft{Kind: w.Source, Wizard: draft.ID, Under: g.View.ID})
}

// backToWizard closes a detour's form and shows the wizard under it with what the detour made.
func (b *Bot) backToWizard(_ context.Context, g desk.Gesture, draft, under string, change func(*wizard)) (desk.Reply, error) {
	return desk.Reply{Later: func(ctx context.Context, _ desk.OpenView) { b.drawWizard(ctx, g, draft, under, change) }}, nil
}

func (b *Bot) drawWizard(ctx context.Context, g desk.Gesture, id, under string, change func(*wizard)) {
	draft, w, err := b.wizardOf(ctx, g, id)
	if err == nil {
		change(&w)
		w.Fresh++
		draft, err = b.Store.SaveDraft(ctx, g.Actor, draft, draft.Step, w)
	}
	var modal slack.ModalViewRequest
	if err == nil {
		modal, err = b.wizardView(ctx, g, draft, w)
	}
	if err == nil {
		_, err = b.Slack.Change(ctx, desk.OpenView{ID: under}, modal)
	}
	if err != nil && desk.CodeOf(err) != "not_found" {
		b.Log.Warn("going back to the wizard", "actor", g.Actor.ID, "error", err)
	}
}

// wizardCadenceChosen and wizardGoalChosen show the fields that the choice needs.
func (b *Bot) wizardCadenceChosen(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, w, err := b.wizardDraft(ctx, g)
	if reply, err, is := lost(err); is {
		return reply, err
	}
	w.Form = view.ParseForm(g.View.State, w.Form)
	return b.turn(ctx, g, draft, w, draft.Step)
}

func (b *Bot) wizardGoalChosen(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, w, err := b.wizardDraft(ctx, g)
	if reply, err, is := lost(err); is {
		return reply, err
	}
	baseline := w.Form.Kind == string(okr.Baseline)
	w.Form = view.ParseForm(g.View.State, w.Form)
	if baseline && w.Form.Kind == view.GoalReach && w.Form.Start == "" {
		known, err := b.known(ctx, g, w)
		if err != nil {
			return desk.Reply{}, err
		}
		first, ok := okr.First(known.readings)
		if w.Preview != nil { // its history begins long before the key result
			o, err := b.Store.Objective(ctx, g.Actor.Workspace, w.Objective)
			if err != nil {
				return desk.Reply{}, err
			}
			first, _, ok = okr.Beginning(o.Period, known.readings, w.Preview.Today)
		}
		if ok {
			w.Form.Start = okr.Typed(first.Value) // a baseline's first score is its start
		}
	}
	return b.turn(ctx, g, draft, w, draft.Step)
}

// wizardValuesChanged shows what the values make while they are typed. Nothing is kept, so that a
// letter that comes late is none that anything waits for.
func (b *Bot) wizardValuesChanged(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, w, err := b.wizardDraft(ctx, g)
	if reply, err, is := lost(err); is {
		return reply, err
	}
	if step, turn := view.ParseMark(g.View.Mark); step != draft.Step || turn != w.Turn || step != view.StepDetails {
		return desk.Reply{}, nil
	}
	w.Form = view.ParseForm(g.View.State, w.Form)
	modal, err := b.wizardView(ctx, g, draft, w)
	return desk.Reply{Update: &modal}, err
}

// wizardChangeSource goes from the details of a key result to where it reads from.
func (b *Bot) wizardChangeSource(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, w, err := b.wizardDraft(ctx, g)
	if reply, err, is := lost(err); is {
		return reply, err
	}
	w.Form = view.ParseForm(g.View.State, w.Form)
	w.Title, w.Owner = w.Form.Title, w.Form.Owner
	w.Fresh++
	return b.turn(ctx, g, draft, w, view.StepStart)
}

// detailsSubmitted saves the key result: one for each wizard, whatever is pressed twice.
func (b *Bot) detailsSubmitted(ctx context.Context, g desk.Gesture, draft store.Draft, w wizard) (desk.Reply, error) {
	w.Form = view.ParseForm(g.View.State, w.Form)
	o, err := b.Store.Objective(ctx, g.Actor.Workspace, w.Objective)
	if err != nil {
		reply, err, _ := lost(err)
		return reply, err
	}
	integrated := w.integrated()
	base := okr.KeyResult{Integrated: integrated, Cadence: okr.Cadence{Zone: o.Zone}, Precision: 9}
	if w.Edit == 0 {
		w.Form.Title, w.Form.Owner = w.Title, w.Owner
	}
	entered, first, problems := w.Form.KeyResult(base, o.Period)
	if len(problems) > 0 {
		return desk.Reply{Problems: desk.AtFields(problems, g)}, nil
	}
	var saved store.KeyResult
	var refused *desk.Reply
	err = b.Store.InTx(ctx, func(tx *store.Tx) error {
		refused = nil
		k := store.KeyResult{KeyResult: entered, Objective: o}
		if integrated {
			source, reply, err := b.source(ctx, tx, g, w)
			if err != nil || reply != nil {
				refused = reply
				return err
			}
			k.Source = source.Source
			k.Precision = int32(source.precision)
		}
		if w.Edit != 0 {
			saved, refused, err = b.saveEdit(ctx, tx, g, w, k)
		} else {
			saved, refused, err = b.saveNew(ctx, tx, g, w, k, first, draft.ID)
		}
		if err != nil || refused != nil {
			return err
		}
		w.Saved = saved.Number
		_, err = tx.SaveDraft(ctx, g.Actor, draft, draft.Step, w)
		return err
	})
	switch {
	case errors.Is(err, store.ErrChanged) && w.Edit != 0:
		return desk.ChangedElsewhere("/okr edit " + w.Key), nil
	case errors.Is(err, store.ErrChanged):
		// The same form was submitted twice at once, and the other one won.
		if _, again, err := b.wizardDraft(ctx, g); err == nil && again.Saved != 0 {
			return b.alreadySaved(ctx, g, again)
		}
		return desk.ChangedElsewhere(wizardAgain), nil
	case desk.IsNotFound(err):
		return desk.Expired(wizardAgain), nil
	case err != nil:
		return desk.Reply{}, err
	case refused != nil:
		return *refused, nil
	}
	if integrated {
		first = decimal.NullDecimal{}
	}
	return b.savedView(ctx, g, saved, w.Edit == 0, first)
}

// savedView says that a key result is saved, and what becomes of the first value that was entered.
func (b *Bot) savedView(ctx context.Context, _ desk.Gesture, k store.KeyResult, fresh bool, first decimal.NullDecimal) (desk.Reply, error) {
	now, err := b.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	modal := view.Saved(b.shown(k, now), fresh, first)
	return desk.Reply{Update: &modal, Home: true}, nil
}

func (b *Bot) alreadySaved(ctx context.Context, g desk.Gesture, w wizard) (desk.Reply, error) {
	k, err := b.Store.KeyResult(ctx, g.Actor.Workspace, w.Saved)
	if err != nil {
		return desk.Expired(wizardAgain), nil
	}
	return b.savedView(ctx, g, k, w.Edit == 0, decimal.NullDecimal{})
}

// proven is a source that the person may use at the moment of saving.
type proven struct {
	store.Source
	precision int
}

// source is what the key result will read, with the person's right to the connection asked again.
func (b *Bot) source(ctx context.Context, tx *store.Tx, g desk.Gesture, w wizard) (proven, *desk.Reply, error) {
	c, err := tx.Connection(ctx, g.Actor.Workspace, w.Connection)
	if err != nil && !desk.IsNotFound(err) {
		return proven{}, nil, err
	}
	var k store.KeyResult
	kept := w.Edit != 0 // whoever edits may keep a source that is another's private one
	if kept {
		var err error
		if k, err = tx.KeyResultByID(ctx, g.Actor.Workspace, w.Edit); err != nil {
			return proven{}, nil, err
		}
		kept = k.Source.Connection == w.Connection && k.Source.Reference == w.Reference
	}
	if desk.IsNotFound(err) || !c.MayUse(g.Actor) && !kept {
		notice := view.Notice("Connection", "This connection is not yours to use any more. Nothing was saved. Choose another one, or ask who made it to share it.")
		return proven{}, &desk.Reply{Update: &notice}, nil
	}
	s, err := tx.Scorecard(ctx, c, w.Reference)
	if desk.IsNotFound(err) && kept { // it is not listed, or no more; it stays what it was
		return proven{k.Source, int(k.Precision)}, nil, nil
	}
	if err != nil {
		return proven{}, nil, err
	}
	return proven{store.Source{
		Connection: c.ID, Reference: w.Reference, Name: s.Name, Unit: s.Unit, Frequency: s.Frequency, Direction: s.Direction, Precision: okr.PrecisionOf(s.Precision),
	}, s.Precision}, nil, nil
}

func (b *Bot) saveNew(ctx context.Context, tx *store.Tx, g desk.Gesture, _ wizard, k store.KeyResult, first decimal.NullDecimal, draft string) (store.KeyResult, *desk.Reply, error) {
	if !k.Objective.MayAddKeyResult(g.Actor) {
		r := desk.Ask(k.Objective.Owner, "add to")
		return k, &r, nil
	}
	saved, fresh, err := tx.CreateKeyResult(ctx, g.Actor, k, draft)
	if err != nil || !fresh {
		return saved, nil, err
	}
	if first.Valid && !k.Integrated {
		saved, _, err = tx.CheckIn(ctx, g.Actor, saved, store.CheckIn{
			Person: g.Actor.ID, Day: saved.Objective.Period.ValueDay(okr.DayIn(saved.Objective.Zone, tx.Now)), Value: first,
		}, "")
		if err != nil {
			return saved, nil, err
		}
	}
	return saved, nil, b.begin(ctx, tx, saved)
}

// begin has a key result's card posted, and its scores read since the period's start.
func (b *Bot) begin(ctx context.Context, tx *store.Tx, k store.KeyResult) error {
	if k.Channel != "" {
		if err := tx.AddCard(ctx, k.Workspace, k.ID, k.Channel); err != nil {
			return err
		}
	}
	if !k.Integrated || k.Paused {
		return nil
	}
	return b.jobs.Import(ctx, tx, k.Workspace, k.ID)
}

func (b *Bot) saveEdit(ctx context.Context, tx *store.Tx, g desk.Gesture, w wizard, k store.KeyResult) (store.KeyResult, *desk.Reply, error) {
	before, err := tx.LockKeyResult(ctx, g.Actor.Workspace, w.Edit)
	if err != nil {
		return k, nil, err
	}
	if !before.MayEdit(g.Actor) {
		r := desk.Ask(before.Owner, "edit")
		notice := view.NoticeOf(*r.Say)
		return k, &desk.Reply{Update: &notice}, nil
	}
	after := before
	id, number, paused := before.ID, before.Number, before.Paused
	after.KeyResult, after.Objective, after.Source, after.Version = k.KeyResult, k.Objective, k.Source, w.Version
	after.ID, after.Number, after.Workspace, after.Paused = id, number, before.Workspace, paused
	after.Result, after.Confidence = before.Result, before.Confidence
	if k.Integrated && k.Source.Reference == before.Source.Reference && k.Method != okr.HitRate {
		after.Override = before.Override
	}
	if !k.Integrated {
		after.Precision = before.Precision
	}
	saved, err := tx.EditKeyResult(ctx, g.Actor, after, "edited")
	if err != nil {
		return saved, nil, err
	}
	if err := tx.AnnounceChange(ctx, before, saved); err != nil {
		return saved, nil, err
	}
	moved := before.Source.Reference != saved.Source.Reference || before.Source.Connection != saved.Source.Connection || before.Source.Unit != saved.Source.Unit
	if moved || before.Failure.Class != "" {
		return saved, nil, b.begin(ctx, tx, saved)
	}
	if saved.Channel != "" {
		err = tx.AddCard(ctx, saved.Workspace, saved.ID, saved.Channel)
	}
	return saved, nil, err
}
