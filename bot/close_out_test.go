package bot_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/sandbox/slack"
	"okrbot/sheet"
	"okrbot/store"
)

// beyond moves time to some days after an objective's last one.
func (r *room) beyond(o okr.Objective, days int) {
	r.t.Helper()
	r.laterDays(int(o.Period.Last-r.today()) + days)
}

// checksIn gives alice a key result that she updates, from 0 to 10, with a value.
func (r *room) checksIn(title, committed, value string) {
	r.t.Helper()
	r.alice.Types("/okr add-kr").Fills("Key Result", title).
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
		Fills("Start Value", "0").Fills("Result Value", value).Fills("Target Value", "10").Presses("More").Fills("Committed Result", committed).
		Submits("Save").Sees("is added").Closes()
}

func (r *room) objective() okr.Objective {
	r.t.Helper()
	list, err := r.store.Objectives(r.t.Context(), r.slack.Options().TeamID, "", "", 0, 1)
	if err != nil || len(list) == 0 {
		r.t.Fatal(err)
	}
	return list[0]
}

func TestAnObjectiveIsClosedOut(t *testing.T) {
	r := ready(t) // KR-1, from ServiceNow, target 100
	r.collects(120)
	r.alice.Types("/okr sync KR-1").Sees("→ 120")
	r.checksIn("Interviews held", "8", "7.99")
	r.checksIn("Talks given", "5", "5")
	r.alice.Types("/okr close-out").Sees("No objective of yours is to be closed out")
	o := r.objective()
	r.beyond(o, 3)

	r.bob.Types("/okr close-out").Sees("closed out by their owners and co-owners, and by administrators")
	r.bob.Types("/okr list").Sees("*KR-2* Interviews held", "[⋯ Show objective]", "[Details]").DoesNotSee("[Close out]").DoesNotSee("[⋯ Details")
	r.do("update objectives set co_owner_ids = '{U0BOB}'")
	r.bob.Types("/okr list calm").Sees("*KR-1* Fewer open incidents", "[Close out]")
	r.bob.Types("/okr close-out").Sees("== Close out ==", "*KR-2* Interviews held").Closes()
	r.bob.Types("/okr close-out calm").Sees("== Close out ==").Closes()
	r.do("update objectives set co_owner_ids = '{}'")
	r.alice.GoesHome().SeesHome("[Close out]")
	r.alice.Types("/okr close-out O-1").Sees("== Close out ==", "*KR-2* Interviews held").Closes()
	r.bob.Types("/okr close-out O-1").Sees("You may not close out O-1. Ask <@U0ALICE>.")
	r.alice.Types("/okr close-out").Sees("== Close out ==", "*KR-2* Interviews held · 7.99 of", "score 0.79 · committed result missed", "*KR-3* Talks given · 5 of", "score 0.50 · committed result met").
		Fills("Note", "Hiring was <!channel> late.").Chooses("Carry over to "+okr.NextQuarter(o.Period.Last).Words(), "KR-2").
		Submits("Close out").Sees("== Carry over ==", "starts at 7.99").
		Fills("KR-2 Interviews held: Target Value", "7").Submits("Close out").Sees("^ The last value has passed this target already").
		Fills("KR-2 Interviews held: Target Value", "ten").Submits("Close out").Sees("^ This is not a number").
		Fills("KR-2 Interviews held: Target Value", "20").Submits("Close out").SeesNoModal().
		Sees("is closed out.", "goes on in "+okr.NextQuarter(o.Period.Last).Words()+" as *O-2* with KR-4")
	r.bob.Sees("*Closed out: Run a calm service desk*", "3 of 3 reporting", "Hiring was &lt;!channel&gt; late.", "score 0.79 · committed result missed", "goes on as KR-4")
	if n := r.bob.Counts("*Closed out: "); n != 1 {
		t.Errorf("the channel heard it %d times, want once", n)
	}

	next, err := r.store.KeyResult(t.Context(), o.Workspace, 4)
	if err != nil {
		t.Fatal(err)
	}
	if next.Objective.Period != okr.NextQuarter(o.Period.Last) || next.Objective.Channel != o.Channel || next.Start.Decimal.String() != "7.99" ||
		next.Target.Decimal.String() != "20" || next.Committed.Valid || next.Result.Value.Valid || next.Closed {
		t.Errorf("what goes on is %+v", next)
	}

	// What is closed stays as it is, and says so.
	r.alice.Types("/okr show O-1").Sees("closed out: progress ").DoesNotSee("progress set to").Closes()
	r.alice.Types("/okr list").Sees(":lock: closed out")
	for _, command := range []string{"sync KR-1", "edit KR-1", "pause KR-1", "check-in KR-2"} {
		r.alice.Types("/okr " + command).Sees("is closed out with its objective, *Run a calm service desk*: its numbers stay as they are.")
	}
	r.alice.Types("/okr remove KR-1").Sees("== Remove KR-1 ==", "This cannot be undone.").DoesNotSee("To stop only").DoesNotSee("the connection to it").Closes()
	r.alice.Types("/okr sync all").Sees("You have no key results that read from ServiceNow")
	r.alice.Types("/okr show KR-1").Sees(":lock: closed out").Closes()
	r.collects(55)
	r.laterDays(2)
	r.settles() // a sync would have come
	if k, err := r.store.KeyResult(t.Context(), o.Workspace, 1); err != nil || k.Result.Value.Decimal.String() != "120" || !k.NextSyncAt.IsZero() {
		t.Errorf("a closed key result moved: %+v, %v", k.Result, err)
	}
	c, err := r.store.CloseOut(t.Context(), o.Workspace, o.ID)
	if err != nil || len(c.Results) != 3 || c.Results[1].Score.Decimal.String() != "0.79" || c.Results[1].Committed != okr.NotMet || c.Results[1].CarriedTo != 4 || c.Results[1].AsOf == 0 {
		t.Errorf("written down: %+v, %v", c, err)
	}
	r.carol.Types("/okr close-out").Sees("No objective of yours is to be closed out")
}

