package view

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/slack-go/slack"
	"pgregory.net/rapid"

	"okrbot/internal/wordstest"
	"okrbot/okr"
)

var update = flag.Bool("update", false, "write the golden payloads again")

// compared are the golden files that a test has asked for.
var compared sync.Map

// TestMain finds golden files that no test asks for any more. It needs a whole run to know.
func TestMain(m *testing.M) {
	code := m.Run()
	whole := flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == "" && flag.Lookup("test.list").Value.String() == ""
	if code == 0 && whole {
		code = unasked()
	}
	os.Exit(code)
}

// unasked removes, or complains of, golden files that no test has asked for.
func unasked() (code int) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil {
		panic(err)
	}
	for _, path := range files {
		if _, asked := compared.Load(filepath.Base(path)); asked {
			continue
		}
		if *update {
			err = os.Remove(path)
		} else {
			err = errors.New("no test asks for it any more; `make golden` removes it")
		}
		if err != nil {
			fmt.Printf("%s: %v\n", path, err)
			code = 1
		}
	}
	return code
}

// golden compares a payload with its file, which people read in review.
func golden(t *testing.T, name string, payload any) {
	wordstest.CheckShown(t, name, payload)
	t.Helper()
	compared.Store(name, true)
	var got bytes.Buffer
	e := json.NewEncoder(&got)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(payload); err != nil {
		t.Fatal(err)
	}
	if shown := got.String(); okr.Visible(shown) != shown {
		t.Errorf("%s holds what does not show and yet does something", name)
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
	objective = okr.Objective{ID: 3, Workspace: "T1", Number: 3, Title: "Run a calm service desk", Owner: "U1ALICE", Period: okr.QuarterOf(today), Zone: "Europe/Berlin", Channel: "C1OKRS"}
)

// sample is KR-3 on a good day.
// sn is what most read from.
var sn = Systems{"ServiceNow"}

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
	k.RetryAt = now.Add(9 * time.Minute)
	return k
}

