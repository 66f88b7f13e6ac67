package bot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"okrbot/sandbox/slack"
)

// frame sends an envelope over the socket as it is written, and says whether it was acknowledged.
func (r *room) frame(id string, raw []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := r.slack.Frame(ctx, id, raw)
	return err
}

// connectsAgain waits until the app has one connection, which is another one than before.
func (r *room) connectsAgain(before int) {
	r.t.Helper()
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if open, now := r.slack.Sockets(); open == 1 && now == before+1 {
			return
		}
		if time.Since(began) > patience {
			r.t.Fatal("it does not connect again")
		}
	}
}

// Whatever an envelope holds, it is acknowledged, else Slack sends it again; the connection lives, and people are
// answered after it.
func TestMalformedEnvelopesAreAcknowledged(t *testing.T) {
	r := newRoom(t, overSocket)
	r.refusalsExpected = true
	const stored = `select (select count(*) from objectives) + (select count(*) from key_results) + (select count(*) from connections) + (select count(*) from sync_requests) + (select count(*) from sync_asks)`
	before := r.number(stored)
	_, opened := r.slack.Sockets()
	tried := 0
	envelope := func(name, kind string, payload []byte) {
		tried++
		id := fmt.Sprintf("hostile-%d", tried)
		payload = []byte(strings.Replace(string(payload), `"event_id":"`, fmt.Sprintf(`"event_id":"%d `, tried), 1)) // else it is a repetition
		raw := fmt.Appendf(nil, `{"envelope_id":%q,"type":%q,"accepts_response_payload":true,"payload":%s}`, id, kind, payload)
		if len(raw) >= 1<<20 || !json.Valid(raw) {
			return // the other test's
		}
		if err := r.frame(id, raw); err != nil {
			t.Fatalf("%s as %s: %v for %.300q", name, kind, err, payload)
		}
	}
	kinds := map[string]string{"/slack/commands": "slash_commands", "/slack/interactions": "interactive", "/slack/options": "interactive", "/slack/events": "events_api"}
	for name, req := range r.payloads() {
		raw, _, _ := wrapped(t, req)
		for n, payload := range mutations(t, raw) {
			if n%3 == 0 { // a third of what HTTP is tried with: the handlers behind are the same
				envelope(name, kinds[req.URL.Path], payload)
			}
		}
		for _, kind := range []string{"slash_commands", "interactive", "events_api", "unheard_of", ""} {
			envelope(name, kind, raw)
		}
	}
	deep := `{"type":"block_actions","user":{"id":"U0ALICE"},"x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`
	for _, kind := range []string{"slash_commands", "interactive", "events_api"} {
		envelope("deep", kind, []byte(deep))
	}
	if tried < 500 {
		t.Errorf("%d malformed envelopes are few", tried)
	}
	if _, now := r.slack.Sockets(); now != opened {
		t.Errorf("it connected %d times again", now-opened)
	}
	for line := range strings.Lines(r.log.String()) {
		if strings.Contains(line, "level=ERROR") {
			t.Errorf("%.300s", line)
		}
	}
	if n := r.number(stored) - before; n != 0 {
		t.Errorf("malformed envelopes left %d things behind", n)
	}
	r.alice.Types("/okr help list").Sees("/okr list")
}

// What is no envelope at all is passed over, and what is larger than any of Slack's costs the connection at most.
func TestTheSocketOutlivesWhatIsNoEnvelope(t *testing.T) {
	r := newRoom(t, overSocket)
	asks := func() { r.alice.Types("/okr help list").Sees("/okr list") }
	asks()
	_, before := r.slack.Sockets()
	for _, frame := range []string{
		"", "garbage", "{", "null", "[]", "7", `{"type":7}`, `{"type":"hello"}`, `{"envelope_id":7,"type":"interactive"}`, `{"payload":null,"type":"slash_commands"}`,
		"\x00\xff", strings.Repeat("[", 20_000), `{"type":"interactive","payload":null}`,
	} {
		if err := r.frame("", []byte(frame)); err != nil {
			t.Errorf("%.50q: %v", frame, err)
		}
	}
	asks()
	if _, now := r.slack.Sockets(); now != before {
		t.Errorf("it connected %d times again", now-before)
	}
	for what, frames := range map[string][]string{
		"much that cannot be read": slices.Repeat([]string{"garbage"}, 10),
		"too large":                {`{"type":"events_api","payload":"` + strings.Repeat("x", 2<<20) + `"}`},
		"a goodbye":                {`{"type":"disconnect","reason":"warning"}`},
	} {
		_, before := r.slack.Sockets()
		for _, frame := range frames {
			// On its length alone the app closes, while the frame may still be on its way.
			if err := r.frame("", []byte(frame)); err != nil && what != "too large" {
				t.Errorf("%s: %v", what, err)
			}
		}
		r.connectsAgain(before)
		asks()
	}
}

// What Slack sends again has one effect: a command in the same envelope, an event in whichever.
func TestARepeatedEnvelopeHasOneEffect(t *testing.T) {
	r := newRoom(t, overSocket)
	r.refusalsExpected = true // the triggers here are not Slack's
	r.addsObjective(r.alice, "Seen once")
	o := r.slack.Options()
	command := map[string]string{}
	for k, v := range r.command("list mine") {
		command[k] = v[0]
	}
	typed, err := json.Marshal(command)
	if err != nil {
		t.Fatal(err)
	}
	home := fmt.Sprintf(`{"type":"event_callback","team_id":%q,"api_app_id":%q,"event_id":"Ev1","event":{"type":"app_home_opened","user":"U0ALICE","tab":"home"}}`, o.TeamID, o.AppID)
	for n := range 10 {
		if err := r.frame("same", fmt.Appendf(nil, `{"envelope_id":"same","type":"slash_commands","payload":%s}`, typed)); err != nil {
			t.Error(err)
		}
		id := fmt.Sprintf("home-%d", n)
		if err := r.frame(id, fmt.Appendf(nil, `{"envelope_id":%q,"type":"events_api","payload":%s}`, id, home)); err != nil {
			t.Error(err)
		}
	}
	acted := r.actedOn()
	for _, what := range []string{"kind=command route=list", "kind=event route=app_home_opened"} {
		if acted[what] != 1 {
			t.Errorf("%s was acted on %d times", what, acted[what])
		}
	}
}

// Where Slack gives no connection, the log says that nothing comes, and for how long.
func TestASocketThatCannotBeOpenedIsLogged(t *testing.T) {
	r := newRoom(t, overSocket)
	r.refusalsExpected = true
	_, before := r.slack.Sockets()
	r.slack.Break(slack.Fault{Method: "apps.connections.open", Error: "internal_error", Times: 2})
	if err := r.frame("", []byte(`{"type":"disconnect","reason":"refresh_requested"}`)); err != nil {
		t.Fatal(err)
	}
	r.connectsAgain(before)
	if n := strings.Count(r.log.String(), "Slack's socket cannot be opened"); n != 2 {
		t.Errorf("the log says so %d times", n)
	}
	r.alice.Types("/okr help list").Sees("/okr list")
}
