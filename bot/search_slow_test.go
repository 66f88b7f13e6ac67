package bot_test

import (
	"net/http"
	"strings"
	"testing"

	"okrbot/sandbox/seed"
	"okrbot/sandbox/servicenow"
)

// searchesSlowly has the wizard at its scorecard, with a directory that was read and an instance slower than a search
// waits.
func (r *room) searchesSlowly() {
	r.t.Helper()
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.until("the list being read", r.stored("select bool_and(directory_at is not null) from connections"))
	r.looks()
	r.servicenow.Break(servicenow.Fault{Kind: servicenow.Slow, After: 1})
}

// refusals are the calls that the instance answered with a refused sign-in.
func (r *room) refusals() (n int) {
	for _, c := range r.servicenow.Calls() {
		if c.Status == http.StatusUnauthorized {
			n++
		}
	}
	return n
}

// TestASlowSearchCountsWhatIsRefused types on while the password is wrong: whoever types is answered before
// ServiceNow is, and two refusals are enough all the same.
func TestASlowSearchCountsWhatIsRefused(t *testing.T) {
	r := newRoom(t)
	r.searchesSlowly()
	r.servicenow.SetPassword(seed.User, "another one")
	for _, word := range []string{"zza", "zzb", "zzc"} {
		r.offers(word, "did not answer in time")
	}
	rejected := r.stored("select bool_and(state = 'rejected') from connections")
	r.until("two refusals", func() bool { r.offered("zzd"); return rejected() })
	r.offers("zze", "refuses")
	if n := r.refusals(); n != 2 {
		t.Errorf("%d wrong passwords were sent, want 2", n)
	}
	r.alice.Closes()
}

// TestWhatASlowSearchFindsIsThereForTheNextLetter: what is off the Analytics Hub, and what is newer than the list.
func TestWhatASlowSearchFindsIsThereForTheNextLetter(t *testing.T) {
	r := newRoom(t)
	r.searchesSlowly()
	newer, ok := r.servicenow.Named("Number of open incidents")
	if !ok {
		t.Fatal("the seed has another name")
	}
	newer.ID, newer.Name = strings.Repeat("0d", 16), "Widgets, sprockets and cogs"
	r.servicenow.Add(newer)
	for typed, words := range map[string][]string{
		"collector health":   {"Internal: collector health", "not on the Analytics Hub"},
		"sprockets, widgets": {"Widgets, sprockets and cogs"},
	} {
		r.offers(typed, "did not answer in time")
		r.until("the answer", func() bool { return strings.Contains(strings.Join(r.offered(typed), "\n"), words[0]) })
		r.offers(typed, words...)
	}
	if got := strings.Join(r.offered("sprockets, widgets"), "\n"); strings.Contains(got, "not on the Analytics Hub") {
		t.Errorf("what is listed is offered as hidden: %s", got)
	}
	r.servicenow.Fix()
	r.alice.Chooses("Scorecard", "Internal: collector health").Sees("Last 12 scores")
	r.offers("collector health", "not on the Analytics Hub")
	r.alice.Closes()
}
