package accounts

import (
	"context"
	"errors"
	"time"

	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// What a connection's maker is told.
const (
	NoticeRefused = "refused" // its sign-in is not taken any more
	NoticeEnds    = "ends"    // its sign-in ends by itself in 14, 3 or 1 days
)

// Refused counts a refused sign-in, in a sync or outside of one. With the second in a row the connection is
// not used again until somebody connects again, and all that reads through it fails at once. Its maker is
// told once, however many batches were under way.
func (a *Accounts) Refused(ctx context.Context, connection store.Connection, failure *integrations.Error) (rejected bool, err error) {
	err = a.store.InTx(ctx, func(tx *store.Tx) error {
		state, counted, err := tx.ConnectionRefused(ctx, connection, failure.Says)
		rejected = state == store.Rejected || state == store.Broken
		if err != nil || !rejected || !counted {
			return err
		}
		said := AsFailure(failure)
		failing, err := tx.FailConnection(ctx, connection.ID, said)
		if err != nil {
			return err
		}
		// Its maker hears of the connection and what hangs on it, in one message with the way out.
		if err := tx.Notice(ctx, connection.ID, NoticeRefused); err != nil {
			return err
		}
		return a.TellFailing(ctx, tx, failing, said.Says, connection.Owner)
	})
	return rejected, err
}

// NoteRefusal counts what came back outside of a sync, where it is a refused sign-in that the system was asked
// for: a search or a preview that is refused is one of the two refusals after which nobody tries again.
func (a *Accounts) NoteRefusal(ctx context.Context, connection store.Connection, err error) {
	var failure *integrations.Error
	if !errors.As(err, &failure) || failure.Class != integrations.Unauthorized || failure.Brief || Uncalled(failure) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if _, err := a.Refused(ctx, connection, failure); err != nil {
		a.log.Warn("counting a refused sign-in", "connection", connection.ID, "error", err)
	}
}

// TellFailing has the owners of key results that are not read any more told why, but for one who
// knows it already.
func (a *Accounts) TellFailing(ctx context.Context, tx *store.Tx, failing []store.Failing, says, knows string) error {
	var list []store.Announcement
	var cards []int64
	for _, f := range failing {
		cards = append(cards, f.KeyResult)
		if f.Owner != knows {
			list = append(list, store.Announcement{Workspace: f.Workspace, Channel: f.Owner, KeyResult: f.KeyResult, Kind: store.NewsFailed, Note: says})
		}
	}
	if err := tx.Announce(ctx, list); err != nil || len(cards) == 0 {
		return err
	}
	return tx.MarkCards(ctx, cards...)
}

// AsFailure is a failure as it is stored.
func AsFailure(f *integrations.Error) okr.Failure {
	return okr.Failure{Class: string(f.Class), Cause: f.Cause, Says: f.Sentence()}
}
