package okr_test

import (
	"fmt"
	"testing"

	"okrbot/okr"
)

func TestMisspeltSearches(t *testing.T) {
	names := []string{
		"Number of open incidents", "Number of open critical incidents", "Incidents resolved within SLA", "Customer satisfaction", "Reopened cases",
		"Mean time to resolve", "% of changes that failed", "Überfällige Aufgaben", "インシデント数の合計", "Backlog growth", "Requests closed",
	}
	for typed, want := range map[string]string{
		"open incidnts": "Number of open incidents", "opne incidents": "Number of open incidents", "numbre of opn incidents": "Number of open incidents",
		"incidnets resolved": "Incidents resolved within SLA", "Reopend": "Reopened cases", "repoened case": "Reopened cases", "customer satisfction": "Customer satisfaction",
		"satisfacton": "Customer satisfaction", "costumer": "Customer satisfaction", "bakclog": "Backlog growth", "uberfallige": "Überfällige Aufgaben", "インシデソト": "インシデント数の合計",
		"meen time to resolve": "Mean time to resolve", "open incidents xyzzy": "Number of open incidents", "reqests": "Requests closed", "inci\u200bdnets re\u00adsolved": "Incidents resolved within SLA",
	} {
		m := okr.Misspelt(typed)
		best, at := "", okr.Distance{}
		for _, name := range names {
			if d, ok := m.Near(name, false); ok && (best == "" || d.Compare(at) < 0) {
				best, at = name, d
			}
		}
		if best != want {
			t.Errorf("%q is nearest to %q, want %q", typed, best, want)
		}
	}
	for _, typed := range []string{"xyzzy", "zzz", "payroll", "no such thing", "q", "a b", "incidents payroll"} {
		for _, name := range names {
			if _, ok := okr.Misspelt(typed).Near(name, true); ok && !(typed == "q" || typed == "a b") {
				t.Errorf("%q is near to %q", typed, name)
			}
		}
	}
	if !okr.Misspelt(" ,.- ").Nothing() || okr.Misspelt("x").Nothing() {
		t.Error("what can be compared is known wrongly")
	}
}

func BenchmarkMisspelt(b *testing.B) {
	names := make([]string, 10_000)
	for i := range names {
		names[i] = fmt.Sprintf("Number of open incidents of assignment group %d by priority and category", i)
	}
	for b.Loop() {
		m := okr.Misspelt("opne incidnts categroy")
		for _, n := range names {
			m.Near(n, false)
		}
	}
}
