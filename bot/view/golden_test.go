package view

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/slack-go/slack"

	"okrbot/okr"
)

var update = flag.Bool("update", false, "write the golden payloads anew")

// golden compares a payload with its file, which people read in review.
func golden(t *testing.T, name string, payload any) {
	t.Helper()
	var got bytes.Buffer
	e := json.NewEncoder(&got)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(payload); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; `make golden` writes it", err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s is another payload now; `make golden`, and read the diff", name)
	}
}

func num(s string) decimal.NullDecimal {
	return decimal.NewNullDecimal(decimal.RequireFromString(s))
}

var (
	now       = time.Date(2026, 11, 24, 8, 4, 0, 0, time.UTC)
	today     = okr.DayOf(now)
	objective = okr.Objective{ID: 3, Workspace: "T1", Title: "Run a calm service desk", Owner: "U1ALICE", Period: okr.QuarterOf(today), Zone: "Europe/Berlin", Channel: "C1OKRS"}
)

// sample is KR-3 on a good day.
func sample() KeyResult {
	return KeyResult{
		KeyResult: okr.KeyResult{
			ID: 42, Workspace: "T1", Number: 3, Objective: 3, Title: "Reduce open P1 incidents", Owner: "U1ALICE", CoOwners: []string{"U2BOB"}, ObjectiveOwner: "U1ALICE",
			Kind: okr.Decrease, Start: num("60"), Target: num("30"), Committed: num("40"), Unit: "#", Method: okr.Latest, Weight: decimal.NewFromInt(1),
			Channel: "C1OKRS", Integrated: true, Cadence: okr.Cadence{Every: okr.Weekly, Weekday: time.Monday, Hour: 9, Zone: "Europe/Berlin"}, ScoreFrequency: okr.Daily,
			Result: okr.Result{Value: num("39"), AsOf: today - 2, N: 54}, SyncedAt: now.Add(-5 * time.Minute), NextSyncAt: time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC),
		},
		Objective: objective, Source: Source{Scorecard: "Number of open incidents > Priority = 1 - Critical", Connection: "acme.service-now.com (okr.reader)", System: "ServiceNow"},
		Now: now, Today: today,
	}
}

// hostile is a key result whose words want to be more than words, and are too many.
func hostile() KeyResult {
	k := sample()
	k.Title = strings.Repeat("<!channel> *x* `y` 目標 🎯 \u202eمرحبا ", 100)
	k.Objective.Title = strings.Repeat("<@U1ALICE> & ", 300)
	k.Source.Scorecard = strings.Repeat("<!here>", 600)
	k.Source.Connection = strings.Repeat("&", 500)
	k.Unit = strings.Repeat("ü", 20)
	return k
}

func broken() KeyResult {
	k := sample()
	k.Failure = okr.Failure{Class: "unavailable", Cause: "asleep", Says: "ServiceNow is asleep: this developer instance hibernates. Wake it at developer.servicenow.com, then press Sync Integration Data.", Since: now.Add(-time.Hour), Count: 2}
	return k
}

func people() KeyResult {
	k := sample()
	k.Integrated, k.Cadence, k.Source = false, okr.Cadence{}, Source{}
	return k
}

func fresh() KeyResult {
	k := sample()
	k.Result, k.SyncedAt = okr.Result{}, time.Time{}
	return k
}

// listing is a list that holds all that there are.
func listing(all []KeyResult, most int) Listing { return ListingOf(all, all, most) }

func many(n int, k KeyResult) []KeyResult {
	list := make([]KeyResult, n)
	for i := range list {
		list[i] = k
		list[i].ID, list[i].Number = int64(i+1), i+1
		if i > n/2 {
			list[i].Objective.ID = 4
		}
	}
	return list
}

func readings(n int) []okr.Reading {
	var list []okr.Reading
	for i := range n {
		list = append(list, okr.Reading{Day: today - okr.Day(n-i), Value: decimal.NewFromInt(int64(60 - i%25)), Restated: i == n-3, Previous: num("41")})
	}
	return list
}

