package bot_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync/atomic"
	"testing"

	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/jobs"
	"okrbot/sandbox/slack"
	"okrbot/secret"
)

var marks = regexp.MustCompile(`id:((?:announcement|card|close-out|digest)-[\w-]+)`)

// tried holds that Slack was asked for so many posts to channels, told apart by their marks, and for none of
// them more often than at most.
func (r *room) tried(posts, most int) {
	r.t.Helper()
	tries := map[string]int{}
	for _, e := range r.slack.Wire() {
		if sent, ok := e.Sent.(map[string]any); ok && e.What == "chat.postMessage" && sent["channel"] == "C0ITOKRS" {
			if m := marks.FindStringSubmatch(fmt.Sprint(sent["metadata"])); m != nil {
				tries[m[1]]++
			}
		}
	}
	for mark, n := range tries {
		if n > most {
			r.t.Errorf("%s was sent %d times, want %d at most", mark, n, most)
		}
	}
	if len(tries) != posts {
		r.t.Errorf("%d posts were tried, want %d: %v", len(tries), posts, tries)
	}
}

// Whatever Slack does with a call, and wherever its connection ends, the call is made once: what repeats
// something is a job that knows what became of it.
func TestACallIsMadeOnceWhateverBecomesOfIt(t *testing.T) {
	r := newRoom(t)
	r.refusalsExpected = true
	var calls atomic.Int64
	way := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		calls.Add(1)
		r.slack.ServeHTTP(w, req)
	}))
	defer way.Close()
	api := desk.NewSlack(desk.SlackOptions{APIURL: way.URL + "/api/", BotToken: secret.New(r.slack.Options().BotToken)})
	channel, ts, err := api.Post(t.Context(), "C0ITOKRS", view.Text("Hello"))
	if err != nil {
		t.Fatal(err)
	}
	page := secret.New(way.URL + "/response/nobody")
	asks := map[string]func(context.Context) error{
		"chat.postMessage": func(ctx context.Context) error { _, _, err := api.Post(ctx, "U0BOB", view.Text("Hello")); return err },
		"chat.update":      func(ctx context.Context) error { return api.Update(ctx, channel, ts, view.Text("Hello again")) },
		"response_url":     func(ctx context.Context) error { return api.Respond(ctx, page, view.Text("Hello"), false) },
		"conversations.open": func(ctx context.Context) error {
			return api.Share(ctx, "U0BOB", "Hello", []*jobs.File{})
		},
	}
	faults := map[string]slack.Fault{"Lost": {Lost: true}, "Limited": {Error: "ratelimited"}}
	for _, status := range []int{408, 500, 502, 503, 504} {
		faults[fmt.Sprint(status)] = slack.Fault{Status: status}
	}
	for _, code := range []string{"fatal_error", "internal_error", "service_unavailable", "request_timeout"} {
		faults[code] = slack.Fault{Error: code}
	}
	for name, fault := range faults {
		for method, ask := range asks {
			// Its connection was used before: there is where a client of HTTP is tempted to try again.
			if _, err := api.Who(t.Context()); err != nil {
				t.Fatal(err)
			}
			fault.Method = method
			fix := r.slack.Break(fault)
			before := calls.Load()
			err := ask(t.Context())
			fix()
			n := calls.Load() - before
			if n != 1 || err == nil {
				t.Errorf("%s %s: %d calls, %v", method, name, n, err)
			}
		}
	}
}
