package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/sandbox/slack"
	"okrbot/secret"
	"okrbot/store"
)

const (
	perSecond    = 200
	ninetyNineIn = 100 * time.Millisecond
	allIn        = 2500 * time.Millisecond
	slackWaits   = 3 * time.Second // then a person reads that the app did not answer
)

// gesture is one kind of thing that people do, n times in a row.
type gesture struct {
	what, path string
	body       func(n int) url.Values
	good       func(answer []byte) bool
	words      func(answer []byte) bool // that it was refused, and why
}

// work is what goes on in the background while people ask.
type work struct {
	name  string
	what  string
	share float64       // of the scorecards that have another score each time
	every time.Duration // after this time a connection's key results are due again; 0: as soon as they are read
}

// measureAcks has people ask at a steady pace, whether or not they were answered, while key results
// are read and cards are drawn: some of them, and more than the machine can bear. Then there is a burst.
func measureAcks(ctx context.Context, b *bench) (rows []row, err error) {
	quiet := ""
	for _, w := range []work{
		{name: "quiet", what: "nothing else going on"},
		{name: "some", what: "a tenth of all read each second and their cards drawn, 5 % changed", share: 0.05, every: 10 * time.Second},
		{name: "all", what: "all due again as soon as they are read, all changed: more work than the machine can bear", share: 1},
	} {
		a, err := b.acks(ctx, w, perSecond, pick(b, 30*time.Second, 8*time.Second))
		if err != nil {
			return rows, err
		}
		r := row{
			what:     fmt.Sprintf("Ack of %d requests/s in open loop (a command, a submit, a type-ahead in turn), %s: p50, p99, max", perSecond, w.what),
			measured: a.times() + a.rest(),
			beside:   quiet,
			goals: []goal{
				atMost(fmt.Sprintf("p99 ≤ %d ms", ninetyNineIn.Milliseconds()), a.at(0.99).Seconds(), ninetyNineIn.Seconds()),
				atMost(fmt.Sprintf("none above %.1f s", allIn.Seconds()), a.at(1).Seconds(), allIn.Seconds()),
				must("none lost or refused", a.lost+a.refused == 0),
			},
		}
		if w.share > 0 {
			r.measured += fmt.Sprintf("; meanwhile %s key results a second were read, and %d cards and messages went out; okrbot took %.1f cores, Postgres %.1f", thousands(int(a.readings)), int(a.said), a.bot, a.server)
		} else {
			quiet = "nothing else going on: " + a.times()
		}
		rows = append(rows, r)
	}
	calm := work{name: "burst", share: 0.05, every: 10 * time.Second}
	a, err := b.acks(ctx, calm, 1000, 10*time.Second)
	if err != nil {
		return rows, err
	}
	return append(rows, row{
		what:     "A burst of 1,000 requests/s for 10 s, while a tenth of all is read each second: answered, refused in words, lost",
		measured: fmt.Sprintf("%s, %s, %s; %s", thousands(len(a.took)-a.refused-a.lost), thousands(a.refused), thousands(a.lost), a.times()),
		beside:   quiet,
		goals:    []goal{must("none lost", a.lost == 0)},
	}), nil
}

// acks is how people were answered.
type acks struct {
	took     []time.Duration // from the moment at which each was to be asked, in order
	refused  int             // in words
	lost     int             // not answered within Slack's three seconds, or wrongly
	why      string          // one was lost
	readings float64         // of key results, a second
	said     float64         // calls to Slack, a second
	bot      float64         // cores that okrbot was at
	server   float64         // and Postgres
}

func (a acks) at(part float64) time.Duration {
	return a.took[int(part*float64(len(a.took)-1))]
}

func (a acks) times() string {
	return fmt.Sprintf("%d, %d, %s ms", a.at(0.5).Milliseconds(), a.at(0.99).Milliseconds(), thousands(int(a.at(1).Milliseconds())))
}

func (a acks) rest() string {
	switch {
	case a.lost > 0:
		return fmt.Sprintf("; %d refused, %d lost (%s)", a.refused, a.lost, a.why)
	case a.refused > 0:
		return fmt.Sprintf("; %d refused in words", a.refused)
	}
	return ""
}

