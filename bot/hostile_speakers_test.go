package bot_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"okrbot/sandbox/slack"
)

// TestHostileSpeakers: who or what may mention the bot, and gets nothing done.
func TestHostileSpeakers(t *testing.T) {
	r := newRoom(t)
	r.byHand("Fewer incidents", "12")
	r.refusalsExpected = true
	r.slack.AddPerson(slack.Person{ID: "U0STRANGER", Name: "eve", RealName: "Eve", Foreign: true, Admin: true})
	r.slack.AddPerson(slack.Person{ID: "U0LEFT", Name: "left", RealName: "Left", Gone: true, Admin: true})
	n := 0
	event := func(inner, outer string) {
		n++
		body := fmt.Sprintf(`{"type":"event_callback","team_id":"T0SANDBOX","api_app_id":"A0OKRBOT","event_id":"EvS%d"%s,"event":{"type":"app_mention","text":"<@U0OKRBOT> check-in KR-1 7","ts":"1764000000.0001"%s}}`, n, outer, inner)
		if status, got := r.post(r.signed("/slack/events", "application/json", body, time.Now())); status != http.StatusOK || got != "" {
			t.Errorf("%s: %d %q", inner, status, got)
		}
	}
	for _, inner := range []string{
		`,"user":"U0OKRBOT","channel":"C0ITOKRS"`, `,"user":"USLACKBOT","channel":"C0ITOKRS"`, `,"user":"U0ALICE","channel":"C0ITOKRS","bot_id":"B1"`, `,"user":"U0STRANGER","channel":"C0ITOKRS"`,
		`,"user":"U0LEFT","channel":"C0ITOKRS"`, `,"user":"U0DAVE","channel":"C0ITOKRS"`, `,"user":"U0NOBODY","channel":"C0ITOKRS"`, `,"user":"","channel":"C0ITOKRS"`, `,"user":"U0ALICE","channel":""`, `,"user":"U0ALICE"`,
		`,"user":{"id":"U0ALICE"},"channel":"C0ITOKRS"`, `,"user":"U0ALICE","channel":{"id":"C0ITOKRS"}`, `,"user":["U0ALICE"],"channel":"C0ITOKRS"`, `,"user":null,"channel":"C0ITOKRS"`,
	} {
		event(inner, "")
	}
	event(`,"user":"U0ALICE","channel":"C0ITOKRS"`, `,"team_id":"T0OTHER"`)
	event(`,"user":"U0ALICE","channel":"C0ITOKRS"`, `,"api_app_id":"A0OTHER"`)
	r.settles()
	if n := r.number("select count(*) from check_ins"); n != 0 {
		t.Errorf("%d check-ins", n)
	}
	if log := r.log.String(); strings.Contains(log, "panicked") || strings.Contains(log, "level=ERROR") {
		t.Error(log)
	}
	// Files, edits and threads change nothing of it; a retry is no second one.
	for range 3 {
		if status, _ := r.post(r.signed("/slack/events", "application/json", `{"type":"event_callback","team_id":"T0SANDBOX","api_app_id":"A0OKRBOT","event_id":"EvF","event":{"type":"app_mention","user":"U0ALICE","channel":"C0ITOKRS","text":"<@U0OKRBOT> check-in KR-1 7","ts":"1764000000.0001","files":[{"id":"F1"}],"edited":{"user":"U0ALICE","ts":"1"},"thread_ts":"\u0000"}}`, time.Now())); status != http.StatusOK && status != http.StatusBadRequest {
			t.Errorf("status %d", status)
		}
	}
}

// TestHostileAddresses: no address brings anything else than a host to a page's headers.
func TestHostileAddresses(t *testing.T) {
	r := newRoom(t)
	for _, address := range []string{
		"https://a;script-src'unsafe-inline'.service-now.com", "https://x;.service-now.com", "a;b", "https://a'b.service-now.com", "https://a,b.service-now.com", "https://*.service-now.com", "https://a.service-now.com:8443", "https://a.b.service-now.com", "https://a%0d%0a.service-now.com", "https://a.service-now.com.evil.example",
		"https://evil.example#.service-now.com", "https://evil.example?.service-now.com", "https://evil.example\\.service-now.com", "https://a.service-now.com.", "javascript://a.service-now.com", "https://аcme.service-now.com", "https://[::1].service-now.com", "https://service-now.com", "https://.service-now.com", "<https://evil.example|acme.service-now.com>",
	} {
		if origin, err := r.connectors[0].Origin(address); err == nil {
			t.Logf("%q is %q", address, origin)
			if host, ok := strings.CutPrefix(origin, "https://"); !ok || strings.ContainsAny(host, ";', *%#?/\\") {
				t.Errorf("%q is taken as %q", address, origin)
			}
		}
	}
}
