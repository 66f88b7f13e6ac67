package bot_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"okrbot/bot/view"
	"okrbot/sheet"
)

// TestAnObjectivesWindowSaysWhichDoesNotSync, and the counts beside those who report say of whom they are.
func TestAnObjectivesWindowSaysWhichDoesNotSync(t *testing.T) {
	r := newRoom(t)
	r.shelf(1, 4, 9) // KR-1 to KR-4: on track, behind, at risk, no data
	r.until("all judged", func() bool { return r.number(unjudged) == 0 })
	r.do("update key_results set failure_class = 'unavailable', failure_says = 'It sleeps.', failing_since = now() where number = 2")
	r.alice.Types("/okr show O-1").Sees("== O-1 ==", "3 of 4 reporting (not KR-4)", " · :warning: KR-2 is not syncing", "*Not syncing* since")
	_, window, _ := strings.Cut(r.alice.Screen(), "== O-1 ==")
	if !inOrder(window, "*KR-2* Part 2 of 1", "It sleeps.", "*KR-3* Part 3 of 1") || strings.Count(window, "It sleeps.") != 1 {
		t.Errorf("which one does not sync is not said:\n%s", window)
	}
	r.alice.Closes()
	r.alice.Types("/okr list").Sees("worst: :red_circle: At risk · :warning: KR-2 is not syncing")
	r.alice.GoesHome().SeesHome(" · :warning: KR-2 is not syncing")
	r.do("update key_results set failure_class = 'unavailable', failure_says = 'It sleeps.', failing_since = now() where number = 3")
	r.alice.Types("/okr list").Sees(" · :warning: KR-2 and KR-3 are not syncing")
	r.do("update key_results set failure_class = 'unavailable', failure_says = 'It sleeps.', failing_since = now() where number = 4")
	r.alice.Types("/okr list").Sees(" · :warning: 3 of them not syncing")
	r.do("delete from key_results where number <> 2")
	r.alice.Types("/okr list").Sees("1 of 1 reporting · :large_yellow_circle: Behind · :warning: not syncing")
}

// TestOthersOwnersAreNamedAmongOnesOwn: an objective is there for one key result, and the rest of it is others'.
func TestOthersOwnersAreNamedAmongOnesOwn(t *testing.T) {
	r := newRoom(t)
	file := "objective,objective_owner,first_day,last_day,time_zone,key_result,owner,kind,start_value,target_value\n"
	for _, part := range []string{"Part of bob,U0BOB", "Part of alice,U0ALICE"} {
		file += fmt.Sprintf("Aim of carol,U0CAROL,%s,%s,Europe/Berlin,%s,increase,0,100\n", r.day(-40), r.day(60), part)
	}
	r.bob.GoesHome()
	r.alice.GoesHome()
	r.carol.GoesHome().SeesHome("Nothing here yet")
	var said strings.Builder
	if made, err := sheet.Import(t.Context(), r.store, r.slack.Options().TeamID, strings.NewReader(file), &said, nil); err != nil || made.KeyResults != 2 {
		t.Fatalf("%+v, %v\n%s", made, err, said.String())
	}
	r.bob.GoesHome().SeesHome("*KR-1* Part of bob", "*KR-2* Part of alice\n<@U0ALICE>\n", " · <@U0CAROL>\n")
	if home := r.bob.Home(); strings.Contains(home, "<@U0BOB>") {
		t.Errorf("bob is told that he is bob:\n%s", home)
	}
	r.do("update key_results set created_at = created_at - interval '40 days', status_until = '-infinity'")
	r.until("all judged", func() bool { return r.number(unjudged) == 0 })
	r.carol.GoesHome().SeesHome("*Needs you* · 2", "*KR-1* Part of bob\n<@U0BOB>\n:speech_balloon: No check-in yet · ")
	if home := r.carol.Home(); strings.Contains(home, "<@U0CAROL>") {
		t.Errorf("carol is told that she is carol:\n%s", home)
	}
	r.bob.Types("/okr list mine").Sees("*O-1* *Aim of carol* · ", " · <@U0CAROL>\n")
	r.carol.Types("/okr show O-1").Sees("== O-1 ==", "*KR-1* Part of bob\n<@U0BOB>\n").Closes()
}