func TestAValueByHandIsClosedOutAsItIsShown(t *testing.T) {
	r := ready(t)
	r.alice.Types("/okr edit KR-1").Presses("More").Fills("Phased Targets", r.objective().Period.Last.String()+": 100").Submits("Save").Sees("KR-1 is saved").Closes()
	o := r.objective()
	r.beyond(o, 3)
	r.alice.Types("/okr check-in KR-1").Sees("As of: "+o.Period.Last.String()).
		Fills("Result Value", "110").Fills("Reason", "counted twice").Fills("Until", (o.Period.Last + 5).String()).
		Submits("Save").SeesNoModal().Sees("*110 (by hand)*")
	score, err := r.store.KeyResult(t.Context(), o.Workspace, 1)
	if err != nil {
		t.Fatal(err)
	}
	progress := score.Standing(o.Period, o.Period.Last+3).Score().Decimal.StringFixed(2)
	ends := "110 (by hand) of " + o.Period.Last.Words() + " · score " + progress
	r.alice.Types("/okr close-out").Sees(ends).Chooses("Carry over to "+okr.NextQuarter(o.Period.Last).Words(), "KR-1").Submits("Close out").
		Sees("starts at 110").Submits("Close out").SeesNoModal().Sees("is closed out.")
	r.bob.Sees("*Closed out: Run a calm service desk*", ends)

	// After its last day the value stands all the same, and nobody tries to end it.
	r.laterDays(10)
	if n, err := r.store.EndOverrides(t.Context(), 10); n != 0 || err != nil {
		t.Errorf("%d values by hand of what is closed out were to end: %v", n, err)
	}
	r.alice.Types("/okr list").Sees("*110 (by hand)*", "It counted when the objective was closed out.")
	r.settles()
	r.until("the card without its button", func() bool { return !strings.Contains(r.alice.Screen(), "Resume automatic") })
	r.alice.Types("/okr show KR-1").Sees("*110 (by hand)*", "score "+progress).DoesNotSee("[Check in]").DoesNotSee("[Resume automatic]").Closes()
	next, err := r.store.KeyResult(t.Context(), o.Workspace, 2)
	if err != nil || next.Start.Decimal.String() != "110" || len(next.Phases) != 0 {
		t.Errorf("what goes on is %+v, %v", next, err)
	}
}

