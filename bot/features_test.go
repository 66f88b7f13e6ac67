package bot_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"okrbot/bot"
	"okrbot/sandbox/seed"
	"okrbot/sandbox/slack/conversation"
	"okrbot/store"
)

var storeFilter = store.Filter{}

func TestHelp(t *testing.T) {
	r := newRoom(t)
	r.alice.Types("/okr").Sees("You have no key results yet")
	r.alice.Types("/okr help").Sees("/okr add-kr", "/okr sync", "Begin with `/okr connect`, then `/okr add-objective` and `/okr add-kr`.")
	r.alice.Types("/okr help sync").Sees("Reads one key result", "Example: `/okr sync KR-1`")
	r.alice.Types("/okr snyc KR-1").Sees("There is no command `/okr snyc`. Did you mean `/okr sync`?")
	r.alice.Types("/okr help chek-in").Sees("Did you mean `/okr check-in`?")
	r.alice.Types("/okr " + strings.Repeat("😀", 1500)).Sees("`/okr help` lists all commands.")
	r.alice.Types("/okr xyzzy").Sees("There is no command `/okr xyzzy`. `/okr help` lists all commands.")
	r.alice.Types("/okr <!channel>").Sees("There is no command `/okr &lt;!channel&gt;`")
	r.dave.Types("/okr add-kr").Sees("Guests cannot add key results")
	r.dave.Types("/okr connect").Sees("Guests cannot connect")
}

// Words that people use for a verb lead to it, never to its opposite, and each to a verb that is there.
func TestWordsForAVerbLeadToIt(t *testing.T) {
	r := newRoom(t)
	for typed, offered := range map[string]string{
		"unpause KR-1": "`/okr resume`?", "stop KR-1": "`/okr pause`?", "delete KR-1": "`/okr remove`?", "new": "`/okr add-objective` or `/okr add-kr`?",
		"objective": "`/okr objectives` or `/okr add-objective`?", "transfer O-1": "`/okr edit`?",
		"Refresh KR-1": "`/okr sync`?", "mine": "`/okr list mine`?",
	} {
		if got := r.says(typed); !strings.Contains(got, "There is no command") || !strings.Contains(got, "Did you mean "+offered+" `/okr help` lists all commands.") {
			t.Errorf("%s: %s", typed, got)
		}
	}
	for _, typed := range []string{"?", "-h", "hello"} {
		if got, want := r.says(typed), "There is no command `/okr "+typed+"`. `/okr help` lists all commands."; !strings.Contains(got, want) {
			t.Errorf("%s: %s", typed, got)
		}
	}
	for word, list := range bot.Meant {
		for _, offered := range list {
			verb, _, _ := strings.Cut(offered, " ")
			if got := r.says("help " + verb); !strings.Contains(got, "Example") {
				t.Errorf("%s leads to %s, which is no verb", word, verb)
			}
		}
	}
}

// A guest is offered nothing that only members may do.
func TestAGuestIsOfferedWhatGuestsMay(t *testing.T) {
	r := newRoom(t)
	r.dave.Types("/okr").Sees("You have no key results. Members of this workspace add them; `/okr list` shows those that there are").DoesNotSee("/okr add-kr")
	r.dave.Types("/okr list").Sees("All key results: none.").DoesNotSee("/okr add-kr")
	r.dave.Types("/okr connections").Sees("Guests cannot connect other systems. Ask a member").DoesNotSee("[Connect")
	r.dave.Types("/okr subscribe me").Sees("Guests cannot subscribe to the weekly digest. Ask a member of this workspace to subscribe a channel")
	r.dave.Types("/okr sync all").Sees("You have no key results that read from ServiceNow.").DoesNotSee("/okr add-kr")
	r.alice.Types("/okr sync all").Sees("that read from ServiceNow. Add one with `/okr add-kr`.")
	r.dave.Types("/okr sync").Sees("You have no key results that read from ServiceNow.").DoesNotSee("/okr add-kr").SeesNoModal()
	r.bob.Types("/okr sync").Sees("You have no key results that read from ServiceNow. Add one with `/okr add-kr`.").SeesNoModal()
	r.dave.Types("/okr help").Sees("/okr list", "/okr export", "Guests look at what there is").DoesNotSee("/okr check-in")
	r.dave.Types("/okr help add-kr").Sees("Guests cannot do this. Ask a member of this workspace.")
	r.dave.Types("/okr cennect").Sees("There is no command `/okr cennect`. `/okr help` lists all commands.")
	r.addsObjective(r.alice, "Ship it")
	r.dave.GoesHome().SeesHome("*Ship it*", "No key results yet.", "[⋯ Export]", "[⋯ Show objective]")
	r.bob.GoesHome().SeesHome("[⋯ Sync Integration Data | Export | Settings]")
	r.checksIn("Interviews held", "8", "5")
	r.dave.Types("/okr list").Sees("*KR-1* Interviews held", "[Details]").DoesNotSee("[⋯ Details")
	r.dave.Types("/okr objectives").Sees("*O-1* Ship it").DoesNotSee("Edit objective")
}