// TestAValueStandsBesideItsDay wherever it stands: in the window of its objective, under what needs somebody, and in the
// digest too.
func TestAValueStandsBesideItsDay(t *testing.T) {
	r := ready(t)
	r.alice.Types("/okr subscribe").Sees("the weekly digest goes to")
	r.alice.Types("/okr show O-1").Sees("== O-1 ==", "How it stands")
	_, window, _ := strings.Cut(r.alice.Screen(), "== O-1 ==")
	if row, _, _ := strings.Cut(window, "[Details]"); !inOrder(row, "*KR-1*", "score of ", "synced ") {
		t.Errorf("the window has a value without its day:\n%s", window)
	}
	r.alice.Closes()
	r.laterDays(8)
	r.until("a digest", func() bool { return len(r.messagesOf("alice", "*The week's key results*")) > 0 })
	for _, m := range r.messagesOf("alice", "*The week's key results*") {
		if digest := m.Read(); !inOrder(digest, "*KR-1*", "score of ", "synced ") {
			t.Errorf("the digest has a value without its day:\n%s", digest)
		}
	}
}

// TestWhatIsStaleSinceItIsPausedSaysSo: in the digest, in the window of its objective and where it needs somebody.
func TestWhatIsStaleSinceItIsPausedSaysSo(t *testing.T) {
	r := ready(t)
	r.alice.Types("/okr subscribe").Sees("the weekly digest goes to")
	r.alice.Types("/okr pause KR-1").Sees("KR-1 is paused")
	r.laterDays(8)
	r.until("a digest", func() bool { return len(r.messagesOf("alice", "*The week's key results*")) > 0 })
	for _, m := range r.messagesOf("alice", "*The week's key results*") {
		if digest := m.Read(); !inOrder(digest, "*KR-1*", "Stale", "paused") {
			t.Errorf("the digest does not say why it is stale:\n%s", digest)
		}
	}
	r.alice.GoesHome().SeesHome("*Needs you* · 1")
	if needs, _, _ := strings.Cut(r.alice.Home(), "(Now)"); !strings.Contains(needs, ":double_vertical_bar: paused, not read by itself") {
		t.Errorf("Home does not say why it is stale:\n%s", needs)
	}
	r.alice.Types("/okr show O-1").Sees("== O-1 ==", "How it stands")
	_, window, _ := strings.Cut(r.alice.Screen(), "== O-1 ==")
	if row, _, _ := strings.Cut(window, "[Details]"); !strings.Contains(row, ":double_vertical_bar: paused, not read by itself") {
		t.Errorf("the window does not say why it is stale:\n%s", window)
	}
}

// TestNeedsSayOfWhenTheyAre on Home: a value with its day, and what has none once.
func TestNeedsSayOfWhenTheyAre(t *testing.T) {
	r := newRoom(t)
	r.shelf(1, 4, 9) // KR-1 to KR-4: on track, behind, at risk, no data
	r.do("update key_results set created_at = created_at - interval '40 days', status_until = '-infinity'")
	r.until("all judged", func() bool { return r.number(unjudged) == 0 })
	r.alice.GoesHome().SeesHome("*KR-4* Part 4 of 1\n:speech_balloon: No check-in yet · ")
	home := r.alice.Home()
	if needs, _, _ := strings.Cut(home, "(Now)"); !inOrder(needs, "*KR-3*", "value of ") {
		t.Errorf("a value without its day:\n%s", home)
	}
}

// TestAnEmptyObjectiveOnHomeHasItsButton: nothing can be typed there.
func TestAnEmptyObjectiveOnHomeHasItsButton(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Ship it")
	r.addsObjective(r.alice, "Run a calm company")
	r.alice.GoesHome().SeesHome("*Ship it*", "*Run a calm company*", "No key results yet.\n")
	home := r.alice.Home()
	if strings.Contains(home, "add-kr") || strings.Count(home, "[Add its first key result]") != 2 {
		t.Errorf("Home has no button for the first key result:\n%s", home)
	}
	title := "Ship it"
	if inOrder(home, "*Run a calm company*", "*Ship it*") {
		title = "Run a calm company"
	}
	r.alice.PressesAtHome("Add its first key result").Sees("== Add key result ==", "Objective: "+title+" (").Closes()
	r.alice.Types("/okr show O-1").Sees("== O-1 ==", "No key results yet. `/okr add-kr` adds one.").Closes()
	r.dave.GoesHome().SeesHome("No key results yet.")
	if home := r.dave.Home(); strings.Contains(home, "[Add its first") {
		t.Errorf("a guest is offered it:\n%s", home)
	}
	r.dave.Types("/okr show O-1").Sees("== O-1 ==", "No key results yet.").DoesNotSee("adds one")
}

