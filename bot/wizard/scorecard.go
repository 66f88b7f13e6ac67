package wizard

import (
	"context"
	"errors"
	"time"

	"github.com/shopspring/decimal"
	"github.com/slack-go/slack"

	"okrbot/accounts"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/integrations"
	"okrbot/jobs"
	"okrbot/okr"
	"okrbot/store"
)

const (
	previewScores = 500              // scores of a preview: a year of days, of which the newest are shown
	readWithin    = 12 * time.Second // bounds asking a system while somebody looks at the step

	// shownWithin bounds the same with keeping and showing what was read, or why it could not be.
	shownWithin = readWithin + 2*desk.CallWithin
)

// scorecardModal is the second step: the connection, the scorecard or a part of it, and what it says.
func (f *Flow) scorecardModal(ctx context.Context, w *Session) (slack.ModalViewRequest, error) {
	s, err := f.scorecardStep(ctx, w)
	return s.Modal(), err
}

// scorecardProblem is the second step with what is wrong; empty: nothing is.
func (f *Flow) scorecardProblem(ctx context.Context, w *Session, problem string) (slack.ModalViewRequest, error) {
	s, err := f.scorecardStep(ctx, w)
	s.Problem = problem
	return s.Modal(), err
}

func (f *Flow) scorecardStep(ctx context.Context, w *Session) (view.Scorecard, error) {
	actor := w.gesture.Actor
	list, err := f.Store.ConnectionsFor(ctx, actor)
	s := view.Scorecard{
		Draft: w.draft.ID, Revision: w.Revision, Redrawn: w.Redrawn, Editing: w.Key, System: f.connectors.Name(w.Source), Connection: w.Connection,
		Chosen: w.Part.Scorecard, ChosenName: w.ScorecardName, ChosenApart: w.Distinction, Preview: w.Preview,
	}
	for _, c := range list {
		if c.ID == w.Connection {
			if c.ID == w.AddedConnection {
				s.Added = c.Name
			}
			s.Parts = w.partFields(f.divider(c))
			if s.Left, err = f.Store.CountUnlistable(ctx, c, view.LongestValue); err != nil {
				return s, err
			}
		}
		if c.Kind == w.Source && c.MayUse(actor) {
			s.Connections = append(s.Connections, view.ConnectionChoice{ID: c.ID, Name: c.Name, Apart: []string{view.ShownAddress(c.Origin), c.Account, c.SignIn}})
		}
	}
	return s, err
}

// readScorecardEntry notes what the second step holds as it stands.
func (f *Flow) readScorecardEntry(ctx context.Context, w *Session) error {
	entry := view.ParseScorecard(w.gesture.View.State)
	switch {
	case entry.Connection != 0 && entry.Connection != w.Connection:
		w.chooseConnection(entry.Connection)
		return nil
	case view.Nothing(entry.Scorecard).Is(): // the option that says why there is none
		w.chooseConnection(0)
		w.chooseConnection(entry.Connection)
		return nil
	case entry.Scorecard == "":
		return nil
	case entry.Scorecard != w.Part.Scorecard:
		w.chooseScorecard(entry.Scorecard, entry.Name)
		var err error
		w.Distinction, err = f.Distinction(ctx, store.Connection{ID: w.Connection, Workspace: w.gesture.Actor.Workspace, Kind: w.Source}, entry.Scorecard)
		return err
	}
	c, err := f.usableConnection(ctx, w)
	if err != nil && !desk.IsNotFound(err) {
		return err
	}
	w.choosePart(entry.Part, f.divider(c))
	return nil
}

// chooseConnection takes a connection; what was chosen from another one goes.
func (s *state) chooseConnection(connection int64) {
	if s.Connection != connection {
		s.chooseScorecard("", "")
		s.Connection = connection
	}
	s.Redrawn++
}

// chooseScorecard takes a whole scorecard; what was read of another one goes.
func (s *state) chooseScorecard(reference, name string) {
	s.Reference, s.Part, s.PartLists = reference, integrations.Part{Scorecard: reference}, nil
	s.SourceName, s.ScorecardName, s.Distinction = name, name, ""
	s.Preview, s.Prefilled = nil, false
}

