package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"okrbot/internal/ontime"
)

// WholeWithin bounds one question, from its first byte to its answer's last.
const WholeWithin = 15 * time.Second

const (
	dialWithin    = 5 * time.Second
	headerWithin  = 5 * time.Second
	largestHeader = 256 << 10 // bytes
)

// Network is what the machine is asked for; the zero value is the machine's own.
type Network struct {
	Resolver *net.Resolver
	Roots    *x509.CertPool
}

// Client dials the origins that the operator opened, wherever their names lead, and public
// addresses on port 443. It keeps no cookie and follows nothing.
func (n Network) Client(open []string) *http.Client {
	return &http.Client{
		Transport: ontime.Transport{RoundTripper: n.transport(open)},
		// A redirect leads to a sign-in page, and could lead a secret elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Patient is such a client for an answer whose first byte may take as long as told.
func (n Network) Patient(open []string, within time.Duration) *http.Client {
	c, t := n.Client(open), n.transport(open)
	t.ResponseHeaderTimeout = within
	c.Transport = ontime.Transport{RoundTripper: t}
	return c
}

// guard refuses every address that is not public, and every port but 443.
var guard = ssrf.New(
	ssrf.WithPorts(443),
	ssrf.WithDeniedV4Prefixes(netip.MustParsePrefix("168.63.129.16/32")), // Azure's own services
	ssrf.WithDeniedV6Prefixes(netip.MustParsePrefix("3fff::/20")),        // documentation, not routed
)

// transport dials what is allowed and nothing else: the address that was resolved is the one that
// is checked and the one that is connected to, so a name that changes its mind gains nothing.
func (n Network) transport(extra []string) *http.Transport {
	guarded := &net.Dialer{Timeout: dialWithin, Control: guard.Safe, Resolver: n.Resolver}
	plain := &net.Dialer{Timeout: dialWithin, Resolver: n.Resolver}
	open := map[string]bool{}
	for _, origin := range extra {
		if host, port, ok := hostAndPort(origin); ok {
			open[net.JoinHostPort(host, port)] = true
		}
	}
	return &http.Transport{
		Proxy: nil, // the environment's proxies would see what is not theirs
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if open[strings.ToLower(address)] {
				return plain.DialContext(ctx, network, address)
			}
			return guarded.DialContext(ctx, network, address)
		},
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: n.Roots},
		TLSHandshakeTimeout:    dialWithin,
		ResponseHeaderTimeout:  headerWithin,
		MaxResponseHeaderBytes: largestHeader,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           200,
		MaxIdleConnsPerHost:    8,
		MaxConnsPerHost:        16,
		IdleConnTimeout:        90 * time.Second,
		// We unpack gzip ourselves, so that the limit counts what comes out.
		DisableCompression: true,
	}
}

// Dialler is what connects for a client of ours.
func Dialler(c *http.Client) *http.Transport {
	return c.Transport.(ontime.Transport).RoundTripper.(*http.Transport)
}

// Reach connects once, so that a wrong address and a bad certificate are told apart from a
// refused sign-in. Nothing is sent.
func Reach(ctx context.Context, c *http.Client, origin string) (address, secure string) {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	host, port, ok := hostAndPort(origin)
	if !ok {
		return "address_not_allowed", ""
	}
	t := Dialler(c)
	conn, err := t.DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return Unreached(err), ""
	}
	defer conn.Close()
	if strings.HasPrefix(origin, "http://") {
		return "", ""
	}
	config := t.TLSClientConfig.Clone()
	config.ServerName = host
	if err := tls.Client(conn, config).HandshakeContext(ctx); err != nil {
		return "", Unreached(err)
	}
	return "", ""
}

// Unreached is why no answer came. It is a word of ours: the errors of dialling name addresses.
func Unreached(err error) (cause string) {
	if cause := badCertificate(err); cause != "" {
		return cause
	}
	var dns *net.DNSError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var timeout net.Error
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "no_such_host"
	case errors.As(err, &dns):
		return "lookup_failed"
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedPort), errors.Is(err, ssrf.ErrProhibitedNetwork), errors.Is(err, ssrf.ErrInvalidHostPort):
		return "address_not_allowed"
	case errors.As(err, &record), errors.As(err, &alert):
		return "tls"
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "too_slow"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "unreachable"
	case strings.Contains(err.Error(), "tls:"), strings.Contains(err.Error(), "server gave HTTP response"):
		return "tls" // crypto/tls has no type for these
	}
	return "unreachable"
}

// badCertificate is what is wrong with a certificate, or nothing.
func badCertificate(err error) (cause string) {
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	var verification *tls.CertificateVerificationError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "certificate_expired"
	case errors.As(err, &host):
		return "certificate_host"
	case errors.As(err, &authority):
		return "certificate_unknown"
	case errors.As(err, &invalid), errors.As(err, &verification):
		return "certificate_bad"
	}
	return ""
}
