package servicenow

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"golang.org/x/oauth2"

	"okrbot/integrations"
	"okrbot/integrations/wire"
)

var _ integrations.Consenter = (*Client)(nil)

// RefreshLife is ServiceNow's default of 8,640,000 seconds, which use does not prolong.
func (*Client) RefreshLife() time.Duration { return 100 * 24 * time.Hour }

// BeforeAnother names the page on which people take back what they allowed. As long as a refresh token is valid,
// ServiceNow answers another consent with the same one.
func (*Client) BeforeAnother() string {
	return "In ServiceNow, remove okrbot under *Self-Service > My Connected Apps* first: until then it gives the same sign-in again, with the same end."
}

// RegisterGuides are the two forms in which ServiceNow's releases register a client.
func (*Client) RegisterGuides(redirect string) []integrations.Guide {
	return []integrations.Guide{
		{
			Title: "Application Registry (every release)",
			Steps: []string{
				"As a user with the role `oauth_admin`, open *All > System OAuth > Application Registry*, and press *New*.",
				"Choose *Create an OAuth API endpoint for external clients*.",
				"Name: `okrbot`. Redirect URL: `" + redirect + "`. Leave Client ID and Client Secret as they are: ServiceNow fills them.",
				"Leave everything else alone: Refresh Token Lifespan 8,640,000, Access Token Lifespan 1,800, *Active* ticked, *Enforce Token Restrictions* and *Public Client* not ticked.",
				"Press *Submit*, open the record again, and copy Client ID and Client Secret (the lock shows it) into the form below.",
			},
		},
		{
			Title: "Machine Identity Console (Zurich and later)",
			Steps: []string{
				"As a user with the role `oauth_admin`, `mi_admin` or `admin`, open *All > Machine Identity Console > Inbound integrations*, and press *New integration*. On some releases it is under *System OAuth > Application Registry > New > New Inbound Integration Experience*.",
				"Choose *OAuth authorization code grant*.",
				"Name and Provider name: `okrbot`. Redirect URL: `" + redirect + "`.",
				"Leave *This is a public client* not ticked: a public client gets no refresh token, and okrbot would have to ask again every half hour.",
				"Auth scope: choose `useraccount`, or a scope that covers the Scorecards API. Leave *Enforce token restriction* not ticked.",
				"Press *Save*, and copy Client ID and Client Secret into the form below.",
			},
		},
	}
}

// config is a client as golang.org/x/oauth2 wants it. The secret goes into the body: ServiceNow
// refuses parameters elsewhere, and a library that tried both ways would burn an attempt.
func config(client integrations.OAuthClient, redirect string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: client.Fields["client_id"], ClientSecret: client.Fields["client_secret"], RedirectURL: redirect,
		Endpoint: oauth2.Endpoint{
			AuthURL: client.Origin + "/oauth_auth.do", TokenURL: client.Origin + "/oauth_token.do", AuthStyle: oauth2.AuthStyleInParams,
		},
	}
}

// ConsentURL is ServiceNow's page with Allow and Deny.
func (*Client) ConsentURL(client integrations.OAuthClient, redirect, state, verifier string) string {
	var options []oauth2.AuthCodeOption
	if verifier != "" {
		options = append(options, oauth2.S256ChallengeOption(verifier))
	}
	return config(client, redirect).AuthCodeURL(state, options...)
}

// Exchange trades a code for tokens. A client without a refresh token is of no use to us: somebody
// would have to allow it again every half hour. ServiceNow's "Authorization code grant workflow" lists
// the state among what this request must have; the standard knows none there.
func (c *Client) Exchange(ctx context.Context, client integrations.OAuthClient, redirect, state, code, verifier string) (integrations.Tokens, error) {
	options := []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("state", state)}
	if verifier != "" {
		options = append(options, oauth2.VerifierOption(verifier))
	}
	tokens, err := c.tokens(ctx, client, "consent_refused", func(ctx context.Context) (*oauth2.Token, error) {
		return config(client, redirect).Exchange(ctx, code, options...)
	})
	if err == nil && tokens.Fields[integrations.RefreshToken] == "" {
		return integrations.Tokens{}, say("public_client")
	}
	return tokens, err
}

// Renew asks for a new access token. ServiceNow answers with the present one while that is valid,
// and may or may not repeat the refresh token, whose end it does not move.
func (c *Client) Renew(ctx context.Context, client integrations.OAuthClient, refresh string) (integrations.Tokens, error) {
	return c.tokens(ctx, client, "consent_over", func(ctx context.Context) (*oauth2.Token, error) {
		return config(client, "").TokenSource(ctx, &oauth2.Token{RefreshToken: refresh}).Token()
	})
}

