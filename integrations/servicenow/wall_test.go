package servicenow

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"okrbot/integrations"
	"okrbot/integrations/wire"
)

var someRef = strings.Repeat("0", 32)

// asked is what a client makes of asking an origin for a score.
func asked(c *Client, origin string) *integrations.Error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	got := c.Read(ctx, integrations.Account{Origin: origin, SignIn: "basic", Fields: integrations.Fields{"username": "u", "password": "canary"}}, []integrations.Request{{Ref: someRef}})
	var e *integrations.Error
	errors.As(got[0].Err, &e)
	return e
}

// authority signs certificates.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pool *x509.CertPool
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return authority{key, cert, pool}
}

// certificate is for 127.0.0.1 and good until changed.
func (a authority) certificate(t *testing.T, change func(*x509.Certificate), selfSigned bool) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "instance"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(template)
	}
	parent, signer := a.cert, a.key
	if selfSigned {
		parent, signer = template, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

func TestABadCertificateIsRefusedBeforeAnythingIsSent(t *testing.T) {
	known, stranger := newAuthority(t), newAuthority(t)
	for name, c := range map[string]struct {
		config *tls.Config
		cause  string
	}{
		"expired":       {&tls.Config{Certificates: []tls.Certificate{known.certificate(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, false)}}, "certificate_expired"},
		"not yet valid": {&tls.Config{Certificates: []tls.Certificate{known.certificate(t, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }, false)}}, "certificate_expired"},
		"another host":  {&tls.Config{Certificates: []tls.Certificate{known.certificate(t, func(c *x509.Certificate) { c.IPAddresses = nil; c.DNSNames = []string{"other.example"} }, false)}}, "certificate_host"},
		"self-signed":   {&tls.Config{Certificates: []tls.Certificate{known.certificate(t, nil, true)}}, "certificate_unknown"},
		"by a stranger": {&tls.Config{Certificates: []tls.Certificate{stranger.certificate(t, nil, false)}}, "certificate_unknown"},
		"for clients":   {&tls.Config{Certificates: []tls.Certificate{known.certificate(t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, false)}}, "certificate_bad"},
		"TLS 1.1":       {&tls.Config{Certificates: []tls.Certificate{known.certificate(t, nil, false)}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "tls"},
		"no TLS":        {nil, "tls"},
	} {
		t.Run(name, func(t *testing.T) {
			var heard atomic.Int64
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "" {
					heard.Add(1)
				}
			}))
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			if c.config == nil {
				server.Start()
			} else {
				server.TLS = c.config
				server.StartTLS()
			}
			defer server.Close()
			origin := "https://" + server.Listener.Addr().String()
			e := asked(newClient(Options{ExtraOrigins: []string{origin}}, wire.Network{Roots: known.pool}), origin)
			if e == nil || e.Cause != c.cause || e.Says == "" || e.Next == "" {
				t.Errorf("got %+v, want %s", e, c.cause)
			}
			if heard.Load() > 0 {
				t.Error("the password was sent")
			}
		})
	}
	t.Run("good", func(t *testing.T) {
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.TLS = &tls.Config{Certificates: []tls.Certificate{known.certificate(t, nil, false)}}
		server.StartTLS()
		defer server.Close()
		if e := asked(newClient(Options{ExtraOrigins: []string{server.URL}}, wire.Network{Roots: known.pool}), server.URL); e == nil || strings.HasPrefix(e.Cause, "certificate") || e.Cause == "tls" {
			t.Errorf("a good certificate: %+v", e)
		}
	})
}

func TestNoInternalAddressIsDialled(t *testing.T) {
	c := New(Options{})
	for _, host := range []string{
		"127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.254", "169.254.169.254", "169.254.0.1",
		"172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.1",
		"203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16",
		"[::]", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]",
		"[2002:7f00:1::]", "[2002:a9fe:a9fe::]", "[2001:0:7f00:1::]", "[2001:db8::1]", "[2001:10::1]", "[2001:20::1]", "[fc00::1]", "[fd00::1]", "[fd00:ec2::254]", "[fe80::1]", "[fe80::1%25lo]",
		"[fec0::1]", "[ff02::1]", "[ff0e::1]", "[100::1]", "[3fff::1]", "[5f00::1]",
	} {
		for _, scheme := range []string{"https://", "http://"} {
			if e := asked(c, scheme+host); e == nil || e.Cause != "address_not_allowed" {
				t.Errorf("%s%s: %+v", scheme, host, e)
			}
		}
	}
}

// Whether something listens at an internal address cannot be told from what is said of it.
func TestAnInternalAddressTellsNothing(t *testing.T) {
	listening, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listening.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	var said []integrations.Error
	for _, l := range []net.Listener{listening, closed} {
		for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "10.255.255.1"} {
			_, port, _ := net.SplitHostPort(l.Addr().String())
			for _, scheme := range []string{"http", "https"} {
				e := asked(New(Options{}), scheme+"://"+net.JoinHostPort(strings.Trim(host, "[]"), port))
				if e == nil {
					t.Fatalf("%s:%s was asked", host, port)
				}
				said = append(said, integrations.Error{Class: e.Class, Cause: e.Cause, Says: e.Says, Next: e.Next})
			}
		}
	}
	for _, e := range said[1:] {
		if e.Class != said[0].Class || e.Cause != said[0].Cause || e.Says != said[0].Says || e.Next != said[0].Next {
			t.Errorf("%+v is not %+v", e, said[0])
		}
	}
}

