// Package integrations is the contract between the bot and the places it reads scores from.
//
// A connector translates one vendor's HTTP into these words and knows nothing of Slack, of the
// database or of key results. integrationtest.Run is the same contract, executable.
package integrations

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/shopspring/decimal"
)

// Connector reads scores from one kind of system. Every method may be called from many goroutines
// at once; every method that dials ends with its context.
type Connector interface {
	// Kind is the stored name: "servicenow". It never changes once rows carry it, and is not "people".
	Kind() string
	// Name is what people call the system: "ServiceNow".
	Name() string
	// AddressField is the form field that asks for the system's address.
	AddressField() Field
	// SignIns are the ways to sign in, the recommended one first.
	SignIns() []SignIn
	// Origin turns what a person typed or pasted into the one address that will be dialled:
	// "https://acme.service-now.com", or with path and query where the system is one document. It
	// is stored and shown as it is, and becomes itself again. The error is a sentence for the field.
	Origin(typed string) (string, error)
	// Check signs in and looks around, stage by stage, and stops at the first stage that fails.
	Check(ctx context.Context, account Account) []Stage
	// Search lists the scorecards this account can see, by name and description. An empty query
	// lists all. Page is 1-based; the last page is the one with More false.
	Search(ctx context.Context, account Account, query string, page int) (Page, error)
	// Describe reads one scorecard with its newest scores, newest first, at most scores of them.
	Describe(ctx context.Context, account Account, ref string, scores int) (Scorecard, error)
	// Read reads many scorecards at once. The answer has one Reading for each request, in order:
	// a scorecard with its scores from the day asked for, or that scorecard's own error.
	// Requests that name one scorecard and one day twice are asked once.
	Read(ctx context.Context, account Account, requests []Request) []Reading
}

// Divider is what a connector has besides where its scorecards can be divided. Each part has a
// reference of its own, which Describe and Read take like any other.
type Divider interface {
	// Divisions are what a scorecard, or a part of one, can be divided by.
	Divisions(ctx context.Context, account Account, ref string) (Divisions, error)
	// Elements are those of a breakdown of a scorecard, or of a part of one.
	Elements(ctx context.Context, account Account, ref, breakdown string) ([]Named, error)
	// Compose is the reference of a part, and Take takes one apart again.
	Compose(part Part) string
	Take(ref string) Part
}

// Hider is what a connector has besides where scorecards can be left out of its listings and read
// all the same.
type Hider interface {
	// SearchHidden lists also those, the first page of them.
	SearchHidden(ctx context.Context, account Account, query string) ([]Scorecard, error)
}

// Worded is what a connector has besides where a search that finds nothing is explained in its own
// words.
type Worded interface{ SearchWords() SearchWords }

// SearchWords stand after what the bot says of a search that found nothing. Each is a sentence or
// several, or empty where there is nothing to add.
type SearchWords struct {
	Unfound   string // why something can be there and not be found, and what to do
	Unlisted  string // what to do where nothing at all is listed
	Commas    string // what a comma between words means, where it means something
	Forbidden string // what a sign-in lacks that may not search, and who gives it
	Hidden    string // of a scorecard that Hider finds, beside its name: "not on the Analytics Hub"
}

// Divisions are what a scorecard can be divided by.
type Divisions struct {
	Breakdowns []Named // "Priority"
	Series     []Named // time series made of its scores: "7d running SUM"
}

// Named is something of the vendor's with its name, which is not escaped.
type Named struct{ ID, Name string }

// Part says what of a scorecard is meant. Without anything but the scorecard it is the whole.
type Part struct {
	Scorecard            string
	Breakdown, Element   string // both or neither
	Breakdown2, Element2 string // within the first ones; both or neither
	Series               string
}

// SignIn is one way to sign in and the fields it asks for.
type SignIn struct {
	Kind   string // stored: "basic", "oauth", "token"
	Label  string // "Basic Auth"
	Fields []Field
	Guide  string // what an administrator of the system must have prepared, in mrkdwn
	// NeedsPublicURL is true where a browser must come back to us: the connector is a Consenter, and
	// the fields are the client's, which an administrator enters once for each address.
	NeedsPublicURL bool
}

