package view

import (
	"reflect"
	"slices"
	"strings"
	"testing"

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
			Period: rapid.SampledFrom([]string{ThisQuarter, NextQuarter, Dates}).Draw(t, "period"),
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
			SignIn:  rapid.SampledFrom([]string{"basic", "oauth"}).Draw(t, "sign-in"), Typed: typedIn(t, "address"), Share: rapid.Bool().Draw(t, "share"),
			Kept: map[string]string{"username": typedIn(t, "username"), "password": "must not come back"},
		}
		shown := f.Modal(draft)
		back := ParseConnect(stateOf(t, shown))
		if back.System != f.System.Kind || back.Address != f.Typed || back.SignIn != f.SignIn || back.Credentials["password"] != "" || back.Shared {
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
