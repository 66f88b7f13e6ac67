package jobs

import (
	"testing"
	"time"

	"okrbot/store"
)

func (r *room) card(k store.KeyResult, channel string) {
	r.t.Helper()
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error { return tx.AddCard(ctx, "T1", k.ID, channel) }))
}

func TestACardIsPostedOnceAndKeptCurrent(t *testing.T) {
	r, list := desk(t, 1)
	k := list[0]
	r.card(k, "CDESK")
	r.tick()
	r.collects(list, 39)
	r.tick()
	r.nextDay()
	r.tick()
	posted := r.slack.drawn[0]
	r.wants("posted first", posted.ts, "")
	r.wants("drawn, not on the day without news", len(r.slack.drawn), 2)
	for _, d := range r.slack.drawn[1:] {
		if d.ts == "" {
			t.Error("the card was posted twice")
		}
	}
	// Somebody deletes the message: the card is posted again.
	gone := true
	r.slack.refuse = func(string) error {
		if gone {
			gone = false
			return &Undelivered{Kind: Gone, Code: "message_not_found"}
		}
		return nil
	}
	r.exec("update key_results set title = 'Another title'")
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error { return tx.MarkCards(ctx, k.ID) }))
	r.tick()
	r.tick()
	r.wants("posted again", r.slack.drawn[2].ts, "")
	r.wants("dirty", r.count("select count(*) from cards where dirty_at is not null"), 0)
}

// Slack is called for a card when it says something else, and once a day for its times of the clock.
func TestACardIsDrawnWhenWhatItSaysChanges(t *testing.T) {
	r, list := desk(t, 3)
	for _, k := range list {
		r.card(k, "CDESK")
	}
	r.tick()
	r.wants("posted", len(r.slack.drawn), 3)
	mark := func() {
		r.check(r.store.InTx(ctx, func(tx *store.Tx) error { return tx.MarkCards(ctx, list[0].ID, list[1].ID, list[2].ID) }))
		r.tick()
	}
	mark()
	r.wants("drawn though they say the same", len(r.slack.drawn), 3)
	r.wants("left to draw", r.count("select count(*) from cards where dirty_at is not null"), 0)

	r.exec("update key_results set title = 'Another title' where id = $1", list[1].ID)
	mark()
	r.wants("drawn with one new title", len(r.slack.drawn), 4)
	r.wants("the card with the new title", r.slack.drawn[3].keyResult, list[1].ID)

	// The next day's sync brings nothing new; it changes when the next one is.
	r.advance(23 * time.Hour)
	r.tick()
	r.check(r.store.RefreshCards(ctx))
	r.tick()
	r.wants("drawn within a day", len(r.slack.drawn), 4)
	for day := range 3 {
		r.nextDay()
		r.tick()
		for range 3 {
			r.check(r.store.RefreshCards(ctx))
			r.tick()
			r.advance(time.Hour)
		}
		r.wants("drawn once more a day", len(r.slack.drawn), 4+3*(day+1))
	}
	r.exec("update key_results set paused = true")
	mark()
	before := len(r.slack.drawn)
	r.advance(72 * time.Hour)
	r.check(r.store.RefreshCards(ctx))
	r.tick()
	r.wants("drawn while nothing is read", len(r.slack.drawn), before)
}

func TestOneBadCardDoesNotHideTheOthers(t *testing.T) {
	r, list := desk(t, 3)
	for _, k := range list {
		r.card(k, "CDESK")
	}
	first := true
	r.slack.refuse = func(string) error {
		if first {
			first = false
			return &Undelivered{Kind: Ambiguous, Code: "fatal_error"}
		}
		return nil
	}
	r.tick()
	r.wants("drawn", len(r.slack.drawn), 2)
	r.advance(time.Minute)
	r.tick()
	r.wants("drawn later", len(r.slack.drawn), 3)
}

// A card is closed also where it was first posted while its key result was removed, and a message
// that Slack does not let us change is given up.
func TestACardOfARemovedKeyResultIsClosed(t *testing.T) {
	r := newRoom(t)
	posted, posting, stuck := r.keyResult(r.scorecard(1, 41, 5)), r.keyResult(r.scorecard(2, 51, 5)), r.keyResult(r.scorecard(3, 61, 5))
	r.exec("update key_results set channel_id = 'CGONE' where id = $1", stuck.ID)
	card := func(k store.KeyResult, channel string) {
		r.check(r.store.InTx(ctx, func(tx *store.Tx) error { return tx.AddCard(ctx, "T1", k.ID, channel) }))
	}
	remove := func(k store.KeyResult) {
		r.check(r.store.InTx(ctx, func(tx *store.Tx) error { return tx.RemoveKeyResult(ctx, alice, k) }))
	}
	card(posted, "CDESK")
	card(stuck, "CGONE")
	r.imports(posted, posting, stuck)
	remove(posted)
	remove(stuck)
	r.slack.refuse = func(channel string) error {
		if channel == "CGONE" {
			return &Undelivered{Kind: Permanent, Code: "cant_update_message"}
		}
		return nil
	}
	r.tick()
	r.wants("closed", r.slack.closed, []string{"CDESK 1700000000.000001 KR-1"})
	r.wants("still to be closed", r.count("select count(*) from farewells"), 0)

	card(posting, "CDESK")
	removed := false
	r.slack.refuse = func(string) error {
		if !removed {
			removed = true
			remove(posting)
		}
		return nil
	}
	r.tick()
	r.tick()
	r.wants("closed when it was being posted", len(r.slack.closed), 2)
	r.wants("by", r.slack.closed[1], "CDESK 1700000000.000003 KR-2")
}
