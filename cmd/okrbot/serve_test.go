package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"okrbot/bot"
	"okrbot/integrations"
	"okrbot/integrations/httpjson"
	"okrbot/integrations/servicenow"
)

// ledger is another system to which people sign in by their browser.
type ledger struct{ *servicenow.Client }

func (ledger) Kind() string { return "ledger" }
func (ledger) Name() string { return "Ledger" }

// Browsers come back to whichever systems there are, with nothing to be added here for each.
func TestEveryConsentingSystemHasItsCallback(t *testing.T) {
	connectors := integrations.Registry{servicenow.New(servicenow.Options{}), httpjson.New(httpjson.Options{}), ledger{servicenow.New(servicenow.Options{})}}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	settings := bot.Settings{PublicURL: "https://okrbot.example.com"}
	r := &running{config: Config{PublicURL: settings.PublicURL}, bot: bot.New(nil, nil, bot.NewSlack(bot.SlackOptions{}), connectors, settings, log), log: log}
	public := r.public(nil)
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
