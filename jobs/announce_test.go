package jobs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"okrbot/integrations"
	vendor "okrbot/sandbox/servicenow"
	"okrbot/store"
)

// desk is a room with key results whose history is imported and whose scores can move.
func desk(t *testing.T, n int) (*room, []store.KeyResult) {
	t.Helper()
	r := newRoom(t)
	var list []store.KeyResult
	for i := range n {
		list = append(list, r.keyResult(r.scorecard(i, 40, 5)))
	}
	r.imports(list...)
	return r, list
}

// collects has a day pass at whose end every scorecard has a new score.
func (r *room) collects(list []store.KeyResult, value float64) {
	r.t.Helper()
	r.nextDay()
	for _, k := range list {
		r.check(r.now.Collect(k.Source.Reference, r.today().Time(), value))
	}
}

func TestARunIsOneMessageAChannel(t *testing.T) {
	r, list := desk(t, 4)
	elsewhere := r.keyResult(r.scorecard(9, 40, 5), func(k *store.KeyResult) { k.Channel = "COTHER" })
	silent := r.keyResult(r.scorecard(10, 40, 5), func(k *store.KeyResult) { k.Channel = "" })
	r.imports(elsewhere, silent)
	r.collects(append(list[:3:3], elsewhere, silent), 39)
	r.tick()
	r.wants("in #desk", r.slack.in("CDESK"), []string{"KR-1 changed 40→39, KR-2 changed 40→39, KR-3 changed 40→39"})
	r.wants("in #other", r.slack.in("COTHER"), []string{"KR-5 changed 40→39"})
	r.wants("messages in all", len(r.slack.said), 2)
	// A new score of the same value is no news, and neither is no score.
	r.collects(list, 39)
	r.tick()
	r.wants("KR-4 alone moved", r.slack.in("CDESK")[1:], []string{"KR-4 changed 40→39"})
	r.nextDay()
	r.tick()
	r.wants("messages in all", len(r.slack.said), 3)
}

// A run's batches end one after the other; the channel hears of them together.
func TestBatchesOfOneRunAreSaidTogether(t *testing.T) {
	r, list := desk(t, 120)
	r.collects(list, 39)
	h := &held{arrived: make(chan struct{}), release: make(chan struct{})}
	c := r.replica(func(c integrations.Connector) integrations.Connector { h.Connector = c; return h })
	c.together = 60
	r.check(c.planDue(ctx))
	done := make(chan struct{})
	go func() { defer close(done); r.work(c) }()
	<-h.arrived
	h.release <- struct{}{}
	<-h.arrived // the first portion is applied, the second one read
	r.check(c.sweep(ctx))
	r.wants("said between the portions", r.count("select count(*) from river_job where kind = 'announce'"), 0)
	h.release <- struct{}{}
	<-done
	r.tick()
	r.wants("messages", len(r.slack.said), 1)
	r.wants("key results in it", len(r.slack.said[0].items), 120)
}

func TestWhatIsNotTakenIsGathered(t *testing.T) {
	r, list := desk(t, 2)
	r.slack.refuse = func(string) error { return &Undelivered{Kind: NotSent, Code: "ratelimited", After: time.Hour} }
	r.collects(list, 39)
	r.tick()
	tries := r.slack.tries
	for range 11 { // within Slack's Retry-After nothing is sent
		r.advance(5 * time.Minute)
		r.tick()
	}
	r.wants("tries within the wait", r.slack.tries-tries, 0)
	r.collects(list[:1], 38)
	r.tick()
	r.collects(list[:1], 30)
	r.slack.refuse = nil
	r.tick()
	r.wants("after the outage", r.slack.in("CDESK"), []string{"KR-1 changed 40→30, KR-2 changed 40→39"})
	r.wants("of a sync while Slack was away, calls", r.count("select count(*) from announcements where state <> 'sent'"), 0)
}

func TestALostAnswerIsRepeatedOnceAndMarked(t *testing.T) {
	r, list := desk(t, 1)
	lost := 1
	r.slack.refuse = func(string) error {
		if lost--; lost >= 0 {
			return &Undelivered{Kind: Ambiguous, Code: "internal_error"}
		}
		return nil
	}
	r.collects(list, 39)
	r.tick()
	r.wants("at first", r.slack.in("CDESK"), []string{})
	for range 5 {
		r.advance(time.Minute)
		r.tick()
	}
	r.wants("then", r.slack.in("CDESK"), []string{"KR-1 changed 40→39 (repeated)"})
	r.collects(list, 38)
	r.tick()
	r.wants("the next one", r.slack.in("CDESK")[1:], []string{"KR-1 changed 39→38"})
}

