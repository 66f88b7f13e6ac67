package servicenow

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"okrbot/integrations"
)

const largestBody = 2 << 20 // bytes, after decompression

// gates keep us courteous: one token bucket for each instance.
type gates struct {
	mu sync.Mutex
	of map[string]*rate.Limiter
}

// perSecond and burst bound calls to one instance. A batch of a hundred passes without waiting.
const (
	perSecond = 200
	burst     = 200
)

func (g *gates) wait(ctx context.Context, origin string) error {
	g.mu.Lock()
	if g.of == nil {
		g.of = map[string]*rate.Limiter{}
	}
	gate, ok := g.of[origin]
	if !ok {
		gate = rate.NewLimiter(perSecond, burst)
		g.of[origin] = gate
	}
	g.mu.Unlock()
	return gate.Wait(ctx)
}

// question is one call: a GET, or a POST where it has a body.
type question struct {
	pathAndQuery string
	body         []byte
}

// get asks an account's instance and gives the body of a 2xx with JSON. The secret goes to the
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
	method, within, largest, by := http.MethodGet, wholeWithin, largestBody, c.http
	if q.body != nil {
		method, within, largest, by = http.MethodPost, batchWithin, largestBatch, c.patient
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
	if err := c.gates.wait(ctx, account.Origin); err != nil {
		return nil, say("too_slow")
	}
	resp, err := by.Do(req)
	if err != nil {
		return nil, unreached(err)
	}
	defer resp.Body.Close()
	return taken(resp, largest, account)
}

// taken is the body of an answer that is a 2xx with JSON, or what it is instead.
func taken(resp *http.Response, largest int, account integrations.Account) ([]byte, *integrations.Error) {
	body, tooLarge, err := bodyOf(resp, largest)
	if problem := refused(resp, body, account); problem != nil {
		return nil, problem
	}
	switch {
	case tooLarge:
		return nil, say("too_large")
	case err != nil:
		return nil, cutShort(err)
	case !isJSON(resp), isMarkup(body):
		return nil, page(body)
	}
	return body, nil
}

// bodyOf reads a body, unpacked, up to the limit.
func bodyOf(resp *http.Response, largest int) (body []byte, tooLarge bool, err error) {
	var from io.Reader = resp.Body
	switch encoding := strings.ToLower(resp.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
	case "gzip":
		unpacked, err := gzip.NewReader(from)
		if err != nil {
			return nil, false, err
		}
		defer unpacked.Close()
		from = unpacked
	default:
		return nil, false, gzip.ErrHeader // we asked for nothing else
	}
	body, err = io.ReadAll(io.LimitReader(from, int64(largest)+1))
	return body, len(body) > largest, err
}

// cutShort is why a body that began did not end.
func cutShort(err error) *integrations.Error {
	var timeout net.Error
	var corrupt flate.CorruptInputError
	switch {
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return say("too_slow")
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return say("bad_gzip")
	}
	return say("truncated")
}

func isJSON(resp *http.Response) bool {
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

// isMarkup is true for a page, whatever its header calls it.
func isMarkup(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) }

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
	foreign := !isJSON(resp) || isMarkup(body) // answered by something before ServiceNow's API
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
		}
		return say("wrong_password")
	case code == http.StatusTooManyRequests:
		limited := *say("rate_limit")
		limited.After = retryAfter(resp.Header, time.Now())
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

// longestWait bounds what a server may ask for: its windows are an hour.
const longestWait = 24 * time.Hour

// retryAfter reads how long to wait: Retry-After in seconds or as a date, else ServiceNow's
// X-RateLimit-Reset in UNIX time. 0 when neither says.
func retryAfter(h http.Header, now time.Time) time.Duration {
	until := func(t time.Time) time.Duration { return max(0, min(t.Sub(now), longestWait)) }
	if s := strings.TrimSpace(h.Get("Retry-After")); s != "" {
		if strings.Trim(s, "0123456789") == "" {
			n, err := strconv.Atoi(s)
			if err != nil || n > int(longestWait/time.Second) {
				return longestWait
			}
			return time.Duration(n) * time.Second
		}
		if t, err := http.ParseTime(s); err == nil {
			return until(t)
		}
	}
	if n, err := strconv.ParseInt(strings.TrimSpace(h.Get("X-RateLimit-Reset")), 10, 64); err == nil {
		return until(time.Unix(n, 0))
	}
	return 0
}
