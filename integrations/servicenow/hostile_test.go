package servicenow_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"okrbot/integrations"
	"okrbot/integrations/servicenow"
)

// dense is the answer about a scorecard that has a score of each of so many days, packed.
func dense(t *testing.T, ref string, days, padding int) []byte {
	t.Helper()
	var plain strings.Builder
	fmt.Fprintf(&plain, `{"result":[{"uuid":%q,"name":"x","indicator":{"value":%q},"value":7,"pad":%q,"scores":[`, ref, ref, strings.Repeat("x", padding))
	for n := range days {
		if n > 0 {
			plain.WriteByte(',')
		}
		fmt.Fprintf(&plain, `{"value":7,"end_at":"%s"}`, time.Now().UTC().AddDate(0, 0, -n).Format(time.DateOnly))
	}
	plain.WriteString("]}]}")
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(plain.String()))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// packer is an instance that answers about every scorecard with so many scores, each answer packed by
// itself, also within an answer of the Batch API.
func packer(t *testing.T, days, padding int) (*servicenow.Client, integrations.Account) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodGet {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(dense(t, r.URL.Query().Get("sysparm_uuid"), days, padding))
			return
		}
		var asked struct {
			ID       string `json:"batch_request_id"`
			Requests []struct {
				ID  string `json:"id"`
				URL string `json:"url"`
			} `json:"rest_requests"`
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
		}
		items := []any{}
		for _, one := range asked.Requests {
			_, ref, _ := strings.Cut(one.URL, "sysparm_uuid=")
			ref, _, _ = strings.Cut(ref, "&")
			items = append(items, map[string]any{
				"id": one.ID, "status_code": 200, "body": base64.StdEncoding.EncodeToString(dense(t, ref, days, padding)),
				"headers": []any{map[string]any{"name": "Content-Type", "value": "application/json"}, map[string]any{"name": "Content-Encoding", "value": "gzip"}},
			})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"batch_request_id": asked.ID, "serviced_requests": items, "unserviced_requests": []any{}})
	}))
	t.Cleanup(server.Close)
	return servicenow.New(servicenow.Options{ExtraOrigins: []string{server.URL}}),
		integrations.Account{Origin: server.URL, SignIn: "basic", Fields: integrations.Fields{"username": "u", "password": "p"}}
}

// cause is an error's cause; empty: there is none.
func cause(err error) string {
	var failure *integrations.Error
	if errors.As(err, &failure) {
		return failure.Cause
	}
	return ""
}

// TestHostileScores: two megabytes have room for sixty thousand scores, and a portion for two hundred such
// answers.
func TestHostileScores(t *testing.T) {
	for days, want := range map[int]string{9_000: "", 10_001: "too_large"} {
		client, account := packer(t, days, 0)
		for n, r := range client.Read(t.Context(), account, []integrations.Request{{Ref: fmt.Sprintf("%032x", 1)}, {Ref: fmt.Sprintf("%032x", 2)}, {Ref: fmt.Sprintf("%032x", 3)}}) {
			if got := cause(r.Err); got != want {
				t.Errorf("%d scores of scorecard %d: %q, want %q", days, n, got, want)
			}
		}
	}
}

// TestHostilePackedItems: what a hundred items of an answer hold together is bounded after it is unpacked.
func TestHostilePackedItems(t *testing.T) {
	client, account := packer(t, 10, 1<<20)
	var requests []integrations.Request
	for n := range 41 {
		requests = append(requests, integrations.Request{Ref: fmt.Sprintf("%032x", n+1)})
	}
	read := 0
	for n, r := range client.Read(t.Context(), account, requests) {
		switch got := cause(r.Err); got {
		case "":
			read++
		case "too_large":
		default:
			t.Errorf("scorecard %d: %v", n, r.Err)
		}
	}
	if read < 2 || read > 1+16 { // the first is asked for alone
		t.Errorf("%d answers of a megabyte were taken", read)
	}
}

// TestHostileParts: what a form keeps of how a scorecard can be divided is as long as anybody reads it.
func TestHostileParts(t *testing.T) {
	ref := fmt.Sprintf("%032x", 1)
	long := strings.Repeat("x", 1000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		q := r.URL.Query()
		row := map[string]any{"uuid": ref, "indicator": map[string]any{"value": ref}}
		rows := []any{row}
		if by := q.Get("sysparm_breakdown"); by != "" {
			rows = nil
			for n := range 100 {
				id := fmt.Sprintf("%s-%d", q.Get("sysparm_page"), n)
				if n%2 == 1 {
					id += long
				}
				rows = append(rows, map[string]any{"indicator": map[string]any{"value": ref}, "breakdown": map[string]any{"value": by}, "element": map[string]any{"value": id, "display_value": long}})
			}
		} else {
			list := []any{map[string]any{"value": "a" + long, "display_value": "too long"}}
			for n := range 300 {
				list = append(list, map[string]any{"value": fmt.Sprintf("%032x", n), "display_value": long})
			}
			row["breakdowns"], row["aggregates"] = list, list
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"result": rows})
	}))
	defer server.Close()
	client := servicenow.New(servicenow.Options{ExtraOrigins: []string{server.URL}})
	account := integrations.Account{Origin: server.URL, SignIn: "basic", Fields: integrations.Fields{"username": "u", "password": "p"}}
	into, err := client.Divisions(t.Context(), account, ref)
	if err != nil || len(into.Breakdowns) != 200 || len(into.Series) != 200 {
		t.Errorf("%d breakdowns and %d series: %v", len(into.Breakdowns), len(into.Series), err)
	}
	elements, err := client.Elements(t.Context(), account, ref, fmt.Sprintf("%032x", 7))
	if err != nil || len(elements) != 1000 {
		t.Errorf("%d elements: %v", len(elements), err)
	}
	for _, n := range append(append(elements, into.Breakdowns...), into.Series...) {
		if len(n.ID) > 500 || len([]rune(n.Name)) > 300 {
			t.Fatalf("an id of %d and a name of %d characters are kept", len(n.ID), len(n.Name))
		}
	}
}

// TestABreakdownComesInOnePage: ServiceNow's pages count indicators, so that a thousand elements of one can come
// together, however few are asked for. What is larger than anybody looks through is said.
func TestABreakdownComesInOnePage(t *testing.T) {
	ref, by := fmt.Sprintf("%032x", 1), fmt.Sprintf("%032x", 7)
	row := map[string]any{"indicator": map[string]any{"value": ref}, "breakdown": map[string]any{"value": by}, "description": strings.Repeat("Open on the day. ", 200)}
	for count, want := range map[int]string{1_000: "", 10_000: "too_many_elements"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			rows := make([]any, count)
			for n := range rows {
				one := maps.Clone(row)
				one["element"] = map[string]any{"value": fmt.Sprintf("%032x", n), "display_value": fmt.Sprint("Person ", n)}
				rows[n] = one
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"result": rows})
		}))
		client := servicenow.New(servicenow.Options{ExtraOrigins: []string{server.URL}})
		account := integrations.Account{Origin: server.URL, SignIn: "basic", Fields: integrations.Fields{"username": "u", "password": "p"}}
		elements, err := client.Elements(t.Context(), account, ref, by)
		server.Close()
		if got := cause(err); got != want || want == "" && len(elements) != count {
			t.Errorf("%d of %d elements: %q, want %q", len(elements), count, got, want)
		}
	}
}
