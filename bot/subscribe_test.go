package bot_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"okrbot/okr"
	"okrbot/sandbox/slack"
	"okrbot/sheet"
)

func TestTheWeeklyDigest(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "60")
	r.alice.Sees("score of")
	r.alice.Types("/okr subscriptions").Sees("Nobody gets the weekly digest yet")
	r.alice.Types("/okr subscribe").Sees("the weekly digest goes to", "Mon ", "09:00 Europe/Berlin", "It shows the key results that are announced there, ", "/okr unsubscribe").DoesNotSee("look after")
	r.alice.Types("/okr subscribe").Sees("already")
	r.bob.Types("/okr subscriptions").Sees("subscribed by")
	r.bob.Types("/okr subscribe me").Sees("the weekly digest goes to you", "It shows the key results that you own or look after.") // who has none
	r.dave.Types("/okr unsubscribe").Sees("Guests can end their own digest alone, with `/okr unsubscribe me`. Ask a member of this workspace to end a channel's.")
	r.laterDays(8)
	r.bob.Sees("You own or look after none now. Add one with `/okr add-kr`, or end the digest with `/okr unsubscribe me`.")
	r.alice.Sees("*The week's key results* · 1 key result · ", " 20", "Run a calm service desk", " on ", "; target 60")
	charted := func() int {
		n := 0
		for _, c := range r.slack.Sees("alice").Channels {
			for _, m := range c.Messages {
				for _, b := range m.Blocks {
					if b["type"] == "data_visualization" && strings.HasPrefix(m.Text, "The week's key results: 1 ") {
						n++
					}
				}
			}
		}
		return n
	}
	r.until("a chart in the digest", func() bool { return charted() == 1 })
	r.settles() // it is on record, too
	// However many weeks were missed, there is one digest.
	r.laterDays(5 * 7)
	r.until("the next digest", func() bool { return charted() == 2 })
	r.settles()
	if n := charted(); n != 2 {
		t.Errorf("%d digests, want 2", n)
	}
	r.alice.Sees("Since ") // what the last one told
	r.alice.Types("/okr unsubscribe").Sees("any more")
	r.alice.Types("/okr unsubscribe").Sees("No digest goes to")
}

// Who became a guest ends the digest that they subscribed before: nobody else can.
func TestAGuestEndsTheirOwnDigest(t *testing.T) {
	r := newRoom(t)
	r.bob.Types("/okr subscribe me").Sees("the weekly digest goes to you")
	r.bob.In("#general").Types("/okr subscribe #it-okrs").Sees("the weekly digest goes to <#C0ITOKRS>")
	r.becomes("bob", true, func(p *slack.Person) { p.Guest = true })
	r.bob.Types("/okr unsubscribe #it-okrs").Sees("Guests can end their own digest alone, with `/okr unsubscribe me`.")
	r.bob.Types("/okr help").Sees("/okr unsubscribe")
	r.bob.Types("/okr unsubscribe me").Sees("The weekly digest does not go to you any more.")
	r.bob.Types("/okr unsubscribe me").Sees("No digest goes to you.").DoesNotSee("begins one")
}

func TestADigestThatAChannelDoesNotTakeEnds(t *testing.T) {
	r := newRoom(t)
	r.refusalsExpected = true
	r.slack.Invite("general", "okrbot")
	r.alice.In("#general").Types("/okr subscribe").Sees("the weekly digest goes to")
	r.slack.ChangeChannel("general", func(c *slack.Channel) { delete(c.Members, "U0OKRBOT") })
	r.laterDays(8)
	r.alice.In("dm-U0ALICE").Sees("The weekly digest is not posted in <#C0GENERAL> any more: okrbot is not in that channel. Type `/invite @okrbot` in it, then `/okr subscribe` there.")
	r.alice.In("#it-okrs").Types("/okr subscriptions").Sees("Nobody gets the weekly digest yet")
}

