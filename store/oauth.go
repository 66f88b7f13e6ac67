package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"okrbot/okr"
	"okrbot/secret"
	"okrbot/store/queries"
)

// OAuthClient is a client that an administrator registered in a system and entered here.
type OAuthClient struct {
	ID         int64
	Workspace  string
	Kind       string // of the connector
	Origin     string // the only address its secret is sent to
	ClientID   string
	Challenges bool // PKCE goes with it; false once the system refused it
	sealed     []byte
	version    int
}

func (c OAuthClient) place() secret.Place {
	return secret.Place{Workspace: c.Workspace, ID: c.ID, Kind: "oauth_client/" + c.Kind + "/" + c.Origin, Version: c.version}
}

func oauthClient(row queries.OauthClient) OAuthClient {
	return OAuthClient{
		ID: row.ID, Workspace: row.WorkspaceID, Kind: row.Kind, Origin: row.Origin, ClientID: row.ClientID,
		Challenges: row.Challenges, sealed: row.Sealed, version: int(row.SecretVersion),
	}
}

// SaveOAuthClient keeps a client, in place of an earlier one for the same address.
func (tx *Tx) SaveOAuthClient(ctx context.Context, actor okr.Actor, kind, origin, clientID string, clientSecret secret.String) (OAuthClient, error) {
	row, err := tx.q.SaveOAuthClient(ctx, queries.SaveOAuthClientParams{
		WorkspaceID: actor.Workspace, Kind: kind, Origin: origin, ClientID: clientID, CreatedBy: actor.ID,
	})
	if err != nil {
		return OAuthClient{}, fmt.Errorf("saving an OAuth client: %w", err)
	}
	c := oauthClient(row)
	if c.sealed, err = tx.keys.Seal(clientSecret, c.place()); err != nil {
		return c, fmt.Errorf("sealing an OAuth client: %w", err)
	}
	if err := tx.q.SealOAuthClient(ctx, queries.SealOAuthClientParams{Sealed: c.sealed, WorkspaceID: c.Workspace, ID: c.ID}); err != nil {
		return c, fmt.Errorf("saving an OAuth client's secret: %w", err)
	}
	return c, tx.Record(ctx, actor, "registered", Object{"oauth_client", c.ID}, map[string]Change{"client": {"", clientID}})
}

// OAuthClient loads the client of an address.
func (r Statements) OAuthClient(ctx context.Context, workspace, kind, origin string) (OAuthClient, error) {
	row, err := r.q.OAuthClient(ctx, queries.OAuthClientParams{WorkspaceID: workspace, Kind: kind, Origin: origin})
	if err != nil {
		return OAuthClient{}, fmt.Errorf("loading an OAuth client: %w", found(err))
	}
	return oauthClient(row), nil
}

// CountOAuthClients is how many clients a workspace has entered.
func (r Statements) CountOAuthClients(ctx context.Context, workspace string) (int, error) {
	n, err := r.q.CountOAuthClients(ctx, workspace)
	if err != nil {
		return 0, fmt.Errorf("counting OAuth clients: %w", err)
	}
	return int(n), nil
}

// ClientOf loads the client through which a connection was allowed.
func (r Statements) ClientOf(ctx context.Context, c Connection) (OAuthClient, error) {
	row, err := r.q.OAuthClientByID(ctx, queries.OAuthClientByIDParams{WorkspaceID: c.Workspace, ID: c.Client})
	if err != nil {
		return OAuthClient{}, fmt.Errorf("loading an OAuth client: %w", found(err))
	}
	return oauthClient(row), nil
}

// ClientSecret opens a client's secret. It is opened for each use and kept nowhere.
func (r Statements) ClientSecret(c OAuthClient) (secret.String, error) {
	s, err := r.open(c.sealed, c.place())
	if err != nil {
		return s, fmt.Errorf("opening the secret of OAuth client %d: %w", c.ID, err)
	}
	return s, nil
}

