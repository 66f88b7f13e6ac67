package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"okrbot/okr"
	"okrbot/store"
	"okrbot/store/storetest"
)

// What a row says that a key result needs is what the rules say.
func TestTheStoredNeedIsTheRules(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dsn := storetest.New(t)
	s := storetest.Open(t, dsn)
	workspace(t, s)
	crowd(t, dsn, 4)
	conn := look(t, dsn)
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "delete from key_results where number > 1"); err != nil {
		t.Fatal(err)
	}
	for _, status := range append(okr.Statuses(), "") {
		for _, class := range []string{"", "unauthorized", "unavailable"} {
			for bits := range 8 {
				silent, closed, integrated := bits&1 > 0, bits&2 > 0, bits&4 > 0
				var need okr.Need
				err := conn.QueryRow(ctx, `
					update key_results set status = $1, failure_class = $2, silent = $3, closed = $4, integrated = $5, status_until = 'infinity'
					returning need`, string(status), class, silent, closed, integrated).Scan(&need)
				if err != nil {
					t.Fatal(err)
				}
				want := okr.NeedsOf(status)
				want = slices.DeleteFunc(want, func(n okr.Need) bool {
					return slices.Contains([]okr.Need{okr.NeedsSignIn, okr.NeedsSync, okr.NeedsCheckIn, okr.NeedsNobody}, n)
				})
				switch {
				case closed:
					want[0] = okr.NeedsNobody
				case class == "unauthorized":
					want[0] = okr.NeedsSignIn
				case class != "":
					want[0] = okr.NeedsSync
				case silent && !integrated:
					want[0] = okr.NeedsCheckIn
				}
				if need != want[0] {
					t.Errorf("%q, failing %q, silent %v, closed %v, integrated %v: %d is stored, want %d", status, class, silent, closed, integrated, need, want[0])
				}
				if status != "" && !slices.Contains(okr.NeedsOf(status), need) {
					t.Errorf("a list of %q does not look at %d", status, need)
				}
			}
		}
	}
}

