package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"okrbot/okr"
	"okrbot/secret"
	"okrbot/store/queries"
)

// Connection is a sign-in to a system that scores are read from.
type Connection struct {
	ID         int64
	Workspace  string
	Kind       string // of the connector
	Name       string
	Origin     string // the only address its secret is sent to
	SignIn     string
	Shared     bool // usable by everybody in the workspace, else by its owner alone
	Owner      string
	State      ConnectionState
	Waiting    time.Time // the system asked us to wait until then; zero when it did not
	Succeeded  time.Time // last successful call
	Directory  time.Time // when the list of scorecards was last read; zero when never
	KeyResults int       // only in lists
	Account    string    // whom the system says we are; empty where it does not tell
	Client     int64     // OAuth: the client it was allowed through; 0 for other sign-ins
	Consented  time.Time // OAuth: when somebody allowed it
	Ends       time.Time // when its sign-in ends by itself: a consent, or a key with an expiry; zero: nobody knows
	TokenEpoch int64     // OAuth: raised with each new access token
	Replaces   int64     // pending: the connection whose sign-in it will be
	Notice     string    // what its owner is to be told
	Warned     int       // days before the end of the consent, as last warned of
	Refusal    string    // what the system refused its sign-in with last, in our words; empty when it works
	sealed     []byte
	version    int
}

// ConnectionState says whether a connection may be used.
type ConnectionState string

// The states of a connection.
const (
	Active   ConnectionState = "active"
	Rejected ConnectionState = "rejected" // the sign-in was refused twice in a row
	Broken   ConnectionState = "broken"   // its secret cannot be opened
	Pending  ConnectionState = "pending"  // its person has not confirmed it in Slack
	Removed  ConnectionState = "removed"  // disconnected: its secret is gone
)

// MayUse says whether a person may read scorecards through the connection.
func (c Connection) MayUse(actor okr.Actor) bool {
	var relations []okr.Relation
	if c.Owner == actor.ID {
		relations = append(relations, okr.MakerOf)
	}
	if c.Shared {
		relations = append(relations, okr.SharedWith)
	}
	return c.Workspace == actor.Workspace && c.State != Pending && c.State != Removed && okr.May(actor, okr.UseConnection, relations...)
}

// slotsPerConnection is how many takers a connection has at once over all replicas.
const slotsPerConnection = RunsLane

