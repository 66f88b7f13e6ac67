// Package servicenow reads ServiceNow's Performance Analytics scorecards.
package servicenow

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"okrbot/integrations"
)

var _ integrations.Connector = (*Client)(nil)

// Kind is how a connection of this connector is stored.
const Kind = "servicenow"

// The sign-ins, as stored.
const (
	basic = "basic"
	oauth = "oauth"
	token = "token"
)

// Client reads scorecards from any number of instances. It keeps no session and no cookie.
type Client struct {
	extra []string // origins allowed besides ServiceNow's own domains
	http  *http.Client
	gates *gates
}

// Options are what the operator allows.
type Options struct {
	// ExtraOrigins are whole origins allowed besides *.service-now.com and
	// *.servicenowservices.com: "https://now.acme.example", "http://127.0.0.1:9000".
	ExtraOrigins []string
}

// New makes a client. Its transport dials public addresses on port 443 and the extra origins, and
// nothing else.
func New(o Options) *Client {
	return &Client{extra: slices.Clone(o.ExtraOrigins), http: &http.Client{
		Transport: transport(o.ExtraOrigins),
		// A redirect leads to a sign-in page, and could lead a secret elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, gates: &gates{}}
}

// Kind is the stored name.
func (*Client) Kind() string { return Kind }

// Name is what people call it.
func (*Client) Name() string { return "ServiceNow" }

// AddressField asks for the instance.
func (*Client) AddressField() integrations.Field {
	return integrations.Field{
		Name: "address", Label: "ServiceNow URL", MaxLength: 300,
		Hint:        "The instance's name, its host, or any link into it: acme, acme.service-now.com.",
		Placeholder: "https://acme.service-now.com",
	}
}

// SignIns are Basic Auth, OAuth and the REST API key, in the order of WorkBoard's form.
func (*Client) SignIns() []integrations.SignIn {
	return []integrations.SignIn{
		{
			Kind: basic, Label: "Basic Auth",
			Fields: []integrations.Field{
				{Name: "username", Label: "Username", MaxLength: 100},
				{Name: "password", Label: "Password", Secret: true, MaxLength: 200},
			},
			Guide: "Use a user made for this, with the role `pa_viewer` and no other. Where ServiceNow restricts Basic authentication, the user also needs the role `snc_basic_auth_api_access`, or *Web service access only*.",
		},
		{
			Kind: oauth, Label: "OAuth", NeedsPublicURL: true,
			Fields: []integrations.Field{
				{Name: "client_id", Label: "Client ID", MaxLength: 100},
				{Name: "client_secret", Label: "Client Secret", Secret: true, MaxLength: 200},
			},
			Guide: "OAuth needs two things first: `PUBLIC_URL` set where okrbot runs, and a client registered in ServiceNow by its administrator. This release cannot sign in with it yet: choose Basic Auth or Personal Access Token.",
		},
		{
			Kind: token, Label: "Personal Access Token",
			Fields: []integrations.Field{
				{Name: "token", Label: "Personal Access Token", Secret: true, MaxLength: 500},
			},
			Guide: "ServiceNow has no personal tokens: enter a *REST API key*, which is sent as `x-sn-apikey`. An administrator makes it: an inbound authentication profile for API keys, the key itself for a user with the role `pa_viewer`, and a REST API access policy for the Scorecards API.",
		},
	}
}

// Check signs in and looks around: address, TLS, sign-in, role, one score. It makes one call.
func (c *Client) Check(ctx context.Context, account integrations.Account) []integrations.Stage {
	var stages []integrations.Stage
	began := time.Now()
	stage := func(name, note string, err *integrations.Error) bool {
		stages = append(stages, integrations.Stage{Name: name, Took: time.Since(began), Err: err, Note: note})
		began = time.Now()
		return err == nil
	}
	if problem := c.usable(account); problem != nil {
		stage("Address", "", problem)
		return stages
	}
	address, tls := c.reach(ctx, account.Origin)
	if !stage("Address", strings.TrimPrefix(strings.TrimPrefix(account.Origin, "https://"), "http://"), address) ||
		!stage("TLS", "", tls) {
		return stages
	}
	found, err := c.scorecards(ctx, account, query{perPage: 1, scores: true})
	var failure *integrations.Error
	if err != nil && !errors.As(err, &failure) {
		failure = say(integrations.Unavailable, "unreachable")
	}
	switch {
	case failure == nil:
	case failure.Class == integrations.Forbidden || failure.Cause == "no_endpoint":
		stage("Sign-in", "", nil)
		stage("Role", "", failure)
		return stages
	default:
		stage("Sign-in", "", failure)
		return stages
	}
	stage("Sign-in", account.Fields["username"], nil)
	if len(found) == 0 {
		stage("Role", "", say(integrations.Forbidden, "nothing_visible"))
		return stages
	}
	stage("Role", "pa_viewer", nil)
	first := found[0]
	if _, ok := first.AsOf(); !ok {
		stage("One score", first.Name+": no score yet", nil)
		return stages
	}
	stage("One score", first.Name+": "+first.Value.Decimal.String(), nil)
	return stages
}

// usable says what keeps an account from being tried at all.
func (c *Client) usable(account integrations.Account) *integrations.Error {
	if origin, err := c.Origin(account.Origin); err != nil || origin != account.Origin {
		return say(integrations.Unavailable, "address_not_allowed")
	}
	if account.SignIn == oauth {
		return say(integrations.Unauthorized, "oauth_later")
	}
	return nil
}

// Search lists scorecards by name or description. ServiceNow splits the words at commas and wants
// every part, so a comma is left out of what is sent and what comes back is looked at again.
func (c *Client) Search(ctx context.Context, account integrations.Account, words string, page int) (integrations.Page, error) {
	const perPage = 100 // ServiceNow's most
	found, raw, err := c.page(ctx, account, query{contains: strings.Join(strings.FieldsFunc(words, isComma), " "), perPage: perPage, page: page})
	if err != nil {
		return integrations.Page{}, err
	}
	// No total is documented: a page that is full may have a next one.
	return integrations.Page{Scorecards: found, More: raw >= perPage}, nil
}

func isComma(r rune) bool { return r == ',' }

// Describe reads one scorecard and its newest scores.
func (c *Client) Describe(ctx context.Context, account integrations.Account, ref string, scores int) (integrations.Scorecard, error) {
	s, err := c.one(ctx, account, integrations.Request{Ref: ref})
	if err != nil {
		return s, err
	}
	s.Scores = s.Scores[:min(len(s.Scores), scores)]
	return s, nil
}
