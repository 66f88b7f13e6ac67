package httpjson

import (
	"bytes"
	"context"
	"mime"
	"net/http"
	"strings"
	"time"

	"okrbot/integrations"
	"okrbot/integrations/wire"
)

// document asks for an account's document. The secret goes to the document's own origin alone.
// When the caller's context ended, that is the error.
func (c *Client) document(ctx context.Context, account integrations.Account) (document, error) {
	if problem := c.allowed(account); problem != nil {
		return document{}, problem
	}
	d, problem := c.ask(ctx, account)
	if err := ctx.Err(); err != nil && problem != nil {
		return document{}, err
	}
	if problem != nil {
		return document{}, problem
	}
	return d, nil
}

func (c *Client) ask(ctx context.Context, account integrations.Account) (document, *integrations.Error) {
	ctx, cancel := context.WithTimeout(ctx, wire.WholeWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, account.Origin, nil)
	if err != nil {
		return document{}, say("address_not_allowed")
	}
	if problem := sign(req, account); problem != nil {
		return document{}, problem
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("User-Agent", "okrbot")
	if err := c.gates.Wait(ctx, req.URL.Host, ""); err != nil {
		return document{}, say("too_slow")
	}
	resp, err := counted.Ask(c.http.Do, req)
	if err != nil {
		return document{}, say(wire.Unreached(err))
	}
	defer resp.Body.Close()
	body, tooLarge, err := wire.Body(resp, wire.Largest)
	if problem := refused(resp, account); problem != nil {
		return document{}, problem
	}
	switch {
	case tooLarge:
		return document{}, say("too_large")
	case err != nil:
		return document{}, say(wire.CutShort(err))
	case !isJSON(resp), wire.IsMarkup(body):
		return document{}, page(body)
	}
	root, cause := wire.Strict(body)
	if cause != "" {
		return document{}, say(cause)
	}
	now := time.Now()
	return document{root: root, day: dayOf(resp.Header, now), seen: now}, nil
}

// isJSON takes what is built on JSON for JSON, such as application/geo+json.
func isJSON(resp *http.Response) bool {
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return wire.IsJSON(resp) || err == nil && strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json")
}

// page tells a sign-in page from others. Only our own words about it leave here.
func page(body []byte) *integrations.Error {
	text := bytes.ToLower(body[:min(len(body), 64<<10)])
	for _, words := range []string{"login", "log in", "sign in"} {
		if bytes.Contains(text, []byte(words)) {
			return say("login_page")
		}
	}
	return say("not_json")
}

// refused is what a status other than 200 means.
func refused(resp *http.Response, account integrations.Account) *integrations.Error {
	code := resp.StatusCode
	switch {
	case code == http.StatusOK:
		return nil
	case code >= 300 && code < 400:
		return say("redirect")
	case code == http.StatusUnauthorized && account.SignIn == none:
		return say("sign_in_wanted")
	case code == http.StatusUnauthorized:
		return say("wrong_secret")
	case code == http.StatusForbidden:
		return say("forbidden")
	case code == http.StatusNotFound, code == http.StatusGone:
		return say("no_document")
	case code == http.StatusTooManyRequests:
		limited := *say("rate_limit")
		limited.After = wire.RetryAfter(resp.Header, time.Now())
		return &limited
	case code == http.StatusRequestTimeout:
		return say("too_slow")
	case code >= 500:
		return say("server_error")
	}
	return say("unexpected_status")
}

// dayOf is the day of what an answer says without a date: the day it was last modified, else the
// day the server sent it, else today; each in UTC.
func dayOf(h http.Header, now time.Time) time.Time {
	at := now
	for _, name := range []string{"Last-Modified", "Date"} {
		if t, err := http.ParseTime(h.Get(name)); err == nil {
			at = t
			break
		}
	}
	return at.UTC().Truncate(24 * time.Hour)
}
