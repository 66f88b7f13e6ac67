package servicenow_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"okrbot/integrations"
	"okrbot/integrations/servicenow"
	sandbox "okrbot/sandbox/servicenow"
)

// many is an instance with n scorecards whose values are their numbers, and the requests for all.
func many(t *testing.T, n int) (*sandbox.Instance, *servicenow.Client, integrations.Account, []integrations.Request) {
	t.Helper()
	i, client, account := instance(t)
	yesterday := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -1)
	requests := make([]integrations.Request, n)
	for k := range n {
		requests[k].Ref = fmt.Sprintf("%032x", k+1)
		i.Add(sandbox.Scorecard{ID: requests[k].Ref, Name: fmt.Sprintf("Backlog %d", k), Frequency: 10, Scores: []sandbox.Score{{Day: yesterday, Value: float64(k)}}})
	}
	return i, client, account, requests
}

// allRight: every answer is of the scorecard asked for, and has its value.
func allRight(t *testing.T, got []integrations.Reading, but ...int) {
	t.Helper()
	failed := map[int]bool{}
	for _, k := range but {
		failed[k] = true
	}
	for k, r := range got {
		switch {
		case failed[k]:
			if r.Err == nil || r.Scorecard.Value.Valid {
				t.Errorf("scorecard %d was to fail, and has %v", k, r.Scorecard.Value)
			}
		case r.Err != nil:
			t.Errorf("scorecard %d: %v", k, r.Err)
		case r.Scorecard.Ref != fmt.Sprintf("%032x", k+1) || r.Scorecard.Value.Decimal.IntPart() != int64(k):
			t.Errorf("scorecard %d got %s of %s", k, r.Scorecard.Value.Decimal, r.Scorecard.Ref)
		}
	}
}

func countOf(i *sandbox.Instance) (batches, singles, items int) {
	for _, c := range i.Calls() {
		if c.Method == http.MethodPost {
			batches++
			items += c.Items
		} else {
			singles++
		}
	}
	return batches, singles, items
}

func TestThreeHundredScorecardsAreAFewCalls(t *testing.T) {
	i, client, account, requests := many(t, 300)
	for round, want := range []string{"1 alone, 3 together", "0 alone, 3 together"} { // the first learns
		i.ForgetCalls()
		allRight(t, client.Read(t.Context(), account, requests))
		batches, singles, _ := countOf(i)
		if got := fmt.Sprintf("%d alone, %d together", singles, batches); got != want {
			t.Errorf("round %d: %s, want %s", round+1, got, want)
		}
	}
	i.ForgetCalls()
	allRight(t, client.Read(t.Context(), account, requests[:1]))
	if batches, singles, _ := countOf(i); batches != 0 || singles != 1 {
		t.Errorf("one scorecard: %d alone, %d together", singles, batches)
	}
}

func TestWithoutTheBatchAPIEachIsACall(t *testing.T) {
	for name, fault := range map[string]sandbox.Fault{
		"Missing":       {Kind: sandbox.NoResource},
		"NotFound":      {Kind: sandbox.NotThere},
		"Forbidden":     {Kind: sandbox.RoleMissing},
		"Scope":         {Kind: sandbox.ScopeMissing},
		"Policy":        {Kind: sandbox.WrongPassword}, // an API key's policy names the Scorecards API alone
		"Page":          {Kind: sandbox.Offline},       // a proxy lets no POST through
		"Cancelled":     {Kind: sandbox.Cancelled},
		"NothingIsDone": {Kind: sandbox.Unserviced, After: 0},
	} {
		t.Run(name, func(t *testing.T) {
			i, client, account, requests := many(t, 30)
			fault.API = sandbox.BatchAPI
			fix := i.Break(fault)
			allRight(t, client.Read(t.Context(), account, requests))
			if batches, singles, _ := countOf(i); batches != 1 || singles != 30 {
				t.Errorf("%d alone, %d together; want 30 and the one that taught us", singles, batches)
			}
			i.ForgetCalls()
			fix()
			allRight(t, client.Read(t.Context(), account, requests))
			if batches, singles, _ := countOf(i); batches != 0 || singles != 30 {
				t.Errorf("%d alone, %d together; it was to be remembered", singles, batches)
			}
			other := account
			other.Fields = integrations.Fields{"username": "somebody.else", "password": "secret"}
			i.AddUser("somebody.else", "secret", "pa_viewer")
			i.ForgetCalls()
			allRight(t, client.Read(t.Context(), other, requests))
			if batches, singles, _ := countOf(i); batches != 1 || singles != 1 {
				t.Errorf("another account: %d alone, %d together", singles, batches)
			}
		})
	}
}

