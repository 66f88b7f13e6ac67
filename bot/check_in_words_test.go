package bot_test

import (
	"strings"
	"testing"
)

// What has no digit in it is a note, in whichever script and with whichever marks.
func TestACheckInsWordsAreNoNumbers(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	for _, note := range []string{"进展顺利，继续", "順調です！", "می‌رود خوب", "— going well", "follow–up done", "הכול בסדר"} {
		r.alice.Types("/okr check-in KR-1 "+note).Sees("== Check in on KR-1 ==", "Note: "+strings.Fields(note)[0])
		r.alice.Closes()
	}
	for _, typed := range []string{"７", "٤ بعد المراجعة", "५"} { // what has one is a value
		r.alice.Types("/okr check-in KR-1 " + typed).Sees("`" + strings.Fields(typed)[0] + "`: Write the number with the digits 0 to 9.")
	}
	r.alice.Types("/okr check-in KR-1 4x").Sees("`4x`: Enter the number alone")
}
