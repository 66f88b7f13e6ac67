package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"okrbot/secret"
	"okrbot/store/storetest"
)

// canary is in every value that is wrong: no problem may quote it.
const canary = "canary7f3a"

func TestEveryProblemIsNamedAtOnceAndNoValueIsPrinted(t *testing.T) {
	keys, err := secret.NewKeyset()
	if err != nil {
		t.Fatal(err)
	}
	good := map[string]string{"SLACK_BOT_TOKEN": "xoxb-" + canary, "SLACK_SIGNING_SECRET": canary}
	bad := map[string][]string{
		"DATABASE_URL":           {canary + "://x", "postgres://u:" + canary + "@h:port/d", "postgres://" + canary + "@[::1/d", "host='" + canary, "postgres://u@h/d?sslmode=" + canary, "postgres://u@h:99999999/" + canary},
		"DATABASE_DIRECT_URL":    {canary + "://x", "postgres://u:" + canary + "@h/d", "postgres://u:" + canary + "@h:port/d"},
		"DATA_DIR":               {" ", "\t"},
		"ENCRYPTION_KEYSET":      {canary, "e30=", "bm90IGpzb24=", "===", keys.Reveal()[:40], strings.ToUpper(keys.Reveal()), strings.Repeat("A", 4000)},
		"LISTEN_ADDR":            {canary, "8080", "http://" + canary + ":1", ":99999", "1.2.3.4", ":", "::1:80", "[::1]"},
		"OPS_ADDR":               {canary, "9090", ":-1", ":70000", "a:b:c"},
		"OPS_PPROF":              {canary, "1", "yes", "True"},
		"PUBLIC_URL":             {"http://" + canary, canary, "https://", "https://h/" + canary, "https://" + canary + "@h", "https://h?x=" + canary, "ftp://" + canary, "https://h#" + canary, "https://*." + canary, "https://h:99999", "https://" + canary + "..com", "https://:443"},
		"SLACK_API_URL":          {canary, "https://slack.com/" + canary, "ftp://" + canary + "/", "https:///", "://"},
		"SERVICENOW_EXTRA_HOSTS": {"https://u:" + canary + "@h", "h/" + canary, "ftp://" + canary, "a,,b", "https://h?" + canary, ", ", "*." + canary, "https://*", "a b", "h:0", "h:", "h:99999", "-" + canary, "1.2.3", "[::1", "h..i", "https://h_" + canary + ".", "a;b", "h/../" + canary, "ä" + canary},
		"HTTP_JSON_ORIGINS":      {"https://u:" + canary + "@h", "h/" + canary, "ftp://" + canary, "a,,b", "https://h#" + canary, ",", "*." + canary + ":443", "http://*." + canary},
		"ADMIN_USERS":            {canary, "@" + canary, "U1,,U2", "bob@" + canary, "T0123"},
		"DEFAULT_TIME_ZONE":      {canary, "Local", "Europe/" + canary, "../" + canary, "CET+1"},
		"LOG_LEVEL":              {canary, "INFO", "trace", "0"},
		"AUDIT_RETENTION_DAYS":   {canary, "0", "-1", "1.5", "99999999999999999999"},
		"LOG_FORMAT":             {canary, "JSON", "logfmt"},
		"SLACK_BOT_TOKEN":        {canary, "xoxp-" + canary, "", "xapp-" + canary, "xoxb" + canary},
		"SLACK_APP_TOKEN":        {canary, "xoxb-" + canary, "xapp" + canary},
		"SLACK_SIGNING_SECRET":   {""},
		"SLACK_CLIENT_ID":        {canary},
		"SLACK_CLIENT_SECRET":    {canary},
	}
	named := map[string]string{"SLACK_CLIENT_SECRET": "SLACK_CLIENT_ID"} // they are named together
	tried := 0
	all := map[string]string{}
	for variable, values := range bad {
		for _, value := range values {
			tried++
			problems := problemsOf(t, with(good, map[string]string{variable: value}))
			want := variable
			if other := named[variable]; other != "" {
				want = other
			}
			found := false
			for _, p := range problems {
				found = found || strings.HasPrefix(p, want+": ")
				if strings.Contains(p, canary) || len(value) > 10 && strings.Contains(p, value) {
					t.Errorf("%s=%q: the problem quotes it: %s", variable, value, p)
				}
				if len(p) < len(want)+15 {
					t.Errorf("%s=%q: %q does not say what to do", variable, value, p)
				}
			}
			if !found {
				t.Errorf("%s=%q: %q", variable, value, problems)
			}
			// An address of a database without a keyset is half a configuration: then both are named.
			right := func(p string) bool { return !strings.HasPrefix(p, want+": ") }
			if variable != "DATABASE_URL" && slices.ContainsFunc(problems, right) {
				t.Errorf("%s=%q: what is right is named too: %q", variable, value, problems)
			}
			if len(values) > 1 {
				all[variable] = value // the others are wrong together with some alone
			}
		}
	}
	if tried < 60 {
		t.Errorf("%d bad configurations are few", tried)
	}
	problems := problemsOf(t, all)
	for variable := range all {
		// One problem may speak of another variable: only its beginning counts.
		if !slices.ContainsFunc(problems, func(p string) bool { return strings.HasPrefix(p, variable+": ") }) {
			t.Errorf("%s is not among all problems: %q", variable, problems)
		}
	}
	if !slices.IsSorted(problems) {
		t.Errorf("the list is in no order: %q", problems)
	}
}