// A process dies after it said that it is sending: nobody knows whether it did.
func TestADeathWhileSendingIsALostAnswer(t *testing.T) {
	r, list := desk(t, 1)
	r.collects(list, 39)
	r.check(r.client.planDue(ctx))
	r.workOn(r.client, SyncConnection{}.Kind())
	r.check(r.client.sweep(ctx))
	_, err := r.store.TakeAnnouncements(ctx, store.HeldPlace{Place: store.Place{Workspace: "T1", Channel: "CDESK"}, Hold: int64(r.count("select hold from places where channel_id = 'CDESK'"))}, 10)
	r.check(err)
	r.exec("delete from river_job") // the process is gone with its job
	r.tick()
	r.wants("while its hold lasts", r.slack.in("CDESK"), []string{})
	r.advance(3 * time.Minute)
	r.tick()
	r.wants("afterwards", r.slack.in("CDESK"), []string{"KR-1 changed 40→39 (repeated)"})
}

// Who is frozen while it speaks wakes to an answer from long ago, and another one has spoken in its place.
func TestALateSpeakerChangesNothing(t *testing.T) {
	for _, answer := range []*Undelivered{nil, {Kind: NotSent, Code: "ratelimited"}, {Kind: Permanent, Code: "not_in_channel"}, {Kind: Gone, Code: "message_not_found"}} {
		for _, what := range []string{"a message", "a first card", "a card"} {
			name := what + " that was taken"
			if answer != nil {
				name = what + ", " + answer.Code
			}
			t.Run(name, func(t *testing.T) {
				r, list := desk(t, 1)
				r.slack.find = func(string) (Found, error) { return Found{Looked: true}, nil }
				frozen := false
				r.slack.refuse = func(string) error {
					if !frozen {
						return nil
					}
					frozen = false
					r.slack.mu.Unlock()
					defer r.slack.mu.Lock()
					r.advance(3 * time.Minute)
					r.tick()
					if answer == nil {
						return nil
					}
					return answer
				}
				switch what {
				case "a message":
					r.collects(list, 39)
				case "a card":
					r.card(list[0], "CDESK")
					r.tick()
					r.exec("update key_results set title = 'Another title'")
					r.check(r.store.InTx(ctx, func(tx *store.Tx) error { return tx.MarkCards(ctx, list[0].ID) }))
				default:
					r.card(list[0], "CDESK")
				}
				frozen = true
				r.tick()
				r.wants("froze", frozen, false)
				said, drawn := len(r.slack.said), len(r.slack.drawn)
				for range 3 {
					r.advance(11 * time.Minute)
					r.tick()
				}
				r.wants("said later", len(r.slack.said)-said, 0)
				r.wants("drawn later", len(r.slack.drawn)-drawn, 0)
				r.wants("left to say", r.count("select count(*) from announcements where state <> 'sent'"), 0)
				r.wants("set aside", r.count("select count(*) from cards where parked <> ''"), 0)
			})
		}
	}
}

func TestAnOutageDropsNothing(t *testing.T) {
	r, list := desk(t, 3)
	out := &Undelivered{Kind: Ambiguous, Code: "http_503"}
	r.slack.refuse = func(string) error { return out }
	r.slack.find = func(string) (Found, error) { return Found{}, out }
	r.collects(list, 39)
	for range 6 * 12 {
		r.tick()
		r.advance(5 * time.Minute)
	}
	if r.slack.tries > 60 {
		t.Errorf("%d tries in six hours", r.slack.tries)
	}
	r.slack.refuse, r.slack.find = nil, nil
	r.advance(11 * time.Minute)
	r.tick()
	r.wants("after six hours", r.slack.in("CDESK"), []string{"KR-1 changed 40→39, KR-2 changed 40→39, KR-3 changed 40→39 (repeated)"})
}

func TestAChannelThatRefusesIsToldToTheOwnerOnce(t *testing.T) {
	r, list := desk(t, 3)
	for _, k := range list[:2] { // the third has no card
		r.card(k, "CDESK")
	}
	out := true
	r.slack.refuse = func(channel string) error {
		if channel == "CDESK" && out {
			return &Undelivered{Kind: Permanent, Code: "not_in_channel"}
		}
		return nil
	}
	for day := range 20 {
		r.collects(list, float64(30-day%2))
		for range 5 {
			r.tick()
			r.advance(time.Minute)
		}
	}
	r.wants("said to the owner", r.slack.in(alice.ID), []string{"KR-1 parked, KR-2 parked, KR-3 parked"})
	r.wants("parked for ever", r.count("select count(*) from announcements where state in ('pending', 'sending')"), 0)
	if r.slack.tries > 45 {
		t.Errorf("%d tries at a channel that refuses", r.slack.tries)
	}
	// Somebody invites the bot: the next change arrives, and so do the cards.
	out = false
	r.collects(list, 7)
	r.tick()
	r.tick()
	r.wants("in the channel", len(r.slack.in("CDESK")), 1)
	r.wants("cards", len(r.slack.drawn), 3)
}

