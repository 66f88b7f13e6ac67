package jobs

import (
	"context"
	"maps"
	"slices"
	"time"

	"okrbot/secret"
	"okrbot/store"
)

// Limits on syncs by hand, so that a person at a button does not wear out a system.
const (
	forceEvery  = 30 * time.Second // one key result
	forceSpan   = 5 * time.Minute
	forceInSpan = 10 // requests of one person
)

// ForceRequest asks for key results to be read now. Who may ask is decided before.
type ForceRequest struct {
	Workspace  string
	Person     string
	KeyResults []int64
	Every      bool          // several: one message that counts up
	LeftOut    store.LeftOut // what is left out already; those that were read a moment before are added
	Channel    string        // where it was asked
	View       string        // the window with a key result's details in which it was asked; else empty
	Response   secret.String // Slack's response_url, if there is one
}

// Forced is what became of a request.
type Forced struct {
	Total   int           // key results that are read
	LeftOut store.LeftOut // of what was asked for
	Paused  []int         // the numbers of those of them that are paused, and stay so
	Wait    time.Duration // those left out may be read again after that
	TooMany bool          // the person asked too often; nothing is read
	Until   time.Time     // the system asked us to wait until then, and so does some of it; else zero
}

// Force has key results read now, each by a fetch that begins after this call: it joins one that
// has not begun, else leaves its own. It does not move the cadence. It belongs into the
// transaction of whoever calls; the person hears the outcome.
func (c *Client) Force(ctx context.Context, tx *store.Tx, r ForceRequest) (Forced, error) {
	f, err := tooOften(ctx, tx, r.Workspace, r.Person)
	if err != nil || f.TooMany {
		return f, err
	}
	f, _, err = c.forceNow(ctx, tx, r)
	return f, err
}

// forceNow does so, however often the person asked, and says under which request, if any is to be
// read.
func (c *Client) forceNow(ctx context.Context, tx *store.Tx, r ForceRequest) (f Forced, request int64, err error) {
	waits, err := tx.ForceWaits(ctx, r.Workspace, r.KeyResults, forceEvery)
	if err != nil {
		return f, 0, err
	}
	list, err := tx.KeyResults(ctx, r.Workspace, store.Filter{IDs: r.KeyResults, Integrated: true})
	if err != nil {
		return f, 0, err
	}
	f.LeftOut = r.LeftOut
	var read []store.KeyResult
	var ids []int64
	for _, k := range list {
		switch {
		case k.Source.Connection == 0 || k.Closed:
			continue
		case waits[k.ID] > 0:
			f.Wait = max(f.Wait, waits[k.ID])
			f.LeftOut.Lately++
			continue
		case k.Source.Waiting.After(f.Until):
			f.Until = k.Source.Waiting
		}
		if k.Paused {
			f.Paused = append(f.Paused, k.Number)
		}
		read = append(read, k)
		ids = append(ids, k.ID)
	}
	if len(read) == 0 {
		return f, 0, nil
	}
	f.Total = len(read)
	request, err = tx.CreateRequest(ctx, store.SyncRequest{
		Workspace: r.Workspace, Person: r.Person, Every: r.Every, Channel: r.Channel, View: r.View, Response: r.Response, Total: len(read), LeftOut: f.LeftOut,
	})
	if err != nil {
		return f, 0, err
	}
	if err := tx.MarkForced(ctx, r.Workspace, ids); err != nil {
		return f, 0, err
	}
	return f, request, c.force(ctx, tx, r.Workspace, request, read)
}

// Import has key results read that were just connected or follow another scorecard now, with
// their history from the period's start. Nobody waits for it and no limit applies.
func (c *Client) Import(ctx context.Context, tx *store.Tx, workspace string, keyResults ...int64) error {
	list, err := tx.KeyResults(ctx, workspace, store.Filter{IDs: keyResults, Integrated: true})
	if err != nil {
		return err
	}
	return c.force(ctx, tx, workspace, 0, list)
}

// force leaves the runs of key results, connection by connection.
func (c *Client) force(ctx context.Context, tx *store.Tx, workspace string, request int64, list []store.KeyResult) error {
	byConnection := map[int64][]int64{}
	var ids []int64
	for _, k := range list {
		if k.Source.Connection == 0 {
			continue
		}
		byConnection[k.Source.Connection] = append(byConnection[k.Source.Connection], k.ID)
		ids = append(ids, k.ID)
	}
	// What kept a card from being drawn may be fixed by now.
	if err := tx.UnparkCards(ctx, ids); err != nil {
		return err
	}
	for _, connection := range slices.Sorted(maps.Keys(byConnection)) {
		if err := tx.ForceRuns(ctx, workspace, connection, request, byConnection[connection]); err != nil {
			return err
		}
		if err := c.leaveSyncs(ctx, tx, connection); err != nil {
			return err
		}
	}
	return nil
}
