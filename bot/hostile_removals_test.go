package bot_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"okrbot/sandbox/slack"
)

// asksAboutRemoval opens the question before an objective goes, and returns its draft.
func (r *room) asksAboutRemoval(number int) string {
	r.t.Helper()
	r.alice.Types(fmt.Sprintf("/okr remove O-%d", number)).Sees(fmt.Sprintf("== Remove O-%d ==", number))
	v, ok := r.slack.Top("alice")
	if !ok {
		r.t.Fatal("there is no modal")
	}
	draft, _ := v.Content["private_metadata"].(string)
	r.alice.Closes()
	return draft
}

// TestHostileRemovalsOfEachOther: each of two objectives is removed, with its key results moved to the other.
func TestHostileRemovalsOfEachOther(t *testing.T) {
	r := newRoom(t)
	r.byHand("Fewer incidents", "12")
	r.addsObjective(r.alice, "Another one")
	r.alice.Types("/okr add-kr Talks given").Chooses("Objective", "Another one").
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
		Fills("Start Value", "0").Fills("Target Value", "5").Submits("Save").Sees("is added").Closes()
	one, two := r.number("select id from objectives where number = 1"), r.number("select id from objectives where number = 2")
	first, second := r.number("select id from key_results where number = 1"), r.number("select id from key_results where number = 2")
	state := func(kr, to int) map[string]any {
		return map[string]any{fmt.Sprintf("move__%d", kr): map[string]any{"v": map[string]any{"type": "external_select", "selected_option": map[string]any{"value": fmt.Sprint(to)}}}}
	}
	d1, d2 := r.asksAboutRemoval(1), r.asksAboutRemoval(2)
	var both sync.WaitGroup
	for i, req := range []*http.Request{r.submits("U0ALICE", "remove_objective", d1, "m", state(first, two), 1), r.submits("U0ALICE", "remove_objective", d2, "m", state(second, one), 2)} {
		both.Go(func() {
			resp, err := http.DefaultClient.Do(req)
			if err != nil || resp.StatusCode != 200 {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	both.Wait()
	r.settles()
	if n := r.number("select count(*) from key_results k join objectives o on o.id = k.objective_id"); n != 2 {
		t.Errorf("%d key results are left", n)
	}
	t.Logf("%d objectives are left", r.number("select count(*) from objectives"))
	if log := r.log.String(); strings.Contains(log, "level=ERROR") {
		t.Error(log)
	}
}

// TestHostileTargetGoesMeanwhile: where a key result was to move to is removed before it moves.
func TestHostileTargetGoesMeanwhile(t *testing.T) {
	r := newRoom(t)
	r.byHand("Fewer incidents", "12")
	r.addsObjective(r.alice, "Another one")
	r.alice.Types("/okr remove O-1").Chooses("KR-1 Fewer incidents", "Move to O-2 Another one")
	r.carol.Types("/okr remove O-2").Submits("Remove").SeesNoModal()
	r.alice.Submits("Remove").Sees("This objective takes no key results now").Closes()
	// A key result moves under what is being removed.
	r.addsObjective(r.alice, "A third one")
	r.carol.Types("/okr remove O-3").Sees("== Remove O-3 ==")
	r.alice.Types("/okr remove O-1").Chooses("KR-1 Fewer incidents", "Move to O-3 A third one").Submits("Remove").SeesNoModal().Sees("1 key result moved")
	r.carol.Submits("Remove").Sees("changed since they were named. Nothing was removed.")
	if n := r.number("select count(*) from key_results k join objectives o on o.id = k.objective_id where o.number = 3"); n != 1 {
		t.Errorf("%d key results under O-3", n)
	}
}

// TestHostileForgedCommands: a button's command does what the presser may, and no more than the command.
func TestHostileForgedCommands(t *testing.T) {
	r := newRoom(t)
	r.byHand("Fewer incidents", "12")
	r.slack.AddPerson(slack.Person{ID: "U0STRANGER", Name: "eve", RealName: "Eve", Foreign: true})
	for _, who := range []string{"U0BOB", "U0DAVE", "U0STRANGER", "U0OKRBOT", "U0NOBODY"} {
		for _, v := range []string{"remove KR-1", "remove O-1", "check-in KR-1 7", "pause KR-1", "close-out O-1", "settings", "edit KR-1", "KR-1 remove", "Fewer incidents", "named", "", "\x00", "unsubscribe", "connections", "export"} {
			if status, _ := r.post(r.pressedBy(who, "named", v, "")); status != 200 {
				t.Errorf("%s %q: %d", who, v, status)
			}
		}
	}
	for _, v := range []string{"remove KR-1", "remove O-1"} {
		r.post(r.pressedBy("U0ALICE", "named", v, ""))
	}
	r.refusalsExpected = true
	r.settles()
	if a, b, c := r.number("select count(*) from key_results where not paused"), r.number("select count(*) from check_ins"), r.number("select count(*) from objectives"); a != 1 || b != 0 || c != 1 {
		t.Errorf("%d key results, %d check-ins, %d objectives", a, b, c)
	}
	if log := r.log.String(); strings.Contains(log, "panicked") || strings.Contains(log, "level=ERROR") && !strings.Contains(log, "opening a view") {
		t.Error(log)
	}
}

// TestHostileFilter: Home's filter shows a guest of a private channel what a list shows, and no more.
func TestHostileFilter(t *testing.T) {
	r := newRoom(t)
	r.byHand("Fewer incidents", "12")
	r.do("update key_results set channel_id = 'C0LEADERS'")
	r.do("update objectives set channel_id = 'C0LEADERS'")
	r.dave.Types("/okr help").Sees("/okr").GoesHome()
	form := r.command("list <#C0LEADERS|>")
	form.Set("user_id", "U0DAVE")
	_, body := r.post(r.signed("/slack/commands", formType, form.Encode(), r.now()))
	t.Logf("list: %v %.300s", strings.Contains(body, "Fewer incidents"), body)
	option := func(v string) map[string]any {
		return map[string]any{"v": map[string]any{"type": "static_select", "selected_option": map[string]any{"value": v}}}
	}
	for i, where := range []string{"C0LEADERS", "C0NEVER", "U0ALICE", "D1", "C1> <!channel", "", strings.Repeat("C", 5000), "C0\x00"} {
		status, body := r.post(r.submits("U0DAVE", "home_filter", "", "m", map[string]any{
			"whose": option("channel"), "where": map[string]any{"v": map[string]any{"type": "conversations_select", "selected_conversation": where}}, "when": option("NaN"), "stands": option("1e999"),
		}, i))
		t.Logf("%.20q: %d %.100s", where, status, body)
		if where == "C0LEADERS" {
			r.settles()
			t.Logf("home: %v\n%.600s", strings.Contains(r.dave.Home(), "Ship it"), r.dave.Home())
		}
	}
	for _, action := range []string{"home_page", "home_page_to", "home_needs", "home_needs_to", "home_in", "home_in_to", "home_open", "home_hide", "home_few", "home_mine", "home_channel", "home_filter", "home_more"} {
		for _, v := range []string{"NaN", "-1", "9223372036854775807", "9223372036854775808:2147483647", "1:-5", "1:2147483647", "999999:0", "2147483647", "1e9", "C0LEADERS", "\u202e", ":::"} {
			r.post(r.pressedBy("U0DAVE", action, v, ""))
		}
	}
	r.refusalsExpected = true
	r.dave.GoesHome()
	r.settles()
	if log := r.log.String(); strings.Contains(log, "panicked") || strings.Contains(log, "a gesture failed") {
		t.Error(log)
	}
	r.do("update homes set unfolded = 9223372036854775807, key_results = 2147483647, needs = 2147483647, objectives = 2147483647 where person_id = 'U0DAVE'")
	r.dave.GoesHome().SeesHome("okrbot")
}
