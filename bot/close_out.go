package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"okrbot/bot/command"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/jobs"
	"okrbot/okr"
	"okrbot/store"
)

// closing is the draft of a close-out on its way through its steps.
type closing struct {
	Objective int64
	Next      okr.Period // that the form names; zero in a draft of a version that did not keep it
	Note      string
	Chosen    int              // raised with every choice of what goes on
	Carry     []int64          // those that need a new target first
	Page      int              // of their targets
	Targets   map[int64]string // as typed on the pages before; others stay as they are
}

// mostToCloseOut is how many objectives to close out are looked through.
const mostToCloseOut = 1000

var closeOutForm = desk.Form[closing]{Kind: view.CallbackCloseOut, Again: "/okr close-out"}

// closeOuts end objectives after their last day, and have key results go on.
type closeOuts struct {
	shows
	jobs *jobs.Client
}

// command is "/okr close-out", "/okr close-out O-1", and "/okr close-out Be calm" with words of a title: the
// form where there is one objective to close out, else the choice. Administrators choose among all, others
// among their own.
func (f closeOuts) command(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	words, err := f.WordsOf(ctx, g, g.Text)
	if err != nil {
		return desk.Reply{}, err
	}
	if len(words) == 1 {
		if n, ok := words[0].ObjectiveKey(); ok {
			return f.numbered(ctx, g, n)
		}
		if n, ok := words[0].Key(); ok && spelledOut(words) {
			return desk.Say(fmt.Sprintf("`/okr close-out` takes an objective, and KR-%d is a key result: it is closed out with its objective. `/okr close-out` alone shows which can be.", n)), nil
		}
		if r, ok := desk.NoneSuch(words[0]); ok {
			return r, nil
		}
	}
	title := view.Cut(command.Unquoted(g.Text), okr.MaxTitle)
	list, err := f.ended(ctx, g, title)
	if err != nil {
		return desk.Reply{}, err
	}
	if len(list) == 1 {
		return f.open(ctx, g, list[0])
	}
	return f.choice(list, title, 0), nil
}

// numbered is the form of one objective.
func (f closeOuts) numbered(ctx context.Context, g desk.Gesture, number int) (desk.Reply, error) {
	o, err := f.Store.ObjectiveByNumber(ctx, g.Actor.Workspace, number)
	if desk.IsNotFound(err) {
		return desk.NoSuchObjective(okr.Objective{Number: number}.Key()), nil
	}
	if err != nil {
		return desk.Reply{}, err
	}
	return f.open(ctx, g, o)
}

// turned shows another part of the choice in the place of the one whose button was pressed.
func (f closeOuts) turned(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	from, title := view.ParsePage(g.Action.Value)
	title = view.Cut(title, okr.MaxTitle)
	list, err := f.ended(ctx, g, title)
	if err != nil {
		return desk.Reply{}, err
	}
	r := f.choice(list, title, from)
	r.Replace = true
	return r, nil
}

// ended are the objectives that somebody can close out, whose titles have some words.
func (f closeOuts) ended(ctx context.Context, g desk.Gesture, title string) ([]okr.Objective, error) {
	leader := g.Actor.ID
	if okr.May(g.Actor, okr.CloseOut) {
		leader = ""
	}
	now, err := f.Store.Now(ctx)
	if err != nil {
		return nil, err
	}
	list, err := f.Store.EndedObjectives(ctx, g.Actor.Workspace, leader, now, mostToCloseOut)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(o okr.Objective) bool { return !o.MayCloseOut(g.Actor) })
	if len(list) == 0 {
		return nil, desk.Instead(desk.Say("No objective of yours is to be closed out: none has had its last day, or all that have are closed out already. Objectives are closed out by their owners and co-owners, and by administrators."), store.ErrNotFound)
	}
	if title == "" {
		return list, nil
	}
	titles, known := make([]string, len(list)), make([]store.KnownTitle, len(list))
	for i, o := range list {
		titles[i], known[i] = o.Title, store.KnownTitle{Key: o.Key(), Title: o.Title}
	}
	var named []okr.Objective
	for _, i := range command.TitlesOf(titles).With(title) {
		named = append(named, list[i])
	}
	if len(named) > 0 {
		return named, nil
	}
	near := view.NameChoice{Verb: "close-out", Of: desk.Nearest(known, title)}
	near.Says = "No objective that you can close out has " + view.Quote(title) + " in its title. "
	if len(near.Of) == 0 {
		return nil, desk.Instead(desk.Say(near.Says+"`/okr close-out` alone shows them."), store.ErrNotFound)
	}
	near.Says += "Is it one of these?"
	m := near.Message()
	return nil, desk.Instead(desk.Reply{Say: &m}, store.ErrNotFound)
}