// What is nearly right is told by what is wrong with it, and not by what it ought to be altogether.
func TestAProblemSaysWhatItIs(t *testing.T) {
	keys, err := secret.NewKeyset()
	if err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(t.TempDir(), canary)
	good := map[string]string{"SLACK_BOT_TOKEN": "xoxb-" + canary, "SLACK_SIGNING_SECRET": canary, "ENCRYPTION_KEYSET": keys.Reveal(), "DATABASE_URL": "postgres://u:p@h/d"}
	for name, row := range map[string]struct{ variable, value, want string }{
		"no certificate":     {"DATABASE_URL", "postgres://u:p@h/d?sslmode=verify-full&sslrootcert=" + missing, "`sslrootcert`, cannot be read: no such file"},
		"no certificate too": {"DATABASE_DIRECT_URL", "host=h user=u sslmode=verify-full sslrootcert=" + missing, "`sslrootcert`, cannot be read: no such file"},
		"a mode":             {"DATABASE_URL", "postgres://u:p@h/d?sslmode=" + canary, "verify-full"},
		"a password":         {"DATABASE_URL", "postgres://u:100%z" + canary + "@h/d", "%-codes"},
		"the example's":      {"SLACK_BOT_TOKEN", "xoxb-", "nothing after it"},
		"the example's, too": {"SLACK_APP_TOKEN", "xapp-", "nothing after it"},
	} {
		problems := problemsOf(t, with(good, map[string]string{row.variable: row.value}))
		if len(problems) != 1 || !strings.HasPrefix(problems[0], row.variable+": ") || !strings.Contains(problems[0], row.want) || strings.Contains(problems[0], canary) {
			t.Errorf("%s: %q", name, problems)
		}
	}
}

// Whatever a variable holds, reading it ends in a configuration or in a list that quotes nothing.
func TestAnyEnvironmentIsReadOrRefused(t *testing.T) {
	names := append(secretVariables(), plainVariables...)
	rapid.Check(t, func(r *rapid.T) {
		environment := map[string]string{}
		for _, name := range names {
			if rapid.Bool().Draw(r, name+" is set") {
				around := rapid.SampledFrom([]string{"", "xoxb-", "https://", "postgres://", "U", ":", ",", "%zz"}).Draw(r, name+" before")
				rest := rapid.StringMatching(`[ -~äß\t]{0,12}`).Draw(r, name+" after")
				environment[name] = around + canary + rest
			}
		}
		for _, p := range problemsOf(t, environment) {
			variable, _, _ := strings.Cut(p, ": ")
			if strings.Contains(p, canary) || !slices.Contains(names, variable) {
				r.Errorf("%q", p)
			}
		}
	})
}