func TestMessages(t *testing.T) {
	waiting := sample()
	waiting.Source.Waiting = now.Add(time.Hour)
	paused := sample()
	paused.Paused = true
	for name, m := range map[string]Message{
		"card": Card(sample(), readings(40)), "card-hostile": Card(hostile(), readings(2)), "card-failing": Card(broken(), readings(1)), "card-people": Card(people(), nil), "card-fresh": Card(fresh(), nil),
		"card-plainer": *Card(sample(), readings(40)).Plainer, "card-waiting": Card(waiting, nil), "card-paused": Card(paused, nil),
		"help": Help(), "unknown-verb": DidYouMean("<!channel>`snyc", []string{"sync"}), "unknown-verb-far": DidYouMean(strings.Repeat("x", 4000), nil),
		"list": List("My objectives", listing(many(3, sample()), Listed)), "list-empty": List("My objectives", Listing{}), "list-long": List("All key results", listing(many(500, hostile()), Listed)),
		"changed-one":  Announcement([]News{{KeyResult: sample(), Kind: "changed", Old: num("41"), New: num("39"), OldStatus: okr.Behind, NewStatus: okr.OnTrack}}, false),
		"restated":     Announcement([]News{{KeyResult: sample(), Kind: "restated", Old: num("41"), New: num("39")}}, true),
		"changed-many": Announcement(news(1000, "changed", ""), false), "failed-one": Announcement(news(1, "failed", broken().Failure.Says), false),
		"failed-many": Announcement(append(news(400, "failed", broken().Failure.Says), news(3, "failed", "ServiceNow refused our sign-in.")...), false),
		"recovered":   Announcement(news(1, "recovered", ""), false), "recovered-many": Announcement(news(300, "recovered", ""), false),
		"closed-out": closedOut(3).Summary(false), "closed-out-many": closedOut(400).Summary(true), "closed-out-all": closedOut(400).All(), "closed-out-unposted": closedOut(3).Unposted("C1OKRS", "not_in_channel"),
		"to-close-out": ToCloseOut([]okr.Objective{objective, hostile().Objective}), "list-ended": List("My objectives", listing(over(), Listed)), "card-closed": Card(over()[1], nil),
		"exported-not": NotExported("missing_scope"),
		"parked":       Announcement(news(2, "parked", "C1OKRS not_in_channel"), false), "parked-archived": Announcement(news(1, "parked", "C1OKRS is_archived"), false),
		"synced-changed": Outcome(ended(1, "changed"), 1, true), "synced-same": Outcome(ended(1, "unchanged"), 1, true), "synced-failed": Outcome(ended(1, "failed"), 1, true), "synced-restated": Outcome(ended(1, "restated"), 1, true),
		"synced-counting": Outcome(ended(4, "changed"), 12, false), "synced-all": Outcome(append(append(ended(300, "changed"), ended(400, "failed")...), ended(500, "unchanged")...), 1200, true),
		"connections-none": Connections(nil), "connections": Connections([]Connection{
			{Name: "acme.service-now.com (okr.reader)", State: "active", Shared: true, Owner: "U1ALICE", KeyResults: 12, Succeeded: now, Now: now},
			{Name: "dev1.service-now.com", State: "rejected", Owner: "U2BOB", KeyResults: 1, Succeeded: now, Now: now},
			{Name: "dev2.service-now.com", State: "active", Owner: "U2BOB", Succeeded: now, Waiting: now.Add(time.Hour), Now: now},
		}),
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, name+".message.json", m)
			if strings.Contains(m.Text, "<!") && !strings.Contains(m.Text, "<!date^") {
				t.Errorf("a ping in %q", m.Text)
			}
		})
	}
	for _, topic := range topics {
		m, ok := HelpOn(topic.verb)
		if !ok {
			t.Errorf("no help on %s", topic.verb)
		}
		golden(t, "help-"+topic.verb+".message.json", m)
	}
}

// over are two key results after their period: one that waits to be closed out, and one that was.
func over() []KeyResult {
	list := many(2, sample())
	for i := range list {
		list[i].Today, list[i].Objective.ID = objective.Period.Last+5, int64(3+i)
	}
	list[1].Closed, list[1].Objective.Closed = true, true
	return list
}

func closeOut(k KeyResult, n int) CloseOut {
	return CloseOut{Objective: k.Objective, KeyResults: many(n, k), Next: okr.NextQuarter(k.Objective.Period.Last)}
}