func TestShowListEditPauseRemove(t *testing.T) {
	r := ready(t)
	r.alice.Types("/okr list").Sees("*Run a calm service desk*", "1 of 1 reporting", "*KR-1* Fewer open incidents")
	r.alice.Types("/okr list mine").Sees("*My key results*")
	r.alice.Types("/okr list @bob").Sees("Key results of <@U0BOB>: none")
	r.alice.Types("/okr list #it-okrs").Sees("*Key results in <#C0ITOKRS>*")
	r.alice.Types("/okr list at-risk behind on-track too-early achieved").Sees("*Key results at risk or behind or on track or too early or achieved*") // by the day
	r.alice.Types("/okr list nonsense").Sees("List what?")

	r.bob.Types("/okr show KR-1").
		Sees("== KR-1 ==", "*Last readings*", "*Source*", "Number of open incidents", "*Who may change and sync it*", "Daily at 09:00 Europe/Berlin").Closes()
	r.alice.Types("/okr show KR-1").Sees("[⋯ Sync Integration Data").Closes()

	r.bob.Types("/okr edit KR-1").Sees("You may not edit KR-1. Ask <@U0ALICE>.")
	r.alice.Types("/okr edit KR-1").Sees("== Edit KR-1 ==").
		Fills("Target Value", "forty").Submits("Save").Sees("^ This is not a number").
		Fills("Target Value", "90").Chooses("Update Cadence", "Weekly").Sees("It is read weekly on Monday at 09:00").
		Submits("Save").Sees("KR-1 is saved").Closes()
	r.alice.Types("/okr show KR-1").Sees("target 100 → 90", "Weekly on Monday at 09:00 Europe/Berlin").Closes()

	r.bob.Types("/okr pause KR-1").Sees("You may not pause or resume")
	r.alice.Types("/okr remove KR-1").Sees("== Remove KR-1 ==", "*This goes:* the key result and ", "*This stays:* the scorecard Number of open incidents", " and the connection to it", "To stop only its syncs, `/okr pause KR-1` is enough.").Closes()
	r.alice.Types("/okr pause KR-1").Sees("KR-1 is paused")
	r.alice.Types("/okr remove KR-1").Sees("== Remove KR-1 ==", "*This goes:* ").DoesNotSee("To stop only").Closes()
	r.alice.Types("/okr resume KR-1").Sees("KR-1 goes on: next sync", "`/okr sync KR-1` reads it now.")
	r.alice.Types("/okr resume KR-1").Sees("KR-1 is not paused, so there is nothing to resume.")

	r.bob.Types("/okr remove KR-1").Sees("You may not remove")
	r.alice.Types("/okr remove KR-1").Sees("== Remove KR-1 ==", "readings", "This cannot be undone").Submits("Remove").SeesNoModal().Sees("is removed")
	r.alice.Types("/okr show KR-1").Sees("There is no KR-1 here")
}

// A removed key result's card stays and says so, with nothing to press; where it was before, there is
// nothing to sync either.
func TestARemovedKeyResultsCardsAreClosed(t *testing.T) {
	r := ready(t)
	r.slack.Invite("#service-desk", "okrbot")
	r.alice.Types("/okr edit KR-1").Fills("Key Result", "Fewer ~open~ incidents").Fills("Channel", "#service-desk").Submits("Save").Sees("KR-1 is saved").Closes()
	r.alice.Sees("Moved to <#C0DESK>")
	r.alice.In("#service-desk").Sees("[Sync Integration Data]")
	r.settles() // where the card stands is on record
	r.alice.Types("/okr remove KR-1").Sees("*This stays:* ", "the messages that were posted; the card, struck through and without buttons.\nThis cannot be undone.").Submits("Remove").SeesNoModal()
	r.alice.In("#service-desk").Sees("~KR-1 Fewer ∼open∼ incidents~\nRemoved by <@U0ALICE> on <!date^")
	if n := r.alice.Counts("[Sync Integration Data]") + r.alice.Counts("[Details]"); n != 0 {
		t.Errorf("%d messages have buttons of a removed key result:\n%s", n, r.alice.Screen())
	}
	r.alice.In("#it-okrs").DoesNotSee("[Sync Integration Data]")
}

