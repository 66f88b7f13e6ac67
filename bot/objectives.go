package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/shopspring/decimal"

	"okrbot/bot/command"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// or serves a verb for an objective where one is named alone, "show O-1", and else for what
// it is mostly for. In the midst of other words, or in quotes with them, a number is of a title.
func (ob objectives) or(verb string, serve desk.Handler, own func(ctx context.Context, g desk.Gesture, o okr.Objective) (desk.Reply, error)) desk.Handler {
	return func(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
		words, err := ob.WordsOf(ctx, g, g.Text)
		if err != nil {
			return desk.Reply{}, err
		}
		if len(words) == 0 {
			return serve(ctx, g)
		}
		number, begins := words[0].ObjectiveKey()
		same := !slices.ContainsFunc(words, func(w command.Word) bool { n, ok := w.ObjectiveKey(); return !ok || n != number })
		_, _, quoted := command.InQuotes(g.Text)
		switch {
		case !begins || quoted && !same:
			return serve(ctx, g)
		case !same:
			return desk.Say(fmt.Sprintf("`/okr %s` takes one objective alone, so %s was not understood and nothing was done.", verb, view.Quote(command.Spoken(g.Text)))), nil
		}
		o, err := ob.Store.ObjectiveByNumber(ctx, g.Actor.Workspace, number)
		if desk.IsNotFound(err) {
			return desk.NoSuchObjective(okr.Objective{Number: number}.Key()), nil
		}
		if err != nil {
			return desk.Reply{}, err
		}
		return own(ctx, g, o)
	}
}

// command is "/okr objectives", with words of a title those that have them, and with the number of
// one alone that one.
func (ob objectives) command(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	titled := func(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
		return ob.from(ctx, g, 0, command.Unquoted(g.Text))
	}
	if _, rest, ok := command.First(g.Text, command.Word.ObjectiveKey); ok && rest == "" {
		return ob.or("objectives", titled, ob.show)(ctx, g)
	}
	return titled(ctx, g)
}

// turned shows another part of the list in the place of the one whose button was pressed.
func (ob objectives) turned(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	from, words := view.ParsePage(g.Action.Value)
	r, err := ob.from(ctx, g, from, words)
	r.Replace = true
	return r, err
}

func (ob objectives) from(ctx context.Context, g desk.Gesture, from int, words string) (desk.Reply, error) {
	words = view.Cut(words, okr.MaxTitle)
	now, err := ob.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	today := okr.DayIn(g.Zone, now)
	page, err := ob.Store.ObjectivesFor(ctx, g.Actor, today, words, from, view.ObjectivesListed)
	if err == nil && len(page.Objectives) == 0 && from > 0 { // they became fewer
		from = view.PageFrom(from, page.Total, view.ObjectivesListed)
		page, err = ob.Store.ObjectivesFor(ctx, g.Actor, today, words, from, view.ObjectivesListed)
	}
	if err != nil {
		return desk.Reply{}, err
	}
	switch {
	case page.Total == 0 && words != "":
		return ob.notTitled(ctx, g, words)
	case page.Total == 0 && !okr.May(g.Actor, okr.AddObjective):
		return desk.Say("There are no objectives yet. Members of this workspace add them."), nil
	case page.Total == 0:
		return desk.Say("There are no objectives yet. Add one with `/okr add-objective`."), nil
	}
	shown, err := ob.shows.objectives(ctx, g.Actor, page.Objectives)
	if err != nil {
		return desk.Reply{}, err
	}
	m := view.ObjectiveList{Shown: shown, From: from, Mine: page.Mine, Total: page.Total, Words: words}.Message()
	return desk.Reply{Say: &m}, nil
}

// notTitled says that no objective has words in its title, and offers the closest.
func (ob objectives) notTitled(ctx context.Context, g desk.Gesture, words string) (desk.Reply, error) {
	says := "No objective has " + view.Quote(words) + " in its title. "
	near, _, err := ob.OfferObjectives(ctx, g, words, "show")
	if err != nil || len(near.Of) == 0 {
		return desk.Say(says + "`/okr objectives` alone shows all."), err
	}
	near.Says = says + "Is it one of these?"
	m := near.Message()
	return desk.Reply{Say: &m}, nil
}

