package bot_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"okrbot/okr"
	"okrbot/sheet"
)

// keysOn are the key results in a text, in their order, each once.
func keysOn(shown string) []string {
	var keys []string
	for _, m := range regexp.MustCompile(`\*(KR-\d+)\*`).FindAllStringSubmatch(shown, -1) {
		if !slices.Contains(keys, m[1]) {
			keys = append(keys, m[1])
		}
	}
	return keys
}

// importsAlices has an import make alice's key results from 100 to 0, each of an objective, with a value and how many
// days ago that was.
func (r *room) importsAlices(lines ...[3]any) {
	r.t.Helper()
	file := "objective,objective_owner,first_day,last_day,time_zone,key_result,owner,kind,start_value,target_value,result_value,result_day\n"
	for i, l := range lines {
		file += fmt.Sprintf("%s,U0ALICE,%s,%s,Europe/Berlin,Part %d,U0ALICE,decrease,100,0,%v,%s\n", l[0], r.day(-40), r.day(60), i+1, l[1], r.day(-l[2].(int)))
	}
	r.alice.GoesHome().SeesHome("My Objectives") // an import knows who has used okrbot
	var said strings.Builder
	if made, err := sheet.Import(r.t.Context(), r.store, r.slack.Options().TeamID, strings.NewReader(file), &said, nil); err != nil || made.KeyResults != len(lines) {
		r.t.Fatalf("%+v, %v\n%s", made, err, said.String())
	}
}

// Lists, Home, the window of an objective and digests have one order: what is needed, then the worst status,
// then the least progress, then the number.
func TestKeyResultsHaveOneOrder(t *testing.T) {
	r := newRoom(t)
	r.importsAlices([3]any{"Aim", 88, 0}, [3]any{"Aim", 98, 0}, [3]any{"Aim", 40, 30}, [3]any{"Aim", 50, 0}, [3]any{"Aim", 130, 30}, [3]any{"Aim", 150, 30}, [3]any{"Aim", 98, 0})
	r.do("update key_results set created_at = created_at - interval '60 days', status_until = '-infinity'")
	want := []string{"KR-6", "KR-5", "KR-3", "KR-2", "KR-7", "KR-1", "KR-4"}
	is := func(where, shown string) {
		t.Helper()
		if keys := keysOn(shown); !slices.Equal(keys, want) {
			t.Errorf("%s: %v, want %v", where, keys, want)
		}
	}
	window := func() string {
		_, shown, _ := strings.Cut(r.alice.Screen(), "== O-1 ==")
		return shown
	}
	r.alice.Types("/okr show O-1").Sees("== O-1 ==")
	is("the window of the objective", window())
	r.alice.Closes()
	list := func(how string) string {
		r.alice.Types("/okr list " + how).Sees("*Key results under O-1*")
		screen := r.alice.Screen()
		return screen[strings.LastIndex(screen, "*Key results under O-1*"):]
	}
	is("the list", list("O-1"))
	r.do("update key_results set status_until = '-infinity', rank = 0 where number in (2, 5)") // not judged yet
	is("the list where some are looked at", list("o-1 by:worst"))
	r.alice.GoesHome().SeesHome("*Aim*")
	_, open, _ := strings.Cut(r.alice.Home(), "*Aim*")
	is("Home", open)
}

