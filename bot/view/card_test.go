package view

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// A card's two times of the clock change with every sync: they alone are no other card.
func TestWhatACardShows(t *testing.T) {
	k := sample()
	newest := []okr.Reading{{Day: k.Today - 3, Value: num("41").Decimal}, {Day: k.Today - 2, Value: num("39").Decimal}}
	shows := func(k KeyResult, newest []okr.Reading) []byte {
		t.Helper()
		d, err := CardShows(k, newest)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	first := shows(k, newest)
	later := k
	later.SyncedAt, later.NextSyncAt, later.Now = k.SyncedAt.Add(time.Hour), k.NextSyncAt.Add(24*time.Hour), k.Now.Add(time.Hour)
	if !bytes.Equal(first, shows(later, newest)) {
		t.Error("a sync that brought nothing makes another card")
	}
	later.Source.Waiting = later.NextSyncAt.Add(time.Hour)
	if !bytes.Equal(first, shows(later, newest)) {
		t.Error("a wait makes another card, and nothing makes one when it is over")
	}
	for what, change := range map[string]func(*KeyResult){
		"title":      func(k *KeyResult) { k.Title = "Another" },
		"value":      func(k *KeyResult) { k.Result.Value = num("38") },
		"day":        func(k *KeyResult) { k.Result.AsOf++ },
		"paused":     func(k *KeyResult) { k.Paused = true },
		"failure":    func(k *KeyResult) { k.Failure = okr.Failure{Class: "unavailable", Says: "It sleeps.", Since: k.Now} },
		"no next":    func(k *KeyResult) { k.NextSyncAt = time.Time{} },
		"never read": func(k *KeyResult) { k.SyncedAt = time.Time{} },
		"owner":      func(k *KeyResult) { k.Owner = "U0BOB" },
		"late":       func(k *KeyResult) { k.Today += 40 },
		"closed out": func(k *KeyResult) { k.Closed = true },
	} {
		changed := k
		change(&changed)
		if bytes.Equal(first, shows(changed, newest)) {
			t.Errorf("%s: the card would not be drawn again", what)
		}
	}
	if bytes.Equal(first, shows(k, newest[:1])) {
		t.Error("the trend: the card would not be drawn again")
	}
}

// What notifications and screen readers have in the place of the blocks says the same as these.
func TestWhatHasNoValueYetIsSaidAsItIs(t *testing.T) {
	read := sample()
	read.Result = okr.Result{}
	people := read
	people.Integrated = false
	for _, row := range []struct {
		k    KeyResult
		want string
	}{{read, "no score yet"}, {people, "no check-in yet"}, {awaiting(), "before the period 39, score of 22 Nov"}} {
		card, posted := Card(row.k, nil).Text, Announcement([]News{{KeyResult: row.k, Kind: Posted, By: "U1ALICE"}}, false).Text
		for _, text := range []string{card, posted} {
			if !strings.Contains(text, ": "+row.want+", ") {
				t.Errorf("%q does not say %q", text, row.want)
			}
		}
	}
	for k, want := range map[*KeyResult]string{&people: "(was no check-in", &read: "(was no score"} {
		k.Result = okr.Result{Value: num("7"), AsOf: today, N: 1}
		if was := (DigestLine{KeyResult: *k, Before: true, OldStatus: okr.NoData}).was(); !strings.Contains(was, want) {
			t.Errorf("%q does not say %q", was, want)
		}
	}
}

// A card has two buttons, and what else can be done is in its kebab, which takes five, each thing once.
func TestACardsButtons(t *testing.T) {
	plain, people, byHand, paused, closed := sample(), sample(), sample(), sample(), sample()
	people.Integrated = false
	byHand.Override = okr.Override{Value: num("35"), Day: byHand.Today, Until: byHand.Today + 3, By: "U2BOB"}
	paused.Paused = true
	closed.Closed, closed.Override = true, byHand.Override
	for _, row := range []struct {
		k    KeyResult
		want string
	}{
		{plain, "Sync Integration Data | Details | Check in, Edit, Pause syncing, Remove…"},
		{people, "Check in | Details | Edit, Remove…"},
		{byHand, "Sync Integration Data | Details | Check in, Resume automatic, Edit, Pause syncing, Remove…"},
		{paused, "Sync Integration Data | Details | Check in, Edit, Resume syncing, Remove…"},
		{closed, "Details | Remove…"},
	} {
		blocks := Card(row.k, nil).Blocks
		var words []string
		for _, e := range blocks[len(blocks)-1].(*slack.ActionBlock).Elements.ElementSet {
			switch e := e.(type) {
			case *slack.ButtonBlockElement:
				words = append(words, e.Text.Text)
			case *slack.OverflowBlockElement:
				var items []string
				for _, o := range e.Options {
					items = append(items, o.Text.Text)
				}
				words = append(words, strings.Join(items, ", "))
			}
		}
		if got := strings.Join(words, " | "); got != row.want {
			t.Errorf("%s, want %s", got, row.want)
		}
	}
}