// corrected is KR-3 with a value of a person's in the place of the score, and an owner who disagrees
// with the numbers.
func corrected() KeyResult {
	k := sample()
	k.Override = okr.Override{Value: num("58"), Day: today - 1, Until: today + 6, Reason: "the import <counted> them twice", By: "U2BOB", At: now}
	k.Confidence = okr.Confidence{Level: okr.High, By: "U1ALICE", Day: today}
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

// awaiting is a key result of a period that has no score yet, on its second day.
func awaiting() KeyResult {
	k := sample()
	k.Objective.Period = okr.Period{First: today - 1, Last: today + 90}
	k.Result, k.Before = okr.Result{}, okr.Result{Value: num("39"), AsOf: today - 2}
	return k
}

// arrivals are the ways in which a sync ends where there is more to say than a new value.
func arrivals() []Ended {
	running := sample()
	running.ScoreFrequency, running.Result.AsOf = okr.Weekly, today+5
	odd := sample()
	odd.Unit = "<!here>"
	restated := func(k KeyResult) string {
		return k.RestatedWords([]okr.Restatement{{Day: today - 4, From: num("65").Decimal, To: num("30").Decimal}}, today)
	}
	return []Ended{
		{KeyResult: sample(), How: "changed", Old: num("39"), New: num("39")},
		{KeyResult: running, How: "changed", Old: num("39"), New: num("39")},
		{KeyResult: running, How: "unchanged", Old: num("39"), New: num("39")},
		{KeyResult: odd, How: "restated", Old: num("39"), New: num("39"), Note: restated(odd)},
		{KeyResult: sample(), How: "changed", Old: num("44"), New: num("39"), Note: restated(sample())},
		{KeyResult: awaiting(), How: "unchanged"},
		{KeyResult: awaiting(), How: "unchanged", Note: awaiting().UndatedWords(num("57"), "ServiceNow")},
	}
}

// page is one of the pages that ask for targets.
func page(c CloseOut, before, carried int) CloseOut {
	c.Before, c.Carried = before, carried
	return c
}

// digest is one of some key results, of which every other got better or worse since a day.
func digest(list []KeyResult, since okr.Day, drawn ...Drawn) Message {
	d := Digest{Today: today, Since: since, Drawn: drawn, More: "/okr list mine"}
	for i, k := range list {
		l := DigestLine{KeyResult: k, Before: since != 0, Was: k.Result.Value, OldStatus: k.Standing().Status}
		if i%2 == 0 {
			l.Was, l.OldStatus = num("44"), []okr.Status{okr.OnTrack, okr.Missed}[i/2%2]
		}
		d.Add(l)
	}
	return d.Message()
}

// listing is a list that holds all that there are.
// shownObjective is an objective with so many key results, and some more than are shown below it.
func shownObjective(n int) Objective {
	o := objective
	o.CoOwners = []string{"U2BOB", "U3CAROL"}
	v := Objective{Objective: o, Today: today, Above: okr.Objective{ID: 9, Number: 9, Title: "Run a calm company"}}
	for i := range n {
		k := hostile()
		k.ID, k.Number = int64(i+1), i+1
		v.KeyResults = append(v.KeyResults, k)
	}
	for i := range min(n, 20) {
		child := objective
		child.ID, child.Number = int64(100+i), 100+i
		v.Below = append(v.Below, Objective{Objective: child, KeyResults: many(2, sample()), Today: today})
	}
	if n > 0 {
		v.Changes = []ChangeLine{{Actor: "U1ALICE", Action: "edited", What: []string{Change("owner", "U2BOB", "U1ALICE")}, At: now}, {Actor: "U1ALICE", Action: "created", At: now}}
	}
	return v
}

func removeObjective(n int) RemoveObjective {
	v := shownObjective(n)
	r := RemoveObjective{Objective: v.Objective, KeyResults: v.KeyResults, Draft: draft}
	for _, child := range v.Below {
		r.Below = append(r.Below, child.Objective)
	}
	return r
}

// objectiveList is a page of a list of which 22 are the reader's.
func objectiveList(n, from, total int) Message {
	l := ObjectiveList{From: from, Mine: min(22, total), Total: total}
	for i := range n {
		v := shownObjective(i % 3)
		v.ID, v.Number = int64(from+i+1), from+i+1
		l.Shown = append(l.Shown, v)
	}
	return l.Message()
}

func listing(all []KeyResult, most int) Listing { return ListingOf(all, all, most) }

// partOf is a part of a list of n key results, as it is after its buttons were pressed.
func partOf(n, from int, k KeyResult) Listing {
	all := many(n, k)
	l := ListingOf(all[from:min(n, from+Listed)], all, Listed)
	l.From, l.Total, l.Query = from, n, `{"p":["U1ALICE"]}`
	return l
}

// crowded is a list that takes as many blocks as there can be: each key result has an objective of its
// own, there are more parts on both sides, and objectives below.
func crowded() Listing {
	l := partOf(500, 20, hostile())
	for i := range l.Shown {
		l.Shown[i].Objective.ID = int64(100 + i)
	}
	l.More, l.By, l.Query = true, "by owner", strings.Repeat("x", MaxQuery)
	for range BelowListed + 1 {
		l.Below = append(l.Below, shownObjective(3))
	}
	return l
}

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
		"card-by-hand": Card(corrected(), readings(40)), "list-by-hand": List("My objectives", listing(many(2, corrected()), Listed)),
		"shared": Announcement([]News{share(sample(), 40)}, false), "shared-plainer": *Announcement([]News{share(corrected(), 40)}, true).Plainer,
		"shared-many": Announcement([]News{share(hostile(), 300), share(numbered(2), 20), share(numbered(3), 5), share(numbered(4), 1), share(fresh(), 0)}, false),
		"help":        Help(sn), "help-systems": Help(Systems{"ServiceNow", "HTTP JSON"}), "unknown-verb": DidYouMean("<!channel>`snyc", false, []string{"sync"}), "unknown-verb-far": DidYouMean(strings.Repeat("x", 4000), false, nil),
		"unknown-mention": DidYouMean(strings.Repeat("how is it <!channel> ", 4000), true, nil),
		"opens":           Opens(CheckInForm(sample(), CheckInTyped{}, draft), "check-in KR-1"), "name-choice": nameChoice(NamedMost, 3).Message(), "name-choice-long": longChoice().Message(), "opens-long": Opens(CheckInForm(sample(), CheckInTyped{}, draft), strings.Repeat("é", 1801)), "name-choice-own": ownChoice().Message(), "name-choice-near": NameChoice{Typed: "opne incidnts", Near: true, Verb: "remove", Of: nameChoice(1, 0).Of}.Message(),
		"list": List("My objectives", listing(many(3, sample()), Listed)), "list-empty": List("My objectives", Listing{}), "list-long": List("All key results", listing(many(500, hostile()), Listed)),
		"list-one": List("Key results at risk", partOf(1, 0, sample())), "list-40": List("My key results", partOf(40, 20, sample())), "list-200": List("All key results", partOf(200, 100, sample())), "list-200-last": List("All key results", partOf(191, 180, sample())), "list-crowded": List("All key results", crowded()),
		"list-below": List("Key results behind under O-3", Listing{Shown: many(2, sample()), Total: 2, Below: []Objective{shownObjective(2)}}), "list-below-none": EmptyList("Key results at risk under O-3: none.", Listing{Below: []Objective{shownObjective(2)}}),
		"changed-one":    Announcement([]News{{KeyResult: sample(), Kind: Changed, Old: num("41"), New: num("39"), OldStatus: okr.Behind, NewStatus: okr.OnTrack}}, false),
		"changed-method": Announcement([]News{{KeyResult: sample(), Kind: Changed, Old: num("0.92"), New: num("39"), OldWords: "92 %", NewWords: "39 Hours", Note: "Calculate Overall Progress changed from Hit rate to Latest value"}}, false),
		"restated":       Announcement([]News{{KeyResult: sample(), Kind: Restated, Old: num("41"), New: num("39")}}, true),
		"changed-many":   Announcement(news(1000, Changed, ""), false), "failed-one": Announcement(news(1, Failed, broken().Failure.Says), false),
		"failed-many": Announcement(append(news(400, Failed, broken().Failure.Says), news(3, Failed, "ServiceNow refused our sign-in.")...), false),
		"recovered":   Announcement(news(1, Recovered, ""), false), "recovered-many": Announcement(news(300, Recovered, ""), false),
		"closed-out": closedOut(3).Summary(false), "closed-out-many": closedOut(400).Summary(true), "closed-out-all": closedOut(400).All(0), "closed-out-more": closedOut(400).All(380), "closed-out-unposted": closedOut(3).Unposted("C1OKRS", "not_in_channel"),
		"objectives": objectiveList(3, 0, 3), "objectives-first": objectiveList(ObjectivesListed, 0, 91), "objectives-middle": objectiveList(ObjectivesListed, 20, 91), "objectives-last": objectiveList(1, 90, 91),
		"to-close-out": ToCloseOut(slices.Repeat([]okr.Objective{objective, hostile().Objective}, CloseOutsListed/2), 20, 62, "x"), "list-ended": List("My objectives", listing(over(), Listed)), "card-closed": Card(over()[1], nil),
		"card-removed": Farewell("KR-3", sample().Title, "U1ALICE", now), "card-removed-hostile": Farewell("KR-3", hostile().Title+"~", "U1ALICE", now),
		"exported-not": NotExported("missing_scope"),
		"consent":      AskConsent(audiences(1)[0], []WantedLine{{"KR-3", sample().Title, "U1ALICE"}}, "U2BOB"), "consent-bare": AskConsent(Audience{Channel: "C1OKRS", Untold: "missing_scope"}, nil, ""),
		"consent-many": AskConsent(audiences(4)[3], slices.Repeat([]WantedLine{{"KR-3", hostile().Title, "U1ALICE"}}, 300), ""),
		"decided":      Text(Decided(audiences(2)[1])), "decided-silent": Text(Decided(audiences(3)[2])), "silenced": Text(Silenced("C1OKRS", "U3CAROL")),
		"parked": Announcement(refusedIn(2, "not_in_channel"), false), "parked-archived": Announcement(refusedIn(1, "is_archived"), false), "parked-unclear": Announcement(refusedIn(2, "ambiguous"), false),
		"synced-changed": Outcome(ended(1, "changed"), 1, true), "synced-same": Outcome(ended(1, "unchanged"), 1, true), "synced-failed": Outcome(ended(1, "failed"), 1, true), "synced-restated": Outcome(ended(1, "restated"), 1, true),
		"synced-arrivals": Outcome(arrivals(), 7, true), "synced-as-before": Outcome(arrivals()[:1], 1, true), "synced-running": Outcome(arrivals()[2:3], 1, true),
		"synced-restated-day": Outcome(arrivals()[3:4], 1, true), "synced-awaiting": Outcome(arrivals()[5:6], 1, true), "synced-undated": Outcome(arrivals()[6:], 1, true),
		"card-awaiting":         Card(awaiting(), nil),
		"synced-without-scores": Outcome([]Ended{{KeyResult: fresh(), How: "unchanged"}, {KeyResult: corrected(), How: "unchanged"}}, 2, true), "digest": digest(many(3, sample()), 0, Drawn{numbered(1), readings(40)}, Drawn{hostile(), readings(3)}), "digest-none": Digest{}.Message(),
		"digest-many":        digest(many(500, hostile()), today-7, Drawn{hostile(), readings(400)}, Drawn{numbered(1), readings(2)}, Drawn{numbered(2), readings(3)}),
		"subscriptions-none": Subscriptions(nil, 0, 0), "subscriptions": Subscriptions(slices.Repeat([]Subscription{{Channel: "C1OKRS", By: "U1ALICE", Next: "Mon 30 Nov, 09:00 Europe/Berlin"}, {Channel: "U1ALICE", Person: true, By: "U1ALICE", Next: "Mon 30 Nov, 09:00 UTC"}}, 10), 20, 80), "synced-waits": Waits(sample(), 1, now.Add(time.Hour)), "synced-wait-many": Waits(hostile(), 300, now.Add(time.Hour)), "synced-counting": Outcome(ended(4, "changed"), 12, false), "synced-all": Outcome(append(append(ended(300, "changed"), ended(400, "failed")...), ended(500, "unchanged")...), 1200, true),
		"connections-none": Connections(nil, 0, 0, sn, true), "connections": Connections(connections(), 0, len(connections()), sn, true), "connections-many": Connections(slices.Repeat(connections(), 20)[:ConnectionsListed], 20, 91, Systems{"ServiceNow", "HTTP JSON"}, true),
		"connection-refused": ConnectionNotice(connections()[0], "ServiceNow does not take its sign-in any more.", ""), "connection-refused-maker-gone": ConnectionNotice(connections()[0], "ServiceNow does not take its sign-in any more.", MakerGone("U2BOB", hanging(40))),
		"confirm": secondOf(Confirm(7, "acme.service-now.com", "okr.reader", "alice", nil, draft)), "not-connected": secondOf(NotConnected("ServiceNow", "acme.service-now.com", nil, "It was not allowed in the browser.")),
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, name+".message.json", m)
			if strings.Contains(m.Text, "<!") && !strings.Contains(m.Text, "<!date^") {
				t.Errorf("a ping in %q", m.Text)
			}
		})
	}
	for _, topic := range topics {
		m, ok := HelpOn(topic.verb, sn)
		if !ok {
			t.Errorf("no help on %s", topic.verb)
		}
		golden(t, "help-"+topic.verb+".message.json", m)
	}
}

