package bot_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"okrbot/okr"
	"okrbot/sandbox/slack"
	"okrbot/store"
)

// spreads puts key results of alice's that follow the scorecard of open incidents into channels of their
// own, so many in each, and returns the channels' ids once their cards stand there.
func (r *room) spreads(channels, each int) (ids []string) {
	r.t.Helper()
	r.connects(r.alice)
	connection := int64(r.number("select id from connections"))
	alice := okr.Actor{Workspace: r.slack.Options().TeamID, ID: "U0ALICE", Kind: okr.Member}
	number := func(n int64) decimal.NullDecimal { return decimal.NewNullDecimal(decimal.NewFromInt(n)) }
	err := r.store.InTx(r.t.Context(), func(tx *store.Tx) error {
		o, _, err := tx.CreateObjective(r.t.Context(), alice, okr.Objective{
			Title: "Run a calm service desk", Owner: alice.ID, Zone: "Europe/Berlin", Period: okr.Period{First: r.day(-60), Last: r.day(300)},
		}, "")
		if err != nil {
			return err
		}
		var made []int64
		for i := range channels {
			id := fmt.Sprintf("C0MANY%d", i+1)
			r.slack.AddChannel(id, fmt.Sprintf("many-%d", i+1), false, "alice", "okrbot")
			ids = append(ids, id)
			for range each {
				k := store.KeyResult{Objective: o}
				k.Title, k.Owner, k.Kind, k.Method = fmt.Sprintf("Fewer in channel %d", i+1), alice.ID, okr.Decrease, okr.Latest
				k.Start, k.Target, k.Weight = number(200), number(10), decimal.NewFromInt(1)
				k.Channel, k.Integrated, k.Cadence = id, true, okr.Cadence{Every: okr.Daily, Hour: 6, Zone: "Europe/Berlin"}
				k.Source = store.Source{Connection: connection, Reference: openIncidents, Name: "Number of open incidents", Unit: "#", Frequency: "daily"}
				if k, _, err = tx.CreateKeyResult(r.t.Context(), alice, k, ""); err != nil {
					return err
				}
				made = append(made, k.ID)
			}
		}
		return r.work.Import(r.t.Context(), tx, alice.Workspace, made...)
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.isRead()
	r.settles()
	return ids
}

// hold are the channels whose messages hold the words, with how many of them do.
func (r *room) hold(words string) map[string]int {
	held := map[string]int{}
	for _, c := range r.slack.Sees("alice").Channels {
		for _, m := range c.Messages {
			if m.Ephemeral == "" && strings.Contains(m.Read(), words) {
				held[c.ID]++
			}
		}
	}
	return held
}

// posted counts the posts to each channel that Slack was asked for since, whatever it said to them.
func (r *room) posted(since time.Time) map[string]int {
	calls := map[string]int{}
	for _, e := range r.slack.Wire() { // the last of many
		if sent, ok := e.Sent.(map[string]any); ok && e.What == "chat.postMessage" && !e.At.Before(since) {
			calls[fmt.Sprint(sent["channel"])]++
		}
	}
	return calls
}

// Of many channels Slack asks to wait in some: the others hear meanwhile, also of what comes after, and
// nothing at all is sent to those before it is over. Then they hear of all of it in one message.
func TestSlowedChannelsKeepNobodyWaiting(t *testing.T) {
	// SOAK makes it 200 channels, of which 10 are slowed.
	many, some := 30, 3
	if os.Getenv("SOAK") != "" {
		many, some = 200, 10
	}
	r := newRoom(t)
	r.refusalsExpected = true
	channels := r.spreads(many, 1)
	slowed, others := channels[:some], channels[some:]
	r.later(time.Minute) // beyond the thirty seconds between syncs by hand
	var fixes []func()
	for _, c := range slowed {
		fixes = append(fixes, r.slack.Break(slack.Fault{Method: "chat.postMessage", Channel: c, Error: "ratelimited", After: 3000}))
	}
	began := time.Now()
	for i, value := range []string{"77", "66"} {
		r.collects(map[string]float64{"77": 77, "66": 66}[value])
		r.alice.Types("/okr sync all")
		r.settles()
		held := r.hold("→ " + value)
		for _, c := range others {
			if held[c] != 1 {
				t.Errorf("%s was told of %s %d times while others are slowed", c, value, held[c])
			}
		}
		calls := r.posted(began)
		for _, c := range slowed {
			if held[c] != 0 || calls[c] != 1 {
				t.Errorf("%s was told %d times, by %d calls, after change %d", c, held[c], calls[c], i+1)
			}
		}
		r.later(10 * time.Minute)
	}
	for _, fix := range fixes {
		fix()
	}
	r.later(40 * time.Minute)
	r.settles()
	told, calls := r.hold("→ 66"), r.posted(began)
	for _, c := range slowed {
		if told[c] != 1 || calls[c] != 2 {
			t.Errorf("%s was told of all of it %d times, by %d calls", c, told[c], calls[c])
		}
	}
	for _, c := range others {
		if calls[c] != 2 {
			t.Errorf("%s had %d posts", c, calls[c])
		}
	}
}

// Slack is away for days, with a change in each key result of many channels on each of them. When it is
// back, each channel has one message with all of it, from the first value to the last.
func TestManyChannelsThroughAnOutage(t *testing.T) {
	// SOAK makes it 2,000 changes in 50 channels, and has each tried as often as it would be.
	many, each, days, steps := 10, 2, 3, 1
	if os.Getenv("SOAK") != "" {
		many, each, days, steps = 50, 4, 10, 12
	}
	r := newRoom(t, history)
	r.refusalsExpected = true
	channels := r.spreads(many, each)
	before := r.newest()
	var fixes []func()
	for _, method := range []string{"chat.postMessage", "chat.update", "conversations.history", "conversations.info", "conversations.open", "views.publish", "users.info"} {
		fixes = append(fixes, r.slack.Break(slack.Fault{Method: method, Status: 503}))
	}
	for day := range days {
		r.passes(1, float64(before-day-1))
		for range steps {
			r.settles()
			r.later(11 * time.Minute)
		}
	}
	if n := r.number("select count(*) from announcements where kind = 'changed' and state <> 'sent' and state <> 'parked'"); n != len(channels)*each*days {
		t.Errorf("%d changes wait to be said", n)
	}
	began := time.Now()
	for _, fix := range fixes {
		fix()
	}
	r.later(11 * time.Minute)
	r.settles()
	told, calls := r.hold(fmt.Sprintf("→ %d", before-days)), r.posted(began)
	for _, c := range channels {
		if told[c] != 1 || calls[c] != 1 {
			t.Errorf("%s was told %d times, by %d calls", c, told[c], calls[c])
		}
	}
	for c := range r.hold("(repeated") {
		t.Errorf("%s is told that something may stand there twice", c)
	}
	if n := r.number("select count(*) from announcements where state <> 'sent'"); n != 0 {
		t.Errorf("%d changes are not said", n)
	}
	for _, m := range r.messagesOf("alice", fmt.Sprintf("→ %d", before-days)) {
		if n := strings.Count(m.Read(), fmt.Sprintf("%d → %d", before, before-days)); n != each {
			t.Fatalf("%d of %d key results are told from the first value to the last:\n%s", n, each, m.Read())
		}
	}
}