// Accounts that sign in by OAuth have no name: what one connection learns is not another one's, and stays its own
// over the renewal of its access.
func TestWhatAConnectionLearnsIsItsOwn(t *testing.T) {
	i, _, client, registration := registered(t)
	yesterday := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -1)
	requests := make([]integrations.Request, 30)
	for k := range requests {
		requests[k].Ref = fmt.Sprintf("%032x", k+1)
		i.Add(sandbox.Scorecard{ID: requests[k].Ref, Name: fmt.Sprintf("Backlog %d", k), Frequency: 10, Scores: []sandbox.Score{{Day: yesterday, Value: float64(k)}}})
	}
	reads := func(connection int64, want string) {
		t.Helper()
		const verifier = "verifier-0123456789-0123456789-0123456789-0123456789"
		tokens, err := client.Exchange(t.Context(), registration, redirect, state, allowed(t, client, registration, verifier), verifier)
		if err != nil {
			t.Fatal(err)
		}
		i.ForgetCalls()
		allRight(t, client.Read(t.Context(), integrations.Account{
			Origin: registration.Origin, SignIn: "oauth", Connection: connection,
			Fields: integrations.Fields{integrations.AccessToken: tokens.Fields[integrations.AccessToken]},
		}, requests))
		batches, singles, _ := countOf(i)
		if got := fmt.Sprintf("%d alone, %d together", singles, batches); got != want {
			t.Errorf("connection %d: %s, want %s", connection, got, want)
		}
	}
	fix := i.Break(sandbox.Fault{Kind: sandbox.ScopeMissing, API: sandbox.BatchAPI})
	reads(1, "30 alone, 1 together")
	fix()
	reads(1, "30 alone, 0 together")
	reads(2, "1 alone, 1 together")
}

// Once the Batch API has worked, what it answers counts for the instance.
func TestARefusalOfTheBatchEndsTheRound(t *testing.T) {
	for kind, cause := range map[sandbox.Kind]string{
		sandbox.WrongPassword: "wrong_password", sandbox.RateLimit: "rate_limit", sandbox.Hibernating: "asleep", sandbox.RedirectToLogin: "redirect",
	} {
		t.Run(string(kind), func(t *testing.T) {
			i, client, account, requests := many(t, 150)
			allRight(t, client.Read(t.Context(), account, requests))
			i.ForgetCalls()
			i.Break(sandbox.Fault{Kind: kind, After: 3000})
			for _, r := range client.Read(t.Context(), account, requests) {
				var e *integrations.Error
				if !errors.As(r.Err, &e) || e.Cause != cause || kind == sandbox.RateLimit && e.After != 50*time.Minute {
					t.Fatalf("got %+v, want %s", r.Err, cause)
				}
			}
			if n := len(i.Calls()); n != 1 {
				t.Errorf("%d calls, want 1", n)
			}
		})
	}
}

// Where none of several can be read it is not one scorecard's roles that are missing.
func TestARoleIsMissedByAllOrByOne(t *testing.T) {
	for _, batches := range []bool{true, false} {
		i, client, account, requests := many(t, 3)
		if !batches {
			i.Break(sandbox.Fault{Kind: sandbox.NoResource, API: sandbox.BatchAPI})
		}
		fix := i.Break(sandbox.Fault{Kind: sandbox.RoleMissing})
		for n, want := range map[int]string{3: "role", 1: "scorecard_role"} {
			for _, r := range client.Read(t.Context(), account, requests[:n]) {
				var e *integrations.Error
				if !errors.As(r.Err, &e) || e.Cause != want {
					t.Errorf("%d asked for: got %v, want %s", n, r.Err, want)
				}
			}
		}
		fix()
		i.Break(sandbox.Fault{Kind: sandbox.RoleMissing, Ref: requests[0].Ref})
		for n, r := range client.Read(t.Context(), account, requests) {
			var e *integrations.Error
			if n > 0 && r.Err != nil || n == 0 && (!errors.As(r.Err, &e) || e.Cause != "scorecard_role") {
				t.Errorf("the first of three: %d got %v", n, r.Err)
			}
		}
	}
}

func TestAnItemFailsAlone(t *testing.T) {
	for kind, cause := range map[sandbox.Kind]string{
		sandbox.RoleMissing: "scorecard_role", sandbox.NotThere: "not_visible", sandbox.ServerError: "server_error", sandbox.BadGateway: "server_error",
		sandbox.ErrorWith200: "error_envelope", sandbox.Cancelled: "cancelled", sandbox.LocalText: "localized_number", sandbox.Differing: "inconsistent",
		sandbox.AnotherIndicator: "foreign_result", sandbox.Truncated: "truncated", sandbox.Oversized: "too_large", sandbox.WrongGzip: "bad_gzip",
		sandbox.TrailingBytes: "malformed", sandbox.DuplicateKeys: "malformed", sandbox.GzipBomb: "too_large", sandbox.Reset: "server_error",
	} {
		t.Run(string(kind), func(t *testing.T) {
			i, client, account, requests := many(t, 12)
			i.Break(sandbox.Fault{Kind: kind, Ref: requests[5].Ref})
			got := client.Read(t.Context(), account, requests)
			allRight(t, got, 5)
			var e *integrations.Error
			if !errors.As(got[5].Err, &e) || e.Cause != cause {
				t.Errorf("got %v, want %s", got[5].Err, cause)
			}
			if n := len(i.Calls()); n != 2 {
				t.Errorf("%d calls, want 2", n)
			}
		})
	}
}