// usableConnection is the chosen connection, if the person may use it; else store.ErrNotFound.
func (f *Flow) usableConnection(ctx context.Context, w *Session) (store.Connection, error) {
	c, err := f.Store.Connection(ctx, w.gesture.Actor.Workspace, w.Connection)
	if err == nil && !c.MayUse(w.gesture.Actor) {
		err = store.ErrNotFound
	}
	return c, err
}

// ConnectionChosen takes the connection; the scorecard is asked for again.
func (f *Flow) ConnectionChosen(ctx context.Context, w *Session) (desk.Reply, error) {
	entry := view.ParseScorecard(w.gesture.View.State)
	if entry.Connection == w.Connection {
		return desk.Reply{}, nil
	}
	w.chooseConnection(entry.Connection)
	return f.goTo(ctx, w, w.draft.Step)
}

// ScorecardChosen shows what the chosen scorecard, or part of it, says now, and how it can be divided
// further.
func (f *Flow) ScorecardChosen(ctx context.Context, w *Session) (desk.Reply, error) {
	reference, part := w.Reference, w.Part
	if shown := view.ParseScorecard(w.gesture.View.State).Connection; shown != 0 && shown != w.Connection {
		w.chooseConnection(shown) // it was chosen, and whoever was told of it ended
	}
	if err := f.readScorecardEntry(ctx, w); err != nil {
		return desk.Reply{}, err
	}
	if chosen := view.Nothing(view.ParseScorecard(w.gesture.View.State).Scorecard); chosen.Is() {
		if err := f.save(ctx, w, w.draft.Step); err != nil {
			return desk.Reply{}, err
		}
		modal, err := f.scorecardProblem(ctx, w, chosen.Sentence(f.searched(w.Source)))
		return desk.Reply{Update: &modal}, err
	}
	if w.Reference == "" || w.Reference == reference && w.Part == part && w.Preview != nil {
		return desk.Reply{}, nil
	}
	return f.readPreview(ctx, w)
}

// PreviewPressed shows what the chosen scorecard says now.
func (f *Flow) PreviewPressed(ctx context.Context, w *Session) (desk.Reply, error) {
	if err := f.readScorecardEntry(ctx, w); err != nil {
		return desk.Reply{}, err
	}
	if w.Reference == "" {
		modal, err := f.scorecardProblem(ctx, w, "Choose a scorecard first, then press Preview results.")
		return desk.Reply{Update: &modal}, err
	}
	w.Preview = nil
	return f.readPreview(ctx, w)
}

// readPreview says in the step that the scorecard is being read, and shows it there when it is.
func (f *Flow) readPreview(ctx context.Context, w *Session) (desk.Reply, error) {
	if err := f.save(ctx, w, w.draft.Step); err != nil {
		return desk.Reply{}, err
	}
	s, err := f.scorecardStep(ctx, w)
	if err != nil {
		return desk.Reply{}, err
	}
	s.Reading, s.Preview = true, nil
	reading := s.Modal()
	return desk.Reply{LaterWithin: shownWithin, Later: func(ctx context.Context, at desk.OpenView) {
		at = f.showNewest(ctx, w, at, reading)
		asking, cancel := context.WithTimeout(ctx, readWithin)
		defer cancel()
		problem := f.read(ctx, asking, w)
		if problem == "" {
			problem = f.listParts(asking, w)
		}
		draft, err := f.Store.NoteInDraft(ctx, w.gesture.Actor, w.draft, w.state)
		var modal slack.ModalViewRequest
		if err == nil {
			w.draft = draft
			modal, err = f.scorecardProblem(ctx, w, problem)
		}
		f.showRead(ctx, w, at, modal, err)
	}}, nil
}