// What is done in a key result's details is seen there.
func TestDetailsShowWhatWasDoneInThem(t *testing.T) {
	r := ready(t)
	r.collects(77)
	r.alice.Types("/okr show KR-1").Sees("== KR-1 ==", "*135*").Presses("Sync Integration Data").Sees("Syncing KR-1").Closes()
	r.alice.Sees("== KR-1 ==", "*77*").Presses("Pause syncing").Sees("KR-1 is paused: it is not read by itself").Closes()
	r.alice.Sees("== KR-1 ==", "paused").Presses("Resume syncing").Sees("KR-1 goes on: next sync").Closes()
	r.alice.Sees("== KR-1 ==", "next sync")
}

// TestAnEditNamesWhatChangedAlone: whatever was handed in with it and is as it was is no change.
func TestAnEditNamesWhatChangedAlone(t *testing.T) {
	r := ready(t)
	last := func() map[string]store.Change {
		t.Helper()
		k, err := r.store.KeyResult(t.Context(), r.slack.Options().TeamID, 1)
		if err != nil {
			t.Fatal(err)
		}
		events, err := r.store.Audit(t.Context(), k.Workspace, store.Object{Kind: "key_result", ID: k.ID}, 1)
		if err != nil || events[0].Action == "created" {
			t.Fatal(events, err)
		}
		return events[0].Changes
	}
	edit := func(change func(*conversation.Person), want map[string]store.Change) {
		t.Helper()
		r.alice.Types("/okr edit KR-1").Sees("== Edit KR-1 ==")
		change(r.alice)
		r.alice.Submits("Save").Sees("KR-1 is saved").Closes()
		if got := last(); !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	r.isRead()
	edit(func(*conversation.Person) {}, last()) // which is none
	edit(func(p *conversation.Person) { p.Fills("Key Result", "Fewer incidents") }, map[string]store.Change{"title": {"Fewer open incidents", "Fewer incidents"}})
	edit(func(p *conversation.Person) { p.Fills("Target Value", "90") }, map[string]store.Change{"target": {"100", "90"}})
	edit(func(p *conversation.Person) { p.Chooses("Update Cadence", "Weekly") }, map[string]store.Change{
		"cadence": {"Daily at 09:00 Europe/Berlin", "Weekly on Monday at 09:00 Europe/Berlin"},
	})
	r.alice.Types("/okr show KR-1").Sees("edited: target 100 → 90").DoesNotSee("connection").Closes()
	r.alice.Types("/okr pause KR-1").Sees("is paused")
	if got, want := last(), (map[string]store.Change{"paused": {"false", "true"}}); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}

	// A sign-in that is entered again is no other one.
	r.alice.Types("/okr connections").Presses("Manage").Presses("Reconnect").Fills("Username", seed.User).Fills("Password", seed.Password).Submits("Connect").Sees("is connected").Closes()
	var changes string
	err := r.database().QueryRow(t.Context(), "select changes::text from audit_events where action = 'reconnected'").Scan(&changes)
	if err != nil || changes != "{}" {
		t.Errorf("got %s, %v", changes, err)
	}
}

func TestChangingTheSourceSaysOfWhat(t *testing.T) {
	r := ready(t)
	r.alice.Types("/okr edit KR-1").Presses("Change source").Sees("== Source of KR-1 ==", "Where *KR-1* belongs").
		Submits("Next").Sees("== Source of KR-1 ==", "Scorecard: ").DoesNotSee("Add key result")
}

// TestAnotherScorecardsSuggestionsAreSaid, and what they take the place of.
func TestAnotherScorecardsSuggestionsAreSaid(t *testing.T) {
	r := ready(t)
	goal := r.goal()
	r.alice.Types("/okr edit KR-1").Sees("== Edit KR-1 ==").DoesNotSee("another scorecard").Presses("Change source").Submits("Next").
		Sees("== Source of KR-1 ==").Chooses("Scorecard", "Customer satisfaction").Submits("Connect").
		Sees("== Edit KR-1 ==", "This is another scorecard, and it suggests the goal and the values below. Check them before you save. Before: "+goal+".").Closes()
	r.alice.Types("/okr add-kr").Fills("Key Result", "Calm nights").Submits("Next").Chooses("Scorecard", "Number of open incidents").
		Submits("Connect").Sees("Target Value: 100", "ServiceNow's target: 100.").DoesNotSee("another scorecard").Closes()
}

