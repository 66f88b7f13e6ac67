package bot_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"okrbot/bot/view"
)

// suggested is what a type-ahead of the window on top offers for some words.
func (r *room) suggested(field, typed string) string {
	r.t.Helper()
	top, _ := r.slack.Top("alice")
	blocks, _ := top.Content["blocks"].([]any)
	for _, b := range blocks {
		block, _ := b.(map[string]any)["block_id"].(string)
		if block != field && view.Name(block) != field {
			continue
		}
		options, err := r.slack.Suggest("alice", top.ID, block, "v", typed)
		if err != nil {
			r.t.Fatal(err)
		}
		var list []string
		for _, o := range options {
			list = append(list, fmt.Sprint(o["text"], o["description"]))
		}
		return strings.Join(list, "\n")
	}
	r.t.Fatalf("there is no %s", field)
	return ""
}

// Titles are found in whichever letters they are typed, also those that an earlier version wrote; and whatever
// kind of quotes and dashes is in them.
func TestTitlesAreFoundInLettersOfEitherCase(t *testing.T) {
	r := newRoom(t)
	titles := []string{
		"Übergaben ohne Fehler", "Größere Straße", "Ο δρόμος της ΑΘΉΝΑΣ", "Ясность для Ёлки", "İstanbul IŞIK", "Zero “calm” follow–ups",
	}
	typed := [][]string{
		{"übergaben", "ÜBERGABEN", "ü*bergaben"}, {"größere", "STRASSE", "straße"}, {"ΔΡΌΜΟΣ", "αθήνας", "αθήνασ"},
		{"ясность", "ЁЛКИ"}, {"istanbul", "İSTANBUL", "ışık"}, {"ZERO", `"calm"`, "follow-ups", "„CALM“"},
	}
	typed[0] = typed[0][:2]
	r.byHand(titles[0], "12")
	for _, title := range titles[1:] {
		r.adds(title, "5")
	}
	r.addsObjective(r.alice, "Ärger „vermeiden“ – überall") // O-2
	for _, written := range []string{"now", "before"} {
		if written == "before" {
			r.do("update key_results set folded = null, sorted = null")
			r.do("update objectives set folded = null")
			r.until("all folded", func() bool {
				return r.number("select (select count(*) from key_results where folded is null) + (select count(*) from objectives where folded is null)") == 0
			})
		}
		for i, title := range titles {
			for _, words := range typed[i] {
				if got := r.answer("/okr list " + words); !strings.Contains(got, fmt.Sprintf("*KR-%d* %s", i+1, title)) || strings.Contains(got, "List what?") {
					t.Errorf("written %s, list %s: %s", written, words, got)
				}
				r.alice.Types("/okr show " + words).Sees(fmt.Sprintf("== KR-%d ==", i+1)).Closes()
			}
		}
		for _, words := range []string{"ärger", `"ÄRGER"`, `Ärger "Vermeiden" - Überall`} {
			if got := r.answer("/okr objectives " + words); !strings.Contains(got, "Ärger „vermeiden“ – überall") || strings.Contains(got, "No objective") {
				t.Errorf("written %s, objectives %s: %s", written, words, got)
			}
		}
	}
	r.alice.Uses("Check in").Sees("Key Result")
	for i, words := range []string{"ÜBERGABEN", "GRÖSSERE", "δρόμος", "ЯСНОСТЬ", "ISTANBUL", "kr–6 zero"} {
		if got := r.suggested(view.BlockCheckInPick, words); !strings.Contains(got, titles[i]) || strings.Count(got, "KR-") != 1 {
			t.Errorf("%s offers %s", words, got)
		}
	}
	r.alice.Closes()
	r.alice.Types("/okr edit O-1").Sees("== Edit O-1 ==")
	if got := r.suggested("parent", "ÄRGER"); !strings.Contains(got, "Ärger") {
		t.Errorf("the parents offered are %s", got)
	}
	r.alice.Closes()
	r.alice.Types("/okr add-kr").Sees("== Add key result ==")
	if got := r.suggested("objective", "o-2 ÄRGER"); !strings.Contains(got, "Ärger") {
		t.Errorf("the objectives offered are %s", got)
	}
	r.alice.Closes()
	r.do("update key_results set title = 'ÉLAN' where number = 1")
	r.until("folded again", func() bool { return r.number("select count(*) from key_results where folded = 'élan'") == 1 })
	r.alice.Types("/okr list Élan").Sees("*KR-1* ÉLAN")
	got := r.answer("/okr list by:name")
	var order []string
	for _, line := range strings.Split(got, "\n") {
		for _, title := range append(titles[1:], "ÉLAN") {
			if strings.Contains(line, "* "+title) {
				order = append(order, title)
			}
		}
	}
	if want := []string{"ÉLAN", titles[1], titles[4], titles[5], titles[2], titles[3]}; !slices.Equal(order, want) {
		t.Errorf("by name they are %q:\n%s", order, got)
	}
}
