package bot_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// absent stands for a field that is left out.
var absent = new(int)

// variants are a value with one thing in it gone or changed, at whatever depth.
func variants(whole any) []any {
	out := []any{absent, nil, 1, "text", "a\x00b", []any{}, []any{nil}, map[string]any{}, true, -1e300}
	switch v := whole.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			for _, changed := range variants(v[key]) {
				other := maps.Clone(v)
				if other[key] = changed; changed == absent {
					delete(other, key)
				}
				out = append(out, other)
			}
		}
	case []any:
		for i := range v {
			for _, changed := range variants(v[i]) {
				other := slices.Clone(v)
				if other[i] = changed; changed == absent {
					other = slices.Delete(other, i, i+1)
				}
				out = append(out, other)
			}
		}
	}
	return out
}

// mutations are what may become of JSON on its way, or by somebody's will.
func mutations(t *testing.T, raw []byte) [][]byte {
	t.Helper()
	var whole map[string]any
	if err := json.Unmarshal(raw, &whole); err != nil {
		t.Fatal(err)
	}
	out := [][]byte{raw}
	for _, v := range variants(whole) {
		if v == absent {
			continue
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
	}
	for key := range whole {
		long := maps.Clone(whole)
		long[key] = strings.Repeat("x", 1<<20-1<<14)
		b, err := json.Marshal(long)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
	}
	for _, deep := range []string{strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000), strings.Repeat("[", 10_000)} {
		out = append(out, []byte(deep), slices.Concat([]byte(`{"view":`), []byte(deep), []byte(","), raw[1:]))
	}
	replaced := func(from, to string) []byte { return bytes.ReplaceAll(raw, []byte(from), []byte(to)) }
	return append(out,
		raw[:len(raw)/2], slices.Concat(raw, raw), append(bytes.Clone(raw), "garbage"...), nil, []byte("{}"), []byte("\xef\xbb\xbf{}"),
		replaced(`"type":"`, `"type":"view_submission","type":"`), replaced(`"id":`, `"id":"U0BOB","id":`),
		replaced(`"id"`, "\"\xff\""), replaced("U0ALICE", "U0\xc3\x28"), replaced("U0ALICE", `U0\ud800`), replaced("U0ALICE", `U0\u0000`),
	)
}

// wrapped is a body that mutations can be made of, and how one is sent.
func wrapped(t *testing.T, req *http.Request) (raw []byte, kind string, wrap func([]byte) string) {
	t.Helper()
	raw, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatal(err)
	}
	kind = req.Header.Get("Content-Type")
	if kind != formType {
		return raw, kind, func(b []byte) string { return string(b) }
	}
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		t.Fatal(err)
	}
	if payload := form.Get("payload"); payload != "" {
		return []byte(payload), kind, func(b []byte) string { return url.Values{"payload": {string(b)}}.Encode() }
	}
	flat := map[string]string{}
	for k := range form {
		flat[k] = form.Get(k)
	}
	raw, err = json.Marshal(flat)
	if err != nil {
		t.Fatal(err)
	}
	return raw, kind, func(b []byte) string {
		var m map[string]any
		if json.Unmarshal(b, &m) != nil {
			return string(b)
		}
		v := url.Values{}
		for k, x := range m {
			v.Set(k, fmt.Sprint(x))
		}
		return v.Encode()
	}
}

func TestMalformedDeliveriesAreAnswered(t *testing.T) {
	r := newRoom(t)
	r.refusalsExpected = true
	handler := r.bot.Handler()
	const stored = `select (select count(*) from objectives) + (select count(*) from key_results) + (select count(*) from connections) + (select count(*) from sync_requests) + (select count(*) from sync_asks)`
	before := r.number(stored)
	tried := 0
	for name, req := range r.payloads() {
		raw, kind, wrap := wrapped(t, req)
		for _, body := range mutations(t, raw) {
			w := httptest.NewRecorder()
			fresh := bytes.Replace(body, []byte(`"event_id":"`), fmt.Appendf(nil, `"event_id":"%d `, tried), 1) // else it is a repetition
			handler.ServeHTTP(w, r.signed(req.URL.Path, kind, wrap(fresh), time.Now()))
			if tried++; w.Code >= 500 {
				t.Errorf("%s: %d for %.300q", name, w.Code, body)
			}
		}
		for _, path := range []string{"/slack/commands", "/slack/interactions", "/slack/options", "/slack/events"} {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r.signed(path, kind, wrap(raw), time.Now()))
			if tried++; w.Code >= 500 {
				t.Errorf("%s at %s: %d", name, path, w.Code)
			}
		}
	}
	// Go's own limit is a hundred times as deep, and reading blocks costs the square of it.
	deep := `{"type":"block_actions","user":{"id":"U0ALICE"},"x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`
	for path, body := range map[string]string{"/slack/interactions": url.Values{"payload": {deep}}.Encode(), "/slack/events": deep} {
		if status, _ := r.post(r.signed(path, formType, body, time.Now())); status != http.StatusBadRequest {
			t.Errorf("nested five thousand deep at %s: %d", path, status)
		}
	}
	if tried < 2000 {
		t.Errorf("%d malformed deliveries are few", tried)
	}
	for line := range strings.Lines(r.log.String()) {
		if strings.Contains(line, "level=ERROR") { // what is malformed is theirs, not an error of ours
			t.Errorf("%.300s", line)
		}
	}
	if n := r.number(stored) - before; n != 0 {
		t.Errorf("malformed deliveries left %d things behind", n)
	}
}

func TestMutatedFormsAreAnswered(t *testing.T) {
	r := ready(t)
	r.refusalsExpected = true
	// Forms with a draft behind them, kept open by something wrong in them.
	r.bob.Types("/okr connect").Fills("ServiceNow URL", "nowhere").Fills("Username", "x").Fills("Password", "y").Submits("Connect")
	r.carol.Types("/okr add-objective").Fills("Objective", strings.Repeat(" ", 3)).Fills("Channel", "#it-okrs").Submits("Save")
	r.alice.Types("/okr edit KR-1").Fills("Target Value", "forty").Submits("Save").Sees("^ This is not a number")
	forms := map[string]map[string]any{}
	for _, e := range r.slack.Wire() {
		if payload, ok := e.Sent.(map[string]any); ok && e.What == "view_submission" {
			view := payload["view"].(map[string]any)
			forms[view["callback_id"].(string)] = payload
		}
	}
	tried := 0
	for name, payload := range forms {
		view := payload["view"].(map[string]any)
		for _, state := range variants(view["state"]) {
			other, changed := maps.Clone(payload), maps.Clone(view)
			if changed["state"] = state; state == absent {
				delete(changed, "state")
			}
			other["view"] = changed
			raw, err := json.Marshal(other)
			if err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			r.bot.Handler().ServeHTTP(w, r.signed("/slack/interactions", formType, url.Values{"payload": {string(raw)}}.Encode(), time.Now()))
			if tried++; w.Code >= 500 {
				t.Errorf("%s: %d for state %.300v", name, w.Code, state)
			}
		}
	}
	if len(forms) < 3 || tried < 300 {
		t.Errorf("%d mutations of %d forms are few", tried, len(forms))
	}
	for line := range strings.Lines(r.log.String()) {
		if strings.Contains(line, "level=ERROR") {
			t.Errorf("%.300s", line)
		}
	}
}