func (b *bench) acks(ctx context.Context, w work, rate int, long time.Duration) (a acks, err error) {
	r, err := b.open(ctx, "company")
	if err != nil {
		return a, err
	}
	defer r.close(ctx)
	p, err := r.serve(ctx, r.dsn)
	if err != nil {
		return a, err
	}
	gestures, err := r.gestures(ctx, rate*int(long.Seconds()))
	if err != nil {
		return a, err
	}
	if err := r.change(ctx, askedAfter); err != nil { // which opening a form does
		return a, err
	}
	if err := r.settle(ctx); err != nil {
		return a, err
	}
	r.slow()
	working, enough := context.WithCancel(ctx)
	defer enough()
	ended := make(chan error, 1)
	var rounds atomic.Int64
	go func() { ended <- r.keepWorking(working, w, &rounds) }()
	if err := pause(ctx, pick(b, 5*time.Second, 2*time.Second)); err != nil { // so that cards are being drawn
		return a, err
	}
	server, err := r.postmaster(ctx)
	if err != nil {
		return a, err
	}
	profiled := r.profile(ctx, p, w.name+fmt.Sprint(rate), long)
	before, words := rounds.Load(), len(r.slack.record())
	_, bot, _ := stat(p.pid()) // where it is not known, it is not told
	postgres, _ := family(server)
	began := time.Now()
	aside := uncollected()
	a = ask(ctx, p.door(), gestures, rate, long)
	aside()
	_, botAfter, _ := stat(p.pid())
	postgresAfter, _ := family(server)
	a.bot, a.server = (botAfter-bot).Seconds()/time.Since(began).Seconds(), (postgresAfter-postgres).Seconds()/time.Since(began).Seconds()
	a.readings = float64(rounds.Load()-before) / time.Since(began).Seconds()
	a.said = float64(len(r.slack.record())-words) / time.Since(began).Seconds()
	profiled()
	enough()
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
		return a, err
	}
	if len(a.took) == 0 {
		return a, errors.New("nobody was answered")
	}
	return a, ctx.Err()
}