// CreateConnection keeps a sign-in that was just proved to work; its fields are sealed before they
// reach the database. The same draft submitted twice returns the one it made first.
func (tx *Tx) CreateConnection(ctx context.Context, actor okr.Actor, c Connection, fields map[string]string, draft string) (Connection, error) {
	var ends *time.Time
	if !c.Ends.IsZero() {
		ends = &c.Ends
	}
	id, err := tx.q.CreateConnection(ctx, queries.CreateConnectionParams{
		EndsAt: ends, WorkspaceID: actor.Workspace, Kind: c.Kind, Name: c.Name, Origin: c.Origin, SignIn: c.SignIn,
		Shared: c.Shared, OwnerID: actor.ID, AccountName: c.Account, DraftID: orNil(draft),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		row, err := tx.q.ConnectionOfDraft(ctx, queries.ConnectionOfDraftParams{WorkspaceID: actor.Workspace, DraftID: orNil(draft)})
		if err != nil {
			return c, fmt.Errorf("loading the connection of a draft: %w", found(err))
		}
		return connection(row), nil
	}
	if err != nil {
		return c, fmt.Errorf("creating a connection: %w", err)
	}
	c.ID, c.Workspace, c.Owner, c.State = id, actor.Workspace, actor.ID, Active
	if err := tx.q.CreateConnectionSlots(ctx, queries.CreateConnectionSlotsParams{ConnectionID: id, Slots: slotsPerConnection}); err != nil {
		return c, fmt.Errorf("creating a connection's slots: %w", err)
	}
	if err := tx.seal(ctx, c, fields, 1); err != nil {
		return c, err
	}
	return c, tx.Record(ctx, actor, "connected", Object{"connection", id}, map[string]Change{"name": {"", c.Name}})
}

func (tx *Tx) seal(ctx context.Context, c Connection, fields map[string]string, version int) error {
	sealed, err := tx.sealed(c, fields, version)
	if err != nil {
		return err
	}
	err = tx.q.SealConnection(ctx, queries.SealConnectionParams{
		Sealed: sealed, SecretVersion: int32(version), SignIn: c.SignIn, WorkspaceID: c.Workspace, ID: c.ID,
	})
	if err != nil {
		return fmt.Errorf("saving a connection's sign-in: %w", err)
	}
	return nil
}

// place binds a sign-in to its row and its address: where either is another, it does not open.
func (c Connection) place(version int) secret.Place {
	return secret.Place{Workspace: c.Workspace, ID: c.ID, Kind: "connection/" + c.Kind + "/" + c.Origin, Version: version}
}

// ErrNoKey says that this process lacks the key that a secret was sealed with: keys are being turned.
var ErrNoKey = errors.New("sealed with a key that this process lacks")

// Unseal returns the fields of a connection's sign-in. They are opened for each use and kept nowhere.
func (r Statements) Unseal(c Connection) (map[string]string, error) {
	plain, err := r.open(c.sealed, c.place(c.version))
	if err != nil {
		return nil, fmt.Errorf("opening the sign-in of connection %d: %w", c.ID, err)
	}
	var fields map[string]string
	if err := json.Unmarshal([]byte(plain.Reveal()), &fields); err != nil {
		// encoding/json quotes the input in its errors.
		return nil, fmt.Errorf("reading the sign-in of connection %d: not JSON", c.ID)
	}
	return fields, nil
}

// open opens a secret. One that is too short to name its key was changed.
func (r Statements) open(sealed []byte, place secret.Place) (secret.String, error) {
	if id := secret.KeyID(sealed); id != 0 && !r.keys.Holds(id) {
		return secret.String{}, ErrNoKey
	}
	return r.keys.Open(sealed, place)
}

// Connection loads one connection of a workspace.
func (r Statements) Connection(ctx context.Context, workspace string, id int64) (Connection, error) {
	row, err := r.q.Connection(ctx, queries.ConnectionParams{WorkspaceID: workspace, ID: id})
	if err != nil {
		return Connection{}, fmt.Errorf("loading connection %d: %w", id, found(err))
	}
	return connection(row), nil
}

// ConnectionByID is for jobs, whose arguments hold ids alone.
func (r Statements) ConnectionByID(ctx context.Context, id int64) (Connection, error) {
	row, err := r.q.ConnectionByID(ctx, id)
	if err != nil {
		return Connection{}, fmt.Errorf("loading connection %d: %w", id, found(err))
	}
	return connection(row), nil
}

// ConnectionToRead loads a connection, and says whether its system may be asked now.
func (r Statements) ConnectionToRead(ctx context.Context, id int64) (c Connection, ready bool, err error) {
	row, err := r.q.ConnectionToRead(ctx, id)
	if err != nil {
		return c, false, fmt.Errorf("loading connection %d: %w", id, found(err))
	}
	return connection(row.Connection), row.Ready, nil
}

// ConnectionsFor lists what a person may use: their own connections, then the shared ones.
func (r Statements) ConnectionsFor(ctx context.Context, actor okr.Actor) ([]Connection, error) {
	rows, err := r.q.ConnectionsFor(ctx, queries.ConnectionsForParams{WorkspaceID: actor.Workspace, PersonID: actor.ID})
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

// AllConnections lists every connection that was confirmed and not removed, of all workspaces.
func (r Statements) AllConnections(ctx context.Context) ([]Connection, error) {
	rows, err := r.db.Query(ctx, "select id from connections where state not in ('pending', 'removed') order by workspace_id, id")
	if err != nil {
		return nil, fmt.Errorf("listing connections: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("listing connections: %w", err)
	}
	list := make([]Connection, len(ids))
	for i, id := range ids {
		if list[i], err = r.ConnectionByID(ctx, id); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func connection(row queries.Connection) Connection {
	c := Connection{
		ID: row.ID, Workspace: row.WorkspaceID, Kind: row.Kind, Name: row.Name, Origin: row.Origin,
		SignIn: row.SignIn, Shared: row.Shared, Owner: row.OwnerID, State: ConnectionState(row.State),
		Waiting: orZero(row.WaitingUntil), Succeeded: orZero(row.SucceededAt), Directory: orZero(row.DirectoryAt),
		Account: row.AccountName, Consented: orZero(row.ConsentedAt), Ends: orZero(row.EndsAt), TokenEpoch: row.TokenEpoch,
		Notice: row.Notice, Warned: int(row.WarnedDays), Refusal: row.Refusal, sealed: row.Sealed, version: int(row.SecretVersion),
	}
	if row.ClientID != nil {
		c.Client = *row.ClientID
	}
	if row.Replaces != nil {
		c.Replaces = *row.Replaces
	}
	return c
}

// Scorecard is a row of a connection's directory: what the system said when it was last asked.
type Scorecard struct {
	Reference   string
	Name        string
	Description string
	Unit        string
	Precision   int
	Direction   string
	Frequency   string
	Target      decimal.NullDecimal
	Value       decimal.NullDecimal
	Hidden      bool // its system finds it and does not list it
}

// Traits are what the system said of the scorecard.
func (s Scorecard) Traits() okr.Traits {
	return okr.Traits{Unit: s.Unit, Better: s.Direction, Frequency: okr.Frequency(s.Frequency), Precision: okr.PrecisionOf(s.Precision)}
}

// SearchScorecards finds scorecards in a connection's directory whose name or description holds
// every word, the best first; what is between commas is a word too. It asks Postgres only.
func (r Statements) SearchScorecards(ctx context.Context, c Connection, words string, most int) ([]Scorecard, error) {
	phrase := foldedPattern(words)
	rows, err := r.q.SearchScorecards(ctx, queries.SearchScorecardsParams{
		ConnectionID: c.ID, WorkspaceID: c.Workspace, Words: searchedWords(phrase),
		Phrase: phrase, Most: int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("searching scorecards: %w", err)
	}
	list := make([]Scorecard, len(rows))
	for i, row := range rows {
		list[i] = scorecard(row.Scorecard)
	}
	return list, nil
}

// searchedWords are the words of a search.
func searchedWords(phrase string) []string {
	words := strings.FieldsFunc(phrase, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	if len(words) == 0 {
		return strings.Fields(phrase)
	}
	return words
}

// ScorecardTwins are some scorecards of a connection's directory and those that are called the same.
func (r Statements) ScorecardTwins(ctx context.Context, c Connection, references ...string) ([]Scorecard, error) {
	rows, err := r.q.ScorecardTwins(ctx, queries.ScorecardTwinsParams{ConnectionID: c.ID, WorkspaceID: c.Workspace, Refs: references})
	if err != nil {
		return nil, fmt.Errorf("looking for scorecards of one name: %w", err)
	}
	list := make([]Scorecard, len(rows))
	for i, row := range rows {
		list[i] = scorecard(row.Scorecard)
	}
	return list, nil
}

// EachScorecardName passes the names in a connection's directory one by one; liked are the account's
// favourites and what the system marks as important.
func (r Statements) EachScorecardName(ctx context.Context, c Connection, do func(reference, name string, liked bool)) error {
	rows, err := r.q.ScorecardNames(ctx, queries.ScorecardNamesParams{ConnectionID: c.ID, WorkspaceID: c.Workspace})
	if err != nil {
		return fmt.Errorf("reading the names of scorecards: %w", err)
	}
	for _, row := range rows {
		do(row.Reference, row.Name, row.Liked)
	}
	return nil
}

// NearScorecards loads rows of a connection's directory, in the order of the references.
func (r Statements) NearScorecards(ctx context.Context, c Connection, references []string) ([]Scorecard, error) {
	rows, err := r.q.NearScorecards(ctx, queries.NearScorecardsParams{ConnectionID: c.ID, WorkspaceID: c.Workspace, Refs: references})
	if err != nil {
		return nil, fmt.Errorf("loading scorecards: %w", err)
	}
	var list []Scorecard
	for _, reference := range references {
		for _, row := range rows {
			if row.Reference == reference {
				list = append(list, scorecard(row))
			}
		}
	}
	return list, nil
}

// CountUnlistable is how many scorecards of a connection's directory have a longer reference.
func (r Statements) CountUnlistable(ctx context.Context, c Connection, longest int) (int, error) {
	n, err := r.q.CountUnlistable(ctx, queries.CountUnlistableParams{ConnectionID: c.ID, WorkspaceID: c.Workspace, Longest: int32(longest)})
	if err != nil {
		return 0, fmt.Errorf("counting scorecards: %w", err)
	}
	return int(n), nil
}

// Scorecard loads one row of a connection's directory.
func (r Statements) Scorecard(ctx context.Context, c Connection, reference string) (Scorecard, error) {
	row, err := r.q.Scorecard(ctx, queries.ScorecardParams{ConnectionID: c.ID, WorkspaceID: c.Workspace, Reference: reference})
	if err != nil {
		return Scorecard{}, fmt.Errorf("loading a scorecard: %w", found(err))
	}
	return scorecard(row), nil
}

func scorecard(row queries.Scorecard) Scorecard {
	return Scorecard{
		Reference: row.Reference, Name: row.Name, Description: row.Description, Unit: row.Unit,
		Precision: int(row.Precision), Direction: row.Direction, Frequency: row.Frequency,
		Target: row.Target, Value: row.Value, Hidden: row.Hidden,
	}
}

// likeLiteral makes words stand for themselves in a LIKE pattern.
func likeLiteral(words string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(words)
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// Rekey seals every secret again with the primary key and returns how many still need another
// one: 0 means that the old keys can go. It may run while replicas serve.
func (s *Store) Rekey(ctx context.Context) (left int, err error) {
	connections, err := s.q.ConnectionIDs(ctx)
	if err != nil {
		return 0, fmt.Errorf("listing connections: %w", err)
	}
	n, err := s.reseal(ctx, "connection", connections, func(tx *Tx, id int64) ([]byte, secret.Place, func([]byte) error, error) {
		row, err := tx.q.LockConnection(ctx, id)
		c := connection(row)
		return c.sealed, c.place(c.version), func(sealed []byte) error {
			return tx.q.ResealConnection(ctx, queries.ResealConnectionParams{ID: id, Sealed: sealed})
		}, err
	})
	if left += n; err != nil {
		return left, err
	}
	clients, err := s.q.OAuthClientIDs(ctx)
	if err != nil {
		return 0, fmt.Errorf("listing OAuth clients: %w", err)
	}
	n, err = s.reseal(ctx, "OAuth client", clients, func(tx *Tx, id int64) ([]byte, secret.Place, func([]byte) error, error) {
		row, err := tx.q.LockOAuthClient(ctx, id)
		c := oauthClient(row)
		return c.sealed, c.place(), func(sealed []byte) error {
			return tx.q.ResealOAuthClient(ctx, queries.ResealOAuthClientParams{ID: id, Sealed: sealed})
		}, err
	})
	if left += n; err != nil || left > 0 {
		return left, err
	}
	// The canary goes last: as long as it needs the old key, nobody may take that key away.
	sealed, err := s.keys.Seal(canary, canaryPlace)
	if err != nil {
		return 0, fmt.Errorf("sealing what proves the keys: %w", err)
	}
	return 0, s.q.SaveCanary(ctx, sealed)
}

// UnderOldKeys counts what other keys than the primary one have sealed: what lasts, which Rekey seals again, and
// what is of no use after half an hour.
func (s *Store) UnderOldKeys(ctx context.Context) (lasting, passing int, err error) {
	rows, err := s.q.KeysInUse(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("counting what is sealed: %w", err)
	}
	for _, row := range rows {
		switch {
		case secret.KeyID(row.Begins) == s.keys.PrimaryID():
		case row.Passing:
			passing += int(row.Count)
		default:
			lasting += int(row.Count)
		}
	}
	return lasting, passing, nil
}

// reseal seals the secrets of rows again, each locked in a transaction of its own, and returns how
// many cannot be opened with the keys that there are.
func (s *Store) reseal(ctx context.Context, what string, ids []int64, lock func(tx *Tx, id int64) (sealed []byte, place secret.Place, save func([]byte) error, err error)) (left int, err error) {
	for _, id := range ids {
		opens := true
		err := s.InTx(ctx, func(tx *Tx) error {
			sealed, place, save, err := lock(tx, id)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil // it went meanwhile
			}
			if err != nil {
				return fmt.Errorf("locking %s %d: %w", what, id, err)
			}
			if secret.KeyID(sealed) == tx.keys.PrimaryID() {
				return nil
			}
			plain, err := tx.keys.Open(sealed, place)
			if opens = err == nil; !opens {
				return nil
			}
			if sealed, err = tx.keys.Seal(plain, place); err != nil {
				return fmt.Errorf("sealing %s %d: %w", what, id, err)
			}
			return save(sealed)
		})
		if err != nil {
			return left, err
		}
		if !opens {
			left++
		}
	}
	return left, nil
}
