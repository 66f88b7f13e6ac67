package jobs

import (
	"context"
	"errors"

	"github.com/riverqueue/river"

	"okrbot/accounts"
	"okrbot/integrations"
	"okrbot/store"
)

// RefreshDirectory reads a connection's list of scorecards, which type-ahead searches.
type RefreshDirectory struct {
	Connection int64 `json:"connection"`
}

func (RefreshDirectory) Kind() string { return "refresh_directory" }

func (RefreshDirectory) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueDirectory} }

// pagesAtMost bounds a listing that never ends: 100 scorecards a page.
const pagesAtMost = 1000

// Directory has a connection's list of scorecards read again: when it was just connected, or when
// somebody searched and found nothing. Within ten minutes of the last time it does nothing.
func (c *Client) Directory(ctx context.Context, tx *store.Tx, connection int64) error {
	taken, err := tx.DemandDirectory(ctx, connection)
	if err != nil || !taken {
		return err
	}
	return c.insert(ctx, tx, []river.InsertManyParams{{Args: RefreshDirectory{Connection: connection}}})
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
	began, err := c.store.Now(ctx)
	if err != nil || connection.Waiting.After(began) {
		return err
	}
	for page := 1; page <= pagesAtMost; page++ {
		var found integrations.Page
		err := c.accounts.With(ctx, connection, func(account integrations.Account) error {
			var err error
			found, err = connector.Search(ctx, account, "", page)
			return err
		})
		var failure *integrations.Error
		if errors.As(err, &failure) {
			return c.directoryFailed(ctx, connection, failure)
		}
		if err != nil {
			return err
		}
		err = c.store.InTx(ctx, func(tx *store.Tx) error {
			if err := tx.SaveScorecards(ctx, connection, Listed(found.Scorecards)); err != nil {
				return err
			}
			if found.More {
				return nil
			}
			if err := tx.SignInWorks(ctx, connection.ID); err != nil {
				return err
			}
			return tx.DirectoryRead(ctx, connection, began)
		})
		if err != nil || !found.More {
			return err
		}
	}
	return nil
}

// Listed are scorecards as a directory keeps them.
func Listed(scorecards []integrations.Scorecard) []store.Listed {
	list := make([]store.Listed, len(scorecards))
	for i, s := range scorecards {
		list[i] = store.Listed{Key: s.Key, Favorite: s.Favorite, Scorecard: store.Scorecard{
			Reference: s.Ref, Name: s.Name, Description: s.Description, Unit: s.Unit, Precision: s.Precision,
			Direction: string(s.Direction), Frequency: s.Frequency, Target: s.Target, Value: s.Value,
		}}
	}
	return list
}

// Unlisted are scorecards that a system finds and does not list, as a directory keeps them.
func Unlisted(scorecards []integrations.Scorecard) []store.Listed {
	list := Listed(scorecards)
	for i := range list {
		list[i].Hidden = true
	}
	return list
}

// directoryFailed follows the same courtesy as a sync: wait when asked to, stop when refused.
func (c *Client) directoryFailed(ctx context.Context, connection store.Connection, failure *integrations.Error) error {
	switch failure.Class {
	case integrations.RateLimited:
		return c.store.InTx(ctx, func(tx *store.Tx) error { return tx.MakeWait(ctx, connection, accounts.WaitOf(failure.After)) })
	case integrations.Unauthorized:
		_, err := c.accounts.Refused(ctx, connection, failure)
		return err
	}
	c.log.Warn("a directory was not read; it is tried again in a while", "connection", connection.ID, "class", failure.Class, "cause", failure.Cause)
	return nil
}