// goal is that of KR-1, as it is said.
func (r *room) goal() string {
	r.t.Helper()
	list, err := r.store.KeyResults(r.t.Context(), r.slack.Options().TeamID, store.Filter{Numbers: []int{1}})
	if err != nil || len(list) != 1 {
		r.t.Fatal(list, err)
	}
	return list[0].GoalWords()
}

// Paused: nothing is read by itself. Who asks for one by name gets it, and is told that it stays so.
func TestAPausedKeyResultIsReadOnceWhenAskedFor(t *testing.T) {
	r := ready(t)
	r.alice.Types("/okr pause KR-1").Sees("not read by itself until somebody resumes it", "`/okr sync KR-1` reads it once all the same")
	r.collects(77)
	r.alice.Types("/okr sync KR-1").Sees("Syncing KR-1", "It is paused: it is read this once because you asked, and stays paused.", "→ 77")
	r.alice.Sees(":double_vertical_bar: paused, not read by itself")
	r.later(time.Minute)
	r.alice.Types("/okr sync all").Sees("All of yours are paused. Paused ones are left out; `/okr sync KR-1` reads one all the same.")
	r.addsKeyResult(r.alice, "Happier customers", "Customer satisfaction", "4.5")
	r.later(time.Minute)
	r.alice.Types("/okr sync all").Sees("Paused ones are left out; `/okr sync KR-1`")

	// Of several that are named, those that are paused are said to be so, as one is.
	r.later(time.Minute)
	once := "KR-1 is paused: it is read this once because you asked, and stays paused."
	if got := r.says("sync KR-1 KR-2"); !strings.Contains(got, once) {
		t.Error(got)
	}
	r.later(time.Minute)
	r.alice.Types("/okr sync KR-1 KR-2").Sees("Synced 2 key results", once)
	r.settles() // what says who is paused is written when the outcome is known
	r.alice.Types("/okr pause KR-2").Sees("KR-2 is paused")
	r.alice.Types("/okr sync KR-2 KR-1").Sees("We asked for those a moment ago").DoesNotSee("they are read")
	r.later(time.Minute)
	r.alice.Types("/okr sync KR-2 KR-1").Sees("Synced 2 key results", "KR-1 and KR-2 are paused: they are read this once because you asked, and stay paused.")
}

func TestPeopleUpdateTheirOwn(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Ship it")
	r.alice.Types("/okr add-kr").Fills("Key Result", "Interviews held").
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
		Sees("Updated by people").
		Fills("Start Value", "0").Fills("Result Value", "3").Fills("Target Value", "12").Presses("More").Fills("Committed Result", "20").Submits("Save").
		Sees("^ The committed result").
		Fills("Committed Result", "8").Submits("Save").Sees("is added", "/okr check-in KR-1").Closes()
	r.alice.Sees("*KR-1* Interviews held", "*3*", "progress 25 %", "[Check in]")
	r.bob.Presses("Check in").Sees("Ask <@U0ALICE>")
	r.alice.Presses("Check in").Fills("Result Value", "12abc").Submits("Save").Sees("^ Enter the number alone").
		Fills("Result Value", "9").Chooses("Confidence of reaching the target", "Confident").Fills("Note", "Two more <!channel> on Friday").Submits("Save").
		SeesNoModal().Sees("3 → 9", "progress 75 %, committed result met")
	r.alice.Types("/okr show KR-1").Sees("Confident", "Two more &lt;!channel&gt; on Friday").Closes()
	r.alice.Types("/okr sync KR-1").Sees("KR-1 is updated by people, so there is nothing to sync")
	r.alice.Types("/okr pause KR-1").Sees("KR-1 is updated by people: nothing reads it, so there is nothing to pause. Enter a value with `/okr check-in KR-1`.")
	r.alice.Types("/okr resume KR-1").Sees("so there is nothing to resume.")
	r.alice.Types("/okr list no data").Sees("All key results have data.")
	r.alice.Types("/okr check-in KR-7").Sees("There is no KR-7 here")
	r.alice.Types("/okr remove KR-1").Sees("== Remove KR-1 ==", "This cannot be undone.").DoesNotSee("To stop only")
}

func TestHomeShowsMyObjectives(t *testing.T) {
	r := ready(t)
	r.bob.GoesHome().SeesHome("My Objectives", "Nothing here yet. Objectives and key results that you own or co-own appear here.", "[Connect ServiceNow]")
	r.dave.GoesHome().SeesHome("Nothing here yet").DoesNotSee("[Add key result]")
	r.collects(81)
	r.alice.GoesHome().SeesHome("*Run a calm service desk*", "*KR-1*").PressesAtHome("Sync Integration Data")
	r.alice.In("#it-okrs").Sees("→ 81")
	r.alice.SeesHome("*81*")
}

