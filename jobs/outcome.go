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
}

// Kind is stored data.
func (ReportOutcome) Kind() string { return "report_outcome" }

// InsertOpts: reports go out where posts do.
func (ReportOutcome) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueAnnounce, Priority: 1, MaxAttempts: 5}
}

// counts is how often an outcome is told before it is final: Slack takes five answers to one
// command, and the last one must not be refused.
const counts = 3

type outcomeWorker struct {
	river.WorkerDefaults[ReportOutcome]
	client *Client
}

func (w *outcomeWorker) Work(ctx context.Context, job *river.Job[ReportOutcome]) error {
	return w.client.guard(job.JobRow, func() error { return w.client.outcome(ctx, job.Args.Request) })
}

func (c *Client) outcome(ctx context.Context, id int64) error {
	request, done, whose, err := c.store.Request(ctx, id)
	if errors.Is(err, store.ErrNotFound) || request.Finished {
		return nil
	}
	if err != nil {
		return err
	}
	final := len(done) >= request.Total
	step := max(1, request.Total/(counts+1))
	if !final && (!request.Every || len(done)-request.Reported < step || request.Responses >= counts) {
		return nil // a later report says more
	}
	ids := make([]int64, len(done))
	for i, run := range done {
		ids[i] = whose[run.ID]
	}
	present, now, err := c.present(ctx, request.Workspace, ids)
	if err != nil {
		return err
	}
	o := Outcome{Request: request, Final: final, Now: now}
	for i, run := range done {
		if k, ok := present[ids[i]]; ok {
			o.Done = append(o.Done, Ended{FinishedRun: run, Present: k})
		}
	}
	told, err := c.messenger.Outcome(ctx, o)
	var u *Undelivered
	switch {
	case errors.As(err, &u) && u.Kind == NotSent:
		return river.JobSnooze(wait(u))
	case errors.As(err, &u) && u.Kind == Permanent:
		return river.JobCancel(classified("Slack does not take it: " + u.Code))
	case err != nil:
		return err
	}
	if told.Response {
		request.Responses++
	} else {
		request.MessageChannel, request.MessageTS = told.Channel, told.MessageTS
		request.Responses++
	}
	request.Reported, request.Finished = len(done), final
	return c.store.SaveReport(ctx, request)
}
