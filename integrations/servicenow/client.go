package servicenow

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"

	"okrbot/integrations"
	"okrbot/integrations/wire"
)

// question is one call: a GET, or a POST where it has a body.
type question struct {
	pathAndQuery string
	body         []byte
	many         bool // it lists scorecards, and its answer may be as large as they are together
}

// largestList is the most that a page of scorecards without their scores may hold, in bytes after decompression.
// Pages count indicators: all elements of a breakdown can come in one, 2 KB each, and ServiceNow's texts have
// up to 4,000 characters.
const largestList = 8 << 20

// get asks an account's instance and returns the body of a 2xx with JSON. The secret goes to the
// account's own origin alone. When the caller's context ended, that is the error.
func (c *Client) get(ctx context.Context, account integrations.Account, q question) ([]byte, error) {
	if problem := c.allowed(account); problem != nil {
		return nil, problem
	}
	body, problem := c.ask(ctx, account, q)
	if err := ctx.Err(); err != nil && problem != nil {
		return nil, err
	}
	if problem != nil {
		return nil, problem
	}
	return body, nil
}

func (c *Client) ask(ctx context.Context, account integrations.Account, q question) ([]byte, *integrations.Error) {
	method, within, largest, by := http.MethodGet, wire.WholeWithin, wire.Largest, c.http
	if q.body != nil {
		method, within, largest, by = http.MethodPost, batchWithin, largestBatch, c.patient
	}
	if q.many {
		largest = largestList
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, account.Origin+q.pathAndQuery, bytes.NewReader(q.body))
	if err != nil {
		return nil, say("address_not_allowed")
	}
	if q.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if problem := sign(req, account); problem != nil {
		return nil, problem
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("User-Agent", "okrbot")
	if err := c.gates.Wait(ctx, account.Origin, userOf(account)); err != nil {
		return nil, say("too_slow")
	}
	resp, err := counted.Ask(by.Do, req)
	if err != nil {
		return nil, unreached(err)
	}
	defer resp.Body.Close()
	return taken(resp, largest, account)
}

// taken is the body of an answer that is a 2xx with JSON, or what it is instead.
func taken(resp *http.Response, largest int, account integrations.Account) ([]byte, *integrations.Error) {
	body, tooLarge, err := wire.Body(resp, largest)
	if problem := refused(resp, body, account); problem != nil {
		return nil, problem
	}
	switch {
	case tooLarge:
		return nil, say("too_large")
	case err != nil:
		return nil, cutShort(err)
	case !wire.IsJSON(resp), wire.IsMarkup(body):
		return nil, page(body)
	}
	return body, nil
}

// page tells a hibernating instance from other pages. Only our own words about it leave here.
func page(body []byte) *integrations.Error {
	text := bytes.ToLower(body[:min(len(body), 64<<10)])
	switch {
	case bytes.Contains(text, []byte("hibernat")):
		return say("asleep")
	case bytes.Contains(text, []byte("offline")):
		return say("offline")
	case bytes.Contains(text, []byte("login")), bytes.Contains(text, []byte("log in")), bytes.Contains(text, []byte("sign in")):
		return say("login_page")
	}
	return say("not_json")
}

// refused is what a status other than 2xx means.
func refused(resp *http.Response, body []byte, account integrations.Account) *integrations.Error {
	foreign := !wire.IsJSON(resp) || wire.IsMarkup(body) // answered by something before ServiceNow's API
	code := resp.StatusCode
	switch {
	case code >= 200 && code < 300:
		return nil
	case code >= 300 && code < 400:
		if strings.Contains(strings.ToLower(resp.Header.Get("Location")), "developer.servicenow.com") {
			return say("asleep")
		}
		return say("redirect")
	case code == http.StatusUnauthorized:
		switch {
		case resp.Header.Get("X-MFA_TOKEN") != "":
			return say("mfa")
		case account.SignIn == token:
			return say("wrong_key")
		case account.SignIn == oauth:
			return say("token_refused")
		}
		return say("wrong_password")
	case code == http.StatusTooManyRequests:
		limited := *say("rate_limit")
		limited.After = wire.RetryAfter(resp.Header, time.Now())
		return &limited
	case code == http.StatusRequestTimeout:
		return say("too_slow")
	case code >= 500:
		if bytes.Contains(body, []byte("Transaction cancelled")) {
			return say("cancelled")
		}
		return say("server_error")
	case code == http.StatusForbidden && foreign:
		return say("blocked")
	case code == http.StatusForbidden && bytes.Contains(body, []byte("api access scope")):
		return say("scope")
	case code == http.StatusForbidden:
		return say("role")
	case foreign:
		return page(body)
	case bytes.Contains(body, []byte("does not represent any resource")):
		return say("no_endpoint")
	case code == http.StatusNotFound:
		return say("not_visible")
	}
	return say("unexpected_status")
}
