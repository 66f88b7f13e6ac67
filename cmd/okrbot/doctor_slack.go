package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"okrbot"
	"okrbot/secret"
)

// slackSays is an answer of Slack's Web API.
type slackSays struct {
	OK     bool   `json:"ok"`
	Error  string `json:"error"`
	Team   string `json:"team"`
	TeamID string `json:"team_id"`
	UserID string `json:"user_id"`

	date   time.Time
	scopes []string // nil: it did not say
}

// errElse says that what answers is not Slack.
var errElse = errors.New("something else than Slack answers at SLACK_API_URL")

// callSlack calls a method that needs nothing but a token.
func (d *doctor) callSlack(ctx context.Context, method string, token secret.String) (slackSays, error) {
	var says slackSays
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.config.SlackAPIURL+method, nil)
	if err != nil {
		return says, errElse
	}
	req.Header.Set("Authorization", "Bearer "+token.Reveal())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return says, err
	}
	defer resp.Body.Close()
	says.date, _ = http.ParseTime(resp.Header.Get("Date")) // zero: it did not say
	for _, scope := range strings.Split(resp.Header.Get("X-OAuth-Scopes"), ",") {
		if scope = strings.TrimSpace(scope); scope != "" {
			says.scopes = append(says.scopes, scope)
		}
	}
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		says.Error = "ratelimited"
		return says, nil
	case resp.StatusCode >= 500:
		return says, fmt.Errorf("status %d", resp.StatusCode)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return says, err
	}
	if json.Unmarshal(raw, &says) != nil || !says.OK && says.Error == "" {
		return says, errElse
	}
	return says, nil
}

// slack checks the way to Slack, then what it says of our tokens.
func (d *doctor) slack(ctx context.Context) {
	asked := time.Now()
	says, err := d.callSlack(ctx, "auth.test", d.config.SlackBotToken)
	if err != nil {
		d.say("Slack", broken, "it cannot be reached: "+notReached(err), "The tokens may be right all the same. Check SLACK_API_URL, and that this machine may call it.")
		d.say("SLACK_BOT_TOKEN", unknown, "Slack says what it thinks of it once it can be reached", "")
	} else {
		d.say("Slack", well, "it answers", "")
		if !says.date.IsZero() {
			d.clock("Slack", says.date, asked, "Set this machine's clock by the network's time (NTP).")
		}
		d.botToken(says)
	}
	if !d.config.SlackAppToken.Empty() {
		d.appToken(ctx, err != nil)
		return
	}
	if !slackSecret.MatchString(d.config.SlackSigningSecret.Reveal()) {
		d.say("SLACK_SIGNING_SECRET", note, "it does not look like Slack's: those are 32 of the characters 0-9 and a-f", "Copy the Signing Secret again, under Basic Information: not the Client Secret or the Verification Token.")
		return
	}
	d.say("SLACK_SIGNING_SECRET", well, "it looks like Slack's; whether it is, Slack's first request shows", "")
}

var slackSecret = regexp.MustCompile(`^[0-9a-f]{32}$`)

// refusals are Slack's words about a token, in ours.
var refusals = map[string]string{
	"invalid_auth":            "Slack does not know it",
	"not_authed":              "Slack does not know it",
	"account_inactive":        "the app was removed from the workspace, or its bot was deactivated",
	"token_revoked":           "it was revoked",
	"token_expired":           "it has expired",
	"not_allowed_token_type":  "it is a token of another kind",
	"no_permission":           "it lacks the permission",
	"team_access_not_granted": "the app may not be used in this workspace",
}

// notTheToken are Slack's words for trouble that is not the token's.
var notTheToken = []string{"ratelimited", "fatal_error", "internal_error", "service_unavailable", "request_timeout", "team_added_to_org"}

