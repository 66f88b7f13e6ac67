package servicenow

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

var today = time.Now().UTC().Truncate(24 * time.Hour)

func newInstance(t *testing.T) (*Instance, string) {
	t.Helper()
	i := New(Options{})
	i.AddUser("reader", "secret", "pa_viewer")
	i.AddUser("nobody", "secret")
	i.AddKey("key-1", "reader")
	for n := range 25 {
		s := Scorecard{ID: fmt.Sprintf("%032x", n+1), Name: fmt.Sprintf("Indicator %d", n+1), Unit: "%", Precision: 1, Direction: 2, Frequency: 10}
		for ago := 40; ago >= 1; ago-- {
			s.Scores = append(s.Scores, Score{Day: today.AddDate(0, 0, -ago), Value: float64(n) + float64(ago)/10})
		}
		i.Add(s)
	}
	i.Add(Scorecard{ID: strings.Repeat("a", 32), Name: "Nothing yet", Frequency: 30})
	i.Add(Scorecard{ID: strings.Repeat("b", 32), Name: "Secret salaries", Roles: []string{"hr"}, Frequency: 10})
	server := httptest.NewServer(i)
	t.Cleanup(server.Close)
	return i, server.URL
}

// asks returns status, headers and the decoded answer.
func asks(t *testing.T, address, user, password string) (*http.Response, map[string]any) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case user == "key":
		req.Header.Set("x-sn-apikey", password)
	case user != "":
		req.SetBasicAuth(user, password)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	_ = json.Unmarshal(raw, &answer)
	if answer == nil {
		answer = map[string]any{"page": string(raw)}
	}
	return resp, answer
}

const scorecardsPath = "/api/now/pa/scorecards"

func rows(answer map[string]any) []map[string]any {
	list, _ := answer["result"].([]any)
	var out []map[string]any
	for _, row := range list {
		m, _ := row.(map[string]any)
		out = append(out, m)
	}
	return out
}

func TestScorecardsAreListedInPages(t *testing.T) {
	_, url := newInstance(t)
	seen := map[string]bool{}
	for page := 1; page <= 3; page++ {
		resp, answer := asks(t, fmt.Sprintf("%s/api/now/v1/pa/scorecards?sysparm_per_page=10&sysparm_page=%d", url, page), "reader", "secret")
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("page %d: %d", page, resp.StatusCode)
		}
		for _, row := range rows(answer) {
			name, _ := row["name"].(string)
			if seen[name] {
				t.Errorf("%s is listed twice", name)
			}
			seen[name] = true
		}
	}
	if len(seen) != 26 || seen["Secret salaries"] {
		t.Errorf("%d scorecards, want the 26 that the reader may see", len(seen))
	}
	_, some := asks(t, url+scorecardsPath+"?sysparm_contains=Indicator%202", "reader", "secret")
	if n := len(rows(some)); n == 0 || n >= 20 {
		t.Errorf("the words find %d", n)
	}
	_, all := asks(t, url+scorecardsPath+"?sysparm_nonsense=1&sysparm_limit=1", "reader", "secret")
	if len(rows(all)) < 2 {
		t.Error("unknown parameters are not ignored")
	}
}

func TestOneScorecardWithItsScores(t *testing.T) {
	_, url := newInstance(t)
	one := fmt.Sprintf("%s%s?sysparm_uuid=%032x&sysparm_include_scores=true&sysparm_from=%s", url, scorecardsPath, 1, today.AddDate(0, 0, -5).Format(time.DateOnly))
	_, answer := asks(t, one, "reader", "secret")
	list := rows(answer)
	if len(list) != 1 {
		t.Fatalf("%d rows", len(list))
	}
	scores, _ := list[0]["scores"].([]any)
	if len(scores) != 5 {
		t.Errorf("%d scores since five days ago", len(scores))
	}
	if _, isNumber := list[0]["value"].(float64); !isNumber {
		t.Errorf("the value is %T", list[0]["value"])
	}
	_, empty := asks(t, url+scorecardsPath+"?sysparm_uuid="+strings.Repeat("a", 32), "reader", "secret")
	if list := rows(empty); len(list) != 1 || list[0]["value"] != nil {
		t.Errorf("without a score the value is null, not %v", list)
	}
	resp, gone := asks(t, url+scorecardsPath+"?sysparm_uuid="+strings.Repeat("f", 32), "reader", "secret")
	resp2, hidden := asks(t, url+scorecardsPath+"?sysparm_uuid="+strings.Repeat("b", 32), "reader", "secret")
	if resp.StatusCode != resp2.StatusCode || len(rows(gone)) != len(rows(hidden)) {
		t.Error("what one may not see differs from what does not exist")
	}
}

