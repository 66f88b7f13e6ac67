package store_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What waits is held alike, whatever it is (ADR 18): a hold is taken with a number and an end by one of
// many, and what is written under it names the number.
func TestEveryHoldIsTheSame(t *testing.T) {
	files, err := filepath.Glob("queries/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no queries:", err)
	}
	named := regexp.MustCompile(`(?m)^-- name: (\w+) .*$`)
	var held []string
	kept := map[string]bool{}
	underHold := map[string]bool{}
	for _, name := range strings.Fields(`
		LostAnnouncements TakeAnnouncements AnnouncementsSent AnnouncementsBack AnnouncementsParked
		SendingCard CardNotSent CardFound DrawnCard CardsAsTheyWere LeaveCard ParkCard ForgetCard UnparkPlace FarewellSaid
		Reported SendingDigest DigestNotSent DigestMissing DigestPosted EndDigest HandOverExport EndAsk NoticeTold HomeClosed`) {
		underHold[name] = true
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		names := named.FindAllStringSubmatchIndex(string(text), -1)
		for i, at := range names {
			end := len(text)
			if i+1 < len(names) {
				end = names[i+1][0]
			}
			name, query := string(text[at[2]:at[3]]), string(text[at[1]:end])
			wants := func(parts ...string) {
				for _, part := range parts {
					if !regexp.MustCompile(part).MatchString(query) {
						t.Errorf("%s in %s has no %q: what waits is held in one way, by ADR 18", name, file, part)
					}
				}
			}
			switch {
			case name == "HoldRequest": // one that was made a moment ago, which nobody else knows
			case name == "HoldNotices": // of connections, whose columns have longer names
				wants(`notice_hold = c\.notice_hold \+ 1`, `held_until = now\(\) \+ interval`, `limit @most`, `for update skip locked`)
			case name == "HoldLanes": // of one connection, or of all
				wants(`hold = h\.hold \+ 1`, `leased_until = now\(\) \+ interval`, `skip locked`)
			case strings.HasPrefix(name, "Hold"):
				held = append(held, strings.TrimSuffix(strings.TrimPrefix(name, "Hold"), "s"))
				wants(`hold = (\w+\.)?hold \+ 1`, `(held_until|ready_at) = now\(\) \+ interval`, `limit @most`, `for update skip locked`)
			case strings.HasPrefix(name, "Keep"): // for longer than a job may take: 100 seconds, an export 5 minutes
				kept[strings.TrimPrefix(name, "Keep")] = true
				wants(`hold = @hold`, `(held|leased)_until = now\(\) \+ interval '(105 seconds|6 minutes)'`)
			case regexp.MustCompile(`^(Release|Repeat|Finish)(Place|Slot|Export|CloseOutPost|Ask|Request|Home|Digest)$`).MatchString(name), underHold[name]:
				wants(`hold = @hold`)
				delete(underHold, name)
			}
		}
	}
	for name := range underHold {
		t.Errorf("there is no %s", name)
	}
	if len(held) < 5 {
		t.Errorf("found %d kinds of holds", len(held))
	}
	for _, kind := range held {
		// An ask is held for longer than its job may take from the start.
		if kind != "Ask" && !kept[kind] {
			t.Errorf("Hold%ss has no Keep%s: a job that starts late would get a second one beside it (ADR 18)", kind, kind)
		}
	}
}
