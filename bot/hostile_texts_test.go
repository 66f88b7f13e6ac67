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

// TestHostileLongTextsOfAScorecard: one entry that is longer than Slack or the database takes spoils
// neither the list nor its own preview.
func TestHostileLongTextsOfAScorecard(t *testing.T) {
	r := newRoom(t)
	long := r.scored("0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d01", "Endless "+jumbled(100_000), jumbled(200_000))
	long.Unit = jumbled(5000)
	r.servicenow.Add(long)
	r.servicenow.Add(r.scored(jumbled(20_000), "Nobody can choose this", ""))
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.until("the list being read", r.stored("select bool_and(directory_at is not null) from connections"))
	if n := r.number("select count(*) from scorecards where length(reference) > 500"); n != 0 {
		t.Errorf("%d scorecards are kept under ids that nothing takes", n)
	}
	r.alice.Types("/okr add-kr").Fills("Key Result", "Fewer").Submits("Next").
		Chooses("Scorecard", "Endless").Presses("Preview results").Sees("Last 2 scores").
		Submits("Connect").Sees("Start Value").Fills("Target Value", "3").Submits("Save").Sees("is added").Closes()
	r.isRead()
	r.alice.Sees("*KR-1* Fewer")
	r.alice.Types("/okr show KR-1").Sees("== KR-1 ==").Closes()
	r.alice.Types("/okr sync KR-1").Sees("no newer score")
	r.alice.Types("/okr list").Sees("*KR-1*")
}

// jumbled is a text that no compression makes short.
func jumbled(n int) string {
	text, x := make([]byte, n), uint32(1)
	for i := range text {
		x = x*1664525 + 1013904223
		text[i] = 'a' + byte(x>>24)%26
	}
	return string(text)
}