func TestSignIn(t *testing.T) {
	i, url := newInstance(t)
	for _, c := range []struct {
		user, password string
		status         int
	}{
		{"reader", "secret", 200}, {"key", "key-1", 200}, {"key", "key-2", 401}, {"", "", 401}, {"reader", "wrong", 401}, {"stranger", "secret", 401}, {"nobody", "secret", 403},
	} {
		resp, answer := asks(t, url+scorecardsPath, c.user, c.password)
		if resp.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", c.user, resp.StatusCode, c.status)
		}
		failed, _ := answer["error"].(map[string]any)
		if c.status != 200 && (answer["status"] != "failure" || failed["message"] == "") {
			t.Errorf("%s: the envelope is %v", c.user, answer)
		}
	}
	for range lockAfter {
		asks(t, url+scorecardsPath, "reader", "wrong")
	}
	if resp, _ := asks(t, url+scorecardsPath, "reader", "secret"); resp.StatusCode != 401 {
		t.Error("the account is not locked after wrong passwords")
	}
	i.SetPassword("reader", "another")
	if resp, _ := asks(t, url+scorecardsPath, "reader", "another"); resp.StatusCode != 200 {
		t.Error("a new password does not unlock")
	}
	if resp, _ := asks(t, url+"/api/now/table/incident", "reader", "another"); resp.StatusCode != 400 {
		t.Errorf("another resource: %d", resp.StatusCode)
	}
}

func TestFaults(t *testing.T) {
	i, url := newInstance(t)
	i.AddUser("other", "secret", "pa_viewer")
	for kind, want := range map[Kind]int{
		Hibernating: 200, Offline: 200, RedirectToLogin: 302, WrongPassword: 401, RoleMissing: 403, NoResource: 400, NotThere: 404,
		RateLimit: 429, BadGateway: 502, ServiceDown: 503, ServerError: 500, ErrorWith200: 200, Cancelled: 200,
	} {
		fix := i.Break(Fault{Kind: kind, User: "reader", After: 7})
		resp, answer := asks(t, url+scorecardsPath, "reader", "secret")
		if resp.StatusCode != want || len(rows(answer)) > 0 {
			t.Errorf("%s: %d with %d rows", kind, resp.StatusCode, len(rows(answer)))
		}
		if kind == Hibernating && !strings.Contains(resp.Header.Get("Content-Type"), "text/html") {
			t.Errorf("the page of an instance that is asleep is %s", resp.Header.Get("Content-Type"))
		}
		if kind == RateLimit && resp.Header.Get("Retry-After") != "7" {
			t.Errorf("Retry-After is %q", resp.Header.Get("Retry-After"))
		}
		if resp, _ := asks(t, url+scorecardsPath, "other", "secret"); resp.StatusCode != 200 {
			t.Errorf("%s meets another user too: %d", kind, resp.StatusCode)
		}
		fix()
		if resp, answer := asks(t, url+scorecardsPath, "reader", "secret"); resp.StatusCode != 200 || len(rows(answer)) == 0 {
			t.Errorf("%s stays: %d", kind, resp.StatusCode)
		}
	}
	i.Break(Fault{Kind: ServerError, Times: 2})
	var statuses []int
	for range 3 {
		resp, _ := asks(t, url+scorecardsPath, "reader", "secret")
		statuses = append(statuses, resp.StatusCode)
	}
	if fmt.Sprint(statuses) != "[500 500 200]" {
		t.Errorf("two times are %v", statuses)
	}
}
