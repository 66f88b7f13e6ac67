package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"okrbot/secret"
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
		"DATA_DIR":               {" ", "\t"},
		"ENCRYPTION_KEYSET":      {canary, "e30=", "bm90IGpzb24=", "===", keys.Reveal()[:40], strings.ToUpper(keys.Reveal()), strings.Repeat("A", 4000)},
		"LISTEN_ADDR":            {canary, "8080", "http://" + canary + ":1", ":99999", "1.2.3.4", ":", "::1:80", "[::1]"},
		"OPS_ADDR":               {canary, "9090", ":-1", ":70000", "a:b:c"},
		"PUBLIC_URL":             {"http://" + canary, canary, "https://", "https://h/" + canary, "https://" + canary + "@h", "https://h?x=" + canary, "ftp://" + canary, "https://h#" + canary},
		"SLACK_API_URL":          {canary, "https://slack.com/" + canary, "ftp://" + canary + "/", "https:///", "://"},
		"SERVICENOW_EXTRA_HOSTS": {"https://u:" + canary + "@h", "h/" + canary, "ftp://" + canary, "a,,b", "https://h?" + canary, ", "},
		"ADMIN_USERS":            {canary, "@" + canary, "U1,,U2", "bob@" + canary, "T0123"},
		"DEFAULT_TIME_ZONE":      {canary, "Local", "Europe/" + canary, "../" + canary, "CET+1"},
		"LOG_LEVEL":              {canary, "INFO", "trace", "0"},
		"LOG_FORMAT":             {canary, "JSON", "logfmt"},
		"SLACK_BOT_TOKEN":        {canary, "xoxp-" + canary, "", "xapp-" + canary, " xoxb-" + canary},
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
				if strings.Contains(p, canary) {
					t.Errorf("%s=%q: the problem quotes it: %s", variable, value, p)
				}
				if len(p) < len(want)+15 {
					t.Errorf("%s=%q: %q does not say what to do", variable, value, p)
				}
			}
			if !found {
				t.Errorf("%s=%q: %q", variable, value, problems)
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
		if !strings.Contains(strings.Join(problems, "\n"), variable) {
			t.Errorf("%s is not among all problems: %q", variable, problems)
		}
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
			"ADMIN_USERS": "U123, W456", "DEFAULT_TIME_ZONE": "Asia/Kathmandu", "LOG_LEVEL": "debug", "LOG_FORMAT": "json", "LISTEN_ADDR": "[::1]:80", "OPS_ADDR": ":http",
			"SLACK_CLIENT_ID": "1", "SLACK_CLIENT_SECRET": "2",
		},
	} {
		if problems := problemsOf(t, environment); len(problems) > 0 {
			t.Errorf("%s: %q", name, problems)
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

// problemsOf loads an environment that holds these variables alone.
func problemsOf(t *testing.T, environment map[string]string) []string {
	t.Helper()
	for _, name := range append(secretVariables(), "DATA_DIR", "LISTEN_ADDR", "OPS_ADDR", "PUBLIC_URL", "SLACK_API_URL", "SLACK_CLIENT_ID",
		"SERVICENOW_EXTRA_HOSTS", "ADMIN_USERS", "DEFAULT_TIME_ZONE", "LOG_LEVEL", "LOG_FORMAT") {
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

// The same from outside: the exit code, quickly, before anything is touched.
func TestABadConfigurationEndsWith78(t *testing.T) {
	path := binary(t)
	for name, environment := range map[string][]string{
		"missing":   nil,
		"swapped":   {"SLACK_BOT_TOKEN=xapp-" + canary, "SLACK_APP_TOKEN=xoxb-" + canary},
		"no keys":   {"SLACK_BOT_TOKEN=xoxb-" + canary, "SLACK_SIGNING_SECRET=" + canary, "DATABASE_URL=postgres://u:" + canary + "@127.0.0.1:1/d"},
		"bad keys":  {"SLACK_BOT_TOKEN=xoxb-" + canary, "SLACK_SIGNING_SECRET=" + canary, "DATABASE_URL=postgres://u:" + canary + "@127.0.0.1:1/d", "ENCRYPTION_KEYSET=" + canary},
		"bad level": {"SLACK_BOT_TOKEN=xoxb-" + canary, "SLACK_SIGNING_SECRET=" + canary, "LOG_LEVEL=" + canary},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, path, "serve")
			cmd.Dir, cmd.Env = t.TempDir(), environment
			began := time.Now()
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 78 {
				t.Errorf("%v, not 78: %s", err, out)
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("it took %v", took)
			}
			if strings.Contains(string(out), canary) {
				t.Errorf("it prints a value: %s", out)
			}
			if left, _ := exec.Command("ls", "-A", cmd.Dir).Output(); len(left) > 0 {
				t.Errorf("it left %s", left)
			}
		})
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
