package view

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"okrbot/okr"
)

// TestTheWorstOfAllComesFirst has ninety on track and one, the last by number, at risk.
func TestTheWorstOfAllComesFirst(t *testing.T) {
	var d Digest
	for i := range 91 {
		k := numbered(i + 1)
		k.Result = okr.Result{Value: num("36"), AsOf: today - 2, N: 3} // ahead of the pace
		if i == 90 {
			k.Result.Value = num("70")
		}
		l := DigestLine{KeyResult: k, Before: true, Was: num("36"), OldStatus: okr.OnTrack}
		if i == 50 {
			l.Was = num("37")
		}
		d.Add(l)
	}
	d.Since, d.Today, d.Gone, d.More = today-7, today, 2, "/okr list mine"
	raw, err := json.Marshal(d.Message())
	if err != nil {
		t.Fatal(err)
	}
	said := string(raw)
	for _, want := range []string{"1 at risk, 90 on track", "91 key results", "1 got worse, 2 values moved, 2 no longer here.", "(was 36, on track)", "…and 79 key results that need your eyes less: `/okr list mine`."} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in %s", want, said)
		}
	}
	first, second := strings.Index(said, "*KR-91*"), strings.Index(said, "*KR-1*")
	if first < 0 || second < 0 || first > second {
		t.Errorf("the worst does not come first: %d, %d", first, second)
	}
	if strings.Contains(said, "readings") || strings.Contains(said, "drawn") {
		t.Errorf("it speaks of how it is made: %s", said)
	}
}

func TestADigestSaysWhatAlsoChanged(t *testing.T) {
	var d Digest
	for i := range 30 {
		k := numbered(i + 1)
		k.Result = okr.Result{Value: num("70"), AsOf: today - 2, N: 3}
		l := DigestLine{KeyResult: k, Before: true, Was: num("70"), OldStatus: okr.AtRisk}
		if i == 29 {
			l.Result.Value, l.Was, l.OldStatus = num("20"), num("70"), okr.AtRisk
		}
		d.Add(l)
	}
	d.Since, d.Today = today-7, today
	raw, _ := json.Marshal(d.Message())
	for _, want := range []string{"29 at risk, 1 achieved", "1 got better, 1 value moved.", "*Also changed*", "*KR-30* Reduce open P1 incidents: At risk → :white_check_mark: Achieved"} {
		if !strings.Contains(strings.ReplaceAll(string(raw), "\\u003e", ">"), want) {
			t.Errorf("no %q in %s", want, raw)
		}
	}
	var same Digest
	same.Add(DigestLine{KeyResult: sample(), Before: true, Was: sample().Result.Value, OldStatus: sample().Standing().Status})
	same.Since, same.Today = today-7, today
	if raw, _ := json.Marshal(same.Message()); !strings.Contains(string(raw), ": nothing changed.") {
		t.Errorf("nothing changed, and it says %s", raw)
	}
	if fmt.Sprint(Digest{}.Message().Text) == "" {
		t.Error("an empty digest says nothing")
	}
}

// What ends a digest is said with what to do about it, which is another thing for a person than for a channel.
func TestWhatEndsADigestIsSaid(t *testing.T) {
	for code, want := range map[string]string{
		"not_in_channel":                      "not posted in <#C1> any more: okrbot is not in that channel. Type `/invite @okrbot` in it",
		"is_archived":                         "not posted in <#C1> any more: the channel is archived.",
		"restricted_action_read_only_channel": "(restricted_action_read_only_channel). Who manages the channel can allow it",
	} {
		if got := DigestEnded("C1", false, code); !strings.Contains(got, want) {
			t.Errorf("%s: %s", code, got)
		}
	}
	if got := DigestEnded("U1", true, "user_disabled"); !strings.Contains(got, "does not go to <@U1> any more") || strings.Contains(got, "<#") {
		t.Error(got)
	}
}