func (f closeOuts) choice(list []okr.Objective, title string, from int) desk.Reply {
	from = view.PageFrom(from, len(list), view.CloseOutsListed)
	m := view.ToCloseOut(list[from:min(len(list), from+view.CloseOutsListed)], from, len(list), title)
	return desk.Reply{Say: &m}
}

// pressed is the button Close out.
func (f closeOuts) pressed(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	o, err := f.PressedObjective(ctx, g, g.Action.Value)
	if err != nil {
		return desk.Reply{}, err
	}
	return f.open(ctx, g, o)
}

// all is the button See all under a summary.
func (f closeOuts) all(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	objective, shown, _ := strings.Cut(g.Action.Value, ":")
	from, _ := strconv.Atoi(shown)
	o, err := f.PressedObjective(ctx, g, objective)
	if err != nil {
		return desk.Reply{}, err
	}
	c, err := f.Store.CloseOut(ctx, g.Actor.Workspace, o.ID)
	if err != nil {
		return desk.Reply{}, desk.NoObjective(err)
	}
	m := closed(c).All(from)
	return desk.Reply{Say: &m}, nil
}

// unclosable says why somebody who may close an objective out cannot on a day; empty when they can.
func unclosable(o okr.Objective, today okr.Day) string {
	switch {
	case o.Closed:
		return "*" + view.Escape(o.Title) + "* is closed out already. `/okr show " + o.Key() + "` shows how it ended."
	case today <= o.Period.Last:
		return fmt.Sprintf("*%s* runs until %s. Close it out after its last day.", view.Escape(o.Title), o.Period.Last.Words())
	}
	return ""
}

func (f closeOuts) open(ctx context.Context, g desk.Gesture, o okr.Objective) (desk.Reply, error) {
	now, err := f.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	if !o.MayCloseOut(g.Actor) {
		return f.AskLeader(ctx, g, o, okr.CloseOut, "close out"), nil
	}
	if why := unclosable(o, okr.DayIn(o.Zone, now)); why != "" {
		return desk.Say(why), nil
	}
	list, err := f.shows.keyResults(ctx, o.Workspace, store.Filter{Objectives: []int64{o.ID}})
	if err != nil {
		return desk.Reply{}, err
	}
	c := closing{Objective: o.ID, Next: o.NextPeriod(okr.DayIn(o.Zone, now))}
	draft, err := closeOutForm.Begin(ctx, f.Store.Statements, g.Actor, view.StepResults, c)
	if err != nil {
		return desk.Reply{}, err
	}
	modal := view.CloseOut{Objective: o, KeyResults: list, Next: c.Next}.Modal(draft.ID)
	return desk.Reply{Open: &modal}, nil
}

// submitted takes the note and what goes on, asks for its targets, and closes the objective
// out. Of two submits one closes it. Where Slack lost what a submit was answered with, the person submits the
// same view once more: what it has counts again, and the step after it is shown.
func (f closeOuts) submitted(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, c, err := closeOutForm.Shown(ctx, f.Store.Statements, g)
	if err != nil {
		return desk.Reply{}, err
	}
	step, chosen, page := view.ParseCloseOutMark(g.View.Mark)
	switch {
	case step == view.StepResults:
		return f.chosen(ctx, g, draft, c)
	case step == view.StepTargets && draft.Step == view.StepTargets && chosen == c.Chosen && page <= c.Page:
		c.Page = page
		return f.page(ctx, g, draft, c)
	case draft.Step == view.StepTargets:
		return f.targets(ctx, g, draft, c)
	}
	o, list, next, err := f.carriable(ctx, g, c)
	modal := view.CloseOut{Objective: o, KeyResults: list, Next: next}.Modal(draft.ID)
	return desk.Reply{Update: &modal}, err
}

// carriable loads an objective with its key results, ready to be shown.
func (f closeOuts) carriable(ctx context.Context, g desk.Gesture, c closing) (o okr.Objective, list []view.KeyResult, next okr.Period, err error) {
	if o, err = f.Store.Objective(ctx, g.Actor.Workspace, c.Objective); desk.IsNotFound(err) {
		return o, nil, next, desk.Instead(removedMeanwhile(), err)
	} else if err != nil {
		return o, nil, next, err
	}
	if list, err = f.shows.keyResults(ctx, g.Actor.Workspace, store.Filter{Objectives: []int64{o.ID}}); err != nil {
		return o, nil, next, err
	}
	if c.Next != (okr.Period{}) {
		return o, list, c.Next, nil
	}
	now, err := f.Store.Now(ctx)
	return o, list, o.NextPeriod(okr.DayIn(o.Zone, now)), err
}

