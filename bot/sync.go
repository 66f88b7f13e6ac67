package bot

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"okrbot/bot/command"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/jobs"
	"okrbot/okr"
	"okrbot/store"
)

// syncs are readings that people ask for.
type syncs struct {
	shows
	jobs *jobs.Client
}

// command is "/okr sync KR-1", "/okr sync KR-1 KR-2", "/okr sync all", and "/okr sync", which
// asks which one.
func (sy syncs) command(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	words := desk.WithoutLinkWords(command.Words(g.Text))
	var numbers []int
	for _, w := range words {
		if n, ok := w.Key(); ok && !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	_, after, quoted := desk.QuotedNumbers(g.Text)
	quoted = quoted && after == ""
	strange := slices.DeleteFunc(slices.Clone(words), func(w command.Word) bool { _, ok := w.Key(); return ok })
	switch {
	case len(words) == 0:
		return sy.pick(ctx, g)
	case len(words) == 1 && (words[0].Plain == "all" || words[0].Plain == "mine"):
		return sy.all(ctx, g)
	case len(strange) > 0 && spelledOut(words):
		return desk.NotTaken("sync", "key results, or `all`", strange), nil
	case len(strange) == 0 && len(numbers) > 1 && !quoted:
		return sy.many(ctx, g, numbers)
	case len(strange) == 0 && !quoted: // once, also where it is named twice
		g.Text = fmt.Sprintf("KR-%d", numbers[0])
	}
	k, err := sy.Named(ctx, g, g.Text, "sync")
	if err != nil {
		return desk.Reply{}, err
	}
	return sy.one(ctx, g, k)
}

// pick asks which one, where there is one that is offered.
func (sy syncs) pick(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	some, err := sy.Store.CountKeyResults(ctx, g.Actor.Workspace, offered(g.Actor, 1))
	if err != nil {
		return desk.Reply{}, err
	}
	if some == 0 {
		return desk.Say(noneToSync(g.Actor, sy.systems.Words())), nil
	}
	modal := view.SyncPick()
	return desk.Reply{Open: &modal}, nil
}

// offered are the key results that somebody is offered to sync, at most so many; 0 is all.
func offered(actor okr.Actor, most int) store.Filter {
	return store.Filter{Person: actor.ID, Integrated: true, Open: true, Most: most}
}

// spelledOut says whether a key result is among the words as "KR-1", and not by its number alone: that
// may be of a title.
func spelledOut(words []command.Word) bool {
	return slices.ContainsFunc(words, func(w command.Word) bool {
		_, ok := w.Key()
		return ok && strings.HasPrefix(w.Plain, "kr")
	})
}

// pressed is the button Sync Integration Data.
func (sy syncs) pressed(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	k, err := sy.Pressed(ctx, g, g.Action.Value)
	if err != nil {
		return desk.Reply{}, err
	}
	return sy.one(ctx, g, k)
}

// postAgain is the button Try again of what a channel did not take: the cards of what the person looks after
// there are posted again, but for those that may stand there.
func (sy syncs) postAgain(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	k, err := sy.Pressed(ctx, g, g.Action.Value)
	switch {
	case err != nil:
		return desk.Reply{}, err
	case !k.MaySync(g.Actor):
		return sy.AskOwner(ctx, g, k.KeyResult, okr.SyncKeyResult, "post"), nil
	case k.Channel == "":
		return desk.Say(fmt.Sprintf("%s is announced in no channel now. Choose one with `/okr edit %s`.", k.Key(), k.Key())), nil
	}
	list, err := sy.Store.KeyResults(ctx, g.Actor.Workspace, store.Filter{Channel: k.Channel})
	if err != nil {
		return desk.Reply{}, err
	}
	var ids []int64
	for _, other := range list {
		if other.MaySync(g.Actor) {
			ids = append(ids, other.ID)
		}
	}
	var again int64
	err = sy.Store.InTx(ctx, func(tx *store.Tx) (err error) {
		again, err = tx.UnparkCardsIn(ctx, store.Place{Workspace: g.Actor.Workspace, Channel: k.Channel}, ids)
		return err
	})
	switch {
	case err != nil:
		return desk.Reply{}, err
	case again == 0:
		return desk.Say("No card of yours waits for <#" + k.Channel + ">. What happens next is posted there."), nil
	}
	return desk.Say("Your cards are posted in <#" + k.Channel + "> now, as they stand. Where the channel still does not take them, you hear of it again."), nil
}

// picked is the submit of the modal that asks which one.
func (sy syncs) picked(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	chosen := g.View.State[view.BlockSync]["v"].SelectedOption.Value
	k, err := sy.Pressed(ctx, g, chosen)
	if desk.IsNotFound(err) {
		return desk.Reply{Problems: okr.Problems{view.BlockSync: "This key result is gone. Choose another one."}}, nil
	}
	if err != nil {
		return desk.Reply{}, err
	}
	return sy.one(ctx, g, k)
}

// choices fills the type-ahead of that modal with the key results the person may sync.
func (sy syncs) choices(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	found, err := sy.shows.called(ctx, g.Actor.Workspace, g.Query, offered(g.Actor, 0))
	if err != nil {
		return desk.Reply{}, err
	}
	return desk.Reply{Options: view.SyncChoices(found)}, nil
}

func (sy syncs) one(ctx context.Context, g desk.Gesture, k store.KeyResult) (desk.Reply, error) {
	switch {
	case !k.MaySync(g.Actor):
		return sy.AskOwner(ctx, g, k.KeyResult, okr.SyncKeyResult, "sync"), nil
	case k.Closed:
		return desk.IsClosed(k), nil
	case !k.Integrated:
		return desk.Say(fmt.Sprintf("%s is updated by people, so there is nothing to sync. Enter a value with `/okr check-in %s`.", k.Key(), k.Key())), nil
	}
	forced, err := sy.force(ctx, g, []int64{k.ID}, false, "")
	if err != nil {
		return desk.Reply{}, err
	}
	switch {
	case forced.TooMany:
		return tooMany(forced.Wait), nil
	case forced.Wait > 0:
		return desk.Say(fmt.Sprintf("%s was asked about %s a moment ago. Try again in %s.", sy.connectors.Name(k.Source.ConnectionKind), k.Key(), seconds(forced.Wait))), nil
	}
	text := fmt.Sprintf("Syncing %s from %s. You will hear the outcome in a moment.", k.Key(), view.Escape(view.Cut(k.Source.Name, 100)))
	if !forced.Until.IsZero() {
		text = view.Waits(sy.shows.one(k, time.Time{}), 1, forced.Until).Text
	}
	if k.Paused {
		text += " It is paused: it is read this once because you asked, and stays paused."
	}
	return desk.Say(text), nil
}

// all reads every integrated key result that the person looks after, but for the paused ones. How
// many those are is found out afterwards.
func (sy syncs) all(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	var f jobs.Forced
	err := sy.Store.InTx(ctx, func(tx *store.Tx) (err error) {
		f, err = sy.jobs.ForceAll(ctx, tx, store.SyncAsk{Actor: g.Actor, Channel: g.Channel, Response: g.Response})
		return err
	})
	if err != nil {
		return desk.Reply{}, err
	}
	if f.TooMany {
		return tooMany(f.Wait), nil
	}
	text := "Looking for your key results. This message says in a moment what is synced."
	if g.Response.Empty() { // nothing reaches this message any more
		text = "Looking for your key results. A direct message says in a moment what is synced."
	}
	reply := desk.Say(text)
	reply.Later = func(context.Context, desk.OpenView) { sy.jobs.SweepSoon() }
	return reply, nil
}

// noneToSync is said to somebody who has nothing that is read.
func noneToSync(actor okr.Actor, systems string) string {
	text := "You have no key results that read from " + systems + "."
	if okr.May(actor, okr.AddKeyResult) {
		text += " Add one with `/okr add-kr`."
	}
	return text
}

// allBegun says what becomes of a wish to have all of somebody's read.
func allBegun(f jobs.Begun, systems string) string {
	switch {
	case f.Theirs == 0 && f.LeftOut.Paused != 0:
		return "All of yours are paused." + leftOut(f.LeftOut)
	case f.Theirs == 0:
		return noneToSync(f.Ask.Actor, systems)
	}
	return begun(f.Forced, f.Ask.Response.Empty(), "all of yours")
}

// some reads key results at once, as one request. What they are is said where none is read; why
// others are left out is said after it, and again with the outcome, which takes the answer's place.
func (sy syncs) some(ctx context.Context, g desk.Gesture, ids []int64, what, why string) (desk.Reply, error) {
	forced, err := sy.force(ctx, g, ids, true, why)
	if err != nil {
		return desk.Reply{}, err
	}
	if forced.TooMany {
		return tooMany(forced.Wait), nil
	}
	return desk.Say(begun(forced, g.Response.Empty(), what)), nil
}

// begun says what is read of so many that were asked for, and where the outcome comes.
func begun(forced jobs.Forced, direct bool, what string) string {
	if forced.Total == 0 {
		forced.LeftOut.Lately = 0
		return fmt.Sprintf("We asked for %s a moment ago. Try again in %s.", what, seconds(forced.Wait)) + leftOut(forced.LeftOut)
	}
	text := "Syncing " + okr.CountWords(forced.Total, "key result") + ". This message counts up."
	if direct {
		text = "Syncing " + okr.CountWords(forced.Total, "key result") + ". The outcome comes as a direct message."
	}
	if !forced.Until.IsZero() {
		text += " A system asked us to wait until " + view.Moment(forced.Until) + ": what it holds is read then."
	}
	if len(forced.Paused) > 0 {
		text += " " + view.PausedOnes(forced.Paused)
	}
	return text + leftOut(forced.LeftOut)
}

// leftOut says what of several is not read, behind other words; empty where all is.
func leftOut(l store.LeftOut) (text string) {
	if l.Lately > 0 {
		text = " Left out, because we asked for them a moment ago: " + okr.CountWords(l.Lately, "key result") + "."
	}
	if l.Paused != 0 {
		text += fmt.Sprintf(" Paused ones are left out; `/okr sync KR-%d` reads one all the same.", l.Paused)
	}
	return text + l.Why
}

func (sy syncs) force(ctx context.Context, g desk.Gesture, ids []int64, every bool, why string) (jobs.Forced, error) {
	var forced jobs.Forced
	window := ""
	if g.View.Callback == view.CallbackDetails {
		window = g.View.ID
	}
	err := sy.Store.InTx(ctx, func(tx *store.Tx) error {
		var err error
		forced, err = sy.jobs.Force(ctx, tx, jobs.ForceRequest{
			Workspace: g.Actor.Workspace, Person: g.Actor.ID, KeyResults: ids, Every: every, LeftOut: store.LeftOut{Why: why},
			Channel: g.Channel, View: window, Response: g.Response,
		})
		return err
	})
	return forced, err
}

func tooMany(wait time.Duration) desk.Reply {
	return desk.Say(fmt.Sprintf("You asked for ten syncs within five minutes. Try again in %s; the cadence goes on by itself.", seconds(wait)))
}

// seconds says a short wait, rounded up: "18 s", "4 min".
func seconds(d time.Duration) string {
	if d > 90*time.Second {
		return strconv.Itoa(int(d.Minutes()+1)) + " min"
	}
	return strconv.Itoa(int((d+time.Second-1)/time.Second)) + " s"
}

// many reads several key results that were named. Those that cannot be read are named with why.
func (sy syncs) many(ctx context.Context, g desk.Gesture, numbers []int) (desk.Reply, error) {
	list, err := sy.Store.KeyResults(ctx, g.Actor.Workspace, store.Filter{Numbers: numbers})
	if err != nil {
		return desk.Reply{}, err
	}
	var ids []int64
	var only string
	var left []string
	for _, n := range numbers {
		i := slices.IndexFunc(list, func(k store.KeyResult) bool { return k.Number == n })
		if i < 0 {
			left = append(left, fmt.Sprintf("KR-%d is not here", n))
			continue
		}
		switch k := list[i]; {
		case !k.MaySync(g.Actor):
			left = append(left, k.Key()+" is for "+desk.WhomOf(ctx, sy.Store, g.Actor, k.KeyResult, okr.SyncKeyResult)+" to sync")
		case k.Closed:
			left = append(left, k.Key()+" is closed out")
		case !k.Integrated:
			left = append(left, k.Key()+" is updated by people")
		default:
			ids, only = append(ids, k.ID), k.Key()
		}
	}
	why := ""
	if len(left) > 0 {
		const most = 30 // reasons, so that one message has them
		if more := len(left) - most; more > 0 {
			left = append(left[:most], fmt.Sprintf("and %d more", more))
		}
		why = " Left out: " + strings.Join(left, "; ") + "."
	}
	if len(ids) == 0 {
		return desk.Say("Nothing was synced." + why), nil
	}
	what := "those"
	if len(ids) == 1 {
		what = only
	}
	return sy.some(ctx, g, ids, what, why)
}
