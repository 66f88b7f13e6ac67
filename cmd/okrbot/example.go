package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"okrbot/sandbox/seed"
	"okrbot/sandbox/servicenow"
	"okrbot/sandbox/slack"
)

// example is a workspace in which people have worked for a week already. It is made as people make one:
// by commands, windows and pages, against the two simulators.
type example struct {
	slack    *slack.Slack
	sn       *servicenow.Instance
	instance string // ServiceNow's address
	clock    *shiftedClock
	pass     func(ctx context.Context, d time.Duration) error // the sandbox's time
	breaks   func(f servicenow.Fault)
}

// exampleKeyResult is one of the example: its way from start to target is so long, and so much of it is
// done.
type exampleKeyResult struct {
	title, objective, scorecard string
	length, done                float64 // of the way; less than nothing: down
}

const (
	calm     = "Run a calm service desk"
	promised = "Keep what we promise"
)

var exampleKeyResults = []exampleKeyResult{
	{"Fewer open incidents", calm, "Number of open incidents", -100, 0.8},
	{"Resolve incidents sooner", calm, "Average time to resolve an incident", -20, 0.38},
	{"Shrink the old backlog", calm, "Incident backlog older than 30 days", -20, 0.1},
	{"Resolve within SLA", promised, "Incidents resolved within SLA", 20, 1.3},
	{"Fewer reopened incidents", promised, "Reopened incidents", -8, 0.7},
	{"Hold ten customer interviews", promised, "", 10, 0},
}

// make makes the example. Its days are counted from the sandbox's today, so that it is the same on any
// day.
func (e example) make(ctx context.Context) error {
	worked, err := e.clock.worked(ctx)
	if err != nil {
		return errors.New("asking the sandbox's database failed")
	}
	if worked {
		return errors.New("there are objectives already, and the example needs an empty workspace: start over empty first")
	}
	w := &walker{ctx: ctx, s: e.slack, who: "alice"}
	w.types("#it-okrs", "/okr connect")
	w.fills("ServiceNow URL", e.instance)
	w.submits("Connect")
	w.signsIn(seed.User, seed.Password)
	w.sees("is connected")
	w.closes()
	today := e.clock.now()
	for _, o := range []struct{ title, channel string }{{calm, "#it-okrs"}, {promised, "#service-desk"}} {
		w.types(o.channel, "/okr add-objective "+o.title)
		w.chooses("Period", "Dates…")
		w.fills("First day", today.AddDate(0, 0, -60).Format(time.DateOnly))
		w.fills("Last day", today.AddDate(0, 0, 60).Format(time.DateOnly))
		w.fills("Channel", o.channel)
		w.submits("Save")
		w.gone()
	}
	for _, k := range exampleKeyResults {
		e.add(w, k)
	}
	w.types("#it-okrs", "Hello everybody! I added what we agreed on for this period. Details are a press away.")
	for day := range 7 {
		if w.err != nil {
			return w.err
		}
		if day == 5 {
			e.breaks(servicenow.Fault{Kind: "role_missing", Ref: e.scorecard("Reopened incidents").ID})
		}
		if err := e.pass(ctx, 24*time.Hour); err != nil {
			return err
		}
		w.until("the syncs of a day", func() bool {
			next, err := e.clock.nextDue(ctx)
			return err == nil && (next.IsZero() || next.After(e.clock.now()))
		})
	}
	return w.err
}

func (e example) scorecard(name string) servicenow.Scorecard {
	for _, s := range e.sn.Scorecards() {
		if s.Name == name && len(s.Scores) > 0 {
			return s
		}
	}
	return servicenow.Scorecard{}
}

func (e example) add(w *walker, k exampleKeyResult) {
	value, digits := 0.0, 0
	w.types("#it-okrs", "/okr add-kr "+k.title)
	w.chooses("Objective", k.objective)
	if k.scorecard == "" {
		w.chooses("Pull data from external applications", "I will update it myself")
		w.submits("Next")
	} else {
		s := e.scorecard(k.scorecard)
		if len(s.Scores) == 0 {
			w.err = errors.Join(w.err, fmt.Errorf("no scorecard %s", k.scorecard))
			return
		}
		value, digits = s.Scores[len(s.Scores)-1].Value, s.Precision
		w.submits("Next")
		w.chooses("Scorecard", k.scorecard)
		w.sees("Last 12 scores")
		w.submits("Connect")
		w.chooses("Update Cadence", "Daily")
	}
	start := value - k.done*k.length
	w.fills("Start Value", strconv.FormatFloat(start, 'f', digits, 64))
	w.fills("Target Value", strconv.FormatFloat(start+k.length, 'f', digits, 64))
	w.submits("Save")
	w.sees("is added")
	w.closes()
}

