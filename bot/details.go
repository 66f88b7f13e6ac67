package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/bot/wizard"
	"okrbot/okr"
	"okrbot/store"
)

// keyResults are what people do with one key result: see it, pause it, remove it, and whatever its kebab
// offers.
type keyResults struct {
	shows
	syncs    syncs
	checkIns checkIns
	wizard   *wizard.Flow // in which a key result is edited
}

// showCommand is "/okr show KR-1".
func (kr keyResults) showCommand(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	k, err := kr.Named(ctx, g, g.Text, "show")
	if err != nil {
		return desk.Reply{}, err
	}
	return kr.show(ctx, g, k)
}

// pressed is the button Details.
func (kr keyResults) pressed(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	k, err := kr.Pressed(ctx, g, g.Action.Value)
	if err != nil {
		return desk.Reply{}, err
	}
	return kr.show(ctx, g, k)
}

func (kr keyResults) show(ctx context.Context, g desk.Gesture, k store.KeyResult) (desk.Reply, error) {
	if !k.MayView(g.Actor) {
		return desk.NoSuchKeyResult(k.Key()), nil
	}
	modal, err := kr.modal(ctx, g.Actor, k)
	return desk.Reply{Open: &modal}, err
}

// inDetails is a reply to what was done in a key result's details: they show what it is now.
func (kr keyResults) inDetails(ctx context.Context, g desk.Gesture, k store.KeyResult, r desk.Reply) (desk.Reply, error) {
	if g.View.Callback != view.CallbackDetails {
		return r, nil
	}
	modal, err := kr.modal(ctx, g.Actor, k)
	r.Update = &modal
	return r, err
}

func (kr keyResults) modal(ctx context.Context, actor okr.Actor, k store.KeyResult) (slack.ModalViewRequest, error) {
	now, err := kr.Store.Now(ctx)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	d := view.Details{KeyResult: kr.shows.one(k, now), May: k.MayEdit(actor)}
	if k.Integrated && k.Source.Connection != 0 {
		c := store.Connection{ID: k.Source.Connection, Workspace: k.Workspace, Kind: k.Source.ConnectionKind}
		apart, err := kr.wizard.Distinction(ctx, c, k.Source.Reference)
		if err != nil {
			return slack.ModalViewRequest{}, err
		}
		d.Source.Scorecard = view.WithApart(d.Source.Scorecard, apart)
	}
	readings, err := kr.Store.Readings(ctx, k.Workspace, k.ID)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	d.Readings, d.Ahead = okr.Counting(readings, d.Today), okr.Ahead(readings, d.Today)
	d.Result = d.Result.ReadFrom(d.Readings)
	checkIns, err := kr.Store.CheckIns(ctx, k.Workspace, k.ID, view.NewestAsked)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	for _, c := range checkIns {
		d.CheckIns = append(d.CheckIns, view.CheckIn{Person: c.Person, Day: c.Day, Value: c.Value, Confidence: c.Confidence, Note: c.Note, Reason: c.Reason})
	}
	if d.Changes, d.Last, err = kr.changes(ctx, k, checkIns); err != nil {
		return slack.ModalViewRequest{}, err
	}
	if k.Closed {
		c, err := kr.Store.CloseOut(ctx, k.Workspace, k.Objective.ID)
		if err != nil && !desk.IsNotFound(err) {
			return slack.ModalViewRequest{}, err
		}
		if i := slices.IndexFunc(c.Results, func(r store.ClosedKeyResult) bool { return r.KeyResult == k.ID }); i >= 0 {
			d.End = end(c.Results[i])
		}
	}
	return d.Modal(), nil
}