// TestAFilteredObjectiveCountsWhatIsLeftOut where it is open.
func TestAFilteredObjectiveCountsWhatIsLeftOut(t *testing.T) {
	r := newRoom(t)
	r.shelf(2, 4, 9)
	r.until("all judged", func() bool { return r.number(unjudged) == 0 })
	r.alice.GoesHome().SeesHome("*Aim 1*", "*Aim 2*").PressesAtHome("Filter").Sees("== Filter ==").Chooses("With a key result that is", "At risk").Submits("Show").SeesNoModal()
	r.alice.SeesHome("Showing my objectives · with a key result at risk").PressesAtHome("Open").SeesHome("1 of 4 key results · *Filter* leaves out 3", "Part 3 of 1")
	r.alice.PressesAtHome("Any status").SeesHome("*Aim 2*")
	r.withoutAtHome("leaves out")
}

// TestHomeOfAnObjectiveBeyondAllPages says where the rest is, and no progress of a part.
func TestHomeOfAnObjectiveBeyondAllPages(t *testing.T) {
	r := newRoom(t)
	r.shelf(1, 510, 9)
	r.until("all judged", func() bool { return r.number(unjudged) == 0 })
	r.alice.GoesHome().SeesHome("Key results 1–12 of 500, the worst first · 10 more are in `/okr list O-1`, typed in any channel")
	if home := r.alice.Home(); strings.Contains(home, "reporting") {
		t.Errorf("the progress is one of a part:\n%s", home)
	}
}

// TestHomeSaysThatThereAreMoreChannels than it shows.
func TestHomeSaysThatThereAreMoreChannels(t *testing.T) {
	r := newRoom(t)
	for i := range view.HomeChannels + 1 {
		name := fmt.Sprintf("team-%d", i)
		r.slack.AddChannel(fmt.Sprintf("C0TEAM%d", i), name, false, "alice", "okrbot")
		r.alice.In("#" + name).Types("/okr subscribe").Sees("the weekly digest goes to")
		if i == view.HomeChannels-1 {
			r.alice.GoesHome().SeesHome("*Your channels with a weekly digest*\n", "<#C0TEAM5>")
		}
	}
	r.alice.GoesHome().SeesHome("*Your channels with a weekly digest* · the first 6; `/okr subscriptions`, typed in any channel, lists all")
}

// TestWhatIsNotCountedYetIsThere on Home, where more is to be judged than it looks at: not "No key results yet".
func TestWhatIsNotCountedYetIsThere(t *testing.T) {
	r := newRoom(t)
	r.shelf(3, 260, 9)
	r.until("all judged", func() bool { return r.number(unjudged) == 0 })
	stopping, cancel := context.WithCancel(t.Context())
	cancel()
	r.work.Stop(stopping) // nobody judges any more
	r.do("update key_results set status_until = '-infinity'")
	r.alice.GoesHome().SeesHome("*Aim 3*", "not all are counted here yet")
	if home := r.alice.Home(); strings.Contains(home, "No key results yet") || !strings.Contains(home, " · 20 not counted yet\n") || !strings.Contains(home, "\n260 not counted yet\n[Open]") {
		t.Errorf("Home says of an objective with key results that it has none:\n%s", home)
	}
}

// TestAButtonUnderAClosedObjectiveChoosesNoOther: what was drawn before it was closed out can still be pressed.
func TestAButtonUnderAClosedObjectiveChoosesNoOther(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Ship it")
	r.addsObjective(r.alice, "Run a calm company")
	r.alice.GoesHome().SeesHome("[Add its first key result]")
	r.do("update objectives set closed_at = now() where number = (case when $1 then 1 else 2 end)", inOrder(r.alice.Home(), "*Ship it*", "*Run a calm company*"))
	r.alice.PressesAtHome("Add its first key result").Sees("== Add key result ==", "Objective: \n").Closes()
	r.alice.Types("/okr add-kr").Sees("== Add key result ==").DoesNotSee("Objective: \n")
}
