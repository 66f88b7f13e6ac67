package httpjson

import (
	"testing"

	"okrbot/integrations/wire"
)

func TestEveryCauseHasASentence(t *testing.T) {
	for _, cause := range wire.Causes {
		if _, ok := sentences[cause]; !ok {
			t.Errorf("nothing is said about %s", cause)
		}
	}
	for cause, s := range sentences {
		if s.class == "" || s.says == "" || s.next == "" {
			t.Errorf("%s lacks its class, what happened or what to do", cause)
		}
	}
}

func FuzzDocuments(f *testing.F) {
	for _, seed := range []string{`{"a":[{"date":"2026-11-01","value":1}],"b":{"name":"x","value":2}}`, `[[1,2],{"~/":3}]`, `{"":{"":1}}`, "1", "[]", `{"a":1,"a":2}`, ""} {
		f.Add([]byte(seed), "/a")
	}
	f.Fuzz(func(t *testing.T, body []byte, ref string) {
		root, cause := wire.Strict(body)
		if cause != "" {
			return
		}
		d := document{root: root}
		if s, problem := d.scorecard(ref); problem == nil && s.Ref != ref || problem != nil && problem.Says == "" {
			t.Errorf("%q of %q: got %+v, %v", ref, body, s, problem)
		}
		for _, s := range d.numbers() { // what is offered can be read, or says why not
			if _, problem := d.scorecard(s.Ref); problem != nil && (s.Value.Valid || problem.Cause == "nothing_there") {
				t.Errorf("%q offers %q, which is %v", body, s.Ref, problem)
			}
		}
	})
}
