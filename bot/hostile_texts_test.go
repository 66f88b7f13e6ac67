package bot_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestHostileBrackets: people's words have whatever brackets they like, as pasted logs do, and no words
// hide what nests too deep.
func TestHostileBrackets(t *testing.T) {
	r := newRoom(t)
	r.byHand("Fewer incidents", "12")
	pasted := strings.Repeat("\x1b[31m", 60) + strings.Repeat(`{\"`, 60) + strings.Repeat("]", 500)
	r.alice.Types("/okr check-in KR-1").Fills("Note", pasted).Submits("Save").SeesNoModal().Sees("Saved.")
	if status := r.mention("EvBrackets", "<@U0OKRBOT> check-in KR-1 7 "+strings.Repeat("[", 150), ""); status != http.StatusOK {
		t.Errorf("a mention with brackets: %d", status)
	}
	r.alice.Sees("[[[[[[[")
	deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	for _, words := range []string{strings.Repeat("]", 6000), strings.Repeat(`\"]`, 6000), strings.Repeat(`\\`, 7) + `","z":"]`} {
		body := `{"x":"` + words + `","type":"block_actions","user":{"id":"U0ALICE"},"y":` + deep + `}`
		status, _ := r.post(r.signed("/slack/interactions", formType, url.Values{"payload": {body}}.Encode(), time.Now()))
		if status != http.StatusBadRequest {
			t.Errorf("what nests five thousand deep behind %.20q: %d", words, status)
		}
	}
}
