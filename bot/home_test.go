package bot_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/sandbox/slack"
	"okrbot/sandbox/slack/conversation"
	"okrbot/sheet"
)

// shelf fills a workspace by an import: alice's objectives "Aim n", each with so many key results that
// people update, of which one each is on track, behind, at risk and without a value. Those from soon on
// are of a period to come.
func (r *room) shelf(objectives, each, soon int) {
	r.t.Helper()
	file := "objective,objective_owner,first_day,last_day,time_zone,key_result,owner,kind,start_value,target_value,channel,result_value,result_day\n"
	for o := range objectives {
		first, last := r.day(-40), r.day(60)
		if o >= soon {
			first, last = r.day(61), r.day(161)
		}
		for i := range each {
			value, day := []string{"50", "75", "95", ""}[i%4], r.today().String()
			if value == "" || o >= soon {
				value, day = "", ""
			}
			file += fmt.Sprintf("Aim %d,U0ALICE,%s,%s,Europe/Berlin,Part %d of %d,U0ALICE,decrease,100,0,C0ITOKRS,%s,%s\n", o+1, first, last, i+1, o+1, value, day)
		}
	}
	r.alice.GoesHome().SeesHome("My Objectives") // an import knows who has used okrbot
	var said strings.Builder
	if made, err := sheet.Import(r.t.Context(), r.store, r.slack.Options().TeamID, strings.NewReader(file), &said, nil); err != nil || made.KeyResults != objectives*each {
		r.t.Fatalf("%+v, %v\n%s", made, err, said.String())
	}
}

// atHome waits until Home is so.
func (r *room) atHome(what string, is func(shown string) bool) {
	r.t.Helper()
	defer func() {
		if r.t.Failed() {
			r.t.Log(r.alice.Home())
		}
	}()
	r.until(what, func() bool { return is(r.alice.Home()) })
}

// without waits until words are not on Home any more.
func (r *room) withoutAtHome(words string) {
	r.t.Helper()
	r.atHome("Home without "+words, func(shown string) bool { return !strings.Contains(shown, words) })
}

// Somebody with many objectives sees how each stands, opens one at a time, and reaches every key result.
func TestHomeOfSomebodyWithManyObjectives(t *testing.T) {
	r := newRoom(t)
	r.shelf(20, 10, 16)
	r.alice.GoesHome().SeesHome("*Needs you* · 32", "[and 27 more]", "Now · 1–10 of 20 objectives", "*Aim 1*",
		":red_circle: 2 at risk · :large_yellow_circle: 3 behind · :grey_question: 2 no data · :large_green_circle: 3 on track", "[Next]")
	if home := r.alice.Home(); strings.Contains(home, "Part 9 of 3") || strings.Contains(home, "*Aim 11*") {
		t.Errorf("more is open than was opened:\n%s", home)
	}
	if n := len(regexp.MustCompile(`\n`).FindAllString(r.alice.Home(), -1)); n > 200 {
		t.Errorf("Home has %d lines", n)
	}
	r.alice.PressesAtHome("Open").SeesHome("progress ", "8 of 10 reporting", "*KR-1* Part 1 of 1", "*KR-10* Part 10 of 1", "[⋯ Check in", "Edit", "Remove…", "[Details]")
	r.alice.PressesAtHome("Hide")
	r.withoutAtHome("*KR-1* Part 1 of 1")
	r.alice.PressesAtHome("Next").SeesHome("*Aim 11*", "11–20 of 20 objectives", "To come · 11–20 of 20 objectives", ":white_circle: 10 not started")
	r.alice.PressesAtHome("Previous").SeesHome("*Aim 1*")
	r.alice.PressesAtHome("and 27 more").SeesHome("key results 1–10 of 32", "[Show fewer]").PressesAtHome("Next").SeesHome("key results 11–20 of 32", "[Previous]").
		PressesAtHome("Show fewer").SeesHome("[and 27 more]")
	r.alice.PressesAtHome("Details").Sees("== KR-").Closes()
}

