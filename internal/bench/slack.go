package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"
)

// slackTakes is about what chat.postMessage and chat.update take.
const slackTakes = 100 * time.Millisecond

// newSlack is a Slack that takes everything, in the time that Slack needs. The sandbox's checks
// each payload, which would be measured too.
func newSlack() *httptest.Server {
	var messages atomic.Int64
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(slackTakes)
		answer := map[string]any{"ok": true}
		switch strings.TrimPrefix(r.URL.Path, "/api/") {
		case "auth.test":
			answer["team_id"], answer["team"], answer["user_id"] = team, "Bench", "U0BOT"
		case "users.info":
			answer["user"] = map[string]any{"id": r.FormValue("user"), "team_id": team, "name": "somebody", "tz": "UTC"}
		default:
			answer["channel"], answer["ts"] = r.FormValue("channel"), fmt.Sprintf("1700000001.%06d", messages.Add(1))
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	}))
}
