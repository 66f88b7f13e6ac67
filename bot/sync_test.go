package bot_test

import (
	"strings"
	"testing"
	"time"

	"okrbot/sandbox/seed"
	"okrbot/sandbox/servicenow"
	"okrbot/sandbox/slack"
	"okrbot/sandbox/slack/conversation"
	"okrbot/store/storetest"
)

// ready is a room in which alice has KR-1, read from the scorecard of open incidents, with its
// card in #it-okrs.
func ready(t *testing.T, options ...roomOption) *room {
	t.Helper()
	r := newRoom(t, options...)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "100")
	r.alice.Sees("*KR-1* Fewer open incidents", "[Sync Integration Data]")
	r.later(time.Minute) // beyond the thirty seconds between syncs by hand
	return r
}

// later moves the database's time, as waiting would.
func (r *room) later(d time.Duration) {
	r.t.Helper()
	storetest.Advance(r.t, r.dsn, d)
	r.moved = true
}

// laterDays moves it to the same time of alice's day some days on; one of those days may have 23 or
// 25 hours.
func (r *room) laterDays(days int) {
	r.t.Helper()
	now := r.now().In(berlin)
	r.later(now.AddDate(0, 0, days).Sub(now))
}

var openIncidents = seed.ID("Number of open incidents")

// collects gives the scorecard of open incidents a score for today.
func (r *room) collects(value float64) { r.t.Helper(); r.collectsFor(0, value) }

// collectsFor is for a day from today on.
func (r *room) collectsFor(days int, value float64) {
	r.t.Helper()
	if err := r.servicenow.Collect(openIncidents, r.day(days).Time(), value); err != nil {
		r.t.Fatal(err)
	}
}

// passes lets days pass, at whose end there is another score of open incidents. It is there before
// they are over: who reads at once finds it.
func (r *room) passes(days int, value float64) {
	r.t.Helper()
	r.collectsFor(days, value)
	r.laterDays(days)
}

// newest is the newest score of open incidents.
func (r *room) newest() int {
	s, _ := r.servicenow.Named("Number of open incidents")
	return int(s.Scores[len(s.Scores)-1].Value)
}

func TestTheButtonReadsNow(t *testing.T) {
	r := ready(t)
	r.collects(77)
	r.alice.Presses("Sync Integration Data").
		Sees("Syncing KR-1", "→ 77", "Achieved")
	r.bob.Sees("→ 77") // in the channel
	r.later(time.Minute)
	r.alice.Types("/okr sync KR-1").Sees("no newer score in ServiceNow since")
	r.alice.Types("/okr sync KR-1, kr1").Sees("ServiceNow was asked about KR-1 a moment ago.")
	r.alice.Types("/okr sync KR-1 KR-99").Sees("We asked for KR-1 a moment ago. Try again in", "Left out: KR-99 is not here.")
	r.alice.Types("/okr sync KR-1").Sees("ServiceNow was asked about KR-1 a moment ago. Try again in")
}

func TestNothingIsPostedWhenNothingChanged(t *testing.T) {
	r := ready(t)
	before := r.bob.Counts("")
	r.alice.In("#service-desk").Types("/okr sync KR-1").Sees("no newer score in ServiceNow since")
	if after := r.bob.Counts(""); after != before {
		t.Errorf("%d messages in the channel, want %d:\n%s", after, before, r.bob.Screen())
	}
}

func TestOnlyThoseResponsibleMaySync(t *testing.T) {
	r := ready(t)
	r.bob.Presses("Sync Integration Data").Sees("You may not sync KR-1. Ask <@U0ALICE>.")
	r.dave.Types("/okr sync KR-1").Sees("Ask <@U0ALICE>")
	r.carol.Types("/okr sync KR-1").Sees("Syncing KR-1") // an administrator
	r.bob.Types("/okr sync KR-99").Sees("There is no KR-99 here")
	r.bob.Types("/okr sync all").Sees("You have no key results that read from ServiceNow")
}

