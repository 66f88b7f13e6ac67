package bot_test

import (
	"fmt"
	"strings"
	"testing"

	"okrbot/sandbox/slack"
)

// adds puts a key result that people update under the objective that there is.
func (r *room) adds(title, target string) {
	r.t.Helper()
	r.alice.Types("/okr add-kr "+title).Sees("== Add key result ==").
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
		Fills("Start Value", "0").Fills("Target Value", target).Submits("Save").Sees("is added").Closes()
}

// TestATitleIsTakenInThePlaceOfANumber, or a part of one, by every verb that takes a key result.
func TestATitleIsTakenInThePlaceOfANumber(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	r.adds("Reach 99.9 uptime", "99.9")
	r.adds("Top 10 customers called", "10")
	r.adds("Interviews held in Munich", "5")
	r.adds("Close R&D “Atlas”", "5")

	r.alice.Types("/okr show 99.9 uptime").Sees("== KR-2 ==").Closes()
	r.alice.Types("/okr show customers").Sees("== KR-3 ==").Closes()
	r.alice.Types("/okr show called customers").Sees("== KR-3 ==").Closes()
	r.alice.Types("/okr show INTERVIEWS HELD").Sees("== KR-1 ==").Closes() // a whole title, though in two
	r.alice.Types("/okr show 10 customers").Sees("== KR-3 ==").Closes()
	r.alice.Types("/okr show \"atlas\"").Sees("== KR-5 ==").Closes()
	r.alice.Types("/okr show r&d \"atlas\"").Sees("== KR-5 ==").Closes()
	r.alice.Types("/okr reach 99.9").Sees("== KR-2 ==").Closes()
	r.alice.Types("/okr “uptime”").Sees("== KR-2 ==").Closes()
	r.alice.Types("/okr show 1").Sees("== KR-1 ==").Closes()
	r.alice.Types("/okr edit munich").Sees("Key Result: Interviews held in Munich").Closes()
	r.alice.Types("/okr check-in munich").Sees("== Check in on KR-4 ==").Closes()
	for _, verb := range []string{"sync", "pause", "resume"} {
		if got := r.says(verb + " top 10 customers"); !strings.Contains(got, "KR-3 is updated by people") {
			t.Errorf("%s: %s", verb, got)
		}
	}
	r.alice.Types("/okr remove munich").Sees("Interviews held in Munich").Submits("Remove").Sees("KR-4 Interviews held in Munich is removed")

	for words, back := range map[string]string{
		`show "uptime" now`:     "`now` was not understood and nothing was done",
		"show nothing of these": "`nothing of these` is no key result and in no title. Name a key result or an objective by its number, or by words of its title",
		"remove KR-1 uptime":    "`uptime` was not understood and nothing was done",
		"uptimes now":           "There is no command `/okr uptimes`",
		"sync KR-1 uptime":      "`uptime` was not understood and nothing was done",
	} {
		if got := r.says(words); !strings.Contains(got, back) {
			t.Errorf("%q: %s", words, got)
		}
	}
	// An objective is found by its title where no key result is called so.
	r.alice.Types("/okr show ship it").Sees("== O-1 ==").Closes()
	r.alice.Types("/okr ship it").Sees("== O-1 ==").Closes()
	r.alice.Types("/okr \"SHIP\"").Sees("== O-1 ==").Closes()
	r.alice.Types("/okr sync ship it").Sees("`ship it` is no key result and in no title")
}

// TestSeveralTitlesAreOffered, and the closest where none has the words; nothing is done meanwhile.
func TestSeveralTitlesAreOffered(t *testing.T) {
	r := newRoom(t)
	r.byHand("Incidents in EMEA", "12")
	for _, where := range []string{"APAC", "Brazil", "Canada", "Denmark", "Egypt", "France", "Ghana", "Haiti"} {
		r.adds("Incidents in "+where, "5")
	}
	r.alice.In("#general") // where no card has a button of the same name
	r.alice.Types("/okr check-in incidents 4 after <the> audit").
		Sees("`incidents` is in more than one title. Which one is it?", "*KR-1* Incidents in EMEA", ":dart: Ship it", "*KR-8* Incidents in Ghana", "(…and 1 more. Type more of the title, or its number.)").
		DoesNotSee("Haiti")
	if n := r.number(`select count(*) from check_ins`); n != 0 {
		t.Errorf("%d check-ins were made before the choice", n)
	}
	r.alice.Presses("Check in").Sees("Saved.", "*KR-1* Incidents in EMEA\n*4*")
	r.alice.DoesNotSee("Which one is it?")
	r.alice.Types("/okr show KR-1").Sees("== KR-1 ==", "after &lt;the&gt; audit").Closes()

	r.alice.Types("/okr remove incidnts in brasil").Sees("is no key result and in no title, so nothing was done. Is it one of these?", "*KR-3* Incidents in Brazil").
		DoesNotSee("*KR-5* Incidents in Denmark\n:dart:").Presses("Remove…").Sees("Incidents in Brazil").Submits("Remove").Sees("KR-3 Incidents in Brazil is removed")
	r.bob.Types("/okr pause incidents").Sees("Which one is it?").Presses("Pause").Sees("You may not pause or resume KR-1. Ask <@U0ALICE>.")
	r.alice.Types("/okr check-in incidents 4 "+strings.Repeat("after the audit ", 200)).Sees("`incidents` is one of these, and the 32", "characters after it are more than a button carries, so nothing was done. Type the command again, with the number of the one that is meant.")
}