// WithoutChallenges notes that a system refuses PKCE with this client.
func (r Statements) WithoutChallenges(ctx context.Context, c OAuthClient) error {
	if err := r.q.WithoutChallenges(ctx, queries.WithoutChallengesParams{WorkspaceID: c.Workspace, ID: c.ID}); err != nil {
		return fmt.Errorf("noting that PKCE is refused: %w", err)
	}
	return nil
}

// CreatePending keeps tokens that somebody's browser brought, until that person confirms in Slack
// that it was theirs. A connection that replaces another takes that one's place then. The access
// token is due for renewal after due, and the consent ends after life.
func (tx *Tx) CreatePending(ctx context.Context, actor okr.Actor, c Connection, replaces int64, fields map[string]string, due, life time.Duration) (Connection, error) {
	given, err := tx.q.RefreshTokenGiven(ctx, queries.RefreshTokenGivenParams{ClientID: c.Client, Digest: refreshDigest(fields)})
	if err != nil {
		return c, fmt.Errorf("noting when a refresh token was given: %w", err)
	}
	c.Ends = given.Add(life)
	p := queries.CreatePendingParams{
		WorkspaceID: actor.Workspace, Kind: c.Kind, Name: c.Name, Origin: c.Origin, SignIn: c.SignIn,
		Shared: c.Shared, OwnerID: actor.ID, AccountName: c.Account, ClientID: &c.Client, EndsAt: &c.Ends,
	}
	if replaces != 0 {
		p.Replaces = &replaces
	}
	id, err := tx.q.CreatePending(ctx, p)
	if err != nil {
		return c, fmt.Errorf("creating a connection: %w", err)
	}
	c.ID, c.Workspace, c.Owner, c.State, c.Replaces = id, actor.Workspace, actor.ID, Pending, replaces
	sealed, err := tx.sealed(c, fields, 1)
	if err != nil {
		return c, err
	}
	err = tx.q.SealPending(ctx, queries.SealPendingParams{Sealed: sealed, DueSeconds: due.Seconds(), WorkspaceID: c.Workspace, ID: id})
	if err != nil {
		return c, fmt.Errorf("saving a connection's tokens: %w", err)
	}
	return c, nil
}

// Confirm makes a pending connection of the acting person active that was agreed to in the browser, or gives
// its sign-in to the connection that it replaces, and returns the one that is active now.
func (tx *Tx) Confirm(ctx context.Context, actor okr.Actor, id int64) (Connection, error) {
	row, err := tx.q.LockConnectionOf(ctx, queries.LockConnectionOfParams{WorkspaceID: actor.Workspace, ID: id})
	if err != nil {
		return Connection{}, fmt.Errorf("loading connection %d: %w", id, found(err))
	}
	c := connection(row)
	if c.Owner != actor.ID || c.State != Pending || !row.Agreed {
		return c, fmt.Errorf("confirming connection %d: %w", id, ErrNotFound)
	}
	if c.Replaces != 0 {
		if again, err := tx.Connection(ctx, actor.Workspace, c.Replaces); err != nil {
			return c, err
		} else if !again.MayManage(actor) {
			return c, fmt.Errorf("confirming connection %d: %w", id, ErrNotFound)
		}
	}
	if c.Replaces == 0 {
		// The right to share is asked for again: it may be lost since.
		c.Shared = c.Shared && okr.May(actor, okr.ShareConnection, okr.MakerOf)
		if err := tx.q.ConfirmConnection(ctx, queries.ConfirmConnectionParams{Shared: c.Shared, WorkspaceID: c.Workspace, ID: c.ID}); err != nil {
			return c, fmt.Errorf("confirming connection %d: %w", id, err)
		}
		c.State = Active
		if err := tx.q.CreateConnectionSlots(ctx, queries.CreateConnectionSlotsParams{ConnectionID: id, Slots: slotsPerConnection}); err != nil {
			return c, fmt.Errorf("creating a connection's slots: %w", err)
		}
		return c, tx.Record(ctx, actor, "connected", Object{"connection", id}, map[string]Change{"name": {"", c.Name}})
	}
	fields, err := tx.Unseal(c)
	if err != nil {
		return c, err
	}
	if _, err := tx.q.DeletePending(ctx, queries.DeletePendingParams{WorkspaceID: c.Workspace, ID: c.ID, OwnerID: actor.ID}); err != nil {
		return c, fmt.Errorf("ending a pending connection: %w", err)
	}
	return tx.ReplaceSignIn(ctx, actor, c.Replaces, SignIn{
		Kind: c.SignIn, Origin: c.Origin, Account: c.Account, Client: c.Client, Fields: fields, Consented: orZero(row.ConsentedAt), Ends: orZero(row.EndsAt), Due: orZero(row.TokenDueAt),
	})
}