// tokens has the library ask the token endpoint through our transport.
func (c *Client) tokens(ctx context.Context, client integrations.OAuthClient, refused string, ask func(context.Context) (*oauth2.Token, error)) (integrations.Tokens, error) {
	if problem := c.allowed(integrations.Account{Origin: client.Origin}); problem != nil {
		return integrations.Tokens{}, problem
	}
	if client.Fields["client_id"] == "" || client.Fields["client_secret"] == "" {
		return integrations.Tokens{}, say("incomplete")
	}
	within, cancel := context.WithTimeout(ctx, wire.WholeWithin)
	defer cancel()
	if err := c.gates.Wait(within, client.Origin, client.Fields["client_id"]); err != nil {
		return integrations.Tokens{}, say("too_slow")
	}
	door := &http.Client{Transport: &tokenDoor{client: c, refused: refused}, CheckRedirect: c.http.CheckRedirect}
	token, err := ask(context.WithValue(within, oauth2.HTTPClient, door))
	var problem *integrations.Error
	switch {
	case err != nil && ctx.Err() != nil:
		return integrations.Tokens{}, ctx.Err()
	case errors.As(err, &problem):
		return integrations.Tokens{}, problem
	case err != nil:
		return integrations.Tokens{}, say("malformed")
	}
	fields := integrations.Fields{integrations.AccessToken: token.AccessToken}
	if token.RefreshToken != "" {
		fields[integrations.RefreshToken] = token.RefreshToken
	}
	return integrations.Tokens{Fields: fields, Life: time.Duration(token.ExpiresIn) * time.Second}, nil
}

// tokenDoor is the way to a token endpoint: its answers are bounded and sorted as all others are,
// and what comes through is JSON with the four members that the library reads.
type tokenDoor struct {
	client  *Client
	refused string // the cause when the endpoint itself says no
}

// RoundTrip asks once.
func (d *tokenDoor) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("User-Agent", "okrbot")
	resp, err := counted.Ask(d.client.http.Transport.RoundTrip, req)
	if err != nil {
		return nil, unreached(err)
	}
	defer resp.Body.Close()
	body, tooLarge, err := wire.Body(resp, wire.Largest)
	if problem := d.sorted(resp, body, tooLarge, err); problem != nil {
		return nil, problem
	}
	clean, problem := members(body)
	if problem != nil {
		return nil, problem
	}
	return &http.Response{
		StatusCode: http.StatusOK, Proto: resp.Proto, ProtoMajor: resp.ProtoMajor, ProtoMinor: resp.ProtoMinor, Request: req,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(clean)), ContentLength: int64(len(clean)),
	}, nil
}

// sorted is why an answer is none. ServiceNow says 401 "server_error" for nearly everything: a bad
// secret, an ended refresh token, a locked user. Only a 400 or 401 with OAuth's own error in JSON
// counts as a refusal; a page, a 5xx, a 429 or silence do not.
func (d *tokenDoor) sorted(resp *http.Response, body []byte, tooLarge bool, err error) *integrations.Error {
	code := resp.StatusCode
	if code == http.StatusBadRequest || code == http.StatusUnauthorized {
		var said struct {
			Error string `json:"error"`
		}
		if wire.IsJSON(resp) && json.Unmarshal(body, &said) == nil && said.Error != "" {
			return say(d.refused)
		}
		if wire.IsMarkup(body) || !wire.IsJSON(resp) {
			return page(body)
		}
		return say("unexpected_status")
	}
	if problem := refused(resp, body, integrations.Account{SignIn: oauth}); problem != nil {
		if problem.Class == integrations.Unauthorized || problem.Class == integrations.NotFound || problem.Class == integrations.Forbidden {
			return say("no_token_endpoint")
		}
		return problem
	}
	switch {
	case tooLarge:
		return say("too_large")
	case err != nil:
		return cutShort(err)
	case wire.IsMarkup(body), !wire.IsJSON(resp):
		return page(body)
	}
	return nil
}

// members are what the library reads of an answer, with a life span that it can read: numbers come
// as text too, or not at all, or absurdly large.
func members(body []byte) ([]byte, *integrations.Error) {
	answer, problem := strict(body)
	if problem != nil {
		return nil, problem
	}
	fields, ok := answer.(map[string]any)
	if !ok {
		return nil, say("malformed")
	}
	of := scorecard(fields)
	access := of.text(integrations.AccessToken)
	if access == "" || strings.ContainsFunc(access, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, say("malformed")
	}
	clean := map[string]any{integrations.AccessToken: access, "token_type": cmp.Or(of.text("token_type"), "Bearer")}
	if refresh := of.text(integrations.RefreshToken); refresh != "" {
		clean[integrations.RefreshToken] = refresh
	}
	const day = 24 * 60 * 60 // seconds; a longer life is not believed
	if life, _, problem := number(of["expires_in"]); problem == nil && life.Valid && life.Decimal.IsPositive() {
		seconds := int64(day)
		if life.Decimal.LessThan(decimal.NewFromInt(day)) {
			seconds = life.Decimal.IntPart()
		}
		clean["expires_in"] = json.Number(strconv.FormatInt(seconds, 10))
	}
	raw, err := json.Marshal(clean)
	if err != nil {
		return nil, say("malformed")
	}
	return raw, nil
}

// Who asks the Table API for the row of the user that we are. What is not exactly one row with a
// name is no answer: an unknown column in a query is ignored, and gives everybody.
func (c *Client) Who(ctx context.Context, account integrations.Account) string {
	query := url.Values{
		"sysparm_query": {"sys_id=javascript:gs.getUserID()"}, "sysparm_fields": {"user_name"},
		"sysparm_limit": {"2"}, "sysparm_exclude_reference_link": {"true"},
	}
	body, err := c.get(ctx, account, question{pathAndQuery: "/api/now/v2/table/sys_user?" + query.Encode()})
	if err != nil {
		return ""
	}
	rows, problem := decode(body)
	if problem != nil || len(rows) != 1 {
		return ""
	}
	name := []rune(rows[0].text("user_name"))
	return string(name[:min(len(name), 100)])
}
