package document

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestItAnswersAsAWebServerDoes(t *testing.T) {
	now := time.Date(2026, 11, 24, 8, 4, 0, 0, time.UTC)
	s := New(func() time.Time { return now })
	failing := 3
	s.Put("/m.json", Document{Make: func(time.Time) any { return map[string]any{"failing": failing, "of": map[string]any{"n": 1}} }, Header: "X-Key", Secret: "k", Modified: now.AddDate(0, 0, -1)})
	server := httptest.NewServer(s)
	defer server.Close()
	ask := func(path, key string) (int, string, http.Header) {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Key", key)
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body), resp.Header
	}
	status, body, header := ask("/m.json?x=y", "k")
	if status != 200 || body != `{"failing":3,"of":{"n":1}}` || header.Get("Date") != "Tue, 24 Nov 2026 08:04:00 GMT" || header.Get("Last-Modified") != "Mon, 23 Nov 2026 08:04:00 GMT" {
		t.Errorf("got %d, %s, %v", status, body, header)
	}
	failing = 4
	if _, body, _ := ask("/m.json", "k"); !strings.Contains(body, `"failing":4`) {
		t.Errorf("the document does not change: %s", body)
	}
	if status, _, _ := ask("/m.json", "wrong"); status != 401 {
		t.Errorf("a wrong key gets %d", status)
	}
	if status, _, _ := ask("/other", "k"); status != 404 {
		t.Errorf("another path gets %d", status)
	}
	fix := s.Break(Fault{Kind: LocalText, Pointer: "/of/n"})
	s.Break(Fault{Kind: Missing, Pointer: "/failing"})
	if _, body, _ := ask("/m.json", "k"); body != `{"of":{"n":"1.234,5"}}` {
		t.Errorf("got %s", body)
	}
	fix()
	if _, body, _ := ask("/m.json", "k"); body != `{"of":{"n":1}}` {
		t.Errorf("got %s", body)
	}
	s.Break(Fault{Kind: RateLimit, After: 7})
	if status, _, header := ask("/m.json", "k"); status != 429 || header.Get("Retry-After") != "7" {
		t.Errorf("got %d, %v", status, header)
	}
	if calls := s.Calls(); len(calls) != 7 || calls[0].Path != "/m.json?x=y" {
		t.Errorf("it kept %v", calls)
	}
}
