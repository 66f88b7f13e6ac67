package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"okrbot/bot"
	"okrbot/bot/view"
	"okrbot/jobs"
	"okrbot/okr"
	"okrbot/sandbox/slack"
	"okrbot/secret"
	"okrbot/store"
	"okrbot/store/embedded"
)

const (
	perSecond     = 200
	askFor        = 20 * time.Second
	ninetyNineIn  = 250 * time.Millisecond
	allIn         = 2500 * time.Millisecond
	signingSecret = "bench-signing-secret"
)

// gesture is one kind of thing that people do, n times in a row.
type gesture struct {
	what, path string
	body       func(n int) url.Values
	answers    string // what a good answer holds; empty: nothing, which closes a form
}

// measureAck sends gestures at a steady pace, whether or not earlier ones were answered, while
// every key result is synced again and again.
func measureAck(ctx context.Context, server *embedded.Server) ([]row, error) {
	c, err := newCompany(ctx, server, "acks", large, true)
	if err != nil {
		return nil, err
	}
	defer c.close()
	c.slow()
	door, stop, err := c.serve(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	gestures, err := c.gestures(ctx)
	if err != nil {
		return nil, err
	}
	syncing, enough := context.WithCancel(ctx)
	defer enough()
	rounds := make(chan error, 1)
	go func() { rounds <- c.keepSyncing(syncing) }()

	took, err := ask(ctx, door, gestures)
	if err != nil {
		return nil, err
	}
	enough()
	if err := <-rounds; err != nil && !errors.Is(err, context.Canceled) {
		return nil, err
	}
	rows := make([]row, len(gestures))
	for i, g := range gestures {
		rows[i] = ackRow(g.what, took[i])
	}
	return rows, nil
}

func ackRow(what string, took []time.Duration) row {
	slices.Sort(took)
	at := func(part float64) time.Duration { return took[int(part*float64(len(took)-1))] }
	p50, p99, most := at(0.50), at(0.99), took[len(took)-1]
	return row{
		what:     fmt.Sprintf("Ack of %s, %d requests/s, syncs running: p50, p99, max", what, perSecond),
		measured: fmt.Sprintf("%d, %d, %d ms", p50.Milliseconds(), p99.Milliseconds(), most.Milliseconds()),
		target:   fmt.Sprintf("p99 below %d ms, none above %.1f s", ninetyNineIn.Milliseconds(), allIn.Seconds()),
		missed:   p99 >= ninetyNineIn || most > allIn,
	}
}

// serve is the web and the work of one process, put together as `okrbot serve` does.
func (c *company) serve(ctx context.Context) (door string, stop func(), err error) {
	var closers []func()
	stop = func() {
		for _, closeOne := range slices.Backward(closers) {
			closeOne()
		}
	}
	defer func() {
		if err != nil {
			stop()
		}
	}()
	pool := func(size int32) (*store.Store, error) {
		p, err := store.Open(ctx, c.dsn, size)
		if err != nil {
			return nil, err
		}
		closers = append(closers, p.Close)
		return store.New(p, c.keys), nil
	}
	web, err := pool(webConnections)
	if err != nil {
		return "", nil, err
	}
	working, err := pool(workConnections)
	if err != nil {
		return "", nil, err
	}
	river, err := store.Open(ctx, c.dsn, riverConnections)
	if err != nil {
		return "", nil, err
	}
	closers = append(closers, river.Close)
	client, err := jobs.New(jobs.Options{Pool: river, Store: working, Connectors: c.connectors, Log: slog.Default(), Work: true})
	if err != nil {
		return "", nil, err
	}
	api := newSlack()
	closers = append(closers, api.Close)
	b := bot.New(web, client, bot.NewSlack(bot.SlackOptions{APIURL: api.URL + "/api/", BotToken: secret.New("xoxb-bench")}), c.connectors,
		bot.Settings{DefaultZone: "UTC", SigningSecret: secret.New(signingSecret)}, slog.Default())
	client.SetMessenger(b.Messenger())
	if err := b.Introduce(ctx); err != nil {
		return "", nil, err
	}
	closers = append(closers, b.Close)
	if err := client.Start(ctx); err != nil {
		return "", nil, err
	}
	closers = append(closers, func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
		defer cancel()
		client.Stop(stopping)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("listening: %w", err)
	}
	front := bot.Server(b.Handler())
	closers = append(closers, func() { _ = front.Close() })
	go func() { _ = front.Serve(bot.Limit(listener)) }()
	return "http://" + listener.Addr().String(), stop, nil
}

// keepSyncing makes an instance's key results due again as soon as they are synced.
func (c *company) keepSyncing(ctx context.Context) error {
	for round := 1; ; round++ {
		idle, err := c.idle(ctx)
		if err != nil {
			return err
		}
		for _, instance := range idle {
			if err := c.dueAgain(ctx, instance, round); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// gestures prepares what people do: their forms were opened before.
func (c *company) gestures(ctx context.Context) ([]gesture, error) {
	s := store.New(c.watch, c.keys)
	shared, err := s.ConnectionsFor(ctx, head)
	if err != nil {
		return nil, err
	}
	var forms, wizards []string
	for n := range int(askFor.Seconds()*perSecond)/3 + 1 {
		if err := s.SavePerson(ctx, store.Person{Actor: owner(n), Name: "somebody", Zone: "UTC"}); err != nil {
			return nil, err
		}
		form, err := s.CreateDraft(ctx, owner(n), view.CallbackObjective, "fill", struct{}{})
		if err != nil {
			return nil, err
		}
		wizard, err := s.CreateDraft(ctx, owner(n), view.CallbackWizard, "source", map[string]any{"Connection": shared[n%len(shared)].ID})
		if err != nil {
			return nil, err
		}
		forms, wizards = append(forms, form.ID), append(wizards, wizard.ID)
	}
	return []gesture{
		{"a slash command", "/slack/commands", func(n int) url.Values {
			return url.Values{
				"team_id": {team}, "user_id": {owner(n).ID}, "channel_id": {channelsFrom + "0"}, "command": {"/okr"},
				"text": {"list"}, "trigger_id": {fmt.Sprint(n)},
			}
		}, "Fewer open incidents"},
		{"a form's submit", "/slack/interactions", func(n int) url.Values {
			return interaction(owner(n), "view_submission", view.CallbackObjective, forms[n], map[string]any{"state": map[string]any{"values": map[string]any{
				"title":          field("value", fmt.Sprintf("Answer in time %d", n)),
				"owner":          field("selected_user", owner(n).ID),
				view.FieldPeriod: field("selected_option", map[string]any{"value": view.ThisQuarter}),
				view.FieldZone:   field("selected_option", map[string]any{"value": "Europe/Berlin"}),
				"channel":        field("selected_conversation", channelsFrom+"0"),
			}}}, nil)
		}, ""},
		typeAhead(owner, func(n int) string { return wizards[n] }, func(n int) string { return fmt.Sprintf("incidents %d", n%10) }, "Open incidents of group"),
	}, nil
}

// typeAhead looks for a scorecard.
func typeAhead(who func(n int) okr.Actor, draft, words func(n int) string, answers string) gesture {
	return gesture{"a type-ahead", "/slack/options", func(n int) url.Values {
		return interaction(who(n), "block_suggestion", view.CallbackWizard, draft(n), nil, map[string]any{
			"block_id": view.FieldScorecard, "action_id": "v", "value": words(n),
		})
	}, answers}
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
func ask(ctx context.Context, door string, gestures []gesture) ([][]time.Duration, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: perSecond}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	took := make([][]time.Duration, len(gestures))
	var mu sync.Mutex
	var failed error
	var under sync.WaitGroup
	began := time.Now()
	for n := range int(askFor.Seconds() * perSecond) {
		due := began.Add(time.Duration(n) * time.Second / perSecond)
		time.Sleep(time.Until(due))
		kind := n % len(gestures)
		under.Go(func() {
			err := askOne(ctx, client, door, gestures[kind], n/len(gestures))
			mu.Lock()
			defer mu.Unlock()
			took[kind] = append(took[kind], time.Since(due))
			if err != nil && failed == nil {
				failed = fmt.Errorf("asking for %s: %w", gestures[kind].what, err)
			}
		})
	}
	under.Wait()
	return took, failed
}

func askOne(ctx context.Context, client *http.Client, door string, g gesture, n int) error {
	body := g.body(n).Encode()
	// A delivery's signature is its identity, and the same words within a second sign alike.
	body += fmt.Sprintf("&n=%d", n)
	req, err := slack.Signed(ctx, door+g.path, signingSecret, "application/x-www-form-urlencoded", []byte(body), time.Now())
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK || !bytes.Contains(answer, []byte(g.answers)) || g.answers == "" && len(answer) > 0 {
		return fmt.Errorf("answered %d %s", resp.StatusCode, strings.TrimSpace(string(answer[:min(len(answer), 300)])))
	}
	return nil
}
