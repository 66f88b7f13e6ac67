package view

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// TestOneBadEntrySpoilsNoList puts every bad entry that we know between good ones, into every list.
func TestOneBadEntrySpoilsNoList(t *testing.T) {
	bad := []choice{
		{value: "1", label: ""}, {value: "2", label: " \t\u00a0"}, {value: "3", label: "\u200b\u202e\x00"}, {value: "4", label: strings.Repeat("長", 400)},
		{value: "", label: "no value"}, {value: strings.Repeat("v", 151), label: "a long value"}, {value: strings.Repeat("é", 150), label: "150 letters"},
		{value: "5", label: "a\xffb"}, {value: "6", label: "lines\nof\ntext"}, {value: "7", label: "about", about: strings.Repeat("x", 400)}, {value: "8", label: "twin"}, {value: "9", label: "twin"},
		{value: "8", label: "the same again"}, {value: "10", label: strings.Repeat("x", 74) + "👩\u200d💻"},
	}
	list, left := options(append(bad, choice{value: "good", label: "Number of open incidents"}))
	if left != 2 {
		t.Errorf("%d are left out, want 2", left)
	}
	if last := list[len(list)-1]; last.Value != "good" || last.Text.Text != "Number of open incidents" || last.Description != nil {
		t.Errorf("the good one is %+v", last)
	}
	checkOptions(t, list)
	var names []Named
	var scorecards []ScorecardChoice
	var pairs [][2]string
	for _, c := range bad {
		names, pairs = append(names, Named{c.value, c.label}), append(pairs, [2]string{c.value, c.label})
		scorecards = append(scorecards, ScorecardChoice{Reference: c.value, Name: c.label, Description: c.about})
	}
	checkOptions(t, NamedChoices(names))
	checkOptions(t, Options(pairs))
	checkOptions(t, ScorecardChoices(scorecards, scorecards))
	field := partField(1, FieldBreakdown, "Breakdown", "Whole scorecard", "", names).(*slack.InputBlock)
	checkOptions(t, field.Element.(*slack.SelectBlockElement).Options)
	if want := "2 entries are left out"; !strings.Contains(field.Hint.Text, want) {
		t.Errorf("the hint is %q, want %q in it", field.Hint.Text, want)
	}
	many := make([]choice, 300)
	for i := range many {
		many[i] = choice{value: fmt.Sprint(i), label: fmt.Sprint("Breakdown ", i)}
	}
	if f := selectField("f", "Field", "", "", many...); len(f.Element.(*slack.SelectBlockElement).Options) != 100 || !strings.Contains(f.Hint.Text, "200 more entries do not fit") {
		t.Errorf("of 300: %+v", f.Hint)
	}
}

// checkOptions is what Slack asks of options, and we beside it: no two read alike.
func checkOptions(t *testing.T, list []*slack.OptionBlockObject) {
	t.Helper()
	read := map[string]bool{}
	for _, o := range list {
		text, value, about := o.Text.Text, utf8.RuneCountInString(o.Value), ""
		if o.Description != nil {
			if about = o.Description.Text; okr.Blank(about) || utf8.RuneCountInString(about) > 75 {
				t.Errorf("the second line is %q", about)
			}
		}
		if okr.Blank(text) || utf8.RuneCountInString(text) > 75 || okr.Visible(text) != text || !utf8.ValidString(text) {
			t.Errorf("an option reads %q", text)
		}
		if value == 0 || value > 150 {
			t.Errorf("%q has a value of %d", text, value)
		}
		if read[text+"\n"+about] {
			t.Errorf("two options read %q, %q", text, about)
		}
		read[text+"\n"+about] = true
	}
}

func TestTwinsAreToldApart(t *testing.T) {
	for name, c := range map[string]struct {
		list []ScorecardChoice
		want []string
	}{
		"by description":    {[]ScorecardChoice{{Reference: "a01", Name: "Cases", Description: "Region north", Unit: "#", Frequency: "daily"}, {Reference: "a02", Name: "Cases", Description: "Region south", Unit: "#", Frequency: "daily"}}, []string{"Region north · # · Daily", "Region south · # · Daily"}},
		"one described":     {[]ScorecardChoice{{Reference: "0b0b0b0b01", Name: "Cases"}, {Reference: "0b0b0b0b02", Name: "Cases", Description: "Region south"}}, []string{"…0b0b01 · unknown", "Region south · unknown"}},
		"none described":    {[]ScorecardChoice{{Reference: "0b0b0b0b01", Name: "Cases"}, {Reference: "0b0b0b0b02", Name: "Cases\u200b"}}, []string{"…0b0b01 · unknown", "…0b0b02 · unknown"}},
		"described alike":   {[]ScorecardChoice{{Reference: "0b0b0b0b01", Name: "Cases", Description: "x"}, {Reference: "0b0b0b0b02", Name: "Cases", Description: "x"}}, []string{"x …0b0b01 · unknown", "x …0b0b02 · unknown"}},
		"ends alike":        {[]ScorecardChoice{{Reference: "1xxxxxxxx", Name: "Cases"}, {Reference: "2xxxxxxxx", Name: "Cases"}}, []string{"1xxxxxxxx · unknown", "2xxxxxxxx · unknown"}},
		"long and the same": {[]ScorecardChoice{{Reference: "a01", Name: strings.Repeat("n", 80) + "1", Description: "one"}, {Reference: "a02", Name: strings.Repeat("n", 80) + "2", Description: "two"}}, []string{"one · unknown", "two · unknown"}},
		"as they are read":  {[]ScorecardChoice{{Reference: "a01", Name: "Open cases", Description: "one"}, {Reference: "a02", Name: "Open\u00a0 Cases ", Description: "two"}}, []string{"one · unknown", "two · unknown"}},
		"no twins":          {[]ScorecardChoice{{Reference: "a01", Name: "Cases", Description: "one"}, {Reference: "a02", Name: "Case", Description: "two"}}, []string{"unknown", "unknown"}},
	} {
		for i, o := range ScorecardChoices(c.list, nil) {
			if o.Description.Text != c.want[i] {
				t.Errorf("%s: %q, want %q", name, o.Description.Text, c.want[i])
			}
			apart := Apart(c.list, c.list[i].Reference)
			if want := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(c.want[i], "unknown"), "# · Daily"), " · "); apart != want {
				t.Errorf("%s: told apart by %q, want %q", name, apart, want)
			}
		}
	}
}
