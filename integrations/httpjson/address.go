package httpjson

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"okrbot/integrations"
)

// problem is what is wrong with an address, as a sentence for its field.
type problem string

func (p problem) Error() string { return string(p) }

const (
	addressExample = " Enter its whole URL, such as https://build.example.com/metrics.json."
	longestAddress = 1000 // bytes
)

// secretly are the names of parameters that hold a secret, which an address may not: it is stored
// and shown as it is. Short ones are the whole name: a country_code is no secret. Of longer ones that
// end like them, those are listed that are known for it.
var secretly = regexp.MustCompile(`(?i)(token|secret|passw(or)?d|signature|credentials?|authorization` +
	`|(api|access|subscription)[-_.]?key(id)?` +
	`|(functions|secret|private|shared|master|signing|license|auth|app|application)[-_.]key` +
	`|auth[-_.]code|api[-_.]sig|(basic|http|x)[-_.]auth|(user|db|admin)[-_.](pwd|pass)` +
	`|^(key|sig|code|auth|pwd|pass|sas))$`)

// What keeps an address from being used that may have been stored when it was still taken.
const (
	holdsSecret    problem = "The address holds what looks like a secret, and addresses are shown to others. Leave it out, and choose a way to sign in below."
	holdsSemicolon problem = "Write & between the parameters of the address, and a semicolon in one as %3B."
)

// Origin turns a typed or pasted address into the document's URL: the path and the query belong to
// it, a fragment does not. What is allowed is decided on the origin that comes out, and exactly
// that one is dialled.
func (c *Client) Origin(typed string) (string, error) {
	s := strings.TrimSpace(typed)
	switch {
	case s == "":
		return "", problem("Enter the address of the document." + addressExample)
	case len(s) > longestAddress:
		return "", problem("This address is too long. Enter one of at most 1,000 characters.")
	}
	// Slack wraps addresses it recognises: <https://build.example.com/x|build.example.com/x>.
	if inner, ok := strings.CutPrefix(s, "<"); ok {
		s, _, _ = strings.Cut(strings.TrimSuffix(inner, ">"), "|")
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("\\<>\"`{|}", r) }) {
		return "", problem("This address holds characters that no address has. Write them percent-encoded.")
	}
	if !strings.Contains(s, "://") {
		s = c.schemeOf(s) + "://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		return "", problem("This is not an address." + addressExample)
	}
	if u.User != nil {
		return "", problem("Leave the user and password out of the address. Choose a way to sign in below.")
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return "", problem("This is not a web address." + addressExample)
	}
	host := strings.ToLower(u.Host)
	for scheme, port := range map[string]string{"https": ":443", "http": ":80"} {
		if u.Scheme == scheme {
			host = strings.TrimSuffix(host, port)
		}
	}
	switch {
	case slices.Contains(c.origins, u.Scheme+"://"+host):
	case u.Scheme == "http" && slices.Contains(c.origins, "https://"+host):
		return "", problem("This host is reached by https only. Change http to https.")
	default:
		return "", problem("okrbot reads no documents from this host. Ask okrbot's administrator to add it to HTTP_JSON_ORIGINS.")
	}
	if strings.Contains(u.RawQuery, ";") {
		return "", holdsSemicolon
	}
	if namesSecret(u.RawQuery) {
		return "", holdsSecret
	}
	address := u.Scheme + "://" + host + u.EscapedPath()
	if u.Path == "" {
		address += "/"
	}
	if u.RawQuery != "" {
		address += "?" + u.RawQuery
	}
	return address, nil
}

// namesSecret says whether a parameter of a query is named like a secret, also where a % in it makes it
// one that Go does not read: it would be sent all the same.
func namesSecret(query string) bool {
	for parameter := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(parameter, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if secretly.MatchString(name) {
			return true
		}
	}
	return false
}

// schemeOf is how the host at an address's beginning is reached: as the operator wrote it.
func (c *Client) schemeOf(s string) string {
	host, _, _ := strings.Cut(s, "/")
	if slices.Contains(c.origins, "http://"+strings.ToLower(host)) {
		return "http"
	}
	return "https"
}

// allowed says what keeps a document from being asked for. An account is bound to the address it
// was made for: it is looked at again before every call, since the operator's list, or what an
// address may hold, can have changed since.
func (c *Client) allowed(account integrations.Account) *integrations.Error {
	address, err := c.Origin(account.Origin)
	switch {
	case errors.Is(err, holdsSecret):
		return say("address_secret")
	case errors.Is(err, holdsSemicolon):
		return say("address_semicolon")
	case err != nil || address != account.Origin:
		return say("address_not_allowed")
	}
	return nil
}