func TestSyncAllCountsUp(t *testing.T) {
	r := ready(t)
	r.addsKeyResult(r.alice, "Faster resolution", "Average time to resolve an incident", "20")
	r.addsKeyResult(r.alice, "Happier customers", "Customer satisfaction", "4.5")
	r.alice.Sees("*KR-3* Happier customers")
	r.later(time.Minute)
	r.collects(120)
	r.servicenow.Remove(seed.ID("Customer satisfaction"))
	r.alice.Types("/okr sync all").
		Sees("Synced 3 key results: 1 changed, 1 without a newer score, 1 failed", "→ 120", "was not found, or is not visible")
}

// What is read is found out after the answer, which says so in its own place.
func TestSyncAllSaysWhatItReads(t *testing.T) {
	r := ready(t)
	r.addsKeyResult(r.alice, "Faster resolution", "Average time to resolve an incident", "20")
	r.addsKeyResult(r.alice, "Happier customers", "Customer satisfaction", "4.5")
	r.addsKeyResult(r.alice, "Calm nights", "Number of open incidents", "110")
	r.isRead()
	r.later(time.Minute)
	r.alice.Types("/okr pause KR-4").Sees("KR-4 is paused")
	r.alice.Types("/okr sync KR-1").Sees("no newer score in ServiceNow")
	fix := r.servicenow.Break(servicenow.Fault{Kind: servicenow.Slow, After: 3})
	r.alice.Types("/okr sync all").
		Sees("Syncing 2 key results. This message counts up. Left out, because we asked for them a moment ago: 1 key result. Paused ones are left out; `/okr sync KR-4` reads one all the same.").
		DoesNotSee("Looking for your key results")
	fix()
	r.alice.Sees("Synced 2 key results: 0 changed, 2 without a newer score, 0 failed", "Left out, because we asked for them a moment ago: 1 key result. Paused ones are left out; `/okr sync KR-4`").DoesNotSee("Syncing 2 key results")
}

// What is left out of several is said with the outcome too, which takes the place of what said so first.
func TestTheOutcomeOfSeveralSaysWhatIsLeftOut(t *testing.T) {
	r := ready(t)
	r.addsKeyResult(r.alice, "Faster resolution", "Average time to resolve an incident", "20")
	r.isRead()
	r.later(time.Minute)
	r.alice.Types("/okr sync KR-1 KR-2 KR-9").
		Sees("Synced 2 key results: 0 changed, 2 without a newer score, 0 failed", "Left out: KR-9 is not here.")
}

func TestOneRefusedScorecardIsNotAllOfThem(t *testing.T) {
	r := ready(t)
	r.addsKeyResult(r.alice, "Faster resolution", "Average time to resolve an incident", "20")
	r.addsKeyResult(r.alice, "Happier customers", "Customer satisfaction", "4.5")
	r.alice.Sees("*KR-3* Happier customers")
	r.later(time.Minute)
	r.collects(120)
	r.servicenow.Break(servicenow.Fault{Kind: servicenow.RoleMissing, Ref: seed.ID("Customer satisfaction")})
	r.alice.Types("/okr sync all").
		Sees("1 changed, 1 without a newer score, 1 failed", "ServiceNow lets us sign in, but not read this scorecard.", "the scorecard's own roles").
		DoesNotSee("not read scorecards")
}

func TestSyncAsksWhichOne(t *testing.T) {
	r := ready(t)
	r.alice.Types("/okr sync").Chooses("Key Result", "KR-1").Submits("Sync").SeesNoModal().Sees("no newer score")
	// Of more than Slack shows at once, one is found by its title or by its number.
	r.do(`insert into key_results (workspace_id, number, objective_id, title, owner_id, kind, unit, precision, method, weight, channel_id, integrated, cadence, zone, created_by, created_at)
		select workspace_id, n, objective_id, 'Part 50 % of ' || n, owner_id, kind, unit, precision, method, weight, '', true, '', zone, created_by, now() from key_results, generate_series(2, 250) n where number = 1`)
	r.alice.Types("/okr sync").Chooses("Key Result", "50 % of 249").Chooses("Key Result", "KR-248").Closes()
}

