package bot_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"okrbot/bot"
	"okrbot/okr"
	"okrbot/sheet"
	"okrbot/store"
)

// A list is walked in place, from the worst on, and what goes meanwhile is no longer there.
func TestAListIsWalked(t *testing.T) {
	r := newRoom(t)
	r.alice.Types("/okr list").Sees("All key results: none.", "/okr add-kr")
	r.partsOf(91) // on track, behind, at risk, without a value
	r.until("all judged", func() bool { return r.number(unjudged) == 0 })
	r.alice.Types("/okr list").Sees("*All key results* · 1–20 of 91")
	r.reads("*KR-3* Part 3 [Next]", "[Previous] *KR-2*")
	r.alice.Presses("Next").Sees("· 21–40 of 91")
	r.reads("*KR-83* *KR-2* [Previous] [Next]", "1–20 *KR-3*") // 23 are at risk, and then come those behind
	r.alice.Presses("Next").Sees("· 41–60 of 91").Presses("Next").Sees("· 61–80 of 91").Presses("Next").Sees("· 81–91 of 91")
	r.reads("*KR-89* [Previous]", "[Next]")
	r.do("delete from key_results where number > 60")
	r.alice.Presses("Previous").Sees("· 41–60 of 60") // what was 61–80 is not there any more
	r.reads("[Previous]", "[Next]")
	r.alice.Presses("Previous").Sees("· 21–40 of 60").Presses("Previous").Sees("· 1–20 of 60")
	r.reads("[Next]", "[Previous]")

	r.alice.Types("/okr").Sees("*My objectives* · 1–20 of 60").Presses("Next").Sees("*My objectives* · 21–40 of 60")
	r.do("update key_results set title = 'Aardvarks' where number = 60")
	for command, sees := range map[string][]string{
		"/okr list by:name":                                 {"*All key results* by name · 1–20 of 60", "*KR-60* Aardvarks", "*KR-1* Part 1"},
		"/okr list sort by number":                          {"*All key results* by number · 1–20 of 60", "*KR-1* Part 1", "*KR-20* Part 20"},
		"/okr list by owner behind":                         {"*Key results behind* by owner"},
		"/okr list at-risk part mine O-1 #it-okrs":          {"*My key results in <#C0ITOKRS> at risk under O-1 with `part`*", "*KR-3* Part 3"},
		"/okr list O-1 #it-okrs with part at risk my":       {"*My key results in <#C0ITOKRS> at risk under O-1 with `part`*", "*KR-3* Part 3"},
		"/okr list at-risk stale O-1 by:number part":        {"*Key results at risk or stale under O-1 with `part`* by number", "*KR-59* Part 59"},
		"/okr list 目標":                                      {"List what? Nothing here is called `目標`: no key result's title has it"},
		"/okr list en retard":                               {"List what? Nothing here is called `en` or `retard`: no key result's title has it"},
		"/okr list by:nmae":                                 {"Did you mean `by:name`?"},
		"/okr list needs-mee":                               {"Did you mean `/okr list needs me`?"},
		"/okr list trouble":                                 {"Did you mean `/okr list needs me`?"},
		"/okr list " + strings.Repeat("kaleidoscope ", 300): {"List what? These are 300 words, and a list is of 60 at most."},
		"/okr list " + strings.Repeat("x", 3500):            {"List what?"},
	} {
		text := r.answer(command)
		for _, s := range sees {
			if !strings.Contains(text, s) {
				t.Errorf("%.100s does not say %q:\n%.600s", command, s, text)
			}
		}
	}
	// The worst of what is behind is not what is at risk: each status is exactly that one.
	if text := r.answer("/okr list behind"); strings.Contains(text, "*KR-3*") {
		t.Errorf("behind is\n%s", text)
	}
	r.bob.Types("/okr list mine").Sees("My key results: none.")
}