// A name that answers differently at each lookup gains nothing: the address that is checked is the
// one that is dialled.
func TestANameThatChangesItsMindGainsNothing(t *testing.T) {
	var dialled atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { dialled.Add(1) }))
	defer inside.Close()
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go answerNames(there)
		return here, nil
	}}
	c := newClient(Options{}, wire.Network{Resolver: resolver})
	for range 40 {
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		conn, err := wire.Dialler(c.http).DialContext(ctx, "tcp", "rebind.service-now.com:443")
		cancel()
		if err == nil {
			if host, _, _ := net.SplitHostPort(conn.RemoteAddr().String()); net.ParseIP(host).IsLoopback() {
				t.Fatal("it dialled itself")
			}
			_ = conn.Close()
		}
	}
	if dialled.Load() > 0 {
		t.Error("somebody inside was dialled")
	}
}

var lookups atomic.Int64

// answerNames is a name server for one connection: every second answer is 127.0.0.1, the others an
// address set aside for documentation.
func answerNames(conn net.Conn) {
	defer conn.Close()
	for {
		var length [2]byte
		if _, err := readAll(conn, length[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := readAll(conn, query); err != nil || len(query) < 12 {
			return
		}
		end := 12
		for end < len(query) && query[end] != 0 {
			end += int(query[end]) + 1
		}
		end += 5
		answer := append([]byte{}, query[:2]...)
		kind := binary.BigEndian.Uint16(query[end-4:])
		count := byte(0)
		if kind == 1 {
			count = 1
		}
		answer = append(answer, 0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0)
		answer = append(answer, query[12:end]...)
		if kind == 1 {
			ip := []byte{127, 0, 0, 1}
			if lookups.Add(1)%2 == 0 {
				ip = []byte{192, 0, 2, 1}
			}
			answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
			answer = append(answer, ip...)
		}
		binary.BigEndian.PutUint16(length[:], uint16(len(answer)))
		if _, err := conn.Write(append(length[:], answer...)); err != nil {
			return
		}
	}
}

func readAll(conn net.Conn, p []byte) (int, error) {
	n := 0
	for n < len(p) {
		m, err := conn.Read(p[n:])
		if n += m; err != nil {
			return n, err
		}
	}
	return n, nil
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	var away atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { away.Add(1) }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, to := range []string{elsewhere.URL, "https://acme.service-now.com/login.do", "/login.do", "//" + elsewhere.Listener.Addr().String(), "http://169.254.169.254/", ""} {
			var heard atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				heard.Add(1)
				w.Header().Set("Location", to)
				w.WriteHeader(status)
			}))
			e := asked(New(Options{ExtraOrigins: []string{server.URL, elsewhere.URL}}), server.URL)
			server.Close()
			if e == nil || e.Cause != "redirect" || heard.Load() != 1 {
				t.Errorf("%d to %q: %+v after %d requests", status, to, e, heard.Load())
			}
		}
	}
	if away.Load() > 0 {
		t.Error("the redirect was followed")
	}
}

func FuzzOrigin(f *testing.F) {
	for _, seed := range []string{"acme", "https://acme.service-now.com/x", "<https://a.service-now.com|a>", "a@b", "https://x:1@y", "0x7f.1", "\x00", "https://[::1]", "аcme.service-now.com", "acme.service-now.com.evil.com"} {
		f.Add(seed)
	}
	c := New(Options{})
	f.Fuzz(func(t *testing.T, typed string) {
		origin, err := c.Origin(typed)
		if err != nil {
			return
		}
		host, ok := strings.CutPrefix(origin, "https://")
		label, _, _ := strings.Cut(host, ".")
		if !ok || host != label+".service-now.com" && host != label+".servicenowservices.com" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || label == "" {
			t.Errorf("%q was taken for %q", typed, origin)
		}
		req, err := http.NewRequest(http.MethodGet, origin+"/api", nil)
		if err != nil || req.URL.Host != host {
			t.Errorf("%q dials %v", origin, req)
		}
	})
}

func FuzzScorecards(f *testing.F) {
	for _, seed := range []string{
		`{"result":[]}`, `{"result":[{"uuid":"` + someRef + `","name":"x","value":"1","scores":[{"value":1,"start_at":"2026-01-01","end_at":"2026-01-01"}]}]}`,
		`{"result":[{"value":null}]}`, `{"result":{}}`, `{"error":{"message":"x"},"status":"failure"}`, `{"result":[{"value":1e400}]}`, `{"result":[{"value":"NaN"}]}`, "[]", "null", "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if s, e := pick(body, someRef); e == nil {
			if s.Ref != someRef {
				t.Errorf("%q is another scorecard's", body)
			}
			for i, score := range s.Scores {
				if i > 0 && score.End.After(s.Scores[i-1].End) {
					t.Errorf("%q: scores are out of order", body)
				}
			}
		} else if e.Says == "" || e.Next == "" {
			t.Errorf("%+v says nothing", e)
		}
	})
}
