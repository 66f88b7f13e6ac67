package jobs

import (
	"context"
	"errors"
	"time"

	"okrbot/integrations"
	"okrbot/store"
)

// renewWithin is how long one waits for an access token that somebody else is renewing.
const renewWithin = 20 * time.Second

// With signs in as a connection and does something with the account. An access token whose time
// has come is renewed first, by one process for all; one that is refused all the same is renewed
// once, and what was to be done is done once more. An error that people can read is an
// *integrations.Error.
func (c *Client) With(ctx context.Context, connection store.Connection, do func(integrations.Account) error) error {
	account, epoch, err := c.account(ctx, connection, false)
	if err != nil {
		return err
	}
	err = do(account)
	var failure *integrations.Error
	if connection.Client == 0 || !errors.As(err, &failure) || failure.Class != integrations.Unauthorized {
		return err
	}
	connection.TokenEpoch = epoch
	if account, _, err = c.account(ctx, connection, true); err != nil {
		return err
	}
	return do(account)
}

// Account is how a connection signs in at the moment, for what can be done without as well.
func (c *Client) Account(ctx context.Context, connection store.Connection) (integrations.Account, error) {
	account, _, err := c.account(ctx, connection, false)
	return account, err
}

// account is how a connection signs in at the moment. Stale says that the token of the connection's
// epoch was refused.
func (c *Client) account(ctx context.Context, connection store.Connection, stale bool) (integrations.Account, int64, error) {
	account := integrations.Account{Origin: connection.Origin, SignIn: connection.SignIn}
	if connection.Client == 0 {
		fields, err := c.open(ctx, connection)
		account.Fields = fields
		return account, 0, err
	}
	refused := connection.TokenEpoch
	for end := time.Now().Add(renewWithin); ; {
		now, err := c.store.TokenStanding(ctx, connection.ID)
		if err != nil {
			return account, 0, err
		}
		if now.State == store.Broken {
			return account, 0, broken()
		}
		if now.State != store.Active {
			if fresh, err := c.store.ConnectionByID(ctx, connection.ID); err == nil {
				connection = fresh
			}
			return account, 0, rejected(c.nameOf(connection.Kind), connection.Refusal)
		}
		if now.Epoch != connection.TokenEpoch {
			if connection, err = c.store.ConnectionByID(ctx, connection.ID); err != nil {
				return account, 0, err
			}
			if connection.Client == 0 {
				return c.account(ctx, connection, false) // somebody gave it a password instead
			}
			continue // look at it again: it may be old too
		}
		if !now.Due && !(stale && refused == now.Epoch) {
			fields, err := c.open(ctx, connection)
			if err != nil {
				return account, 0, err
			}
			account.Fields = integrations.Fields{integrations.AccessToken: fields[integrations.AccessToken]}
			return account, now.Epoch, nil
		}
		mine, err := c.store.LeaseTokens(ctx, connection.ID, now.Epoch)
		if err != nil {
			return account, 0, err
		}
		if mine {
			if err := c.renew(ctx, connection); err != nil {
				return account, 0, err
			}
			continue
		}
		if time.Now().After(end) {
			return account, 0, renewing()
		}
		select {
		case <-ctx.Done():
			return account, 0, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// renew asks for a new access token and keeps it. The old ones are kept through every failure.
func (c *Client) renew(ctx context.Context, connection store.Connection) (err error) {
	defer func() {
		if err != nil {
			leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if err := c.store.LeaveTokens(leaving, connection.ID, connection.TokenEpoch); err != nil {
				c.log.Warn("the renewal of tokens stays taken until its lease ends", "connection", connection.ID, "error", err)
			}
		}
	}()
	old, err := c.open(ctx, connection)
	if err != nil {
		return err
	}
	connector, client, err := c.consenter(ctx, connection)
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
		life = wholeLife(tokens.Life) // the present one came back: asking again before its end is in vain
	}
	// What was answered is kept even when we are being stopped.
	saving, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := c.store.SaveTokens(saving, connection, fresh, life); err != nil && !errors.Is(err, store.ErrChanged) {
		return err
	}
	return nil
}

// open unseals a connection's sign-in. One that was changed, or belongs to another row or address,
// breaks the connection: nothing is sent, and its maker is told.
func (c *Client) open(ctx context.Context, connection store.Connection) (map[string]string, error) {
	if connection.State == store.Broken {
		return nil, broken()
	}
	fields, err := c.store.Unseal(connection)
	if err == nil {
		return fields, nil
	}
	if errors.Is(err, store.ErrNoKey) {
		c.log.Warn("a connection is sealed with a key that is not here", "connection", connection.ID)
		return nil, keyMissing()
	}
	c.log.Error("a connection's secret does not open", "connection", connection.ID)
	return nil, c.breaks(ctx, connection)
}

// breaks notes that a connection's row was changed by somebody else than us.
func (c *Client) breaks(ctx context.Context, connection store.Connection) error {
	err := c.store.InTx(ctx, func(tx *store.Tx) error {
		fresh, err := tx.BreakConnection(ctx, connection)
		if err != nil || !fresh {
			return err
		}
		return tx.Notice(ctx, connection.ID, NoticeRefused)
	})
	if err != nil {
		c.log.Error("breaking a connection", "connection", connection.ID, "error", err)
	}
	return broken()
}

// consenter is the connector of a connection that was allowed by browser, and its client.
func (c *Client) consenter(ctx context.Context, connection store.Connection) (integrations.Consenter, integrations.OAuthClient, error) {
	connector, err := c.connectors.ByKind(connection.Kind)
	consenter, ok := connector.(integrations.Consenter)
	if err != nil || !ok {
		return nil, integrations.OAuthClient{}, noConnector(connection.Kind)
	}
	kept, err := c.store.ClientOf(ctx, connection)
	if err != nil {
		return nil, integrations.OAuthClient{}, err
	}
	if kept.Kind != connection.Kind || kept.Origin != connection.Origin {
		// Its secret was entered for another address, and goes to no other.
		c.log.Error("a connection's client belongs to another address", "connection", connection.ID, "client", kept.ID)
		return nil, integrations.OAuthClient{}, c.breaks(ctx, connection)
	}
	opened, err := c.store.ClientSecret(kept)
	if errors.Is(err, store.ErrNoKey) {
		return nil, integrations.OAuthClient{}, keyMissing()
	}
	if err != nil {
		c.log.Error("a client's secret does not open", "client", kept.ID)
		return nil, integrations.OAuthClient{}, broken()
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

// nameOf is what people call a connector.
func (c *Client) nameOf(kind string) string {
	if connector, err := c.connectors.ByKind(kind); err == nil {
		return connector.Name()
	}
	return kind
}
