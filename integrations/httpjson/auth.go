package httpjson

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"okrbot/integrations"
)

// The sign-ins, as stored.
const (
	none   = "none"
	bearer = "bearer"
	header = "header"
)

// SignIns are none, a bearer token, and a header of any name.
func (*Client) SignIns() []integrations.SignIn {
	return []integrations.SignIn{
		{
			Kind: none, Label: "None",
			Guide: "For a document that everybody who reaches its host may read.",
		},
		{
			Kind: bearer, Label: "Bearer token",
			Fields: []integrations.Field{
				{Name: "token", Label: "Token", Secret: true, MaxLength: 2000},
			},
			Guide: "Sent as `Authorization: Bearer …`. Use a token that may read this document and nothing else.",
		},
		{
			Kind: header, Label: "Header",
			Fields: []integrations.Field{
				{Name: "name", Label: "Header name", Hint: "Such as X-API-Key.", MaxLength: 100},
				{Name: "value", Label: "Header value", Secret: true, MaxLength: 2000},
			},
			Guide: "One header with a secret in it, such as `X-API-Key`. Use a secret that may read this document and nothing else.",
		},
	}
}

// headerName is HTTP's grammar of a name.
var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$")

// kept are headers that are not a sign-in: those of one hop, those that name another host or
// session, and those that decide what is asked for.
var kept = []string{
	"Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	"Host", "Cookie", "Cookie2", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
	"Accept", "Accept-Encoding", "Content-Length", "Content-Encoding", "Content-Type", "Expect", "Range", "If-Match", "If-None-Match", "If-Modified-Since",
	"If-Unmodified-Since", "If-Range", "User-Agent", "X-Http-Method", "X-Http-Method-Override", "X-Method-Override",
}

// sign puts an account's sign-in onto a request, or says what it lacks.
func sign(req *http.Request, account integrations.Account) *integrations.Error {
	switch account.SignIn {
	case none:
		return nil
	case bearer:
		token := strings.TrimSpace(account.Fields["token"]) // pasted tokens bring a line end along
		if token == "" {
			return say("incomplete")
		}
		if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return say("secret_characters")
		}
		req.Header.Set("Authorization", "Bearer "+token)
		return nil
	case header:
		name, value := strings.TrimSpace(account.Fields["name"]), strings.TrimSpace(account.Fields["value"])
		switch {
		case name == "" || value == "":
			return say("incomplete")
		case !headerName.MatchString(name):
			return say("header_name")
		case slices.Contains(kept, http.CanonicalHeaderKey(name)):
			return say("header_kept")
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }):
			return say("secret_characters")
		}
		req.Header.Set(name, value)
		return nil
	}
	return say("incomplete")
}
