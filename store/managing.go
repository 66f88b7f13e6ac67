package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/okr"
	"okrbot/store/queries"
)

// SignIn is another way into a connection's system, proved to work.
type SignIn struct {
	Kind      string
	Origin    string // the address that it was entered for
	Account   string // whom the system says we are; may be empty
	Client    int64  // OAuth: the client it was allowed through
	Fields    map[string]string
	Consented time.Time // OAuth
	Due       time.Time // OAuth: when the access token is to be renewed
	Ends      time.Time // when it ends by itself; zero when nobody knows
}

// LockConnection loads a connection that is about to be changed, and holds it until the end of the transaction.
// One that waits for its person's yes or was removed is ErrNotFound.
func (tx *Tx) LockConnection(ctx context.Context, workspace string, id int64) (Connection, error) {
	row, err := tx.q.LockConnectionOf(ctx, queries.LockConnectionOfParams{WorkspaceID: workspace, ID: id})
	if err != nil {
		return Connection{}, fmt.Errorf("loading connection %d: %w", id, found(err))
	}
	c := connection(row)
	if c.State == Removed || c.State == Pending {
		return c, fmt.Errorf("changing connection %d: %w", id, ErrNotFound)
	}
	return c, nil
}

// ReplaceSignIn gives a connection another sign-in and seals it. Its address stays: a secret is
// sent to no other than the one it was entered for.
func (tx *Tx) ReplaceSignIn(ctx context.Context, actor okr.Actor, id int64, s SignIn) (Connection, error) {
	c, err := tx.LockConnection(ctx, actor.Workspace, id)
	if err != nil {
		return c, err
	}
	if c.Origin != s.Origin {
		return c, fmt.Errorf("signing in to connection %d: %w", id, ErrNotFound)
	}
	sealed, err := tx.sealed(c, s.Fields, c.version+1)
	if err != nil {
		return c, err
	}
	p := queries.ReplaceSignInParams{
		Sealed: sealed, SecretVersion: int32(c.version + 1), SignIn: s.Kind, AccountName: s.Account, WorkspaceID: c.Workspace, ID: id,
	}
	if !s.Ends.IsZero() {
		p.EndsAt = &s.Ends
	}
	if s.Client != 0 {
		p.ClientID, p.ConsentedAt, p.TokenDueAt = &s.Client, &s.Consented, &s.Due
	}
	if err := tx.q.ReplaceSignIn(ctx, p); err != nil {
		return c, fmt.Errorf("signing in to connection %d: %w", id, err)
	}
	before := c.SignIn
	c.State, c.SignIn, c.Account = Active, s.Kind, s.Account
	return c, tx.Record(ctx, actor, "reconnected", Object{"connection", id}, map[string]Change{"sign_in": {before, s.Kind}})
}

// ChangeConnection renames a connection that LockConnection gave, and shares it or takes that back.
func (tx *Tx) ChangeConnection(ctx context.Context, actor okr.Actor, c Connection, name string, shared bool) error {
	if err := tx.q.ChangeConnection(ctx, queries.ChangeConnectionParams{Name: name, Shared: shared, WorkspaceID: c.Workspace, ID: c.ID}); err != nil {
		return fmt.Errorf("changing connection %d: %w", c.ID, err)
	}
	changes := map[string]Change{}
	if name != c.Name {
		changes["name"] = Change{c.Name, name}
	}
	if shared != c.Shared {
		changes["shared"] = Change{fmt.Sprint(c.Shared), fmt.Sprint(shared)}
	}
	if len(changes) == 0 {
		return nil
	}
	return tx.Record(ctx, actor, "changed", Object{"connection", c.ID}, changes)
}

// RemoveConnection forgets a connection's secret and directory. Its key results keep what was read, and are
// returned, so that their owners can be told. One that somebody else removed meanwhile is ErrNotFound.
func (tx *Tx) RemoveConnection(ctx context.Context, actor okr.Actor, c Connection, says string) ([]Failing, error) {
	c, err := tx.LockConnection(ctx, c.Workspace, c.ID)
	if err != nil {
		return nil, err
	}
	if err := tx.q.RemoveConnection(ctx, queries.RemoveConnectionParams{WorkspaceID: c.Workspace, ID: c.ID}); err != nil {
		return nil, fmt.Errorf("removing connection %d: %w", c.ID, err)
	}
	if err := tx.q.DropReplacements(ctx, queries.DropReplacementsParams{WorkspaceID: c.Workspace, ConnectionID: &c.ID}); err != nil {
		return nil, fmt.Errorf("forgetting sign-ins that wait for connection %d: %w", c.ID, err)
	}
	if err := tx.q.DropDirectory(ctx, c.ID); err != nil {
		return nil, fmt.Errorf("forgetting a directory: %w", err)
	}
	rows, err := tx.q.StopReading(ctx, queries.StopReadingParams{ConnectionID: c.ID, Says: says})
	if err != nil {
		return nil, fmt.Errorf("stopping what read through connection %d: %w", c.ID, err)
	}
	list := make([]Failing, len(rows))
	for i, row := range rows {
		list[i] = Failing{KeyResult: row.ID, Workspace: row.WorkspaceID, Owner: row.OwnerID}
	}
	return list, tx.Record(ctx, actor, "disconnected", Object{"connection", c.ID}, map[string]Change{"name": {c.Name, ""}})
}