func (d *doctor) botToken(says slackSays) {
	switch refusal, known := refusals[says.Error]; {
	case says.OK:
		d.say("SLACK_BOT_TOKEN", well, fmt.Sprintf("workspace %s (%s), bot %s", says.Team, says.TeamID, says.UserID), "")
		d.scopes(says.scopes)
		d.workspaces(says.TeamID)
	case known:
		d.say("SLACK_BOT_TOKEN", broken, refusal, "Install the app in the workspace, and copy the Bot User OAuth Token again.")
	case slices.Contains(notTheToken, says.Error):
		d.say("SLACK_BOT_TOKEN", unknown, "Slack had trouble ("+says.Error+")", "Try again in a minute.")
	default:
		d.say("SLACK_BOT_TOKEN", unknown, "Slack says "+says.Error, "")
	}
}

// workspaces names those that the database holds and the token is not of: they are read on in silence.
func (d *doctor) workspaces(ours string) {
	for _, w := range d.held {
		if w.ID != ours {
			d.say("workspaces", note, fmt.Sprintf("the database also holds %s (%s), which SLACK_BOT_TOKEN is not of: what people do there is not answered, and what is read for it reaches nobody", w.ID, w.Name),
				fmt.Sprintf("Set the token of the workspace that is meant. What the other one holds: `okrbot export --workspace %s`.", w.ID))
			return
		}
	}
}

// usedWhereGranted are scopes that the manifest does not ask for (docs/adr/0009-scopes.md).
var usedWhereGranted = []string{"channels:history", "groups:history", "im:history"}

// scopes compares what was granted with what the manifest asks for.
func (d *doctor) scopes(granted []string) {
	if granted == nil {
		d.say("scopes", unknown, "Slack did not say which were granted", "")
		return
	}
	needed, optional := okrbot.BotScopes()
	var missing, more []string
	for _, s := range needed {
		if !slices.Contains(granted, s) && s != "files:write" && s != "app_mentions:read" {
			missing = append(missing, s)
		}
	}
	for _, s := range granted {
		if !slices.Contains(needed, s) && !slices.Contains(optional, s) && !slices.Contains(usedWhereGranted, s) {
			more = append(more, s)
		}
	}
	const again = "Add them under OAuth & Permissions, or paste manifest.yml again, then install the app again."
	switch {
	case len(missing) > 0:
		d.say("scopes", broken, "missing: "+strings.Join(missing, ", "), again)
	case !slices.Contains(granted, "files:write"):
		d.say("scopes", note, "files:write is missing: `/okr export` cannot send its files; all else works", again)
	case !slices.Contains(granted, "app_mentions:read"):
		d.say("scopes", note, "app_mentions:read is missing: okrbot does not hear when it is mentioned; all else works", again)
	case len(more) > 0:
		d.say("scopes", note, "granted, and not needed: "+strings.Join(more, ", "), "Take them away under OAuth & Permissions.")
	default:
		d.say("scopes", well, "all of the manifest's are granted", "")
	}
}

// appToken asks for an address of Socket Mode, and does not use it.
func (d *doctor) appToken(ctx context.Context, unreached bool) {
	if unreached {
		d.say("SLACK_APP_TOKEN", unknown, "Slack says what it thinks of it once it can be reached", "")
		return
	}
	says, err := d.callSlack(ctx, "apps.connections.open", d.config.SlackAppToken)
	refusal, known := refusals[says.Error]
	const again = "Make an app-level token with the scope connections:write, under Basic Information."
	switch {
	case err != nil:
		d.say("SLACK_APP_TOKEN", unknown, "Slack did not answer: "+notReached(err), "Try again in a minute.")
	case says.OK:
		d.say("SLACK_APP_TOKEN", well, "Socket Mode may be opened with it", "")
	case says.Error == "missing_scope":
		d.say("SLACK_APP_TOKEN", broken, "it lacks the scope connections:write", again)
	case says.Error == "forbidden_team", says.Error == "socket_mode_disabled":
		d.say("SLACK_APP_TOKEN", broken, "Socket Mode is off for this app", "Turn it on under Socket Mode in the app's settings.")
	case known:
		d.say("SLACK_APP_TOKEN", broken, refusal, again)
	default:
		d.say("SLACK_APP_TOKEN", unknown, "Slack says "+says.Error, "Try again in a minute.")
	}
}