// objectives are objectives with their key results, ready to be shown to somebody.
func (s shows) objectives(ctx context.Context, reader okr.Actor, list []okr.Objective) ([]view.Objective, error) {
	if len(list) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(list))
	for i, o := range list {
		ids[i] = o.ID
	}
	all, err := s.keyResults(ctx, reader.Workspace, store.Filter{Objectives: ids})
	if err != nil {
		return nil, err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return nil, err
	}
	own := map[int64][]view.KeyResult{}
	for _, k := range all {
		own[k.Objective.ID] = append(own[k.Objective.ID], k)
	}
	below, err := s.Store.NeedsBelow(ctx, reader.Workspace, ids)
	if err != nil {
		return nil, err
	}
	shown := make([]view.Objective, len(list))
	for i, o := range list {
		shown[i] = view.Objective{Objective: o, KeyResults: own[o.ID], BelowNeeds: below[o.ID], Today: okr.DayIn(o.Zone, now), Reader: reader}
	}
	return shown, nil
}

// show opens a window with everything about an objective.
func (ob objectives) show(ctx context.Context, g desk.Gesture, o okr.Objective) (desk.Reply, error) {
	modal, err := ob.modal(ctx, g.Actor, o)
	return desk.Reply{Open: &modal}, err
}

func (ob objectives) modal(ctx context.Context, reader okr.Actor, o okr.Objective) (slack.ModalViewRequest, error) {
	shown, err := ob.shows.objectives(ctx, reader, []okr.Objective{o})
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	v := shown[0]
	slices.SortFunc(v.KeyResults, view.KeyResult.Pressing)
	below, err := ob.Store.Children(ctx, o.Workspace, o.ID)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	if v.Below, err = ob.shows.objectives(ctx, reader, below); err != nil {
		return slack.ModalViewRequest{}, err
	}
	if o.Parent != 0 {
		if v.Above, err = ob.Store.Objective(ctx, o.Workspace, o.Parent); err != nil && !desk.IsNotFound(err) {
			return slack.ModalViewRequest{}, err
		}
	}
	events, err := ob.Store.Audit(ctx, o.Workspace, store.Object{Kind: "objective", ID: o.ID}, view.NewestAsked)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	for _, e := range events {
		v.Changes = append(v.Changes, view.ChangeLine{Actor: e.Actor, Action: e.Action, What: objectiveChanges(e), At: e.At})
	}
	if o.Closed {
		c, err := ob.Store.CloseOut(ctx, o.Workspace, o.ID)
		if err != nil && !desk.IsNotFound(err) {
			return slack.ModalViewRequest{}, err
		}
		if err == nil {
			end := closed(c)
			v.End = &end
		}
	}
	return v.Modal(), nil
}

// objectiveChanges say what changed of an objective; with what it was made the window says.
func objectiveChanges(e store.AuditEvent) []string {
	if e.Action == "created" {
		return nil
	}
	var parts []string
	for field, c := range e.Changes {
		if p, err := decimal.NewFromString(c[1]); err == nil && field == "progress" { // of a close-out
			parts = append(parts, okr.ProgressWords(p))
			continue
		}
		parts = append(parts, view.Change(field, c[0], c[1]))
	}
	slices.Sort(parts)
	return parts
}

// pressed is the button Show of an objective.
func (ob objectives) pressed(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	return ob.with(ctx, g, g.Action.Value, ob.show)
}

// more is an item of an objective's kebab: "edit:3".
func (ob objectives) more(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	verb, id, _ := strings.Cut(g.Action.Value, ":")
	serve, ok := map[string]func(context.Context, desk.Gesture, okr.Objective) (desk.Reply, error){
		view.ItemShow: ob.show, view.ItemEdit: ob.edit, view.ItemCloseOut: ob.closeOut, view.ItemRemove: ob.removeQuestion,
	}[verb]
	if !ok {
		ob.Log.Warn("a kebab's item has no route", "item", verb)
		return desk.Say("okrbot does not know this choice any more. Open the list again with `/okr objectives`."), nil
	}
	return ob.with(ctx, g, id, serve)
}

func (ob objectives) with(ctx context.Context, g desk.Gesture, value string, serve func(context.Context, desk.Gesture, okr.Objective) (desk.Reply, error)) (desk.Reply, error) {
	o, err := ob.PressedObjective(ctx, g, value)
	if err != nil {
		return desk.Reply{}, err
	}
	return serve(ctx, g, o)
}

func objectiveClosed(o okr.Objective) desk.Reply {
	return desk.Say("*" + o.Key() + "* *" + view.Escape(o.Title) + "* is closed out: it stays as it is. `/okr show " + o.Key() + "` shows how it ended.")
}