func TestAnObjectiveWithoutKeyResultsIsClosedOutFromHome(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Ship it")
	r.alice.GoesHome().SeesHome("No key results yet").DoesNotSee("[Close out]")
	r.beyond(r.objective(), 1)
	r.alice.GoesHome().SeesHome("It ended without key results.", "[Close out]").PressesAtHome("Close out").
		Sees("== Close out ==", "0 of 0 reporting").Submits("Close out").SeesNoModal()
	r.alice.Sees("*Ship it* is closed out.").GoesHome().SeesHome("Nothing here yet")
}

func TestAHitRateMovesInPercent(t *testing.T) {
	r := ready(t)
	r.alice.Types("/okr edit KR-1").Presses("More").Chooses("Calculate Overall Progress", "Hit rate").Submits("Save").Sees("KR-1 is saved").Closes()
	r.settles() // the readings are counted by the new method
	r.bob.Sees("135 → 0 %; Calculate Overall Progress changed from Latest value to Hit rate").DoesNotSee("13,500")
	r.passes(1, 99)
	r.alice.Types("/okr sync KR-1")
	r.bob.Sees(" 0 % → 1 %")
	r.alice.Types("/okr show KR-1").Sees("*Result Value*\nhit rate ", "synced: result 0 % → 1 %").Closes()
}

func TestWhatGoesOnReadsTheSameSource(t *testing.T) {
	r := ready(t)
	o := r.objective()
	r.beyond(o, 2)
	r.collects(90)
	before, err := r.store.KeyResult(t.Context(), o.Workspace, 1)
	if err != nil {
		t.Fatal(err)
	}
	target := "10"                                   // below whatever it reads
	r.carol.Types("/okr list").Presses("Close out"). // an administrator
								Chooses("Carry over to "+okr.NextQuarter(o.Period.Last).Words(), "KR-1").Submits("Close out").
								Fills("KR-1 Fewer open incidents: Target Value", target).Submits("Close out").SeesNoModal().Sees("goes on in")
	r.alice.Sees("*KR-2* Fewer open incidents")
	after, err := r.store.KeyResult(t.Context(), o.Workspace, 2)
	if err != nil {
		t.Fatal(err)
	}
	if after.Source.Reference != before.Source.Reference || after.Source.Connection != before.Source.Connection || after.Cadence != before.Cadence ||
		after.Channel != before.Channel || after.Kind != before.Kind || after.Method != before.Method || !after.Weight.Equal(before.Weight) || after.Owner != before.Owner {
		t.Errorf("got %+v, want one like %+v", after, before)
	}
}

func TestClosedOutOnce(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Ship it")
	r.checksIn("Interviews held", "8", "4")
	o := r.objective()
	r.beyond(o, 1)
	r.alice.Types("/okr close-out").Sees("== Close out ==")
	v, _ := r.slack.Top("alice")
	var wait sync.WaitGroup
	for n := range 4 {
		wait.Go(func() {
			metadata, _ := v.Content["private_metadata"].(string)
			if status, body := r.post(r.submits("U0ALICE", view.CallbackCloseOut, metadata, "results_0_0", map[string]any{}, n)); status != http.StatusOK {
				t.Errorf("%d %s", status, body)
			}
		})
	}
	wait.Wait()
	r.alice.Submits("Close out").SeesNoModal().Sees("is closed out already")
	var closed, told int
	err := r.database().QueryRow(context.Background(), "select (select count(*) from close_outs), (select count(*) from audit_events where action = 'closed out')").Scan(&closed, &told)
	if err != nil || closed != 1 || told != 1 {
		t.Errorf("closed %d times, recorded %d times: %v", closed, told, err)
	}
}