// Agree notes that whoever signed in by browser says that it may be read for the acting person, who
// can confirm it from then on.
func (r Statements) Agree(ctx context.Context, actor okr.Actor, id int64) error {
	n, err := r.q.AgreePending(ctx, queries.AgreePendingParams{WorkspaceID: actor.Workspace, ID: id, OwnerID: actor.ID})
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("agreeing to connection %d: %w", id, err)
	}
	return nil
}

// Refuse forgets a pending connection of the acting person.
func (r Statements) Refuse(ctx context.Context, actor okr.Actor, id int64) error {
	n, err := r.q.DeletePending(ctx, queries.DeletePendingParams{WorkspaceID: actor.Workspace, ID: id, OwnerID: actor.ID})
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("forgetting a pending connection: %w", err)
	}
	return nil
}

// TokenStanding is how a connection's access token stands, by the database's clock.
type TokenStanding struct {
	State ConnectionState
	Epoch int64
	Due   bool // its time has come
}

// TokenStanding looks again: another process may have renewed it.
func (r Statements) TokenStanding(ctx context.Context, connection int64) (TokenStanding, error) {
	row, err := r.q.TokenStanding(ctx, connection)
	if err != nil {
		return TokenStanding{}, fmt.Errorf("looking at the tokens of connection %d: %w", connection, found(err))
	}
	return TokenStanding{State: ConnectionState(row.State), Epoch: row.TokenEpoch, Due: row.Due}, nil
}

// TokenLease is the right to renew a connection's tokens, over all replicas.
type TokenLease struct {
	Connection int64
	epoch      int64
	until      time.Time // by which it is known
}

// LeaseTokens gives the lease to one, and false to the others. It ends by itself after 30 seconds.
func (r Statements) LeaseTokens(ctx context.Context, connection, epoch int64) (TokenLease, bool, error) {
	until, err := r.q.LeaseTokens(ctx, queries.LeaseTokensParams{ID: connection, TokenEpoch: epoch})
	if err != nil {
		return TokenLease{}, false, fmt.Errorf("taking the tokens of connection %d: %w", connection, err)
	}
	if len(until) == 0 {
		return TokenLease{}, false, nil
	}
	return TokenLease{connection, epoch, until[0]}, true, nil
}

// LeaveTokens gives the lease back after a try that failed; the tokens stay as they are. Where somebody else has it
// by now nothing is changed.
func (r Statements) LeaveTokens(ctx context.Context, l TokenLease) error {
	if err := r.q.LeaveTokens(ctx, queries.LeaveTokensParams{ID: l.Connection, TokenEpoch: l.epoch, LeasedUntil: l.until}); err != nil {
		return fmt.Errorf("leaving the tokens of connection %d: %w", l.Connection, err)
	}
	return nil
}

// refreshDigest knows a refresh token again. What is hashed is long and random, so that nobody finds it from this.
func refreshDigest(fields map[string]string) []byte {
	sum := sha256.Sum256([]byte("okrbot refresh token " + fields[refreshToken]))
	return sum[:]
}

// refreshToken is the field of a sign-in by browser that brings the next access token.
const refreshToken = "refresh_token"

