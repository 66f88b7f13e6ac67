package bot_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"okrbot"
	"okrbot/bot"
	"okrbot/bot/view"
	"okrbot/sandbox/slack"
	"okrbot/sandbox/slack/conversation"
	"okrbot/store/storetest"
)

// TestAMentionIsACommand: it answers as the command does, to the writer alone, and in the thread that the
// message stands in.
func TestAMentionIsACommand(t *testing.T) {
	r := newRoom(t)
	r.byHand("Fewer incidents", "12")
	r.alice.Types("@okrbot list").Sees("*All key results*", "*KR-1*")
	r.bob.DoesNotSee("*All key results*")
	r.alice.Types("@okrbot: check-in fewer incidents 7 after the audit").Sees("Saved.", "*KR-1* Fewer incidents  7")
	r.bob.DoesNotSee("Saved.")
	r.alice.Types("how is it @okrbot help sync, thanks").Sees("so `thanks` was not understood")
	r.alice.Types("@okrbot").Sees("*My objectives*")
	r.alice.Types("list mine @okrbot").Sees("*My key results*")
	r.alice.Types("@okrbot shwo KR-1").Sees("okrbot did not understand `shwo KR-1`. Did you mean `/okr show`?")
	r.alice.Types("@okrbot what do we know of KR-1?").Sees("okrbot did not understand `what do we know of KR-1?`. Did you mean `/okr show KR-1`?")
	r.alice.Types("@okrbot how do we stand?").Sees("okrbot did not understand `how do we stand?`. `/okr help` lists all commands; a mention takes them without `/okr`.")
	r.alice.Types("@okrbot could you show KR-1 to us").Sees("okrbot did not understand `could you show KR-1 to us`. Did you mean `/okr show KR-1`?")
	r.alice.Types("/okr could you show us all").Sees("There is no command `/okr could`. Did you mean `/okr show`?")
	r.alice.Types("@okrbot /okr list mine").Sees("*My key results*")
	r.alice.Types("@okrbot /okr").Sees("*My objectives*")
	r.alice.Types("hello @okrbot").Sees("okrbot did not understand `hello`. `/okr help` lists all commands")
	r.alice.Types("/okr hepl").Sees("There is no command `/okr hepl`. `/okr help` lists all commands")

	// Who shows somebody a command does not give it.
	before := r.slack.Calls("chat.postEphemeral")
	r.alice.Types("write `<@U0OKRBOT> list` to see all")
	r.alice.Types("```<@U0OKRBOT> list``` does it")
	r.alice.Types("`<@U0OKRBOT> list` is what I mean, (<@U0OKRBOT>) @okrbot help sync").Sees("*`/okr sync KR-1 … | all`*")
	if n := r.slack.Calls("chat.postEphemeral"); n != before+1 {
		t.Errorf("%d answers", n-before)
	}

	// What needs a form says so: nothing but a press can open one.
	r.alice.Types("@okrbot edit fewer incidents").SeesNoModal().Sees("*Edit KR-1* opens in a window.").
		Presses("Open").Sees("Key Result: Fewer incidents").Closes()
	r.alice.Types("@okrbot KR-1").Sees("*KR-1* opens in a window.").Presses("Open").Sees("== KR-1 ==").Closes()
	r.alice.Types("@okrbot check-in KR-1 "+strings.Repeat("going well ", 200)).Sees("*Check in on KR-1* opens in a window, and the 2", "characters that were written for it are more than a button carries. Nothing was done.")
	r.bob.Types("@okrbot check-in KR-1 9").Sees("You may not check in on KR-1. Ask <@U0ALICE>.")

	// In a thread the answer stands in the thread.
	r.bob.Types("who knows how we stand?")
	r.carol.RepliesTo("who knows how we stand?", "@okrbot list at-risk")
	r.carol.Sees("No key result is at risk.")
	for _, m := range r.messagesOf("carol", "No key result is behind") {
		if m.Thread == "" || m.Ephemeral != "U0CAROL" {
			t.Errorf("the answer stands in thread %q and is seen by %q", m.Thread, m.Ephemeral)
		}
	}
	// Where the bot is not, Slack tells it nothing.
	before = r.slack.Calls("chat.postEphemeral")
	r.alice.In("#general").Types("@okrbot list").Sees("You mentioned @okrbot, but they are not in this channel.")
	if n := r.slack.Calls("chat.postEphemeral"); n != before {
		t.Errorf("%d answers", n-before)
	}
}