func TestStatusesSettle(t *testing.T) {
	r, list := desk(t, 1)
	k := r.load(list[0])
	if k.Result.Value.Decimal.String() != "40" {
		t.Fatal(k.Result)
	}
	r.collects(list, 12)
	r.tick()
	said := r.slack.said[0].items[0]
	if said.OldStatus == "" || said.NewStatus == "" {
		t.Errorf("statuses are %q and %q", said.OldStatus, said.NewStatus)
	}
	r.wants("announced status", r.count("select count(*) from key_results where announced_status = $1", string(said.NewStatus)), 1)
}

func TestUnreadNewsIsPutTogether(t *testing.T) {
	move := func(id int64, kind, old, new string) store.Announcement {
		return store.Announcement{ID: id, KeyResult: 1, Kind: store.NewsKind(kind), Old: number(old), New: number(new)}
	}
	inWords := func(a store.Announcement, old, new string) store.Announcement {
		a.OldWords, a.NewWords = old, new
		return a
	}
	saying := func(a store.Announcement, by, words string) store.Announcement {
		a.Said = []store.Said{{By: by, Words: words}}
		return a
	}
	told := func(id int64, kind string) store.Announcement {
		return store.Announcement{ID: id, KeyResult: 1, Kind: store.NewsKind(kind), Note: fmt.Sprint(id)}
	}
	for name, row := range map[string]struct {
		taken []store.Announcement
		want  string
	}{
		"OneMove":               {[]store.Announcement{move(1, "changed", "41", "39")}, "changed 41→39"},
		"TwoMoves":              {[]store.Announcement{move(1, "changed", "41", "39"), move(2, "changed", "39", "38")}, "changed 41→38"},
		"MovedAndRestated":      {[]store.Announcement{move(1, "restated", "41", "39"), move(2, "changed", "39", "38")}, "changed 41→38"},
		"ThereAndBack":          {[]store.Announcement{move(1, "changed", "41", "39"), move(2, "changed", "39", "41")}, ""},
		"ThereAndBackSaying":    {[]store.Announcement{saying(move(1, "changed", "41", "39"), "UALICE", "counted again"), move(2, "changed", "39", "41")}, "changed 41→41 UALICE:counted again"},
		"MovedAndEdited":        {[]store.Announcement{inWords(move(1, "changed", "41", "39"), "41", "39"), inWords(move(2, "changed", "39", "0.5"), "39", "50 %"), inWords(move(3, "changed", "0.5", "0.6"), "50 %", "60 %")}, "changed 41→60 %"},
		"MovedWithNotes":        {[]store.Announcement{saying(move(1, "changed", "41", "39"), "UALICE", "a"), move(2, "changed", "39", "38"), saying(move(3, "changed", "38", "37"), "UBOB", "b")}, "changed 41→37 UALICE:a UBOB:b"},
		"FailedAndRecovered":    {[]store.Announcement{told(1, "failed"), told(2, "recovered")}, ""},
		"RecoveredAndFailed":    {[]store.Announcement{told(1, "recovered"), told(2, "failed")}, ""},
		"FailedTwiceInTheEnd":   {[]store.Announcement{told(1, "failed"), told(2, "recovered"), told(3, "failed")}, "failed 3"},
		"MovedAndRecoveredBoth": {[]store.Announcement{move(1, "changed", "41", "39"), told(2, "recovered")}, "changed 41→39, recovered 2"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, a := range coalesced(row.taken) {
				if topic(a.Kind) == "moved" {
					got = append(got, string(a.Kind)+" "+cmp.Or(a.OldWords, words(a.Old))+"→"+cmp.Or(a.NewWords, words(a.New)))
					for _, s := range a.Said {
						got[len(got)-1] += " " + s.By + ":" + s.Words
					}
				} else {
					got = append(got, string(a.Kind)+" "+a.Note)
				}
			}
			if strings.Join(got, ", ") != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// A scorecard that was hidden for a moment is looked for again an hour later. Until then its channel
// is as quick as any other.
func TestASecondLookAheadDelaysNobody(t *testing.T) {
	r := newRoom(t)
	hidden, good := r.keyResult(r.scorecard(1, 41, 5)), r.keyResult(r.scorecard(2, 51, 5))
	r.imports(hidden, good)
	r.now.Break(vendor.Fault{Kind: vendor.NotThere, Ref: hidden.Source.Reference})
	r.nextDay()
	r.check(r.now.Collect(good.Source.Reference, r.today().Time(), 50))
	r.tick()
	r.wants("runs ahead", r.count("select count(*) from sync_runs where state = 'queued' and due_at > now() + interval '50 minutes'"), 1)
	r.wants("said at once", r.slack.in("CDESK"), []string{"KR-2 changed 51→50"})
	r.check(r.now.Collect(good.Source.Reference, r.today().Time(), 49))
	r.advance(time.Minute)
	r.force(good.ID)
	r.tick()
	r.wants("said after a minute", len(r.slack.in("CDESK")), 2)
}

// What is to be said of a key result goes with it; what is left for it all the same is not said.
func TestWhatIsToBeSaidGoesWithItsKeyResult(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	r.imports(k)
	announce := func() {
		r.check(r.store.InTx(ctx, func(tx *store.Tx) error {
			return tx.Announce(ctx, []store.Announcement{{Workspace: "T1", Channel: "CDESK", KeyResult: k.ID, Kind: "changed"}})
		}))
	}
	announce()
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error { return tx.RemoveKeyResult(ctx, alice, k) }))
	r.wants("left", r.count("select count(*) from announcements"), 0)
	announce()
	r.tick()
	r.wants("said", r.slack.in("CDESK"), []string(nil))
	r.wants("waiting", r.count("select count(*) from announcements where state <> 'sent'"), 0)
}

// An announcement that an older version left has all in its note, and what we leave it can read there.
func TestAnnouncementsOfAnOlderVersion(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	r.imports(k)
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error {
		return tx.Announce(ctx, []store.Announcement{
			{Workspace: "T1", Channel: alice.ID, KeyResult: k.ID, Kind: store.NewsUnposted, Refused: store.Refusal{Channel: "CDESK", Code: "is_archived"}},
			{Workspace: "T1", Channel: alice.ID, KeyResult: k.ID, Kind: store.NewsPosted, By: "UBOB"},
		})
	}))
	r.wants("notes", r.count("select count(*) from announcements where note in ('CDESK is_archived', 'UBOB')"), 2)
	r.exec("update announcements set refused_channel = '', refused_code = '', posted_by = ''")
	r.tick()
	var refused store.Refusal
	by := ""
	for _, item := range r.slack.said[len(r.slack.said)-1].items {
		if item.Kind == store.NewsUnposted {
			refused = item.Refused
		} else {
			by = item.By
		}
	}
	r.wants("refused", refused, store.Refusal{Channel: "CDESK", Code: "is_archived"})
	r.wants("by", by, "UBOB")
}