// publicURL asks the address under which Slack and browsers come, as Slack does when it is entered.
func (d *doctor) publicURL(ctx context.Context) {
	const check = "PUBLIC_URL"
	if d.config.PublicURL == "" {
		d.say(check, note, "it is not set: OAuth and the page for secrets are not offered", "")
	} else if status, body, sent, err := d.askPublic(ctx); err != nil {
		if d.servesHere(ctx) {
			d.say(check, broken, "it cannot be reached from here: "+notReached(err), "Check its name, its certificate, and what stands before okrbot. Where this machine alone cannot reach it, Slack may all the same.")
		} else {
			d.say(check, unknown, "it cannot be reached, and `okrbot serve` does not run here: "+notReached(err), "Start `okrbot serve`, and run this again.")
		}
	} else {
		switch {
		case status == http.StatusOK && body == sent:
			d.say(check, well, "it leads here", "")
		case status == http.StatusUnauthorized:
			d.say(check, broken, "the okrbot that answers there has another SLACK_SIGNING_SECRET", "Check where it leads, and that both were started with the same secret.")
		case status == http.StatusServiceUnavailable && body == "starting":
			d.say(check, unknown, "okrbot is starting there", "Run this again in a moment.")
		case status >= 502 && status <= 504 && !d.servesHere(ctx):
			d.say(check, unknown, fmt.Sprintf("what stands before okrbot answers with status %d, and `okrbot serve` does not run here", status), "Start `okrbot serve`, and run this again.")
		default:
			d.say(check, broken, fmt.Sprintf("something else answers there, with status %d", status), "Check where it leads: /slack/ and /connect/ have to reach okrbot as they are.")
		}
	}
	if len(d.config.HTTPJSONOrigins) == 0 {
		d.say("HTTP_JSON_ORIGINS", note, "it is not set: JSON documents are not offered", "")
	}
}

// askPublic sends what Slack sends to see whose an address is; okrbot alone, with our secret, says it
// back. In Socket Mode there is no such secret, and it says that it is alive.
func (d *doctor) askPublic(ctx context.Context) (status int, body, sent string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	var req *http.Request
	if !d.config.SlackAppToken.Empty() {
		sent = "alive"
		req, err = http.NewRequestWithContext(ctx, http.MethodGet, d.config.PublicURL+"/healthz", nil)
	} else {
		sent = rand.Text()
		raw := []byte(`{"type":"url_verification","challenge":"` + sent + `"}`)
		req, err = http.NewRequestWithContext(ctx, http.MethodPost, d.config.PublicURL+"/slack/events", bytes.NewReader(raw))
		if err == nil {
			at := fmt.Sprint(time.Now().Unix())
			mac := hmac.New(sha256.New, []byte(d.config.SlackSigningSecret.Reveal()))
			fmt.Fprintf(mac, "v0:%s:%s", at, raw)
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("X-Slack-Request-Timestamp", at)
			req.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
		}
	}
	if err != nil {
		return 0, "", sent, err
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", sent, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1000))
	return resp.StatusCode, strings.TrimSpace(string(raw)), sent, err
}

// servesHere says whether an okrbot listens at LISTEN_ADDR.
func (d *doctor) servesHere(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	address, err := here("LISTEN_ADDR", d.config.ListenAddr)
	if err != nil {
		return false
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// notReached is why an address could not be called, without the address.
func notReached(err error) string {
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var slow net.Error
	var at *url.Error
	switch {
	case errors.Is(err, errElse):
		return "something else answers there"
	case errors.As(err, &name):
		return "its name is not known here"
	case errors.As(err, &certificate):
		return "its certificate is not trusted here"
	case errors.As(err, &record):
		return "it does not speak TLS"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return "it does not answer in time"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "there is no way to it"
	case errors.As(err, &at):
		return "the connection broke"
	}
	return err.Error()
}