// Consenter is the extra of a connector to which people sign in by their browser: OAuth 2.0's
// authorization code, with a client that keeps a secret. The account that comes of it has the
// access token in Fields under AccessToken.
type Consenter interface {
	Connector
	// RegisterGuides are the ways to register a client in the system, the usual one first.
	RegisterGuides(redirect string) []Guide
	// ConsentURL is where the person allows us in. State is letters and digits; verifier is PKCE's,
	// and empty where the system refused a challenge before.
	ConsentURL(client OAuthClient, redirect, state, verifier string) string
	// Exchange trades the code that the browser brought back for tokens, once. State is what it brought
	// back with the code.
	Exchange(ctx context.Context, client OAuthClient, redirect, state, code, verifier string) (Tokens, error)
	// Renew asks for a new access token. Tokens.Fields holds no RefreshToken where the old one stays in force.
	Renew(ctx context.Context, client OAuthClient, refresh string) (Tokens, error)
	// Who names the user that an account signs in as; empty when the system does not tell.
	Who(ctx context.Context, account Account) string
	// RefreshLife is how long a refresh token lives from when it was first given, as the system is delivered.
	RefreshLife() time.Duration
	// BeforeAnother is what to do in the system so that another consent brings a refresh token of its own, as a
	// sentence; empty where each consent does.
	BeforeAnother() string
}

// AccessToken is the field of an account that signed in by browser.
const AccessToken = "access_token"

// Guide is a numbered list of steps in a system's own words. Code stands in backquotes.
type Guide struct {
	Title string
	Steps []string
}

// OAuthClient is what an administrator registered in a system. It prints as its address alone.
type OAuthClient struct {
	Origin string
	Fields Fields // client_id and client_secret
}

// Tokens are what a system gave for a consent. They do not print.
type Tokens struct {
	Fields Fields        // AccessToken, and RefreshToken where one was given
	Life   time.Duration // of the access token; 0 when the system did not say
}

// RefreshToken is the field of tokens that renews them.
const RefreshToken = "refresh_token"

// Field is one input of a connection form.
type Field struct {
	Name        string // key in Account.Fields and block_id in the form
	Label       string
	Hint        string
	Placeholder string
	Secret      bool
	MaxLength   int // characters
	Optional    bool
}

// Expires is the field of a sign-in that says on which day it ends: "2026-12-31". People are
// reminded before.
const Expires = "expires"

// Account is a system's address with the means to sign in. It prints as its address alone.
type Account struct {
	Origin     string // what Connector.Origin made
	SignIn     string // SignIn.Kind
	Fields     Fields
	Connection int64 // tells accounts apart whose fields do not; 0: it is not connected yet
}

// Fields are what a person entered to sign in, by Field.Name. They never print.
type Fields map[string]string

// String, GoString, Format, MarshalJSON and LogValue keep secrets out of logs and errors.
func (Fields) String() string               { return "[redacted]" }
func (Fields) GoString() string             { return "[redacted]" }
func (Fields) Format(f fmt.State, _ rune)   { fmt.Fprint(f, "[redacted]") }
func (Fields) MarshalJSON() ([]byte, error) { return []byte(`"[redacted]"`), nil }
func (Fields) LogValue() slog.Value         { return slog.StringValue("[redacted]") }

// Stage is one step of a connection check.
type Stage struct {
	Name    string        // "Address", "TLS", "Sign-in"; then the system's own: "Role", "One score"
	Took    time.Duration // how long the step took
	Err     *Error        // nil when it passed
	Skipped bool          // there was nothing to check; Note says why
	Note    string        // what was found: "signed in as okr.reader"
	Score   string        // a score that was read, for those who may read through the connection: "Open incidents: 42"
}

// Stages are the stages of a check, each timed from the end of the one before.
type Stages struct {
	List  []Stage
	since time.Time
}

// Add notes a stage, and says whether the check goes on.
func (s *Stages) Add(name, note string, err *Error) bool {
	now := time.Now()
	if s.since.IsZero() {
		s.since = now
	}
	s.List = append(s.List, Stage{Name: name, Took: now.Sub(s.since), Err: err, Note: note})
	s.since = now
	return err == nil
}

// AddScore notes a stage in which a score was read, with its value.
func (s *Stages) AddScore(name, score string) {
	s.Add(name, "", nil)
	s.List[len(s.List)-1].Score = score
}

// Reach is the beginning of every check: whether an address may be asked, what keeps it from being
// reached, and from being reached with encryption. An address without it is allowed by an operator
// alone. It says whether the check goes on.
func (s *Stages) Reach(address string, allowed *Error, reach func() (unreachable, insecure *Error)) bool {
	s.since = time.Now()
	if allowed != nil {
		return s.Add("Address", "", allowed)
	}
	var scheme, host string
	if u, err := url.Parse(address); err == nil {
		scheme, host = u.Scheme, u.Host
	}
	unreachable, insecure := reach()
	if !s.Add("Address", host, unreachable) {
		return false
	}
	if scheme == "http" {
		s.List = append(s.List, Stage{Name: "TLS", Skipped: true, Note: "not encrypted: the address is http"})
		return true
	}
	return s.Add("TLS", "", insecure)
}

