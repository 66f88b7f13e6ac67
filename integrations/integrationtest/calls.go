package integrationtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"okrbot/integrations"
)

// patience is how long a call may take after its context has ended.
const patience = 2 * time.Second

// check: the stages go in their order, each with its name and time, and stop at the first failure.
func (f Fixture) check(t *testing.T) {
	order, signIn := f.Stages, f.Stages[2]
	look := func(stages []integrations.Stage) (failed *integrations.Error) {
		t.Helper()
		for i, s := range stages {
			if i >= len(order) || s.Name != order[i] {
				t.Fatalf("stage %d is %q; the order is %v", i+1, s.Name, order)
			}
			if failed != nil {
				t.Fatalf("%s came after a stage that failed", s.Name)
			}
			if s.Took < 0 {
				t.Errorf("%s took %v", s.Name, s.Took)
			}
			f.silent(t, s.Note)
			f.silent(t, s.Score)
			failed = s.Err
		}
		return failed
	}
	t.Run("Passes", func(t *testing.T) {
		stages := f.Connector.Check(t.Context(), f.Account)
		if failed := look(stages); failed != nil || len(stages) != len(order) {
			t.Errorf("got %d stages, %v", len(stages), failed)
		}
	})
	t.Run("TellsARefusedSignIn", func(t *testing.T) {
		stages := f.Connector.Check(t.Context(), f.Refused)
		failed := look(stages)
		if failed == nil || failed.Class != integrations.Unauthorized || stages[len(stages)-1].Name != signIn {
			t.Fatalf("got %v at %q", failed, stages[len(stages)-1].Name)
		}
		f.failure(t, failed, integrations.Unauthorized)
	})
	for _, class := range f.Classes {
		t.Run("Tells/"+string(class), func(t *testing.T) {
			defer f.Break(t, class, "")()
			if failed := look(f.Connector.Check(t.Context(), f.Account)); failed != nil {
				f.failure(t, failed, failed.Class)
			} else if class != integrations.NoData && class != integrations.Misread {
				t.Errorf("every stage passed though every call fails as %s", class)
			}
		})
	}
}