func TestAFailureIsToldOnceWithItsFixAndItsEnd(t *testing.T) {
	r := ready(t)
	fix := r.servicenow.Break(servicenow.Fault{Kind: servicenow.Hibernating})
	for range 3 {
		r.alice.Types("/okr sync KR-1").Sees("ServiceNow is asleep", "Wake it at developer.servicenow.com, then sync again.")
		r.later(time.Minute)
	}
	dm := r.alice.In("dm-U0ALICE").Sees("*Not syncing:* *KR-1*")
	r.settles() // a second message would have come
	if n := dm.Counts("*Not syncing:*"); n != 1 {
		t.Errorf("told %d times, want once:\n%s", n, dm.Screen())
	}
	r.bob.In("#it-okrs").Sees("*Not syncing* since") // on the card
	fix()
	r.alice.In("#it-okrs").Types("/okr sync KR-1").Sees("Syncing again:")
	if n := r.alice.In("dm-U0ALICE").Counts("Syncing again:"); n != 1 {
		t.Errorf("its end was told %d times, want once", n)
	}
}

// inWindow is what somebody's window shows, without the channel below it.
func inWindow(p *conversation.Person) string {
	_, window, _ := strings.Cut(p.Screen(), "--- modal\n")
	window, _, _ = strings.Cut(window, "\n--- ")
	return window
}

// TestWhatFailsHasOneNextAttempt: that of the next try, in a list, in the details and where it goes on after a pause.
func TestWhatFailsHasOneNextAttempt(t *testing.T) {
	r := ready(t)
	r.servicenow.Break(servicenow.Fault{Kind: servicenow.Hibernating})
	r.alice.Types("/okr sync KR-1").Sees("could not be synced", "We try again ")
	r.settles()
	r.do("update key_results set retry_at = now() + interval '10 minutes'") // whatever the moment
	if list := r.says("list"); !strings.Contains(list, "We try again ") || strings.Contains(list, "next sync") {
		t.Errorf("the list names another attempt:\n%s", list)
	}
	r.alice.Types("/okr show KR-1").Sees("== KR-1 ==", "*Last readings*")
	if window := inWindow(r.alice); !strings.Contains(window, "We try again ") || strings.Contains(window, "next sync") {
		t.Errorf("the details name another attempt:\n%s", window)
	}
	r.alice.Closes()
	r.alice.Types("/okr pause KR-1").Sees("KR-1 is paused")
	r.alice.Types("/okr resume KR-1").Sees("KR-1 goes on: next try ", "`/okr sync KR-1` reads it now.")
}

// TestWhatIsPausedIsNotSaidToFailNow: nobody looks any more, so it failed before, wherever it is shown.
func TestWhatIsPausedIsNotSaidToFailNow(t *testing.T) {
	r := ready(t)
	r.servicenow.Break(servicenow.Fault{Kind: servicenow.Hibernating})
	r.alice.Types("/okr sync KR-1").Sees("could not be synced")
	r.bob.In("#it-okrs").Sees("*Not syncing* since") // on the card
	const paused = "paused, not read by itself; its syncs had failed since "
	r.alice.Types("/okr pause KR-1").Sees("KR-1 is paused")
	r.bob.Sees(":double_vertical_bar: " + paused).DoesNotSee("*Not syncing* since")
	if list := r.says("list"); !strings.Contains(list, paused) || strings.Contains(list, "*Not syncing* since") {
		t.Errorf("the list says:\n%s", list)
	}
	for of, part := range map[string]string{"KR-1": "*Last readings*", "O-1": "*How it stands*"} {
		r.alice.Types("/okr show "+of).Sees("== "+of+" ==", part)
		if window := inWindow(r.alice); !strings.Contains(window, paused) || strings.Contains(window, "*Not syncing* since") {
			t.Errorf("the window of %s says:\n%s", of, window)
		}
		r.alice.Closes()
	}
	r.alice.GoesHome().SeesHome("*Needs you* · 1", paused, "[Sync Integration Data]")
	r.alice.Types("/okr resume KR-1").Sees("KR-1 goes on")
	r.bob.Sees("*Not syncing* since")
}

