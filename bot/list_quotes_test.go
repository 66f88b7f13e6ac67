package bot_test

import "testing"

// What is in quotes is words of a title, whatever else it could be.
func TestQuotesInAList(t *testing.T) {
	r := newRoom(t)
	r.byHand("Risk register kept", "12")
	r.alice.Types(`/okr list "at risk"`).Sees("List what? No key result's title has `at risk`. Did you mean `/okr list at risk`?")
	r.alice.Types("/okr list “mine”").Sees("No key result's title has `mine`. Did you mean `/okr list mine`?")
	r.alice.Types(`/okr list "alice"`).Sees("No key result's title has `alice`. Did you mean `/okr list alice`?")
	r.alice.Types(`/okr list "at-risk" "red"`).Sees("No key result's title has `at-risk` or `red`.")
	r.alice.Types("/okr list “risk REGISTER”").Sees("*Key results with `risk REGISTER`*", "*KR-1* Risk register kept")
	r.alice.Types(`/okr list mine "register" open`).Sees("*My key results open with `register`*", "*KR-1*")
	r.do("update key_results set title = 'Fewer at risk'")
	r.alice.Types(`/okr list "at risk"`).Sees("*Key results with `at risk`*", "*KR-1* Fewer at risk")
	r.alice.Types("/okr list `at risk`").Sees("No key result is at risk.")
}

// A list under an objective that is narrowed further has what is below it, at any depth.
func TestAListUnderAnObjectiveHasWhatIsBelowIt(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12") // under O-1
	r.addsObjective(r.alice, "Hire well")
	r.addsObjective(r.alice, "Grow")
	r.alice.Types("/okr list O-3 open").Sees("Key results open under O-3: none.")
	r.do("update objectives o set parent_id = p.id from objectives p where p.number = o.number + 1")
	r.alice.Types("/okr list O-3 open").Sees("*Key results open under O-3 and below*", "*KR-1* Interviews held")
	r.alice.Types("/okr list O-2 mine interviews").Sees("*My key results under O-2 and below with `interviews`*", "*KR-1*")
	r.alice.Types("/okr list O-1 open").Sees("*Key results open under O-1*", "*KR-1*")
	r.bob.Types("/okr list O-3 mine").Sees("My key results under O-3 and below: none.")
}