// search: the listing has pages and an end, holds every scorecard once, and words narrow it.
func (f Fixture) search(t *testing.T) {
	var found []string
	pages := 0
	for page, more := 1, true; more; page++ {
		if page > len(f.Refs)+1 {
			t.Fatal("the listing has no end")
		}
		p, err := f.Connector.Search(t.Context(), f.Account, "", page)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range p.Scorecards {
			if s.Ref == "" || s.Name == "" {
				t.Errorf("a listed scorecard lacks its reference or name: %+v", s)
			}
			found = append(found, s.Ref)
		}
		more = p.More
		pages++
	}
	want := slices.Sorted(slices.Values(f.Refs))
	slices.Sort(found)
	if !slices.Equal(found, want) {
		t.Errorf("the listing holds %d scorecards, want each of %d once", len(found), len(want))
	}
	if f.Whole != (pages == 1) {
		t.Errorf("the listing has %d pages; of a system that is asked whole it has one, of others the contract is tried on more", pages)
	}
	p, err := f.Connector.Search(t.Context(), f.Account, f.Words, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(p.Scorecards, func(s integrations.Scorecard) bool { return s.Ref == f.Refs[0] }) || len(p.Scorecards) >= len(f.Refs) {
		t.Errorf("%q finds %d of %d scorecards", f.Words, len(p.Scorecards), len(f.Refs))
	}
	for _, words := range []string{"no scorecard is called that, nor described so", ",", "%_\"'\\^&#?\x00", strings.Repeat("long ", 2000), "🙂\xff"} {
		if _, err := f.Connector.Search(t.Context(), f.Account, words, 1); err != nil {
			t.Errorf("searching for %.20q: %v", words, err)
		}
	}
}

// describe: one scorecard with its newest scores, at most as many as asked for.
func (f Fixture) describe(t *testing.T) {
	for _, most := range []int{0, 1, 12} {
		s, err := f.Connector.Describe(t.Context(), f.Account, f.Refs[0], most)
		if err != nil {
			t.Fatal(err)
		}
		if s.Ref != f.Refs[0] || s.Name == "" || !s.Value.Valid || len(s.Scores) > most || most > 0 && len(s.Scores) == 0 {
			t.Errorf("asked for %d scores, got %+v", most, s)
		}
		if most > 0 && !s.Scores[0].Value.Equal(s.Value.Decimal) {
			t.Error("the value is not the newest score's")
		}
		orderly(t, s)
	}
	_, err := f.Connector.Describe(t.Context(), f.Account, f.Missing, 12)
	f.failure(t, err, integrations.NotFound)
}

// orderly: scores are of midnights in UTC, newest first, one for a day.
func orderly(t *testing.T, s integrations.Scorecard) {
	t.Helper()
	for i, score := range s.Scores {
		for _, at := range []time.Time{score.Start, score.End} {
			if at.Location() != time.UTC || !at.Equal(at.Truncate(24*time.Hour)) {
				t.Errorf("%v is no midnight in UTC", at)
			}
		}
		if score.Start.After(score.End) || i > 0 && !score.End.Before(s.Scores[i-1].End) {
			t.Errorf("score %d is out of order", i)
		}
	}
}

// read: one answer for each request, in order; duplicates are one call; a scorecard that fails
// does not fail the others.
func (f Fixture) read(t *testing.T) {
	t.Run("Nothing", func(t *testing.T) {
		if got := f.Connector.Read(t.Context(), f.Account, nil); len(got) != 0 {
			t.Errorf("got %d readings", len(got))
		}
	})
	first, err := f.Connector.Describe(t.Context(), f.Account, f.Refs[0], 12)
	if err != nil || len(first.Scores) < 3 {
		t.Fatalf("the first scorecard has %d scores, %v; the contract needs three", len(first.Scores), err)
	}
	early, late := first.Scores[2].End, first.Scores[0].End

	t.Run("InOrderAndEachOnce", func(t *testing.T) { f.inOrder(t, early, late) })
	for _, class := range f.Classes {
		if class == integrations.Unauthorized || class == integrations.RateLimited || f.Whole && (class == integrations.Forbidden || class == integrations.Unavailable) {
			continue // those are about the whole system
		}
		t.Run("OneFails/"+string(class), func(t *testing.T) {
			defer f.Break(t, class, f.Refs[1])()
			got := f.Connector.Read(t.Context(), f.Account, []integrations.Request{{Ref: f.Refs[0], From: late}, {Ref: f.Refs[1], From: late}, {Ref: f.Refs[2], From: late}})
			f.failure(t, got[1].Err, class)
			empty(t, got[1])
			if got[0].Err != nil || got[2].Err != nil {
				t.Errorf("its neighbours failed too: %v, %v", got[0].Err, got[2].Err)
			}
		})
	}
}

// inOrder: what is asked for twice is one call, and each answer is its own. From early on the first
// scorecard has three scores, from late on one.
func (f Fixture) inOrder(t *testing.T, early, late time.Time) {
	requests := []integrations.Request{
		{Ref: f.Refs[0], From: late}, {Ref: f.Missing, From: late}, {Ref: f.Refs[1], From: late},
		{Ref: f.Refs[0], From: early}, {Ref: f.Refs[0], From: late}, {Ref: "no reference at all: \r\n%00", From: late}, {Ref: f.Refs[2], From: late},
	}
	before := f.calls()
	got := f.Connector.Read(t.Context(), f.Account, requests)
	if made := f.calls() - before; made > 5 || f.Whole && made > 1 {
		t.Errorf("%d calls for five different references", made)
	}
	if len(got) != len(requests) {
		t.Fatalf("%d readings of %d requests", len(got), len(requests))
	}
	for i, r := range got {
		switch requests[i].Ref {
		case f.Refs[0], f.Refs[1], f.Refs[2]:
			if r.Err != nil || r.Scorecard.Ref != requests[i].Ref {
				t.Errorf("request %d: got %s, %v", i, r.Scorecard.Ref, r.Err)
			}
			orderly(t, r.Scorecard)
			for _, s := range r.Scorecard.Scores {
				if s.End.Before(requests[i].From) {
					t.Errorf("request %d: a score of %v, before the day asked for", i, s.End)
				}
			}
		default:
			f.failure(t, r.Err, "")
			empty(t, r)
		}
	}
	if n, m, k := len(got[0].Scorecard.Scores), len(got[3].Scorecard.Scores), len(got[4].Scorecard.Scores); n != 1 || m != 3 || k != 1 {
		t.Errorf("got %d, %d and %d scores of one scorecard, want 1, 3 and 1", n, m, k)
	}
	f.failure(t, got[1].Err, integrations.NotFound)
	if s := got[3].Scorecard.Scores; len(s) > 0 {
		s[0].End = time.Time{}
		if got[0].Scorecard.Scores[0].End.IsZero() {
			t.Error("two answers share their scores")
		}
	}
}

func (f Fixture) calls() int {
	if f.Calls == nil {
		return 0
	}
	return f.Calls()
}

// empty: nothing of a failed answer may be taken.
func empty(t *testing.T, r integrations.Reading) {
	t.Helper()
	if r.Scorecard.Value.Valid || len(r.Scorecard.Scores) > 0 {
		t.Error("a failed reading carries a value")
	}
}

// failure: an error is typed, says in our own words what happened and what to do, and prints no
// secret, by any verb.
func (f Fixture) failure(t *testing.T, err error, class integrations.Class) {
	t.Helper()
	var e *integrations.Error
	if !errors.As(err, &e) {
		t.Errorf("%v is not typed", err)
		return
	}
	if class != "" && e.Class != class {
		t.Errorf("the class is %s (%s), want %s", e.Class, e.Cause, class)
	}
	if e.Cause == "" || e.Says == "" || e.Next == "" {
		t.Errorf("%+v lacks its cause, what happened or what to do", *e)
	}
	if e.After != 0 && e.Class != integrations.RateLimited {
		t.Errorf("%s waits %v", e.Class, e.After)
	}
	f.sentence(t, e.Sentence())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		f.silent(t, fmt.Sprintf(verb, err))
		f.silent(t, fmt.Sprintf(verb, f.Account))
		f.silent(t, fmt.Sprintf(verb, &f.Account))
	}
}

