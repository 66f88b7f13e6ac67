package bot

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"
	"github.com/slack-go/slack"

	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

const (
	suggested    = 50                     // scorecards of a type-ahead
	nearMost     = 10                     // of those whose names are only near
	liveWithin   = 250 * time.Millisecond // from a query on, of a search that the directory could not answer
	previewed    = 500                    // scores of a preview: a year of days, of which the newest are shown
	describeTime = 12 * time.Second
)

// take notes what the second step holds.
func (b *Bot) take(ctx context.Context, g desk.Gesture, w *wizard) error {
	e := view.ParseScorecard(g.View.State)
	if e.Connection != 0 && e.Connection != w.Connection {
		w.choose(e.Connection)
		return nil
	}
	if view.Nothing(e.Scorecard).Is() { // the option that says why there is none
		w.choose(0)
		w.choose(e.Connection)
		return nil
	}
	if e.Scorecard == "" {
		return nil
	}
	if e.Scorecard != w.Part.Scorecard {
		w.Reference, w.Part = e.Scorecard, integrations.Part{Scorecard: e.Scorecard}
		w.Name, w.Whole, w.Apart, w.Lists, w.Preview, w.Filled = e.Name, e.Name, "", nil, nil, false
		var err error
		w.Apart, err = b.apart(ctx, store.Connection{ID: w.Connection, Workspace: g.Actor.Workspace, Kind: w.Source}, e.Scorecard)
		return err
	}
	c, err := b.usable(ctx, g, w.Connection)
	if err != nil && !desk.IsNotFound(err) {
		return err
	}
	w.takePart(e.Part, b.divider(c))
	return nil
}

// wizardConnectionChosen takes the connection; the scorecard is asked for again.
func (b *Bot) wizardConnectionChosen(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, w, err := b.wizardDraft(ctx, g)
	if reply, err, is := lost(err); is {
		return reply, err
	}
	e := view.ParseScorecard(g.View.State)
	if e.Connection == w.Connection {
		return desk.Reply{}, nil
	}
	w.choose(e.Connection)
	return b.turn(ctx, g, draft, w, draft.Step)
}

// usable is the chosen connection, if the person may use it.
func (b *Bot) usable(ctx context.Context, g desk.Gesture, id int64) (store.Connection, error) {
	c, err := b.Store.Connection(ctx, g.Actor.Workspace, id)
	if err == nil && !c.MayUse(g.Actor) {
		err = store.ErrNotFound
	}
	return c, err
}

// scorecardChoices fills the type-ahead from the connection's directory. When that finds
// nothing, the system is asked for as long as the person does not notice; when that has nothing
// either, the nearest names are offered, marked as near.
func (b *Bot) scorecardChoices(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	began := time.Now()
	_, w, err := b.wizardDraft(ctx, g)
	if desk.IsNotFound(err) {
		return desk.Reply{Options: view.Options(nil)}, nil
	}
	if err != nil {
		return desk.Reply{}, err
	}
	c, err := b.usable(ctx, g, w.Connection)
	if desk.IsNotFound(err) {
		return desk.Reply{Options: view.Options(nil)}, nil
	}
	if err != nil {
		return desk.Reply{}, err
	}
	whole := func(ref string) bool { return b.partOf(c, ref).Scorecard == ref }
	offer := func(list []view.ScorecardChoice) (desk.Reply, error) {
		references := make([]string, len(list))
		for i, s := range list {
			references[i] = s.Reference
		}
		twins, err := b.Store.ScorecardTwins(ctx, c, references...)
		return desk.Reply{Options: view.ScorecardChoices(list, choices(twins, whole))}, err
	}
	search := func() ([]view.ScorecardChoice, error) {
		found, err := b.Store.SearchScorecards(ctx, c, g.Query, suggested)
		return choices(found, whole), err
	}
	list, err := search()
	if err != nil {
		return desk.Reply{}, err
	}
	if len(list) > 0 {
		return offer(list)
	}
	if c.State != store.Active {
		return desk.Reply{Options: view.Refused.Option(b.searched(c.Kind))}, nil
	}
	near, err := b.nearScorecards(ctx, c, g.Query, whole)
	if err != nil {
		return desk.Reply{}, err
	}
	hidden, more, why := b.searchLive(ctx, c, g.Query, liveWithin-time.Since(began))
	if more {
		if list, err = search(); err != nil {
			return desk.Reply{}, err
		}
		if len(list) > 0 {
			return offer(list)
		}
	}
	unlisted := cmp.Or(b.searchWords(c.Kind).Hidden, "not listed")
	for _, s := range hidden {
		list = append(list, view.ScorecardChoice{Reference: s.Ref, Name: s.Name, Description: s.Description, Unit: s.Unit, Frequency: s.Frequency, Hidden: unlisted})
	}
	if len(list) > 0 {
		return offer(list)
	}
	if len(near) > 0 {
		r, err := offer(near)
		r.Options = append(view.OnlyNear.Option(b.searched(c.Kind)), r.Options...)
		return r, err
	}
	return desk.Reply{Options: b.nothing(c.Kind, g.Query, why).Option(b.searched(c.Kind))}, nil
}

