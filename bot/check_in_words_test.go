package bot_test

import (
	"strings"
	"testing"
)

// What has no digit in it is a note, in whichever script and with whichever marks.
func TestACheckInsWordsAreNoNumbers(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	for _, note := range []string{"进展顺利，继续", "順調です！", "می\u200cرود خوب", "— going well", "follow–up done", "הכול בסדר"} {
		r.alice.Types("/okr check-in KR-1 "+note).Sees("== Check in on KR-1 ==", "What you typed begins with no number, so it stands in *Note*. *Result Value* may stay empty.", "Note: "+strings.Fields(note)[0])
		r.alice.Closes()
	}
	r.alice.Types("/okr check-in KR-1").Sees("== Check in on KR-1 ==").DoesNotSee("begins with no number").Closes()
	for _, typed := range []string{"７", "٤ بعد المراجعة", "५"} { // what has one is a value
		r.alice.Types("/okr check-in KR-1 " + typed).Sees("`" + strings.Fields(typed)[0] + "`: Write the number with the digits 0 to 9.")
	}
	r.alice.Types("/okr check-in KR-1 4x").Sees("`4x`: Enter the number alone")
}

// What somebody thinks of an earlier day is recorded, and stands nowhere before what is thought by now.
func TestAConfidenceOfAnEarlierDay(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	says := func(level, note string, day int) {
		t.Helper()
		r.alice.Types("/okr check-in KR-1").Chooses("Confidence of reaching the target", level).Fills("Note", note).
			Fills("As of", r.day(day).String()).Submits("Save").SeesNoModal()
	}
	says("Not sure", "first", -2)
	says("Confident", "again", -1)
	r.alice.Sees(":speech_balloon: Confident").DoesNotSee("stays")
	says("Not confident", "of before", -2)
	r.alice.Sees("The confidence of "+r.day(-1).Words()+" stays: it is newer.", ":speech_balloon: Confident", "of before")
	r.bob.Types("/okr show KR-1").Sees(":speech_balloon: Confident", "Not confident", "of before").Closes()
	says("Not confident", "the same day", -1)
	r.alice.Sees(":speech_balloon: Not confident")
}

// A value's day is the one that is typed behind it; where it is not plain which, the form asks.
func TestACheckInOfAnotherDay(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	stored := func(days int, note string) {
		t.Helper()
		if n := r.number(`
			select count(*) from check_ins c join key_results k on k.id = c.key_result_id join objectives o on o.id = k.objective_id
			where c.note = $1 and c.day = (c.created_at at time zone o.zone)::date - $2::int`, note, days); n != 1 {
			t.Errorf("%d check-ins of %d days ago say %q", n, days, note)
		}
	}
	r.alice.Types("/okr check-in KR-1 4 yesterday").Sees("Saved. It counts for ")
	stored(1, "")
	earlier := r.day(-9)
	r.alice.Types("/okr check-in KR-1 5 on "+earlier.Words()+" by phone").Sees("It counts for "+earlier.Words()+".", "by phone")
	if n := r.number("select count(*) from check_ins where note = 'by phone' and day = $1", earlier.Time()); n != 1 {
		t.Errorf("%d check-ins are of that day", n)
	}
	r.alice.Types("/okr check-in KR-1 6 better than yesterday").Sees("better than yesterday")
	stored(0, "better than yesterday")
	r.alice.Types("/okr check-in KR-1 7 tomorrow").Sees("This day has not come yet. Choose today or an earlier one. Nothing was saved.")
	for _, words := range []string{"last week", "on Monday", "11/20"} {
		r.alice.Types("/okr check-in KR-1 8 "+words).Sees("== Check in on KR-1 ==", "of which day the value is: choose it at *As of*.", "Result Value: 8", "Note: "+words).Closes()
	}
	r.alice.Types("/okr check-in KR-1 9 10 may drop out next week").Sees("== Check in on KR-1 ==", "Result Value: 9", "Note: 10 may drop out next week").Closes()
	r.alice.Types("/okr check-in KR-1 9 from 10.5 last week").Sees("Saved.", "from 10.5 last week")
	stored(0, "from 10.5 last week")
	if n := r.number("select count(*) from check_ins"); n != 4 {
		t.Errorf("%d check-ins, want 4", n)
	}
}

