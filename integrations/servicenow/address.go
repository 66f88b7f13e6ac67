package servicenow

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// problem is what is wrong with an address, as a sentence for its field.
type problem string

func (p problem) Error() string { return string(p) }

const (
	addressExample = " Enter the instance's name or its URL, such as acme or https://acme.service-now.com."
	longestAddress = 2000 // bytes; a link into ServiceNow can be long
)

var (
	bareName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	// 2130706433 and 0x7f000001 are 127.0.0.1 to some programs, and no instance's name.
	bareNumber = regexp.MustCompile(`^(0x[0-9a-f]*|[0-9]+)$`)
	// One label before ServiceNow's own domains: dev12345.service-now.com. No more: a host of
	// somebody else's could otherwise hide its name among labels.
	ownDomain = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.(service-now\.com|servicenowservices\.com)$`)
)

// Origin turns a bare instance name, a host or any pasted link into "https://host". What is
// allowed is decided on the host that comes out, and exactly that host is dialled.
func (c *Client) Origin(typed string) (string, error) {
	s := strings.TrimSpace(typed)
	switch {
	case s == "":
		return "", problem("Enter the address of your instance." + addressExample)
	case len(s) > longestAddress:
		return "", problem("This address is too long." + addressExample)
	case strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '\\' || r >= 0x7f }):
		return "", problem("This address holds characters that no instance has." + addressExample)
	}
	// Slack wraps addresses it recognises: <https://acme.service-now.com|acme.service-now.com>.
	if inner, ok := strings.CutPrefix(s, "<"); ok {
		s, _, _ = strings.Cut(strings.TrimSuffix(inner, ">"), "|")
	}
	if !strings.Contains(s, "://") {
		name := strings.ToLower(s)
		if bareName.MatchString(name) && !bareNumber.MatchString(name) && !c.extraHost(name) {
			return "https://" + name + ".service-now.com", nil
		}
		for _, origin := range c.extra { // "127.0.0.1:9000" where http://127.0.0.1:9000 is allowed
			if _, host, _ := strings.Cut(origin, "://"); host == strings.TrimRight(name, "/") {
				return origin, nil
			}
		}
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return "", problem("This is not an address." + addressExample)
	}
	if u.User != nil {
		return "", problem("Leave the user and password out of the address; they are asked for below.")
	}
	host := strings.ToLower(u.Host)
	if origin := u.Scheme + "://" + host; slices.Contains(c.extra, origin) {
		return origin, nil
	}
	switch {
	case u.Scheme == "http":
		return "", problem("ServiceNow is reached by https only. Change http to https.")
	case u.Scheme != "https":
		return "", problem("This is not a web address." + addressExample)
	case u.Port() != "" || strings.HasSuffix(host, ":"):
		return "", problem("Leave the port out: an instance answers at its name." + addressExample)
	case !ownDomain.MatchString(host):
		return "", problem("This is not an address of a ServiceNow instance." + addressExample + " For another host, ask okrbot's administrator to add it to SERVICENOW_EXTRA_HOSTS.")
	}
	return "https://" + host, nil
}

// extraHost says whether the operator allows a host of this name, so that "localhost" is not
// taken for an instance's name.
func (c *Client) extraHost(name string) bool {
	return slices.ContainsFunc(c.extra, func(origin string) bool { return strings.HasSuffix(origin, "://"+name) })
}
