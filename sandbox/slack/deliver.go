package slack

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// ackWithin is how long Slack waits for an answer, and how long a trigger opens a view.
const ackWithin = 3 * time.Second

// Signed makes a request as Slack signs it.
func Signed(ctx context.Context, to, secret, contentType string, body []byte, at time.Time) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("X-Slack-Request-Timestamp", stamp)
	req.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	return req, nil
}

// deliver brings something to the app, by whichever way it listens, and returns its answer.
func (s *Slack) deliver(what, path string, payload any, form url.Values) (status int, answer []byte) {
	began := time.Now()
	s.mu.Lock()
	o := s.o
	s.mu.Unlock()
	var sent any = payload
	if form != nil && payload == nil {
		flat := map[string]string{}
		for k := range form {
			flat[k] = form.Get(k)
		}
		sent = flat
	}
	ctx, cancel := context.WithTimeout(context.Background(), o.patience())
	defer cancel()
	var err error
	if o.Socket {
		kind := map[string]string{"/slack/commands": "slash_commands", "/slack/events": "events_api"}[path]
		if kind == "" {
			kind = "interactive"
		}
		answer, err = s.envelope(ctx, kind, sent)
		status = http.StatusOK
	} else {
		status, answer, err = s.overHTTP(ctx, o, path, payload, form)
	}
	e := Exchange{At: began, From: "slack", What: what, Sent: sent, Took: time.Since(began)}
	var got any
	if json.Unmarshal(answer, &got) == nil {
		e.Got = got
	} else {
		e.Got = string(answer)
	}
	if err != nil {
		status, e.Refused = 0, "operation_timeout: no answer within 3 seconds"
	}
	s.mu.Lock()
	s.recordWire(e)
	s.mu.Unlock()
	return status, answer
}

func (s *Slack) overHTTP(ctx context.Context, o Options, path string, payload any, form url.Values) (int, []byte, error) {
	contentType, body := "application/x-www-form-urlencoded", []byte(form.Encode())
	if form == nil {
		raw, err := json.Marshal(payload)
		if err != nil {
			return 0, nil, err
		}
		if path == "/slack/events" {
			contentType, body = "application/json", raw
		} else {
			body = []byte(url.Values{"payload": {string(raw)}}.Encode())
		}
	}
	req, err := Signed(ctx, o.AppURL+path, o.SigningSecret, contentType, body, time.Now())
	if err != nil {
		return 0, nil, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, answer, err
}

// note marks the last exchange as refused: the answer came, and Slack does not take it.
func (s *Slack) note(why string) {
	if why == "" {
		return
	}
	for i := len(s.wire) - 1; i >= 0; i-- {
		if s.wire[i].From == "slack" {
			s.wire[i].Refused = why
			s.changed()
			return
		}
	}
}

func (s *Slack) base(kind string, p *Person) map[string]any {
	return map[string]any{
		"type": kind, "token": "legacy", "api_app_id": s.o.AppID, "enterprise": nil, "is_enterprise_install": false,
		"team": map[string]any{"id": s.o.TeamID, "domain": "sandbox"},
		"user": map[string]any{"id": p.ID, "username": p.Name, "name": p.Name, "team_id": s.o.TeamID},
	}
}