// share is a key result that Bob posted.
func share(k KeyResult, n int) News {
	return News{KeyResult: k, Kind: Posted, By: "U2BOB", Readings: readings(n)}
}

func numbered(id int) KeyResult {
	k := sample()
	k.ID, k.Number = int64(id), id
	return k
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

func news(n int, kind NewsKind, note string) []News {
	var list []News
	for _, k := range many(n, hostile()) {
		list = append(list, News{KeyResult: k, Kind: kind, Old: num("41"), New: num("39"), Note: note})
	}
	return list
}

// refusedIn are key results whose channel takes no posts.
func refusedIn(n int, code string) []News {
	list := news(n, Unposted, "")
	for i := range list {
		list[i].RefusedIn, list[i].RefusedAs = "C1OKRS", code
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
		System: serviceNow, Address: Input{Name: "address", Label: "ServiceNow URL", Hint: "acme", Placeholder: "https://acme.service-now.com", MaxLength: 300}, SignIn: "basic", Share: true,
		SignIns: []SignIn{
			{Kind: "basic", Label: "Basic Auth", Guide: "Use a user made for this.", Available: true, Fields: []Input{{Name: "username", Label: "Username", MaxLength: 100}, {Name: "password", Label: "Password", Secret: true, MaxLength: 200}}},
			{Kind: "oauth", Label: "OAuth", Guide: "Comes with PUBLIC_URL.", Fields: []Input{{Name: "client_id", Label: "Client ID", MaxLength: 100}}},
		},
	}
}

// connections are one of each kind.
func connections() []Connection {
	return []Connection{
		{ID: 1, Name: "acme.service-now.com (okr.reader)", SignIn: "Basic Auth", Account: "okr.reader", State: "active", Shared: true, Owner: "U1ALICE", Mine: true, May: true, KeyResults: 12, Succeeded: now, Now: now},
		{ID: 2, Name: "dev1.service-now.com", SignIn: "OAuth", State: "rejected", Owner: "U2BOB", May: true, KeyResults: 1, Succeeded: now, Now: now},
		{ID: 3, Name: "dev2.service-now.com", SignIn: "Personal Access Token", State: "active", Owner: "U2BOB", Succeeded: now, Waiting: now.Add(time.Hour), Now: now},
		{ID: 4, Name: strings.Repeat("<!channel> ", 50), SignIn: "OAuth", Account: strings.Repeat("&", 300), State: "active", Owner: "U1ALICE", Mine: true, May: true, MayShare: true, Now: now, Ends: now.Add(48 * time.Hour), EndsSoon: true},
		{ID: 5, Name: "dev4", SignIn: "Basic Auth", State: "broken", Owner: "U1ALICE", May: true, Now: now}, {ID: 6, Name: "dev5", SignIn: "OAuth", State: "pending", Owner: "U1ALICE", Now: now},
	}
}

// inNeed are more than Home shows.
func inNeed() []InNeed {
	var list []InNeed
	for i, c := range append(connections(), connections()...) {
		list = append(list, InNeed{Connection: c, Says: strings.Repeat("ServiceNow refused our sign-in. ", 1+i), MakerGone: i%2 == 0})
	}
	return list
}

func firstOf(m slack.ModalViewRequest, _ Message) slack.ModalViewRequest { return m }

func secondOf(_ slack.ModalViewRequest, m Message) Message { return m }

func hanging(n int) []Hanging {
	list := make([]Hanging, n)
	for i := range list {
		list[i] = Hanging{Key: fmt.Sprintf("KR-%d", i+1), Title: hostile().Title, Owner: "U1ALICE"}
	}
	return list
}

var (
	serviceNow = System{Kind: "servicenow", Name: "ServiceNow"}
	twoSystems = []System{serviceNow, {Kind: "http", Name: "HTTP JSON"}}
)

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

// audiences are channels that others see: undecided, allowed, silent, seen by many.
func audiences(n int) []Audience {
	many := Audience{Channel: "C4", Others: 60}
	list := slices.Repeat([]Audience{
		{Channel: "C1OKRS", Others: 1, Mark: "0011223344556677"}, {Channel: "C2", Others: 1, By: "U3CAROL", At: now},
		{Channel: "C3", Declined: "U3CAROL", Others: 1}, many,
	}, (n+3)/4)[:n]
	for i := range list[min(n, 4):] {
		list[4+i].Channel = fmt.Sprint("C", 5+i)
	}
	return list
}

// dividers are choices with long names.
func dividers(n int) []Named {
	list := make([]Named, n)
	for i := range list {
		list[i] = Named{fmt.Sprint("id", i), strings.Repeat("é", 300)}
	}
	return list
}

// modals are all modals with their extremes.
func modals() map[string]slack.ModalViewRequest {
	failing := connectForm()
	failing.Typed, failing.Stages = strings.Repeat("a", 4000), []Stage{{Name: "Address", Took: time.Millisecond}, {Name: "Sign-in", Took: 40 * time.Millisecond, Says: "ServiceNow refused our sign-in."}}
	withOAuth := connectForm()
	withOAuth.SignIn, withOAuth.SignIns[1].Why = "oauth", "OAuth is not offered here yet."
	browsing, again := connectForm(), connectForm()
	browsing.SignIns[0].Browser, again.Fixed = true, "acme.service-now.com"
	withSystems := connectForm()
	withSystems.Systems = twoSystems
	longDetails := Details{KeyResult: hostile(), Readings: readings(500), May: true, CheckIns: []CheckIn{{Person: "U2BOB", Day: today, Value: num("39"), Confidence: "low", Note: strings.Repeat("<!channel>\n", 200)}}}
	for range 5 {
		longDetails.Changes = append(longDetails.Changes, ChangeLine{Actor: "U1ALICE", Action: "edited", What: slices.Repeat([]string{Change("target", "40", "38")}, 100), At: now})
		longDetails.CheckIns = append(longDetails.CheckIns, longDetails.CheckIns[0])
	}
	for range 200 {
		longDetails.CoOwners = append(longDetails.CoOwners, "U0123456789")
	}
	crowd := Scorecard{Draft: draft, Revision: 2, System: "ServiceNow", Connection: 1, Chosen: "fb007202d7130100b96d45a3ce6103b4", ChosenName: hostile().Source.Scorecard, Preview: preview()}
	for i := range 150 {
		crowd.Connections = append(crowd.Connections, ConnectionChoice{ID: int64(i + 1), Name: strings.Repeat("é", 300)})
	}
	reading, problem := crowd, crowd
	reading.Reading = true
	problem.Problem = broken().Failure.Says
	noScore := crowd
	noScore.Preview = &Preview{Name: "Carbon", Today: today}
	divided := crowd
	divided.Connections = crowd.Connections[:2]
	divided.Parts = Parts{
		First:  Level{Breakdowns: dividers(150), Breakdown: "id7", Listed: true, Element: Named{"e1", "1 - Critical"}},
		Second: Level{Breakdowns: dividers(2), Breakdown: "id1", Listed: true},
		Series: []Named{{"s7", "7d running SUM"}}, Chosen: "s7",
	}
	monthly, stay, people2 := filled(), filled(), filled()
	monthly.Cadence, stay.Kind, monthly.Phases = "monthly", "at_least", "2026-10-31: 50\n2026-11-30: 35.5"
	detail := DetailsStep{Draft: draft, Revision: 3, Form: filled(), Integrated: true, Scorecard: hostile().Source.Scorecard, Connection: hostile().Source.Connection, Result: "39  score of 22 Nov", Zone: "Europe/Berlin", Warnings: []string{"The target is met already."}}
	editing := detail
	editing.Editing = "KR-3"
	month, kind, byHand, between, baseline := detail, detail, detail, detail, detail
	month.Would = "You would be at 55 % today, on track; committed at 40 % of the way."
	between.Form.Kind, between.Form.Upper, baseline.Form.Kind = "between", "40", "baseline"
	month.Form, kind.Form, byHand.Form, byHand.Integrated = monthly, stay, people2, false
	rate := kind
	problems := rate
	problems.Problems = okr.Problems{FieldWanted: "Enter a percentage above 0 and up to 100.", FieldTarget: "Enter a target."}
	problems.More, month.More, kind.More, rate.More = true, true, true, true
	editingMore := editing
	editingMore.More = true
	detour := objective
	detour.Title = hostile().Title
	rate.Form.Method, rate.Form.Wanted = "hit_rate", "95"
	dates := ObjectiveForm{Title: hostile().Title, Owner: "U1ALICE", Period: Dates, Zone: "Europe/Berlin", Channel: "C1OKRS"}
	return map[string]slack.ModalViewRequest{
		"objective": ObjectiveForm{Owner: "U1ALICE", Period: ThisQuarter, Zone: "UTC"}.Modal(draft, today), "objective-dates": dates.Modal(draft, today),
		"connect": connectForm().Modal(draft), "connect-failing": failing.Modal(draft), "connect-oauth": withOAuth.Modal(draft),
		"connect-browser": browsing.Modal(draft), "connect-again": again.Modal(draft), "in-browser": InBrowser("ServiceNow", "acme.service-now.com", "https://okrbot.example.com/connect/"+strings.Repeat("a", 43)),
		"confirm": firstOf(Confirm(7, "acme.service-now.com", "", "alice", failing.Stages[:1], draft)), "not-connected": firstOf(NotConnected("ServiceNow", "acme.service-now.com", failing.Stages, "")),
		"connection": connections()[0].Manage(draft, nil, false, ""), "connection-tested": connections()[3].Manage(draft, failing.Stages, false, "It was refused."), "connection-testing": connections()[1].Manage(draft, nil, true, ""),
		"disconnect": connections()[0].Disconnect(draft, hanging(100)), "disconnect-none": connections()[3].Disconnect(draft, nil),
		"connect-checking": Checking("ServiceNow", strings.Repeat("x", 300)), "connected": Connected("ServiceNow", "acme.service-now.com", failing.Stages[:1], false), "connected-detour": Connected("ServiceNow", "acme", nil, true),
		"wizard-start": Start{Draft: draft, Revision: 1, Objective: hostile().Objective, Title: "Fewer", Owner: "U1ALICE", Systems: twoSystems[:1], Source: FromPeople}.Modal(), "wizard-start-none": Start{Draft: draft, Revision: 1, None: true, Systems: twoSystems[:1]}.Modal(),
		"wizard-start-added":   Start{Draft: draft, Revision: 1, Added: true, Objective: detour, Owner: "U1ALICE", Systems: twoSystems, Source: "servicenow"}.Modal(),
		"wizard-start-editing": Start{Draft: draft, Revision: 4, Editing: "KR-3", Objective: objective, Title: "Fewer", Owner: "U1ALICE", Systems: twoSystems, Source: "http"}.Modal(),
		"wizard-start-systems": Start{Draft: draft, Revision: 1, Owner: "U1ALICE", Systems: twoSystems, Source: "http"}.Modal(), "connect-systems": withSystems.Modal(draft),
		"wizard-scorecard": crowd.Modal(), "wizard-scorecard-parts": divided.Modal(), "wizard-scorecard-none": Scorecard{Draft: draft, Revision: 2, System: "ServiceNow"}.Modal(), "wizard-scorecard-reading": reading.Modal(), "wizard-scorecard-problem": problem.Modal(), "wizard-scorecard-empty": noScore.Modal(),
		"wizard-reading": Reading(draft, 2, "", "ServiceNow"), "wizard-details": detail.Modal(), "wizard-details-monthly": month.Modal(), "wizard-details-stay": kind.Modal(), "wizard-details-rate": rate.Modal(), "wizard-details-between": between.Modal(), "wizard-details-baseline": baseline.Modal(), "wizard-details-people": byHand.Modal(), "edit": editing.Modal(), "edit-more": editingMore.Modal(), "wizard-details-problems": problems.Modal(),
		"saved": Saved(sample(), true, decimal.NullDecimal{}, ""), "saved-people": Saved(people(), false, decimal.NullDecimal{}, ""),
		"saved-shared": Saved(sample(), true, decimal.NullDecimal{}, OthersSee("C1", true, true)),
		"details":      Details{KeyResult: sample(), Readings: readings(40), May: true}.Modal(), "details-empty": Details{KeyResult: fresh()}.Modal(), "details-long": longDetails.Modal(), "details-failing": Details{KeyResult: broken(), Readings: readings(3)}.Modal(), "details-people": Details{KeyResult: people(), May: true}.Modal(),
		"check-in": CheckInForm(people(), CheckInTyped{}, draft), "check-in-hostile": CheckInForm(hostile(), CheckInTyped{}, draft), "remove": Remove(sample(), 120, 1, 1, draft), "remove-hostile": Remove(hostile(), 0, 0, 0, draft),
		"details-by-hand":     Details{KeyResult: corrected(), Readings: readings(3), May: true, Last: []okr.Changed{{What: "target", Before: "35", After: "30", By: "U2BOB", Day: today - 20}}}.Modal(),
		"check-in-integrated": CheckInForm(sample(), CheckInTyped{}, draft), "settings": SettingsOf(okr.DefaultThresholds).Modal(), "settings-shared": SettingsOf(okr.DefaultThresholds).Modal(audiences(1)...), "settings-shared-many": SettingsOf(okr.DefaultThresholds).Modal(audiences(40)...),
		"close-out": closeOut(sample(), 3).Modal(draft), "close-out-many": closeOut(hostile(), 400).Modal(draft), "close-out-none": closeOut(sample(), 0).Modal(draft), "close-out-targets": closeOut(sample(), 2).Targets(draft), "close-out-targets-many": page(closeOut(hostile(), TargetsAtOnce), 90, 250).Targets(draft),
		"objective-shown-none": shownObjective(0).Modal(), "objective-shown": shownObjective(1).Modal(), "objective-shown-40": shownObjective(40).Modal(), "objective-shown-200": shownObjective(200).Modal(),
		"objective-remove-none": removeObjective(0).Modal(), "objective-remove": removeObjective(1).Modal(), "objective-remove-3": removeObjective(3).Modal(), "objective-remove-25": removeObjective(25).Modal(), "objective-remove-40": removeObjective(40).Modal(), "objective-remove-200": removeObjective(200).Modal(),
		"objective-edit": ObjectiveFormOf(shownObjective(0).Objective, okr.Objective{ID: 9, Number: 9, Title: "Run a calm company"}, today).Modal(draft, today),
		"check-in-pick":  CheckInPick("", draft), "check-in-pick-note": CheckInPick(NoteOf(strings.Repeat("<!channel> ", 400), "https://example.slack.com/archives/C1OKRS/p1764000000000100"), draft),
		"home-filter": HomeFilter{}.Modal(), "home-filter-channel": HomeFilter{Whose: "C1OKRS", Period: "this_year", Status: NotSyncingIs}.Modal(),
		"sync": SyncPick(), "notice": Notice("Expired", "This form has expired."), "notice-help": NoticeOf(Help(sn)),
	}
}

// nameChoice is a name that is in so many titles, and more.
// longChoice is one with more typed after it than a button carries.
func longChoice() NameChoice {
	c := nameChoice(NamedMost, 0)
	c.Rest = strings.Repeat("é", 4000)
	return c
}

// ownChoice is what is offered where nothing was named.
func ownChoice() NameChoice {
	c := nameChoice(NamedMost, 40)
	c.Typed, c.Rest, c.How = "", "", "Name a key result by its number, or by words of its title: `/okr check-in KR-1`. `/okr list` shows them."
	return c
}

func nameChoice(n, beyond int) NameChoice {
	c := NameChoice{Typed: "<!channel>`open", Verb: "check-in", Rest: "42 " + strings.Repeat("é", 1700), Beyond: beyond}
	for i := range n {
		c.Of = append(c.Of, Candidate{Key: fmt.Sprintf("KR-%d", i+1), Title: hostile().Title, Under: hostile().Objective.Title})
	}
	return c
}

func TestModals(t *testing.T) {
	for name, m := range modals() {
		t.Run(name, func(t *testing.T) { golden(t, name+".modal.json", m) })
	}
}

// home is a Home tab with so many objectives of so many key results each, the first of them open.
func home(objectives, each int, k KeyResult) HomeTab {
	h := HomeTab{Name: "alice", Systems: sn, May: true, Own: true, Today: today, Total: objectives}
	all := many(objectives*each, k)
	for i := range min(objectives, HomeObjectives) {
		o := HomeObjective{Objective: Objective{Objective: k.Objective, Today: today}, Counts: map[okr.Status]int{}}
		o.ID, o.Number = int64(i+1), i+1
		own := all[i*each : (i+1)*each]
		for _, k := range own {
			o.Counts[k.Standing().Status]++
		}
		if i == 0 && each > 0 {
			o.Objective.KeyResults = own
			o.RollUp = o.Rolled()
			o.Open, o.Total, o.May = true, each, func(KeyResult) bool { return true }
			o.Objective.KeyResults = own[:min(each, HomeKeyResults)]
		}
		h.Objectives = append(h.Objectives, o)
	}
	return h
}

// fullHome is a Home tab with as much as there can be of everything, each as long as it can be.
func fullHome() HomeTab {
	h := home(60, 40, hostile())
	h.From, h.SignIns = 20, inNeed()
	for i, k := range many(HomeNeeds, hostile()) {
		k.ID += 1000
		h.Needs.Shown = append(h.Needs.Shown, Needing{KeyResult: k, May: i%2 == 0})
	}
	h.Needs.From, h.Needs.Total, h.Judging = 10, 200, true
	h.Objectives[0].From = 12
	for i := range h.Objectives {
		h.Objectives[i].Today = h.Objectives[i].Period.Last + okr.Day(1-i%3) // each with a heading of its own
	}
	h.Filter = HomeFilter{Whose: "C1OKRS", Period: "this_quarter", Status: string(okr.AtRisk)}
	for i := range HomeChannels {
		h.Channels = append(h.Channels, HomeChannel{ID: fmt.Sprintf("C%dOKRS", i), Counts: map[okr.Status]int{okr.AtRisk: 3, okr.OnTrack: 1200}})
	}
	return h
}

// needyHome is one whose reader is needed.
func needyHome() HomeTab {
	h := home(1, 3, sample())
	stuck, refused, silent, stale, risk := broken(), broken(), people(), sample(), sample()
	refused.Failure.Class = "unauthorized"
	silent.Result.AsOf, silent.Made = today-20, today-40
	stale.Result.AsOf = today - 60
	risk.Result.Value = num("58")
	for i, k := range []KeyResult{refused, stuck, stale, silent, risk} {
		k.ID = int64(200 + i)
		h.Needs.Shown = append(h.Needs.Shown, Needing{KeyResult: k, May: true})
	}
	h.SignIns = inNeed()[1:2]
	h.Needs.Few, h.Needs.Total = true, 17
	return h
}

func homes() map[string]HomeTab {
	stranger := home(3, 2, sample())
	stranger.Own, stranger.Objectives[0].Open = false, false
	guest := HomeTab{Name: "dave", Systems: sn, Today: today}
	ended := home(2, 0, sample())
	ended.Objectives[0].Today = objective.Period.Last + 1
	over := home(2, 2, sample())
	over.Objectives[0].Today, over.Objectives[1].Today = objective.Period.Last+1, objective.Period.Last+1
	nothing := home(0, 0, sample())
	nothing.Filter.Status = NotSyncingIs
	last := home(20, 10, sample())
	last.From = 10
	return map[string]HomeTab{
		"home": home(1, 3, sample()), "home-none": {Name: "<!channel>", Systems: sn, May: true, Today: today}, "home-guest": guest,
		"home-one": home(1, 1, sample()), "home-40": home(1, 40, sample()), "home-200": home(1, 200, sample()), "home-200-of-20": home(20, 10, sample()), "home-200-of-20-last": last,
		"home-full": fullHome(), "home-needs": needyHome(), "home-stranger": stranger, "home-without": ended, "home-over": over, "home-nothing-fits": nothing,
	}
}

func TestHomes(t *testing.T) {
	for name, h := range homes() {
		t.Run(name, func(t *testing.T) {
			v := h.View()
			if n := len(v.Blocks.BlockSet); n > 100 {
				t.Errorf("%d blocks", n)
			}
			golden(t, name+".home.json", v)
		})
	}
}

// Whatever is chosen in the form is what it shows when it is opened again.
func TestAHomesFilterComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := HomeFilter{
			Whose:  rapid.SampledFrom([]string{"", Everybodys, "C1OKRS", "G1OKRS"}).Draw(t, "whose"),
			Period: rapid.SampledFrom([]string{"", "this_quarter", "next_quarter", "last_quarter", "this_year"}).Draw(t, "period"),
			Status: rapid.SampledFrom([]string{"", NotSyncingIs, string(okr.NoData), string(okr.Measuring), string(okr.AtRisk)}).Draw(t, "status"),
		}
		if got, problems := ParseHomeFilter(stateOf(t, f.Modal())); got != f || problems.Any() {
			t.Errorf("%+v comes back as %+v, %v", f, got, problems)
		}
	})
}