// scorecardSubmitted goes on to the details, by way of the system unless it was just previewed.
func (f *Flow) scorecardSubmitted(ctx context.Context, w *Session) (desk.Reply, error) {
	if err := f.readScorecardEntry(ctx, w); err != nil {
		return desk.Reply{}, err
	}
	problems := w.partProblems()
	if _, err := f.usableConnection(ctx, w); desk.IsNotFound(err) {
		problems[view.FieldConnection] = "Choose a connection that is yours or shared with you."
	} else if err != nil {
		return desk.Reply{}, err
	}
	if w.Reference == "" {
		problems[view.FieldScorecard] = "Choose a scorecard."
	}
	if len(problems) > 0 {
		return desk.Reply{Problems: desk.AtFields(problems, w.gesture)}, nil
	}
	w.AddedConnection = 0
	if w.Preview != nil {
		return f.prefilledDetails(ctx, w)
	}
	return f.readOnTheWay(ctx, w)
}

// prefilledDetails goes on to the details with a scorecard that was read.
func (f *Flow) prefilledDetails(ctx context.Context, w *Session) (desk.Reply, error) {
	o, err := f.Store.Objective(ctx, w.gesture.Actor.Workspace, w.Objective)
	if err != nil {
		return desk.Reply{}, err
	}
	w.prefill(w.Preview, o)
	return f.goTo(ctx, w, view.StepDetails)
}

// readOnTheWay reads the scorecard in a view of its own, and goes on to the details, or back to the
// second step where it cannot be read.
func (f *Flow) readOnTheWay(ctx context.Context, w *Session) (desk.Reply, error) {
	w.Revision++
	if err := f.save(ctx, w, w.draft.Step); err != nil {
		return desk.Reply{}, err
	}
	reading := view.Reading(w.draft.ID, w.Revision, w.Key, f.connectors.Name(w.Source))
	return desk.Reply{Update: &reading, LaterWithin: shownWithin, Later: func(ctx context.Context, at desk.OpenView) {
		asking, cancel := context.WithTimeout(ctx, readWithin)
		defer cancel()
		problem := f.read(ctx, asking, w)
		if problem == "" {
			reply, err := f.prefilledDetails(ctx, w)
			var modal slack.ModalViewRequest
			if reply.Update != nil {
				modal = *reply.Update
			}
			f.showRead(ctx, w, at, modal, err)
			return
		}
		w.Revision++
		err := f.save(ctx, w, view.StepScorecard)
		var modal slack.ModalViewRequest
		if err == nil {
			modal, err = f.scorecardProblem(ctx, w, problem)
		}
		f.showRead(ctx, w, at, modal, err)
	}}, nil
}

// showRead shows the step after the scorecard was read, or why it cannot be. Nothing is shown where the
// person went on meanwhile.
func (f *Flow) showRead(ctx context.Context, w *Session, at desk.OpenView, modal slack.ModalViewRequest, err error) {
	if desk.IsNotFound(err) {
		var reply desk.Reply
		if reply, err = f.missing(ctx, w); err == nil {
			modal = *reply.Update
		}
	}
	switch {
	case errors.Is(err, store.ErrChanged):
		return
	case err != nil:
		ref := desk.Reference()
		f.Log.Error("showing a scorecard", "actor", w.gesture.Actor.ID, "ref", ref, "error", err)
		modal = view.Notice(view.SourceTitle(w.Key), desk.WentWrong(ref))
	}
	f.showNewest(ctx, w, at, modal)
}

// showNewest shows a view of the wizard, unless the person went on meanwhile. Where the view has
// changed since, the draft decides: somebody quick chooses the next thing before this one is shown.
func (f *Flow) showNewest(ctx context.Context, w *Session, at desk.OpenView, modal slack.ModalViewRequest) desk.OpenView {
	shown, err := f.Slack.Change(ctx, at, modal)
	if desk.CodeOf(err) == "hash_conflict" {
		if newest, missing := f.load(ctx, w.gesture, w.draft.ID); missing == nil && newest.draft.Version == w.draft.Version {
			shown, err = f.Slack.Change(ctx, desk.OpenView{ID: at.ID}, modal)
		}
	}
	switch code := desk.CodeOf(err); {
	case err == nil:
		return shown
	case code != "hash_conflict" && code != "not_found":
		f.Log.Warn("showing a scorecard", "actor", w.gesture.Actor.ID, "code", code)
	}
	return at
}

