package web_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"okrbot/sandbox/servicenow"
	"okrbot/sandbox/slack"
	"okrbot/sandbox/web"
)

// Slack is seen while okrbot's database is away: what people read then is what somebody wants to see.
func TestThePageShowsSlackWithoutADatabase(t *testing.T) {
	s := slack.New(slack.Options{})
	s.AddPerson(slack.Person{ID: "U0ALICE", Name: "alice", RealName: "Alice", Zone: "UTC"})
	page := web.New(s, servicenow.New(servicenow.Options{}), web.Options{
		Clock:  web.Clock{Now: time.Now, NextDue: func() (time.Time, error) { return time.Time{}, errors.New("the database does not answer") }},
		Worked: func() bool { return false },
	})
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/api/state?person=alice", http.NoBody)
	w := httptest.NewRecorder()
	page.Handler().ServeHTTP(w, r)
	var state struct {
		People []struct{ Name string } `json:"people"`
		Clock  map[string]any          `json:"clock"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &state); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	if len(state.People) != 1 || state.Clock["now"] == nil || state.Clock["next_due"] != nil {
		t.Errorf("%+v", state)
	}
}