// reads fails where what alice was told last does not hold all words of some, or one of others.
func (r *room) reads(some, none string) {
	r.t.Helper()
	all := r.answers()
	last := all[len(all)-1]
	for _, w := range strings.Fields(some) {
		if !strings.Contains(last, w) {
			r.t.Errorf("there is no %q:\n%s", w, last)
		}
	}
	for _, w := range strings.Fields(none) {
		if strings.Contains(last, w) {
			r.t.Errorf("there is %q:\n%s", w, last)
		}
	}
}

// What a button says that its list is of is as good as what a stranger types.
func TestAListsButtonsAreNotTrusted(t *testing.T) {
	r := newRoom(t)
	r.alice.Types("/okr help").Sees("/okr") // so that she is known
	r.partsOf(25)
	long := strings.Repeat("[", 100_000)
	for _, query := range []string{
		"", "x", "null", "[]", "1", `{"p":["<!channel>"]}`, `{"p":["U1","*"]}`, `{"c":["#it-okrs"]}`, `{"c":["C1> <!here"]}`, `{"s":["fine"]}`, `{"d":["someday"]}`, `{"d":["Q9 2026"]}`,
		`{"o":[0]}`, `{"o":[-1]}`, `{"o":[99999999999]}`, `{"o":[1e30]}`, `{"o":["1"]}`, `{"t":[""]}`, `{"t":["\u0000"]}`, `{"t":["\u202e"]}`, `{"by":"k.id; drop table key_results"}`, long,
	} {
		r.post(r.pressedBy("U0ALICE", "list_on", "20:"+query, ""))
		if query != "null" && bot.TakesList(query) {
			t.Errorf("%.40q is taken for a list", query)
		}
	}
	for _, place := range []string{"-1", "", "2147483647", "2147483648", "99999999999999999999", "x"} {
		for _, query := range []string{"{}", `{"p":["U0ALICE"]}`, `{"o":[1]}`, `{"o":[2]}`, `{"s":["behind"]}`, `{"by":"name"}`, `{"by":"owner"}`, `{"t":["%"]}`, `{"t":["nowhere"]}`, `{"d":["Q4 2026","9999"]}`} {
			r.post(r.pressedBy("U0ALICE", "list_on", place+":"+query, ""))
		}
		for action := range strings.SplitSeq("objectives objectives_to connections_back connections_on subscriptions_on to_close_out_on to_close_out_back", " ") {
			r.post(r.pressedBy("U0ALICE", action, place+":", ""))
		}
	}
	if log := r.log.String(); strings.Contains(log, "level=ERROR") {
		t.Error(log)
	}
}

// What needs a person comes first, of whom it is asked, each kind in its place.
func TestWhatNeedsAPersonComesFirst(t *testing.T) {
	r := newRoom(t)
	r.alice.Types("/okr list needs-me").Sees("There are no key results yet.")
	r.partsOf(8) // KR-1 and KR-5 on track, KR-2 and KR-6 behind, KR-3 and KR-7 at risk, KR-4 and KR-8 without a value
	r.until("all judged", func() bool { return r.number(unjudged) == 0 })
	r.do("update key_results set failure_class = 'unavailable', failure_says = 'It sleeps.', failing_since = now() where number = 5")
	r.do("update key_results set failure_class = 'unauthorized', failure_says = 'It refused our sign-in.', failing_since = now() where number = 2")
	needed := func(command, some, none string) {
		t.Helper()
		r.answer(command)
		r.reads(some, none)
	}
	needed("/okr list needs-me", "*KR-2* *KR-5* *KR-3* *KR-7*", "*KR-6* *KR-1* *KR-4*")
	if text := r.answer("/okr list needs me mine"); !inOrder(text, "*My key results that need a person*", "*KR-2*", "*KR-5*", "*KR-3*", "*KR-7*") {
		t.Errorf("the most pressing is not first:\n%s", text)
	}
	if text := r.answer("/okr list"); !inOrder(text, "*KR-2*", "*KR-5*", "*KR-3*", "*KR-7*", "*KR-6*", "*KR-4*", "*KR-8*", "*KR-1*") {
		t.Errorf("the worst is not first:\n%s", text)
	}
	r.bob.Types("/okr list needs-me").Sees("No key result needs you now.")
	r.bob.Types("/okr list needs me @alice").Sees("*Key results of <@U0ALICE> that need a person*", "*KR-2* Part 2", "*KR-7* Part 7")

	// Two weeks later nobody has checked in, but on KR-6, with a note alone.
	r.laterDays(14)
	r.alice.Types("/okr check-in KR-6 going well").Submits("Save").SeesNoModal()
	r.laterDays(1)
	r.until("all judged again", func() bool { return r.number(unjudged) == 0 })
	needed("/okr list needs-me by:number", "*KR-1* *KR-2* *KR-3* *KR-4* *KR-5* *KR-7* *KR-8*", "*KR-6*")
	r.answer("/okr check-in KR-8 50")
	needed("/okr list needs-me by:number", "*KR-4*", "*KR-8*")

	// Not syncing outranks stale.
	r.until("all judged once more", func() bool { return r.number(unjudged) == 0 })
	r.do("update key_results set status = 'stale', status_until = 'infinity' where number in (1, 5)")
	needed("/okr list stale", "*KR-1*", "*KR-5*")
	needed("/okr list not-syncing", "*KR-2* *KR-5*", "*KR-1*")
	r.do("update key_results set status_until = '-infinity'") // they are not
}