// The list of objectives and Home have one order: those whose period runs, those that are over, those to come,
// and those that are closed out, of each what ends the nearest first. How their key results stand changes
// nothing there; a list of key results has the objective first whose key result is the worst.
func TestObjectivesHaveOneOrder(t *testing.T) {
	r := newRoom(t)
	today := r.today() // where alice is; bob reads them by his own, which may be the day before
	file := "objective,objective_owner,first_day,last_day,time_zone,key_result,owner,kind,start_value,target_value,result_value,result_day\n"
	for _, o := range []struct {
		title       string
		first, last okr.Day
		value       string // of 100 on the way to 0
	}{
		{"Long over", today - 200, today - 100, "100"},
		{"Far ahead", today + 100, today + 190, ""},
		{"At hand", today - 30, today + 50, "100"},
		{"Next up", today + 51, today + 99, ""},
		{"Just over", today - 90, today - 3, "100"},
		{"Soon done", today - 60, today + 20, "1"},
		{"All done", today - 60, today - 2, "0"},
	} {
		day := ""
		if o.value != "" {
			day = min(today, o.last).String()
		}
		file += fmt.Sprintf("%s,U0ALICE,%s,%s,Europe/Berlin,Part of it,U0ALICE,decrease,100,0,%s,%s\n", o.title, o.first, o.last, o.value, day)
	}
	r.alice.GoesHome().SeesHome("My Objectives") // an import knows who has used okrbot
	var said strings.Builder
	if made, err := sheet.Import(t.Context(), r.store, r.slack.Options().TeamID, strings.NewReader(file), &said, nil); err != nil || made.KeyResults != 7 {
		t.Fatalf("%+v, %v\n%s", made, err, said.String())
	}
	open := []string{"Soon done", "At hand", "Just over", "Long over", "Next up", "Far ahead"}
	want := append(slices.Clone(open), "All done")
	r.do("update objectives set closed_at = now() where title = 'All done'")
	for name, text := range map[string]string{
		"hers":      r.answer("/okr objectives"),
		"of others": r.bob.Types("/okr objectives").Sees("Of others").Screen(),
	} {
		if !inOrder(text, want...) {
			t.Errorf("%s are not in the order %v:\n%s", name, want, text)
		}
	}
	r.alice.GoesHome().SeesHome("*Far ahead*")
	if shown := r.alice.Home(); !inOrder(shown[strings.Index(shown, "(Now)"):], open...) {
		t.Errorf("Home has them in another order:\n%s", shown)
	}
	for _, list := range []string{"/okr list", "/okr list mine open", "/okr list open by:worst"} {
		if text := r.answer(list); !inOrder(text, "At hand", "Soon done") {
			t.Errorf("%s: the worst is not first:\n%s", list, text)
		}
	}
}

// Those below an objective have the same order, in its window and in a list of it.
func TestObjectivesBelowHaveTheSameOrder(t *testing.T) {
	r := newRoom(t)
	today := r.today()
	r.addsObjective(r.alice, "Run a calm company")
	r.addsObjectiveOf("Far ahead", okr.Period{First: today + 100, Last: today + 190})
	r.addsObjectiveOf("Long over", okr.Period{First: today - 200, Last: today - 100})
	r.addsObjectiveOf("At hand", okr.Period{First: today - 30, Last: today + 50})
	r.addsObjectiveOf("Next up", okr.Period{First: today + 51, Last: today + 99})
	r.do("update objectives set parent_id = (select id from objectives where number = 1) where number > 1")
	for where, text := range map[string]string{
		"the window": r.alice.Types("/okr show O-1").Sees("== O-1 ==", "Far ahead").Screen(),
		"the list":   r.alice.Closes().Types("/okr list O-1").Sees("Key results under O-1: none.", "Far ahead").Screen(),
	} {
		text = text[strings.LastIndex(text, "Objectives that have this one as their parent"):]
		if !inOrder(text, "At hand", "Long over", "Next up", "Far ahead") {
			t.Errorf("%s has them in another order:\n%s", where, text)
		}
	}
}

// An objective whose time zone the database does not know, as one that was moved to an older list of zones, is
// listed like others.
func TestObjectivesInAZoneThatTheDatabaseDoesNotKnow(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Ship it")
	r.addsObjective(r.alice, "Aim higher")
	r.do("update objectives set zone = 'Nowhere/None' where title = 'Aim higher'")
	if text := r.answer("/okr objectives"); !inOrder(text, "Ship it", "Aim higher") {
		t.Errorf("the list is\n%s", text)
	}
	r.bob.Types("/okr objectives").Sees("Of others", "O-1", "Ship it", "O-2", "Aim higher")
}

