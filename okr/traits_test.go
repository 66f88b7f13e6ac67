package okr_test

import (
	"fmt"
	"testing"

	"okrbot/okr"
)

func TestTraitsThatChanged(t *testing.T) {
	places := func(n int32) okr.Precision { return okr.Precision{Places: n, Known: true} }
	agreed := okr.Traits{Unit: "Hours", Better: "minimize", Frequency: okr.Daily, Precision: places(2)}
	changed := func(change func(*okr.Traits)) okr.Traits {
		now := agreed
		change(&now)
		return now
	}
	for _, row := range []struct {
		name        string
		agreed, now okr.Traits
		want        string
	}{
		{"the same", agreed, agreed, "[]"},
		{"unit", agreed, changed(func(n *okr.Traits) { n.Unit = "Days" }), "[{unit Hours Days}]"},
		{"a unit where none was", okr.Traits{}, okr.Traits{Unit: "%"}, "[{unit  %}]"},
		{"direction", agreed, changed(func(n *okr.Traits) { n.Better = "maximize" }), "[{direction less is better more is better}]"},
		{"no direction any more", agreed, changed(func(n *okr.Traits) { n.Better = "none" }), "[{direction less is better none}]"},
		{"frequency", agreed, changed(func(n *okr.Traits) { n.Frequency = okr.Weekly }), "[{frequency daily weekly}]"},
		{"decimals", agreed, changed(func(n *okr.Traits) { n.Precision = places(0) }), "[{number of decimals 2 0}]"},
		{"all at once", agreed, okr.Traits{Unit: "Days", Better: "none", Frequency: okr.Monthly, Precision: places(1)},
			"[{unit Hours Days} {direction less is better none} {frequency daily monthly} {number of decimals 2 1}]"},
		{"nothing is said", agreed, okr.Traits{}, "[]"},
		{"nothing was known", okr.Traits{Unit: "Hours"}, agreed, "[]"},
	} {
		if got := fmt.Sprint(row.agreed.Changes(row.now)); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}
