package bot_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"okrbot/sandbox/servicenow"
	"okrbot/sandbox/slack"
)

// What okrbot posts comes back as events, and so may what other apps post.
func TestOurOwnMessagesCauseNothing(t *testing.T) {
	r := ready(t)
	r.settles()
	o := r.slack.Options()
	noted, said := r.noted(), r.slack.Calls("chat.postMessage")+r.slack.Calls("chat.update")+r.slack.Calls("views.publish")
	for i := range 50 {
		for j, inner := range []string{
			`{"type":"message","subtype":"bot_message","bot_id":"B0OKRBOT","text":"/okr sync KR-1","channel":"C0ITOKRS"}`,
			`{"type":"message","user":"U0OKRBOT","bot_id":"B0OKRBOT","text":"KR-1","channel":"C0ITOKRS"}`,
			`{"type":"message","subtype":"message_changed","channel":"C0ITOKRS","message":{"bot_id":"B0OKRBOT","text":"KR-1"}}`,
			`{"type":"message","user":"U0OTHERBOT","bot_id":"B0OTHER","text":"<@U0OKRBOT> sync KR-1","channel":"C0ITOKRS"}`,
			`{"type":"app_home_opened","user":"U0ALICE","tab":"home","bot_id":"B0OKRBOT"}`,
		} {
			body := fmt.Sprintf(`{"type":"event_callback","team_id":%q,"api_app_id":%q,"event_id":"Ev%d-%d","event":%s}`, o.TeamID, o.AppID, i, j, inner)
			if status, answer := r.post(r.signed("/slack/events", "application/json", body, time.Now())); status != http.StatusOK || answer != "" {
				t.Errorf("%s: %d %q", inner, status, answer)
			}
		}
	}
	r.settles()
	if n := r.noted() - noted; n != 0 {
		t.Errorf("%d of our own messages had an effect", n)
	}
	if n := r.slack.Calls("chat.postMessage") + r.slack.Calls("chat.update") + r.slack.Calls("views.publish") - said; n != 0 {
		t.Errorf("%d calls because of our own messages", n)
	}
}

// Whatever kind of bot it is that acts, and whoever left: nothing is done.
func TestBotsAndThoseWhoLeftDoNothing(t *testing.T) {
	r := ready(t)
	r.slack.AddPerson(slack.Person{ID: "U0HELPER", Name: "helper", RealName: "Helper", Bot: true, Admin: true})
	r.slack.AddPerson(slack.Person{ID: "USLACKBOT", Name: "slackbot", RealName: "Slackbot", Admin: true})
	r.slack.AddPerson(slack.Person{ID: "U0LEFT", Name: "left", RealName: "Left", Gone: true, Admin: true})
	before := r.number("select count(*) from sync_runs") + r.number("select count(*) from audit_events")
	for _, person := range []string{"U0HELPER", "USLACKBOT", "U0LEFT", "U0OKRBOT"} {
		for _, command := range []string{"", "show KR-1", "sync KR-1", "sync all", "pause KR-1", "remove KR-1", "check-in KR-1 1", "export", "connect", "settings", "subscribe"} {
			form := r.command(command)
			form.Set("user_id", person)
			if status, answer := r.post(r.signed("/slack/commands", formType, form.Encode(), time.Now())); status != http.StatusOK || !strings.Contains(answer, "okrbot is for members of this workspace") {
				t.Errorf("%s as %s: %d %s", command, person, status, answer)
			}
		}
	}
	r.settles()
	if n := r.number("select count(*) from sync_runs") + r.number("select count(*) from audit_events"); n != before {
		t.Errorf("%d runs and entries more", n-before)
	}
}

// A payload may name any channel: it gives nobody a right that they have not.
func TestAChannelInAPayloadGivesNoRight(t *testing.T) {
	r := ready(t)
	for _, channel := range []string{"C0ITOKRS", "C0LEADERS", "D0ALICE", "C0NEVER", ""} {
		for _, command := range []string{"sync KR-1", "pause KR-1", "check-in KR-1 1"} {
			form := r.command(command)
			form["user_id"], form["channel_id"] = []string{"U0BOB"}, []string{channel}
			status, answer := r.post(r.signed("/slack/commands", formType, form.Encode(), time.Now()))
			if status != http.StatusOK || !strings.Contains(answer, "You may not") {
				t.Errorf("%s in %q: %d %s", command, channel, status, answer)
			}
		}
	}
}

