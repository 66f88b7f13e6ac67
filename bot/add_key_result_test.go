package bot_test

import (
	"testing"

	"okrbot/sandbox/seed"
	"okrbot/sandbox/slack/conversation"
)

// connects connects ServiceNow by Basic Auth.
func (r *room) connects(p *conversation.Person) {
	r.t.Helper()
	p.Types("/okr connect").
		Fills("ServiceNow URL", r.instance).
		Fills("Username", seed.User).
		Fills("Password", seed.Password).
		Submits("Connect").
		Sees("is connected", "*TLS*  not encrypted: the address is http", "Sign-in", "One score").
		Closes()
}

// addsObjective adds an objective whose period is past its middle, and not near its end, whatever
// the date.
func (r *room) addsObjective(p *conversation.Person, title string) {
	r.t.Helper()
	p.Types("/okr add-objective").
		Fills("Objective", title).
		Chooses("Period", "Dates…").
		Fills("First day", r.day(-55).String()).
		Fills("Last day", r.day(35).String()).
		Fills("Channel", "#it-okrs").
		Submits("Save").
		SeesNoModal().
		Sees("Objective added")
}

// addsKeyResult goes through the whole wizard to Save.
func (r *room) addsKeyResult(p *conversation.Person, title, scorecard, target string) {
	r.t.Helper()
	p.Types("/okr add-kr").
		Fills("Key Result", title).
		Submits("Next").
		Chooses("Scorecard", scorecard).
		Presses("Preview results").
		Sees("Last 12 scores").
		Submits("Connect").
		Sees("Start Value").
		Fills("Target Value", target).
		Submits("Save").
		Sees("is added").
		Closes()
	r.isRead()
}

func TestFromNothingToAKeyResultThatKeepsItselfTrue(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]roomOption{"HTTP": nil, "SocketMode": {overSocket}} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, options...)
			r.connects(r.alice)
			// The period is what the form offers: this quarter, whichever of its days is today.
			r.alice.Types("/okr add-objective").Fills("Objective", "Run a calm service desk").Fills("Channel", "#it-okrs").
				Submits("Save").SeesNoModal().Sees("Objective added")
			r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "100")
			r.alice.Sees("*KR-1* Fewer open incidents", "score of", "synced", "Next sync", "[Sync Integration Data]", "[Details]").DoesNotSee("Not syncing")
		})
	}
}
