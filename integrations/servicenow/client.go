package servicenow

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
	"golang.org/x/time/rate"

	"okrbot/integrations"
)

const (
	dialWithin   = 5 * time.Second
	headerWithin = 5 * time.Second
	wholeWithin  = 15 * time.Second
	largestBody  = 2 << 20 // bytes, after decompression
)

// transport dials what is allowed and nothing else: the address that was resolved is the one that
// is checked and the one that is connected to, so a name that changes its mind gains nothing.
func transport(extra []string) *http.Transport {
	guard := ssrf.New(
		ssrf.WithPorts(443),
		ssrf.WithDeniedV4Prefixes(netip.MustParsePrefix("168.63.129.16/32")), // Azure's own services
		ssrf.WithDeniedV6Prefixes(netip.MustParsePrefix("3fff::/20")),        // documentation, not routed
	)
	guarded := &net.Dialer{Timeout: dialWithin, Control: guard.Safe}
	plain := &net.Dialer{Timeout: dialWithin}
	allowed := map[string]bool{}
	for _, origin := range extra {
		if u, err := url.Parse(origin); err == nil {
			port := u.Port()
			if port == "" {
				port = map[string]string{"http": "80"}[u.Scheme]
			}
			if port == "" {
				port = "443"
			}
			allowed[net.JoinHostPort(strings.ToLower(u.Hostname()), port)] = true
		}
	}
	return &http.Transport{
		Proxy: nil, // the environment's proxies would see what is not theirs
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if allowed[strings.ToLower(address)] {
				return plain.DialContext(ctx, network, address)
			}
			return guarded.DialContext(ctx, network, address)
		},
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   dialWithin,
		ResponseHeaderTimeout: headerWithin,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          200,
		MaxIdleConnsPerHost:   8,
		MaxConnsPerHost:       16,
		IdleConnTimeout:       90 * time.Second,
		// We unpack gzip ourselves, so that the limit counts what comes out.
		DisableCompression: true,
	}
}

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

// reach connects once, so that a wrong address and a bad certificate are told apart from a
// refused sign-in. Nothing is sent.
func (c *Client) reach(ctx context.Context, origin string) (address, secure *integrations.Error) {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	u, err := url.Parse(origin)
	if err != nil {
		return say(integrations.Unavailable, "address_not_allowed"), nil
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	t := c.http.Transport.(*http.Transport)
	conn, err := t.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return unreached(err), nil
	}
	defer conn.Close()
	if u.Scheme != "https" {
		return nil, nil
	}
	config := t.TLSClientConfig.Clone()
	config.ServerName = u.Hostname()
	if err := tls.Client(conn, config).HandshakeContext(ctx); err != nil {
		return nil, unreached(err)
	}
	return nil, nil
}

// get asks one path of an account's instance and gives the body of a 200 with JSON. The secret
// goes to the account's own origin alone.
func (c *Client) get(ctx context.Context, account integrations.Account, pathAndQuery string) ([]byte, error) {
	if problem := c.usable(account); problem != nil {
		return nil, problem
	}
	ctx, cancel := context.WithTimeout(ctx, wholeWithin)
	defer cancel()
	if err := c.gates.wait(ctx, account.Origin); err != nil {
		return nil, say(integrations.Unavailable, "too_slow")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, account.Origin+pathAndQuery, nil)
	if err != nil {
		return nil, say(integrations.Unavailable, "address_not_allowed")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("User-Agent", "okrbot")
	switch account.SignIn {
	case basic:
		req.SetBasicAuth(account.Fields["username"], account.Fields["password"])
	case token:
		req.Header.Set("x-sn-apikey", account.Fields["token"])
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, unreached(err)
	}
	defer resp.Body.Close()
	body, tooLarge, err := bodyOf(resp)
	if problem := refused(resp, body, account); problem != nil {
		return nil, problem
	}
	switch {
	case tooLarge:
		return nil, say(integrations.Misread, "too_large")
	case err != nil:
		return nil, cutShort(err)
	case !isJSON(resp):
		return nil, notJSON(body)
	}
	return body, nil
}

// bodyOf reads a body, unpacked, up to the limit.
func bodyOf(resp *http.Response) (body []byte, tooLarge bool, err error) {
	var from io.Reader = resp.Body
	if strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") {
		unpacked, err := gzip.NewReader(from)
		if err != nil {
			return nil, false, err
		}
		defer unpacked.Close()
		from = unpacked
	}
	body, err = io.ReadAll(io.LimitReader(from, largestBody+1))
	return body, len(body) > largestBody, err
}

