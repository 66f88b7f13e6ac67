package bot_test

import "testing"

// A title of an objective that is nearly right has the closest one offered, wherever an objective is taken.
func TestANearlyRightTitleOfAnObjective(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12") // of Ship it
	r.addsObjective(r.alice, "Big Programme")
	for _, verb := range []string{"show", "edit", "remove"} {
		r.alice.Types("/okr "+verb+" big programe").Sees("`big programe` is no key result and in no title, so nothing was done. Is it one of these?", "*O-2* Big Programme")
	}
	r.alice.Types("/okr show biig program").Sees("`biig program`").Presses("Show").Sees("== O-2 ==").Closes()
	r.alice.Types("/okr edit bgi programme").Sees("`bgi programme`").Presses("Edit…").Sees("== Edit O-2 ==").Closes()
	r.alice.Types("/okr objectives big programe").Sees("No objective has `big programe` in its title. Is it one of these?", "*O-2* Big Programme").
		Presses("Show").Sees("== O-2 ==").Closes()
	r.alice.Types("/okr list big programe").Sees("Nothing here is called `big` or `programe`: no key result's title has it", "Is it one of these objectives?", "*O-2* Big Programme").
		Presses("List").Sees("Key results under O-2: none")
	r.alice.Types("/okr list Big Programme").Sees("Key results with `Big` and `Programme`: none. These are in the title of an objective:", "*O-2* Big Programme")
	r.alice.Types("/okr sync big programe").Sees("`big programe` is no key result and in no title. Name a key result by its number")

	r.laterDays(40) // both are over
	r.alice.Types("/okr close-out big programe").Sees("No objective that you can close out has `big programe` in its title. Is it one of these?", "*O-2* Big Programme").
		Presses("Close out").Sees("== Close out ==", "*O-2* *Big Programme*").Closes()
	r.alice.Types("/okr close-out nowhere").Sees("No objective that you can close out has `nowhere` in its title. `/okr close-out` alone shows them.")
}
