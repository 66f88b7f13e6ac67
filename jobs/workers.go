package jobs

import (
	"cmp"
	"context"
	"time"

	"github.com/riverqueue/river"

	"okrbot/store"
)

// workers are what is done about each kind of job. The names of kinds and queues and the JSON of
// arguments stand in River's table, where the version before and the one after find them: they stay as
// they are.
func (c *Client) workers() *river.Workers {
	w := river.NewWorkers()
	// A taker that lives keeps its lease, and what was read waits as long as it must to be applied. The
	// calls and the transactions have their own limits.
	add(w, -1, func(ctx context.Context, a SyncConnection) error {
		return c.givesPlace(ctx, func(ctx context.Context) error {
			return c.sync(ctx, store.HeldLane{Connection: a.Connection, Lane: a.Lane, Hold: a.Hold})
		})
	})
	add(w, usually, func(ctx context.Context, a BeginSync) error {
		return c.begin(ctx, store.HeldAsk{ID: a.Ask, Hold: a.Hold})
	})
	add(w, usually, func(ctx context.Context, a Announce) error {
		return c.speak(ctx, store.HeldPlace{Place: store.Place{Workspace: a.Workspace, Channel: a.Channel}, Hold: a.Hold})
	})
	add(w, usually, func(ctx context.Context, a ReportOutcome) error {
		return c.report(ctx, store.HeldRequest{ID: a.Request, Hold: a.Hold})
	})
	add(w, cmp.Or(c.within, 10*time.Minute), func(ctx context.Context, a RefreshDirectory) error { // it has many pages
		return c.directory(ctx, a.Connection)
	})
	add(w, usually, func(ctx context.Context, a TellNotice) error {
		return c.tellNotice(ctx, store.HeldNotice{Connection: a.Connection, Hold: a.Hold})
	})
	add(w, usually, c.postDigest)
	// A large workspace has large files. It is shorter than the hold.
	add(w, 5*time.Minute, func(ctx context.Context, a ExportWorkspace) error {
		return c.export(ctx, store.HeldExport{ID: a.Export, Hold: a.Hold})
	})
	add(w, usually, func(ctx context.Context, a PostCloseOut) error {
		return c.postCloseOut(ctx, store.HeldCloseOut{Workspace: a.Workspace, Objective: a.Objective, Hold: a.Hold})
	})
	add(w, usually, c.tellPerson)
	add(w, usually, c.askConsent)
	add(w, usually, func(ctx context.Context, a ShowHome) error {
		return c.showHome(ctx, store.HeldHome{Workspace: a.Workspace, Person: a.Person, Hold: a.Hold})
	})
	return w
}

// usually is the limit of the client's configuration on how long a job may take.
const usually time.Duration = 0

// add has a kind of job worked on by a function, within a limit; negative: without one.
func add[T river.JobArgs](w *river.Workers, limit time.Duration, work func(context.Context, T) error) {
	river.AddWorker(w, limited[T]{
		river.WorkFunc(func(ctx context.Context, job *river.Job[T]) error { return work(ctx, job.Args) }), limit,
	})
}

// limited is a worker with a limit of its own.
type limited[T river.JobArgs] struct {
	river.Worker[T]
	limit time.Duration
}

func (w limited[T]) Timeout(*river.Job[T]) time.Duration { return w.limit }