// nearScorecards are those of a connection's directory whose names are nearest to misspelt words.
func (b *Bot) nearScorecards(ctx context.Context, c store.Connection, words string, whole func(string) bool) ([]view.ScorecardChoice, error) {
	misspelt := okr.Misspelt(words)
	if misspelt.Nothing() {
		return nil, nil
	}
	type near struct {
		reference string
		far       okr.Distance
	}
	var found []near
	err := b.Store.EachScorecardName(ctx, c, func(reference, name string, liked bool) {
		if far, ok := misspelt.Near(name, liked); ok {
			found = append(found, near{reference, far})
		}
	})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	slices.SortFunc(found, func(a, b near) int {
		return cmp.Or(a.far.Compare(b.far), cmp.Compare(a.reference, b.reference))
	})
	var references []string
	for _, n := range found[:min(len(found), nearMost)] {
		references = append(references, n.reference)
	}
	rows, err := b.Store.NearScorecards(ctx, c, references)
	list := choices(rows, whole)
	for i := range list {
		list[i].Near = true
	}
	return list, err
}

// searchWords are what a kind of system adds to what is said of a search.
func (b *Bot) searchWords(kind string) integrations.SearchWords {
	if connector, err := b.connectors.ByKind(kind); err == nil {
		if w, ok := connector.(integrations.Worded); ok {
			return w.SearchWords()
		}
	}
	return integrations.SearchWords{}
}

// searched is a kind of system as the reasons for finding nothing speak of it.
func (b *Bot) searched(kind string) view.Searched {
	w := b.searchWords(kind)
	return view.Searched{
		System: b.systemName(kind), Unfound: w.Unfound, Unlisted: w.Unlisted, Commas: w.Commas,
		Forbidden: cmp.Or(w.Forbidden, "Ask whoever runs it to allow that."),
	}
}

// nothing is why a search found none.
func (b *Bot) nothing(kind, words string, err error) view.Nothing {
	var failure *integrations.Error
	switch {
	case errors.As(err, &failure) && failure.Class == integrations.Forbidden:
		return view.NotAllowed
	case errors.As(err, &failure) && failure.Class == integrations.Unauthorized:
		return view.Refused
	case err != nil:
		return view.NotInTime
	case strings.TrimSpace(words) == "":
		return view.NoneYet
	case strings.Contains(strings.Trim(words, ", "), ",") && b.searchWords(kind).Commas != "":
		return view.NotAll
	}
	return view.NoSuchName
}

// choices are whole scorecards: their parts are chosen afterwards.
func choices(found []store.Scorecard, whole func(ref string) bool) []view.ScorecardChoice {
	var list []view.ScorecardChoice
	for _, s := range found {
		if whole(s.Reference) {
			list = append(list, choiceOf(s))
		}
	}
	return list
}

func choiceOf(s store.Scorecard) view.ScorecardChoice {
	return view.ScorecardChoice{Reference: s.Reference, Name: s.Name, Description: s.Description, Unit: s.Unit, Frequency: s.Frequency}
}

