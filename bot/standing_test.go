package bot_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"okrbot/sheet"
)

// partsOf fills a workspace by an import: of four key results one each is on track, behind, at risk,
// and without a value.
func (r *room) partsOf(n int) {
	r.t.Helper()
	file := "objective,objective_owner,first_day,last_day,time_zone,key_result,owner,kind,start_value,target_value,channel,result_value,result_day\n"
	for i := range n {
		value, day := []string{"50", "75", "95", ""}[i%4], r.today().String()
		if value == "" {
			day = ""
		}
		file += fmt.Sprintf("Calm,U0ALICE,%s,%s,Europe/Berlin,Part %d,U0ALICE,decrease,100,0,C0ITOKRS,%s,%s\n", r.day(-40), r.day(60), i+1, value, day)
	}
	if o, err := sheet.Import(r.t.Context(), r.store, r.slack.Options().TeamID, strings.NewReader(file), io.Discard, nil); err != nil || o.KeyResults != n {
		r.t.Fatalf("%+v, %v", o, err)
	}
}

// answers are what alice was told in the channel, and nobody else, the oldest first.
func (r *room) answers() (texts []string) {
	for _, c := range r.slack.Sees("alice").Channels {
		if "#"+c.Name == "#it-okrs" {
			for _, m := range c.Messages {
				if m.Ephemeral != "" {
					texts = append(texts, m.Read())
				}
			}
		}
	}
	return texts
}

// answer is what a command is answered with.
func (r *room) answer(command string) string {
	r.t.Helper()
	before := len(r.answers())
	r.alice.Types(command)
	r.until("an answer to "+command, func() bool { return len(r.answers()) > before })
	return r.answers()[before]
}

func (r *room) do(sql string, args ...any) {
	r.t.Helper()
	if _, err := r.database().Exec(context.Background(), sql, args...); err != nil {
		r.t.Fatal(err)
	}
}

const unjudged = "select count(*) from key_results where status_until <= now()"

