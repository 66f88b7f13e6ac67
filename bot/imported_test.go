package bot_test

import (
	"fmt"
	"strings"
	"testing"

	"okrbot/bot"
	"okrbot/sheet"
)

// imports brings in key results under an objective of carol's, a line each of number, title, owner and co-owners.
func (r *room) imports(lines ...string) {
	r.t.Helper()
	file := "objective,objective_owner,first_day,last_day,time_zone,key,key_result,owner,co_owners,kind,start_value,target_value,channel\n"
	for _, line := range lines {
		file += fmt.Sprintf("Aim & all,U0CAROL,%s,%s,Europe/Berlin,%s,increase,0,100,C0ITOKRS\n", r.day(-40), r.day(60), line)
	}
	var said strings.Builder
	beside := &sheet.Beside{Tell: bot.TellImported(r.work)}
	if o, err := sheet.Import(r.t.Context(), r.store, r.slack.Options().TeamID, strings.NewReader(file), &said, beside); err != nil || o.Problems > 0 {
		r.t.Fatalf("%+v, %v\n%s", o, err, said.String())
	}
	r.settles()
}

// TestOwnersHearOfAnImport once, of what it made theirs and what it took from them; channels hear nothing.
func TestOwnersHearOfAnImport(t *testing.T) {
	r := newRoom(t)
	r.bob.GoesHome().SeesHome("Nothing here yet")
	r.alice.GoesHome().SeesHome("Nothing here yet")
	r.carol.GoesHome().SeesHome("Nothing here yet")
	var lines []string
	for i := range 7 {
		lines = append(lines, fmt.Sprintf("KR-%d,Part %d,U0ALICE,", i+1, i+1))
	}
	r.imports(append(lines, "KR-8,Part 8,U0BOB,U0ALICE")...)
	r.alice.In("dm-U0ALICE").Sees(":dart: Whoever runs okrbot here imported a file.\nYou own or co-own now:\n• *KR-1* Part 1 under *O-1* Aim &amp; all\n", "• *KR-5* Part 5 under *O-1* Aim &amp; all\n…and 3 more\n`/okr list mine` shows your key results")
	r.bob.In("dm-U0BOB").Sees("You own or co-own now:\n• *KR-8* Part 8 under *O-1* Aim &amp; all\n`/okr list mine`")
	r.carol.In("dm-U0CAROL").Sees("You own or co-own now:\n• *O-1* Aim &amp; all\n`/okr list mine`")
	r.imports("KR-1,Part 1,U0BOB,", "KR-2,Part 2 and more,U0ALICE,")
	r.alice.Sees("imported a file.\nYou neither own nor co-own any more:\n• *KR-1* Part 1 under *O-1* Aim &amp; all\n`/okr list mine`")
	r.bob.Sees("You own or co-own now:\n• *KR-1* Part 1 under *O-1* Aim &amp; all\n`/okr list mine`")
	if a, b, c := r.alice.Counts("imported a file"), r.bob.Counts("imported a file"), r.carol.Counts("imported a file"); a != 2 || b != 2 || c != 1 {
		t.Errorf("alice heard %d times, bob %d, carol %d", a, b, c)
	}
	for _, c := range r.slack.Sees("bob").Channels {
		if c.Name == "it-okrs" && len(c.Messages) > 0 {
			t.Errorf("the channel was told: %s", c.Messages[0].Read())
		}
	}
}

// TestWhatALeaverLosesByAnImport is told to nobody, and to administrators where Slack alone knows who left: with why.
func TestWhatALeaverLosesByAnImport(t *testing.T) {
	r := newRoom(t)
	r.bob.GoesHome().SeesHome("Nothing here yet")
	r.alice.GoesHome().SeesHome("Nothing here yet")
	r.carol.GoesHome().SeesHome("Nothing here yet")
	r.imports("KR-1,Part 1,U0BOB,", "KR-2,Part 2,U0BOB,")
	r.leaves("bob")
	r.imports("KR-1,Part 1,U0ALICE,")
	r.carol.In("dm-U0CAROL").Sees("You neither own nor co-own any more:\n• *KR-1* Part 1 under", "(You hear this because <@U0BOB>, for whom it is meant, is no longer in this workspace.)")
	r.do("update people set kind = 'deactivated' where id = 'U0BOB'")
	r.imports("KR-2,Part 2,U0ALICE,")
	r.alice.In("dm-U0ALICE").Sees("You own or co-own now:\n• *KR-2* Part 2 under")
	if n := r.carol.Counts("You hear this because"); n != 1 {
		t.Errorf("the administrator heard %d times:\n%s", n, r.carol.Screen())
	}
}
