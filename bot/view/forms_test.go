package view

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/slack-go/slack"
	"pgregory.net/rapid"

	"okrbot/okr"
)

// typedIn is what Slack sends of text that somebody typed: it arrives without the spaces around it.
func typedIn(t *rapid.T, label string) string { return strings.TrimSpace(typed().Draw(t, label)) }

func TestTheWizardsFirstStepsComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Start{
			Draft: draft, Revision: rapid.IntRange(0, 9).Draw(t, "turn"), Redrawn: rapid.IntRange(0, 9).Draw(t, "fresh"), Title: typedIn(t, "title"),
			Owner: rapid.SampledFrom([]string{"", "U1"}).Draw(t, "owner"), Systems: twoSystems, Source: rapid.SampledFrom([]string{"http", twoSystems[0].Kind}).Draw(t, "source"),
		}
		if rapid.Bool().Draw(t, "chosen") {
			s.Objective = objective
		}
		shown := s.Modal()
		back := ParseStart(stateOf(t, shown))
		if want := (StartEntry{s.Objective.ID, s.Title, s.Owner, s.Source}); back != want {
			t.Fatalf("got %+v, want %+v", back, want)
		}
		again := s
		again.Title, again.Owner, again.Source = back.Title, back.Owner, back.Source
		if got, want := mustJSON(t, again.Modal()), mustJSON(t, shown); got != want {
			t.Fatalf("shown again: got %s, want %s", got, want)
		}

		breakdowns := []Named{{"b1", "Priority"}, {"b2", "Region"}}
		c := Scorecard{
			Draft: draft, Revision: s.Revision, Redrawn: s.Redrawn, System: "ServiceNow", Connections: []ConnectionChoice{{ID: 5, Name: "acme"}, {ID: 6, Name: "acme <2>"}},
			Connection: rapid.SampledFrom([]int64{5, 6}).Draw(t, "connection"), Parts: Parts{Series: []Named{{"s1", "7d running SUM"}}},
		}
		if rapid.Bool().Draw(t, "scorecard") {
			c.Chosen, c.ChosenName = "abc", "Open & *old* 目標"
		}
		c.Parts.Chosen = rapid.SampledFrom([]string{"", "s1"}).Draw(t, "series")
		c.Parts.First = Level{Breakdowns: breakdowns, Breakdown: rapid.SampledFrom([]string{"", "b1", "b2"}).Draw(t, "breakdown"), Listed: true}
		if c.Parts.First.Breakdown != "" && rapid.Bool().Draw(t, "element") {
			c.Parts.First.Element = Named{"e1", "1 - Critical"}
		}
		shown = c.Modal()
		entry := ParseScorecard(stateOf(t, shown))
		next := c
		next.Connection, next.Chosen, next.ChosenName = entry.Connection, entry.Scorecard, entry.Name
		next.Parts.First.Breakdown, next.Parts.Chosen = *entry.Part.Breakdown, *entry.Part.Series
		if entry.Part.Element != nil && *entry.Part.Element != c.Parts.First.Element.ID {
			t.Fatalf("the element is %q, want %q", *entry.Part.Element, c.Parts.First.Element.ID)
		}
		if got, want := mustJSON(t, next.Modal()), mustJSON(t, shown); got != want {
			t.Fatalf("shown again: got %s, want %s", got, want)
		}
	})
}

func TestAnObjectiveComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := ObjectiveForm{
			Title: typedIn(t, "title"), Owner: rapid.SampledFrom([]string{"", "U1"}).Draw(t, "owner"),
			Period: rapid.SampledFrom([]string{okr.QuarterOf(today).First.String(), okr.NextQuarter(today).First.String(), okr.QuarterOf(today - 100).First.String(), Dates}).Draw(t, "period"),
			Zone:   rapid.SampledFrom([]string{"", "Europe/Berlin", "Australia/Lord_Howe"}).Draw(t, "zone"), Channel: rapid.SampledFrom([]string{"", "C1"}).Draw(t, "channel"),
		}
		if f.Period == Dates {
			f.First, f.Last = (today - okr.Day(rapid.IntRange(0, 99).Draw(t, "first"))).String(), (today + okr.Day(rapid.IntRange(-99, 99).Draw(t, "last"))).String()
		}
		f.CoOwners = rapid.SampledFrom([][]string{nil, {"U2"}, {"U2", "U3"}}).Draw(t, "co-owners")
		if rapid.Bool().Draw(t, "below another") {
			f.Parent, f.Above = 7, "O-7 Run a calm company"
		}
		if back := ParseObjective(stateOf(t, f.Modal(draft, today))); !reflect.DeepEqual(back, f) {
			t.Fatalf("got %+v, want %+v", back, f)
		}
	})
}

func TestConnectionsComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields := []Input{{Name: "username", Label: "Username", MaxLength: 100}, {Name: "password", Label: "Password", MaxLength: 100, Secret: true}}
		f := ConnectForm{
			Systems: twoSystems, System: rapid.SampledFrom(twoSystems).Draw(t, "system"), Address: Input{Label: "URL", Placeholder: "acme", MaxLength: 100},
			SignIns: []SignIn{{Kind: "basic", Label: "Basic Auth", Guide: "A user", Fields: fields, Available: true}, {Kind: "oauth", Label: "OAuth", Guide: "A page", Available: true, Browser: true}},
			SignIn:  rapid.SampledFrom([]string{"basic", "oauth"}).Draw(t, "sign-in"), Typed: typedIn(t, "address"), Share: rapid.Bool().Draw(t, "share"), Shared: rapid.Bool().Draw(t, "shared"),
			Kept: map[string]string{"username": typedIn(t, "username"), "password": "must not come back"},
		}
		shown := f.Modal(draft)
		back := ParseConnect(stateOf(t, shown))
		if back.System != f.System.Kind || back.Address != f.Typed || back.SignIn != f.SignIn || back.Credentials["password"] != "" || back.Shared != (f.Share && f.Shared) {
			t.Fatalf("got %+v of %+v", back, f)
		}
		again := f
		again.Typed, again.SignIn, again.Kept = back.Address, back.SignIn, back.Credentials
		if got, want := mustJSON(t, again.Modal(draft)), mustJSON(t, shown); got != want {
			t.Fatalf("shown again: got %s, want %s", got, want)
		}

		c := Connection{ID: 5, Name: typedIn(t, "name"), Shared: rapid.Bool().Draw(t, "shared"), MayShare: rapid.Bool().Draw(t, "may share"), State: "active"}
		want := ConnectionEntry{c.Name, c.Shared && c.MayShare, c.MayShare}
		if back := ParseConnection(stateOf(t, c.Manage(draft, nil, false, ""))); back != want {
			t.Fatalf("got %+v, want %+v", back, want)
		}
	})
}

func TestACloseOutComesBackAsItWasFilled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := CloseOut{Objective: objective, KeyResults: many(4, sample()), Next: okr.NextQuarter(objective.Period.Last), Note: typedIn(t, "note")}
		state := stateOf(t, c.Modal(draft))
		var chosen []slack.OptionBlockObject
		var ids []int64
		for _, k := range c.KeyResults {
			if rapid.Bool().Draw(t, k.Key()) {
				ids = append(ids, k.ID)
			}
		}
		for _, o := range optionsOf(c.Modal(draft), fieldCarry) {
			if slices.ContainsFunc(ids, func(id int64) bool { return targetField(id) == "target_"+o.Value }) {
				chosen = append(chosen, *o)
			}
		}
		state[fieldCarry] = map[string]slack.BlockAction{"v": {SelectedOptions: chosen}}
		words, going, carried := ParseCloseOut(state)
		if words != c.Note || going != GoChosen || !slices.Equal(carried, ids) {
			t.Fatalf("got %q, %q, %v; want %q, %v", words, going, carried, c.Note, ids)
		}
		// Untouched, the second step keeps every target.
		state = stateOf(t, c.Targets(draft))
		for _, k := range c.KeyResults {
			next, _ := ParseTarget(TargetTyped(state, k.ID), k.KeyResult, k.Today)
			if !next.Target.Decimal.Equal(k.Target.Decimal) {
				t.Fatalf("%s goes on to %s, want %s", k.Key(), next.Target.Decimal, k.Target.Decimal)
			}
		}
	})
}

// optionsOf are the choices of a field of many.
func optionsOf(m slack.ModalViewRequest, field string) []*slack.OptionBlockObject {
	for _, b := range m.Blocks.BlockSet {
		if in, ok := b.(*slack.InputBlock); ok && in.BlockID == field {
			return in.Element.(*slack.MultiSelectBlockElement).Options
		}
	}
	return nil
}

func TestWhatIsPickedToSyncIsWhatWasOffered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := many(rapid.IntRange(1, 120).Draw(t, "offered"), sample())
		options := SyncChoices(list)
		n := rapid.IntRange(0, len(options)-1).Draw(t, "picked")
		state := stateOf(t, SyncPick())
		if !state.has(BlockSync) {
			t.Fatal("the form has no field for it")
		}
		state[BlockSync] = map[string]slack.BlockAction{"v": {SelectedOption: *options[n]}}
		if got, want := state.option(BlockSync), strings.TrimPrefix(targetField(list[n].ID), "target_"); got != want {
			t.Fatalf("picked %s, want %s", got, want)
		}
	})
}

func TestAQuestionAsksForNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Remove(sample(), rapid.IntRange(0, 99).Draw(t, "readings"), rapid.IntRange(0, 9).Draw(t, "check-ins"), rapid.IntRange(0, 3).Draw(t, "cards"), draft)
		if state := stateOf(t, m); len(state) != 0 || m.PrivateMetadata != draft || m.Submit.Text != "Remove" {
			t.Fatalf("%v of %q", state, m.PrivateMetadata)
		}
	})
}

func TestAReadingThatDoesNotCountSaysSo(t *testing.T) {
	k := sample()
	k.Objective = objective
	d := Details{KeyResult: k, Readings: []okr.Reading{
		{Day: objective.Period.Last, Value: num("40").Decimal}, {Day: objective.Period.Last + 1, Value: num("39").Decimal},
	}}
	if text := d.history(); strings.Count(text, "not counted") != 1 || !strings.Contains(text, "39  (outside of the period, not counted)\n") {
		t.Error(text)
	}
}

// TestTheLastStepAsksFirstForSevenFieldsAtMost whatever the goal, the source and the cadence.
func TestTheLastStepAsksFirstForSevenFieldsAtMost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := DetailsStep{Draft: draft, Revision: 1, Form: anyForm().Draw(t, "form"), Integrated: rapid.Bool().Draw(t, "integrated"), Zone: "UTC"}
		if rapid.Bool().Draw(t, "editing") {
			d.Editing = "KR-3"
		}
		fields := func(d DetailsStep) (names []string) {
			for _, b := range d.Modal().Blocks.BlockSet {
				if f, ok := b.(*slack.InputBlock); ok {
					names = append(names, f.BlockID)
				}
			}
			return names
		}
		first := fields(d)
		d.More = true
		all := fields(d)
		if len(first) > 7 || len(all) <= len(first) {
			t.Fatalf("first %v, all %v", first, all)
		}
		for _, name := range all[len(first):] {
			if !BehindMore(okr.Problems{name: "wrong"}) {
				t.Fatalf("a problem at %s would not open More", name)
			}
		}
	})
}

// Whatever is chosen in the form is what it shows when it is opened again.
func TestAHomesFilterComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := HomeFilter{
			Whose:  rapid.SampledFrom([]string{"", Everybodys, "C1OKRS", "G1OKRS"}).Draw(t, "whose"),
			Period: rapid.SampledFrom([]string{"", "this_quarter", "next_quarter", "last_quarter", "this_year"}).Draw(t, "period"),
			Status: rapid.SampledFrom([]string{"", NotSyncingIs, string(okr.NoData), string(okr.Measuring), string(okr.AtRisk)}).Draw(t, "status"),
		}
		if got, problems := ParseHomeFilter(stateOf(t, f.Modal()), f); got != f || problems.Any() {
			t.Errorf("%+v comes back as %+v, %v", f, got, problems)
		}
	})
}

// Whatever is chosen in the form of any filter is shown, or said to be wrong.
func TestNoChoiceOfAHomesFilterIsDropped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		was := HomeFilter{Whose: rapid.SampledFrom([]string{"", Everybodys, "C1OKRS"}).Draw(t, "was")}
		left := ""
		if was.Whose == "C1OKRS" {
			left = was.Whose
		}
		whose := rapid.SampledFrom([]string{theirOwn, Everybodys, ofAChannel}).Draw(t, "whose")
		channel := rapid.SampledFrom([]string{"", "C1OKRS", "C2TEAM"}).Draw(t, "channel")
		period := rapid.SampledFrom([]string{"", "this_quarter", "this_year"}).Draw(t, "period")
		status := rapid.SampledFrom([]string{"", NotSyncingIs, string(okr.AtRisk)}).Draw(t, "status")
		s := stateOf(t, HomeFilter{Whose: was.Whose, Period: period, Status: status}.Modal())
		s[fieldWhose]["v"] = slack.BlockAction{SelectedOption: slack.OptionBlockObject{Value: whose}}
		s[fieldWhere]["v"] = slack.BlockAction{SelectedConversation: channel}
		got, problems := ParseHomeFilter(s, was)
		switch {
		case problems.Any():
			if whose != ofAChannel == (channel == "") || problems[fieldWhere] == "" {
				t.Fatalf("of %+v: %v", was, problems)
			}
			return
		case got.Period != period || got.Status != status:
			t.Fatalf("got %+v", got)
		case channel != "" && channel != left && got.Whose != channel:
			t.Fatalf("%s was chosen of %+v, and %+v is shown", channel, was, got)
		case channel == left && whose == Everybodys && got.Whose != Everybodys, channel == left && whose == theirOwn && got.Whose != "":
			t.Fatalf("%s was chosen of %+v, and %+v is shown", whose, was, got)
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
		if back := ParseSettings(stateOf(t, s.Modal(draft))); back != s {
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
		back, problems := ParseCheckIn(state, today, sample().Unit)
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