func TestSecretsLeaveTheEnvironment(t *testing.T) {
	for _, name := range secretVariables() {
		t.Setenv(name, canary)
	}
	_, _ = loadConfig(forServe) // bad as it is: they go all the same
	if held := strings.Join(os.Environ(), "\n"); strings.Contains(held, canary) {
		t.Error("a child would inherit a secret")
	}
}

func TestGoodConfigurations(t *testing.T) {
	keys, err := secret.NewKeyset()
	if err != nil {
		t.Fatal(err)
	}
	for name, environment := range map[string]map[string]string{
		"HTTP":           {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "x"},
		"Socket Mode":    {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"},
		"its own server": {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "x", "DATABASE_URL": "postgres://u:p@h/d", "ENCRYPTION_KEYSET": keys.Reveal()},
		"everything": {
			"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "x", "PUBLIC_URL": "https://okrbot.example.com/", "SERVICENOW_EXTRA_HOSTS": "https://a:1, b ,C:3",
			"HTTP_JSON_ORIGINS": "[::1]:9000, http://127.0.0.1:1, build_server.lan, xn--bcher-kva.example",
			"ADMIN_USERS":       "U123, W456", "DEFAULT_TIME_ZONE": "Asia/Kathmandu", "AUDIT_RETENTION_DAYS": "365", "LOG_LEVEL": "debug", "LOG_FORMAT": "json", "LISTEN_ADDR": "[::1]:80", "OPS_ADDR": ":http", "OPS_PPROF": "true",
			"SLACK_CLIENT_ID": "1", "SLACK_CLIENT_SECRET": "2",
		},
	} {
		if problems := problemsOf(t, environment); len(problems) > 0 {
			t.Errorf("%s: %q", name, problems)
		}
	}
	problemsOf(t, nil) // takes away what the last one set
	for name, value := range map[string]string{
		"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "x", "PUBLIC_URL": "https://okrbot.example.com/",
		"SERVICENOW_EXTRA_HOSTS": "https://a:1, b ,C:3,http://d/", "ADMIN_USERS": "U123, W456",
	} {
		t.Setenv(name, value)
	}
	c, err := loadConfig(forServe)
	if err != nil {
		t.Fatal(err)
	}
	for name, pair := range map[string][2]string{
		"SLACK_BOT_TOKEN":        {c.SlackBotToken.Reveal(), "xoxb-1"},
		"PUBLIC_URL":             {c.PublicURL, "https://okrbot.example.com"},
		"SERVICENOW_EXTRA_HOSTS": {strings.Join(c.ServiceNowExtraHosts, " "), "https://a:1 https://b https://c:3 http://d"},
		"ADMIN_USERS":            {strings.Join(c.AdminUsers, " "), "U123 W456"},
		"defaults":               {strings.Join([]string{c.DataDir, c.OpsAddr, c.LogLevel}, " "), ".okrbot 127.0.0.1:9090 info"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is read as %q, want %q", name, pair[0], pair[1])
		}
	}
}

func with(base, more map[string]string) map[string]string {
	out := map[string]string{}
	for _, m := range []map[string]string{base, more} {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

// plainVariables are the variables that are no secrets.
var plainVariables = []string{"DATA_DIR", "LISTEN_ADDR", "OPS_ADDR", "OPS_PPROF", "PUBLIC_URL", "SLACK_API_URL", "SLACK_CLIENT_ID",
	"SERVICENOW_EXTRA_HOSTS", "HTTP_JSON_ORIGINS", "ADMIN_USERS", "DEFAULT_TIME_ZONE", "AUDIT_RETENTION_DAYS", "LOG_LEVEL", "LOG_FORMAT"}

// problemsOf loads an environment that holds these variables alone.
func problemsOf(t *testing.T, environment map[string]string) []string {
	t.Helper()
	for _, name := range append(secretVariables(), plainVariables...) {
		value, set := environment[name]
		unset(t, name)
		if set {
			t.Setenv(name, value)
		}
	}
	_, err := loadConfig(forServe)
	var bad badConfig
	if err != nil && !errors.As(err, &bad) {
		t.Fatalf("%v is not about the configuration", err)
	}
	return bad
}

// The same from outside: the exit code, before anything is touched.
func TestABadConfigurationEndsWith78(t *testing.T) {
	path := binary(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	// Who came to the database before us: connections are accepted in their order.
	others := func() (n int) {
		ours, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer ours.Close()
		for {
			conn, err := listener.Accept()
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.Close()
			if conn.RemoteAddr().String() == ours.LocalAddr().String() {
				return n
			}
			n++
		}
	}
	address := "DATABASE_URL=postgres://u:" + canary + "@" + listener.Addr().String() + "/d"
	for name, environment := range map[string][]string{
		"missing":   nil,
		"swapped":   {"SLACK_BOT_TOKEN=xapp-" + canary, "SLACK_APP_TOKEN=xoxb-" + canary},
		"no keys":   {"SLACK_BOT_TOKEN=xoxb-" + canary, "SLACK_SIGNING_SECRET=" + canary, address},
		"bad keys":  {"SLACK_BOT_TOKEN=xoxb-" + canary, "SLACK_SIGNING_SECRET=" + canary, address, "ENCRYPTION_KEYSET=" + canary},
		"bad level": {"SLACK_BOT_TOKEN=xoxb-" + canary, "SLACK_SIGNING_SECRET=" + canary, "LOG_LEVEL=" + canary},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			out, code := run(t, path, dir, environment, "serve")
			if code != 78 {
				t.Errorf("%d, not 78: %s", code, out)
			}
			if n := others(); n > 0 {
				t.Errorf("it went to the database first, %d times", n)
			}
			if strings.Contains(string(out), canary) {
				t.Errorf("it prints a value: %s", out)
			}
			if left, _ := exec.Command("ls", "-A", dir).Output(); len(left) > 0 {
				t.Errorf("it left %s", left)
			}
		})
	}
}

// run runs okrbot with these variables alone; out is all that it says.
func run(t *testing.T, path, dir string, environment []string, arguments ...string) (out string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, arguments...)
	cmd.Dir, cmd.Env = dir, inTime(environment)
	raw, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(raw), cmd.ProcessState.ExitCode()
}

// A build that has no repository to read its version from is told it.
func TestABuildCanBeToldItsVersion(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "okrbot")
	if out, err := exec.Command("go", "build", "-ldflags", "-X main.stamped=v9.8.7", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, code := run(t, path, t.TempDir(), nil, "--version"); code != 0 || !strings.HasPrefix(out, "okrbot v9.8.7 (") {
		t.Errorf("%d %q", code, out)
	}
}

func TestVersionAndNewKeysNeedNoConfiguration(t *testing.T) {
	path, dir := binary(t), t.TempDir()
	bad := []string{"DATABASE_URL=" + canary, "LOG_LEVEL=" + canary}
	out, code := run(t, path, dir, bad, "version")
	if code != 0 || !regexp.MustCompile(`^okrbot \S+ \((commit [0-9a-f]{12}( and changes)?, )?go1\.\S+, \w+/\w+\)\n$`).MatchString(out) {
		t.Errorf("version: %d %q", code, out)
	}
	if flag, code := run(t, path, dir, bad, "--version"); code != 0 || flag != out {
		t.Errorf("--version: %d %q, version says %q", code, flag, out)
	}
	first, code := run(t, path, dir, bad, "keys", "new")
	if code != 0 {
		t.Fatalf("keys new: %d %q", code, first)
	}
	again, _ := run(t, path, dir, bad, "keys", "new")
	if first == again {
		t.Error("two new keysets are the same")
	}
	parse(t, again)
	place := secret.Place{Workspace: "T1", ID: 1, Kind: "x", Version: 1}
	sealed, err := parse(t, first).Seal(secret.New(canary), place)
	if err != nil {
		t.Fatal(err)
	}
	added, code := run(t, path, dir, []string{"ENCRYPTION_KEYSET=" + strings.TrimSpace(first)}, "keys", "add")
	if code != 0 {
		t.Fatalf("keys add: %d", code)
	}
	if got, err := parse(t, added).Open(sealed, place); err != nil || got.Reveal() != canary {
		t.Errorf("what the first key sealed: %v", err)
	}
	if parse(t, added).PrimaryID() == parse(t, first).PrimaryID() {
		t.Error("the added key does not seal")
	}
	if out, code := run(t, path, dir, []string{"ENCRYPTION_KEYSET=" + canary}, "keys", "add"); code != 78 || strings.Contains(out, canary) || !strings.Contains(out, "ENCRYPTION_KEYSET") {
		t.Errorf("a bad keyset: %d %q", code, out)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("they left %v, %v", left, err)
	}
}

// parse reads a keyset as the command printed it, with nothing else on the line.
func parse(t *testing.T, printed string) *secret.Keyset {
	t.Helper()
	keys, err := secret.Parse(secret.New(printed))
	if err != nil || strings.Count(printed, "\n") != 1 {
		t.Fatalf("%d lines: %v", strings.Count(printed, "\n"), err)
	}
	return keys
}

// Keys that did not seal a database are refused before it is touched, and turning keys ends with
// the old one gone.
func TestKeysThatDoNotFitAreRefusedBeforeMigrating(t *testing.T) {
	t.Parallel()
	path, dir, dsn := binary(t), t.TempDir(), storetest.Empty(t)
	command := func(keyset string, arguments ...string) (string, int) {
		return run(t, path, dir, []string{"DATABASE_URL=" + dsn, "ENCRYPTION_KEYSET=" + strings.TrimSpace(keyset), "SLACK_BOT_TOKEN=xoxb-" + canary,
			"SLACK_SIGNING_SECRET=" + canary, "LISTEN_ADDR=127.0.0.1:0", "OPS_ADDR=127.0.0.1:0"}, arguments...)
	}
	first, _ := run(t, path, dir, nil, "keys", "new")
	other, _ := run(t, path, dir, nil, "keys", "new")
	if out, code := command(first, "migrate"); code != 0 {
		t.Fatalf("migrate: %d %s", code, out)
	}
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	// A database of an older version, as it seems: whoever migrates it would try.
	if _, err := conn.Exec(t.Context(), "create table kept as select * from river_migration; delete from river_migration"); err != nil {
		t.Fatal(err)
	}
	state := func() (s string) {
		if err := conn.QueryRow(t.Context(), "select format('%s %s %s', (select md5(sealed) from canary), (select count(*) from river_migration), (select count(*) from goose_db_version))").Scan(&s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := state()
	expected := fmt.Sprint("key ", parse(t, first).PrimaryID())
	for _, arguments := range [][]string{{"migrate"}, {"serve"}, {"serve", "--no-web"}, {"serve", "--no-work"}} {
		out, code := command(other, arguments...)
		if code != 78 || !strings.Contains(out, "ENCRYPTION_KEYSET") || !strings.Contains(out, expected) {
			t.Errorf("%v: %d %s", arguments, code, out)
		}
		if strings.Contains(out, strings.TrimSpace(other)) || strings.Contains(out, canary) {
			t.Errorf("%v prints a value: %s", arguments, out)
		}
		if after := state(); after != before {
			t.Errorf("%v changed the database: %s, was %s", arguments, after, before)
		}
	}
	if out, code := command(other, "keys", "rekey"); code != 78 || state() != before {
		t.Errorf("rekey with keys that do not fit: %d %s", code, out)
	}
	if _, err := conn.Exec(t.Context(), "insert into river_migration select * from kept; drop table kept"); err != nil {
		t.Fatal(err)
	}

	both, _ := command(first, "keys", "add")
	if out, code := command(both, "keys", "drop"); code != 1 || !strings.Contains(out, "1 secret under an old key") {
		t.Errorf("what is needed is taken out: %d %s", code, out)
	}
	for _, arguments := range [][]string{{"migrate"}, {"keys", "rekey"}} {
		if out, code := command(both, arguments...); code != 0 {
			t.Fatalf("%v with both keys: %d %s", arguments, code, out)
		}
	}
	// What somebody began under the old key is left its time.
	if _, err := conn.Exec(t.Context(), `with w as (insert into workspaces (id, name, bot_user_id, created_at) values ('T1', 'Acme', 'U0', now()) returning id)
		insert into sync_asks (workspace_id, person_id, person_kind, channel_id, sealed_response, ready_at, created_at)
		select w.id, 'U1', 'member', 'C1', decode('01' || lpad(to_hex($1::bigint), 8, '0') || '00', 'hex'), now(), now() - t from w, unnest(array[interval '0', '1 hour']) t`, int64(parse(t, first).PrimaryID())); err != nil {
		t.Fatal(err)
	}
	if out, code := command(both, "keys", "drop"); code != 1 || !strings.Contains(out, "Try again in half an hour") {
		t.Errorf("what is passing: %d %s", code, out)
	}
	if _, err := conn.Exec(t.Context(), "delete from sync_asks where created_at > now() - interval '30 minutes'"); err != nil {
		t.Fatal(err)
	}
	newest, code := command(both, "keys", "drop")
	if code != 0 || parse(t, newest).PrimaryID() != parse(t, both).PrimaryID() || parse(t, newest).Holds(parse(t, first).PrimaryID()) {
		t.Errorf("keys drop: %d", code)
	}
	if out, code := command(newest, "migrate"); code != 0 {
		t.Errorf("the newest key alone: %d %s", code, out)
	}
	if out, code := command(first, "migrate"); code != 78 {
		t.Errorf("the old key alone still fits after rekey: %d %s", code, out)
	}
	if out, code := command(both, "migrate"); code != 0 {
		t.Errorf("both keys after rekey: %d %s", code, out)
	}
}

// A database that does not answer is no mistake of the configuration, but its password stays unsaid.
func TestADatabaseThatDoesNotAnswerKeepsItsPassword(t *testing.T) {
	path, dir := binary(t), t.TempDir()
	keyset, _ := run(t, path, dir, nil, "keys", "new")
	for _, arguments := range [][]string{{"serve"}, {"migrate"}, {"keys", "rekey"}, {"doctor"}} {
		out, code := run(t, path, dir, []string{"DATABASE_URL=postgres://u:" + canary + "@127.0.0.1:1/d", "ENCRYPTION_KEYSET=" + keyset,
			"SLACK_BOT_TOKEN=xoxb-" + canary, "SLACK_SIGNING_SECRET=" + canary, "SLACK_API_URL=http://127.0.0.1:1/"}, arguments...)
		if code != 1 || strings.TrimSpace(out) == "" {
			t.Errorf("%v: %d %q", arguments, code, out)
		}
		if strings.Contains(out, canary) {
			t.Errorf("%v prints a secret: %s", arguments, out)
		}
	}
}

// unset takes a variable away until the test ends.
func unset(t *testing.T, name string) {
	t.Helper()
	t.Setenv(name, "") // puts back what was there
	if err := os.Unsetenv(name); err != nil {
		t.Fatal(err)
	}
}