// Neither does it keep others from their Home and from what is to be closed out.
func TestAnUnknownZoneKeepsNobodyFromHome(t *testing.T) {
	r := newRoom(t)
	today := r.today()
	r.addsObjectiveOf("Ship it", okr.Period{First: today - 60, Last: today - 20})
	r.addsObjectiveOf("Aim higher", okr.Period{First: today - 60, Last: today - 30})
	r.do("update objectives set zone = 'Nowhere/None' where title = 'Aim higher'")
	if text := r.answer("/okr close-out"); !inOrder(text, "Ship it", "Aim higher") {
		t.Errorf("what is to be closed out is\n%s", text)
	}
	r.alice.GoesHome().SeesHome("*Ship it*", "*Aim higher*")
}

// Neither does it keep key results from being listed, shown and read, nor values by hand from ending, nor scores
// from counting when their day comes.
func TestAnUnknownZoneKeepsNobodyFromTheirKeyResults(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "60")
	r.settles()
	r.byHandForm("Interviews held", "Run a calm service desk")
	r.alice.Submits("Save").Sees("is added").Closes()
	r.do("update objectives set zone = 'Nowhere/None'")
	r.alice.Types("/okr list").Sees("*KR-1* Fewer open incidents", "*KR-2* Interviews held")
	r.alice.Types("/okr show KR-1").Sees("== KR-1 ==").Closes()
	r.alice.Types("/okr check-in KR-2 7").Sees("Saved.")
	r.alice.GoesHome().SeesHome("Fewer open incidents", "Interviews held")
	r.alice.In("#it-okrs").Types("/okr sync KR-1").Sees("KR-1")
	r.settles()
	r.do("update key_results set override_value = 3, override_day = current_date - 9, override_until = current_date - 8, override_reason = 'It was down.', override_by = 'U0ALICE', overridden_at = now() where number = 1")
	r.do("update key_results set ahead_on = current_date - 3, result_value = null, result_day = null where number = 1")
	r.later(time.Hour)
	r.until("what the calendar ends and brings", r.stored("select override_value is null and ahead_on is null from key_results where number = 1"))
}

// An empty list says what to do next, which is not always to add a key result.
func TestAnEmptyListSaysWhatToDo(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12") // of alice's, in #it-okrs
	for text, what := range map[string]string{
		"@bob":                 "Key results of <@U0BOB>",
		"mine @bob at-risk":    "Key results of <@U0ALICE> or <@U0BOB> at risk",
		"#it-okrs 2019":        "Key results in <#C0ITOKRS> in 2019",
		"2019":                 "Key results in 2019",
		"at-risk 2019":         "Key results at risk in 2019",
		"interviews held 2019": "Key results in 2019 with `interviews` and `held`",
		"needs-me @bob":        "Key results of <@U0BOB> that need a person",
		"mine 2019":            "My key results in 2019",
	} {
		r.alice.Types("/okr list " + text).Sees(what + ": none. `/okr list` alone shows all.").DoesNotSee("Add one")
	}
	r.bob.Types("/okr list mine").Sees("My key results: none. Add one with `/okr add-kr`.")
	r.addsObjective(r.alice, "Run a calm company")
	r.alice.Types("/okr list O-2").Sees("Key results under O-2: none. Add one with `/okr add-kr`.")
	r.dave.Types("/okr list mine").Sees("My key results: none. `/okr list` alone shows all.").DoesNotSee("Add one")
}

// A value that an import brought is no check-in, and nothing calls it one.
func TestAnImportedValueIsNoCheckIn(t *testing.T) {
	r := newRoom(t)
	r.importsAlices([3]any{"Aim", 50, 3})
	day := r.day(-3).Short(r.today())
	r.alice.Types("/okr show KR-1").Sees("== KR-1 ==", "value of "+day, day+"  50  (entered)").DoesNotSee("checked in")
	r.alice.Closes().Types("/okr remove KR-1").Sees("*This goes:* the key result and 1 reading.\n").Closes()
}