// keepWorking has the key results of each connection fall due again and again, and counts those that
// were read.
func (r *running) keepWorking(ctx context.Context, w work, read *atomic.Int64) error {
	if w.share == 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	ids, err := r.connectionIDs(ctx)
	if err != nil {
		return err
	}
	last := make([]time.Time, len(ids))
	for n := range last { // spread from the beginning
		last[n] = time.Now().Add(-w.every + w.every*time.Duration(n)/time.Duration(len(ids)))
	}
	changing := int(w.share*float64(r.scorecards) + 0.5)
	for round := 0; ; round++ {
		for n, id := range ids {
			if time.Since(last[n]) < w.every {
				continue
			}
			busy, err := r.count(ctx, unsyncedOf, id)
			if err != nil {
				return err
			}
			if busy > 0 {
				continue
			}
			if round > 0 {
				read.Add(int64(r.keyResults))
			}
			last[n] = time.Now()
			for s := range changing {
				if err := r.instances[n].Collect(reference(s), (r.today - 1).Time(), float64(newest(s, round%150))); err != nil {
					return err
				}
			}
			if err := r.change(ctx, makeDueOf, id); err != nil {
				return err
			}
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// gestures prepares what people do: their forms were opened before.
func (r *running) gestures(ctx context.Context, all int) ([]gesture, error) {
	keys, err := secret.Parse(r.written)
	if err != nil {
		return nil, err
	}
	s := store.New(r.watch, keys)
	shared, err := s.ConnectionsFor(ctx, head)
	if err != nil {
		return nil, err
	}
	actor := func(n int) okr.Actor {
		return okr.Actor{Workspace: team, ID: owner(n % r.people()), Kind: okr.Member}
	}
	var forms, wizards []string
	for n := range all/3 + 1 {
		form, err := s.CreateDraft(ctx, actor(n), view.CallbackObjective, "fill", struct{}{})
		if err != nil {
			return nil, err
		}
		wizard, err := s.CreateDraft(ctx, actor(n), view.CallbackWizard, view.StepScorecard, map[string]any{"Connection": shared[n%len(shared)].ID})
		if err != nil {
			return nil, err
		}
		forms, wizards = append(forms, form.ID), append(wizards, wizard.ID)
	}
	return []gesture{
		command("list", actor, "Fewer open incidents"),
		{"a form's submit", "/slack/interactions", func(n int) url.Values {
			return interaction(actor(n), "view_submission", view.CallbackObjective, forms[n], map[string]any{"state": map[string]any{"values": map[string]any{
				"title":          field("value", fmt.Sprintf("Answer in time %d", n)),
				"owner":          field("selected_user", actor(n).ID),
				view.FieldPeriod: field("selected_option", map[string]any{"value": view.ThisQuarter}),
				view.FieldZone:   field("selected_option", map[string]any{"value": "Europe/Berlin"}),
				"channel":        field("selected_conversation", channel(0)),
			}}}, nil)
		}, func(answer []byte) bool { return len(answer) == 0 }, saysWhy},
		typeAhead(actor, func(n int) string { return wizards[n] }, func(n int) string { return fmt.Sprintf("incidents %d", n%10) }, "Open incidents of group"),
	}, nil
}

// saysWhy says whether an answer tells a person that nothing was done.
func saysWhy(answer []byte) bool { return bytes.Contains(answer, []byte("Nothing was saved")) }

func holds(words string) func([]byte) bool {
	return func(answer []byte) bool { return bytes.Contains(answer, []byte(words)) }
}

// command is a slash command.
func command(text string, who func(n int) okr.Actor, good string) gesture {
	return gesture{"a slash command", "/slack/commands", func(n int) url.Values {
		return url.Values{
			"team_id": {team}, "user_id": {who(n).ID}, "channel_id": {channel(0)}, "command": {"/okr"},
			"text": {text}, "trigger_id": {fmt.Sprint(n)},
		}
	}, holds(good), saysWhy}
}

// typeAhead looks for a scorecard. An empty list is how it is refused: there is no room for words.
func typeAhead(who func(n int) okr.Actor, draft, words func(n int) string, good string) gesture {
	return gesture{"a type-ahead", "/slack/options", func(n int) url.Values {
		return interaction(who(n), "block_suggestion", view.CallbackWizard, draft(n), nil, map[string]any{
			"block_id": view.FieldScorecard, "action_id": "v", "value": words(n),
		})
	}, holds(good), holds(`"options":[]`)}
}

func field(key string, value any) map[string]any {
	return map[string]any{"v": map[string]any{key: value}}
}

// interaction is a payload about an open modal.
func interaction(by okr.Actor, kind, callback, draft string, inView, beside map[string]any) url.Values {
	modal := map[string]any{"id": "V1", "type": "modal", "callback_id": callback, "private_metadata": draft}
	for k, v := range inView {
		modal[k] = v
	}
	payload := map[string]any{"type": kind, "team": map[string]any{"id": team}, "user": map[string]any{"id": by.ID}, "view": modal}
	for k, v := range beside {
		payload[k] = v
	}
	raw, err := json.Marshal(payload)
	if err != nil {
		panic(err) // it is all strings
	}
	return url.Values{"payload": {string(raw)}}
}

// ask sends the gestures in turn and measures each from the moment it was to be sent, so that a
// slow answer does not slow the questions.
func ask(ctx context.Context, door string, gestures []gesture, rate int, long time.Duration) (a acks) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: rate}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	var under sync.WaitGroup
	began := time.Now()
	for n := range int(long.Seconds() * float64(rate)) {
		due := began.Add(time.Duration(n) * time.Second / time.Duration(rate))
		if pause(ctx, time.Until(due)) != nil {
			break
		}
		g := gestures[n%len(gestures)]
		under.Go(func() {
			refused, err := g.ask(ctx, client, door, n/len(gestures))
			took := time.Since(due)
			if err == nil && took > slackWaits {
				err = fmt.Errorf("%s took %v", g.what, took.Round(time.Millisecond))
			}
			mu.Lock()
			defer mu.Unlock()
			a.took = append(a.took, took)
			switch {
			case err != nil:
				a.lost++
				a.why = sentence(err)
			case refused:
				a.refused++
			}
		})
	}
	under.Wait()
	slices.Sort(a.took)
	return a
}

// ask does a gesture once. It says whether it was refused, by words that say so.
func (g gesture) ask(ctx context.Context, client *http.Client, door string, n int) (refused bool, err error) {
	body := g.body(n).Encode()
	// A delivery's signature is its identity, and the same words within a second sign alike.
	body += fmt.Sprintf("&n=%d", n)
	req, err := slack.Signed(ctx, door+g.path, signingSecret, "application/x-www-form-urlencoded", []byte(body), time.Now())
	if err != nil {
		return false, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return false, err
	case resp.StatusCode == http.StatusOK && g.good(answer):
		return false, nil
	case resp.StatusCode == http.StatusOK && g.words(answer):
		return true, nil
	}
	return false, fmt.Errorf("%s was answered %d %s", g.what, resp.StatusCode, strings.TrimSpace(string(answer[:min(len(answer), 300)])))
}
