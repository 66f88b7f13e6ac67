package desk

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"okrbot/jobs"
)

// askInstalled is how often Slack is asked whether the app is installed again.
const askInstalled = time.Minute

// uninstalled are Slack's words for a token that it does not take any more, whatever is called.
var uninstalled = map[string]bool{"account_inactive": true, "token_revoked": true, "invalid_auth": true}

// errUninstalled says that nothing was sent to Slack.
var errUninstalled = errors.New("the app is not installed in the workspace")

// installation is whether the app is installed, as far as this process knows: once Slack says that it is
// not, nothing goes to its Web API but the question whether it is again, now and then. What was to be
// said waits.
type installation struct {
	ask   func(context.Context) error // auth.test
	every time.Duration
	api   string // the path that methods stand under
	log   *slog.Logger

	mu     sync.Mutex
	gone   bool
	asking bool
	asked  time.Time
}

// ended notes that the app is not installed any more.
func (i *installation) ended(why string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.gone {
		i.log.Warn("Slack does not take the bot's token: nothing is sent until it does. Install the app again where it was removed, and set SLACK_BOT_TOKEN to what that gives; `okrbot doctor` says more", "why", why)
	}
	i.gone, i.asked = true, time.Now()
}

// heard notes that somebody did something in Slack, which they can only where the app is installed: the
// next call asks.
func (i *installation) heard() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked = time.Time{}
}

// is says whether something may be sent, and asks where it is time to.
func (i *installation) is(ctx context.Context) bool {
	i.mu.Lock()
	if !i.gone || i.asking || time.Since(i.asked) < i.every {
		defer i.mu.Unlock()
		return !i.gone
	}
	i.asking = true
	i.mu.Unlock()
	err := i.ask(ctx)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asking, i.asked = false, time.Now()
	if err == nil {
		i.gone = false
		i.log.Info("Slack takes the bot's token again")
	}
	return err == nil
}

// of judges a request by its error.
func (i *installation) of(err error) {
	var u *jobs.Undelivered
	if errors.As(err, &u) && uninstalled[u.Code] {
		i.ended(u.Code)
	}
}

// goesOut says whether a request may be sent. The question itself may, and what another token is for.
func (i *installation) goesOut(r *http.Request) bool {
	switch method := path.Base(r.URL.Path); method {
	case "auth.test", "apps.connections.open":
		return true
	default:
		return !strings.HasPrefix(r.URL.Path, i.api) || i.is(r.Context())
	}
}

// guarded is a way to Slack that is shut while the app is not installed.
type guarded struct {
	http.RoundTripper
	installed *installation
}

func (g guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	if !g.installed.goesOut(r) {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, errUninstalled
	}
	return g.RoundTripper.RoundTrip(r)
}
