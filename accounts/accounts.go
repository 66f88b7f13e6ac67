// Package accounts signs in to the systems that are read: it opens what is sealed, renews access tokens, by
// one process for all, and counts what is refused, so that no account is locked.
package accounts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"okrbot/integrations"
	"okrbot/internal/underway"
	"okrbot/store"
)

// Accounts are the sign-ins of connections.
type Accounts struct {
	store      *store.Store
	connectors integrations.Registry
	log        *slog.Logger

	renewals underway.Work // that are under way
	closing  context.Context
	end      context.CancelFunc
}

// New is how to sign in to what connectors read.
func New(s *store.Store, connectors integrations.Registry, log *slog.Logger) *Accounts {
	a := &Accounts{store: s, connectors: connectors, log: log}
	a.closing, a.end = context.WithCancel(context.Background())
	return a
}

// closeWithin is how long renewals that are under way are waited for before they are ended.
const closeWithin = 3 * time.Second

// Close lets the renewals that are under way end, and has none begin any more.
func (a *Accounts) Close() {
	defer time.AfterFunc(closeWithin, a.end).Stop()
	a.renewals.Close()
}

// renewWithin is how long a renewal may take, and how long one waits for somebody else's. The lease is longer.
const renewWithin = 20 * time.Second

// With signs in as a connection and does something with the account. An access token whose time
// has come is renewed first, by one process for all; one that is refused all the same is renewed
// once, and what was to be done is done once more. An error that people can read is an
// *integrations.Error.
func (a *Accounts) With(ctx context.Context, connection store.Connection, do func(integrations.Account) error) error {
	account, epoch, err := a.account(ctx, connection, false)
	if err != nil {
		return err
	}
	err = do(account)
	var failure *integrations.Error
	if connection.Client == 0 || !errors.As(err, &failure) || failure.Class != integrations.Unauthorized {
		return err
	}
	connection.TokenEpoch = epoch
	if account, _, err = a.account(ctx, connection, true); err != nil {
		return err
	}
	return do(account)
}

// account is how a connection signs in at the moment. Stale says that the token of the connection's
// epoch was refused.
func (a *Accounts) account(ctx context.Context, connection store.Connection, stale bool) (integrations.Account, int64, error) {
	account := integrations.Account{Origin: connection.Origin, SignIn: connection.SignIn, Connection: connection.ID}
	if connection.Client == 0 {
		fields, err := a.open(ctx, connection)
		account.Fields = fields
		return account, 0, err
	}
	refused := connection.TokenEpoch
	for end := time.Now().Add(renewWithin); ; {
		now, err := a.store.TokenStanding(ctx, connection.ID)
		if err != nil {
			return account, 0, err
		}
		if now.State != store.Active {
			if fresh, err := a.store.ConnectionByID(ctx, connection.ID); err == nil {
				connection = fresh
			}
			connection.State = now.State
			return account, 0, a.Unused(connection)
		}
		if now.Epoch != connection.TokenEpoch {
			if connection, err = a.store.ConnectionByID(ctx, connection.ID); err != nil {
				return account, 0, err
			}
			if connection.Client == 0 {
				return a.account(ctx, connection, false) // somebody gave it a password instead
			}
			continue // look at it again: it may be old too
		}
		if !now.Due && !(stale && refused == now.Epoch) {
			fields, err := a.open(ctx, connection)
			if err != nil {
				return account, 0, err
			}
			account.Fields = integrations.Fields{integrations.AccessToken: fields[integrations.AccessToken]}
			return account, now.Epoch, nil
		}
		by := time.Now().Add(renewWithin)
		lease, mine, err := a.store.LeaseTokens(ctx, connection.ID, now.Epoch)
		if err != nil {
			return account, 0, err
		}
		if mine {
			if err := a.renewApart(ctx, connection, lease, by); err != nil {
				return account, 0, err
			}
			continue
		}
		if time.Now().After(end) {
			return account, 0, Renewing()
		}
		select {
		case <-ctx.Done():
			return account, 0, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// renewApart renews for all who need the access token, and goes on where whoever waits for it leaves: a request
// that is stopped half-way can lose a refresh token that the system has replaced. By is when it has to be done: it
// counts from before the lease was asked for, so that who is frozen meanwhile does not renew beside the next one.
func (a *Accounts) renewApart(ctx context.Context, connection store.Connection, lease store.TokenLease, by time.Time) error {
	done := make(chan error, 1)
	if !a.renewals.Go(func() {
		whole, cancel := context.WithDeadline(context.WithoutCancel(ctx), by)
		defer cancel()
		defer context.AfterFunc(a.closing, cancel)()
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("renewing the tokens of connection %d panicked: %v", connection.ID, p)
			}
		}()
		done <- a.renew(whole, connection, lease)
	}) {
		a.leave(ctx, lease)
		return context.Canceled
	}
	return ended(ctx, done)
}

// ended waits for a renewal, a little longer than it may take: one that ignores its context must not hold
// whoever needs the token.
func ended(ctx context.Context, done <-chan error) error {
	late := time.NewTimer(renewWithin + 5*time.Second)
	defer late.Stop()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-late.C:
		return Renewing()
	}
}