// failures: every way to fail is told by every method that calls.
func (f Fixture) failures(t *testing.T) {
	for _, class := range f.Classes {
		t.Run(string(class), func(t *testing.T) {
			defer f.Break(t, class, "")()
			_, err := f.Connector.Describe(t.Context(), f.Account, f.Refs[0], 12)
			f.failure(t, err, class)
			for _, r := range f.Connector.Read(t.Context(), f.Account, []integrations.Request{{Ref: f.Refs[0]}, {Ref: f.Refs[1]}}) {
				f.failure(t, r.Err, class)
				empty(t, r)
			}
			if class == integrations.NotFound || class == integrations.NoData || class == integrations.Misread {
				return // of one scorecard, which a listing may leave out or list without its value
			}
			_, err = f.Connector.Search(t.Context(), f.Account, "", 1)
			f.failure(t, err, class)
		})
	}
}

// refused: a wrong password is not tried once for each scorecard, which would lock the account.
func (f Fixture) refused(t *testing.T) {
	requests := make([]integrations.Request, len(f.Refs))
	for i, ref := range f.Refs {
		requests[i].Ref = ref
	}
	before := f.calls()
	for _, r := range f.Connector.Read(t.Context(), f.Refused, requests) {
		f.failure(t, r.Err, integrations.Unauthorized)
	}
	if made := f.calls() - before; made > 1 {
		t.Errorf("a refused sign-in was tried %d times in one Read", made)
	}
}

// ends: a call whose context has ended comes back, and its error is the context's or a typed one.
func (f Fixture) ends(t *testing.T) {
	if f.Hang == nil {
		t.Log("the fixture has no way to hang; a context that has ended before is tried alone")
	}
	for name, open := range map[string]func() (context.Context, context.CancelFunc){
		"Before": func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			return ctx, cancel
		},
		"During": func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(t.Context(), 100*time.Millisecond)
		},
	} {
		if name == "During" && f.Hang == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if name == "During" {
				defer f.Hang(t)()
			}
			within := func(what string, call func(context.Context) error) {
				t.Helper()
				ctx, cancel := open()
				defer cancel()
				began := time.Now()
				err := call(ctx)
				if took := time.Since(began); took > patience {
					t.Errorf("%s came back after %v", what, took)
				}
				var e *integrations.Error
				if !errors.As(err, &e) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: %v", what, err)
				}
				if err != nil {
					f.silent(t, err.Error())
				}
			}
			within("Search", func(ctx context.Context) error {
				_, err := f.Connector.Search(ctx, f.Account, "", 1)
				return err
			})
			within("Describe", func(ctx context.Context) error {
				_, err := f.Connector.Describe(ctx, f.Account, f.Refs[0], 1)
				return err
			})
			within("Read", func(ctx context.Context) error {
				got := f.Connector.Read(ctx, f.Account, []integrations.Request{{Ref: f.Refs[0]}, {Ref: f.Refs[1]}, {Ref: f.Refs[2]}})
				empty(t, got[2])
				return got[2].Err
			})
			within("Check", func(ctx context.Context) error { return last(f.Connector.Check(ctx, f.Account)) })
		})
	}
}

// last is what the last stage ended with.
func last(stages []integrations.Stage) error {
	if failed := stages[len(stages)-1].Err; failed != nil {
		return failed
	}
	return nil
}

// together: methods may be called from many goroutines at once, for several accounts, and one
// account's answer never goes to another. It finds most under the race detector.
func (f Fixture) together(t *testing.T) {
	var all sync.WaitGroup
	for n := range 16 {
		all.Go(func() {
			switch n % 4 {
			case 0:
				for i, r := range f.Connector.Read(t.Context(), f.Account, []integrations.Request{{Ref: f.Refs[0]}, {Ref: f.Refs[1]}, {Ref: f.Refs[2]}}) {
					if r.Err != nil || r.Scorecard.Ref != f.Refs[i] {
						t.Errorf("got %s, %v", r.Scorecard.Ref, r.Err)
					}
				}
			case 1:
				if _, err := f.Connector.Search(t.Context(), f.Account, f.Words, 1); err != nil {
					t.Error(err)
				}
			case 2:
				if s, err := f.Connector.Describe(t.Context(), f.Account, f.Refs[n%len(f.Refs)], 1); err != nil || s.Ref != f.Refs[n%len(f.Refs)] {
					t.Errorf("got %s, %v", s.Ref, err)
				}
			case 3:
				if n == 3 { // one alone: more wrong passwords would lock the account
					_, err := f.Connector.Describe(t.Context(), f.Refused, f.Refs[0], 1)
					f.failure(t, err, integrations.Unauthorized)
				}
			}
		})
	}
	all.Wait()
}