// TestAListOfAStatusIsRightWhateverIsStored lists 560 key results by how they stand: all of it stored,
// some, and more of it not than a list looks at.
func TestAListOfAStatusIsRightWhateverIsStored(t *testing.T) {
	r := newRoom(t)
	r.alice.Types("/okr help").Sees("/okr")
	r.partsOf(560)
	r.do("update key_results set paused = true where number = 7")
	r.do("update key_results set failure_class = 'unavailable', failure_says = 'It sleeps.', failing_since = now() where number in (1, 4)")
	r.until("all judged", func() bool { return r.number(unjudged) == 0 })
	stopping, cancel := context.WithCancel(t.Context())
	cancel()
	r.work.Stop(stopping) // nobody judges any more

	for _, row := range []struct {
		command string
		sees    []string
	}{
		{"/okr list behind", []string{"*Key results behind*", "*KR-2* Part 2", "*KR-78* Part 78", "1–20 of 140"}},
		{"/okr list on track", []string{"*KR-1* Part 1", "*KR-77* Part 77", "1–20 of 140"}},
		{"/okr list at-risk", []string{"*Key results at risk*", "*KR-3* Part 3", "*KR-7* Part 7", "*KR-79* Part 79", "1–20 of 140"}},
		{"/okr list needs-me", []string{"*My key results that need a person*", "*KR-1* Part 1", "*KR-4* Part 4", "*KR-3* Part 3", "1–20 of 142"}},
		{"/okr list needs-me by:name", []string{"*My key results that need a person* by name · 1–20 of 142", "*KR-1* Part 1", "*KR-103* Part 103", "*KR-107* Part 107"}},
		{"/okr list no data", []string{"*KR-4* Part 4", "1–20 of 140"}},
		{"/okr list no-data paused", []string{"*KR-4* Part 4", "*KR-7* Part 7", "1–20 of 141"}},
		{"/okr list failing", []string{"*KR-1* Part 1", "*KR-4* Part 4"}},
		{"/okr list failing behind mine", []string{"*KR-1* Part 1", "*KR-2* Part 2", "1–20 of 142"}},
		{"/okr list paused", []string{"*KR-7* Part 7"}},
		{"/okr list open", []string{"*KR-1* Part 1", "*KR-3* Part 3", "1–20 of 560"}},
		{"/okr list stale not-syncing", []string{"*KR-1* Part 1", "*KR-4* Part 4"}},
		{"/okr list", []string{"*All key results* · 1–20 of 560", "*KR-1* Part 1", "*KR-3* Part 3"}},
		{"/okr list by:number", []string{"*All key results* by number · 1–20 of 560", "*KR-1* Part 1", "*KR-20* Part 20"}},
		{"/okr list closed", []string{"No key result is closed out."}},
		{"/okr list missed", []string{"No key result has missed its target."}},
		{"/okr list by hand", []string{"No key result has a value by hand."}},
		{"/okr list behind @bob", []string{"Key results of <@U0BOB> behind: none."}},
		{"/okr list behind with nonsense", []string{"List what? Nothing here is called `nonsense`"}},
		{"/okr list missed part", []string{"Key results missed with `part`: none."}},
	} {
		r.do("update key_results set status_until = 'infinity'")
		stored := r.answer(row.command)
		for _, w := range row.sees {
			if !strings.Contains(stored, w) {
				t.Errorf("%s does not say %q:\n%s", row.command, w, stored)
			}
		}
		// What was stored is over, and wrong by now: of some, and of the first ones above all.
		r.do("update key_results set status_until = '-infinity' where number % 3 = 0 or number < 100")
		r.do("update workspaces set judge_after = (select id from key_results where number = 400)")
		r.do("update key_results set status = 'achieved' where status_until < now() or number > 400")
		if again := r.answer(row.command); again != stored {
			t.Errorf("%s: where it is not stored:\n%s\nwhere it is:\n%s", row.command, again, stored)
		}
		r.do("update workspaces set judge_after = null")
		r.do(`update key_results set status = case when result_value = 50 then 'on_track' when result_value = 75 then 'behind' when result_value = 95 then 'at_risk' else 'no_data' end`)
	}

	r.do("update key_results set status_until = '-infinity', status = 'missed'")
	if text := r.answer("/okr list behind"); !strings.Contains(text, "*KR-2* Part 2") || !strings.Contains(text, "1–20 of at least 125") {
		t.Errorf("of the first 500 there are 125:\n%s", text)
	}
	if text := r.answer("/okr list missed"); !strings.Contains(text, "okrbot is looking at how key results stand after a change that concerns many. List them again in a minute.") {
		t.Errorf("nobody knows whether any is missed:\n%s", text)
	}
	r.do("update key_results set result_value = 0 where number = 9")
	if text := r.answer("/okr list achieved"); !strings.Contains(text, "*KR-9* Part 9") || !strings.Contains(text, "There may be more. okrbot is looking") {
		t.Errorf("one is achieved, and there may be more:\n%s", text)
	}
}

// Whatever makes another status of what is known is judged at once, and lists say so meanwhile.
func TestStatusesFollowWhatTheyHangOn(t *testing.T) {
	r := newRoom(t)
	r.alice.Types("/okr help").Sees("/okr")
	r.partsOf(8)
	judged := func(what, status string, want int) {
		t.Helper()
		r.until("all judged: "+what, func() bool {
			return r.number(unjudged)+r.number("select count(*) from workspaces where judge_after is not null") == 0
		})
		if n := r.number("select count(*) from key_results where status = $1", status); n != want {
			t.Errorf("%s: %d are stored as %s, want %d", what, n, status, want)
		}
	}
	judged("an import", "behind", 2)
	r.carol.Types("/okr settings").Fills("On track up to", "20").Submits("Save").SeesNoModal()
	judged("other thresholds", "behind", 0)
	judged("other thresholds", "on_track", 4)
	r.alice.Types("/okr check-in KR-1").Fills("Result Value", "95").Submits("Save").SeesNoModal()
	judged("a check-in", "at_risk", 3)
	r.do("update objectives set last_day = first_day + 1000") // another version's doing
	judged("another period", "too_early", 6)
	r.do("update key_results set target_value = 80 where number = 2")
	judged("another target", "achieved", 1)
	r.laterDays(1100)
	judged("the calendar", "missed", 5)
	judged("the calendar", "achieved", 1)
	if text := r.answer("/okr list missed"); strings.Count(text, "Missed") < 5 {
		t.Errorf("five are missed:\n%s", text)
	}
}