func TestASummaryOfManyAndOneThatTheChannelRefuses(t *testing.T) {
	r := newRoom(t)
	r.refusalsExpected = true
	r.addsObjective(r.alice, "Ship it")
	o := r.objective()
	actor := okr.Actor{Workspace: o.Workspace, ID: "U0ALICE", Kind: okr.Member}
	err := r.store.InTx(t.Context(), func(tx *store.Tx) error {
		for n := range 12 {
			k := store.KeyResult{Objective: o}
			k.Workspace, k.KeyResult.Objective, k.Title, k.Owner = o.Workspace, o.ID, fmt.Sprintf("Part %d", n+1), "U0ALICE"
			k.Kind, k.Method, k.Cadence.Zone = okr.Baseline, okr.Latest, o.Zone
			if _, _, err := tx.CreateKeyResult(t.Context(), actor, k, ""); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r.beyond(o, 1)
	fix := r.slack.Break(slack.Fault{Method: "chat.postMessage", Channel: o.Channel, Error: "is_archived"})
	r.alice.Types("/okr close-out").Submits("Close out").SeesNoModal().
		Sees("This was not posted in <#"+o.Channel+">. The channel is archived.", "…and 2 more key results.")
	fix()
	r.alice.In("dm-U0ALICE").DoesNotSee("*KR-11*").Presses("See all").Sees("*KR-12* Part 12 · no data")
	if n := strings.Count(r.said(), "Closed out: Ship it"); n == 0 {
		t.Error("nobody heard of it")
	}
}

// importsMany gives alice an objective that is over in a day, with key results that people update; some of
// them, the last by number, have passed their targets.
func (r *room) importsMany(n, passed int) okr.Objective {
	r.t.Helper()
	day := r.today()
	r.alice.Types("/okr list").Sees("none") // so that she is known
	file := "objective,objective_owner,first_day,last_day,time_zone,objective_channel,key_result,owner,kind,start_value,target_value,result_value,result_day\n"
	for i := range n {
		value := "50"
		if i >= n-passed {
			value = "-1"
		}
		file += fmt.Sprintf("Ship it,U0ALICE,%s,%s,Europe/Berlin,C0ITOKRS,Part %d,U0ALICE,decrease,100,0,%s,%s\n", day-40, day, i+1, value, day)
	}
	if o, err := sheet.Import(r.t.Context(), r.store, r.slack.Options().TeamID, strings.NewReader(file), io.Discard, nil); err != nil || o.KeyResults != n {
		r.t.Fatalf("%+v, %v", o, err)
	}
	return r.objective()
}

// carried are the key results that go on, by title, with their targets.
func (r *room) carried(o okr.Objective) map[string]string {
	r.t.Helper()
	list, err := r.store.KeyResults(r.t.Context(), o.Workspace, store.Filter{Open: true})
	if err != nil {
		r.t.Fatal(err)
	}
	targets := map[string]string{}
	for _, k := range list {
		targets[k.Title] = k.Target.Decimal.String()
	}
	return targets
}

func TestAllOfTwoHundredAndFiftyGoOn(t *testing.T) {
	r := newRoom(t)
	o := r.importsMany(250, 5)
	r.beyond(o, 1)
	modal := r.alice.Types("/okr close-out").Sees("== Close out ==", "Scores and verdicts of all 250 key results", "Carry over to "+okr.NextQuarter(o.Period.Last).Words()+", KR-201 to KR-250").
		Chooses("What goes on", "All 250 key results").Submits("Close out").Sees("== Carry over ==", "1 to 90 of 250 key results; those that need a new target come first.", "KR-246 Part 246: Target Value", "The other 160: ")
	modal.Submits("Next").Sees("^ The last value has passed this target already")
	for n := 246; n <= 250; n++ {
		modal.Fills(fmt.Sprintf("KR-%d Part %d: Target Value", n, n), "-20")
	}
	modal.Fills("KR-1 Part 1: Target Value", "-7").Chooses("The other 160", "Keep their targets").Submits("Next").SeesNoModal().
		Sees("is closed out.", "with 250 key results, KR-251 to KR-500.")
	got := r.carried(o)
	if len(got) != 250 || got["Part 1"] != "-7" || got["Part 2"] != "0" || got["Part 200"] != "0" || got["Part 250"] != "-20" {
		t.Errorf("%d go on: %v", len(got), got)
	}
	c, err := r.store.CloseOut(t.Context(), o.Workspace, o.ID)
	if err != nil || len(c.Results) != 250 || c.Results[249].CarriedTo == 0 {
		t.Errorf("%d results were written down: %v", len(c.Results), err)
	}
}

// TestEveryPartOfALongCloseOutIsSeen: ten are named in the channel, and the rest is paged.
func TestEveryPartOfALongCloseOutIsSeen(t *testing.T) {
	t.Parallel()
	for _, n := range []int{10, 11, 101, 800} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			r := newRoom(t)
			o := r.importsMany(n, 0)
			r.beyond(o, 1)
			r.alice.Types("/okr close-out").Sees("== Close out ==", fmt.Sprintf("Scores and verdicts of all %d key results", n)).Submits("Close out").SeesNoModal().Sees("is closed out.")
			r.alice.Sees("*KR-10* Part 10 · ")
			if n == 10 {
				if screen := r.alice.Screen(); strings.Contains(screen, "…and") || strings.Contains(screen, "[See all]") {
					t.Error(screen)
				}
				return
			}
			r.alice.Sees("…and " + okr.CountWords(n-10, "more key result") + ".").Presses("See all")
			seen := regexp.MustCompile(`\*KR-\d+\*`)
			r.alice.Sees("*KR-11* Part 11 · ")
			for page := 1; strings.Contains(r.alice.Screen(), "[See more]"); page++ {
				before := len(seen.FindAllString(r.alice.Screen(), -1))
				r.alice.Presses("See more")
				r.until("the next page", func() bool { return len(seen.FindAllString(r.alice.Screen(), -1)) > before })
				if len(seen.FindAllString(r.alice.Screen(), -1)) >= n+10 || page > 20 {
					break
				}
			}
			screen := r.alice.Screen()
			for i := 1; i <= n; i++ {
				if !strings.Contains(screen, fmt.Sprintf("*KR-%d* Part %d · ", i, i)) {
					t.Fatalf("KR-%d is not to be seen", i)
				}
			}
		})
	}
}

