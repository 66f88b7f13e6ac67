package bot_test

import (
	"testing"

	"okrbot/okr"
	"okrbot/sandbox/slack"
	"okrbot/sandbox/slack/conversation"
)

// inAGrid makes the workspace one of an Enterprise Grid.
func inAGrid(_ *room, o *slack.Options) { o.EnterpriseID = "E0OURS" }

// joins adds somebody whose home is elsewhere to the channel.
func (r *room) joins(p slack.Person) *conversation.Person {
	r.t.Helper()
	p.Zone = "Europe/Berlin"
	r.slack.AddPerson(p)
	r.slack.Invite("#it-okrs", p.Name)
	return conversation.As(r.t, r.slack, p.Name, "#it-okrs")
}

// Somebody of another organisation sits in a shared channel, and Slack does not call them a stranger:
// they know somebody here. Their organisation has a Grid of its own.
func TestPeopleOfOtherGridsAreNoMembers(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]roomOption{"of a Grid": {inAGrid}, "of none": nil} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, options...)
			r.connects(r.alice)
			r.addsObjective(r.alice, "Run a calm service desk")
			r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "100")
			guests := []*conversation.Person{
				r.joins(slack.Person{ID: "U0MALLORY", Name: "mallory", RealName: "Mallory", Team: "T0THEIRS", Enterprise: "E0THEIRS"}),
				r.joins(slack.Person{ID: "U0MARVIN", Name: "marvin", RealName: "Marvin", Team: "E0THEIRS", Enterprise: "E0THEIRS", Admin: true}),
				r.joins(slack.Person{ID: "U0MAUD", Name: "maud", RealName: "Maud", Team: "T0THEIRS"}),
				r.joins(slack.Person{ID: "U0MO", Name: "mo", RealName: "Mo", Foreign: true, Team: r.slack.Options().TeamID, Enterprise: r.slack.Options().EnterpriseID}),
			}
			for _, guest := range guests {
				for i, command := range []string{"/okr show KR-1", "/okr list", "/okr export", "/okr connect", "/okr add-objective", "/okr add-kr", "/okr sync KR-1", "/okr remove KR-1", "/okr settings", "/okr"} {
					guest.Types(command)
					r.until(command+" being refused", func() bool { return guest.Counts("okrbot is for members of this workspace.") == i+1 })
				}
				for range 2 {
					guest.GoesHome().SeesHome("okrbot is for members of this workspace: Home shows them")
				}
			}
			r.settles()
			for i, id := range []string{"U0MALLORY", "U0MARVIN", "U0MAUD", "U0MO"} {
				if n := guests[i].In("dm-" + id).Counts(""); n != 0 {
					t.Errorf("%s was told %d times by direct message about their visits", id, n)
				}
			}
			if n := r.number("select count(*) from people where kind <> 'foreign' and id like 'U0M%'"); n != 0 {
				t.Errorf("%d people of elsewhere are more than foreign", n)
			}
		})
	}
}

// Somebody whose home is another workspace of the same Grid is one of us.
func TestPeopleOfTheSameGridAreMembers(t *testing.T) {
	r := newRoom(t, inAGrid)
	for _, p := range []slack.Person{
		{ID: "W0ERIN", Name: "erin", RealName: "Erin", Team: "T0BRANCH", Enterprise: "E0OURS"},
		{ID: "W0EVE", Name: "eve", RealName: "Eve", Team: "E0OURS", Enterprise: "E0OURS"},
	} {
		person := r.joins(p)
		person.Types("/okr connect").Sees("ServiceNow URL").Closes()
		person.Types("/okr list").Sees("add-kr")
		stored, err := r.store.Person(t.Context(), r.slack.Options().TeamID, p.ID)
		if err != nil || stored.Kind != okr.Member {
			t.Errorf("%s is %v: %v", p.Name, stored.Kind, err)
		}
	}
}

// What people of other organisations, apps and those who left are to own would have nobody who can do
// something about it.
func TestOnlyPeopleOfHereBecomeOwners(t *testing.T) {
	r := newRoom(t)
	r.joins(slack.Person{ID: "U0MAUD", Name: "maud", RealName: "Maud", Team: "T0THEIRS"})
	r.alice.Types("/okr add-objective").Sees("== Add objective ==").Fills("Objective", "Run a calm service desk").Fills("Owner", "maud").
		Submits("Save").Sees("^ maud is of another organisation, and can do nothing here. Choose a member of this workspace.").
		Fills("Owner", "bob").Fills("Co-owners", "maud").Submits("Save").Sees("^ maud is of another organisation").
		Fills("Co-owners", "alice").Submits("Save").Sees("Objective added")
	r.alice.Types("/okr edit O-1").Sees("== Edit O-1 ==").Fills("Owner", "maud").Submits("Save").Sees("^ maud is of another organisation").Closes()
	r.alice.Types("/okr add-kr").Sees("== Add key result ==").Chooses("Objective", "Run a calm service desk").Fills("Key Result", "Fewer open incidents").Fills("Owner", "maud").
		Submits("Next").Sees("^ maud is of another organisation").Closes()
}

// Who was entered on the way to a detour, or to another source, did not own it before.
func TestNobodyBecomesAnOwnerOnTheWay(t *testing.T) {
	r := newRoom(t)
	r.joins(slack.Person{ID: "U0MAUD", Name: "maud", RealName: "Maud", Team: "T0THEIRS"})
	r.byHand("Interviews held", "12")
	r.alice.Types("/okr edit KR-1").Sees("== Edit KR-1 ==").Presses("More").Sees("Co-owners").Fills("Owner", "maud").Presses("Change source").Sees("== Source of KR-1 ==").
		Submits("Next").Sees("^ maud is of another organisation").Closes()
	r.alice.Types("/okr add-kr").Sees("== Add key result ==").Fills("Key Result", "Talks given").Fills("Owner", "maud").
		Chooses("Pull data from external applications", "I will update it myself").
		Presses("New objective").Sees("== Add objective ==").Fills("Objective", "Run a calm company").Submits("Save").
		Sees("== Add key result ==", "Objective: Run a calm company").
		Submits("Next").Sees("^ maud is of another organisation").
		Fills("Owner", "bob").Submits("Next").Sees("[[Save]]").Closes()
}