// read asks the system for the chosen scorecard unless it was read already, and notes what it says as
// the preview. The problem is a sentence for the person; empty: there is a preview. What the system says
// too late is no reason to say nothing: asking is its own time.
func (f *Flow) read(ctx, asking context.Context, w *Session) (problem string) {
	if w.Preview != nil {
		return ""
	}
	c, err := f.usableConnection(ctx, w)
	if err != nil {
		return "This connection is not yours to use any more. Choose another one."
	}
	connector, err := f.connectors.ByKind(c.Kind)
	if err != nil {
		return "This okrbot does not read from that system. Choose another connection."
	}
	if c.State != store.Active {
		return f.signInProblem(c)
	}
	var s integrations.Scorecard
	err = f.accounts.Ask(asking, c, func(account integrations.Account) error {
		s, err = connector.Describe(asking, account, w.Reference, previewScores)
		return err
	})
	var failure *integrations.Error
	switch {
	case errors.As(err, &failure):
		return failure.Sentence()
	case err != nil && asking.Err() != nil:
		return connector.Name() + " takes too long to say what is in this scorecard. What you entered is kept. Press Preview results again."
	case err != nil:
		return "Something went wrong while reading the scorecard. Press Preview results again."
	}
	if err := f.keepScorecards(ctx, c, (*store.Tx).SaveRead, jobs.Listed([]integrations.Scorecard{s})); err != nil {
		f.Log.Warn("keeping a scorecard", "connection", c.ID, "error", err)
	}
	now, err := f.Store.Now(ctx)
	if err != nil {
		now = time.Now() // for showing a year only
	}
	p := previewOf(s, okr.DayIn(w.gesture.Zone, now))
	if p.Apart, err = f.Distinction(ctx, c, w.Reference); err != nil {
		f.Log.Warn("looking for scorecards of the same name", "connection", c.ID, "error", err)
	}
	w.Preview, w.SourceName, w.Distinction = &p, p.Name, p.Apart
	return ""
}

// signInProblem is why a connection is not used any more, as a sentence for the person.
func (f *Flow) signInProblem(c store.Connection) string {
	if c.State == store.Broken {
		return accounts.Broken().Sentence()
	}
	return f.connectors.Name(c.Kind) + " refused this connection's sign-in. Reconnect it under `/okr connections`, or choose another one."
}

// previewOf is what a scorecard says on a day. A score of a day to come is not its value.
func previewOf(s integrations.Scorecard, day okr.Day) view.Preview {
	p := view.Preview{
		Name: view.ShownName(s.Name, s.Ref), Unit: s.Unit, Precision: int32(s.Precision), Better: string(s.Direction), Frequency: s.Frequency,
		Value: s.Value, Target: s.Target, Today: day,
	}
	var all []okr.Reading
	for _, score := range s.Scores {
		start, end := okr.DayOf(score.Start), okr.DayOf(score.End)
		all = append(all, okr.Reading{Day: end, Counts: okr.CountsFrom(start, end, okr.Frequency(s.Frequency)), Value: score.Value})
	}
	p.Scores, p.Ahead = scoresOf(okr.Counting(all, day)), scoresOf(okr.Ahead(all, day))
	switch {
	case len(p.Scores) > 0:
		p.Value, p.AsOf = decimal.NewNullDecimal(p.Scores[0].Value), p.Scores[0].Day
	case len(p.Ahead) > 0:
		p.Value = decimal.NullDecimal{}
	}
	return p
}

func scoresOf(list []okr.Reading) []view.PreviewScore {
	var scores []view.PreviewScore
	for _, r := range list {
		scores = append(scores, view.PreviewScore{Day: r.Day, Counts: r.Counts, Value: r.Value})
	}
	return scores
}
