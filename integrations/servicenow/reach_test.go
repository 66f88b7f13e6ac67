package servicenow

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