// inOrder says whether a text has all words, one after the other.
func inOrder(text string, words ...string) bool {
	for _, w := range words {
		_, after, found := strings.Cut(text, w)
		if !found {
			return false
		}
		text = after
	}
	return true
}

// A list of an objective shows what is below it whatever else it is narrowed to, and objectives are
// walked as key results are.
func TestWhatIsBelowAnObjective(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12") // KR-1 of O-1
	r.addsObjective(r.alice, "Run a calm company")
	r.alice.Types("/okr edit O-1").Chooses("Parent objective", "O-2 Run a calm company").Submits("Save").SeesNoModal().Sees("is saved")
	r.alice.Types("/okr list O-2 at-risk").Sees("Key results at risk under O-2 and below: none.", "*O-1* Ship it", "[Show]")
	r.alice.Types("/okr list O-2 mine by:name").Sees("*My key results under O-2 and below*", "*KR-1* Interviews held", "*O-1* Ship it", "[Show]")
	r.alice.Types("/okr list O-1 O-2 no-data").Sees("*Key results with no data under O-1 or O-2*", "*KR-1* Interviews held", "*O-1* Ship it", "[Show]")

	file := "objective,objective_owner,first_day,last_day,time_zone,key_result,owner,kind,start_value,target_value,channel\n"
	for i := range 21 {
		file += fmt.Sprintf("Goal %02d,U0ALICE,%s,%s,Europe/Berlin,Part %d,U0ALICE,decrease,100,0,C0ITOKRS\n", i+1, r.day(-40), r.day(60), i+1)
	}
	if _, err := sheet.Import(t.Context(), r.store, r.slack.Options().TeamID, strings.NewReader(file), io.Discard, nil); err != nil {
		t.Fatal(err)
	}
	r.alice.Types("/okr objectives goal").Sees("*Objectives with `goal`* · 1–10 of 21", "Goal 01", "[Next]").Presses("Next").Sees("· 11–20 of 21", "[Previous]").Presses("Next").Sees("· 21–21 of 21")
	r.reads("[Previous]", "[Next]")
	r.do("delete from objectives where title = 'Goal 21'")
	r.alice.Presses("Previous").Sees("· 11–20 of 20")
	r.reads("[Previous]", "[Next]")
	// A list in which each key result has an objective of its own.
	r.alice.Types("/okr list goal by:name").Sees("*Key results with `goal`* by name", "Goal 20")
}

