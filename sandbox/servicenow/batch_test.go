package servicenow

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// posts sends a body to the Batch API.
func posts(t *testing.T, url, kind, body string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url+"/api/now/v1/batch", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("reader", "secret")
	req.Header.Set("Content-Type", kind)
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
	return resp.StatusCode, answer
}

func getItem(id, path string) string {
	return fmt.Sprintf(`{"id":%q,"method":"GET","url":%q,"headers":[{"name":"Accept","value":"application/json"}]}`, id, path)
}

func batchOf(items ...string) string {
	return `{"batch_request_id":"1","rest_requests":[` + strings.Join(items, ",") + `]}`
}

func TestABatchRunsItsItems(t *testing.T) {
	i, url := newInstance(t)
	one := scorecardsPath + fmt.Sprintf("?sysparm_uuid=%032x", 1)
	status, answer := posts(t, url, "application/json", batchOf(getItem("a", one), getItem("b", "/api/now/table/incident"), getItem("c", "/api/now/batch")))
	if status != 200 || answer["batch_request_id"] != "1" {
		t.Fatalf("%d %v", status, answer)
	}
	want := map[string]float64{"a": 200, "b": 400, "c": 400}
	for _, element := range answer["serviced_requests"].([]any) {
		item := element.(map[string]any)
		id := item["id"].(string)
		if item["status_code"] != want[id] {
			t.Errorf("%s: %v", id, item["status_code"])
		}
		body, err := base64.StdEncoding.DecodeString(item["body"].(string))
		if err != nil || id == "a" && !strings.Contains(string(body), "Indicator 1") {
			t.Errorf("%s: %s %v", id, body, err)
		}
		delete(want, id)
	}
	if len(want) > 0 {
		t.Errorf("not answered: %v", want)
	}
	if calls := i.Calls(); len(calls) != 1 || calls[0].Items != 3 {
		t.Errorf("%+v", calls)
	}
}

func TestABatchIsRefused(t *testing.T) {
	_, url := newInstance(t)
	good := getItem("a", scorecardsPath)
	for body, want := range map[string]int{
		batchOf(good):                        200,
		"":                                   400,
		batchOf():                            400,
		batchOf(good, good):                  400,
		batchOf(getItem("", scorecardsPath)): 400,
		batchOf(getItem("a", "https://elsewhere.example/api/now/pa/scorecards")):     400,
		strings.Replace(batchOf(good), `"method":"GET",`, "", 1):                     400,
		batchOf(strings.Replace(good, `"a"`, `"`+strings.Repeat("x", 6<<20)+`"`, 1)): 400,
	} {
		if status, answer := posts(t, url, "application/json", body); status != want {
			t.Errorf("%.80q: %d %v, want %d", body, status, answer, want)
		}
	}
	if status, _ := posts(t, url, "application/x-www-form-urlencoded", batchOf(good)); status != 415 {
		t.Errorf("a form: %d", status)
	}
	for user, want := range map[string]int{"reader": 405, "": 401} {
		if resp, _ := asks(t, url+"/api/now/batch", user, "secret"); resp.StatusCode != want {
			t.Errorf("get by %q: %d, want %d", user, resp.StatusCode, want)
		}
	}
}

func TestABatchIsCutAtItsQuota(t *testing.T) {
	i, url := newInstance(t)
	i.SetBatchQuota(100 * time.Millisecond)
	slow := fmt.Sprintf("%032x", 2)
	i.Break(Fault{Kind: Slow, Ref: slow, After: 60})
	item := func(n int) string {
		return getItem(fmt.Sprint(n), scorecardsPath+fmt.Sprintf("?sysparm_uuid=%032x", n))
	}
	status, answer := posts(t, url, "application/json", batchOf(item(1), item(2), item(3)))
	if status != 200 || fmt.Sprint(answer["unserviced_requests"]) != "[2 3]" || len(answer["serviced_requests"].([]any)) != 1 {
		t.Errorf("%d %v", status, answer)
	}
}