// A channel that would take no digest is not subscribed, however it is named; it is said why, and what to do.
func TestAChannelThatTakesNoDigestIsNotSubscribed(t *testing.T) {
	r := newRoom(t)
	r.refusalsExpected = true // conversations.info: channel_not_found
	for typed, want := range map[string]string{
		"subscribe <#C0GENERAL|general>":      "okrbot is not in <#C0GENERAL>, so it cannot post there. Nothing was subscribed. Type `/invite @okrbot` in it, then `/okr subscribe` there.",
		"subscribe <#C0GENERAL>":              "okrbot is not in <#C0GENERAL>",
		"subscribe to <#C0GENERAL|>.":         "okrbot is not in <#C0GENERAL>",
		"subscribe <#C0LEADERS|leadership>":   "okrbot does not see <#C0LEADERS>: it is private and okrbot is not in it, or it is gone. Nothing was subscribed. Type `/invite @okrbot` in it",
		"subscribe <#C0NEVER|gone>":           "okrbot does not see <#C0NEVER>",
		"subscribe me <#C0DESK|service-desk>": "takes one channel at a time, so `#service-desk` was not understood and nothing was done.",
		"subscribe <#C0DESK|service-desk> me": "takes one channel at a time, so `me` was not understood and nothing was done.",
		"unsubscribe <#C0DESK> myself":        "takes one channel at a time, so `myself` was not understood and nothing was done.",
		"subscribe #no-such-channel":          "`#no-such-channel` did not reach okrbot as a channel: Slack knows none of that name that you may see.",
	} {
		got := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(r.says(typed))
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s", typed, got)
		}
	}
	r.alice.In("#leadership").Types("/okr subscribe").Sees("okrbot does not see <#C0LEADERS>")
	r.alice.In("#it-okrs").Types("/okr subscribe #general").Sees("okrbot is not in <#C0GENERAL>")
	if n := r.number("select count(*) from subscriptions"); n != 0 {
		t.Errorf("%d subscriptions", n)
	}
	for _, name := range []string{"general", "leadership"} {
		r.slack.Invite(name, "okrbot")
		r.alice.In("#" + name).Types("/okr subscribe").Sees("the weekly digest goes to")
	}
	r.slack.ChangeChannel("service-desk", func(c *slack.Channel) { c.Archived = true })
	r.alice.In("#it-okrs")
	if got := r.says("subscribe <#C0DESK|service-desk>"); !strings.Contains(got, "is archived, so nobody can post there. Nothing was subscribed.") {
		t.Error(got)
	}
	// What Slack does not tell in time is tried.
	defer r.slack.Break(slack.Fault{Method: "conversations.info", Error: "ratelimited", After: 5})()
	r.alice.Types("/okr subscribe").Sees("the weekly digest goes to <#C0ITOKRS>")
}