func TestTargetsArePagedAndChosenByRule(t *testing.T) {
	r := newRoom(t)
	o := r.importsMany(100, 2)
	r.beyond(o, 1)
	r.alice.Types("/okr close-out").Chooses("What goes on", "The 98 key results that did not reach the target").Submits("Close out").
		Sees("1 to 90 of 98 key results").Fills("KR-90 Part 90: Target Value", "ten").Submits("Next").Sees("^ This is not a number").
		Fills("KR-90 Part 90: Target Value", "10").Submits("Next").Sees("91 to 98 of 98 key results").DoesNotSee("The other ").
		Fills("KR-98 Part 98: Target Value", "60").Submits("Close out").Sees("^ The last value has passed this target already").
		Fills("KR-98 Part 98: Target Value", "8").Submits("Close out").SeesNoModal().Sees("with 98 key results, KR-101 to KR-198.")
	got := r.carried(o)
	if len(got) != 98 || got["Part 90"] != "10" || got["Part 98"] != "8" || got["Part 1"] != "0" || got["Part 99"] != "" {
		t.Errorf("%d go on: %v", len(got), got)
	}
}

// TestTheLastOfAHundredAndOneIsNoRange of key results.
func TestTheLastOfAHundredAndOneIsNoRange(t *testing.T) {
	r := newRoom(t)
	r.beyond(r.importsMany(101, 0), 1)
	r.alice.Types("/okr close-out").Sees(", KR-101: ").DoesNotSee("KR-101 to").Closes()
}

func TestOneOfManyIsChosen(t *testing.T) {
	r := newRoom(t)
	o := r.importsMany(130, 0)
	r.beyond(o, 1)
	r.alice.Types("/okr close-out").DoesNotSee("did not reach the target").Chooses("Carry over to "+okr.NextQuarter(o.Period.Last).Words()+", KR-101 to KR-130", "KR-117").
		Submits("Close out").Sees("KR-117 Part 117: Target Value").DoesNotSee("KR-116").Submits("Close out").SeesNoModal().Sees("goes on in", "with KR-131.")
	if got := r.carried(o); len(got) != 1 || got["Part 117"] != "0" {
		t.Errorf("what goes on: %v", got)
	}
}