func closedOut(n int) Closed {
	k := hostile()
	c := Closed{Objective: k.Objective, Person: "U1ALICE", Note: strings.Repeat("<!channel> learned\n", 60), RollUp: okr.RollUp{Progress: num("0.555"), Reporting: n - 1, Total: n, Worst: okr.Missed}, Next: okr.NextQuarter(today)}
	if n < 10 {
		c.Objective, c.Note = objective, "Two releases came late."
	}
	for i := range n {
		one := ClosedKeyResult{Number: i + 1, Title: "Fewer open incidents", Result: "39", AsOf: today, Score: num("0.7"), Status: okr.CommittedMet, Committed: okr.Met}
		switch {
		case n >= 10:
			one.Title, one.Result, one.CarriedTo = k.Title, k.ResultWords(), 1000+i
		case i == 1:
			one.Score, one.Status, one.Committed, one.CarriedTo = num("-0.07"), okr.Missed, okr.NotMet, 7
		case i == 2:
			one.Result, one.Score, one.Status, one.Committed = "", decimal.NullDecimal{}, okr.NoData, ""
		}
		c.KeyResults = append(c.KeyResults, one)
	}
	return c
}

func news(n int, kind, note string) []News {
	var list []News
	for _, k := range many(n, hostile()) {
		list = append(list, News{KeyResult: k, Kind: kind, Old: num("41"), New: num("39"), Note: note})
	}
	return list
}

func ended(n int, how string) []Ended {
	var list []Ended
	for _, k := range many(n, hostile()) {
		e := Ended{KeyResult: k, How: how, Old: num("41"), New: num("39")}
		if how == "failed" {
			e.Why = broken().Failure.Says
		}
		list = append(list, e)
	}
	return list
}

func connectForm() ConnectForm {
	return ConnectForm{
		System: "ServiceNow", Address: Input{Name: "address", Label: "ServiceNow URL", Hint: "acme", Placeholder: "https://acme.service-now.com", MaxLength: 300}, SignIn: "basic", Share: true,
		SignIns: []SignIn{
			{Kind: "basic", Label: "Basic Auth", Guide: "Use a user made for this.", Available: true, Fields: []Input{{Name: "username", Label: "Username", MaxLength: 100}, {Name: "password", Label: "Password", Secret: true, MaxLength: 200}}},
			{Kind: "oauth", Label: "OAuth", Guide: "Comes with PUBLIC_URL.", Fields: []Input{{Name: "client_id", Label: "Client ID", MaxLength: 100}}},
		},
	}
}

const draft = "0191f2a4-7c1e-7d30-9f53-0a4a5b6c7d8e"

func filled() Form {
	k := sample().KeyResult
	return FormOf(k)
}

func preview() *Preview {
	p := &Preview{Name: hostile().Source.Scorecard, Unit: "%", Precision: 1, Better: "minimize", Frequency: "daily", Value: num("39.5"), Target: num("30"), AsOf: today - 1, Today: today}
	for i := range 40 {
		p.Scores = append(p.Scores, PreviewScore{Day: today - okr.Day(i+1), Value: decimal.NewFromInt(int64(40 + i%7))})
	}
	return p
}