// overtaken says why something would go on in another period than the form named, which another quarter or an edit
// of the objective has made of it; empty where it would not.
func (c closing) overtaken(o okr.Objective, today okr.Day) string {
	next := o.NextPeriod(today)
	if len(c.Carry) == 0 || c.Next == next || c.Next == (okr.Period{}) {
		return ""
	}
	return "*" + view.Escape(o.Title) + "* goes on in " + next.Words() + " by now, not in " + c.Next.Words() + " as you chose. Nothing was saved. Start again with `/okr close-out " + o.Key() + "`."
}

// needsTarget says whether a key result cannot go on with the target that it has.
func needsTarget(k view.KeyResult) bool {
	return k.CheckCarryOver(k.CarryOver(k.Target, k.Today)).Any()
}

// chosen takes the note and what goes on, and asks for its targets.
func (f closeOuts) chosen(ctx context.Context, g desk.Gesture, draft store.Draft, c closing) (desk.Reply, error) {
	var going view.Going
	var chosen []int64
	c.Note, going, chosen = view.ParseCloseOut(g.View.State)
	_, list, _, err := f.carriable(ctx, g, c)
	if err != nil {
		return desk.Reply{}, err
	}
	c.Chosen++
	c.Carry, c.Page, c.Targets = nil, 0, map[int64]string{}
	for _, needy := range []bool{true, false} {
		for _, k := range list {
			goes := slices.Contains(chosen, k.ID) || going == view.GoAll || going == view.GoUnreached && k.Unreached()
			if goes && needsTarget(k) == needy {
				c.Carry = append(c.Carry, k.ID)
			}
		}
	}
	if len(c.Carry) == 0 {
		return f.end(ctx, g, c)
	}
	return f.targets(ctx, g, draft, c)
}

// page is what of it is on the page that is shown.
func (c closing) page() []int64 {
	first := min(len(c.Carry), c.Page*view.TargetsAtOnce)
	return c.Carry[first:min(len(c.Carry), first+view.TargetsAtOnce)]
}

// targets is the second step: the targets of what goes on, page by page.
func (f closeOuts) targets(ctx context.Context, g desk.Gesture, draft store.Draft, c closing) (desk.Reply, error) {
	o, list, next, err := f.carriable(ctx, g, c)
	if err != nil {
		return desk.Reply{}, err
	}
	draft, err = closeOutForm.Save(ctx, f.Store.Statements, g.Actor, draft, view.StepTargets, c)
	if err != nil {
		return desk.Reply{}, err
	}
	page := c.page()
	shown := slices.DeleteFunc(list, func(k view.KeyResult) bool { return !slices.Contains(page, k.ID) })
	slices.SortFunc(shown, func(a, b view.KeyResult) int { return slices.Index(page, a.ID) - slices.Index(page, b.ID) })
	modal := view.CloseOut{Objective: o, KeyResults: shown, Next: next, Chosen: c.Chosen, Carried: len(c.Carry), Page: c.Page, Typed: c.Targets}.Targets(draft.ID)
	return desk.Reply{Update: &modal}, nil
}

// page takes the targets of a page, and closes the objective out after the last one, or when
// the others keep theirs.
func (f closeOuts) page(ctx context.Context, g desk.Gesture, draft store.Draft, c closing) (desk.Reply, error) {
	page, last := c.page(), (c.Page+1)*view.TargetsAtOnce >= len(c.Carry)
	if c.Targets == nil {
		c.Targets = map[int64]string{}
	}
	for _, id := range page {
		c.Targets[id] = view.TargetTyped(g.View.State, id)
	}
	if last {
		return f.end(ctx, g, c)
	}
	_, list, _, err := f.carriable(ctx, g, c)
	if err != nil {
		return desk.Reply{}, err
	}
	problems, others := okr.Problems{}, 0
	for _, k := range list {
		place := slices.Index(c.Carry, k.ID)
		switch {
		case slices.Contains(page, k.ID):
			_, wrong := view.ParseTarget(c.Targets[k.ID], k.KeyResult, k.Today)
			for field, sentence := range wrong {
				problems.Add(field, sentence)
			}
		case place >= (c.Page+1)*view.TargetsAtOnce && needsTarget(k):
			others++
		}
	}
	switch {
	case len(problems) > 0:
		return desk.Reply{Problems: problems}, nil
	case view.Kept(g.View.State) && others > 0:
		return desk.Reply{Problems: view.NotKept(others)}, nil
	case view.Kept(g.View.State):
		return f.end(ctx, g, c)
	}
	c.Page++
	return f.targets(ctx, g, draft, c)
}

func inUnknownZone(o okr.Objective) desk.Reply {
	r := desk.Say("Nothing is closed out: what goes on would be in the same time zone. " + okr.UnknownZone + " `/okr edit " + o.Key() + "` changes it.")
	r.Clear = true
	return r
}

func removedMeanwhile() desk.Reply {
	r := desk.Say("This objective was removed. Nothing was saved.")
	r.Clear = true
	return r
}