// walker does what somebody does in Slack, one thing after the other, and waits as people wait. After
// something went wrong it does nothing more.
type walker struct {
	ctx context.Context
	s   *slack.Slack
	who string
	err error
}

// waitsFor is how long one thing may take.
const waitsFor = time.Minute

func (w *walker) until(what string, is func() bool) {
	for end := time.Now().Add(waitsFor); w.err == nil && !is(); {
		select {
		case <-w.ctx.Done():
			w.err = w.ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
		if w.err == nil && time.Now().After(end) {
			v, _ := w.s.Top(w.who)
			w.err = fmt.Errorf("waiting for %s took too long; the window shows: %s", what, v.Text())
		}
	}
}

func (w *walker) do(what func() error) {
	if w.err == nil {
		w.err = what()
	}
}

func (w *walker) types(channel, text string) {
	w.do(func() error { return w.s.Types(w.who, channel, text) })
}

func (w *walker) sees(words string) {
	w.until(words, func() bool { v, ok := w.s.Top(w.who); return ok && strings.Contains(v.Text(), words) })
}

func (w *walker) gone() {
	w.until("the window closing", func() bool { _, ok := w.s.Top(w.who); return !ok })
}

func (w *walker) closes() {
	w.do(func() error { w.s.Dismiss(w.who); return nil })
}

// entered does something in a field, and waits a moment for what the app shows to it.
func (w *walker) entered(label string, do func() error) {
	w.sees(label + ": ")
	before, _ := w.s.Top(w.who)
	w.do(do)
	for end := time.Now().Add(time.Second); w.err == nil && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if now, ok := w.s.Top(w.who); !ok || now.Hash != before.Hash {
			return
		}
	}
}

func (w *walker) fills(label, value string) {
	w.entered(label, func() error { return w.s.Fill(w.who, label, value) })
}

func (w *walker) chooses(label, option string) {
	w.entered(label, func() error { return w.s.Choose(w.who, label, option) })
}

func (w *walker) submits(button string) {
	w.sees("[[" + button + "]]")
	w.do(func() error { return w.s.Submit(w.who) })
}

var (
	pageForm   = regexp.MustCompile(`<form method="post"[^>]*?(?: action="([^"]*)")?[^>]*>`)
	pageHidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// signsIn follows the window's link to okrbot's own page and fills its form.
func (w *walker) signsIn(user, password string) {
	link := ""
	w.until("the link to the page", func() bool {
		v, _ := w.s.Top(w.who)
		for _, b := range v.Blocks() {
			elements, _ := b["elements"].([]any)
			for _, e := range append(elements, b["accessory"]) {
				if button, _ := e.(map[string]any); button["url"] != nil {
					link, _ = button["url"].(string)
				}
			}
		}
		return link != ""
	})
	w.do(func() error {
		jar, err := cookiejar.New(nil)
		if err != nil {
			return err
		}
		client := &http.Client{Jar: jar, Timeout: waitsFor}
		text, at, err := w.asks(client, http.MethodGet, link, nil)
		if err != nil {
			return err
		}
		entry := url.Values{"username": {user}, "password": {password}}
		for _, m := range pageHidden.FindAllStringSubmatch(text, -1) {
			entry.Set(m[1], m[2])
		}
		if m := pageForm.FindStringSubmatch(text); m != nil && m[1] != "" {
			if at, err = at.Parse(m[1]); err != nil {
				return err
			}
		}
		_, _, err = w.asks(client, http.MethodPost, at.String(), entry)
		return err
	})
}

func (w *walker) asks(client *http.Client, method, address string, entry url.Values) (text string, at *url.URL, err error) {
	req, err := http.NewRequestWithContext(w.ctx, method, address, strings.NewReader(entry.Encode()))
	if err != nil {
		return "", nil, err
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the sign-in page answers %d", resp.StatusCode)
	}
	return string(raw), resp.Request.URL, err
}