// changes are the last things that were done to a key result, its newest check-ins among them, and the last change
// of what its progress depends on.
func (kr keyResults) changes(ctx context.Context, k store.KeyResult, checkIns []store.CheckIn) (lines []view.ChangeLine, changed []okr.Changed, err error) {
	object := store.Object{Kind: "key_result", ID: k.ID}
	events, err := kr.Store.Audit(ctx, k.Workspace, object, view.NewestAsked)
	if err != nil {
		return nil, nil, err
	}
	then := k // as it was when an event happened, as far as its values are written by it
	for _, e := range events {
		lines = append(lines, eventLine(then, e, checkIns))
		if c, ok := e.Changes["method"]; ok {
			then.Method = okr.Method(c[0])
		}
		if c, ok := e.Changes["unit"]; ok {
			then.Unit = c[0]
		}
		if _, ok := e.Changes["source"]; ok { // another scorecard had decimals of its own
			then.Precision = okr.AsManyAsThere
		}
	}
	last, err := kr.Store.LastChanges(ctx, k.Workspace, object, "target", "start", "source")
	for _, c := range last {
		changed = append(changed, okr.Changed{
			What: c.Field, Before: recorded(k, c.Field, c.Change[0]), After: recorded(k, c.Field, c.Change[1]),
			By: c.Actor, Day: okr.DayIn(k.Objective.Zone, c.At), Created: c.Action == "created",
		})
	}
	return lines, changed, err
}

// post has a key result's figures and chart posted in its channel.
func (kr keyResults) post(ctx context.Context, g desk.Gesture, k store.KeyResult) (desk.Reply, error) {
	switch {
	case !k.MayEdit(g.Actor):
		return kr.AskOwner(ctx, g, k.KeyResult, okr.EditKeyResult, "post"), nil
	case k.Channel == "":
		return desk.Say(k.Key() + " has no channel. Choose one with `/okr edit " + k.Key() + "`."), nil
	}
	err := kr.Store.InTx(ctx, func(tx *store.Tx) error {
		return tx.Announce(ctx, []store.Announcement{{
			Workspace: k.Workspace, Channel: k.Channel, KeyResult: k.ID, Kind: store.NewsPosted, By: g.Actor.ID,
		}})
	})
	if err != nil {
		return desk.Reply{}, err
	}
	others := kr.OthersSeeSaved(ctx, k.Workspace, k.Channel)
	return desk.Say(strings.TrimSpace(k.Key() + " appears in <#" + k.Channel + "> in a moment. " + others)), nil
}

// resumeAutomatic is the button that ends an override.
func (kr keyResults) resumeAutomatic(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	k, err := kr.Pressed(ctx, g, g.Action.Value)
	if err != nil {
		return desk.Reply{}, err
	}
	return kr.automatic(ctx, g, k)
}

// automatic ends an override.
func (kr keyResults) automatic(ctx context.Context, g desk.Gesture, k store.KeyResult) (desk.Reply, error) {
	if !k.MayCheckIn(g.Actor) {
		return kr.AskOwner(ctx, g, k.KeyResult, okr.CheckInKeyResult, "resume"), nil
	}
	already := false
	err := kr.Store.InTx(ctx, func(tx *store.Tx) error {
		before, err := tx.LockKeyResult(ctx, g.Actor.Workspace, k.ID)
		if err != nil {
			return err
		}
		if already = !before.Override.Value.Valid; already {
			return nil
		}
		if !before.MayCheckIn(g.Actor) {
			return store.ErrNotFound
		}
		if k, err = tx.Resume(ctx, g.Actor, before); err != nil {
			return err
		}
		return tx.AnnounceChange(ctx, before, k)
	})
	switch {
	case desk.IsNotFound(err):
		return desk.NoSuchKeyResult(k.Key()), nil
	case err != nil:
		return desk.Reply{}, err
	case already:
		return desk.Say(k.Key() + " follows its scores already."), nil
	}
	if g.View.Callback == view.CallbackDetails {
		return kr.inDetails(ctx, g, k, desk.Reply{Home: true})
	}
	now, err := kr.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	r := desk.Say(k.Key() + " follows its scores again.\n" + kr.shows.one(k, now).Shown())
	r.Home = true
	return r, nil
}