// TestTheNoteOfACheckInIsShown to who gave it and in the channel, beside the value that it is about.
func TestTheNoteOfACheckInIsShown(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	r.alice.Types("/okr check-in KR-1 3 after the <audit>").Sees("Saved.", ":memo: <@U0ALICE>: after the &lt;audit&gt;")
	r.bob.Sees("*KR-1* Interviews held  3", ":memo: <@U0ALICE>: after the &lt;audit&gt;").DoesNotSee("Saved.")
	r.alice.Types("/okr check-in KR-1").Sees("== Check in on KR-1 ==").Fills("Result Value", "4").Fills("Note", "two\nmore").Submits("Save").Sees("Saved.", ":memo: <@U0ALICE>: two more")
	r.bob.Sees("3 → 4", ":memo: <@U0ALICE>: two more")
	r.carol.Types("/okr check-in KR-1 5").Sees("Saved.", "4 → 5")
	r.settles()
	for _, m := range r.messagesOf("bob", "4 → 5") {
		if strings.Contains(m.Read(), ":memo:") {
			t.Errorf("a value without a note has one: %s", m.Read())
		}
	}
}

// TestANoteStandsBesideItsValue where a channel hears of two check-ins at once.
func TestANoteStandsBesideItsValue(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "50")
	r.alice.Types("/okr check-in KR-1 35").Sees("Saved.")
	r.bob.Sees("Interviews held  35")
	r.settles()
	r.refusalsExpected = true
	fix := r.slack.Break(slack.Fault{Method: "chat.postMessage", Channel: "C0ITOKRS", Error: "ratelimited", After: 600})
	r.alice.Types("/okr check-in KR-1 38 after the audit").Sees("Saved.")
	r.carol.Types("/okr check-in KR-1 40 counted again").Sees("Saved.")
	r.alice.Types("/okr check-in KR-1 42").Sees("Saved.", "*42*")
	r.settles()
	fix()
	r.goesOn(1)
	r.bob.Sees("Interviews held  35 → 42", ":memo: <@U0ALICE> with the value 38: after the audit\n:memo: <@U0CAROL> with the value 40: counted again")
	for _, m := range r.messagesOf("bob", "35 → 42") {
		if text := m.Read(); strings.Count(text, "42") != 1 || !strings.Contains(text, "progress 84 %") {
			t.Errorf("the value does not stand there once, with its progress: %s", text)
		}
	}
	r.alice.Types("/okr check-in KR-1 43 the last one").Sees("Saved.")
	r.bob.Sees("42 → 43", "\n:memo: <@U0ALICE>: the last one")
}

// TestNotesThatAreLeftOutAreCounted where a channel hears of more check-ins at once than it is told the notes of, and
// in the details, which have the newest five.
func TestNotesThatAreLeftOutAreCounted(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "50")
	r.alice.Types("/okr check-in KR-1 30").Sees("Saved.")
	r.bob.Sees("Interviews held  30")
	r.settles()
	r.refusalsExpected = true
	fix := r.slack.Break(slack.Fault{Method: "chat.postMessage", Channel: "C0ITOKRS", Error: "ratelimited", After: 600})
	for i := range 5 {
		r.alice.Types(fmt.Sprintf("/okr check-in KR-1 %d note %d", 31+i, i+1)).Sees(fmt.Sprintf("*%d*", 31+i))
	}
	r.settles()
	fix()
	r.goesOn(1)
	r.bob.Sees("Interviews held  30 → 35", "…and 2 earlier notes: `/okr show KR-1`\n:memo: <@U0ALICE> with the value 33: note 3\n")
	r.alice.Types("/okr show KR-1").Sees("== KR-1 ==", "*Check-ins* · the newest 5\n", "*Changes* · the newest 5\n", "> note 1").Closes()
}

