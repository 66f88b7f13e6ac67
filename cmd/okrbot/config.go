package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/kelseyhightower/envconfig"

	"okrbot/integrations/wire"
	"okrbot/secret"
)

// Config is everything the environment says; the README's table shows the same.
type Config struct {
	DatabaseURL          secret.String `envconfig:"DATABASE_URL"`
	DatabaseDirectURL    secret.String `envconfig:"DATABASE_DIRECT_URL"`
	PostgresRepository   string        `envconfig:"POSTGRES_REPOSITORY"`
	DataDir              string        `envconfig:"DATA_DIR" default:".okrbot"`
	ListenAddr           string        `envconfig:"LISTEN_ADDR" default:":8080"`
	OpsAddr              string        `envconfig:"OPS_ADDR" default:"127.0.0.1:9090"`
	OpsPprof             string        `envconfig:"OPS_PPROF" default:"false"`
	PublicURL            string        `envconfig:"PUBLIC_URL"`
	SlackBotToken        secret.String `envconfig:"SLACK_BOT_TOKEN"`
	SlackSigningSecret   secret.String `envconfig:"SLACK_SIGNING_SECRET"`
	SlackAppToken        secret.String `envconfig:"SLACK_APP_TOKEN"`
	SlackClientID        string        `envconfig:"SLACK_CLIENT_ID"`
	SlackClientSecret    secret.String `envconfig:"SLACK_CLIENT_SECRET"`
	SlackAPIURL          string        `envconfig:"SLACK_API_URL" default:"https://slack.com/api/"`
	EncryptionKeyset     secret.String `envconfig:"ENCRYPTION_KEYSET"`
	ServiceNowExtraHosts []string      `envconfig:"SERVICENOW_EXTRA_HOSTS"`
	HTTPJSONOrigins      []string      `envconfig:"HTTP_JSON_ORIGINS"`
	AdminUsers           []string      `envconfig:"ADMIN_USERS"`
	DefaultTimeZone      string        `envconfig:"DEFAULT_TIME_ZONE" default:"UTC"`
	AuditRetentionDays   string        `envconfig:"AUDIT_RETENTION_DAYS"`
	LogLevel             string        `envconfig:"LOG_LEVEL" default:"info"`
	LogFormat            string        `envconfig:"LOG_FORMAT" default:"text"`

	notes []string // what was changed in the environment, or looks like a slip; no value is in it
}

// need is what a command asks of the configuration beyond its being well formed.
type need int

const (
	forKeys  need = iota // the database and the keys
	forServe             // Slack too
)

// badConfig lists every problem by its variable. No value is in it.
type badConfig []string

func (b badConfig) Error() string {
	return "the configuration is wrong:\n  " + strings.Join(b, "\n  ")
}

// ExitCode is EX_CONFIG of sysexits.h.
func (badConfig) ExitCode() int { return 78 }

// loadConfig reads the environment and finds all that is wrong with it at once. The secrets are
// taken out of it, so that no child gets them. What a process was started with stays in its memory,
// where the system shows it to root; secrets that come as files are not there.
func loadConfig(what need) (Config, error) {
	var c Config
	notes, unread := tidyEnvironment()
	c.notes = notes
	if err := envconfig.Process("", &c); err != nil {
		var parse *envconfig.ParseError
		if errors.As(err, &parse) {
			return c, badConfig{parse.KeyName + ": it cannot be read"}
		}
		return c, badConfig{"the environment cannot be read"}
	}
	for _, name := range secretVariables() {
		os.Unsetenv(name)
	}
	problems := slices.DeleteFunc(c.problems(what), func(p string) bool {
		// It is there, in a file that says what is wrong.
		variable, _, _ := strings.Cut(p, ": ")
		return slices.ContainsFunc(unread, func(u string) bool { return strings.HasPrefix(u, variable+"_FILE: ") })
	})
	if problems = append(problems, unread...); len(problems) > 0 {
		slices.Sort(problems)
		return c, badConfig(problems)
	}
	return c, nil
}