// An instance that is asleep at the slot is not to cost a week.
func TestASleepingInstanceIsReadWhenItWakes(t *testing.T) {
	r := ready(t)
	r.alice.Types("/okr edit KR-1").Chooses("Update Cadence", "Weekly").Sees("It is read weekly on Monday at ").Presses("More").Sees("Weekday: Monday").Submits("Save").Sees("KR-1 is saved").Closes()
	k, err := r.store.KeyResult(t.Context(), "T0SANDBOX", 1)
	if err != nil {
		t.Fatal(err)
	}
	now, err := r.store.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fix := r.servicenow.Break(servicenow.Fault{Kind: servicenow.Hibernating})
	r.later(k.NextSyncAt.Sub(now) + time.Minute)
	r.alice.In("dm-U0ALICE").Sees("*Not syncing:* *KR-1*", "ServiceNow is asleep", "We try again at 09:", " Europe/Berlin.\nThe last good value stays.")
	r.bob.Sees("*Not syncing* since", "We try again by ourselves.").DoesNotSee("ext sync") // on the card, whose tries are soon over
	fix()
	r.collects(88)
	r.later(15 * time.Minute)
	r.bob.Sees("→ 88")
	r.alice.Sees("Syncing again:")
	r.alice.In("#it-okrs").Types("/okr show KR-1").Sees("next sync Mon")
}

func TestTomorrowComesWhenPostgresSaysSo(t *testing.T) {
	r := ready(t)
	r.passes(1, 88)
	r.settles()
	if k, err := r.store.KeyResult(t.Context(), "T0SANDBOX", 1); err != nil || !k.NextSyncAt.After(r.now()) {
		t.Errorf("the next look leaves its slot at %s: %v", k.NextSyncAt, err)
	}
	r.bob.Sees("→ 88")
}

func TestTheCardIsTheOneThatWasPosted(t *testing.T) {
	r := ready(t)
	r.collects(90)
	r.alice.Presses("Sync Integration Data").Sees("→ 90")
	r.until("the card being drawn again", func() bool {
		if n := r.bob.Counts("[Sync Integration Data]"); n != 1 {
			t.Fatalf("%d cards, want 1:\n%s", n, r.bob.Screen())
		}
		return strings.Contains(r.bob.Screen(), "*90*")
	})
}

func TestAChannelWithoutTheBotIsToldToTheOwnerOnce(t *testing.T) {
	r := newRoom(t)
	r.refusalsExpected = true
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.alice.Types("/okr add-kr").Fills("Key Result", "Fewer open incidents").Submits("Next").
		Chooses("Scorecard", "Number of open incidents").Submits("Connect").
		Fills("Target Value", "100").Fills("Channel", "#general").Submits("Save").Sees("is added", "/invite @okrbot").Closes()
	r.alice.In("dm-U0ALICE").Sees("Nothing can be posted in", "/invite @okrbot")
	r.slack.Invite("#general", "okrbot")
	r.later(time.Minute)
	r.alice.Presses("Sync Integration Data")
	r.alice.In("#general").Sees("*KR-1* Fewer open incidents")
}

// A key result that people update is posted again where its channel takes it by then.
func TestWhatPeopleUpdateIsPostedAgain(t *testing.T) {
	r := newRoom(t)
	r.refusalsExpected = true
	r.addsObjective(r.alice, "Ship it")
	r.alice.Types("/okr add-kr Interviews held").Sees("== Add key result ==").Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
		Sees("Start Value").Fills("Start Value", "0").Fills("Target Value", "12").Fills("Channel", "#general").Submits("Save").Sees("is added").Closes()
	r.alice.In("dm-U0ALICE").Sees("Nothing can be posted in", "/invite @okrbot", "press Try again", "[Try again]").DoesNotSee("Sync Integration Data")
	r.slack.Invite("#general", "okrbot")
	r.later(time.Minute)
	r.alice.Presses("Try again").Sees("Your cards are posted in <#C0GENERAL> now")
	r.alice.In("#general").Sees("*KR-1* Interviews held")
	r.later(time.Minute)
	r.alice.In("dm-U0ALICE").Presses("Try again").Sees("No card of yours waits for <#C0GENERAL>.")
}