func isJSON(resp *http.Response) bool {
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

// notJSON tells a hibernating instance from other pages. Only our own words about it leave here.
func notJSON(body []byte) *integrations.Error {
	page := bytes.ToLower(body[:min(len(body), 64<<10)])
	switch {
	case bytes.Contains(page, []byte("hibernat")):
		return say(integrations.Unavailable, "asleep")
	case bytes.Contains(page, []byte("offline")):
		return say(integrations.Unavailable, "offline")
	case bytes.Contains(page, []byte("login")) || bytes.Contains(page, []byte("sign in")):
		return say(integrations.Unavailable, "login_page")
	}
	return say(integrations.Unavailable, "not_json")
}

// refused is what a status other than 200 means.
func refused(resp *http.Response, body []byte, account integrations.Account) *integrations.Error {
	code := resp.StatusCode
	switch {
	case code >= 200 && code < 300:
		return nil
	case code >= 300 && code < 400:
		if strings.Contains(strings.ToLower(resp.Header.Get("Location")), "developer.servicenow.com") {
			return say(integrations.Unavailable, "asleep")
		}
		return say(integrations.Unavailable, "redirect")
	case code == http.StatusUnauthorized:
		switch {
		case resp.Header.Get("X-MFA_TOKEN") != "":
			return say(integrations.Unauthorized, "mfa")
		case account.SignIn == token:
			return say(integrations.Unauthorized, "wrong_key")
		}
		return say(integrations.Unauthorized, "wrong_password")
	case code == http.StatusForbidden:
		if bytes.Contains(body, []byte("api access scope")) {
			return say(integrations.Forbidden, "scope")
		}
		return say(integrations.Forbidden, "role")
	case code == http.StatusTooManyRequests:
		limited := *say(integrations.RateLimited, "rate_limit")
		limited.After = retryAfter(resp.Header)
		return &limited
	case code == http.StatusBadRequest && bytes.Contains(body, []byte("does not represent any resource")):
		return say(integrations.Unavailable, "no_endpoint")
	case code == http.StatusNotFound:
		return say(integrations.NotFound, "not_visible")
	case code >= 500:
		return say(integrations.Unavailable, "server_error")
	}
	return say(integrations.Misread, "unexpected_status")
}

// longestWait bounds what a server may ask for: its windows are an hour.
const longestWait = 24 * time.Hour

// retryAfter reads how long to wait: Retry-After in seconds or as a date, else ServiceNow's
// X-RateLimit-Reset in UNIX time. 0 when neither says.
func retryAfter(h http.Header) time.Duration {
	until := func(t time.Time) time.Duration { return max(0, min(time.Until(t), longestWait)) }
	if s := h.Get("Retry-After"); s != "" {
		if n, err := strconv.Atoi(s); err == nil && n >= 0 {
			return min(time.Duration(min(n, 1<<20))*time.Second, longestWait)
		}
		if t, err := http.ParseTime(s); err == nil {
			return until(t)
		}
	}
	if n, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64); err == nil {
		return until(time.Unix(n, 0))
	}
	return 0
}

// unreached is why no answer came. Its text is ours: the errors of dialling name addresses.
func unreached(err error) *integrations.Error {
	var dns *net.DNSError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var verification *tls.CertificateVerificationError
	var timeout net.Error
	switch {
	case errors.As(err, &dns):
		return say(integrations.Unavailable, "no_such_host")
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedPort), errors.Is(err, ssrf.ErrProhibitedNetwork):
		return say(integrations.Unavailable, "address_not_allowed")
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return say(integrations.Unavailable, "certificate_expired")
	case errors.As(err, &host):
		return say(integrations.Unavailable, "certificate_host")
	case errors.As(err, &authority):
		return say(integrations.Unavailable, "certificate_unknown")
	case errors.As(err, &invalid), errors.As(err, &verification):
		return say(integrations.Unavailable, "certificate_bad")
	case errors.As(err, &record), errors.As(err, &alert):
		return say(integrations.Unavailable, "tls")
	case errors.As(err, &timeout) && timeout.Timeout():
		return say(integrations.Unavailable, "too_slow")
	case errors.Is(err, syscall.ECONNREFUSED):
		return say(integrations.Unavailable, "unreachable")
	}
	if strings.Contains(err.Error(), "tls:") || strings.Contains(err.Error(), "server gave HTTP response") {
		return say(integrations.Unavailable, "tls") // crypto/tls has no type for these
	}
	return say(integrations.Unavailable, "unreachable")
}

// cutShort is why a body that began did not end.
func cutShort(err error) *integrations.Error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return say(integrations.Unavailable, "too_slow")
	}
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) {
		return say(integrations.Misread, "bad_gzip")
	}
	return say(integrations.Unavailable, "truncated")
}