// more is an item of a key result's kebab: "sync:42".
func (kr keyResults) more(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	verb, value, _ := strings.Cut(g.Action.Value, ":")
	k, err := kr.Pressed(ctx, g, value)
	if err != nil {
		return desk.Reply{}, err
	}
	switch verb {
	case "sync":
		return kr.syncs.one(ctx, g, k)
	case "details":
		return kr.show(ctx, g, k)
	case "check_in":
		return kr.checkIns.open(ctx, g, k, view.CheckInTyped{})
	case "edit":
		return kr.wizard.Edit(ctx, g, k)
	case "post":
		return kr.post(ctx, g, k)
	case "pause":
		return kr.pause(ctx, g, k, true)
	case "resume":
		return kr.pause(ctx, g, k, false)
	case "automatic":
		return kr.automatic(ctx, g, k)
	case "remove":
		return kr.askToRemove(ctx, g, k)
	}
	kr.Log.Warn("a kebab's item has no route", "item", verb)
	return desk.Say("okrbot does not know this choice any more. Open the list again with `/okr list`."), nil
}

// pause stops a key result's syncs, or has them go on at the cadence's next slot.
func (kr keyResults) pause(ctx context.Context, g desk.Gesture, k store.KeyResult, paused bool) (desk.Reply, error) {
	verb := "paused"
	if !paused {
		verb = "resumed"
	}
	if !k.MayPause(g.Actor) {
		return kr.AskOwner(ctx, g, k.KeyResult, okr.PauseKeyResult, "pause or resume"), nil
	}
	if k.Closed {
		return desk.IsClosed(k), nil
	}
	switch {
	case !k.Integrated && !k.Paused:
		return desk.Say(fmt.Sprintf("%s is updated by people: nothing reads it, so there is nothing to %s. Enter a value with `/okr check-in %s`.", k.Key(), strings.TrimSuffix(verb, "d"), k.Key())), nil
	case paused && k.Paused:
		return desk.Say(k.Key() + " is paused already."), nil
	case !paused && !k.Paused:
		return desk.Say(k.Key() + " is not paused, so there is nothing to resume."), nil
	}
	var after store.KeyResult
	err := kr.Store.InTx(ctx, func(tx *store.Tx) error {
		now, err := tx.LockKeyResult(ctx, g.Actor.Workspace, k.ID)
		if err != nil {
			return err
		}
		if !now.MayPause(g.Actor) {
			return store.ErrNotFound
		}
		now.Paused = paused
		if after, err = tx.EditKeyResult(ctx, g.Actor, now, verb); err != nil {
			return err
		}
		return tx.MarkCards(ctx, after.ID)
	})
	if desk.IsNotFound(err) {
		return desk.NoSuchKeyResult(k.Key()), nil
	}
	if err != nil {
		return desk.Reply{}, err
	}
	now, err := kr.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	shown := kr.shows.one(after, now)
	if paused {
		r := desk.Say(k.Key() + " is paused: it is not read by itself until somebody resumes it. Its readings stay. `/okr sync " + k.Key() + "` reads it once all the same.")
		r.Home = true
		return kr.inDetails(ctx, g, after, r)
	}
	r := desk.Say(goesOn(shown))
	r.Home = true
	return kr.inDetails(ctx, g, after, r)
}

// goesOn says what becomes of a key result that is not paused any more.
func goesOn(k view.KeyResult) string {
	if trouble := k.Trouble(); k.NextSyncAt.IsZero() && trouble != "" { // nothing reads it
		return k.Key() + " is not paused any more.\n" + trouble
	}
	text := k.Key() + " goes on: " + k.Next() + "."
	if k.Integrated && !k.Source.Waiting.After(k.Now) {
		text += " `/okr sync " + k.Key() + "` reads it now."
	}
	return text
}