// messagesOf are the messages of a channel that somebody sees and that hold the words.
func (r *room) messagesOf(person, words string) []slack.Message {
	var list []slack.Message
	for _, c := range r.slack.Sees(person).Channels {
		for _, m := range c.Messages {
			if strings.Contains(m.Read(), words) {
				list = append(list, m)
			}
		}
	}
	return list
}

// TestAMentionIsForThoseWhoMayTypeTheCommand: guests look, strangers and bots do nothing.
func TestAMentionIsForThoseWhoMayTypeTheCommand(t *testing.T) {
	r := newRoom(t)
	r.byHand("Fewer incidents", "12")
	r.slack.AddPerson(slack.Person{ID: "U0STRANGER", Name: "eve", RealName: "Eve", Foreign: true})
	r.slack.ChangeChannel("#it-okrs", func(c *slack.Channel) { c.Others, c.Members["U0STRANGER"] = []string{"T0THEIRS"}, true })
	eve := conversation.As(t, r.slack, "eve", "#it-okrs")
	eve.Types("@okrbot list").Sees("okrbot is for members of this workspace. Ask one of them to do it for you.")
	for _, m := range r.messagesOf("eve", "KR-1") {
		if m.Ephemeral != "" { // the card is for all in the channel
			t.Errorf("eve is told %q", m.Read())
		}
	}
	r.dave.Types("@okrbot list").Sees("*All key results*")
	r.dave.Types("@okrbot remove KR-1").Sees("You may not remove KR-1. Ask <@U0ALICE>.")
}

// mention is an event as Slack delivers it.
func (r *room) mention(id, text, more string) (status int) {
	r.t.Helper()
	status, _ = r.post(r.signed("/slack/events", "application/json", mentioned(id, text, more), time.Now()))
	return status
}

func mentioned(id, text, more string) string {
	return fmt.Sprintf(`{"type":"event_callback","team_id":"T0SANDBOX","api_app_id":"A0OKRBOT","event_id":%q,"event":{"type":"app_mention","user":"U0ALICE","channel":"C0ITOKRS","ts":"1764000000.000100","text":%q%s}}`, id, text, more)
}

// TestAMentionIsDoneOnce however often Slack delivers it.
func TestAMentionIsDoneOnce(t *testing.T) {
	r := newRoom(t)
	r.byHand("Fewer incidents", "12")
	for range 3 {
		if status := r.mention("Ev1", "<@U0OKRBOT> check-in KR-1 7", ""); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	}
	r.alice.Sees("Saved.")
	if n := r.number(`select count(*) from check_ins`); n != 1 {
		t.Errorf("%d check-ins", n)
	}
	if n := r.alice.Counts("Saved."); n != 1 {
		t.Errorf("%d answers", n)
	}
	if status := r.mention("Ev2", "<@U0OKRBOT> check-in KR-1 8", `,"bot_id":"B1"`); status != http.StatusOK {
		t.Errorf("a bot's mention: status %d", status)
	}
	if n := r.number(`select count(*) from check_ins`); n != 1 {
		t.Errorf("%d check-ins after a bot's mention", n)
	}
}

// TestAMentionIsDoneOnceThoughItsProcessDied after it was saved: Slack delivers it again, to another one.
func TestAMentionIsDoneOnceThoughItsProcessDied(t *testing.T) {
	r := newRoom(t)
	r.byHand("Fewer incidents", "12")
	deaf := storetest.NewDeaf(t, r.dsn)
	dying := r.another(storetest.Open(t, deaf.DSN), patience)
	t.Cleanup(dying.Close)
	if err := dying.Introduce(t.Context()); err != nil {
		t.Fatal(err)
	}
	deaf.Last.Store(true) // the commit is done, and it hears no more of the database
	body := mentioned("Ev1", "<@U0OKRBOT> check-in KR-1 7", "")
	dying.Handler().ServeHTTP(httptest.NewRecorder(), r.signed("/slack/events", "application/json", body, time.Now()))
	for range 2 {
		if status := r.mention("Ev1", "<@U0OKRBOT> check-in KR-1 7", ""); status != http.StatusOK {
			t.Errorf("delivered again: status %d", status)
		}
		r.later(6 * time.Second)
	}
	if n := r.number(`select count(*) from check_ins`); n != 1 {
		t.Errorf("%d check-ins", n)
	}
}

