package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	vendor "okrbot/sandbox/servicenow"
	"okrbot/sandbox/slack"
)

// doctors runs okrbot doctor with some variables changed, and is what it found, by what was checked.
func (o *office) doctors(changed ...string) (found map[string]finding, code int) {
	o.t.Helper()
	environment := append(o.environment[:len(o.environment):len(o.environment)], changed...)
	cmd := exec.CommandContext(o.t.Context(), o.path, "doctor", "--json")
	var out, said bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = o.dir, inTime(environment), &out, &said
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		o.t.Fatal(err)
	}
	var read struct {
		State  state     `json:"state"`
		Checks []finding `json:"checks"`
	}
	if err := json.Unmarshal(out.Bytes(), &read); err != nil {
		o.t.Fatalf("%v: %s %s", err, out.String(), said.String())
	}
	found = map[string]finding{}
	for _, f := range read.Checks {
		if _, twice := found[f.Check]; twice || f.Means == "" || !slices.Contains([]state{well, note, broken, unknown}, f.State) {
			o.t.Errorf("%+v", f)
		}
		if (f.State == broken) && read.State != broken {
			o.t.Errorf("all is %s, and %+v", read.State, f)
		}
		found[f.Check] = f
	}
	for _, secret := range []string{o.variable("ENCRYPTION_KEYSET"), o.variable("SLACK_BOT_TOKEN"), o.variable("SLACK_SIGNING_SECRET"), canary} {
		if strings.Contains(out.String()+said.String(), secret) {
			o.t.Errorf("it prints a secret: %s %s", out.String(), said.String())
		}
	}
	return found, cmd.ProcessState.ExitCode()
}

// finds wants one finding, and that what is to be done has some words, or nothing where they are "".
func (o *office) finds(found map[string]finding, check string, s state, means, do string) {
	o.t.Helper()
	f, ok := found[check]
	if !ok || f.State != s || !strings.Contains(f.Means, means) || do == "" && f.Do != "" || !strings.Contains(f.Do, do) {
		o.t.Errorf("%s: %+v of %v", check, f, found)
	}
}

func TestDoctorFindsAllWell(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	found, code := o.doctors()
	for _, check := range []string{"configuration", "time zones", "disk of temporary files", "disk of DATA_DIR", "database", "clock, against that of the database", "clock, against that of Slack",
		"schema", "keys", "time zones of the database", "connection 1, acme", "Slack", "SLACK_BOT_TOKEN", "scopes", "SLACK_SIGNING_SECRET"} {
		if f := found[check]; f.State != well && !(f.State == note && strings.HasPrefix(check, "disk")) {
			t.Errorf("%s: %+v", check, f)
		}
	}
	o.finds(found, "PUBLIC_URL", note, "it is not set: OAuth and the page for secrets are not offered", "")
	if code != 0 {
		t.Errorf("it ends with %d", code)
	}
	found, _ = o.doctors("PUBLIC_ULR=https://"+canary, "LOG_FORMAT= text ")
	o.finds(found, "configuration, PUBLIC_ULR", note, "If PUBLIC_URL is meant", "")
	o.finds(found, "configuration, LOG_FORMAT", note, "white space", "")
	// The same for people.
	out, code := o.runs("doctor")
	if code != 0 || !strings.Contains(out, "\nok      SLACK_BOT_TOKEN: workspace ") || !strings.Contains(out, "\nnote    PUBLIC_URL: it is not set") {
		t.Errorf("%d %s", code, out)
	}
}

// A token of another workspace is answered by Slack like any other; what the database holds shows it.
func TestDoctorNamesWorkspacesThatTheTokenIsNotOf(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.outer()
	o.environment = append(o.environment, "DATABASE_URL="+o.dsn())
	found, _ := o.doctors()
	if f, there := found["workspaces"]; there {
		t.Errorf("there is one workspace: %+v", f)
	}
	o.administers("insert into workspaces (id, name, bot_user_id, created_at) values ('T0OTHER', 'Old Acme', 'U0', now())")
	found, _ = o.doctors()
	o.finds(found, "workspaces", note, "T0OTHER (Old Acme)", "`okrbot export --workspace T0OTHER`")
}