// Who is not there is passed over, and where nobody is left it ends.
func TestWhoHearsInThePlaceOfWhoIsGone(t *testing.T) {
	for name, c := range map[string]struct {
		gone, refused []string
		want          []string
	}{
		"Nobody":            {nil, nil, []string{"UALICE"}},
		"TheOwner":          {[]string{"UALICE"}, nil, []string{"UCO1"}},
		"ACoOwnerToo":       {[]string{"UALICE", "UCO1"}, nil, []string{"UCO2"}},
		"SlackSaysSo":       {nil, []string{"UALICE", "UCO1"}, []string{"UCO2"}},
		"ItsOwnPeople":      {[]string{"UALICE", "UCO1"}, []string{"UCO2"}, []string{"UABOVE"}},
		"AllWhoLookAfterIt": {[]string{"UALICE", "UCO1", "UABOVE"}, []string{"UCO2"}, []string{"UADMIN1", "UADMIN2"}},
		"OneAdministrator":  {[]string{"UALICE", "UCO1", "UCO2", "UABOVE"}, []string{"UADMIN1"}, []string{"UADMIN2"}},
		"Everybody":         {[]string{"UALICE", "UCO1", "UCO2", "UABOVE"}, []string{"UADMIN1", "UADMIN2"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			r.slack.gone, r.slack.administrators = c.gone, []string{"UADMIN1", "UADMIN2"}
			r.slack.refuse = func(channel string) error {
				if slices.Contains(c.refused, channel) {
					return &Undelivered{Kind: Permanent, Code: "user_disabled"}
				}
				return nil
			}
			r.exec("update objectives set co_owner_ids = '{UABOVE}'")
			k := r.keyResult(r.scorecard(1, 41, 5), func(k *store.KeyResult) { k.CoOwners = []string{"UCO1", "UCO2"} })
			r.imports(k)
			r.now.Break(vendor.Fault{Kind: vendor.RoleMissing})
			r.nextDay()
			for range 9 {
				r.tick()
			}
			var told []string
			for _, person := range []string{"UALICE", "UCO1", "UCO2", "UABOVE", "UADMIN1", "UADMIN2"} {
				if n := len(r.slack.in(person)); n > 1 {
					t.Errorf("%s was told %d times", person, n)
				} else if n == 1 {
					told = append(told, person)
				}
			}
			r.wants("told", told, c.want)
			r.wants("still to be said", r.count("select count(*) from announcements where state in ('pending', 'sending')"), 0)
		})
	}
}