// Every other list that can be long is walked in the same way.
func TestOtherListsAreWalked(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.do(`insert into connections overriding system value
		select (jsonb_populate_record(c, jsonb_build_object('id', c.id + n, 'name', 'copy ' || n, 'directory_at', now(), 'draft_id', null))).*
		from connections c, generate_series(1, 24) n`)
	r.alice.Types("/okr connections").Sees("*Connections* · 1–20 of 25", "*copy 19*", "[Manage]", "[Connect").Presses("Next").Sees("· 21–25 of 25", "*copy 24*")
	r.reads("[Previous]", "[Next]")
	r.do("delete from connections where name = 'copy 24' or name = 'copy 23'")
	r.alice.Presses("Previous").Sees("· 1–20 of 23")

	r.alice.Types("/okr subscribe").Sees("the weekly digest goes to")
	r.do(`insert into subscriptions
		select (jsonb_populate_record(s, jsonb_build_object('channel_id', 'C0COPY' || n))).*
		from subscriptions s, generate_series(1, 20) n`)
	r.bob.Types("/okr subscriptions").Sees("*The weekly digest goes to* · 1–20 of 21").Presses("Next").Sees("· 21–21 of 21")

	r.do(`insert into objectives (workspace_id, title, owner_id, first_day, last_day, zone, channel_id, created_by, created_at)
		select $1, 'Goal ' || (n + 10), 'U0ALICE', $2::date, $3::date, 'Europe/Berlin', '', 'U0ALICE', now()
		from generate_series(1, 21) n`, r.slack.Options().TeamID, r.day(-40).Time(), r.day(-2).Time())
	r.alice.Types("/okr close-out goal").Sees("*Objectives to close out* · 1–20 of 21", "Goal 30").Presses("Next").Sees("· 21–21 of 21", "Goal 31")
	r.do("delete from objectives where title = 'Goal 31'")
	r.alice.Presses("Previous").Sees("*Objectives to close out*")
	r.until("the first page", func() bool { all := r.answers(); return strings.Contains(all[len(all)-1], "Goal 11") })
	r.reads("30", "[Previous] [Next]")
}

// A list by owner names each, and one of people says whose key results are among it and why.
func TestAListNamesOwners(t *testing.T) {
	r := newRoom(t)
	r.bob.Types("/okr help").Sees("/okr")
	r.shelf(2, 2, 9) // O-1 with KR-1 and KR-2, O-2 with KR-3 and KR-4
	r.do("update objectives set owner_id = 'U0BOB' where number = 1")
	r.do("update key_results set owner_id = 'U0BOB' where number = 3")
	r.do("update key_results set co_owner_ids = '{U0BOB}' where number = 4")
	for command, want := range map[string][]string{
		"/okr list by:owner": {"*All key results* by owner", "*KR-1* Part 1 of 1\n<@U0ALICE>\n", "*KR-3* Part 1 of 2\n<@U0BOB>\n"},
		"/okr list @bob": {
			"*Key results of <@U0BOB>*\nAmong them are key results that others own, under objectives of <@U0BOB>.",
			"*KR-1* Part 1 of 1\n<@U0ALICE>\n", "*KR-3* Part 1 of 2\n<@U0BOB>\n", "*KR-4* Part 2 of 2\n<@U0ALICE>, co-owner <@U0BOB>\n",
		},
		"/okr list @bob O-2":        {"*Key results of <@U0BOB> under O-2*\n:dart:"},
		"/okr list @bob by:name":    {"*KR-1* Part 1 of 1\n<@U0ALICE> · :dart: *O-1* Aim 1\n"},
		"/okr list @bob @carol O-1": {"Among them are key results that others own, under their objectives."},
		"/okr list mine":            {"*My key results*\nAmong them are key results that others own, under your objectives.", "*KR-1* Part 1 of 1\n*50", "*KR-3* Part 1 of 2\n<@U0BOB>\n"},
		"/okr list O-1":             {"*KR-1* Part 1 of 1\n*50"},
	} {
		text := r.answer(command)
		if slices.ContainsFunc(want, func(words string) bool { return !strings.Contains(text, words) }) {
			t.Errorf("%s has not %q:\n%s", command, want, text)
		}
	}
}