// Renewed are tokens that a system gave in place of earlier ones.
type Renewed struct {
	Fields  map[string]string
	Due     time.Duration // until the access token is to be renewed
	Another bool          // the refresh token is another than the one before
	Life    time.Duration // of a refresh token, from when it was first given
}

// SaveTokens keeps renewed tokens and ends their epoch. ErrChanged: somebody else did meanwhile.
func (r Statements) SaveTokens(ctx context.Context, c Connection, renewed Renewed) error {
	sealed, err := r.sealed(c, renewed.Fields, c.version+1)
	if err != nil {
		return err
	}
	n, err := r.q.SaveTokens(ctx, queries.SaveTokensParams{
		Sealed: sealed, SecretVersion: int32(c.version + 1), DueSeconds: renewed.Due.Seconds(), ID: c.ID, TokenEpoch: c.TokenEpoch,
		Digest: refreshDigest(renewed.Fields), Another: renewed.Another, LifeSeconds: renewed.Life.Seconds(),
	})
	if err == nil && n == 0 {
		err = ErrChanged
	}
	if err != nil {
		return fmt.Errorf("saving the tokens of connection %d: %w", c.ID, err)
	}
	return nil
}

// sealed is a connection's sign-in as it is stored.
func (r Statements) sealed(c Connection, fields map[string]string, version int) ([]byte, error) {
	plain, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("writing a connection's sign-in: %w", err)
	}
	sealed, err := r.keys.Seal(secret.New(string(plain)), c.place(version))
	if err != nil {
		return nil, fmt.Errorf("sealing a connection's sign-in: %w", err)
	}
	return sealed, nil
}

// SignInsEnding has the makers told of connections whose sign-in ends within 14, 3 or 1 days, once
// at each distance.
func (r Statements) SignInsEnding(ctx context.Context) error {
	if err := r.q.SignInsEnding(ctx); err != nil {
		return fmt.Errorf("looking for sign-ins that end: %w", err)
	}
	return nil
}

// HeldNotice is what one job tells a connection's owner. A job that carries an older hold comes too late.
type HeldNotice struct{ Connection, Hold int64 }

// HoldNotices takes connections whose owners are to be told something. Each is taken for a minute.
func (tx *Tx) HoldNotices(ctx context.Context, most int) ([]HeldNotice, error) {
	rows, err := tx.q.HoldNotices(ctx, int32(most))
	if err != nil {
		return nil, fmt.Errorf("taking notices: %w", err)
	}
	list := make([]HeldNotice, len(rows))
	for i, row := range rows {
		list[i] = HeldNotice{row.ID, row.NoticeHold}
	}
	return list, nil
}

// KeepNotice prolongs the hold and returns the connection as it is now; false where another job has the notice, or
// nothing is to be told any more.
func (r Statements) KeepNotice(ctx context.Context, h HeldNotice) (Connection, bool, error) {
	rows, err := r.q.KeepNotice(ctx, queries.KeepNoticeParams{ID: h.Connection, Hold: h.Hold})
	if err != nil {
		return Connection{}, false, fmt.Errorf("holding the notice of connection %d: %w", h.Connection, err)
	}
	if len(rows) == 0 {
		return Connection{}, false, nil
	}
	return connection(rows[0]), true, nil
}

// Notice has a connection's owner told something.
func (r Statements) Notice(ctx context.Context, connection int64, notice string) error {
	if err := r.q.Notice(ctx, queries.NoticeParams{Notice: notice, ID: connection}); err != nil {
		return fmt.Errorf("leaving a notice: %w", err)
	}
	return nil
}

// NoticeTold ends a notice that a job holds.
func (r Statements) NoticeTold(ctx context.Context, h HeldNotice, notice string) error {
	if err := r.q.NoticeTold(ctx, queries.NoticeToldParams{ID: h.Connection, Hold: h.Hold, Notice: notice}); err != nil {
		return fmt.Errorf("ending a notice: %w", err)
	}
	return nil
}
