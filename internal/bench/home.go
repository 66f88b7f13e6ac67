package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"okrbot/sandbox/slack"
)

// large is how many key results somebody has whose Home is measured.
const large = 200

// measureHome has somebody with many key results open Home again and again, in a workspace of ten times
// as many.
func measureHome(ctx context.Context, b *bench) ([]row, error) {
	r, err := b.open(ctx, "cards")
	if err != nil {
		return nil, err
	}
	defer r.close(ctx)
	p, err := r.serve(ctx, r.dsn)
	if err != nil {
		return nil, err
	}
	if err := r.settle(ctx); err != nil {
		return nil, err
	}
	few, err := r.opensHome(ctx, p, owner(r.people()-1))
	if err != nil {
		return nil, err
	}
	if err := r.change(ctx, giveTo, owner(0), large); err != nil {
		return nil, err
	}
	if err := r.settle(ctx); err != nil {
		return nil, err
	}
	many, err := r.opensHome(ctx, p, owner(0))
	if err != nil {
		return nil, err
	}
	const bound = 500 * time.Millisecond
	return []row{{
		what:     fmt.Sprintf("Home of somebody with %d key results, of %s in the workspace, from when it is opened until Slack is given it: p50, p95, max", large, thousands(r.all())),
		measured: fmt.Sprintf("%d, %d, %d ms", many.at(0.5).Milliseconds(), many.at(0.95).Milliseconds(), many.at(1).Milliseconds()),
		beside:   fmt.Sprintf("with %d: %d, %d, %d ms", perOwner, few.at(0.5).Milliseconds(), few.at(0.95).Milliseconds(), few.at(1).Milliseconds()),
		goals:    []goal{atMost("p95 ≤ 500 ms", many.at(0.95).Seconds(), bound.Seconds())},
	}}, nil
}

// opensHome has somebody open Home so many times, once before it counts.
func (r *running) opensHome(ctx context.Context, p *program, person string) (t timed, err error) {
	for n := range pick(r.bench, 101, 21) {
		shown := r.slack.published()
		began := time.Now()
		if err := r.homeOpened(ctx, p, person, n); err != nil {
			return t, err
		}
		for r.slack.published() == shown {
			if time.Since(began) > 10*time.Second {
				return t, fmt.Errorf("nobody was shown Home: %s", p.said())
			}
			if err := pause(ctx, time.Millisecond); err != nil {
				return t, err
			}
		}
		if n > 0 {
			t.took = append(t.took, time.Since(began))
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil { // what was shown is noted
			return t, err
		}
	}
	slices.Sort(t.took)
	return t, nil
}

func (r *running) homeOpened(ctx context.Context, p *program, person string, n int) error {
	body, err := json.Marshal(map[string]any{
		"type": "event_callback", "team_id": team, "event_id": fmt.Sprintf("Ev%s%d", person, n),
		"event": map[string]any{"type": "app_home_opened", "user": person, "tab": "home"},
	})
	if err != nil {
		return fmt.Errorf("writing an event: %w", err)
	}
	req, err := slack.Signed(ctx, p.door()+"/slack/events", signingSecret, "application/json", body, time.Now())
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return errors.New("opening Home was answered " + resp.Status)
	}
	return nil
}