// configured is the configuration and where to log; what an operator should know of the environment
// is logged, also where it is refused.
func configured(what need) (Config, *slog.Logger, error) {
	c, err := loadConfig(what)
	log := logger(c)
	for _, note := range c.notes {
		log.Warn(note)
	}
	return c, log, err
}

// secretVariables are the variables whose field is a secret.
func secretVariables() []string {
	var names []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if field.Type == reflect.TypeFor[secret.String]() {
			names = append(names, field.Tag.Get("envconfig"))
		}
	}
	return names
}

var userID = regexp.MustCompile(`^[UW][A-Z0-9]{2,20}$`)

func (c *Config) problems(what need) []string {
	var list []string
	say := func(variable, problem string) { list = append(list, variable+": "+problem) }

	if !c.DatabaseURL.Empty() {
		if why := noAddress(c.DatabaseURL); why != "" {
			say("DATABASE_URL", why)
		}
		if c.EncryptionKeyset.Empty() {
			say("ENCRYPTION_KEYSET", "it is needed with DATABASE_URL; `okrbot keys new` prints one")
		}
	}
	if !c.DatabaseDirectURL.Empty() {
		if why := noAddress(c.DatabaseDirectURL); why != "" {
			say("DATABASE_DIRECT_URL", why)
		} else if c.DatabaseURL.Empty() {
			say("DATABASE_DIRECT_URL", "it is for the database of DATABASE_URL, which is not set; set both, or DATABASE_URL alone")
		}
	}
	if strings.TrimSpace(c.DataDir) == "" {
		say("DATA_DIR", "it is empty; leave it out for .okrbot")
	}
	if !c.EncryptionKeyset.Empty() {
		if _, err := secret.Parse(c.EncryptionKeyset); err != nil {
			say("ENCRYPTION_KEYSET", err.Error())
		}
	}
	c.addressProblems(say)
	for i, id := range c.AdminUsers {
		c.AdminUsers[i] = strings.TrimSpace(id)
		if !userID.MatchString(c.AdminUsers[i]) {
			say("ADMIN_USERS", fmt.Sprintf("entry %d is no Slack user id; they begin with U or W", i+1))
		}
	}
	if _, err := time.LoadLocation(c.DefaultTimeZone); err != nil || c.DefaultTimeZone == "" || c.DefaultTimeZone == "Local" {
		say("DEFAULT_TIME_ZONE", "it is no time zone; write one such as Europe/Berlin")
	}
	if c.AuditRetentionDays != "" && c.AuditDays() <= 0 {
		say("AUDIT_RETENTION_DAYS", "write a number of days, or leave it out to keep the audit for ever")
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel) {
		say("LOG_LEVEL", "choose debug, info, warn or error")
	}
	if !slices.Contains([]string{"text", "json"}, c.LogFormat) {
		say("LOG_FORMAT", "choose text or json")
	}
	c.slackProblems(what, say)
	return list
}

// sslModes are what `sslmode` in the address of a Postgres may be.
var sslModes = []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

// noAddress is why an address of a Postgres cannot be used; "" where it can.
func noAddress(address secret.String) string {
	_, err := pgx.ParseConfig(address.Reveal())
	if err == nil {
		return ""
	}
	var of *fs.PathError
	if errors.As(err, &of) {
		return "a file that it names, such as that of `sslrootcert`, cannot be read: " + of.Err.Error() + "; check its path, and whom okrbot runs as"
	}
	if u, err := url.Parse(address.Reveal()); err == nil && u.Host != "" {
		if mode := u.Query().Get("sslmode"); mode != "" && !slices.Contains(sslModes, mode) {
			return "its `sslmode` is none that there is; write one of " + strings.Join(sslModes, ", ")
		}
	}
	return "it is not the address of a Postgres; write postgres://user:password@host/database, with %-codes for the special characters of the password, such as %23 for #"
}