// modals are all modals with their extremes.
func modals() map[string]slack.ModalViewRequest {
	failing := connectForm()
	failing.Typed, failing.Stages = strings.Repeat("a", 4000), []Stage{{Name: "Address", Took: time.Millisecond}, {Name: "Sign-in", Took: 40 * time.Millisecond, Says: "ServiceNow refused our sign-in."}}
	withOAuth := connectForm()
	withOAuth.SignIn = "oauth"
	longDetails := Details{KeyResult: hostile(), Readings: readings(500), May: true, CheckIns: []CheckIn{{Person: "U2BOB", Day: today, Value: num("39"), Confidence: "low", Note: strings.Repeat("<!channel>\n", 200)}}}
	for range 5 {
		longDetails.Changes = append(longDetails.Changes, ChangeLine{Actor: "U1ALICE", Action: "edited", What: strings.Repeat("target 40 → 38, ", 100), At: now})
		longDetails.CheckIns = append(longDetails.CheckIns, longDetails.CheckIns[0])
	}
	for range 200 {
		longDetails.CoOwners = append(longDetails.CoOwners, "U0123456789")
	}
	crowd := Scorecard{Draft: draft, Turn: 2, Connection: 1, Chosen: "fb007202d7130100b96d45a3ce6103b4", ChosenName: hostile().Source.Scorecard, Preview: preview()}
	for i := range 150 {
		crowd.Connections = append(crowd.Connections, ConnectionChoice{ID: int64(i + 1), Name: strings.Repeat("é", 300)})
	}
	reading, problem := crowd, crowd
	reading.Reading = true
	problem.Problem = broken().Failure.Says
	noScore := crowd
	noScore.Preview = &Preview{Name: "Carbon", Today: today}
	monthly, stay, people2 := filled(), filled(), filled()
	monthly.Cadence, stay.Kind = "monthly", "at_least"
	detail := Detail{Draft: draft, Turn: 3, Form: filled(), Integrated: true, Scorecard: hostile().Source.Scorecard, Connection: hostile().Source.Connection, Result: "39  score of 22 Nov", Zone: "Europe/Berlin", Warnings: []string{"The target is met already."}}
	editing := detail
	editing.Editing = "KR-3"
	month, kind, byHand := detail, detail, detail
	month.Form, kind.Form, byHand.Form, byHand.Integrated = monthly, stay, people2, false
	dates := ObjectiveForm{Title: hostile().Title, Owner: "U1ALICE", Period: Dates, Zone: "Europe/Berlin", Channel: "C1OKRS"}
	return map[string]slack.ModalViewRequest{
		"objective": ObjectiveForm{Owner: "U1ALICE", Period: ThisQuarter, Zone: "UTC"}.Modal(draft, today), "objective-dates": dates.Modal(draft, today),
		"connect": connectForm().Modal(draft), "connect-failing": failing.Modal(draft), "connect-oauth": withOAuth.Modal(draft),
		"connect-checking": Checking("ServiceNow", strings.Repeat("x", 300)), "connected": Connected("ServiceNow", "acme.service-now.com", failing.Stages[:1], false), "connected-detour": Connected("ServiceNow", "acme", nil, true),
		"wizard-start": Start{Draft: draft, Turn: 1, Objective: hostile().Objective, Title: "Fewer", Owner: "U1ALICE", Source: FromPeople}.Modal(), "wizard-start-none": Start{Draft: draft, Turn: 1, None: true}.Modal(),
		"wizard-scorecard": crowd.Modal(), "wizard-scorecard-none": Scorecard{Draft: draft, Turn: 2}.Modal(), "wizard-scorecard-reading": reading.Modal(), "wizard-scorecard-problem": problem.Modal(), "wizard-scorecard-empty": noScore.Modal(),
		"wizard-reading": Reading(draft, 2, "Add key result"), "wizard-details": detail.Modal(), "wizard-details-monthly": month.Modal(), "wizard-details-stay": kind.Modal(), "wizard-details-people": byHand.Modal(), "edit": editing.Modal(),
		"saved": Saved(sample(), true), "saved-people": Saved(people(), false),
		"details": Details{KeyResult: sample(), Readings: readings(40), May: true}.Modal(), "details-empty": Details{KeyResult: fresh()}.Modal(), "details-long": longDetails.Modal(), "details-failing": Details{KeyResult: broken(), Readings: readings(3)}.Modal(), "details-people": Details{KeyResult: people(), May: true}.Modal(),
		"check-in": CheckInForm(people(), draft), "check-in-hostile": CheckInForm(hostile(), draft), "remove": Remove(sample(), 120, 1, 1, draft), "remove-hostile": Remove(hostile(), 0, 0, 0, draft),
		"close-out": closeOut(sample(), 3).Modal(draft), "close-out-many": closeOut(hostile(), 400).Modal(draft), "close-out-none": closeOut(sample(), 0).Modal(draft), "close-out-targets": closeOut(sample(), 2).Targets(draft), "close-out-targets-many": closeOut(hostile(), carriedMost).Targets(draft),
		"sync": SyncPick(), "notice": Notice("Expired", "This form has expired."), "notice-help": NoticeOf(Help()),
	}
}

func TestModals(t *testing.T) {
	for name, m := range modals() {
		t.Run(name, func(t *testing.T) { golden(t, name+".modal.json", m) })
	}
}

