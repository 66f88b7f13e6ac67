package bot_test

import "testing"

// The details name everybody who may change a key result.
func TestTheDetailsNameAllWhoMayChangeIt(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	r.do("update key_results set co_owner_ids = '{U0BOB}'")
	r.do("update objectives set co_owner_ids = '{U0BOB,U0CAROL}'")
	r.alice.Types("/okr show KR-1").Sees("*Who may change and sync it*\n<@U0ALICE> (owner), <@U0BOB>, <@U0CAROL> (co-owner of the objective), administrators").Closes()
	r.do("update key_results set co_owner_ids = '{}'")
	r.alice.Types("/okr show KR-1").Sees("<@U0ALICE> (owner), <@U0BOB>, <@U0CAROL> (co-owners of the objective), administrators").Closes()
}