// end writes how everything ended, and begins what goes on.
func (f closeOuts) end(ctx context.Context, g desk.Gesture, c closing) (desk.Reply, error) {
	var o, next okr.Objective
	var out store.CloseOut
	var going []store.KeyResult
	err := f.Store.InTx(ctx, func(tx *store.Tx) (err error) {
		next = okr.Objective{}
		if len(c.Carry) > 0 { // else the tree stays as it is
			if err := tx.LockTree(ctx, g.Actor.Workspace); err != nil {
				return err
			}
		}
		if o, err = tx.LockObjective(ctx, g.Actor.Workspace, c.Objective); err != nil {
			return err
		}
		day := okr.DayIn(o.Zone, tx.Now)
		if !o.MayCloseOut(g.Actor) {
			return refuse(desk.AskLeader(ctx, tx, g.Actor, o, okr.CloseOut, "close out").Say.Text)
		}
		if why := cmp.Or(unclosable(o, day), c.overtaken(o, day)); why != "" {
			return refuse(why)
		}
		list, err := tx.LockKeyResultsOf(ctx, o)
		if err != nil {
			return err
		}
		var from []int64
		if going, from, err = c.goingOn(list, day); err != nil {
			return err
		}
		out = store.CloseOut{Objective: o, Note: c.Note}
		carried := map[int64]int{}
		if len(going) > 0 {
			if next, err = tx.GoOn(ctx, g.Actor, &out, o.NextPeriod(day)); err != nil {
				return err
			}
			if err := f.carryOver(ctx, tx, g.Actor, next, going); err != nil {
				return err
			}
			for i, k := range going {
				carried[from[i]] = k.Number
			}
		}
		if err := tx.CloseOut(ctx, g.Actor, out, list, carried, day); err != nil {
			return err
		}
		out.Person = g.Actor.ID
		return f.tellPeople(ctx, tx, g.Actor, out, list, carried)
	})
	switch {
	case desk.IsNotFound(err):
		return removedMeanwhile(), nil
	case errors.Is(err, store.ErrZone):
		return inUnknownZone(o), nil
	case err != nil:
		return desk.Reply{}, err
	}
	r := desk.Say(closedWords(o, next, going) + view.TreeWentOn(out.Above, out.Below))
	r.Clear, r.Home = true, true
	return r, nil
}

// tellPeople leaves what people are to hear of an objective that another one closed out: the objective's owner
// and co-owners of it, and those of its key results, each once, of theirs.
func (f closeOuts) tellPeople(ctx context.Context, tx *store.Tx, by okr.Actor, c store.CloseOut, list []store.KeyResult, carried map[int64]int) error {
	var news []store.Telling
	for _, person := range c.Objective.Responsible() {
		news = append(news, store.Telling{Person: person, Says: view.WasClosedOut(closed(c))})
	}
	var owners []string
	for _, k := range list {
		owners = slices.Concat(owners, []string{k.Owner}, k.CoOwners)
	}
	slices.Sort(owners)
	for _, person := range slices.Compact(owners) {
		var own []okr.KeyResult
		for _, k := range list {
			if k.Owner == person || slices.Contains(k.CoOwners, person) {
				own = append(own, k.KeyResult)
			}
		}
		news = append(news, store.Telling{Person: person, Says: view.TheirsWereClosedOut(closed(c), own, carried)})
	}
	return f.jobs.TellOthers(ctx, tx, by, news)
}

// closed is a close-out ready to be shown.
func closed(c store.CloseOut) view.Closed {
	v := view.Closed{Objective: c.Objective, Person: c.Person, Note: c.Note, RollUp: c.RollUp, Next: c.Next, Above: c.Above, Below: c.Below}
	for _, k := range c.Results {
		v.KeyResults = append(v.KeyResults, end(k))
	}
	return v
}

// end is how a key result ended, ready to be shown.
func end(k store.ClosedKeyResult) view.ClosedKeyResult {
	return view.ClosedKeyResult{
		ID: k.KeyResult, Number: k.Number, Title: k.Title, Result: k.Result, AsOf: k.AsOf, Score: k.Score, Status: k.Status, Committed: k.Committed, CarriedTo: k.CarriedTo,
	}
}

// CloseOut posts how an objective ended in its channel.
func (m *Messenger) CloseOut(ctx context.Context, c store.CloseOut, channel string, post jobs.Post) error {
	summary := closed(c).Summary(post.Repeated)
	summary.Mark = post.Mark
	_, _, err := m.slack.Post(ctx, channel, summary)
	return err
}

// CloseOutParked gives it to whoever closed the objective, because the channel does not take it.
func (m *Messenger) CloseOutParked(ctx context.Context, c store.CloseOut, channel, code string) error {
	return m.tellOnce(ctx, c.Objective.Workspace, c.Person, closed(c).Unposted(channel, code))
}
