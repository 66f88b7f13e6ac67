package bot_test

import (
	"testing"
	"time"
)

// The details name everybody who may change a key result.
func TestTheDetailsNameAllWhoMayChangeIt(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	r.do("update key_results set co_owner_ids = '{U0BOB}'")
	r.do("update objectives set co_owner_ids = '{U0BOB,U0CAROL}'")
	r.alice.Types("/okr show KR-1").Sees("*Who may change it*\n<@U0ALICE> (owner), <@U0BOB>, <@U0CAROL> (co-owner of the objective), administrators").Closes()
	r.do("update key_results set co_owner_ids = '{}'")
	r.alice.Types("/okr show KR-1").Sees("<@U0ALICE> (owner), <@U0BOB>, <@U0CAROL> (co-owners of the objective), administrators").Closes()
}

// Whoever may not do something is sent to somebody else who is here and may.
func TestWhomToAsk(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	r.bob.Types("/okr edit KR-1").Sees("You may not edit KR-1. Ask <@U0ALICE>.")
	r.do("update key_results set owner_id = 'U0DAVE'") // a guest
	r.do("update objectives set owner_id = 'U0DAVE'")  // who may not, though it is his
	r.do("update objectives set co_owner_ids = '{U0ALICE}'")
	r.dave.Types("/okr check-in KR-1 5").Sees("You may not check in on KR-1. Ask <@U0ALICE>.")
	r.dave.Types("/okr edit O-1").Sees("You may not edit O-1. Ask <@U0ALICE>.")
	r.bob.Types("/okr remove KR-1").Sees("You may not remove KR-1. Ask <@U0ALICE>.")
	r.bob.Types("/okr sync KR-1 KR-1").Sees("Ask <@U0ALICE>")
	r.leaves("alice")
	r.later(10 * time.Minute)
	r.bob.Types("/okr edit KR-1").Sees("You may not edit KR-1. Ask an administrator.")
	r.bob.Types("/okr remove O-1").Sees("You may not remove O-1. Ask an administrator.")
	r.dave.Types("/okr pause KR-1").Sees("You may not pause or resume KR-1. Ask an administrator.")
}
