package bot_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var stacks = regexp.MustCompile(`^(\d+) @ .*\n# labels: \{.*"asked":"(.*?)"`)

// underWay is how many goroutines there are of those that were begun under a name, with all that they have
// begun, but for the connections to Slack that are kept for the next call.
func underWay(t *testing.T, name string) (n int) {
	t.Helper()
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		t.Fatal(err)
	}
	for stack := range strings.SplitSeq(profile.String(), "\n\n") {
		_, after, _ := strings.Cut(stack, "goroutine profile:")
		if _, first, ok := strings.Cut(after, "\n"); ok {
			stack = first
		}
		if m := stacks.FindStringSubmatch(stack); m != nil && m[2] == name && !strings.Contains(stack, "net/http.(*persistConn)") {
			of, _ := strconv.Atoi(m[1])
			n += of
		}
	}
	return n
}

// While the database is slow, and while it is silent, each request is answered and leaves nothing behind it:
// however long that lasts, nothing piles up.
func TestNothingPilesUpBehindASlowDatabase(t *testing.T) {
	rounds := 1
	if os.Getenv("SOAK") != "" {
		rounds = 200 // about ten minutes
	}
	r := newRoom(t)
	g, second := r.behindAGate()
	handler := second.Handler()
	held := make(chan struct{})
	pprof.Do(t.Context(), pprof.Labels("asked", "held"), func(context.Context) { go func() { <-held }() })
	if n := underWay(t, "held"); n != 1 {
		t.Fatalf("%d are counted of one: this proves nothing", n)
	}
	close(held)
	asked := 0
	ask := func(name string, people int) (said []string) {
		var mu sync.Mutex
		var all sync.WaitGroup
		pprof.Do(t.Context(), pprof.Labels("asked", name), func(context.Context) {
			for range people {
				asked++
				command := r.command("help")
				command.Set("n", fmt.Sprint(asked)) // one with the same words is taken for the same delivery
				request := r.signed("/slack/commands", formType, command.Encode(), time.Now())
				all.Go(func() {
					w := httptest.NewRecorder()
					handler.ServeHTTP(w, request)
					if w.Code != http.StatusOK {
						t.Errorf("answered %d", w.Code)
					}
					mu.Lock()
					defer mu.Unlock()
					said = append(said, w.Body.String())
				})
			}
		})
		all.Wait()
		return said
	}
	for round := range rounds {
		name := fmt.Sprint(t.Name(), round)
		for _, slow := range []time.Duration{20 * time.Millisecond, 100 * time.Millisecond, 0} {
			g.slow.Store(int64(slow))
			for _, answer := range ask(name, 8) {
				if !strings.Contains(answer, "/okr add-kr") && !strings.Contains(answer, "othing was saved") {
					t.Errorf("%s slower it says %q", slow, answer)
				}
			}
		}
		g.shut.Store(true)
		for _, answer := range ask(name, 100) {
			if !strings.Contains(answer, "othing was saved") {
				t.Errorf("while it is silent it says %q", answer)
			}
		}
		// Its connections, of which there are four, are given up in the background.
		r.until("the end of all but its connections", func() bool { return underWay(t, name) <= 4*3 })
		g.shut.Store(false)
		r.until("the end of what is left", func() bool { return underWay(t, name) == 0 })
	}
}