// Whoever sees a list opens a row at the same place.
func TestARowHasItsDetailsAtOnePlace(t *testing.T) {
	r := newRoom(t)
	r.shelf(1, 1, 9)
	for who, text := range map[string]string{"its owner": r.answer("/okr list"), "somebody else": r.bob.Types("/okr list").Sees("*KR-1*").Screen()} {
		if !strings.Contains(text, "[Details]") || strings.Contains(text, "[⋯ Details") {
			t.Errorf("%s sees\n%s", who, text)
		}
	}
}

// Each objective has one heading in a list, whatever stands how; in a chosen order the rows name it.
func TestAnObjectiveHasOneHeading(t *testing.T) {
	r := newRoom(t)
	r.shelf(3, 4, 9)
	text := r.answer("/okr list")
	for _, name := range []string{"*Aim 1*", "*Aim 2*", "*Aim 3*"} {
		if n := strings.Count(text, name); n != 1 {
			t.Errorf("%s stands %d times:\n%s", name, n, text)
		}
	}
	text = r.answer("/okr list by:name")
	if n := strings.Count(text, "*O-1* Aim 1"); n != 4 || strings.Contains(text, "*Aim 1*") || !inOrder(text, "Part 1 of 1", "Part 1 of 2", "Part 1 of 3", "Part 2 of 1") {
		t.Errorf("by name it is\n%s", text)
	}
}

// What does not sync, is stale or has no data is said of an objective whatever its values say, and of those
// below it too.
func TestAnObjectiveSaysWhatNeedsAPerson(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Run a calm company") // O-1
	r.shelf(1, 4, 9)                               // O-2: on track, behind, at risk, no data
	r.do("update objectives set parent_id = (select id from objectives where number = 1) where number = 2")
	r.do("delete from key_results where number in (2, 3)")
	r.until("all judged", func() bool { return r.number(unjudged) == 0 })
	r.do("update key_results set failure_class = 'unavailable', failure_says = 'It sleeps.', failing_since = now() where number = 1")
	r.alice.Types("/okr list").Sees("worst: :large_green_circle: On track · :warning: KR-1 is not syncing")
	r.alice.Types("/okr objectives").Sees("Below it: :warning: 1 not syncing · :grey_question: 1 no data")
	r.addsObjective(r.alice, "Run a calm world") // O-3
	r.alice.Types("/okr edit O-1").Sees("== Edit O-1 ==").Chooses("Parent objective", "O-3 Run a calm world").Submits("Save").SeesNoModal()
	r.alice.Types("/okr show O-3").Sees("== O-3 ==", "Below it: :warning: 1 not syncing · :grey_question: 1 no data").Closes()
	r.alice.GoesHome().PressesAtHome("Open")
	r.alice.SeesHome("1 of 2 reporting", ":warning: KR-1 is not syncing")
}

// TestAllBehindAPostIsTheChannels, whoever presses it.
func TestAllBehindAPostIsTheChannels(t *testing.T) {
	r := newRoom(t)
	o := r.importsMany(14, 0)
	r.do("update key_results set channel_id = case when number <= 12 then 'C0ITOKRS' else '' end")
	list, err := r.store.KeyResults(t.Context(), o.Workspace, store.Filter{Channels: []string{"C0ITOKRS"}})
	if err != nil || len(list) != 12 {
		t.Fatal(len(list), err)
	}
	var news []store.Announcement
	for _, k := range list {
		news = append(news, store.Announcement{
			Workspace: o.Workspace, Channel: "C0ITOKRS", KeyResult: k.ID, Kind: store.NewsChanged,
			New: k.Result.Value, NewWords: "50", NewDay: k.Result.AsOf, OldStatus: okr.AtRisk, NewStatus: okr.AtRisk,
		})
	}
	if err := r.store.InTx(t.Context(), func(tx *store.Tx) error { return tx.Announce(t.Context(), news) }); err != nil {
		t.Fatal(err)
	}
	r.bob.Sees("…and 2 more key results.").Presses("See all").Sees("*Key results in <#C0ITOKRS>*", "*KR-12* Part 12").DoesNotSee("*KR-13*")
}
