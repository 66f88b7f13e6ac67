package servicenow

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"okrbot/integrations"
)

const incidents = "fb007202d7130100b96d45a3ce6103b4"

// The examples of the Scorecards API's documentation are read as they are printed there.
func TestTheDocumentationsExamples(t *testing.T) {
	const (
		priority = "0df47e02d7130100b96d45a3ce610399"
		about    = "Number of incidents open based on resolved date is empty."
	)
	for file, c := range map[string]struct {
		ref    string
		name   string
		value  string // empty: none
		target string
		favor  bool
	}{
		"no-score":    {ref: incidents, name: "Number of open incidents"},
		"time-series": {ref: incidents + ":89ea4c11d7001100ba986f14ce6103dc", name: "Number of open incidents / 7d running SUM"},
		// It was asked for with another element's id than the one it names.
		"element": {ref: incidents + ":" + priority + ":e5900140200331007665978299a805f3", name: "Number of open incidents > Priority = 1 - Critical", value: "76", target: "70", favor: true},
		"second-level": {ref: incidents + ":" + priority + ":e5900140200331007665978299a805f3:1f918835d7231100b96d45a3ce6103fe:9e418d40200331007665978299a805c1",
			name: "Number of open incidents / Priority / 1 - Critical / Category / Database"},
		"breakdown-relations": {ref: incidents + ":baec0752bf130100b96dac808c0739ed:8a4dde73c6112278017a6a4baf547aa7", name: "Number of open incidents / Assignment Group / Software", value: "37"},
	} {
		t.Run(file, func(t *testing.T) {
			raw, err := os.ReadFile("testdata/" + file + ".json")
			if err != nil {
				t.Fatal(err)
			}
			got, problem := pick(raw, c.ref)
			if problem != nil {
				t.Fatal(problem)
			}
			got.Seen = time.Time{}
			want := integrations.Scorecard{
				Ref: c.ref, Name: c.name, Description: about, Unit: "#", Precision: 0, Direction: integrations.Minimize, Frequency: "daily", Favorite: c.favor,
			}
			value, target := "", ""
			if got.Value.Valid {
				value = got.Value.Decimal.String()
			}
			if got.Target.Valid {
				target = got.Target.Decimal.String()
			}
			got.Value, got.Target = want.Value, want.Target
			if value != c.value || target != c.target || len(got.Scores) != 0 {
				t.Errorf("value %q, target %q, %d scores", value, target, len(got.Scores))
			}
			got.Scores = nil
			if !equal(got, want) {
				t.Errorf("got %+v\nwant %+v", got, want)
			}
			// What it was not asked for is refused.
			for _, other := range []string{incidents[:31] + "0", incidents + ":" + incidents, incidents + ":" + incidents + ":" + incidents} {
				if _, problem := pick(raw, other); problem == nil || problem.Cause != "foreign_result" {
					t.Errorf("it was taken for %s", other)
				}
			}
			for n := range raw[:len(raw)-3] { // cut before its last bracket
				if s, problem := pick(raw[:n], c.ref); problem == nil || s.Value.Valid || len(s.Scores) > 0 {
					t.Fatalf("cut after %d bytes, something was taken", n)
				}
			}
		})
	}
	raw, err := os.ReadFile("testdata/breakdown-relations.json")
	if err != nil {
		t.Fatal(err)
	}
	var whole struct{ Result []scorecard }
	if err := json.Unmarshal(raw, &whole); err != nil {
		t.Fatal(err)
	}
	rows, problem := decode(raw)
	if relations := whole.Result[0].references("breakdown_relations"); problem != nil || len(relations) != 3 || relations[0].Name != "Child Groups" || len(rows[0].references("breakdowns")) != 0 {
		t.Errorf("the relations are %v, %v", relations, problem)
	}
}

func equal(a, b integrations.Scorecard) bool {
	return a.Ref == b.Ref && a.Name == b.Name && a.Description == b.Description && a.Unit == b.Unit && a.Precision == b.Precision &&
		a.Direction == b.Direction && a.Frequency == b.Frequency && a.Key == b.Key && a.Favorite == b.Favorite
}

// Whatever comes in place of a batch's answer, no item is another's.
func FuzzBatch(f *testing.F) {
	for _, seed := range []string{
		`{"batch_request_id":"b","serviced_requests":[{"id":"1","status_code":200,"body":"eyJyZXN1bHQiOltdfQ==","headers":[{"name":"Content-Type","value":"application/json"}]}],"unserviced_requests":["2"]}`,
		`{"serviced_requests":[{"id":"1","status_code":"200","body":null}]}`, `{"serviced_requests":{}}`, `{"unserviced_requests":[1,null]}`, `{"batch_request_id":"other"}`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		serviced, unserviced, problem := decodeBatch(body, "b")
		if problem != nil {
			if len(serviced) > 0 || len(unserviced) > 0 || problem.Says == "" || problem.Next == "" {
				t.Errorf("%q: %v", body, problem)
			}
			return
		}
		for _, items := range serviced {
			for _, item := range items {
				if s, _, problem := item.read(someRef, integrations.Account{}, largestBatch); problem == nil && s.Ref != someRef {
					t.Errorf("%q is another scorecard's", body)
				}
			}
		}
	})
}