// Hanging is a key result that reads through a connection.
type Hanging struct {
	ID        int64
	Key       string // "KR-7"
	Title     string
	Owner     string
	Paused    bool
	Failing   string // class of its failure; empty when healthy
	Reference string
	Scorecard string
}

// KeyResultsOf lists what reads through a connection.
func (r Statements) KeyResultsOf(ctx context.Context, c Connection) ([]Hanging, error) {
	rows, err := r.q.KeyResultsOfConnection(ctx, queries.KeyResultsOfConnectionParams{WorkspaceID: c.Workspace, ConnectionID: c.ID})
	if err != nil {
		return nil, fmt.Errorf("listing what reads through connection %d: %w", c.ID, err)
	}
	list := make([]Hanging, len(rows))
	for i, row := range rows {
		list[i] = Hanging{
			ID: row.ID, Key: okr.KeyResult{Number: int(row.Number)}.Key(), Title: row.Title, Owner: row.OwnerID, Paused: row.Paused,
			Failing: row.FailureClass, Reference: row.Reference, Scorecard: row.Name,
		}
	}
	return list, nil
}

// ConnectionsToManage lists the connections that a person can see: their own, the shared ones, and
// for administrators all of them.
func (r Statements) ConnectionsToManage(ctx context.Context, actor okr.Actor, most int) ([]Connection, error) {
	rows, err := r.q.ConnectionsToManage(ctx, queries.ConnectionsToManageParams{
		WorkspaceID: actor.Workspace, Every: okr.May(actor, okr.ManageConnection), PersonID: actor.ID, Most: int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("listing connections: %w", err)
	}
	list := make([]Connection, len(rows))
	for i, row := range rows {
		list[i] = connection(row.Connection)
		list[i].KeyResults = int(row.KeyResults)
	}
	return list, nil
}

// ConnectionsInNeed lists the connections whose sign-in needs somebody: a person's own, and for
// administrators all of them.
func (r Statements) ConnectionsInNeed(ctx context.Context, actor okr.Actor, most int) ([]Connection, error) {
	rows, err := r.q.ConnectionsInNeed(ctx, queries.ConnectionsInNeedParams{
		WorkspaceID: actor.Workspace, Every: okr.May(actor, okr.ManageConnection), PersonID: actor.ID, Most: int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("listing connections that need somebody: %w", err)
	}
	list := make([]Connection, len(rows))
	for i, row := range rows {
		list[i] = connection(row.Connection)
		list[i].KeyResults = int(row.KeyResults)
	}
	return list, nil
}

// MayManage says whether a person may look after the connection.
func (c Connection) MayManage(actor okr.Actor) bool {
	var relations []okr.Relation
	if c.Owner == actor.ID {
		relations = append(relations, okr.MakerOf)
	}
	return c.Workspace == actor.Workspace && okr.May(actor, okr.ManageConnection, relations...)
}

// BreakConnection notes that a connection's sign-in does not open, unless it got another one
// meanwhile; false when it was noted before.
func (tx *Tx) BreakConnection(ctx context.Context, c Connection) (bool, error) {
	n, err := tx.q.BreakConnection(ctx, queries.BreakConnectionParams{ID: c.ID, SecretVersion: int32(c.version)})
	if err != nil {
		return false, fmt.Errorf("noting that connection %d is broken: %w", c.ID, err)
	}
	return n == 1, nil
}

// RefusedLike is the person's own connection to an address, as the same user and no more widely shared than is
// wished, whose sign-in is not used any more; the zero one when there is none.
func (r Statements) RefusedLike(ctx context.Context, actor okr.Actor, kind, origin, account string, shared bool) (Connection, error) {
	row, err := r.q.RefusedLike(ctx, queries.RefusedLikeParams{
		WorkspaceID: actor.Workspace, OwnerID: actor.ID, Kind: kind, Origin: origin, AccountName: account, Shared: shared,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return Connection{}, nil
	}
	if err != nil {
		return Connection{}, fmt.Errorf("looking for a refused connection: %w", err)
	}
	return connection(row), nil
}