// askToRemove asks before a key result goes, and names what goes with it.
func (kr keyResults) askToRemove(ctx context.Context, g desk.Gesture, k store.KeyResult) (desk.Reply, error) {
	if !k.MayRemove(g.Actor) {
		return kr.AskOwner(ctx, g, k.KeyResult, okr.RemoveKeyResult, "remove"), nil
	}
	goes, err := kr.Store.CountBelongings(ctx, k.Workspace, k.ID)
	if err != nil {
		return desk.Reply{}, err
	}
	draft, err := removeForm.Begin(ctx, kr.Store.Statements, g.Actor, "ask", oneKeyResult{ID: k.ID})
	if err != nil {
		return desk.Reply{}, err
	}
	now, err := kr.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	modal := view.Remove(kr.shows.one(k, now), goes.Readings, goes.CheckIns, goes.Cards, draft.ID)
	return desk.Reply{Open: &modal}, nil
}

// oneKeyResult is the draft of a form about one key result.
type oneKeyResult struct{ ID int64 }

var removeForm = desk.Form[oneKeyResult]{Kind: view.CallbackRemove, Again: "/okr list"}

// removeCommand is "/okr remove KR-1".
func (kr keyResults) removeCommand(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	k, err := kr.Named(ctx, g, g.Text, "remove")
	if err != nil {
		return desk.Reply{}, err
	}
	return kr.askToRemove(ctx, g, k)
}

// editCommand is "/okr edit KR-1".
func (kr keyResults) editCommand(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	k, err := kr.Named(ctx, g, g.Text, "edit")
	if err != nil {
		return desk.Reply{}, err
	}
	return kr.wizard.Edit(ctx, g, k)
}

// pauseCommand is "/okr pause KR-1".
func (kr keyResults) pauseCommand(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	return kr.pauseNamed(ctx, g, "pause", true)
}

// resumeCommand is "/okr resume KR-1".
func (kr keyResults) resumeCommand(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	return kr.pauseNamed(ctx, g, "resume", false)
}

func (kr keyResults) pauseNamed(ctx context.Context, g desk.Gesture, verb string, paused bool) (desk.Reply, error) {
	k, err := kr.Named(ctx, g, g.Text, verb)
	if err != nil {
		return desk.Reply{}, err
	}
	return kr.pause(ctx, g, k, paused)
}

// removed is the submit of that question.
func (kr keyResults) removed(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, form, err := removeForm.Shown(ctx, kr.Store.Statements, g)
	if err != nil {
		return desk.Reply{}, err
	}
	var gone store.KeyResult
	refused := false
	err = kr.Store.InTx(ctx, func(tx *store.Tx) error {
		if gone, err = tx.LockKeyResult(ctx, g.Actor.Workspace, form.ID); err != nil {
			return err
		}
		if refused = !gone.MayRemove(g.Actor); refused {
			return nil
		}
		if err := tx.RemoveKeyResult(ctx, g.Actor, gone); err != nil {
			return err
		}
		var news []store.Telling
		for _, person := range append([]string{gone.Owner}, gone.CoOwners...) {
			news = append(news, store.Telling{Person: person, Says: view.KeyResultRemoved(gone.KeyResult, gone.Objective, g.Actor.ID)})
		}
		if err := kr.syncs.jobs.TellOthers(ctx, tx, g.Actor, news); err != nil {
			return err
		}
		return tx.DeleteDraft(ctx, g.Actor, draft.ID)
	})
	switch {
	case desk.IsNotFound(err):
		r := desk.Say("This key result was removed already.")
		r.Clear = true
		return r, nil
	case err != nil:
		return desk.Reply{}, err
	case refused:
		r := kr.AskOwner(ctx, g, gone.KeyResult, okr.RemoveKeyResult, "remove")
		r.Clear = true
		return r, nil
	}
	r := desk.Say(gone.Key() + " " + view.Escape(gone.Title) + " is removed, with its readings and check-ins.")
	r.Clear, r.Home = true, true
	return r, nil
}