// addressProblems are what is wrong with where it listens, and whom it speaks to.
func (c *Config) addressProblems(say func(variable, problem string)) {
	for variable, address := range map[string]string{"LISTEN_ADDR": c.ListenAddr, "OPS_ADDR": c.OpsAddr} {
		if !listenable(address) {
			say(variable, "write it as host:port, such as :8080 or 127.0.0.1:9090")
		}
	}
	if !slices.Contains([]string{"true", "false"}, c.OpsPprof) {
		say("OPS_PPROF", "write true for profiles under OPS_ADDR/debug, or leave it out")
	}
	if c.PublicURL != "" {
		c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
		if u, err := url.Parse(c.PublicURL); err != nil || u.Scheme != "https" || !wire.WholeHost(u.Host) || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
			say("PUBLIC_URL", "write it as https://okrbot.example.com, without a path")
		}
	}
	if u, err := url.Parse(c.SlackAPIURL); err != nil || u.Scheme != "https" && u.Scheme != "http" || !wire.WholeHost(u.Host) || !strings.HasSuffix(c.SlackAPIURL, "/") {
		say("SLACK_API_URL", "write it as https://slack.com/api/, with the slash at its end")
	}
	for variable, hosts := range map[string][]string{"SERVICENOW_EXTRA_HOSTS": c.ServiceNowExtraHosts, "HTTP_JSON_ORIGINS": c.HTTPJSONOrigins} {
		for i, host := range hosts {
			origin, ok := wire.Origin(host)
			switch {
			case strings.Contains(host, "*"):
				say(variable, fmt.Sprintf("entry %d has a wildcard; name each host", i+1))
			case !ok:
				say(variable, fmt.Sprintf("entry %d is no host; write host, host:port or https://host:port, with commas between", i+1))
			}
			hosts[i] = origin
		}
	}
}

func (c *Config) slackProblems(what need, say func(variable, problem string)) {
	for _, t := range []struct {
		variable, begins, copied string
		token                    secret.String
	}{
		{"SLACK_BOT_TOKEN", "xoxb-", "the Bot User OAuth Token", c.SlackBotToken},
		{"SLACK_APP_TOKEN", "xapp-", "an app-level token with the scope connections:write", c.SlackAppToken},
	} {
		switch {
		case t.token.Empty():
		case !strings.HasPrefix(t.token.Reveal(), t.begins):
			say(t.variable, "it does not begin with "+t.begins+"; copy "+t.copied)
		case t.token.Reveal() == t.begins:
			say(t.variable, "it is "+t.begins+" and nothing after it, as in the example; copy "+t.copied)
		}
	}
	if (c.SlackClientID == "") != c.SlackClientSecret.Empty() {
		say("SLACK_CLIENT_ID", "it and SLACK_CLIENT_SECRET go together; set both or none")
	}
	if what != forServe {
		return
	}
	if c.SlackBotToken.Empty() {
		say("SLACK_BOT_TOKEN", "it is needed to serve a workspace; the README says where to find it. To try okrbot without Slack, run `okrbot sandbox`")
	}
	if c.SlackAppToken.Empty() && c.SlackSigningSecret.Empty() {
		say("SLACK_SIGNING_SECRET", "it is needed to serve over HTTP; or set SLACK_APP_TOKEN for Socket Mode")
	}
}

func listenable(address string) bool {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	_, err = net.LookupPort("tcp", port)
	return err == nil && port != ""
}

// AuditDays is how long the audit is kept; 0 is for ever.
func (c Config) AuditDays() int {
	days, err := strconv.Atoi(c.AuditRetentionDays)
	if err != nil || days > 36500 {
		return 0
	}
	return days
}

// Level is how much is logged.
func (c Config) Level() slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return slog.LevelInfo
	}
	return level
}