// Two hundred key results of one objective are gone through page by page, the worst first.
func TestHomeOfOneLargeObjective(t *testing.T) {
	r := newRoom(t)
	r.shelf(1, 200, 9)
	r.alice.GoesHome().SeesHome("*Aim 1*", "Key results 1–12 of 200, the worst first", ":red_circle: At risk", ":red_circle: 50 at risk")
	seen := map[string]bool{}
	for from := 0; from < 200; from += view.HomeKeyResults {
		r.alice.SeesHome(fmt.Sprintf("Key results %d–%d of 200", from+1, min(from+view.HomeKeyResults, 200)))
		_, open, _ := strings.Cut(r.alice.Home(), "Key results ")
		for _, key := range regexp.MustCompile(`\*KR-\d+\*`).FindAllString(open, -1) {
			seen[key] = true
		}
		if from+view.HomeKeyResults < 200 {
			r.alice.PressesAtHome("Next")
		}
	}
	if len(seen) != 200 {
		t.Errorf("%d key results were reached, want 200", len(seen))
	}
	r.alice.PressesAtHome("Previous").SeesHome("Key results 181–192 of 200")
}

// What is chosen is kept, and a stranger sees what the workspace works on.
func TestHomeShowsWhatIsChosen(t *testing.T) {
	r := newRoom(t)
	r.bob.GoesHome().SeesHome("Nothing here yet. Objectives", "*Add objective*")
	r.shelf(3, 4, 2)
	r.bob.GoesHome().SeesHome("Nothing here yet. Objectives", "*What this workspace works on* · 3 objectives", "*Aim 1*", "To come").
		PressesAtHome("Open").SeesHome("*KR-1* Part 1 of 1", "[Details]")
	if home := r.bob.Home(); strings.Contains(home, "Remove…") {
		t.Errorf("bob is offered what he may not do:\n%s", home)
	}
	r.alice.GoesHome().SeesHome("*Aim 3*").PressesAtHome("Filter").Sees("== Filter ==").
		Chooses("Objectives", "A channel's").Submits("Show").Sees("^ Choose the channel").
		Fills("Channel", "#it-okrs").Chooses("With a key result that is", "At risk").Submits("Show").SeesNoModal()
	r.alice.SeesHome("Showing the objectives of <#C0ITOKRS> · with a key result at risk")
	r.withoutAtHome("*Aim 3*")
	r.alice.PressesAtHome("Open").SeesHome("Part 3 of 1")
	r.withoutAtHome("Part 1 of 1\n*50")
	r.alice.GoesHome().PressesAtHome("Filter").Sees("== Filter ==", "A channel's", "At risk").Chooses("With a key result that is", "Stale").Submits("Show").SeesNoModal()
	r.alice.SeesHome("No objective that is open fits what you chose.").PressesAtHome("Show mine").SeesHome("*Aim 3*")
	r.withoutAtHome("Showing ")
	r.alice.PressesAtHome("Filter").Sees("== Filter ==").Chooses("Objectives", "Everybody's").Chooses("With a key result that is", "Not syncing").Submits("Show").SeesNoModal()
	r.alice.SeesHome("Showing everybody's objectives · with a key result not syncing", "No objective")
	r.withoutAtHome("My Objectives")
	r.alice.PressesAtHome("Show mine").SeesHome("My Objectives", "*Aim 1*")
	r.withoutAtHome("Showing ")
	r.alice.PressesAtHome("Filter").Sees("== Filter ==", "Objectives: Mine").Fills("Channel", "#it-okrs").Submits("Show").SeesNoModal()
	r.alice.SeesHome("Showing the objectives of <#C0ITOKRS>").PressesAtHome("Filter").Sees("== Filter ==").Chooses("Objectives", "Mine").Submits("Show").SeesNoModal()
	r.withoutAtHome("Showing ")
	r.alice.PressesAtHome("Filter").Sees("== Filter ==", "Objectives: Mine").Chooses("Period", "Last quarter").Submits("Show").SeesNoModal()
	r.alice.SeesHome("Showing my objectives · last quarter", "[All periods]").PressesAtHome("Filter").Sees("== Filter ==", "Last quarter").Chooses("With a key result that is", "At risk").Submits("Show").SeesNoModal()
	r.alice.SeesHome("Showing my objectives · last quarter · with a key result at risk", "[All of mine]").PressesAtHome("Filter").Sees("== Filter ==").Chooses("Period", "Any").Submits("Show").SeesNoModal()
	r.alice.SeesHome("Showing my objectives · with a key result at risk", "[Any status]").PressesAtHome("Any status").SeesHome("*Aim 3*")
	r.withoutAtHome("Showing ")
}

