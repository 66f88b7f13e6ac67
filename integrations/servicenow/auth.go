package servicenow

import (
	"net/http"
	"strconv"
	"strings"

	"okrbot/integrations"
)

// The sign-ins, as stored.
const (
	basic = "basic"
	oauth = "oauth"
	token = "token"
)

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
			Guide: "You sign in on ServiceNow's own page, and okrbot never sees your password. Your user needs the role `pa_viewer`. Once for each instance, an administrator of this workspace enters a client that was registered in ServiceNow; the next page says how.",
		},
		{
			Kind: token, Label: "Personal Access Token",
			Fields: []integrations.Field{
				{Name: "token", Label: "Personal Access Token", Secret: true, MaxLength: 500},
				{Name: integrations.Expires, Label: "Expires on", Hint: "The key's Expiry in ServiceNow, such as 2026-12-31, where it has one: you are reminded before.", MaxLength: 10, Optional: true},
			},
			Guide: "ServiceNow has no personal tokens: enter a *REST API key*, which is sent as `x-sn-apikey`. An administrator makes it: an inbound authentication profile for API keys, the key itself for a user with the role `pa_viewer`, and a REST API access policy for the Scorecards API.",
		},
	}
}

// allowed says what keeps an account's address from being dialled. An account is bound to the
// address it was made for: it is looked at again before every call, since the operator's list can
// have changed since.
func (c *Client) allowed(account integrations.Account) *integrations.Error {
	if origin, err := c.Origin(account.Origin); err != nil || origin != account.Origin {
		return say("address_not_allowed")
	}
	return nil
}

// sign puts an account's sign-in onto a request, or says what it lacks.
func sign(req *http.Request, account integrations.Account) *integrations.Error {
	switch account.SignIn {
	case basic:
		name, password := account.Fields["username"], account.Fields["password"]
		if name == "" || password == "" {
			return say("incomplete")
		}
		req.SetBasicAuth(name, password)
		return nil
	case token:
		key := strings.TrimSpace(account.Fields["token"]) // pasted keys bring a line end along
		if key == "" {
			return say("incomplete")
		}
		if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return say("key_characters")
		}
		req.Header.Set("x-sn-apikey", key)
		return nil
	case oauth:
		access := account.Fields[integrations.AccessToken]
		if access == "" {
			return say("incomplete")
		}
		req.Header.Set("Authorization", "Bearer "+access)
		return nil
	}
	return say("incomplete")
}

// userOf tells the users of one instance apart, without holding a secret. What signs in without a name is told
// apart by its connection.
func userOf(account integrations.Account) string {
	if name := account.Fields["username"]; name != "" {
		return name
	}
	return account.SignIn + " " + strconv.FormatInt(account.Connection, 10)
}