func TestBackKeepsWhatWasTyped(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.alice.Types("/okr add-kr").Fills("Key Result", "Fewer open incidents").Submits("Next").
		Presses("Preview results").Sees("Choose a scorecard first").
		Submits("Connect").Sees("^ Please complete this required field.").
		Chooses("Scorecard", "Number of open incidents").Sees("Last 12 scores", "less is better", "ServiceNow's target").
		Presses("Back").Sees("Key Result: Fewer open incidents").
		Submits("Next").Sees("Scorecard: Number of open incidents", "Last 12 scores").Submits("Connect").
		Sees("Unit of Measurement: #", "Target Value: 100", "Update Cadence: Daily").
		Fills("Target Value", "95").Presses("Back").Sees("Last 12 scores").Submits("Connect").
		Sees("Target Value: 95").
		Fills("Start Value", "95").Submits("Save").Sees("^ Start and target are equal").
		Chooses("Goal", "Stay at most").DoesNotSee("nothing").Sees("Goal: Stay at most at the target").
		Submits("Save").Sees("KR-1 is added")
}

func TestDetoursComeBack(t *testing.T) {
	r := newRoom(t)
	r.alice.Types("/okr add-kr").Sees("There is no open objective").
		Fills("Key Result", "Fewer open incidents").
		Presses("New objective").Sees("== Add objective ==").Fills("Objective", "Run a calm service desk").Submits("Save").
		Sees("== Add key result ==", "Objective: Run a calm service desk", "Key Result: Fewer open incidents").
		Submits("Next").Sees("You have no connection to ServiceNow yet").
		Presses("New connection").Sees("== Connect ServiceNow ==").
		Fills("ServiceNow URL", r.instance).Fills("Username", "okr.reader").Fills("Password", "wrong").Submits("Connect").
		Sees("The connection does not work yet", "ServiceNow refused our sign-in", "snc_basic_auth_api_access").
		Sees("Username: okr.reader", "Password: \n").
		Fills("Password", "sandbox").Submits("Connect").Sees("Close this window to go on").Closes().
		Sees("Connection: 127.0.0.1", "Scorecard: ")
}

func TestAddressesAndSignIns(t *testing.T) {
	r := newRoom(t)
	r.alice.Types("/okr connect").Fills("ServiceNow URL", "http://acme.service-now.com").Fills("Username", "x").Fills("Password", "y").Submits("Connect").
		Sees("^ ServiceNow is reached by https only").
		Fills("ServiceNow URL", "https://evil.example.com").Submits("Connect").Sees("^ This is not an address of a ServiceNow instance").
		Chooses("Sign in with", "OAuth").Sees("PUBLIC_URL").Submits("Connect").Sees("^ OAuth comes with PUBLIC_URL").
		Chooses("Sign in with", "Personal Access Token").Sees("REST API key").
		Fills("ServiceNow URL", r.instance).Fills("Personal Access Token", "wrong").Submits("Connect").Sees("refused our REST API key").
		Fills("Personal Access Token", "sandbox-key").Submits("Connect").Sees("is connected").Closes()
	r.alice.Types("/okr connections").Sees("works", "private")
	r.bob.Types("/okr connections").Sees("You have no connection yet")
}

func TestTwiceIsOnce(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Ship it")
	r.alice.Types("/okr add-kr").Fills("Key Result", "Interviews held").
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
		Fills("Start Value", "0").Fills("Target Value", "12").Sees("[[Save]]")
	// A second window shows the same form; both are submitted at once.
	done := make(chan struct{})
	go func() { defer close(done); _ = r.slack.Submit("alice") }()
	_ = r.slack.Submit("alice")
	<-done
	r.alice.Sees("KR-1 is added").Closes()
	list, err := r.store.KeyResults(t.Context(), "T0SANDBOX", storeFilter)
	if err != nil || len(list) != 1 {
		t.Errorf("%d key results, %v; want 1", len(list), err)
	}
}

func TestHostileWordsStayWords(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "<!channel> & *all* <https://evil.example|press>")
	r.alice.Types("/okr add-kr").Fills("Key Result", strings.Repeat("長", 140)+"<@U0BOB>").
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
		Fills("Start Value", "0").Fills("Target Value", "12").Submits("Save").Sees("is added").Closes()
	r.alice.Sees("&lt;@U0BOB&gt;", "&lt;!channel&gt; &amp;").DoesNotSee("<!channel>")
}
