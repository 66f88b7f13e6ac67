package bot

import (
	"context"
	"slices"
	"strconv"
	"time"

	"okrbot/bot/connect"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// home is the Home tab.
type home struct {
	shows
	more map[string]desk.Handler // what its kebab offers
}

// tab is a person's Home tab as it is now.
func (h home) tab(ctx context.Context, g desk.Gesture) (desk.HomeTab, error) {
	chosen, err := h.Store.Home(ctx, g.Actor.Workspace, g.Actor.ID)
	if err != nil {
		return desk.HomeTab{}, err
	}
	now, err := h.Store.Now(ctx)
	if err != nil {
		return desk.HomeTab{}, err
	}
	signIns, err := h.inNeed(ctx, g.Actor, now)
	if err != nil {
		return desk.HomeTab{}, err
	}
	d := drawing{home: h, g: g, chosen: chosen, now: now, tab: view.HomeTab{
		Systems: h.systems, May: okr.May(g.Actor, okr.AddKeyResult), Reader: g.Actor, SignIns: signIns,
		Filter: view.HomeFilter{Whose: chosen.Whose, Period: chosen.Period, Status: chosen.Status}, Today: okr.DayIn(g.Zone, now),
	}}
	for _, part := range []func(context.Context) error{d.needs, d.objectives, d.unfold, d.channels} {
		if err := part(ctx); err != nil {
			return desk.HomeTab{}, err
		}
	}
	wide := !d.tab.Own || chosen.Whose != "" || len(d.tab.Channels) > 0
	return desk.HomeTab{View: d.tab.View(), Wide: wide}, nil
}

// looked is how many connections that need somebody are looked through for an administrator's Home.
const looked = 20

// inNeed are the connections whose sign-in needs the person: their own, and for an administrator those
// whose maker has left Slack.
func (h home) inNeed(ctx context.Context, actor okr.Actor, now time.Time) ([]view.InNeed, error) {
	list, err := h.Store.ConnectionsInNeed(ctx, actor, looked)
	if err != nil {
		return nil, err
	}
	var needs []view.InNeed
	left := map[string]bool{}
	asking, enough := context.WithTimeout(ctx, desk.LookUpWithin) // for all of them: others wait to have their Home drawn
	defer enough()
	for _, c := range list {
		if !c.MayManage(actor) {
			continue
		}
		mine := c.Owner == actor.ID
		if _, asked := left[c.Owner]; !mine && !asked {
			p, err := h.Store.Person(ctx, c.Workspace, c.Owner)
			if left[c.Owner] = p.Kind == okr.Deactivated; (err != nil || !p.Fresh) && asking.Err() == nil {
				if gone := h.Gone(asking, c.Workspace, c.Owner); asking.Err() == nil {
					left[c.Owner] = gone
				}
			}
		}
		if mine || left[c.Owner] {
			needs = append(needs, view.InNeed{
				Connection: connect.Shown(h.connectors, c, actor, now), Says: connect.Needs(h.connectors, c, c.State == store.Active), MakerGone: !mine,
			})
		}
	}
	return needs, nil
}

// drawing is a Home tab that is being put together.
type drawing struct {
	home
	g      desk.Gesture
	chosen store.Home
	now    time.Time
	tab    view.HomeTab
}

// needs are the key results that need the person, a part of them. Those whose connection is among the
// sign-ins that need somebody are helped with it.
func (d *drawing) needs(ctx context.Context) error {
	var connections []int64
	for _, s := range d.tab.SignIns {
		connections = append(connections, s.ID)
	}
	f := store.Filter{Person: d.g.Actor.ID, Without: connections, Order: store.WorstFirst, From: d.chosen.Needs, Most: view.HomeNeeds}
	few := f.From == store.HomeWorstFew
	if few {
		f.From, f.Most = 0, view.HomeNeedsFew
	}
	return d.Store.Snapshot(ctx, func(r store.Statements, now time.Time) error {
		p, err := r.Page(ctx, d.g.Actor.Workspace, f, store.States{Pressing: true}, view.CountedMost, now)
		if err != nil {
			return err
		}
		d.tab.Needs = view.Needs{From: p.From, Few: few, Total: p.Total}
		for _, k := range d.all(p.KeyResults, now) {
			d.tab.Needs.Shown = append(d.tab.Needs.Shown, view.Needing{KeyResult: k, May: k.MaySync(d.g.Actor)})
		}
		return nil
	})
}

// objectives are the part that is shown of those that the person chose; who has none sees what the
// workspace works on.
func (d *drawing) objectives(ctx context.Context) error {
	wanted := store.HomeFilter{Period: d.tab.Filter.On(d.tab.Today), Now: d.now}
	switch d.chosen.Whose {
	case "":
		wanted.Person = d.g.Actor.ID
	case store.HomeOfEverybody:
	default:
		wanted.Channel = d.chosen.Whose
	}
	if wanted.Failing = d.chosen.Status == view.NotSyncingIs; !wanted.Failing {
		wanted.Status = okr.Status(d.chosen.Status)
	}
	d.tab.Own = true
	list, err := d.page(ctx, wanted)
	if err == nil && len(list) == 0 && d.tab.Filter == (view.HomeFilter{}) {
		d.tab.Own = false
		list, err = d.page(ctx, store.HomeFilter{Now: d.now})
	}
	if err != nil {
		return err
	}
	ids := make([]int64, len(list))
	for i, o := range list {
		ids[i] = o.ID
	}
	counted, err := d.Store.StandingsOf(ctx, d.g.Actor.Workspace, ids)
	if err != nil {
		return err
	}
	counts, err := judged(ctx, d, counted)
	if err != nil {
		return err
	}
	for _, o := range list {
		d.tab.Objectives = append(d.tab.Objectives, view.HomeObjective{
			Objective: view.Objective{Objective: o, Today: okr.DayIn(o.Zone, d.now), Reader: d.g.Actor}, Counts: counts[o.ID], Failing: counted[o.ID].Failing,
		})
	}
	return nil
}

func (d *drawing) page(ctx context.Context, s store.HomeFilter) (list []okr.Objective, err error) {
	d.tab.From = d.chosen.Objectives
	list, d.tab.Total, err = d.Store.HomeObjectives(ctx, d.g.Actor.Workspace, s, d.tab.From, view.HomeObjectives)
	if err == nil && len(list) == 0 && d.tab.From > 0 { // they became fewer
		d.tab.From = 0
		list, d.tab.Total, err = d.Store.HomeObjectives(ctx, d.g.Actor.Workspace, s, 0, view.HomeObjectives)
	}
	return list, err
}

// judgedHere is how many key results Home looks at itself.
const judgedHere = 500

// judged completes counts by a look at each key result of which it is not stored how it stands, up to
// judgedHere of them; those beyond are view.NotCounted.
func judged[K comparable](ctx context.Context, d *drawing, counted map[K]store.Standings) (map[K]map[okr.Status]int, error) {
	var unsure []int64
	counts := map[K]map[okr.Status]int{}
	of := map[int64]K{}
	for key, s := range counted {
		counts[key] = s.Counts
		for _, id := range s.Unsure {
			unsure = append(unsure, id)
			of[id] = key
		}
	}
	if len(unsure) == 0 {
		return counts, nil
	}
	slices.Sort(unsure)
	if len(unsure) > judgedHere {
		d.tab.Judging = true
		for _, id := range unsure[judgedHere:] {
			counts[of[id]][view.NotCounted]++
		}
		unsure = unsure[:judgedHere]
	}
	list, err := d.keyResults(ctx, d.g.Actor.Workspace, store.Filter{IDs: unsure})
	for _, k := range list {
		counts[of[k.ID]][k.Standing().Status]++
	}
	return counts, err
}

// mostUnfolded is how many key results of one objective Home goes through.
const mostUnfolded = 500

// unfold shows the key results of the objective that is open, the worst first: the one that was opened,
// or the only one that there is.
func (d *drawing) unfold(ctx context.Context) error {
	i := slices.IndexFunc(d.tab.Objectives, func(o view.HomeObjective) bool { return o.ID == d.chosen.Unfolded })
	if i < 0 && d.chosen.Unfolded == 0 && d.tab.Own && d.tab.Total == 1 {
		i = 0
	}
	if i < 0 {
		return nil
	}
	o := &d.tab.Objectives[i]
	all, err := d.keyResults(ctx, d.g.Actor.Workspace, store.Filter{Objectives: []int64{o.ID}, Order: store.WorstFirst, Most: mostUnfolded})
	if err != nil || len(all) == 0 {
		return err
	}
	o.Open, o.KeyResults = true, all
	o.RollUp = o.Rolled()
	o.Beyond = max(0, o.Counted()-len(all))
	if status := d.chosen.Status; status != "" {
		fit := slices.DeleteFunc(slices.Clone(all), func(k view.KeyResult) bool { return !k.Is(status) })
		o.Left, all = len(all)-len(fit), fit
	}
	slices.SortFunc(all, view.KeyResult.Pressing)
	o.Total, o.From = len(all), d.chosen.KeyResults
	if o.From >= o.Total {
		o.From = 0
	}
	o.KeyResults = all[o.From:min(o.From+view.HomeKeyResults, len(all))]
	o.May = func(k view.KeyResult) bool { return k.MayEdit(d.g.Actor) }
	return nil
}

// channels are those with a weekly digest around the person.
func (d *drawing) channels(ctx context.Context) error {
	list, err := d.Store.DigestsAround(ctx, d.g.Actor.Workspace, d.g.Actor.ID, view.HomeChannels+1)
	if err != nil {
		return err
	}
	if d.tab.MoreChannels = len(list) > view.HomeChannels; d.tab.MoreChannels {
		list = list[:view.HomeChannels]
	}
	counted, err := d.Store.StandingsIn(ctx, d.g.Actor.Workspace, list)
	if err != nil {
		return err
	}
	counts, err := judged(ctx, d, counted)
	for _, id := range list {
		d.tab.Channels = append(d.tab.Channels, view.HomeChannel{ID: id, Counts: counts[id], Failing: counted[id].Failing})
	}
	return err
}

// change keeps what a person chose by a button, and shows Home as it is then.
func (h home) change(choose func(g desk.Gesture, chosen *store.Home)) desk.Handler {
	return func(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
		err := h.Store.InTx(ctx, func(tx *store.Tx) error {
			return tx.ChangeHome(ctx, g.Actor.Workspace, g.Actor.ID, func(chosen *store.Home) { choose(g, chosen) })
		})
		return desk.Reply{Home: true}, err
	}
}

// actions are the buttons of the Home tab that choose what it shows.
func (h home) actions() map[string]desk.Handler {
	page := h.change(func(g desk.Gesture, chosen *store.Home) { chosen.Objectives, _ = view.ParsePage(g.Action.Value) })
	needs := h.change(func(g desk.Gesture, chosen *store.Home) { chosen.Needs, _ = view.ParsePage(g.Action.Value) })
	within := h.change(func(g desk.Gesture, chosen *store.Home) {
		chosen.Unfolded, chosen.KeyResults = view.ParseWithin(g.Action.Value)
	})
	return map[string]desk.Handler{
		view.ActionHomePage: page, view.ActionHomePageTo: page,
		view.ActionHomeNeeds: needs, view.ActionHomeNeedsTo: needs,
		view.ActionHomeFew: h.change(func(_ desk.Gesture, chosen *store.Home) { chosen.Needs = store.HomeWorstFew }),
		view.ActionHomeIn:  within, view.ActionHomeInTo: within,
		view.ActionHomeOpen: h.change(func(g desk.Gesture, chosen *store.Home) {
			chosen.Unfolded, chosen.KeyResults = view.ParseOpen(g.Action.Value), 0
		}),
		view.ActionHomeHide: h.change(func(_ desk.Gesture, chosen *store.Home) { chosen.Unfolded, chosen.KeyResults = store.HomeFolded, 0 }),
		view.ActionHomeMine: h.change(func(_ desk.Gesture, chosen *store.Home) { show(chosen, view.HomeFilter{}) }),
		view.ActionHomeChannel: h.change(func(g desk.Gesture, chosen *store.Home) {
			if view.IsChannel(g.Action.Value) {
				show(chosen, view.HomeFilter{Whose: g.Action.Value})
			}
		}),
		view.ActionHomeFilter: h.filter,
		view.ActionHomeMore:   h.moreChosen,
	}
}

// show has other objectives shown, from the first on.
func show(chosen *store.Home, f view.HomeFilter) {
	*chosen = store.Home{Whose: f.Whose, Period: f.Period, Status: f.Status, Needs: chosen.Needs}
}

// filter is the button Filter.
func (h home) filter(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	chosen, err := h.Store.Home(ctx, g.Actor.Workspace, g.Actor.ID)
	modal := filterOf(chosen).Modal()
	return desk.Reply{Open: &modal}, err
}

func filterOf(chosen store.Home) view.HomeFilter {
	return view.HomeFilter{Whose: chosen.Whose, Period: chosen.Period, Status: chosen.Status}
}

// filtered is the submit of that form.
func (h home) filtered(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	was, err := h.Store.Home(ctx, g.Actor.Workspace, g.Actor.ID)
	if err != nil {
		return desk.Reply{}, err
	}
	f, problems := view.ParseHomeFilter(g.View.State, filterOf(was))
	if len(problems) > 0 {
		return desk.Reply{Problems: problems}, nil
	}
	return h.change(func(_ desk.Gesture, chosen *store.Home) { show(chosen, f) })(ctx, g)
}

// moreChosen is an item of the kebab for all.
func (h home) moreChosen(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	serve, ok := h.more[g.Action.Value]
	if !ok {
		h.Log.Warn("a kebab's item has no route", "item", strconv.Quote(view.Cut(g.Action.Value, 40)))
		return desk.Say("okrbot does not know this choice any more. Open Home again."), nil
	}
	return serve(ctx, g)
}
