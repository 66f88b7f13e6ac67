package okr

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// An outage that never ends, from the slot on: quick tries, then every quarter of an hour for four
// hours, then every hour.
func TestWhatFailedIsTriedSlowerAndSlower(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	for range 200 {
		connection := random.Int64N(100_000)
		slot := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC).Add(time.Duration(random.Int64N(int64(365 * 24 * time.Hour))))
		now := slot
		var waits []time.Duration
		for n := 1; n <= 40; n++ {
			next := NextTry(n, now, connection)
			if !next.After(now) {
				t.Fatalf("try %d of connection %d at %s is followed by one at %s", n, connection, now, next)
			}
			waits = append(waits, next.Sub(now))
			now = next
		}
		for n, wait := range waits {
			want := time.Hour
			switch {
			case n < 3:
				want = []time.Duration{5 * time.Second, 20 * time.Second, 45 * time.Second}[n]
			case n < 3+16:
				want = 15 * time.Minute
			}
			first := n == 3 || n == 3+16 // up to the connection's next moment
			if wait > want || !first && wait != want {
				t.Errorf("connection %d waits %s after try %d, want %s", connection, wait, n+1, want)
			}
		}
		if passed := now.Sub(slot); passed < 23*time.Hour || passed > 26*time.Hour {
			t.Errorf("40 tries take %s", passed)
		}
	}
}

// Whatever failed when: what reads through one connection is tried again together.
func TestSlowTriesOfAConnectionFallTogether(t *testing.T) {
	noon := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	var moments []string
	for connection := range int64(20) {
		at := map[time.Time]bool{}
		for second := range 3600 {
			at[NextTry(4, noon.Add(time.Duration(second)*time.Second), connection)] = true
		}
		if len(at) > 5 {
			t.Errorf("connection %d: %d moments in an hour", connection, len(at))
		}
		moments = append(moments, NextTry(4, noon, connection).Format(time.TimeOnly))
	}
	different := map[string]bool{}
	for _, m := range moments {
		different[m] = true
	}
	if len(different) < 15 {
		t.Errorf("twenty connections are tried again at %v", moments)
	}
}

func TestRetryWords(t *testing.T) {
	now := time.Date(2026, 11, 26, 8, 31, 0, 0, time.UTC)
	for next, want := range map[time.Duration]string{
		14 * time.Minute: "at 09:45 Europe/Berlin",
		15 * time.Hour:   "on Fri 27 Nov, 00:31 Europe/Berlin",
	} {
		if got := RetryWords(now.Add(next), now, "Europe/Berlin"); got != want {
			t.Errorf("%s ahead: %q, want %q", next, got, want)
		}
	}
	if got := RetryWords(now, now, "Nowhere/At_all"); got != fmt.Sprintf("at %s UTC", now.Format("15:04")) {
		t.Errorf("in an unknown zone: %q", got)
	}
}