// TestWhoNamesNothingChooses among their own: none, one, and more than are offered.
func TestWhoNamesNothingChooses(t *testing.T) {
	r := newRoom(t)
	r.alice.Types("/okr check-in").Sees("Name a key result by its number, or by words of its title: `/okr check-in KR-1`. `/okr list` shows them.").DoesNotSee("choose one of yours")
	r.byHand("Interviews held", "12")
	r.alice.Types("/okr check-in").Sees("`/okr list` shows them. Or choose one of yours, the worst first:", "*KR-1* Interviews held\n:dart: Ship it").
		Presses("Check in").Sees("== Check in on KR-1 ==").Closes()
	r.bob.Types("/okr check-in").Sees("`/okr list` shows them.").DoesNotSee("choose one of yours")
	r.alice.Types("/okr pause").Sees("`/okr pause KR-1`. `/okr list` shows them.") // nothing of theirs is read
	r.alice.Types("/okr show").Sees("Or choose one of yours").Presses("Show").Sees("== KR-1 ==").Closes()
	for i := range 9 {
		r.adds("Another "+strings.Repeat("I", i+1), "5")
	}
	r.alice.Types("/okr remove").Sees("`/okr remove KR-1` or `/okr remove O-1`", "*KR-8* Another", "…and 2 more of yours: `/okr list mine` shows all.")
	r.alice.Types("@okrbot edit").Sees("Or choose one of yours").Presses("Edit…").Sees("Key Result: Interviews held").Closes()
}

// TestACheckInIsOneLine: whose it is, the value, and words about it.
func TestACheckInIsOneLine(t *testing.T) {
	r := newRoom(t)
	r.byHand("Fewer incidents", "12")
	r.adds("Fewer incidents in EMEA", "5")
	r.adds("Close 10", "10")
	r.adds("Reach 99.9 uptime", "99.99")
	r.adds("Ship \"Atlas\" to “APAC”", "9")
	for i, c := range []struct{ typed, saved string }{
		{`"Fewer incidents" 42`, "*KR-1* Fewer incidents  42"},
		{"“Fewer incidents” 41, after the audit", "*KR-1* Fewer incidents  42 → 41"},
		{"fewer incidents in emea 3", "*KR-2* Fewer incidents in EMEA  3"},
		{"emea 4", "3 → 4"},
		{"close 10 7", "*KR-3* Close 10  7"},
		{"`close 10` 8", "7 → 8"},
		{"reach 99.9 uptime 99.95 in October", "*KR-4* Reach 99.9 uptime  99.95"},
		{"uptime 99.97", "99.95 → 99.97"},
		{"9 for close 10", "8 → 9"},
		{"1 40 after the audit of 2025", "41 → 40"},
		{`"Ship "Atlas" to “APAC”" 3`, "*KR-5* Ship \"Atlas\" to “APAC”  3"},
		{`“ship "atlas" to "apac"” 4 because "so"`, "APAC”  3 → 4"},
		{`Ship "Atlas" to "APAC" 5`, "APAC”  4 → 5"},
	} {
		r.alice.Types("/okr check-in "+c.typed).SeesNoModal().Sees("Saved.", c.saved)
		if n := r.number(`select count(*) from check_ins`); n != i+1 {
			t.Fatalf("%q: %d check-ins", c.typed, n)
		}
	}
	r.alice.Types("/okr check-in close 10").Sees("== Check in on KR-3 ==", "Result Value: ").DoesNotSee("Result Value: 10")
	r.alice.Closes()
	r.alice.Types("/okr check-in fewer incidents going well").Sees("== Check in on KR-1 ==", "Note: going well").Closes()
	for typed, back := range map[string]string{
		"emea 1,5":       "`1,5`: Write the number without separators and with a point for the decimals: 1234.5. Nothing was saved.",
		"emea 12k":       "`12k`: Enter the number alone, without unit, currency or percent sign. Nothing was saved.",
		"emea 5 %":       "`5 %`: Enter the number alone",
		"emea 7.5%":      "`7.5%`: Enter the number alone",
		"O-1 42":         "`O-1 42` is no key result",
		"nowhere at all": "`nowhere at all` is no key result and in no title",
	} {
		if got := r.says("check-in " + typed); !strings.Contains(got, back) {
			t.Errorf("%q: %s", typed, got)
		}
	}
}
