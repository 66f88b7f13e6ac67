package servicenow

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

	"okrbot/integrations"
)

const (
	dialWithin    = 5 * time.Second
	headerWithin  = 5 * time.Second
	wholeWithin   = 15 * time.Second
	largestHeader = 256 << 10 // bytes
)

// network is what the machine is asked for; the zero value is the machine's own.
type network struct {
	resolver *net.Resolver
	roots    *x509.CertPool
}

// guard refuses every address that is not public, and every port but 443.
var guard = ssrf.New(
	ssrf.WithPorts(443),
	ssrf.WithDeniedV4Prefixes(netip.MustParsePrefix("168.63.129.16/32")), // Azure's own services
	ssrf.WithDeniedV6Prefixes(netip.MustParsePrefix("3fff::/20")),        // documentation, not routed
)

// transport dials what is allowed and nothing else: the address that was resolved is the one that
// is checked and the one that is connected to, so a name that changes its mind gains nothing.
func (n network) transport(extra []string) *http.Transport {
	guarded := &net.Dialer{Timeout: dialWithin, Control: guard.Safe, Resolver: n.resolver}
	plain := &net.Dialer{Timeout: dialWithin, Resolver: n.resolver}
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
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: n.roots},
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

// reach connects once, so that a wrong address and a bad certificate are told apart from a
// refused sign-in. Nothing is sent.
func (c *Client) reach(ctx context.Context, origin string) (address, secure *integrations.Error) {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	host, port, ok := hostAndPort(origin)
	if !ok {
		return say("address_not_allowed"), nil
	}
	t := c.http.Transport.(*http.Transport)
	conn, err := t.DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return unreached(err), nil
	}
	defer conn.Close()
	if strings.HasPrefix(origin, "http://") {
		return nil, nil
	}
	config := t.TLSClientConfig.Clone()
	config.ServerName = host
	if err := tls.Client(conn, config).HandshakeContext(ctx); err != nil {
		return nil, unreached(err)
	}
	return nil, nil
}

// unreached is why no answer came. Its text is ours: the errors of dialling name addresses.
func unreached(err error) *integrations.Error {
	if problem := badCertificate(err); problem != nil {
		return problem
	}
	var dns *net.DNSError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var timeout net.Error
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return say("no_such_host")
	case errors.As(err, &dns):
		return say("lookup_failed")
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedPort), errors.Is(err, ssrf.ErrProhibitedNetwork), errors.Is(err, ssrf.ErrInvalidHostPort):
		return say("address_not_allowed")
	case errors.As(err, &record), errors.As(err, &alert):
		return say("tls")
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return say("too_slow")
	case errors.Is(err, syscall.ECONNREFUSED):
		return say("unreachable")
	case strings.Contains(err.Error(), "tls:"), strings.Contains(err.Error(), "server gave HTTP response"):
		return say("tls") // crypto/tls has no type for these
	}
	return say("unreachable")
}

// badCertificate is what is wrong with a certificate, or nil.
func badCertificate(err error) *integrations.Error {
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	var verification *tls.CertificateVerificationError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return say("certificate_expired")
	case errors.As(err, &host):
		return say("certificate_host")
	case errors.As(err, &authority):
		return say("certificate_unknown")
	case errors.As(err, &invalid), errors.As(err, &verification):
		return say("certificate_bad")
	}
	return nil
}
