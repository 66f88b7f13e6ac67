package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What copying, files and Kubernetes secrets leave around a value does not reach Slack or Postgres, and
// is told without the value.
func TestWhiteSpaceAroundValuesIsTakenOffAndSaid(t *testing.T) {
	problemsOf(t, nil) // takes away what is set here
	around := map[string]string{}
	for name, value := range map[string]string{
		"SLACK_BOT_TOKEN": "xoxb-" + canary, "SLACK_SIGNING_SECRET": canary, "PUBLIC_URL": "https://" + canary + ".example.com",
		"ADMIN_USERS": "U123,W456", "LISTEN_ADDR": "127.0.0.1:0", "LOG_LEVEL": "error",
	} {
		around[name] = value
		t.Setenv(name, "\ufeff \t"+value+"\r\n")
	}
	t.Setenv("DEFAULT_TIME_ZONE", "Asia/Kathmandu")
	c, err := loadConfig(forServe)
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]string{
		"SLACK_BOT_TOKEN": c.SlackBotToken.Reveal(), "SLACK_SIGNING_SECRET": c.SlackSigningSecret.Reveal(), "PUBLIC_URL": c.PublicURL,
		"ADMIN_USERS": strings.Join(c.AdminUsers, ","), "LISTEN_ADDR": c.ListenAddr, "LOG_LEVEL": c.LogLevel,
	}
	for name, want := range around {
		if read[name] != want {
			t.Errorf("%s is read as %q", name, read[name])
		}
		if !slices.Contains(c.notes, name+": white space around its value was taken off") {
			t.Errorf("%s was changed without a word: %q", name, c.notes)
		}
	}
	if len(c.notes) != len(around) || strings.Contains(strings.Join(c.notes, ""), canary) {
		t.Errorf("%q", c.notes)
	}
}

func TestSecretsComeAsFilesToo(t *testing.T) {
	dir := t.TempDir()
	file := func(name, holds string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(holds), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	load := func(environment map[string]string) (Config, string) {
		problemsOf(t, nil)
		for name, value := range environment {
			t.Setenv(name, value)
		}
		c, err := loadConfig(forServe)
		if err == nil {
			return c, ""
		}
		return c, err.Error()
	}
	token, signing := file("token", "xoxb-"+canary+"\n"), file("signing", "\ufeff"+canary+" \r\n")
	c, problem := load(map[string]string{"SLACK_BOT_TOKEN_FILE": token, "SLACK_SIGNING_SECRET_FILE": " " + signing + "\n"})
	if problem != "" || c.SlackBotToken.Reveal() != "xoxb-"+canary || c.SlackSigningSecret.Reveal() != canary || len(c.notes) > 0 {
		t.Errorf("%s %q", problem, c.notes)
	}
	if held := strings.Join(os.Environ(), "\n"); strings.Contains(held, canary) {
		t.Error("a child would inherit a secret")
	}
	for name, other := range map[string]map[string]string{
		"both":      {"SLACK_BOT_TOKEN": "xoxb-" + canary, "SLACK_BOT_TOKEN_FILE": token},
		"missing":   {"SLACK_BOT_TOKEN_FILE": filepath.Join(dir, canary)},
		"folder":    {"SLACK_BOT_TOKEN_FILE": dir},
		"empty":     {"SLACK_BOT_TOKEN_FILE": file("empty", " \n")},
		"no text":   {"SLACK_BOT_TOKEN_FILE": file("binary", "xoxb-"+canary+"\x00")},
		"too large": {"SLACK_BOT_TOKEN_FILE": file("large", strings.Repeat(canary, 10000))},
	} {
		_, problem := load(with(map[string]string{"SLACK_SIGNING_SECRET_FILE": signing}, other))
		if !strings.Contains(problem, "SLACK_BOT_TOKEN_FILE: ") || strings.Contains(problem, "SLACK_BOT_TOKEN: it is needed") || strings.Contains(problem, canary) || strings.Contains(problem, dir) {
			t.Errorf("%s: %s", name, problem)
		}
	}
}

func TestVariablesThatAreNearlyOursAreNamed(t *testing.T) {
	for name, meant := range map[string]string{
		"PUBLIC_ULR": "PUBLIC_URL", "DATABASE_URI": "DATABASE_URL", "SLACK_BOT_TOKN": "SLACK_BOT_TOKEN", "slack_bot_token": "SLACK_BOT_TOKEN",
		"SERVICENOW_EXTRA_HOST": "SERVICENOW_EXTRA_HOSTS", "OKRBOT_DATABASE_URL": "DATABASE_URL", "DATADIR": "DATA_DIR", "ADMIN-USERS": "ADMIN_USERS",
		"SLACK_SIGNING_SECRET_FIEL": "SLACK_SIGNING_SECRET_FILE", "LISTEN_ADR": "LISTEN_ADDR",
		"PATH": "", "HOME": "", "PGHOST": "", "XDG_DATA_DIRS": "", "OKRBOT_SKIP_BROWSER": "", "SLACK_WEBHOOK_URL": "", "LANG": "", "LOGNAME": "", "PUBLIC_URL": "", "DATABASE_URL_FILE": "",
		"KUBERNETES_PORT": "", "OKRBOT_PORT_8080_TCP_ADDR": "", "OKRBOT_SERVICE_HOST": "", "TZ": "", "_": "", "": "",
	} {
		notes := misspelt([]string{name + "=" + canary})
		switch said := strings.Join(notes, "\n"); {
		case meant == "" && said != "":
			t.Errorf("%s is none of ours: %s", name, said)
		case meant != "" && (!strings.HasPrefix(said, name+": ") || !strings.Contains(said, "If "+meant+" is meant")):
			t.Errorf("%s: %q", name, said)
		case strings.Contains(said, canary):
			t.Errorf("a value is printed: %s", said)
		}
	}
}

// Notes are said where the configuration is refused, too: there they help most.
func TestAMisspeltVariableIsNamedBesideWhatIsMissing(t *testing.T) {
	out, code := run(t, binary(t), t.TempDir(), []string{"SLACK_BOT_TOKN=xoxb-" + canary, "SLACK_SIGNING_SECRET= " + canary}, "serve")
	for _, want := range []string{"SLACK_BOT_TOKN: okrbot knows no such variable. If SLACK_BOT_TOKEN is meant, rename it", "SLACK_SIGNING_SECRET: white space around its value was taken off", "  SLACK_BOT_TOKEN: it is needed"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
	if code != 78 || strings.Contains(out, canary) {
		t.Errorf("%d: %s", code, out)
	}
}