// Whether a period runs is the objective's own day: its reader's may be another one.
func TestHomePutsTogetherWhatIsOverInItsOwnZone(t *testing.T) {
	r := newRoom(t)
	east := okr.DayIn("Pacific/Kiritimati", r.now())
	r.addsObjectiveOf("Far ahead", okr.Period{First: east - 40, Last: east + 60})
	r.addsObjectiveOf("Far in the east", okr.Period{First: east - 30, Last: east - 1})
	r.addsObjectiveOf("At home", okr.Period{First: east - 30, Last: east + 50})
	r.alice.Types("/okr edit O-2").Chooses("Time zone", "Pacific/Kiritimati").Submits("Save").SeesNoModal().Sees("is saved")
	r.bob.GoesHome().SeesHome("(Now)\n:dart: *O-3* *At home*", "(Over, to be closed out)\n:dart: *O-2* *Far in the east*")
	if shown := r.bob.Home(); !inOrder(shown, "(Now)", "*O-3*", "*O-1*", "(Over, to be closed out)", "*O-2*") {
		t.Errorf("Home has them in another order:\n%s", shown)
	}
}

// What needs its reader stands at the top with what helps, and goes when it is helped.
func TestHomeSaysFirstWhatNeedsItsReader(t *testing.T) {
	r := newRoom(t)
	r.shelf(1, 1, 9)
	r.alice.GoesHome().SeesHome("Part 1 of 1")
	if home := r.alice.Home(); strings.Contains(home, "Needs you") {
		t.Errorf("nothing needs alice:\n%s", home)
	}
	r.do("update key_results set created_at = created_at - interval '40 days', result_day = result_day - 30")
	r.alice.GoesHome().SeesHome("*Needs you* · 1", "No check-in since").PressesAtHome("Check in").Sees("== Check in").Fills("Result Value", "45").Submits("Save").SeesNoModal().Sees("Saved.")
	r.withoutAtHome("Needs you")
}

// Of what does not sync the worst is first, and a refused sign-in stands for all that hangs on it.
func TestHomeSaysFirstWhatDoesNotSync(t *testing.T) {
	r := ready(t)
	r.do("update key_results set failure_class = 'unavailable', failure_says = 'ServiceNow is asleep.', failing_since = now()")
	r.alice.GoesHome().SeesHome("*Needs you* · 1", "*Not syncing* since", "ServiceNow is asleep.", "[Sync Integration Data]", " · :warning: not syncing")
	r.do("update key_results set failure_class = 'unauthorized', failure_says = 'ServiceNow refused our sign-in.'")
	r.alice.GoesHome().SeesHome("*Needs you* · 1", "ServiceNow refused our sign-in.", "[Details]")
	r.do("update connections set state = 'rejected'")
	r.alice.GoesHome().SeesHome("*Needs you* · 1", "1 key result depends on it.", "[Reconnect]")
}

// The kebab for all leads where it says.
func TestHomesKebabForAll(t *testing.T) {
	r := ready(t)
	r.alice.GoesHome().SeesHome("[⋯ Sync Integration Data", "Export", "Settings").PressesAtHome("Settings").Sees("Only administrators of this workspace can change the settings").Closes()
	r.carol.GoesHome().PressesAtHome("Settings").Sees("== Settings ==").Closes()
	r.alice.PressesAtHome("Export").Sees("Making your files").Closes()
}

