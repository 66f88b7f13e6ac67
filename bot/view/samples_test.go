package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"github.com/slack-go/slack"

	"okrbot/okr"
)

var (
	now       = time.Date(2026, 11, 24, 8, 4, 0, 0, time.UTC)
	today     = okr.DayOf(now)
	objective = okr.Objective{ID: 3, Workspace: "T1", Number: 3, Title: "Run a calm service desk", Owner: "U1ALICE", Period: okr.QuarterOf(today), Zone: "Europe/Berlin", Channel: "C1OKRS"}
)

var (
	serviceNow = System{Kind: "servicenow", Name: "ServiceNow"}
	twoSystems = []System{serviceNow, {Kind: "http", Name: "HTTP JSON"}}
)

func num(s string) decimal.NullDecimal {
	return decimal.NewNullDecimal(decimal.RequireFromString(s))
}

// sn is what most read from.
var sn = Systems{"ServiceNow"}

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
	k.Failure = okr.Failure{Class: "unavailable", Cause: "asleep", Says: "ServiceNow is asleep: this developer instance hibernates. Wake it at developer.servicenow.com, then sync again.", Since: now.Add(-time.Hour), Count: 2}
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
func page(c CloseOut, n, carried int) CloseOut {
	c.Page, c.Carried = n, carried
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

func endedObjective(n int) Objective {
	end := closedOut(n)
	for i := range end.KeyResults {
		end.KeyResults[i].ID = int64(i + 1)
	}
	v := shownObjective(1)
	v.Objective.Closed, v.Objective.Period.Last, v.End = true, today-1, &end
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

// listing is a list that holds all that there are.
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
	c := Closed{Objective: k.Objective, Person: "U1ALICE", Note: strings.Repeat("<!channel> learned\n", 60), RollUp: okr.RollUp{Progress: num("0.555"), Reporting: n - 1, Total: n, Worst: okr.Missed}, Next: okr.Objective{ID: 5, Number: 5, Title: "Run a calm service desk", Period: okr.NextQuarter(today)}}
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

// noted is told with two notes, the one beside the value that is told and the other beside one before.
func noted(now decimal.NullDecimal) News {
	k := sample()
	return News{
		KeyResult: k, Kind: Changed, Old: num("44"), New: now, OldStatus: okr.OnTrack, NewStatus: okr.OnTrack,
		Said: []Said{{By: "U1ALICE", Words: "after the <audit>", Of: "41"}, {By: "U2BOB", Words: "counted again", Of: k.MeasuredWords(now)}},
	}
}

// refusedIn are key results whose channel takes no posts.
func refusedIn(n int, code string) []News {
	list := news(n, Unposted, "")
	for i := range list {
		list[i].RefusedIn, list[i].RefusedAs = "C1OKRS", code
	}
	return list
}

// byPeople are such key results that people update, with others in another channel.
func byPeople(list, elsewhere []News) []News {
	for i := range list {
		list[i].Integrated = false
	}
	for i := range elsewhere {
		elsewhere[i].RefusedIn = "C2TEAM"
	}
	return append(list, elsewhere...)
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

func nameChoice(n, beyond int) NameChoice {
	c := NameChoice{Typed: "<!channel>`open", Verb: "check-in", Rest: "42 " + strings.Repeat("é", 1700), Beyond: beyond}
	for i := range n {
		c.Of = append(c.Of, Candidate{Key: fmt.Sprintf("KR-%d", i+1), Title: hostile().Title, Under: hostile().Objective.Title})
	}
	return c
}

// alice owns most of what there is.
var alice = okr.Actor{Workspace: "T1", ID: "U1ALICE", Kind: okr.Member}

// home is a Home tab with so many objectives of so many key results each, the first of them open.
func home(objectives, each int, k KeyResult) HomeTab {
	h := HomeTab{Systems: sn, May: true, Reader: alice, Own: true, Today: today, Total: objectives}
	all := many(objectives*each, k)
	for i := range min(objectives, HomeObjectives) {
		o := HomeObjective{Objective: Objective{Objective: k.Objective, Today: today, Reader: alice}, Counts: map[okr.Status]int{}}
		o.ID, o.Number = int64(i+1), i+1
		own := all[i*each : (i+1)*each]
		for _, k := range own {
			o.Counts[k.Standing().Status]++
			if k.Failure.Class != "" {
				o.Failing++
			}
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
	h.Objectives[0].From, h.Objectives[0].Left, h.Objectives[0].Beyond, h.MoreChannels = 12, 460, 300, true
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
	risk.Result.Value, risk.Paused = num("58"), true
	for i, k := range []KeyResult{refused, stuck, stale, silent, risk} {
		k.ID = int64(200 + i)
		h.Needs.Shown = append(h.Needs.Shown, Needing{KeyResult: k, May: true})
	}
	h.SignIns = inNeed()[1:2]
	h.Needs.Few, h.Needs.Total = true, 17
	return h
}