// The unit of the key result may stand behind its value, with a blank between or without.
func TestACheckInWithItsUnit(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	says := func(unit, typed, note string, value float64) {
		t.Helper()
		r.do("update key_results set unit = $1", unit)
		r.alice.Types("/okr check-in KR-1 " + typed).Sees("Saved.")
		if n := r.number("select count(*) from check_ins where value = $1 and note = $2 and id = (select max(id) from check_ins)", value, note); n != 1 {
			t.Errorf("%s: the value is not %v, or the note not %q", typed, value, note)
		}
	}
	says("%", "42%", "", 42)
	says("%", "41.5 %", "", 41.5)
	says("%", "43%, after the audit", "after the audit", 43)
	says("open incidents", "44 open incidents", "", 44)
	says("open incidents", "45 Open incidents, after the audit", "after the audit", 45)
	says("open incidents", "46 open doors", "open doors", 46)
	says("m2", "47m2 sold", "sold", 47)
	says("Mio.", "49 Mio.", "", 49)
	says("Mio.", "50Mio.", "", 50)
	says("pcs.", "51 pcs, after the audit", "after the audit", 51)
	says("%", "52% 3 new cases", "3 new cases", 52)
	says("$", "$48", "", 48)
	r.alice.Types("/okr check-in KR-1 42%").Sees("`42%`: The unit of measurement is $. Enter the number alone, or with that unit.")
}

// A value that is typed right behind its key result is its value, and where a verb is missing it is offered.
func TestAValueRightBehindItsKeyResult(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	for typed, value := range map[string]int{"KR-1,4": 4, "kr-1:5": 5, "KR-1=6": 6, "KR1;7 after the audit": 7} {
		r.alice.Types("/okr check-in " + typed).Sees("Saved.")
		if n := r.number("select count(*) from check_ins where value = $1", value); n != 1 {
			t.Errorf("%s is %d check-ins of %d", typed, n, value)
		}
	}
	r.alice.Types("/okr KR-1 42").Sees("so `42` was not understood and nothing was done. `/okr check-in KR-1 42` enters a value.")
	r.alice.Types("/okr KR-1,43 after the audit").Sees("nothing was done. `/okr check-in KR-1 43 after the audit` enters a value.")
	r.alice.Types("/okr KR-1 now").Sees("`now` was not understood and nothing was done. `/okr help` lists what there is.")
	if n := r.number("select count(*) from check_ins"); n != 4 {
		t.Errorf("%d check-ins, want 4", n)
	}
}

// TestASignBehindABlankIsNoNote: "5 %" is not the value 5 with a note about it, where the unit is another one or none.
func TestASignBehindABlankIsNoNote(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	for _, typed := range []string{"5 %", "5\u00a0%", "5 % after the audit", "5 percent more", "5 €.", "5 $"} {
		r.alice.Types("/okr check-in KR-1 "+typed).Sees("`"+strings.TrimRight(strings.Join(strings.Fields(typed)[:2], " "), ".")+"`: Enter the number alone", "Nothing was saved.")
	}
	if n := r.number("select count(*) from check_ins"); n != 0 {
		t.Errorf("%d were saved", n)
	}
	r.do("update key_results set unit = 'Hours'")
	r.alice.Types("/okr check-in KR-1 6 %").Sees("`6 %`: The unit of measurement is Hours. Enter the number alone, or with that unit. Nothing was saved.")
	r.do("update key_results set unit = '%'")
	r.alice.Types("/okr check-in KR-1 7 % up").Sees("7 %", "up")
	r.alice.Types("/okr check-in KR-1 8 more").Sees("8 %", "more")
}
