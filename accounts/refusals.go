package accounts

import (
	"cmp"
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

// Ask is With for what a person asks outside of a sync, in a search, a preview or a test. Nothing is
// asked while the system wants to be left alone; and where it refuses the sign-in, or asks to wait, that
// counts as it does in a sync. Who is to wait is told for how long.
func (a *Accounts) Ask(ctx context.Context, connection store.Connection, do func(integrations.Account) error) error {
	if !connection.Waiting.IsZero() {
		now, err := a.store.Now(ctx)
		if err != nil {
			return err
		}
		if wait := connection.Waiting.Sub(now); wait > 0 {
			return Waiting(a.connectors.Name(connection.Kind), wait)
		}
	}
	err := a.With(ctx, connection, do)
	a.note(ctx, connection, err)
	return a.untilWhen(connection.Kind, err)
}

// Try is Ask for a sign-in that is being tried, and is no connection yet: what connections of the workspace to the
// same system, or others who tried, were asked to wait holds here, and what is asked here holds for them. A refusal
// counts with nobody: whoever tries counts it.
func (a *Accounts) Try(ctx context.Context, workspace, kind, origin string, do func() error) error {
	wait, err := a.store.WaitOf(ctx, workspace, origin)
	if err != nil {
		return err
	}
	if wait > 0 {
		return Waiting(a.connectors.Name(kind), wait)
	}
	err = do()
	var failure *integrations.Error
	if errors.As(err, &failure) && failure.Class == integrations.RateLimited {
		a.note(ctx, store.Connection{Workspace: workspace, Kind: kind, Origin: origin}, err)
	}
	return a.untilWhen(kind, err)
}

// untilWhen is what came back, with the time to try again where the system asks a person to wait: nothing that they
// asked for goes on by itself.
func (a *Accounts) untilWhen(kind string, err error) error {
	var failure *integrations.Error
	if errors.As(err, &failure) && failure.Class == integrations.RateLimited && !Uncalled(failure) {
		return Waiting(a.connectors.Name(kind), WaitOf(failure.After))
	}
	return err
}

// note counts what came back outside of a sync, where the system was asked for it: a search or a preview
// that is refused is one of the two refusals after which nobody tries again.
func (a *Accounts) note(ctx context.Context, connection store.Connection, answer error) {
	var failure *integrations.Error
	if !errors.As(answer, &failure) || Uncalled(failure) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	var err error
	switch {
	case failure.Class == integrations.RateLimited:
		err = a.store.InTx(ctx, func(tx *store.Tx) error { return tx.MakeWait(ctx, connection, WaitOf(failure.After)) })
	case failure.Class == integrations.Unauthorized && !failure.Brief:
		_, err = a.Refused(ctx, connection, failure)
	}
	if err != nil {
		a.log.Warn("counting what a system refused", "connection", connection.ID, "error", err)
	}
}

// WaitOf is how long a system is left alone that asks for it: a minute where it does not say how long,
// and a day at most.
func WaitOf(said time.Duration) time.Duration {
	return min(cmp.Or(said, time.Minute), 24*time.Hour)
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