// TestANumberThatIsTypedWholeComesFirst: a number whose beginning it is may be of what is listed before.
func TestANumberThatIsTypedWholeComesFirst(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	r.addsObjective(r.alice, "Run a calm company")
	r.byHandForm("Fewer incidents", "Run a calm company")
	r.alice.Submits("Save").Sees("KR-2 is added").Closes()
	r.do("update objectives set last_day = last_day + 9 where number = 2")
	r.do("update key_results set number = 12 where number = 2")
	r.alice.Uses("Check in").Sees("== Check in ==")
	for typed, want := range map[string]string{"kr-1": "KR-1 Interviews held", "KR-12": "KR-12 Fewer incidents", "kr-": "KR-12 Fewer incidents"} {
		if got := r.suggested(view.BlockCheckInPick, typed); !strings.HasPrefix(got[strings.Index(got, "KR-"):], want) {
			t.Errorf("%s offers %s", typed, got)
		}
	}
	r.alice.Closes()
}

// TestShortcuts are what Slack's menus offer, and lead where the command leads.
func TestShortcuts(t *testing.T) {
	r := newRoom(t)
	r.bob.Uses("Check in").Sees("You have no key result to check in on.").Closes()
	r.byHand("Fewer incidents", "12")
	r.adds("Reach 99.9 uptime", "100")
	r.alice.Uses("My Objectives").Sees("== okrbot ==", "My objectives", "*KR-1*").Closes()
	r.alice.Uses("Add Key Result").Sees("== Add key result ==").Closes()
	r.alice.Uses("Check in").Sees("== Check in ==").Chooses("Key Result", "KR-2 Reach 99.9 uptime").Submits("Next").
		Sees("== Check in on KR-2 ==").Fills("Result Value", "99.5").Submits("Save").SeesNoModal().Sees("Saved.", "*KR-2* Reach 99.9 uptime  99.5")

	r.bob.Types("@okrbot list of the audit").Sees("List what?")
	r.alice.UsesOn("list of the audit", "Add as check-in note").Sees("== Add as check-in note ==", "@okrbot list of the audit").Closes()
	r.bob.Types("The audit is done, @alice: 3 & 4 are closed")
	r.alice.UsesOn("The audit is done", "Add as check-in note").
		Sees("== Add as check-in note ==", "The audit is done, @alice: 3 &amp; 4 are closed", "https://sandbox.slack.com/archives/C0ITOKRS/p").
		Chooses("Key Result", "KR-1 Fewer incidents").Submits("Next").
		Sees("== Check in on KR-1 ==", "Note: The audit is done, @alice: 3 & 4 are closed\nhttps://sandbox.slack.com/archives/C0ITOKRS/p").
		Fills("Result Value", "5").Submits("Save").SeesNoModal().Sees("*KR-1* Fewer incidents  5")
	r.alice.Types("/okr show KR-1").Sees("The audit is done, @alice").Closes()

	// Where okrbot may not see the message, the words are enough.
	r.alice.In("#leadership").Types("Between us: it goes well")
	r.refusalsExpected = true
	r.alice.UsesOn("Between us", "Add as check-in note").Sees("== Add as check-in note ==", "Between us: it goes well").
		Chooses("Key Result", "KR-1").Submits("Next").Sees("== Check in on KR-1 ==", "Note: Between us: it goes well\n[[Save]]").DoesNotSee("begins with no number").Closes()
	r.alice.In("#it-okrs")

	r.bob.UsesOn("The audit is done", "Add as check-in note").Sees("You have no key result to check in on.")
	r.carol.Uses("Check in").Sees("== Check in ==").Chooses("Key Result", "KR-1").Closes() // an administrator
	r.slack.AddPerson(slack.Person{ID: "U0STRANGER", Name: "eve", RealName: "Eve", Foreign: true})
	r.slack.ChangeChannel("#it-okrs", func(c *slack.Channel) { c.Others, c.Members["U0STRANGER"] = []string{"T0THEIRS"}, true })
	conversation.As(t, r.slack, "eve", "#it-okrs").Uses("My Objectives").Sees("okrbot is for members of this workspace.").DoesNotSee("My objectives")
}

// TestTheManifestHasTheShortcutsThatAreServed, under the names that fit Slack's menus.
func TestTheManifestHasTheShortcutsThatAreServed(t *testing.T) {
	var told []string
	for _, s := range okrbot.Shortcuts() {
		told = append(told, s.Callback)
		if n := len([]rune(s.Name)); n == 0 || n > 24 {
			t.Errorf("%q has %d characters; Slack takes 24", s.Name, n)
		}
	}
	slices.Sort(told)
	if served := bot.Shortcuts(); !slices.Equal(told, served) {
		t.Errorf("the manifest has %q, and served are %q", told, served)
	}
}
