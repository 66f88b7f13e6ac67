package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
	"okrbot/store/embedded"
)

const (
	directory   = 10000 // scorecards of a connection
	searches    = 200
	suggestedIn = 300 * time.Millisecond
)

// measureSearch types two letters again and again, at the door of a bot whose connection lists very
// many scorecards.
func measureSearch(ctx context.Context, server *embedded.Server) ([]row, error) {
	c, err := newCompany(ctx, server, "searched", medium, false)
	if err != nil {
		return nil, err
	}
	defer c.close()
	if err := execute(ctx, c.dsn, fmt.Sprintf(`
		insert into scorecards (connection_id, reference, workspace_id, name, description, unit, precision, direction, frequency, is_key, favorite, seen_at)
		select c.id, lpad(to_hex(n), 32, 'f'), c.workspace_id, 'Requests of team ' || md5(n::text), 'Requests that wait for ' || md5((n * 7)::text), '#%%', 1, 'minimize', 'daily', n %% 50 = 0, n %% 200 = 0, now()
		from connections c, generate_series(%d, %d) n`, medium.scorecards+1, directory)); err != nil {
		return nil, err
	}
	if err := c.settle(ctx); err != nil {
		return nil, err
	}
	door, stop, err := c.serve(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	s := store.New(c.watch, c.keys)
	shared, err := s.ConnectionsFor(ctx, head)
	if err != nil {
		return nil, err
	}
	if err := s.SavePerson(ctx, store.Person{Actor: head, Name: "somebody", Zone: "UTC"}); err != nil {
		return nil, err
	}
	draft, err := s.CreateDraft(ctx, head, view.CallbackWizard, view.StepScorecard, map[string]any{"Connection": shared[0].ID})
	if err != nil {
		return nil, err
	}
	typing := typeAhead(func(int) okr.Actor { return head }, func(int) string { return draft.ID }, func(n int) string { return fmt.Sprintf("%02x", n%256) }, "Requests of team")
	took := make([]time.Duration, searches)
	for n := range took {
		began := time.Now()
		if err := askOne(ctx, http.DefaultClient, door, typing, n); err != nil {
			return nil, fmt.Errorf("searching: %w", err)
		}
		took[n] = time.Since(began)
	}
	slices.Sort(took)
	p50, p95 := took[searches/2], took[searches*95/100]
	return []row{{
		what:     fmt.Sprintf("Ranked results for two letters, of %d scorecards: p50, p95", directory),
		measured: fmt.Sprintf("%d, %d ms", p50.Milliseconds(), p95.Milliseconds()),
		target:   fmt.Sprintf("p95 within %d ms", suggestedIn.Milliseconds()), missed: p95 > suggestedIn,
	}}, nil
}