func TestHomes(t *testing.T) {
	for name, h := range map[string]slack.HomeTabViewRequest{
		"home": Home("alice", listing(many(3, sample()), HomeListed), nil, true), "home-empty": Home("<!channel>", Listing{}, nil, true), "home-guest": Home("dave", Listing{}, nil, false),
		"home-long": Home("alice", listing(many(400, hostile()), HomeListed), []okr.Objective{hostile().Objective}, true), "home-objectives": Home("alice", Listing{}, []okr.Objective{objective}, true),
	} {
		t.Run(name, func(t *testing.T) { golden(t, name+".home.json", h) })
	}
}

// stateOf is what Slack sends of a form that was shown and submitted untouched.
func stateOf(t *testing.T, m slack.ModalViewRequest) State {
	t.Helper()
	s := State{}
	for _, b := range m.Blocks.BlockSet {
		in, ok := b.(*slack.InputBlock)
		if !ok {
			continue
		}
		var a slack.BlockAction
		switch e := in.Element.(type) {
		case *slack.PlainTextInputBlockElement:
			a.Value = e.InitialValue
		case *slack.SelectBlockElement:
			if e.InitialOption != nil {
				a.SelectedOption = *e.InitialOption
			}
			a.SelectedUser, a.SelectedConversation = e.InitialUser, e.InitialConversation
		case *slack.MultiSelectBlockElement:
			a.SelectedUsers = e.InitialUsers
		case *slack.RadioButtonsBlockElement:
			a.SelectedOption = *e.InitialOption
		case *slack.CheckboxGroupsBlockElement:
		case *slack.DatePickerBlockElement:
			a.SelectedDate = e.InitialDate
		case *slack.TimePickerBlockElement:
			a.SelectedTime = e.InitialTime
		default:
			t.Fatalf("%s has an element of another type: %T", in.BlockID, e)
		}
		s[in.BlockID] = map[string]slack.BlockAction{"v": a}
	}
	return s
}

func TestFormsComeBackAsTheyWere(t *testing.T) {
	for _, cadence := range okr.Frequencies {
		f := filled()
		f.Cadence = string(cadence)
		d := Detail{Draft: draft, Turn: 1, Editing: "KR-3", Form: f, Integrated: true, Zone: "Europe/Berlin"}
		back := ParseForm(stateOf(t, d.Modal()), Form{Weekday: f.Weekday, Offset: f.Offset})
		if got, want := mustJSON(t, back), mustJSON(t, f); got != want {
			t.Errorf("%s: got %s, want %s", cadence, got, want)
		}
		k, _, problems := back.KeyResult(okr.KeyResult{Integrated: true, Cadence: okr.Cadence{Zone: "Europe/Berlin"}})
		if len(problems) > 0 || !k.Target.Decimal.Equal(decimal.NewFromInt(30)) || k.Cadence.Every != cadence {
			t.Errorf("%s: %v, %v", cadence, k, problems)
		}
	}
	o := ObjectiveForm{Title: "Calm", Owner: "U1", Period: Dates, First: "2026-10-01", Last: "2026-12-31", Zone: "Europe/Berlin", Channel: "C1"}
	if back := ParseObjective(stateOf(t, o.Modal(draft, today))); back != o {
		t.Errorf("got %+v, want %+v", back, o)
	}
	s := Start{Draft: draft, Turn: 1, Fresh: 7, Objective: objective, Title: "Fewer", Owner: "U1", Source: FromPeople}
	if back := ParseStart(stateOf(t, s.Modal())); back != (StartEntry{Objective: 3, Title: "Fewer", Owner: "U1", Source: FromPeople}) {
		t.Errorf("got %+v", back)
	}
	c := Scorecard{Draft: draft, Turn: 1, Fresh: 2, Connections: []ConnectionChoice{{ID: 5, Name: "acme"}}, Connection: 5, Chosen: "abc", ChosenName: "Open"}
	if back := ParseScorecard(stateOf(t, c.Modal())); back != (ScorecardEntry{Connection: 5, Scorecard: "abc", Name: "Open"}) {
		t.Errorf("got %+v", back)
	}
	if step, turn := ParseMark(c.Modal().Blocks.BlockSet[0].ID()); step != StepScorecard || turn != 1 {
		t.Errorf("the mark says %s, %d", step, turn)
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