// What is not syncing goes before stale on Home too, whatever status is stored of it.
func TestHomesFilterPutsNotSyncingBeforeStale(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Run a calm company")
	r.shelf(1, 2, 9)                                                      // O-2
	r.until("all judged", func() bool { return r.number(unjudged) == 0 }) // who is judged later is not stale any more
	const stale = "update key_results set status = 'stale', status_until = 'infinity', failure_class = %s, failure_says = 'It sleeps.', failing_since = now()"
	r.do(strings.Replace(stale, "%s", "'unavailable'", 1))
	shows := func(status string) *conversation.Person {
		r.alice.GoesHome().PressesAtHome("Filter").Sees("== Filter ==").Chooses("With a key result that is", status).Submits("Show").SeesNoModal()
		return r.alice
	}
	shows("Stale").SeesHome("Showing my objectives · with a key result stale", "No objective that is open fits what you chose.")
	shows("Not syncing").SeesHome("Showing my objectives · with a key result not syncing", "*Aim 1*")
	r.do(strings.Replace(stale, "%s", "case when number = 1 then 'unavailable' else '' end", 1))
	shows("Stale").SeesHome("Showing my objectives · with a key result stale", "*Aim 1*")
	r.do("update key_results set status_until = '-infinity'") // they are not
}

// A channel with a weekly digest is shown to whom it concerns, with how its key results stand.
func TestHomeShowsChannelsWithADigest(t *testing.T) {
	r := newRoom(t)
	r.shelf(1, 4, 9)
	r.bob.Types("/okr subscribe").Sees("weekly digest")
	r.alice.GoesHome().SeesHome("*Your channels with a weekly digest*", "<#C0ITOKRS>", ":red_circle: 1 at risk")
	r.bob.GoesHome().SeesHome("*Your channels with a weekly digest*").PressesAtHome("Show").SeesHome("Showing the objectives of <#C0ITOKRS>", "*Aim 1*")
	r.carol.GoesHome().SeesHome("*Aim 1*")
	if home := r.carol.Home(); strings.Contains(home, "weekly digest") {
		t.Errorf("carol has nothing to do with it:\n%s", home)
	}
}

// A button's value that is old, forged or of somebody else's workspace shows Home as it can be shown.
func TestHomesButtonsTakeAnyValue(t *testing.T) {
	r := newRoom(t)
	r.refusalsExpected = true
	r.shelf(2, 2, 9)
	r.alice.GoesHome().SeesHome("*Aim 1*")
	for _, action := range []string{
		view.ActionHomePage, view.ActionHomePageTo, view.ActionHomeNeeds, view.ActionHomeNeedsTo, view.ActionHomeFew, view.ActionHomeIn, view.ActionHomeInTo,
		view.ActionHomeOpen, view.ActionHomeHide, view.ActionHomeMine, view.ActionHomeChannel, view.ActionHomeFilter, view.ActionHomeMore,
	} {
		for _, value := range []string{"", "x", "-1", "-1:", "1:-1", "2147483648", "99999999999999999999:5", "1:2147483647", "999999", "0:0:0", "C0ITOKRS'; drop", "<!channel>", strings.Repeat("9", 1999)} {
			if status, body := r.post(r.pressedBy("U0ALICE", action, value, "")); status != 200 {
				t.Errorf("%s %q: %d %s", action, value, status, body)
			}
		}
	}
	for line := range strings.Lines(r.log.String()) { // a form cannot be opened without a trigger
		if strings.Contains(line, "level=ERROR") && !strings.Contains(line, "opening a view") {
			t.Error(line)
		}
	}
	r.alice.GoesHome().SeesHome("*Aim 1*", "*Aim 2*")
	if n := r.number("select count(*) from homes"); n != 1 {
		t.Errorf("%s homes are kept", strconv.Itoa(n))
	}
}

// Home follows what others do to what is its reader's, and syncs, without being opened again.
func TestHomeFollowsEachChangeThatConcernsItsReader(t *testing.T) {
	r := ready(t)
	r.alice.GoesHome().SeesHome("*KR-1* Fewer open incidents")
	r.bob.GoesHome().SeesHome("*What this workspace works on*", "*Run a calm service desk*")
	r.carol.Types("/okr edit KR-1").Fills("Key Result", "Fewer waiting incidents").Submits("Save").Sees("KR-1 is saved").Closes()
	r.alice.SeesHome("*KR-1* Fewer waiting incidents")
	r.carol.Types("/okr edit O-1").Fills("Objective", "Run a quiet service desk").Submits("Save").SeesNoModal().Sees("is saved")
	r.alice.SeesHome("*Run a quiet service desk*")
	r.later(time.Minute)
	r.bob.SeesHome("*Run a quiet service desk*") // it is not bob's, and follows within a minute
	r.later(time.Minute)
	r.collects(99)
	r.carol.Types("/okr sync KR-1").Sees("→ 99")
	r.alice.SeesHome("*99*")
	r.do("update connections set state = 'rejected'")
	r.alice.SeesHome("[Reconnect]")
	r.later(time.Minute)
	r.carol.Types("/okr remove KR-1").Sees("== Remove").Submits("Remove").SeesNoModal()
	r.alice.SeesHome("No key results yet.")
}