// A digest goes to a private channel where somebody subscribes it who is in that channel, wherever they type it.
func TestAPrivateChannelIsForThoseWhoAreInIt(t *testing.T) {
	r := newRoom(t)
	r.refusalsExpected = true
	r.slack.Invite("leadership", "okrbot")
	r.bob.Types("/okr subscribe #leadership").Sees("You are not in <#C0LEADERS>, which is private. Nothing was subscribed. Ask somebody who is in it to type `/okr subscribe` there.")
	fix := r.slack.Break(slack.Fault{Method: "conversations.members", Error: "fatal_error"})
	r.alice.Types("/okr subscribe #leadership").Sees("Slack did not tell okrbot whether you are in <#C0LEADERS>, which is private. Nothing was subscribed. Try again in a moment.")
	fix()
	fix = r.slack.Break(slack.Fault{Method: "conversations.info", Error: "fatal_error"})
	r.bob.Types("/okr subscribe #leadership").Sees("Slack did not tell okrbot about <#C0LEADERS>. Nothing was subscribed. Try again in a moment, or type `/okr subscribe` in it.")
	fix()
	if n := r.number("select count(*) from subscriptions"); n != 0 {
		t.Errorf("%d subscriptions", n)
	}
	for n := range 1500 { // over two pages
		r.slack.AddPerson(slack.Person{ID: fmt.Sprintf("U%04d", n), Name: fmt.Sprintf("person%d", n), Zone: "UTC"})
		r.slack.Invite("leadership", fmt.Sprintf("person%d", n))
	}
	r.slack.ChangeChannel("leadership", func(c *slack.Channel) { delete(c.Members, "U0ALICE"); c.Members["U9LAST"] = true })
	r.alice.In("#it-okrs").Types("/okr subscribe #leadership").Sees("You are not in <#C0LEADERS>")
	r.slack.Invite("leadership", "alice")
	r.alice.Types("/okr subscribe #leadership").Sees("the weekly digest goes to <#C0LEADERS>")
	r.carol.In("#leadership").Types("/okr subscribe").Sees("The weekly digest goes to <#C0LEADERS> already.")
	// So does who ends it.
	r.bob.In("#it-okrs").Types("/okr unsubscribe #leadership").Sees("You are not in <#C0LEADERS>, which is private. Nothing was changed. Ask somebody who is in it to type `/okr unsubscribe` there.")
	fix = r.slack.Break(slack.Fault{Method: "conversations.members", Error: "fatal_error"})
	r.alice.Types("/okr unsubscribe #leadership").Sees("Slack did not tell okrbot whether you are in <#C0LEADERS>, which is private. Nothing was changed. Try again in a moment.")
	fix()
	fix = r.slack.Break(slack.Fault{Method: "conversations.info", Error: "fatal_error"})
	r.bob.Types("/okr unsubscribe #leadership").Sees("Slack did not tell okrbot about <#C0LEADERS>. Nothing was changed. Try again in a moment, or type `/okr unsubscribe` in it.")
	fix()
	if n := r.number("select count(*) from subscriptions"); n != 1 {
		t.Errorf("%d subscriptions", n)
	}
	r.alice.Types("/okr unsubscribe #leadership").Sees("The weekly digest does not go to <#C0LEADERS> any more.")
}

// TestTheDigestShowsTheWorstOfNinetyOne has the one at risk last by number, and a week later on track.
func TestTheDigestShowsTheWorstOfNinetyOne(t *testing.T) {
	r := newRoom(t)
	r.alice.Types("/okr subscribe").Sees("the weekly digest goes to") // in a channel
	now, err := r.store.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	today := okr.DayOf(now)
	file := "objective,objective_owner,first_day,last_day,time_zone,key_result,owner,kind,start_value,target_value,channel,result_value,result_day\n"
	for i := range 91 {
		value := "50"
		if i == 90 {
			value = "95"
		}
		file += fmt.Sprintf("Calm,U0ALICE,%s,%s,UTC,Part %d,U0ALICE,decrease,100,0,%s,%s,%s\n", today-40, today+60, i+1, "C0ITOKRS", value, today)
	}
	if o, err := sheet.Import(t.Context(), r.store, r.slack.Options().TeamID, strings.NewReader(file), io.Discard, nil); err != nil || o.KeyResults != 91 {
		t.Fatalf("%+v, %v", o, err)
	}
	r.laterDays(8)
	r.alice.Sees("*The week's key results* · 91 key results · ", "\n1 at risk, 90 on track", "*KR-91* Part 91", "…and 79 key results that need your eyes less: `/okr list <#").DoesNotSee("*KR-12*")
	r.settles()
	if _, err := r.database().Exec(t.Context(), "update key_results set result_value = 40 where number = 91"); err != nil {
		t.Fatal(err)
	}
	r.laterDays(7)
	r.alice.Sees("91 on track", "1 got better, 1 value moved.", "Also changed", "*KR-91* Part 91: At risk → :large_green_circle: On track")
}