// Page is a part of a listing.
type Page struct {
	Scorecards []Scorecard
	More       bool
}

// Scorecard is a named series of scores. Its words are the vendor's and not escaped.
type Scorecard struct {
	Ref         string // names the scorecard in this system: ServiceNow's colon uuid, a JSON pointer
	Name        string
	Description string
	Unit        string // "%", "#", "Hours"; empty when it has none
	Precision   int    // decimals shown; AllDecimals where the system names none
	Direction   Direction
	Frequency   string // "daily", "weekly", "monthly", "quarterly", "yearly"; empty when unknown
	Guessed     bool   // Frequency was taken from the days between scores: the system does not name it
	Target      decimal.NullDecimal
	Value       decimal.NullDecimal // newest score; not valid when there is none yet
	Key         bool                // marked as important in the system
	Favorite    bool                // of the account
	Scores      []Score             // newest first; only where scores were asked for
	// Left is the last day of the newest score that Reading.Since left out; zero where it left out none.
	Left time.Time
	// Seen is when the answer was received, by this process's clock; for showing ages only.
	Seen time.Time
}

// AllDecimals is the precision of a scorecard that names none: its values have the decimals that they
// have.
const AllDecimals = 9

// AsOf is the newest score's last day, and false when there is no score.
func (s Scorecard) AsOf() (time.Time, bool) {
	if len(s.Scores) == 0 {
		return time.Time{}, false
	}
	return s.Scores[0].End, true
}

// Score is one value of a scorecard and the days it covers.
type Score struct {
	Start, End time.Time // midnight UTC of a calendar day without zone
	Value      decimal.Decimal
	AsRead     string // what the system wrote, where Value was rounded; else empty
}

// Direction says which way is better.
type Direction string

// The directions a scorecard can have.
const (
	NoDirection Direction = ""     // it does not say
	Neither     Direction = "none" // it says that neither way is
	Minimize    Direction = "minimize"
	Maximize    Direction = "maximize"
)

// Request asks for a scorecard's scores from a day on, inclusive.
type Request struct {
	Ref  string
	From time.Time // midnight UTC of a calendar day
}

// Reading answers one Request.
type Reading struct {
	Scorecard Scorecard
	Err       error // *Error, unless the context ended
}

// Class says what kind of failure it was, and so what the bot does about it.
type Class string

// The classes of failure.
const (
	Unauthorized Class = "unauthorized" // the sign-in was refused: stop until somebody reconnects
	Forbidden    Class = "forbidden"    // signed in, not allowed: a role or scope is missing
	NotFound     Class = "not_found"    // no such scorecard, or not visible to this account
	NoData       Class = "no_data"      // the scorecard has no score yet
	RateLimited  Class = "rate_limited" // asked to wait: nothing before After
	Unavailable  Class = "unavailable"  // asleep, down, slow or unreachable: try again
	Misread      Class = "misread"      // it answered something that we refuse to take for a number
)

// Classes are all of them.
var Classes = []Class{Unauthorized, Forbidden, NotFound, NoData, RateLimited, Unavailable, Misread}

// Error is a failure that people can read. Says and Next never hold anything the other side sent.
type Error struct {
	Class Class
	Cause string        // a stable code for logs and tests: "asleep", "wrong_password", "mfa"
	Says  string        // what happened: "ServiceNow is asleep: its developer instance hibernates."
	Next  string        // what to do: "Wake it at developer.servicenow.com, then sync again."
	After time.Duration // RateLimited: how long to wait; 0 when the other side did not say
	// Brief is true when another try within this slot makes sense.
	Brief bool
}

func (e *Error) Error() string { return string(e.Class) + " (" + e.Cause + ")" }

// Sentence is what happened and what to do next.
func (e *Error) Sentence() string {
	if e.Next == "" {
		return e.Says
	}
	return e.Says + " " + e.Next
}

// Registry holds the connectors a process offers, in the order in which people see them.
type Registry []Connector

// ByKind finds the connector of a stored connection.
func (r Registry) ByKind(kind string) (Connector, error) {
	for _, c := range r {
		if c.Kind() == kind {
			return c, nil
		}
	}
	return nil, fmt.Errorf("no connector of kind %q in this build", kind)
}

// Whole is the reference of the scorecard that a reference names a part of: itself where a kind of system
// has no parts.
func (r Registry) Whole(kind, ref string) string {
	if c, err := r.ByKind(kind); err == nil {
		if d, ok := c.(Divider); ok {
			return d.Take(ref).Scorecard
		}
	}
	return ref
}

// Name is what people call a kind of system.
func (r Registry) Name(kind string) string {
	if c, err := r.ByKind(kind); err == nil {
		return c.Name()
	}
	return kind
}