// Scorecards that fail by the instance's fault end the round where they come in a row. What says that a
// scorecard cannot be seen was answered, and breaks the row.
func TestARowOfFailuresEndsTheRound(t *testing.T) {
	for name, between := range map[string]sandbox.Kind{"in a row": sandbox.ServerError, "gone between": sandbox.NotThere, "refused between": sandbox.RoleMissing, "misread between": sandbox.LocalText} {
		t.Run(name, func(t *testing.T) {
			i, client, account, requests := many(t, 120)
			var failing []int
			for k := 10; k < 17; k++ {
				kind := sandbox.ServerError
				if k%2 == 1 {
					kind = between
				}
				i.Break(sandbox.Fault{Kind: kind, Ref: requests[k].Ref})
				failing = append(failing, k)
			}
			got := client.Read(t.Context(), account, requests)
			if between != sandbox.ServerError {
				allRight(t, got, failing...)
				return
			}
			for k := 101; k < len(got); k++ {
				var e *integrations.Error
				if !errors.As(got[k].Err, &e) || e.Cause != "server_error" {
					t.Fatalf("scorecard %d: %v, want that the round ended", k, got[k].Err)
				}
			}
		})
	}
}

// What an item says of the whole account ends the round; what came with it is kept.
func TestAnItemEndsTheRound(t *testing.T) {
	for kind, cause := range map[sandbox.Kind]string{sandbox.WrongPassword: "wrong_password", sandbox.RateLimit: "rate_limit", sandbox.Hibernating: "asleep"} {
		t.Run(string(kind), func(t *testing.T) {
			i, client, account, requests := many(t, 120)
			i.Break(sandbox.Fault{Kind: kind, Ref: requests[5].Ref, After: 60})
			got := client.Read(t.Context(), account, requests)
			allRight(t, got[:101], 5)
			for k := 101; k < len(got); k++ {
				var e *integrations.Error
				if !errors.As(got[k].Err, &e) || e.Cause != cause {
					t.Fatalf("scorecard %d: %v, want %s", k, got[k].Err, cause)
				}
			}
			if n := len(i.Calls()); n != 2 {
				t.Errorf("%d calls, want 2", n)
			}
		})
	}
}

func TestWhatWasLeftUndoneIsAskedAgain(t *testing.T) {
	i, client, account, requests := many(t, 101)
	i.Break(sandbox.Fault{Kind: sandbox.Unserviced, After: 40})
	allRight(t, client.Read(t.Context(), account, requests))
	if batches, singles, items := countOf(i); batches != 3 || singles != 1 || items != 100 {
		t.Errorf("%d alone, %d together with %d items; want 1, 3 and 100", singles, batches, items)
	}
}

func TestItemsAreKnownByTheirIds(t *testing.T) {
	for kind, want := range map[sandbox.Kind]string{ // the first item of the batch is asked for alone
		sandbox.LostItem: "2 alone, 1 together", sandbox.TwiceItem: "2 alone, 1 together", sandbox.StrangeItem: "2 alone, 1 together",
		sandbox.OtherBatch: "10 alone, 1 together", sandbox.Bare: "1 alone, 1 together",
	} {
		t.Run(string(kind), func(t *testing.T) {
			i, client, account, requests := many(t, 10)
			i.Break(sandbox.Fault{Kind: kind})
			allRight(t, client.Read(t.Context(), account, requests))
			batches, singles, _ := countOf(i)
			if got := fmt.Sprintf("%d alone, %d together", singles, batches); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
	t.Run("Swapped", func(t *testing.T) {
		i, client, account, requests := many(t, 10)
		i.Break(sandbox.Fault{Kind: sandbox.SwappedItem})
		got := client.Read(t.Context(), account, requests)
		allRight(t, got, 1, 2)
		var e *integrations.Error
		if !errors.As(got[1].Err, &e) || e.Cause != "foreign_result" {
			t.Errorf("got %v", got[1].Err)
		}
	})
}

func TestASlowBatchIsWaitedForAndEndsWithItsContext(t *testing.T) {
	t.Parallel() // it waits for seconds
	i, client, account, requests := many(t, 5)
	fix := i.Break(sandbox.Fault{Kind: sandbox.Slow, API: sandbox.BatchAPI, After: 7}) // longer than any other call may take
	allRight(t, client.Read(t.Context(), account, requests))
	fix()
	i.Break(sandbox.Fault{Kind: sandbox.Stall, API: sandbox.BatchAPI})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	for _, r := range client.Read(ctx, account, requests) {
		if !errors.Is(r.Err, context.DeadlineExceeded) {
			t.Fatalf("got %v", r.Err)
		}
	}
}
