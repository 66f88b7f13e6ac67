package jobs

import (
	"context"
	"errors"

	"github.com/riverqueue/river"

	"okrbot/store"
)

// ReportOutcome tells a person how their sync went, or how far it is.
type ReportOutcome struct {
	Request int64 `json:"request"`
	Hold    int64 `json:"hold"`
}

func (ReportOutcome) Kind() string { return "report_outcome" }

// InsertOpts: reports go out where posts do, and before them, since somebody waits.
func (ReportOutcome) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueAnnounce, Priority: 1}
}

const (
	// counts is how often it is told how far a request is. Slack takes five answers to one command: what
	// is read, these, and the outcome, which must not be refused.
	counts = 3
	// reportsAtMost is how often a report is tried that does not arrive. Where the answer was lost, it is
	// sent once more.
	reportsAtMost = 5
)

// Reporter tells people what becomes of the syncs they asked for.
type Reporter interface {
	// Begun tells a person who wants all of theirs read what is, in place of what the command answered.
	Begun(ctx context.Context, b Begun) (Told, error)
	// Outcome tells a person how their sync went, or how far it is.
	Outcome(ctx context.Context, o Outcome) (Told, error)
}

func (c *Client) report(ctx context.Context, held store.HeldRequest) error {
	if mine, err := c.store.KeepRequest(ctx, held); err != nil || !mine {
		return err
	}
	request, ended, err := c.store.Request(ctx, held.ID)
	if err != nil {
		return err // the hold ends, and another job tries
	}
	err = c.tell(ctx, held, request, ended)
	var u *Undelivered
	switch {
	case errors.As(err, &u) && u.Kind == NotSent && u.After > 0:
		return c.store.ReleaseRequest(ctx, held, u.After, false)
	case err != nil && (request.Failures+1 >= reportsAtMost || errors.As(err, &u) && (u.Kind == Permanent || u.Kind == Ambiguous && request.Failures > 0)):
		c.log.Warn("an outcome was not told", "request", request.ID, "error", err)
		request.Finished = true
		return c.store.SaveReport(ctx, held, request)
	case err != nil:
		c.log.Warn("an outcome was not told yet", "request", request.ID, "error", err)
		return c.store.ReleaseRequest(ctx, held, again(err, request.Failures), true)
	}
	return c.store.ReleaseRequest(ctx, held, 0, false)
}

// tell says what is to be said about a request, if it is time to, and notes it.
func (c *Client) tell(ctx context.Context, held store.HeldRequest, request store.SyncRequest, ended []store.Ending) error {
	final := len(ended) >= request.Total
	step := max(1, request.Total/(counts+1))
	if !final && !request.Waits.IsZero() && request.Responses <= counts {
		return c.tellWait(ctx, held, request, len(ended))
	}
	if !final && (!request.Every || len(ended)-request.Reported < step || request.Responses > counts) {
		return nil // a later report says more
	}
	ids := make([]int64, len(ended))
	for i, e := range ended {
		ids[i] = e.KeyResult
	}
	present, now, err := c.present(ctx, request.Workspace, ids)
	if err != nil {
		return err
	}
	o := Outcome{Request: request, Final: final, Now: now}
	for _, e := range ended {
		if k, ok := present[e.KeyResult]; ok {
			o.Done = append(o.Done, Ended{Ending: e, Present: k})
		}
	}
	told, err := c.messenger.Outcome(ctx, o)
	if err != nil {
		return err
	}
	request.Reported, request.Finished = len(ended), final
	return c.saveReport(ctx, held, request, told)
}

// tellWait says that a system asked us to wait with what is still to be read.
func (c *Client) tellWait(ctx context.Context, held store.HeldRequest, request store.SyncRequest, done int) error {
	present, now, err := c.present(ctx, request.Workspace, request.Waiting)
	if err != nil || !request.Waits.After(now) {
		return err
	}
	o := Outcome{Request: request, Now: now}
	for _, id := range request.Waiting {
		if k, ok := present[id]; ok {
			o.Waiting = append(o.Waiting, k)
		}
	}
	told, err := c.messenger.Outcome(ctx, o)
	if err != nil {
		return err
	}
	request.Reported = done
	return c.saveReport(ctx, held, request, told)
}

// saveReport notes where a person was told, so that the next report finds it.
func (c *Client) saveReport(ctx context.Context, held store.HeldRequest, request store.SyncRequest, told Told) error {
	if !told.Response {
		request.MessageChannel, request.MessageTS = told.Channel, told.MessageTS
	}
	request.Responses++
	return c.store.SaveReport(ctx, held, request)
}