// Under an objective stand the key results of others, beside the one that is the reader's, and how many
// stand how: within a minute Home follows these too.
func TestHomeFollowsWhatStandsBesideItsReadersKeyResult(t *testing.T) {
	r := newRoom(t)
	file := "objective,objective_owner,first_day,last_day,time_zone,key_result,owner,kind,start_value,target_value\n"
	for person, part := range map[string]string{"U0BOB": "Part of bob", "U0ALICE": "Part of alice"} {
		file += fmt.Sprintf("Aim of carol,U0CAROL,%s,%s,Europe/Berlin,%s,%s,increase,0,100\n", r.day(-40), r.day(60), part, person)
	}
	r.bob.GoesHome()
	r.alice.GoesHome()
	r.carol.GoesHome()
	var said strings.Builder
	if made, err := sheet.Import(r.t.Context(), r.store, r.slack.Options().TeamID, strings.NewReader(file), &said, nil); err != nil || made.KeyResults != 2 {
		t.Fatalf("%+v, %v\n%s", made, err, said.String())
	}
	r.bob.GoesHome().SeesHome("*Aim of carol*", "Part of alice", "2 no data")
	for range 2 { // what the import left is shown
		r.settles()
		r.later(time.Minute)
	}
	r.alice.Types("/okr check-in Part of alice 77").Sees("Saved.")
	r.settles()
	r.later(time.Minute)
	r.bob.SeesHome("*77*", "1 no data")
}

// What Slack did not take is shown again, and what it shows already is not sent twice.
func TestAHomeThatWasLostIsShownAgain(t *testing.T) {
	r := newRoom(t)
	r.refusalsExpected = true
	r.shelf(1, 1, 9)
	r.alice.GoesHome().SeesHome("*Aim 1*")
	for _, fault := range []slack.Fault{
		{Method: "views.publish", Times: 1, Error: "ratelimited"}, {Method: "views.publish", Times: 1, Error: "internal_error"}, {Method: "views.publish", Times: 1, Lost: true},
	} {
		r.slack.Break(fault)
		r.alice.GoesHome()
		r.settles()
		for range 3 {
			r.later(time.Minute)
			r.settles()
		}
		if n := r.number("select count(*) from homes where dirty_at is not null or failures > 0"); n != 0 {
			t.Errorf("%+v: %d Homes are still to be shown", fault, n)
		}
	}
	shown := r.slack.Calls("views.publish")
	r.do("update homes set dirty_at = now()")
	r.settles()
	if n := r.number("select count(*) from homes where dirty_at is not null"); n != 0 || r.slack.Calls("views.publish") != shown {
		t.Errorf("%d Homes are to be shown; the same was sent %d times", n, r.slack.Calls("views.publish")-shown)
	}
}

// A Home that nobody looked at for a month costs nothing until it is opened again.
func TestAHomeThatIsNotLookedAtIsLeftAlone(t *testing.T) {
	r := newRoom(t)
	r.shelf(1, 1, 9)
	r.alice.GoesHome().SeesHome("*Aim 1*")
	r.laterDays(29)
	r.settles()
	r.carol.Types("/okr edit O-1").Fills("Objective", "Aim higher").Submits("Save").SeesNoModal().Sees("is saved")
	r.alice.SeesHome("*Aim higher*")
	r.laterDays(2)
	r.settles()
	shown := r.slack.Calls("views.publish")
	r.carol.Types("/okr edit O-1").Fills("Objective", "Aim lower").Submits("Save").SeesNoModal().Sees("is saved")
	r.settles()
	r.later(time.Minute)
	r.settles()
	if n := r.slack.Calls("views.publish") - shown; n != 0 {
		t.Errorf("it was shown %d times", n)
	}
	r.alice.GoesHome().SeesHome("*Aim lower*")
}
