package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/bot"
	"okrbot/bot/desk"
	"okrbot/integrations"
	"okrbot/integrations/httpjson"
	"okrbot/integrations/servicenow"
	"okrbot/sandbox/slack"
	"okrbot/secret"
	"okrbot/store/storetest"
)

// ledger is another system to which people sign in by their browser.
type ledger struct{ *servicenow.Client }

func (ledger) Kind() string { return "ledger" }
func (ledger) Name() string { return "Ledger" }

// Browsers come back to whichever systems there are, with nothing to be added here for each.
func TestEveryConsentingSystemHasItsCallback(t *testing.T) {
	connectors := integrations.Registry{servicenow.New(servicenow.Options{}), httpjson.New(httpjson.Options{}), ledger{servicenow.New(servicenow.Options{})}}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	settings := desk.Settings{PublicURL: "https://okrbot.example.com"}
	r := &running{config: Config{PublicURL: settings.PublicURL}, bot: bot.New(nil, nil, desk.NewSlack(desk.SlackOptions{}), connectors, settings, log), log: log}
	public := r.public()
	for path, want := range map[string]int{
		"/servicenow/oauth/callback":                      http.StatusSeeOther,
		"/servicenow/oauth/callback/acme.service-now.com": http.StatusSeeOther,
		"/ledger/oauth/callback/ledger.example.com:8443":  http.StatusSeeOther,
		"/ledger/oauth/callback":                          http.StatusSeeOther,
		"/http/oauth/callback":                            http.StatusNotFound, // nobody signs in there by browser
		"/nobody/oauth/callback":                          http.StatusNotFound,
	} {
		w := httptest.NewRecorder()
		public.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path+"?state=x&code=y", nil))
		if to := w.Header().Get("Location"); w.Code != want || want == http.StatusSeeOther && to != "/connect/cookies" {
			t.Errorf("%s: %d to %q, want %d", path, w.Code, to, want)
		}
	}
}

// A container's health check has nothing but the binary itself to ask with.
func TestReadyAsksWhoServesHere(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	if out, code := run(t, o.path, o.dir, o.environment, "ready"); code != 1 || !strings.Contains(out, "nobody answers: is `okrbot serve` running? (asked at OPS_ADDR, "+o.variable("OPS_ADDR")+")") {
		t.Errorf("nobody serves: %d %q", code, out)
	}
	for _, part := range [][]string{nil, {"--no-web"}, {"--no-work"}} {
		s := o.serve(part...)
		s.says("okrbot is ready")
		if out, code := run(t, o.path, o.dir, o.environment, "ready"); code != 0 || out != "ready (asked at OPS_ADDR, "+o.variable("OPS_ADDR")+")\n" {
			t.Errorf("it serves with %q: %d %q", part, code, out)
		}
		s.stop()
	}
	// What is told there is said again.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var status atomic.Int64
	status.Store(http.StatusServiceUnavailable)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "the database does not answer", int(status.Load()))
	})}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	for _, host := range []string{"127.0.0.1", ""} {
		if out, code := run(t, o.path, o.dir, []string{"OPS_ADDR= " + host + ":" + port + "\n"}, "ready"); code != 1 || !strings.Contains(out, "not ready: the database does not answer") {
			t.Errorf("another at %q is not ready: %d %q", host, code, out)
		}
	}
	// Another process of this machine is none of this one's business.
	if out, code := run(t, o.path, o.dir, []string{"OPS_ADDR=127.0.0.1:1", "LISTEN_ADDR=127.0.0.1:" + port}, "ready"); code != 1 || !strings.Contains(out, "nobody answers") {
		t.Errorf("another one answers at LISTEN_ADDR: %d %q", code, out)
	}
	status.Store(http.StatusOK)
	if out, code := run(t, o.path, o.dir, []string{"OPS_ADDR=127.0.0.1:" + port}, "ready"); code != 1 || !strings.Contains(out, "is not okrbot") {
		t.Errorf("something else answers: %d %q", code, out)
	}
	if out, code := run(t, o.path, o.dir, []string{"OPS_ADDR=8080"}, "ready"); code != 78 || !strings.Contains(out, "OPS_ADDR") {
		t.Errorf("no address: %d %q", code, out)
	}
}

// A process whose looks stand still answers people, and does none of its work: it says so, until it looks again.
func TestNotReadyWhileItsLooksStandStill(t *testing.T) {
	t.Parallel()
	dsn := storetest.New(t)
	known := slack.New(slack.Options{})
	t.Cleanup(known.Close)
	chat := httptest.NewServer(known)
	t.Cleanup(chat.Close)
	keys, err := secret.NewKeyset()
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	r := &running{config: Config{SlackAPIURL: chat.URL + "/api/", SlackBotToken: secret.New(known.Options().BotToken)}, database: database{dsn: dsn, direct: dsn}, log: log, work: true, still: 5 * time.Second}
	if r.keys, err = secret.Parse(keys); err != nil {
		t.Fatal(err)
	}
	if err := r.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.stop)
	ops := r.ops()
	becomes := func(status int, words string) {
		t.Helper()
		for limit := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
			w := httptest.NewRecorder()
			ops.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
			if w.Code == status && strings.Contains(w.Body.String(), words) {
				return
			}
			if time.Now().After(limit) {
				t.Fatalf("/readyz says %d %s", w.Code, w.Body)
			}
		}
	}
	becomes(http.StatusOK, "ready")

	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	// All at once or nothing: who holds one of them and waits for the next can wait for a look that waits for the first.
	var held pgx.Tx
	for limit := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if held, err = conn.Begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err = held.Exec(t.Context(), "lock table key_results, connections, subscriptions in access exclusive mode nowait"); err == nil {
			break
		}
		if time.Now().After(limit) {
			t.Fatal(err)
		}
		if err := held.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	becomes(http.StatusServiceUnavailable, "nothing is synced or posted")
	if err := held.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	becomes(http.StatusOK, "ready")
}