// stateOf is what Slack sends of a form that was shown and submitted untouched.
func stateOf(t rapid.TB, m slack.ModalViewRequest) State {
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
			a.SelectedUsers, a.SelectedOptions = e.InitialUsers, chosenOf(e.InitialOptions)
		case *slack.RadioButtonsBlockElement:
			a.SelectedOption = *e.InitialOption
		case *slack.CheckboxGroupsBlockElement:
			a.SelectedOptions = chosenOf(e.InitialOptions)
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

func chosenOf(initial []*slack.OptionBlockObject) []slack.OptionBlockObject {
	var chosen []slack.OptionBlockObject
	for _, o := range initial {
		chosen = append(chosen, *o)
	}
	return chosen
}

func TestFormsComeBackAsTheyWere(t *testing.T) {
	for _, cadence := range okr.Frequencies {
		f := filled()
		f.Cadence = string(cadence)
		d := DetailsStep{Draft: draft, Revision: 1, Editing: "KR-3", Form: f, Integrated: true, Zone: "Europe/Berlin", More: true}
		back := ParseForm(stateOf(t, d.Modal()), Form{Weekday: f.Weekday, Offset: f.Offset})
		if got, want := mustJSON(t, back), mustJSON(t, f); got != want {
			t.Errorf("%s: got %s, want %s", cadence, got, want)
		}
		k, _, problems := back.KeyResult(okr.KeyResult{Integrated: true, Cadence: okr.Cadence{Zone: "Europe/Berlin"}}, objective.Period)
		if len(problems) > 0 || !k.Target.Decimal.Equal(decimal.NewFromInt(30)) || k.Cadence.Every != cadence {
			t.Errorf("%s: %v, %v", cadence, k, problems)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		f := anyForm().Draw(t, "form")
		d := DetailsStep{Draft: draft, Revision: 1, Editing: "KR-3", Form: f, Integrated: rapid.Bool().Draw(t, "integrated"), Zone: "Europe/Berlin", Would: "You would be at 55 % today.", More: rapid.Bool().Draw(t, "more")}
		back := ParseForm(stateOf(t, d.Modal()), f)
		if got, want := mustJSON(t, back), mustJSON(t, f); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
		again := ParseForm(stateOf(t, DetailsStep{Draft: draft, Revision: 2, Form: back, Integrated: d.Integrated, More: rapid.Bool().Draw(t, "more again")}.Modal()), back)
		if got, want := mustJSON(t, again), mustJSON(t, f); got != want {
			t.Fatalf("shown again: got %s, want %s", got, want)
		}
		// What is saved and edited again is the same form, apart from what its goal does not ask for.
		k, _, problems := f.KeyResult(okr.KeyResult{Integrated: d.Integrated, Cadence: okr.Cadence{Zone: "Europe/Berlin"}}, objective.Period)
		if len(problems) > 0 {
			return
		}
		saved := FormOf(k)
		k2, _, problems := saved.KeyResult(okr.KeyResult{Integrated: d.Integrated, Cadence: okr.Cadence{Zone: "Europe/Berlin"}}, objective.Period)
		if got, want := mustJSON(t, k2), mustJSON(t, k); len(problems) > 0 || got != want {
			t.Fatalf("edited: got %s (%v), want %s", got, problems, want)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		s := Settings{OnTrack: typed().Draw(t, "on track"), Behind: typed().Draw(t, "behind"), Hysteresis: typed().Draw(t, "hysteresis")}
		if back := ParseSettings(stateOf(t, s.Modal())); back != s {
			t.Fatalf("got %+v, want %+v", back, s)
		}
		if bounds, problems := SettingsOf(okr.DefaultThresholds).Thresholds(); len(problems) > 0 || bounds != okr.DefaultThresholds {
			t.Fatalf("%+v, %v", bounds, problems)
		}
		e := CheckInEntry{
			Day: today - okr.Day(rapid.IntRange(0, 50).Draw(t, "day")), Confidence: string(rapid.SampledFrom(append(okr.Levels, "")).Draw(t, "confidence")),
			Note: typed().Draw(t, "note"), Reason: typed().Draw(t, "reason"), Value: num(fmt.Sprint(rapid.Int32().Draw(t, "value"))),
		}
		if rapid.Bool().Draw(t, "until") {
			e.Until = today + okr.Day(rapid.IntRange(0, 50).Draw(t, "until"))
		}
		state := stateOf(t, CheckInForm(sample(), CheckInTyped{}, draft))
		fill := func(field string, a slack.BlockAction) {
			if !state.has(field) {
				t.Fatalf("the form has no %s", field)
			}
			state[field] = map[string]slack.BlockAction{"v": a}
		}
		fill("result", slack.BlockAction{Value: e.Value.Decimal.String()})
		fill("day", slack.BlockAction{SelectedDate: e.Day.String()})
		fill("note", slack.BlockAction{Value: e.Note})
		fill("reason", slack.BlockAction{Value: e.Reason})
		fill("confidence", slack.BlockAction{SelectedOption: slack.OptionBlockObject{Value: e.Confidence}})
		if e.Until != 0 {
			fill("until", slack.BlockAction{SelectedDate: e.Until.String()})
		}
		back, problems := ParseCheckIn(state, today)
		if got, want := mustJSON(t, back), mustJSON(t, e); len(problems) > 0 || got != want {
			t.Fatalf("got %s (%v), want %s", got, problems, want)
		}
	})
	o := ObjectiveForm{Title: "Calm", Owner: "U1", Period: Dates, First: "2026-10-01", Last: "2026-12-31", Zone: "Europe/Berlin", Channel: "C1"}
	if back := ParseObjective(stateOf(t, o.Modal(draft, today))); !reflect.DeepEqual(back, o) {
		t.Errorf("got %+v, want %+v", back, o)
	}
	s := Start{Draft: draft, Revision: 1, Redrawn: 7, Objective: objective, Title: "Fewer", Owner: "U1", Systems: twoSystems, Source: "http"}
	if back := ParseStart(stateOf(t, s.Modal())); back != (StartEntry{Objective: 3, Title: "Fewer", Owner: "U1", Source: "http"}) {
		t.Errorf("got %+v", back)
	}
	c := Scorecard{Draft: draft, Revision: 1, Redrawn: 2, Connections: []ConnectionChoice{{ID: 5, Name: "acme"}}, Connection: 5, Chosen: "abc", ChosenName: "Open"}
	if back := ParseScorecard(stateOf(t, c.Modal())); back != (ScorecardEntry{Connection: 5, Scorecard: "abc", Name: "Open"}) {
		t.Errorf("got %+v", back)
	}
	if step, turn := ParseMark(c.Modal().Blocks.BlockSet[0].ID()); step != StepScorecard || turn != 1 {
		t.Errorf("the mark says %s, %d", step, turn)
	}
}

// typed is what somebody types into a field of one line.
func typed() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"", "0", "10", "-12.5", "99.999999999", "forty", "<!channel>", "1,5", "目標 🎯", "*x* & y"})
}

