package bot_test

import "testing"

// TestNumbersInTitles: "O365" is a word of a title where there is no such objective, and a key in the midst of
// words or in quotes with others is no key.
func TestNumbersInTitles(t *testing.T) {
	r := newRoom(t)
	r.byHand("Migrate mailboxes to O365", "12")
	for _, words := range []string{"show Migrate mailboxes to O365", `show "Migrate mailboxes to O365"`, "show mailboxes to O365", "show O365", `show "to O365"`} {
		r.alice.Types("/okr "+words).Sees("== KR-1 ==", "Migrate mailboxes to O365").Closes()
	}
	r.alice.Types("/okr edit Migrate mailboxes to O365").Sees("== Edit KR-1 ==").Closes()
	r.alice.Types("/okr remove mailboxes to O365").Sees("Migrate mailboxes to O365", "[[Remove]]").Closes()
	r.alice.Types("/okr sync O365").Sees("KR-1 is updated by people")
	r.alice.Types("/okr list O365").Sees("Key results with `O365`", "*KR-1*")
	r.alice.Types("/okr objectives O365").Sees("No objective has `O365` in its title.")
	r.alice.Types("/okr close-out O365").Sees("No objective of yours is to be closed out")
	r.alice.Types("/okr check-in O365 7").Sees("Saved.", "*7* · progress 58 %")

	r.alice.Types("/okr show O-365").Sees("There is no O-365 here.")
	r.alice.Types("/okr show O1").Sees("== O-1 ==").Closes()
	r.alice.Types("/okr list o1").Sees("Key results under O-1")
	r.alice.Types("/okr show O-1 now").Sees("takes one objective alone")
	r.alice.Types("/okr add-kr Retire the KR365 format").Sees("== Add key result ==").
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").Sees("Start Value").
		Fills("Start Value", "0").Fills("Target Value", "1").Submits("Save").Sees("is added").Closes()
	r.alice.Types(`/okr show "Retire the KR365 format"`).Sees("== KR-2 ==").Closes()
}

// TestNumbersInQuotesAreOfATitle where one has them by themselves, and of key results where none has.
func TestNumbersInQuotesAreOfATitle(t *testing.T) {
	r := newRoom(t)
	r.byHand("Answer 24/7", "12")
	r.adds("Close 100 gaps by 2026", "12")
	r.alice.Types(`/okr show "24/7"`).Sees("== KR-1 ==", "Answer 24/7").Closes()
	r.alice.Types(`/okr show “2026”`).Sees("== KR-2 ==").Closes()
	r.alice.Types(`/okr sync "24/7"`).Sees("KR-1 is updated by people")
	r.alice.Types(`/okr check-in "24/7" 7`).Sees("Saved.", "*KR-1* Answer 24/7  7")
	r.alice.Types(`/okr check-in "2026" 6`).Sees("Saved.", "*KR-2* Close 100 gaps by 2026  6")
	r.alice.Types(`/okr show "2"`).Sees("== KR-2 ==").Closes() // it stands in no title by itself
	r.alice.Types(`/okr show "KR-1"`).Sees("== KR-1 ==").Closes()
	r.alice.Types(`/okr show "1 2"`).Sees("takes one key result at a time")
}
