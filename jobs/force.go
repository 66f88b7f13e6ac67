package jobs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"okrbot/secret"
	"okrbot/store"
)

// Limits on syncs by hand, so that a person at a button does not wear out ServiceNow.
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
	Every      bool          // sync all: one message that counts up
	Channel    string        // where it was asked
	Response   secret.String // Slack's response_url, if there is one
}

// Forced is what became of a request.
type Forced struct {
	Total   int           // key results that are read
	Wait    time.Duration // those left out may be read again after that
	TooMany bool          // the person asked too often; nothing is read
}

// Force has key results read now, each by a fetch that begins after this call: it joins one that
// has not begun, else leaves its own. It does not move the cadence. It belongs into the
// transaction of whoever calls; the person hears the outcome.
func (c *Client) Force(ctx context.Context, tx *store.Tx, r ForceRequest) (Forced, error) {
	count, wait, err := tx.RecentRequests(ctx, r.Workspace, r.Person, forceSpan)
	if err != nil {
		return Forced{}, err
	}
	if count >= forceInSpan {
		return Forced{TooMany: true, Wait: wait}, nil
	}
	waits, err := tx.ForceWaits(ctx, r.Workspace, r.KeyResults, forceEvery)
	if err != nil {
		return Forced{}, err
	}
	var f Forced
	var now []int64
	for _, id := range r.KeyResults {
		if waits[id] > 0 {
			f.Wait = max(f.Wait, waits[id])
			continue
		}
		now = append(now, id)
	}
	if len(now) == 0 {
		return f, nil
	}
	f.Total = len(now)
	request, err := tx.CreateRequest(ctx, store.SyncRequest{
		Workspace: r.Workspace, Person: r.Person, Every: r.Every, Channel: r.Channel, Response: r.Response, Total: len(now),
	})
	if err != nil {
		return Forced{}, err
	}
	return f, c.force(ctx, tx, r.Workspace, request, now)
}

// Import has key results read that were just connected or follow another scorecard now, with
// their history from the period's start. Nobody waits for it and no limit applies.
func (c *Client) Import(ctx context.Context, tx *store.Tx, workspace string, keyResults ...int64) error {
	return c.force(ctx, tx, workspace, 0, keyResults)
}

func (c *Client) force(ctx context.Context, tx *store.Tx, workspace string, request int64, ids []int64) error {
	if err := tx.MarkForced(ctx, workspace, ids); err != nil {
		return err
	}
	if err := tx.UnparkCards(ctx, ids); err != nil {
		return err
	}
	list, err := tx.KeyResults(ctx, workspace, store.Filter{IDs: ids, Integrated: true})
	if err != nil {
		return err
	}
	byConnection := map[int64][]store.KeyResult{}
	for _, k := range list {
		byConnection[k.Source.Connection] = append(byConnection[k.Source.Connection], k)
	}
	for connection, group := range byConnection {
		reference := map[int64]string{}
		var groupIDs []int64
		for _, k := range group {
			reference[k.ID] = k.Source.Reference
			groupIDs = append(groupIDs, k.ID)
		}
		_, fresh, err := tx.ForceRuns(ctx, workspace, connection, request, groupIDs)
		if err != nil {
			return err
		}
		for i := range fresh {
			fresh[i].Reference = reference[fresh[i].KeyResult]
		}
		slices.SortFunc(fresh, func(a, b store.QueuedRun) int {
			return cmp.Or(cmp.Compare(a.Reference, b.Reference), cmp.Compare(a.KeyResult, b.KeyResult))
		})
		if err := c.leave(ctx, tx, connection, fresh, queueForced); err != nil {
			return fmt.Errorf("leaving a forced sync: %w", err)
		}
	}
	return nil
}
