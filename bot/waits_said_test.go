package bot_test

import (
	"testing"
	"time"
)

// Whoever has something read while its system wants to be left alone hears so at once, and not that it is read now.
func TestASyncByHandSaysThatItWaits(t *testing.T) {
	r := ready(t)
	r.checksIn("Interviews held", "8", "4")
	r.do("update connections set waiting_until = now() + interval '2 hours'")
	const asked = "ServiceNow asked us to wait until"
	r.alice.Types("/okr sync KR-1").Sees(asked, "*KR-1* Fewer open incidents is read then, and you hear how it went.").DoesNotSee("You will hear the outcome in a moment")
	r.later(time.Minute)
	r.alice.Types("/okr sync KR-1 KR-2").Sees("Syncing 1 key result.", "A system asked us to wait until", "what it holds is read then.")
	r.later(time.Minute)
	r.alice.Types("/okr sync all").Sees("Syncing 1 key result. This message counts up. A system asked us to wait until")
	r.alice.Types("/okr pause KR-1").Sees("KR-1 is paused")
	r.alice.Types("/okr resume KR-1").Sees("KR-1 goes on: " + asked).DoesNotSee("reads it now")
	r.do("update key_results set failure_class = 'unavailable', failure_cause = 'too_slow', failure_says = 'The answer took too long.', failing_since = now(), failure_told_at = now() where number = 1")
	r.alice.Types("/okr edit KR-1").Fills("Key Result", "Fewer of them").Submits("Save").
		Sees("== KR-1 is saved ==", asked, "Its scores since the period's start are read then.").DoesNotSee("are being read now").Closes()
}