// apart is what tells a scorecard of a connection from others of its name; empty when there is none.
func (b *Bot) apart(ctx context.Context, c store.Connection, reference string) (string, error) {
	twins, err := b.Store.ScorecardTwins(ctx, c, reference)
	if err != nil {
		return "", err
	}
	whole := func(ref string) bool { return b.partOf(c, ref).Scorecard == ref }
	return view.Apart(choices(twins, whole), reference), nil
}

// searchLive puts what the system finds into the directory, if it answers soon enough, and gives what
// it finds only where it shows nothing. More says whether the directory has it now.
func (b *Bot) searchLive(ctx context.Context, c store.Connection, words string, within time.Duration) (hidden []integrations.Scorecard, more bool, why error) {
	connector, err := b.connectors.ByKind(c.Kind)
	if err != nil {
		return nil, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	var page integrations.Page
	if err := b.jobs.With(ctx, c, func(account integrations.Account) error {
		var also sync.WaitGroup
		if h, ok := connector.(integrations.Hider); ok && words != "" {
			also.Go(func() {
				hidden, _ = h.SearchHidden(ctx, account, words) // what keeps us from it is told by the other search
			})
		}
		var err error
		page, err = connector.Search(ctx, account, words, 1)
		also.Wait()
		return err
	}); err != nil {
		return hidden, false, err
	}
	keep, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer done()
	if err := b.keepScorecards(keep, c, page.Scorecards); err != nil {
		b.Log.Warn("keeping scorecards that were found", "connection", c.ID, "error", err)
	}
	return hidden, len(page.Scorecards) > 0, nil
}

func (b *Bot) keepScorecards(ctx context.Context, c store.Connection, list []integrations.Scorecard) error {
	listed := make([]store.Listed, len(list))
	for i, s := range list {
		listed[i] = store.Listed{Key: s.Key, Favorite: s.Favorite, Scorecard: store.Scorecard{
			Reference: s.Ref, Name: s.Name, Description: s.Description, Unit: s.Unit, Precision: s.Precision,
			Direction: string(s.Direction), Frequency: s.Frequency, Target: s.Target, Value: s.Value,
		}}
	}
	return b.Store.InTx(ctx, func(tx *store.Tx) error { return tx.SaveScorecards(ctx, c, listed) })
}

// wizardPreview shows what the chosen scorecard says now.
func (b *Bot) wizardPreview(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, w, err := b.wizardDraft(ctx, g)
	if reply, err, is := lost(err); is {
		return reply, err
	}
	if err := b.take(ctx, g, &w); err != nil {
		return desk.Reply{}, err
	}
	if w.Reference == "" {
		return b.scorecardProblem(ctx, g, draft, w, "Choose a scorecard first, then press Preview results.")
	}
	w.Preview = nil
	return b.readPart(ctx, g, draft, w)
}

// readPart says that the scorecard is being read, and shows it when it is.
func (b *Bot) readPart(ctx context.Context, g desk.Gesture, draft store.Draft, w wizard) (desk.Reply, error) {
	draft, err := b.Store.SaveDraft(ctx, g.Actor, draft, draft.Step, w)
	if reply, err, is := lost(err); is {
		return reply, err
	}
	modal, err := b.scorecardState(ctx, g, draft, w, func(s *view.Scorecard) { s.Reading, s.Preview = true, nil })
	if err != nil {
		return desk.Reply{}, err
	}
	return desk.Reply{LaterWithin: describeTime, Later: func(ctx context.Context, at desk.OpenView) {
		at = b.showNewest(ctx, g, at, draft, modal)
		b.afterDescribe(ctx, g, at, draft, w, view.StepScorecard)
	}}, nil
}

// scorecardSubmitted goes on to the details, by way of the system unless it was just previewed.
func (b *Bot) scorecardSubmitted(ctx context.Context, g desk.Gesture, draft store.Draft, w wizard) (desk.Reply, error) {
	if err := b.take(ctx, g, &w); err != nil {
		return desk.Reply{}, err
	}
	problems := okr.Problems{}
	w.unfinished(problems)
	if _, err := b.usable(ctx, g, w.Connection); desk.IsNotFound(err) {
		problems[view.FieldConnection] = "Choose a connection that is yours or shared with you."
	} else if err != nil {
		return desk.Reply{}, err
	}
	if w.Reference == "" {
		problems[view.FieldScorecard] = "Choose a scorecard."
	}
	if len(problems) > 0 {
		return desk.Reply{Problems: desk.AtFields(problems, g)}, nil
	}
	if w.Preview != nil {
		return b.connected(ctx, g, draft, w)
	}
	w.Turn++
	draft, err := b.Store.SaveDraft(ctx, g.Actor, draft, draft.Step, w)
	if reply, err, is := lost(err); is {
		return reply, err
	}
	title := "Add key result"
	if w.Key != "" {
		title = "Source of " + w.Key
	}
	modal := view.Reading(draft.ID, w.Turn, title, b.systemName(w.Source))
	return desk.Reply{Update: &modal, LaterWithin: describeTime, Later: func(ctx context.Context, at desk.OpenView) {
		b.afterDescribe(ctx, g, at, draft, w, view.StepDetails)
	}}, nil
}

// connected goes on to the details with a scorecard that was read.
func (b *Bot) connected(ctx context.Context, g desk.Gesture, draft store.Draft, w wizard) (desk.Reply, error) {
	o, err := b.Store.Objective(ctx, g.Actor.Workspace, w.Objective)
	if reply, err, is := lost(err); is {
		return reply, err
	}
	w.fill(w.Preview, o)
	return b.turn(ctx, g, draft, w, view.StepDetails)
}

// afterDescribe reads the scorecard and shows the step: with the preview, or with why there is none.
func (b *Bot) afterDescribe(ctx context.Context, g desk.Gesture, at desk.OpenView, draft store.Draft, w wizard, step string) {
	var problem string
	if w.Preview == nil {
		if w.Preview, problem = b.describe(ctx, g, w); w.Preview != nil {
			w.Name, w.Apart = w.Preview.Name, w.Preview.Apart
		}
	}
	if step == view.StepScorecard && problem == "" {
		problem = b.divide(ctx, g, &w)
	}
	var modal slack.ModalViewRequest
	var err error
	switch {
	case problem != "" && step == view.StepDetails: // back from the view that says that it is read
		w.Turn++
		if draft, err = b.Store.SaveDraft(ctx, g.Actor, draft, view.StepScorecard, w); err == nil {
			modal, err = b.scorecardState(ctx, g, draft, w, func(s *view.Scorecard) { s.Problem = problem })
		}
	case step == view.StepDetails:
		var r desk.Reply
		if r, err = b.connected(ctx, g, draft, w); err == nil && r.Update != nil {
			modal = *r.Update // or that the person went on meanwhile
		}
	default:
		if draft, err = b.Store.NoteInDraft(ctx, g.Actor, draft, w); err == nil {
			modal, err = b.scorecardState(ctx, g, draft, w, func(s *view.Scorecard) { s.Problem = problem })
		}
	}
	if errors.Is(err, store.ErrChanged) {
		return // the person went on meanwhile
	}
	if err != nil {
		ref := desk.Reference()
		b.Log.Error("showing a scorecard", "actor", g.Actor.ID, "ref", ref, "error", err)
		modal = view.Notice("Add key result", desk.WentWrong(ref))
	}
	b.showNewest(ctx, g, at, draft, modal)
}

// showNewest shows a view of the wizard, unless the person went on meanwhile. Where the view has
// changed since, the draft decides: somebody quick chooses the next thing before this one is shown.
func (b *Bot) showNewest(ctx context.Context, g desk.Gesture, at desk.OpenView, draft store.Draft, modal slack.ModalViewRequest) desk.OpenView {
	shown, err := b.Slack.Change(ctx, at, modal)
	if desk.CodeOf(err) == "hash_conflict" {
		if newest, _, lost := b.wizardDraft(ctx, g); lost == nil && newest.Version == draft.Version {
			shown, err = b.Slack.Change(ctx, desk.OpenView{ID: at.ID}, modal)
		}
	}
	switch code := desk.CodeOf(err); {
	case err == nil:
		return shown
	case code != "hash_conflict" && code != "not_found":
		b.Log.Warn("showing a scorecard", "actor", g.Actor.ID, "code", code)
	}
	return at
}

// describe reads the chosen scorecard live; the problem is a sentence for the person.
func (b *Bot) describe(ctx context.Context, g desk.Gesture, w wizard) (*view.Preview, string) {
	c, err := b.usable(ctx, g, w.Connection)
	if err != nil {
		return nil, "This connection is not yours to use any more. Choose another one."
	}
	connector, err := b.connectors.ByKind(c.Kind)
	if err != nil {
		return nil, "This okrbot does not read from that system. Choose another connection."
	}
	if c.State != store.Active {
		return nil, connector.Name() + " refused this connection's sign-in. Reconnect it under `/okr connections`, or choose another one."
	}
	var s integrations.Scorecard
	err = b.jobs.With(ctx, c, func(account integrations.Account) error {
		s, err = connector.Describe(ctx, account, w.Reference, previewed)
		return err
	})
	var failure *integrations.Error
	switch {
	case errors.As(err, &failure):
		return nil, failure.Sentence()
	case err != nil:
		return nil, "Something went wrong while reading the scorecard. Press Preview results again."
	}
	if err := b.keepScorecards(ctx, c, []integrations.Scorecard{s}); err != nil {
		b.Log.Warn("keeping a scorecard", "connection", c.ID, "error", err)
	}
	now, err := b.Store.Now(ctx)
	if err != nil {
		now = time.Now() // for showing a year only
	}
	p := &view.Preview{
		Name: view.ShownName(s.Name, s.Ref), Unit: s.Unit, Precision: int32(s.Precision), Better: string(s.Direction), Frequency: s.Frequency,
		Value: s.Value, Target: s.Target, Today: okr.DayIn(g.Zone, now),
	}
	if p.Apart, err = b.apart(ctx, c, b.partOf(c, w.Reference).Scorecard); err != nil {
		b.Log.Warn("looking for scorecards of the same name", "connection", c.ID, "error", err)
	}
	var all []okr.Reading
	for _, score := range s.Scores {
		start, end := okr.DayOf(score.Start), okr.DayOf(score.End)
		all = append(all, okr.Reading{Day: end, Counts: okr.CountsFrom(start, end, okr.Frequency(s.Frequency)), Value: score.Value})
	}
	p.Scores, p.Ahead = previewScores(okr.Counting(all, p.Today)), previewScores(okr.Ahead(all, p.Today))
	switch {
	case len(p.Scores) > 0:
		p.Value, p.AsOf = decimal.NewNullDecimal(p.Scores[0].Value), p.Scores[0].Day
	case len(p.Ahead) > 0:
		p.Value = decimal.NullDecimal{} // it is of a day to come
	}
	return p, ""
}

func previewScores(list []okr.Reading) []view.PreviewScore {
	var shown []view.PreviewScore
	for _, r := range list {
		shown = append(shown, view.PreviewScore{Day: r.Day, Counts: r.Counts, Value: r.Value})
	}
	return shown
}

// scorecardProblem shows the second step with a sentence in it.
func (b *Bot) scorecardProblem(ctx context.Context, g desk.Gesture, draft store.Draft, w wizard, problem string) (desk.Reply, error) {
	modal, err := b.scorecardState(ctx, g, draft, w, func(s *view.Scorecard) { s.Problem = problem })
	return desk.Reply{Update: &modal}, err
}

func (b *Bot) scorecardState(ctx context.Context, g desk.Gesture, draft store.Draft, w wizard, change func(*view.Scorecard)) (slack.ModalViewRequest, error) {
	s, err := b.scorecardStep(ctx, g, draft, w)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	change(&s)
	return s.Modal(), nil
}

// objectiveChoices fills the type-ahead of objectives, the person's own first.
func (b *Bot) objectiveChoices(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	now, err := b.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	all, err := b.Store.Objectives(ctx, g.Actor.Workspace, "", g.Query, okr.DayIn(g.Zone, now), 100)
	if err != nil {
		return desk.Reply{}, err
	}
	var mine, others [][2]string
	for _, o := range all {
		if !o.MayAddKeyResult(g.Actor) {
			continue
		}
		pair := [2]string{strconv.FormatInt(o.ID, 10), view.ObjectiveLabel(o)}
		if o.Owner == g.Actor.ID {
			mine = append(mine, pair)
		} else {
			others = append(others, pair)
		}
	}
	return desk.Reply{Options: view.Options(append(mine, others...))}, nil
}