// What may stand in the channel, and was promised not to be posted again, is not.
func TestWhatMayStandThereIsNotPostedAgain(t *testing.T) {
	r := newRoom(t, onTheDatabasesClock)
	r.refusalsExpected = true
	r.addsObjective(r.alice, "Ship it")
	add := func(title string) {
		r.alice.In("#it-okrs").Types("/okr add-kr "+title).Sees("== Add key result ==").Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
			Sees("Start Value").Fills("Start Value", "0").Fills("Target Value", "12").Fills("Channel", "#general").Submits("Save").Sees("is added").Closes()
	}
	add("Interviews held")
	r.alice.In("dm-U0ALICE").Sees("Nothing can be posted in", "[Try again]")
	r.slack.Invite("#general", "okrbot")
	fix := r.losesAnswers("C0GENERAL", 0)
	add("Offers made")
	r.goesOn(10)
	cards := func(title string) int { return r.alice.In("#general").Counts(title + " · :grey_question: No data") }
	if n := cards("Offers made"); n != 2 {
		t.Fatalf("the second one stands %d times:\n%s", n, r.alice.Screen())
	}
	r.alice.In("dm-U0ALICE").Sees("Slack did not say whether a message about *KR-2* Offers made arrived", "It is not posted again.")
	fix()
	r.alice.Presses("Try again").Sees("Your cards are posted in <#C0GENERAL> now")
	r.goesOn(2)
	if first, second := cards("Interviews held"), cards("Offers made"); first != 1 || second != 2 {
		t.Errorf("the first one stands %d times, the second one %d times:\n%s", first, second, r.alice.Screen())
	}
}

func TestANewUnitIsHeldUntilSomebodyAgrees(t *testing.T) {
	r := ready(t)
	if err := r.servicenow.Change(openIncidents, func(s *servicenow.Scorecard) { s.Unit = "Hours" }); err != nil {
		t.Fatal(err)
	}
	r.collects(88)
	r.alice.Presses("Sync Integration Data").Sees("The scorecard's unit changed from", "/okr edit KR-1").DoesNotSee("→ 88")
	r.later(time.Minute)
	r.alice.Types("/okr edit KR-1").Sees("Unit of Measurement: Hours").Submits("Save").Sees("KR-1 is saved").Closes()
	r.later(time.Minute)
	r.alice.Types("/okr sync KR-1").Sees("→ 88")
}

func TestAChangedScorecardIsHeldUntilSomebodyAgrees(t *testing.T) {
	r := ready(t)
	if err := r.servicenow.Change(openIncidents, func(s *servicenow.Scorecard) { s.Direction, s.Frequency, s.Precision = 3, 20, 1 }); err != nil {
		t.Fatal(err)
	}
	r.collects(88)
	r.alice.Presses("Sync Integration Data").Sees("The scorecard's direction changed from less is better to more is better, its frequency from daily to weekly, its number of decimals from 0 to 1", "/okr edit KR-1").DoesNotSee("→ 88")
	r.later(time.Minute)
	r.alice.Types("/okr edit KR-1").
		Sees("The scorecard's direction was less is better and is more is better now, its frequency was daily and is weekly now, its number of decimals was 0 and is 1 now. Check the values below; saving accepts that.").
		Submits("Save").Sees("KR-1 is saved").Closes()
	r.later(time.Minute)
	r.alice.Types("/okr sync KR-1").Sees("→ 88.0")
	r.alice.Types("/okr show KR-1").Sees("edited: scorecard's direction less is better → more is better, scorecard's frequency daily → weekly, scorecard's number of decimals 0 → 1").Closes()
}

func TestWhereSlackTakesNoChartTheTrendIsText(t *testing.T) {
	r := newRoom(t)
	r.refusalsExpected = true
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	for _, method := range []string{"chat.postMessage", "chat.update"} {
		r.slack.Break(slack.Fault{Method: method, Block: "data_visualization", Error: "invalid_blocks"})
	}
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "100")
	r.bob.Sees("*KR-1* Fewer open incidents", "▁", "[Sync Integration Data]")
}

// A message that nothing reaches any more does not promise to say what is synced.
func TestSyncAllByAMentionSaysWhereTheOutcomeComes(t *testing.T) {
	r := newRoom(t)
	r.alice.In("#it-okrs").Types("@okrbot sync all").Sees("Looking for your key results. A direct message says in a moment what is synced.")
	r.alice.In("dm-U0ALICE").Sees("You have no key results that read from ServiceNow")
}