// page asks for a part of a list.
func page(t *testing.T, s *store.Store, f store.Filter, states store.States) (p store.Page) {
	t.Helper()
	ctx := context.Background()
	err := s.Snapshot(ctx, func(r store.Statements, now time.Time) (err error) {
		p, err = r.Page(ctx, "T1", f, states, 1000, now)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A page costs what it shows and what comes before it, in every order, however large the workspace is.
func TestAPageReadsWhatItShows(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dsn := storetest.New(t)
	s := storetest.Open(t, dsn)
	workspace(t, s)
	const all = 20_000
	crowd(t, dsn, all)
	status := func(s okr.Status) store.States { return store.States{Statuses: []okr.Status{s}} }
	for _, row := range []struct {
		name   string
		filter store.Filter
		states store.States
		want   int
	}{
		{"worst first", store.Filter{Order: store.WorstFirst}, store.States{}, 20},
		{"worst first, far", store.Filter{Order: store.WorstFirst, From: 100}, store.States{}, 20},
		{"by name", store.Filter{Order: store.ByName}, store.States{}, 20},
		{"by number", store.Filter{Order: store.ByNumber, From: 40}, store.States{}, 20},
		{"what needs somebody", store.Filter{Order: store.WorstFirst}, store.States{Pressing: true}, 20},
		{"a person's that need somebody", store.Filter{Person: "U25", Order: store.WorstFirst}, store.States{Pressing: true}, 1},
		{"behind", store.Filter{Order: store.WorstFirst}, status(okr.Behind), 20},
		{"on track", store.Filter{Order: store.WorstFirst}, status(okr.OnTrack), 20},
		{"missed", store.Filter{Order: store.WorstFirst}, status(okr.Missed), 14},
		{"stale", store.Filter{Order: store.WorstFirst}, status(okr.Stale), 0},
		{"not syncing", store.Filter{Order: store.WorstFirst}, store.States{Stuck: true}, 20},
		{"a channel's", store.Filter{Channels: []string{"C7"}, Order: store.WorstFirst}, store.States{}, 20},
		{"a person's by owner", store.Filter{People: []string{"U77", "U78"}, Order: store.ByOwner}, store.States{}, 20},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := row.filter
			f.Most = 20
			var p store.Page
			rows := rowsRead(t, s, func(tx *store.Tx) (err error) {
				p, err = tx.Page(ctx, "T1", f, row.states, 1000, tx.Now)
				return err
			})
			if len(p.KeyResults) != row.want || p.From != f.From {
				t.Errorf("%d key results from %d on, want %d", len(p.KeyResults), p.From, row.want)
			}
			if rows > all/4 {
				t.Errorf("the page read %d rows, and the workspace has %d key results", rows, all)
			}
		})
	}
}

// Whoever goes from page to page sees each key result once, in the order of the rules, whatever of it
// is stored.
func TestPagesAreWhole(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dsn := storetest.New(t)
	s := storetest.Open(t, dsn)
	workspace(t, s)
	const all, most = 91, 20
	crowd(t, dsn, all)
	conn := look(t, dsn)
	defer conn.Close(ctx)
	place := func(k store.KeyResult) okr.Place { return k.Place(k.Objective.Period, k.Today(time.Now())) }
	for _, stored := range []string{"judged", "unjudged", "some"} {
		switch stored {
		case "unjudged":
			_, err := conn.Exec(ctx, "update key_results set status_until = '-infinity', status = 'missed'")
			if err != nil {
				t.Fatal(err)
			}
		case "judged":
			_, err := conn.Exec(ctx, "update key_results set status_until = '-infinity', failure_class = case when number % 10 = 1 then 'unauthorized' when number % 10 = 2 then 'unavailable' else '' end, title = repeat('x', number % 7), result_value = case when number % 5 > 0 then number * 7 % 100 end, result_day = current_date, result_count = 1")
			if err != nil {
				t.Fatal(err)
			}
			for n := 1; n > 0; {
				if n, err = s.Judge(ctx, 500); err != nil {
					t.Fatal(err)
				}
			}
		case "some":
			_, err := conn.Exec(ctx, "update key_results set status_until = '-infinity' where number % 2 = 0")
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, order := range store.Orders {
			for _, f := range []store.Filter{{}, {People: []string{"U0", "U1", "U2", "U3", "U4"}}} {
				f.Order, f.Most = order, most
				seen := map[int]bool{}
				var last okr.Place
				for f.From = 0; ; f.From += most {
					p := page(t, s, f, store.States{})
					if p.From != f.From { // beyond the end is the last one
						if p.From != 80 || len(p.KeyResults) != 11 {
							t.Errorf("%s, %s: behind the last page are %d from %d on", stored, order, len(p.KeyResults), p.From)
						}
						break
					}
					if p.Total != all || p.More {
						t.Errorf("%s, %s, from %d on: %d in all, more %v", stored, order, f.From, p.Total, p.More)
					}
					for _, k := range p.KeyResults {
						if seen[k.Number] {
							t.Errorf("%s, %s: %s is there twice", stored, order, k.Key())
						}
						seen[k.Number] = true
						if at := place(k); order == store.WorstFirst && at.Compare(last) < 0 {
							t.Errorf("%s: %s is at %v, and comes after what is at %v", stored, k.Key(), at, last)
						} else {
							last = at
						}
					}
				}
				if len(seen) != all {
					t.Errorf("%s, %s: %d key results are on some page", stored, order, len(seen))
				}
			}
		}
	}
	pressing := page(t, s, store.Filter{Order: store.WorstFirst, Most: 100}, store.States{Pressing: true})
	var numbers []string
	for _, k := range pressing.KeyResults {
		if !place(k).Need.Pressing() {
			t.Errorf("%s needs %d", k.Key(), place(k).Need)
		}
		numbers = append(numbers, fmt.Sprint(place(k).Need))
	}
	if !slices.IsSorted(numbers) || pressing.Total == 0 {
		t.Errorf("the most pressing are %v", numbers)
	}
	if far := page(t, s, store.Filter{Order: store.ByName, Most: 20, From: 1_000_000, People: []string{"U0NOBODY"}}, store.States{}); len(far.KeyResults) != 0 || far.From != 0 || far.Total != 0 {
		t.Errorf("of nobody there are %d from %d on", len(far.KeyResults), far.From)
	}
}