// A wizard goes on in another process: what is known of it is in the database.
func TestAWizardGoesOnInAnotherProcess(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	next := func() {
		b := r.replica()
		server := httptest.NewServer(b.Handler())
		t.Cleanup(server.Close)
		r.slack.SetApp(server.URL)
		r.bot.Close() // what the one before had under way is over
		r.bot = b
	}
	r.alice.Types("/okr add-kr")
	next()
	r.alice.Fills("Key Result", "Fewer open incidents").Submits("Next")
	next()
	r.alice.Chooses("Scorecard", "Number of open incidents")
	next()
	r.alice.Presses("Preview results").Sees("Last 12 scores")
	next()
	r.alice.Submits("Connect").Sees("Start Value")
	next()
	r.alice.Fills("Target Value", "100").Submits("Save").Sees("is added").Closes()
	r.isRead()
	if n := r.number("select count(*) from key_results"); n != 1 {
		t.Errorf("%d key results", n)
	}
}

// A wizard goes on where a process did what was asked and ended before it could say so.
func TestAWizardGoesOnAfterAnAnswerThatNeverCame(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	var dies atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !dies.Load() {
			r.bot.Handler().ServeHTTP(w, req)
			return
		}
		b := r.replica()
		b.Handler().ServeHTTP(httptest.NewRecorder(), req)
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			conn.Close()
		}
	}))
	t.Cleanup(server.Close)
	r.slack.SetApp(server.URL)
	r.refusalsExpected = true // answers that are cut off
	r.alice.Types("/okr add-kr").Fills("Key Result", "Fewer open incidents")
	dies.Store(true)
	r.alice.Submits("Next")
	dies.Store(false)
	r.alice.Submits("Next").Sees("== Changed elsewhere ==", "This step was sent already").Submits("Go on").
		Sees("Scorecard").Chooses("Scorecard", "Number of open incidents").Presses("Preview results").Sees("Last 12 scores")
	dies.Store(true)
	r.alice.Submits("Connect")
	dies.Store(false)
	r.alice.Submits("Connect").Sees("== Changed elsewhere ==").Submits("Go on").Sees("Start Value").Fills("Target Value", "100")
	dies.Store(true)
	r.alice.Submits("Save")
	dies.Store(false)
	r.alice.Submits("Save").Sees("KR-1 is added").Closes()
	r.isRead()
	if n := r.number("select count(*) from key_results"); n != 1 {
		t.Errorf("%d key results", n)
	}
}

// Where the view after a button never came, the same button shows it.
func TestAButtonOfAStepThatWasLeftShowsWhereTheWizardIs(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.alice.Types("/okr add-kr").Fills("Key Result", "Fewer open incidents").Submits("Next").Sees("Scorecard")
	v, _ := r.slack.Top("alice")
	r.refusalsExpected = true
	fix := r.slack.Break(slack.Fault{Method: "views.update", Error: "internal_error"})
	r.alice.Presses("Back").Sees("Slack did not show the window").Closes()
	fix()
	r.alice.Presses("Back").Sees("== Add key result ==", "Fewer open incidents").Submits("Next").Sees("Scorecard")
	if now, _ := r.slack.Top("alice"); now.ID != v.ID {
		t.Error("it is another window")
	}
}

// Buttons hold ids of ours: they work though nobody knows any more where their message stands.
func TestButtonsWorkThoughTheirMessageIsForgotten(t *testing.T) {
	r := ready(t)
	r.settles()
	r.do("update cards set message_ts = '', shows = null")
	r.collects(90)
	r.alice.Presses("Sync Integration Data").Sees("→ 90")
	r.alice.Presses("Details").Sees("Fewer open incidents").Closes()
}

// Who waits for a scorecard that a process was reading, which ended before it could show it, has it read again.
func TestAScorecardIsReadAgainWhereNobodyShowsIt(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.alice.Types("/okr add-kr").Fills("Key Result", "Fewer open incidents").Submits("Next").Sees("Scorecard")
	fix := r.servicenow.Break(servicenow.Fault{Kind: servicenow.Slow, After: 30})
	r.alice.Chooses("Scorecard", "Number of open incidents").Submits("Connect").
		Sees("Reading the scorecard from ServiceNow", "what you entered is kept")
	fix()
	r.alice.Submits("Read again").Sees("Start Value").Fills("Target Value", "100").Submits("Save").Sees("KR-1 is added").Closes()
	r.isRead()
	if n := r.number("select count(*) from key_results"); n != 1 {
		t.Errorf("%d key results", n)
	}
}
