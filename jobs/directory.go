package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"okrbot/integrations"
	"okrbot/store"
)

// RefreshDirectory reads a connection's list of scorecards, which type-ahead searches.
type RefreshDirectory struct {
	Connection int64 `json:"connection" river:"unique"`
}

// Kind is stored data.
func (RefreshDirectory) Kind() string { return "refresh_directory" }

// InsertOpts: one at a time for a connection.
func (RefreshDirectory) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueDirectory, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unique}}
}

// pagesAtMost bounds a listing that never ends: 100 scorecards a page.
const pagesAtMost = 1000

// Directory leaves a job that reads a connection's list of scorecards anew.
func (c *Client) Directory(ctx context.Context, tx *store.Tx, connection int64) error {
	_, err := c.river.InsertTx(ctx, tx.Pgx(), RefreshDirectory{Connection: connection}, nil)
	return err
}

type directoryWorker struct {
	river.WorkerDefaults[RefreshDirectory]
	client *Client
}

// Timeout is longer than other jobs': a directory has many pages.
func (w *directoryWorker) Timeout(*river.Job[RefreshDirectory]) time.Duration {
	return 110 * time.Second
}

func (w *directoryWorker) Work(ctx context.Context, job *river.Job[RefreshDirectory]) error {
	return w.client.guard(job.JobRow, func() error { return w.client.directory(ctx, job.Args.Connection) })
}

func (c *Client) directory(ctx context.Context, id int64) error {
	connection, err := c.store.ConnectionByID(ctx, id)
	if errors.Is(err, store.ErrNotFound) || connection.State != store.Active && err == nil {
		return nil
	}
	if err != nil {
		return err
	}
	connector, err := c.connectors.ByKind(connection.Kind)
	if err != nil {
		return err
	}
	fields, err := c.store.Unseal(connection)
	if err != nil {
		return err
	}
	account := integrations.Account{Origin: connection.Origin, SignIn: connection.SignIn, Fields: fields}
	began, err := c.store.Now(ctx)
	if err != nil {
		return err
	}
	for page := 1; page <= pagesAtMost; page++ {
		found, err := connector.Search(ctx, account, "", page)
		var failure *integrations.Error
		if errors.As(err, &failure) {
			return c.directoryFailed(ctx, connection, failure)
		}
		if err != nil {
			return err
		}
		err = c.store.InTx(ctx, func(tx *store.Tx) error {
			if err := tx.SaveScorecards(ctx, connection, listed(found.Scorecards)); err != nil {
				return err
			}
			if found.More {
				return nil
			}
			return tx.DirectoryRead(ctx, connection, began)
		})
		if err != nil || !found.More {
			return err
		}
	}
	return nil
}

func listed(scorecards []integrations.Scorecard) []store.Listed {
	list := make([]store.Listed, len(scorecards))
	for i, s := range scorecards {
		list[i] = store.Listed{Key: s.Key, Favorite: s.Favorite, Scorecard: store.Scorecard{
			Reference: s.Ref, Name: s.Name, Description: s.Description, Unit: s.Unit, Precision: s.Precision,
			Direction: string(s.Direction), Frequency: s.Frequency, Target: s.Target, Value: s.Value,
		}}
	}
	return list
}

// directoryFailed follows the same courtesy as a sync: wait when asked to, stop when refused.
func (c *Client) directoryFailed(ctx context.Context, connection store.Connection, failure *integrations.Error) error {
	switch failure.Class {
	case integrations.RateLimited:
		pause := failure.After
		if pause == 0 {
			pause = unsaid
		}
		pause = min(pause, longest)
		if err := c.store.InTx(ctx, func(tx *store.Tx) error { return tx.MakeWait(ctx, connection, pause) }); err != nil {
			return err
		}
		return river.JobSnooze(pause)
	case integrations.Unauthorized:
		return c.store.InTx(ctx, func(tx *store.Tx) error {
			_, err := tx.ConnectionRefused(ctx, connection.ID)
			return err
		})
	}
	return failure
}

// upkeep forgets what has had its time and leaves the daily reading of directories. What is old
// is decided by the database's clock, and doing it twice does no harm.
func (c *Client) upkeep(ctx context.Context) error {
	if err := c.store.Tidy(ctx); err != nil {
		return err
	}
	stale, err := c.store.StaleDirectories(ctx)
	if err != nil || len(stale) == 0 {
		return err
	}
	jobs := make([]river.InsertManyParams, len(stale))
	for i, id := range stale {
		jobs[i] = river.InsertManyParams{Args: RefreshDirectory{Connection: id}}
	}
	_, err = c.river.InsertMany(ctx, jobs)
	return err
}
