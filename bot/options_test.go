package bot_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"okrbot/bot/view"
	"okrbot/sandbox/servicenow"
)

// scored is a scorecard of the instance with two scores.
func (r *room) scored(id, name, description string) servicenow.Scorecard {
	r.t.Helper()
	return servicenow.Scorecard{
		ID: id, Name: name, Description: description, Unit: "#", Direction: 2, Frequency: 10,
		Scores: []servicenow.Score{{Day: r.day(-2).Time(), Value: 12}, {Day: r.day(-1).Time(), Value: 11}},
	}
}

// TestANamelessScorecardSpoilsNoList: field rights and missing translations leave names empty.
func TestANamelessScorecardSpoilsNoList(t *testing.T) {
	r := newRoom(t)
	const nameless, blank = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a01", "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a02"
	r.servicenow.Add(r.scored(nameless, "", "nameless"))
	r.servicenow.Add(r.scored(blank, " \u200b\u202e", ""))
	r.servicenow.Add(r.scored("0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a04", "Calls \x00lost", "a\x00b")) // no database keeps it
	r.servicenow.Add(r.scored("0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a03", strings.Repeat("Number of open cases ", 8), ""))
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.looks()
	r.until("the whole list", func() bool {
		return slices.ContainsFunc(r.offered(""), func(s string) bool { return strings.Contains(s, nameless) })
	})
	r.offers("", "No name · "+nameless, "No name · "+blank)
	r.offers("lost", "Calls lost", "# · Daily")
	r.offers("open cases", "Number of open cases Number of open cases")
	r.offers("open incidents", "Number of open incidents")
	r.alice.Chooses("Scorecard", nameless).Sees("*No name · "+nameless+"*", "11").Submits("Connect").Sees("*No name · "+nameless+"*").
		Fills("Target Value", "3").Submits("Save").Sees("is added").Closes()
	r.alice.Types("/okr show KR-1").Sees("ServiceNow: No name · " + nameless).Closes()
}

func TestTwinsAreToldApartEverywhere(t *testing.T) {
	r := newRoom(t)
	r.servicenow.Add(r.scored("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b01", "Cases that came back", "Region north"))
	r.servicenow.Add(r.scored("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b02", "Cases that came back", "Region south"))
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.looks()
	r.until("both", func() bool { return len(r.offered("came back")) == 2 })
	r.offers("came back", "Region north · # · Daily", "Region south · # · Daily")
	r.alice.Chooses("Scorecard", "Cases that came back").Sees("*Cases that came back*\nRegion north").Submits("Connect").Sees("*Cases that came back (Region north)*").
		Fills("Target Value", "3").Submits("Save").Sees("is added").Closes()
	r.alice.Types("/okr show KR-1").Sees("ServiceNow: Cases that came back (Region north)").Closes()
	r.alice.Types("/okr edit KR-1").Sees("*Cases that came back (Region north)*").Presses("Change source").Submits("Next").
		Sees("Scorecard: Cases that came back (Region north)").Closes()
}

// TestTwinsWithoutADescription are told apart by their ids, also where a search finds one of them alone
// or the names only read alike.
func TestTwinsWithoutADescription(t *testing.T) {
	r := newRoom(t)
	id := func(begin string, n int) string { return fmt.Sprintf("%s%030d", begin, n) }
	for begin, two := range map[string][2][2]string{ // name and description
		"0b": {{"Cases without words", ""}, {"Cases without words", ""}},
		"0c": {{"Cases of one region", "Region north"}, {"Cases of one region", "Region north"}},
		"0d": {{"Cases half told", "Region west"}, {"Cases half told", ""}},
		"0e": {{"Cases as written", ""}, {"Cases\u00a0 As Written", ""}},
	} {
		r.servicenow.Add(r.scored(id(begin, 1), two[0][0], two[0][1]))
		r.servicenow.Add(r.scored(id(begin, 2), two[1][0], two[1][1]))
	}
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.looks()
	r.until("both", func() bool { return len(r.offered("without words")) == 2 })
	r.offers("without words", "…000001 · # · Daily", "…000002 · # · Daily")
	r.offers("one region", "Region north …000001 · # · Daily", "Region north …000002 · # · Daily")
	r.offers("half told", "Region west · # · Daily", "…000002 · # · Daily")
	r.offers("half west", "Region west · # · Daily") // one of the two
	r.offers("as written", "…000001 · # · Daily", "…000002 · # · Daily")
	r.offers("casse as writen", "near, not exact", "…000001 · ", "…000002 · ")
	r.alice.Chooses("Scorecard", "Cases half told").Sees("*Cases half told*\nRegion west").Submits("Connect").Sees("*Cases half told (Region west)*").
		Fills("Target Value", "3").Submits("Save").Sees("is added").Closes()
	r.alice.Types("/okr show KR-1").Sees("ServiceNow: Cases half told (Region west)").Closes()
}

// TestAMisspeltSearchOffersTheNearest, and says that they are near; ServiceNow is asked meanwhile.
func TestAMisspeltSearchOffersTheNearest(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.looks()
	r.until("the list", func() bool { return len(r.offered("")) > 10 })
	for _, typed := range []string{"opne incidnts", "numbre of open incidents", "open incidentts"} {
		got := r.offered(typed)
		if len(got) < 2 || !strings.Contains(got[0], "Nothing by exactly that name") || !strings.Contains(got[1], "Number of open incidents") || !strings.Contains(got[1], "near, not exact") {
			t.Errorf("%q offers %q", typed, got)
		}
	}
	r.offers("xyzzy", "Nothing by that name")
	slow := r.servicenow.Break(servicenow.Fault{Kind: servicenow.Slow, After: 2})
	r.offers("opne incidnts", "Number of open incidents")
	slow()
	top, _ := r.slack.Top("alice")
	for _, b := range top.Content["blocks"].([]any) {
		if block, _ := b.(map[string]any)["block_id"].(string); view.Name(block) == view.FieldScorecard {
			options, err := r.slack.Suggest("alice", top.ID, block, "v", "opne incidnts")
			if err != nil {
				t.Fatal(err)
			}
			if err := r.slack.Act("alice", top.ID, block, "v", map[string]any{"selected_option": options[0]}); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.alice.Sees("No scorecard has exactly these words").Closes()
}

// TestTenThousandScorecardsAreSearchedInTime: misspelt, too.
func TestTenThousandScorecardsAreSearchedInTime(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.looks()
	r.until("the list", func() bool { return len(r.offered("")) > 10 })
	if _, err := r.database().Exec(t.Context(), `
insert into scorecards (connection_id, workspace_id, reference, name, description, unit, precision, direction, frequency, favorite, is_key, seen_at)
select connection_id, workspace_id, lpad(to_hex(n), 32, '0'), 'Backlog of assignment group ' || n || ' by priority and category', '', '#', 0, '', 'daily', false, false, now()
from (select connection_id, workspace_id from scorecards limit 1) one, generate_series(1, 10000) n`); err != nil {
		t.Fatal(err)
	}
	var took []time.Duration
	for n := range 20 {
		began := time.Now()
		got := r.offered(fmt.Sprintf("bakclog of asignment gruop %d", 100+n))
		took = append(took, time.Since(began))
		if len(got) != 11 || !strings.Contains(got[1], "Backlog of assignment group") {
			t.Fatalf("%q", got)
		}
	}
	slices.Sort(took)
	t.Logf("p50 %v, p95 %v", took[10], took[18])
	if took[10] > 1500*time.Millisecond { // the target is 300 ms; machines that do other work are slower
		t.Errorf("half of the searches took more than %v", took[10])
	}
	r.alice.Closes()
}