// renew asks for a new access token and keeps it. The old ones are kept through every failure.
func (a *Accounts) renew(ctx context.Context, connection store.Connection, lease store.TokenLease) (err error) {
	defer func() {
		if err != nil {
			a.leave(ctx, lease)
		}
	}()
	old, err := a.open(ctx, connection)
	if err != nil {
		return err
	}
	connector, client, err := a.consenter(ctx, connection)
	if err != nil {
		return err
	}
	tokens, err := connector.Renew(ctx, client, old[integrations.RefreshToken])
	countRenewal(err)
	if err != nil {
		return err
	}
	fresh := map[string]string{
		integrations.AccessToken: tokens.Fields[integrations.AccessToken], integrations.RefreshToken: old[integrations.RefreshToken],
	}
	if tokens.Fields[integrations.RefreshToken] != "" {
		fresh[integrations.RefreshToken] = tokens.Fields[integrations.RefreshToken]
	}
	life := TokenLife(tokens.Life)
	if fresh[integrations.AccessToken] == old[integrations.AccessToken] {
		life = wholeLife(tokens.Life) // the present one came back: before its end another request brings no other
	}
	// What was answered is kept even where it took all the time that there was.
	saving, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := a.store.SaveTokens(saving, connection, store.Renewed{
		Fields: fresh, Due: life, Life: connector.RefreshLife(),
		Another: fresh[integrations.RefreshToken] != old[integrations.RefreshToken],
	}); err != nil && !errors.Is(err, store.ErrChanged) {
		return err
	}
	return nil
}

// leave gives back the lease of a renewal that did not come to an end.
func (a *Accounts) leave(ctx context.Context, lease store.TokenLease) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := a.store.LeaveTokens(ctx, lease); err != nil {
		a.log.Warn("the renewal of tokens stays taken until its lease ends", "connection", lease.Connection, "error", err)
	}
}

// open unseals a connection's sign-in. One that was changed, or belongs to another row or address,
// breaks the connection: nothing is sent, and its maker is told.
func (a *Accounts) open(ctx context.Context, connection store.Connection) (map[string]string, error) {
	if connection.State == store.Broken {
		return nil, Broken()
	}
	fields, err := a.store.Unseal(connection)
	if err == nil {
		return fields, nil
	}
	if errors.Is(err, store.ErrNoKey) {
		a.log.Warn("a connection is sealed with a key that is not here", "connection", connection.ID)
		return nil, KeyMissing()
	}
	a.log.Error("a connection's secret does not open", "connection", connection.ID)
	return nil, a.breaks(ctx, connection)
}

// breaks notes that a connection's row was changed by somebody else than us.
func (a *Accounts) breaks(ctx context.Context, connection store.Connection) error {
	err := a.store.InTx(ctx, func(tx *store.Tx) error {
		fresh, err := tx.BreakConnection(ctx, connection)
		if err != nil || !fresh {
			return err
		}
		return tx.Notice(ctx, connection.ID, NoticeRefused)
	})
	if err != nil {
		a.log.Error("breaking a connection", "connection", connection.ID, "error", err)
	}
	return Broken()
}

// consenter is the connector of a connection that was allowed by browser, and its client.
func (a *Accounts) consenter(ctx context.Context, connection store.Connection) (integrations.Consenter, integrations.OAuthClient, error) {
	connector, err := a.connectors.ByKind(connection.Kind)
	consenter, ok := connector.(integrations.Consenter)
	if err != nil || !ok {
		return nil, integrations.OAuthClient{}, NoConnector(connection.Kind)
	}
	kept, err := a.store.ClientOf(ctx, connection)
	if err != nil {
		return nil, integrations.OAuthClient{}, err
	}
	if kept.Kind != connection.Kind || kept.Origin != connection.Origin {
		// Its secret was entered for another address, and goes to no other.
		a.log.Error("a connection's client belongs to another address", "connection", connection.ID, "client", kept.ID)
		return nil, integrations.OAuthClient{}, a.breaks(ctx, connection)
	}
	opened, err := a.store.ClientSecret(kept)
	if errors.Is(err, store.ErrNoKey) {
		return nil, integrations.OAuthClient{}, KeyMissing()
	}
	if err != nil {
		a.log.Error("a client's secret does not open", "client", kept.ID)
		return nil, integrations.OAuthClient{}, Broken()
	}
	return consenter, integrations.OAuthClient{Origin: connection.Origin, Fields: integrations.Fields{
		"client_id": kept.ClientID, "client_secret": opened.Reveal(),
	}}, nil
}

// unsaidLife is taken where a system does not say how long its access token lives.
const unsaidLife = 10 * time.Minute

// TokenLife is when an access token is renewed: after four fifths of its life, and two minutes
// before its end, whichever comes first, but not at once again.
func TokenLife(life time.Duration) time.Duration {
	life = wholeLife(life)
	return max(10*time.Second, min(life*4/5, life-2*time.Minute))
}

func wholeLife(life time.Duration) time.Duration {
	if life <= 0 {
		return unsaidLife
	}
	return max(10*time.Second, min(life, 24*time.Hour))
}
