package servicenow_test

import (
	"errors"
	"strings"
	"testing"

	"okrbot/integrations"
	"okrbot/integrations/servicenow"
	"okrbot/sandbox/seed"
	sandbox "okrbot/sandbox/servicenow"
)

func id(c string) string { return strings.Repeat(c, 32) }

func TestPartsHaveReferences(t *testing.T) {
	client := servicenow.New(servicenow.Options{})
	for ref, part := range map[string]integrations.Part{
		id("a"):                                                 {Scorecard: id("a")},
		id("a") + ":" + id("f"):                                 {Scorecard: id("a"), Series: id("f")},
		id("a") + ":" + id("b") + ":" + id("c"):                 {Scorecard: id("a"), Breakdown: id("b"), Element: id("c")},
		id("a") + ":" + id("b") + ":unmatched":                  {Scorecard: id("a"), Breakdown: id("b"), Element: "unmatched"},
		id("a") + ":" + id("b") + ":" + id("c") + ":" + id("f"): {Scorecard: id("a"), Breakdown: id("b"), Element: id("c"), Series: id("f")},
		id("a") + ":" + id("b") + ":" + id("c") + ":" + id("d") + ":" + id("e"):                 {Scorecard: id("a"), Breakdown: id("b"), Element: id("c"), Breakdown2: id("d"), Element2: id("e")},
		id("a") + ":" + id("b") + ":" + id("c") + ":" + id("d") + ":" + id("e") + ":" + id("f"): {Scorecard: id("a"), Breakdown: id("b"), Element: id("c"), Breakdown2: id("d"), Element2: id("e"), Series: id("f")},
	} {
		if got := client.Compose(part); got != ref {
			t.Errorf("composed %s, want %s", got, ref)
		}
		if got := client.Take(ref); got != part {
			t.Errorf("%s is %+v, want %+v", ref, got, part)
		}
		if got := client.Take(ref + ";" + id("9")); got != part {
			t.Errorf("with a domain it is %+v, want %+v", got, part)
		}
	}
	if got := client.Take(id("a") + ":::::" + id("f")); got != (integrations.Part{Scorecard: id("a"), Series: id("f")}) {
		t.Errorf("with empty places it is %+v", got)
	}
	if got := client.Compose(integrations.Part{Scorecard: id("a"), Breakdown: id("b")}); got != id("a") {
		t.Errorf("a breakdown without an element composed %s", got)
	}
}

// named finds an entry by its name.
func named(t *testing.T, list []integrations.Named, name string) string {
	t.Helper()
	for _, n := range list {
		if n.Name == name {
			return n.ID
		}
	}
	t.Fatalf("no %s in %v", name, list)
	return ""
}

func TestAScorecardIsDivided(t *testing.T) {
	for name, fault := range map[string]sandbox.Kind{"WithBatch": "", "WithoutBatch": sandbox.NoResource} {
		t.Run(name, func(t *testing.T) {
			i, client, account := instance(t)
			if fault != "" {
				i.Break(sandbox.Fault{Kind: fault, API: sandbox.BatchAPI})
			}
			part := integrations.Part{Scorecard: seed.ID("Number of open incidents")}
			whole, err := client.Divisions(t.Context(), account, part.Scorecard)
			if err != nil || len(whole.Breakdowns) != 3 || len(whole.Series) != 2 {
				t.Fatalf("%+v, %v", whole, err)
			}
			part.Breakdown = named(t, whole.Breakdowns, "Priority")
			elements, err := client.Elements(t.Context(), account, part.Scorecard, part.Breakdown)
			if err != nil || len(elements) != 5 {
				t.Fatalf("%+v, %v", elements, err)
			}
			var requests []integrations.Request
			for _, e := range elements {
				part.Element = e.ID
				requests = append(requests, integrations.Request{Ref: client.Compose(part)})
			}
			part.Element = named(t, elements, "1 - Critical")
			critical := client.Compose(part)
			within, err := client.Divisions(t.Context(), account, critical)
			if err != nil || len(within.Breakdowns) != 2 {
				t.Fatalf("%+v, %v", within, err)
			}
			part.Breakdown2 = named(t, within.Breakdowns, "Category")
			second, err := client.Elements(t.Context(), account, critical, part.Breakdown2)
			if err != nil || len(second) != 5 {
				t.Fatalf("%+v, %v", second, err)
			}
			part.Element2 = named(t, second, "Database")
			requests = append(requests, integrations.Request{Ref: client.Compose(part)})
			part.Series = named(t, whole.Series, "7d running SUM")
			requests = append(requests, integrations.Request{Ref: client.Compose(part)})
			got := client.Read(t.Context(), account, requests)
			want := []string{" > Priority = 1 - Critical", " > Priority = 2 - High", " > Priority = 3 - Moderate", " > Priority = 4 - Low", " > Priority = 5 - Planning",
				" > Priority = 1 - Critical > Category = Database", " > Priority = 1 - Critical > Category = Database / 7d running SUM"}
			for n, r := range got {
				if r.Err != nil || r.Scorecard.Ref != requests[n].Ref || r.Scorecard.Name != "Number of open incidents"+want[n] || !r.Scorecard.Value.Valid {
					t.Errorf("got %q %v, %v; want %q", r.Scorecard.Name, r.Scorecard.Value, r.Err, want[n])
				}
			}
		})
	}
}

func TestAnotherPartIsNotTaken(t *testing.T) {
	i, client, account := instance(t)
	card, _ := i.Named("Number of open incidents")
	priority, category := card.Breakdowns[0], card.Breakdowns[1]
	i.Break(sandbox.Fault{Kind: sandbox.WholeAnswered})
	for name, part := range map[string]integrations.Part{
		"Element": {Breakdown: priority.ID, Element: priority.Elements[0].ID},
		"Second":  {Breakdown: priority.ID, Element: priority.Elements[0].ID, Breakdown2: category.ID, Element2: category.Elements[0].ID},
		"Series":  {Series: card.Aggregates[0].ID},
	} {
		part.Scorecard = card.ID
		got := client.Read(t.Context(), account, []integrations.Request{{Ref: client.Compose(part)}})
		var e *integrations.Error
		if !errors.As(got[0].Err, &e) || e.Cause != "foreign_result" {
			t.Errorf("%s: got %v", name, got[0].Err)
		}
	}
	if _, err := client.Elements(t.Context(), account, card.ID, priority.ID); err == nil {
		t.Error("the whole was taken for an element")
	}
	if got := client.Read(t.Context(), account, []integrations.Request{{Ref: card.ID}}); got[0].Err != nil {
		t.Errorf("the whole itself: %v", got[0].Err)
	}
}