// What is wrong with Slack is told apart: a Slack that cannot be reached has no opinion of a token.
func TestDoctorTellsSlacksTroublesApart(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.outer()
	o.environment = append(o.environment, "DATABASE_URL="+o.dsn())
	copyAgain := "copy the Bot User OAuth Token again"

	found, code := o.doctors("SLACK_BOT_TOKEN=xoxb-wrong")
	o.finds(found, "Slack", well, "it answers", "")
	o.finds(found, "SLACK_BOT_TOKEN", broken, "Slack does not know it", copyAgain)
	if code != 1 {
		t.Errorf("it ends with %d", code)
	}

	found, code = o.doctors("SLACK_API_URL=http://127.0.0.1:1/api/", "SLACK_APP_TOKEN=xapp-1")
	o.finds(found, "Slack", broken, "it cannot be reached: nothing listens there", "The tokens may be right all the same")
	o.finds(found, "SLACK_BOT_TOKEN", unknown, "once it can be reached", "")
	o.finds(found, "SLACK_APP_TOKEN", unknown, "once it can be reached", "")
	if code != 1 {
		t.Errorf("it ends with %d", code)
	}

	found, _ = o.doctors("SLACK_API_URL=http://nowhere.invalid/api/")
	o.finds(found, "Slack", broken, "its name is not known here", "Check SLACK_API_URL")
	o.finds(found, "SLACK_BOT_TOKEN", unknown, "once it can be reached", "")

	answers := func(with http.HandlerFunc) string {
		server := httptest.NewServer(with)
		t.Cleanup(server.Close)
		return "SLACK_API_URL=" + server.URL + "/api/"
	}
	found, _ = o.doctors(answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	o.finds(found, "Slack", broken, "status 502", "The tokens may be right all the same")
	found, _ = o.doctors(answers(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>Sign in to the Wi-Fi")) }))
	o.finds(found, "Slack", broken, "something else answers there", "The tokens may be right all the same")
	found, _ = o.doctors(answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }))
	o.finds(found, "SLACK_BOT_TOKEN", unknown, "Slack had trouble", "Try again")
	for refusal, says := range map[string]string{"account_inactive": "removed from the workspace", "token_revoked": "it was revoked"} {
		found, _ = o.doctors(answers(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"ok":false,"error":"` + refusal + `"}`))
		}))
		o.finds(found, "SLACK_BOT_TOKEN", broken, says, copyAgain)
	}

	// A clock that is wrong, here or there.
	proxy := httputil.NewSingleHostReverseProxy(address(t, strings.TrimSuffix(o.variable("SLACK_API_URL"), "/api/")))
	proxy.ModifyResponse = func(r *http.Response) error {
		r.Header.Set("Date", time.Now().Add(time.Hour+30*time.Second).UTC().Format(http.TimeFormat))
		return nil
	}
	found, _ = o.doctors(answers(proxy.ServeHTTP))
	o.finds(found, "clock, against that of Slack", broken, "they are 1h0m", "Set this machine's clock")
	o.finds(found, "SLACK_BOT_TOKEN", well, "workspace", "")

	// Scopes, and the token of Socket Mode.
	for missing, want := range map[string]finding{
		"im:write":          {State: broken, Means: "missing: im:write", Do: "install the app again"},
		"files:write":       {State: note, Means: "files:write is missing", Do: "install the app again"},
		"app_mentions:read": {State: note, Means: "app_mentions:read is missing", Do: "install the app again"},
		"more":              {State: note, Means: "granted, and not needed: files:read", Do: "Take them away"},
	} {
		scopes := []string{"commands", "app_mentions:read", "chat:write", "users:read", "channels:read", "groups:read", "im:write", "files:write"}
		if missing == "more" {
			scopes = append(scopes, "channels:history", "files:read")
		}
		scopes = slices.DeleteFunc(scopes, func(s string) bool { return s == missing })
		other := slack.New(slack.Options{Scopes: scopes})
		t.Cleanup(other.Close)
		known := other.Options()
		server := httptest.NewServer(other)
		t.Cleanup(server.Close)
		found, _ = o.doctors("SLACK_API_URL="+server.URL+"/api/", "SLACK_BOT_TOKEN="+known.BotToken, "SLACK_APP_TOKEN="+known.AppToken)
		o.finds(found, "scopes", want.State, want.Means, want.Do)
		o.finds(found, "SLACK_APP_TOKEN", well, "Socket Mode may be opened with it", "")
	}
	found, _ = o.doctors("SLACK_APP_TOKEN=xapp-wrong")
	o.finds(found, "SLACK_APP_TOKEN", broken, "Slack does not know it", "scope connections:write")
	found, _ = o.doctors("SLACK_SIGNING_SECRET=xoxb-1")
	o.finds(found, "SLACK_SIGNING_SECRET", note, "it does not look like Slack's", "Copy the Signing Secret again")
}

func address(t *testing.T, written string) *url.URL {
	t.Helper()
	u, err := url.Parse(written)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// Of a database the cause is told, and the keyset is blamed where it does not open what is there, alone.
func TestDoctorTellsTheDatabasesTroublesApart(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.outer()
	o.administers("create database new", "create role reader login nosuperuser")
	here := o.dsn()
	keyset := "Set the keyset that holds this key"
	blamesNobody := func(found map[string]finding) {
		t.Helper()
		for _, f := range found {
			if strings.Contains(f.Do, "keyset") {
				t.Errorf("%+v", f)
			}
		}
	}
	for _, c := range []struct {
		dsn       string
		check     string
		state     state
		means, do string
	}{
		{"postgres://u:" + canary + "@127.0.0.1:1/d", "database, DATABASE_URL", broken, "nothing listens at the address", "Check host and port"},
		{"postgres://u:" + canary + "@nowhere.invalid/d", "database, DATABASE_URL", broken, "name in the address is not known here", "Check the name"},
		{"postgres://u:" + canary + "@" + plain(t) + "/d?sslmode=require", "database, DATABASE_URL", broken, "the server does not speak TLS", "sslmode"},
		{"host=/nowhere user=u password=" + canary, "database, DATABASE_URL", broken, "there is no socket in the folder", "Check the folder"},
		{here + " dbname=missing", "database, DATABASE_URL", broken, "there is no database of this name", "Create it"},
		{here + " user=stranger", "database, DATABASE_URL", broken, "Postgres does not let this user in", "Check the user"},
		{here + " dbname=new", "schema", note, "not migrated yet", "okrbot migrate"},
		{here + " options='-c default_transaction_read_only=on'", "database", broken, "it is read-only"[3:], "primary"},
		{o.pooled("transaction", 2), "database, DATABASE_DIRECT_URL", broken, "DATABASE_URL goes through a pooler in transaction mode", ""},
	} {
		found, code := o.doctors("DATABASE_URL=" + c.dsn)
		o.finds(found, c.check, c.state, c.means, c.do)
		if (code != 0) != (c.state == broken) {
			t.Errorf("%s: it ends with %d", c.means, code)
		}
		blamesNobody(found)
	}
	found, _ := o.doctors("DATABASE_URL=" + here)
	o.finds(found, "keys", well, "they open what this database holds", "")
	other, _ := run(t, o.path, o.dir, nil, "keys", "new")
	found, code := o.doctors("DATABASE_URL="+here, "ENCRYPTION_KEYSET="+strings.TrimSpace(other))
	o.finds(found, "keys", broken, "they do not open what this database holds", keyset)
	if code != 1 {
		t.Errorf("it ends with %d", code)
	}
	// A table that cannot be read says nothing of the keys.
	o.administers("grant select on goose_db_version to reader")
	found, _ = o.doctors("DATABASE_URL=" + here + " user=reader")
	o.finds(found, "keys", unknown, "whether they fit cannot be read", "owner of the database")
	blamesNobody(found)
	// Doctor changes nothing.
	conn, err := pgx.Connect(t.Context(), here+" dbname=new")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var tables int
	if err := conn.QueryRow(t.Context(), "select count(*) from pg_class where relnamespace = 'public'::regnamespace").Scan(&tables); err != nil || tables > 0 {
		t.Errorf("%d tables were made: %v", tables, err)
	}
}

// plain is the address of a server that refuses TLS, as Postgres says it, and then hangs up.
func plain(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 8)) // SSLRequest
			_, _ = conn.Write([]byte("N"))
			conn.Close()
		}
	}()
	return listener.Addr().String()
}

// Each connected system is signed in to, as the next sync would.
func TestDoctorSignsInToEachSystem(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.outer()
	o.environment = append(o.environment, "DATABASE_URL="+o.dsn())
	o.now.Break(vendor.Fault{Kind: vendor.Hibernating})
	found, code := o.doctors()
	o.finds(found, "connection 1, acme", broken, "asleep", "developer.servicenow.com")
	if code != 1 {
		t.Errorf("it ends with %d", code)
	}
	o.now.Fix()
	o.administers("update connections set state = 'rejected', refusal = 'ServiceNow refused our sign-in.'")
	o.now.ForgetCalls()
	found, _ = o.doctors()
	o.finds(found, "connection 1, acme", broken, "its sign-in was refused. ServiceNow refused our sign-in.", "Reconnect it")
}

// PUBLIC_URL is asked as Slack asks it: our own okrbot alone has the answer.
func TestDoctorAsksWhoseThePublicAddressIs(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.outer()
	var elsewhere atomic.Bool
	there := httputil.NewSingleHostReverseProxy(address(t, "http://"+o.variable("LISTEN_ADDR")))
	before := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if elsewhere.Load() {
			http.NotFound(w, r)
			return
		}
		there.ServeHTTP(w, r)
	}))
	t.Cleanup(before.Close)
	trusted := filepath.Join(o.dir, "ca.pem")
	if err := os.WriteFile(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: before.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	o.environment = append(o.environment, "DATABASE_URL="+o.dsn(), "PUBLIC_URL="+before.URL)
	found, _ := o.doctors()
	o.finds(found, "PUBLIC_URL", unknown, "`okrbot serve` does not run here: its certificate is not trusted here", "Start `okrbot serve`")
	o.environment = append(o.environment, "SSL_CERT_FILE="+trusted)
	found, code := o.doctors()
	o.finds(found, "PUBLIC_URL", unknown, "status 502, and `okrbot serve` does not run here", "Start `okrbot serve`")
	if code != 0 {
		t.Errorf("it ends with %d", code)
	}
	s := o.serve()
	s.says("okrbot is ready")
	found, code = o.doctors()
	o.finds(found, "PUBLIC_URL", well, "it leads here", "")
	if code != 0 {
		t.Errorf("it ends with %d: %v", code, found)
	}
	found, _ = o.doctors("SLACK_SIGNING_SECRET=0123456789abcdef0123456789abcdef")
	o.finds(found, "PUBLIC_URL", broken, "another SLACK_SIGNING_SECRET", "the same secret")
	found, _ = o.doctors("PUBLIC_URL=https://127.0.0.1:1")
	o.finds(found, "PUBLIC_URL", broken, "it cannot be reached from here: nothing listens there", "what stands before okrbot")
	elsewhere.Store(true)
	found, _ = o.doctors()
	o.finds(found, "PUBLIC_URL", broken, "something else answers there, with status 404", "/slack/")
	s.stop()
}