// anyForm is a form as people fill it, rightly or not.
func anyForm() *rapid.Generator[Form] {
	numbers := rapid.SampledFrom([]string{"0", "10", "50", "60", "100", "-12.5", "99.5"})
	return rapid.Custom(func(t *rapid.T) Form {
		values := numbers
		if rapid.IntRange(0, 3).Draw(t, "wrong") == 0 {
			values = typed()
		}
		return Form{
			Title: "Fewer", Owner: "U1", CoOwners: []string{"U2"}, Channel: rapid.SampledFrom([]string{"", "C1"}).Draw(t, "channel"),
			Kind:  rapid.SampledFrom([]string{GoalReach, "at_least", "at_most", "between", "baseline"}).Draw(t, "goal"),
			Start: values.Draw(t, "start"), Target: values.Draw(t, "target"), Upper: values.Draw(t, "upper"),
			Risk:      rapid.OneOf(rapid.Just(""), values).Draw(t, "risk"),
			Committed: rapid.OneOf(rapid.Just(""), values).Draw(t, "committed"),
			Phases:    rapid.SampledFrom([]string{"", "2026-10-31: 50", "2026-10-31: 20\n2026-11-30: 55", "soon"}).Draw(t, "phases"),
			Unit:      rapid.SampledFrom([]string{"", "#", "Hours", "%"}).Draw(t, "unit"), Method: string(rapid.SampledFrom(okr.Methods).Draw(t, "method")),
			Cadence: string(rapid.SampledFrom(okr.Frequencies).Draw(t, "cadence")), Weekday: "3", Time: "09:30", Offset: "5", Weight: "1",
		}
	})
}

func mustJSON(t rapid.TB, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
