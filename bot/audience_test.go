package bot_test

import (
	"strings"
	"testing"
	"time"

	"okrbot/sandbox/slack"
	"okrbot/sandbox/slack/conversation"
	"okrbot/store"
)

// posts are the bot's messages in a channel that everybody there sees.
func (r *room) posts(channel string) int {
	r.t.Helper()
	n := 0
	for _, c := range r.slack.Sees("alice").Channels {
		if c.Name != channel {
			continue
		}
		for _, m := range c.Messages {
			if m.User == "U0OKRBOT" && m.Ephemeral == "" {
				n++
			}
		}
	}
	return n
}

// stranger of another organisation, who sits in the channel that it is shared with.
func (r *room) mallory() *conversation.Person {
	r.t.Helper()
	return r.joins(slack.Person{ID: "U0MALLORY", Name: "mallory", RealName: "Mallory", Team: "T0THEIRS", Enterprise: "E0THEIRS", Admin: true})
}

// Before the first post in a channel that others see an administrator is asked, and nothing is posted or
// lost until one consents.
func TestNothingIsPostedToOthersBeforeAnAdministratorConsents(t *testing.T) {
	r := newRoom(t)
	r.slack.ShareWith("it-okrs", "T0THEIRS")
	mallory := r.mallory()
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "100")
	r.addsKeyResult(r.alice, "Happier customers", "Customer satisfaction", "4.5")
	r.alice.Types("/okr subscribe").Sees("the weekly digest goes to", "is shared with another organisation", "Nothing is posted there until an administrator of this workspace agrees")
	r.isRead()
	r.settles()
	r.alice.In("dm-U0ALICE").Sees("okrbot posts nothing in <#C0ITOKRS> for now: the channel is shared with another organisation", "This is about KR-1")
	r.carol.In("dm-U0CAROL").Sees("May okrbot post in <#C0ITOKRS>?", "is shared with another organisation, or will be as soon as they accept. Slack shows who they are in the details of the channel.", "*KR-1* Fewer open incidents, of <@U0ALICE>").DoesNotSee("T0THEIRS")
	// Days go by, values change, a digest falls due: nothing is said there, and nobody is asked twice.
	r.passes(1, 90)
	r.isRead()
	r.laterDays(8)
	r.settles()
	r.passes(1, 77)
	r.settles()
	if n := r.posts("it-okrs"); n != 0 {
		t.Errorf("%d posts before anybody consented:\n%s", n, r.alice.In("#it-okrs").Screen())
	}
	if n := r.carol.Counts("May okrbot post in"); n != 1 {
		t.Errorf("the administrator was asked %d times", n)
	}
	if n := r.number("select count(*) from announcements where channel_id = 'C0ITOKRS' and state in ('sent', 'parked')"); n != 0 {
		t.Errorf("%d announcements are said or given up", n)
	}
	if n := r.number("select count(*) from subscriptions where held_until > now()"); n != 0 {
		t.Error("the digest waits for more than the consent")
	}
	mallory.DoesNotSee("KR-1")
	// Answers to members go on.
	r.alice.In("#it-okrs").Types("/okr list").Sees("KR-1")
	// A yes: the cards, what changed as one message, and the digest.
	r.carol.Presses("Let okrbot post there").Sees("okrbot posts in <#C0ITOKRS>: <@U0CAROL> let it")
	r.alice.In("#it-okrs").Sees("→ 77", "*The week's key results*", "Happier customers")
	r.settles()
	if n := r.alice.Counts("→ 77"); n != 1 {
		t.Errorf("the change stands %d times:\n%s", n, r.alice.Screen())
	}
	if n := r.number("select count(*) from audit_events where actor_id = 'U0CAROL' and object = 'channel' and action = 'let okrbot post' and changes::text like '%C0ITOKRS%' and changes::text like '%T0THEIRS%'"); n != 1 {
		t.Errorf("%d entries in the audit", n)
	}
	if n := r.number("select count(*) from announcements where channel_id = 'C0ITOKRS' and state <> 'sent'"); n != 0 {
		t.Errorf("%d announcements still wait", n)
	}
}

// Who sees a channel is asked once a day, not with each post.
func TestWhoSeesAChannelIsAskedOnceADay(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "100")
	r.isRead()
	r.settles()
	for range 3 {
		r.alice.Types("/okr check-in KR-1").Sees("== Check in").Closes()
		r.do("update cards set dirty_at = now(), shows = null")
		r.do("update places set ready_at = now()")
		r.settles()
	}
	if n := r.slack.Calls("conversations.info"); n != 1 {
		t.Errorf("Slack was asked %d times", n)
	}
	r.later(25 * time.Hour)
	r.settles()
	if n := r.slack.Calls("conversations.info"); n > 2 {
		t.Errorf("Slack was asked %d times a day later", n)
	}
}

// A channel that comes to be shared later falls silent at once, its owner hears of it once, and it speaks
// again when the others are gone.
func TestAChannelThatIsSharedLaterFallsSilent(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "100")
	r.isRead()
	r.settles()
	before := r.posts("it-okrs")
	r.slack.ShareWith("it-okrs", "T0THEIRS")
	r.alice.In("dm-U0ALICE").Sees("okrbot posts nothing in <#C0ITOKRS> for now")
	r.slack.ShareWith("it-okrs", "T0THIRD")
	updates := r.slack.Calls("chat.update")
	r.passes(1, 77)
	r.settles()
	if n := r.alice.Counts("okrbot posts nothing in"); n != 1 {
		t.Errorf("the owner was told %d times:\n%s", n, r.alice.Screen())
	}
	if n, drawn := r.posts("it-okrs")-before, r.slack.Calls("chat.update")-updates; n != 0 || drawn != 0 {
		t.Errorf("%d posts and %d cards drawn while others look on", n, drawn)
	}
	r.slack.Unshare("it-okrs", "T0THEIRS")
	r.settles()
	if n := r.posts("it-okrs") - before; n != 0 {
		t.Errorf("%d posts while others are left", n)
	}
	r.slack.Unshare("it-okrs", "T0THIRD")
	r.alice.In("#it-okrs").Sees("→ 77")
	r.carol.In("dm-U0CAROL").Presses("Let okrbot post there").Sees("This channel is not shared with another organisation any more")
}

// A consent is for those who were there: others who come are asked about again, and who has gone and comes
// back too. It can be refused, and taken back.
func TestAConsentIsForThoseWhoWereThere(t *testing.T) {
	r := newRoom(t)
	r.slack.ShareWith("it-okrs", "T0THEIRS")
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "100")
	r.carol.In("dm-U0CAROL").Presses("Keep okrbot silent there").Sees("okrbot posts nothing in <#C0ITOKRS>: <@U0CAROL> keeps it silent there")
	r.alice.In("dm-U0ALICE").Sees("<@U0CAROL> decided that okrbot posts nothing in <#C0ITOKRS>")
	r.settles()
	if n := r.posts("it-okrs"); n != 0 {
		t.Errorf("%d posts after a no", n)
	}
	// In the settings it is let, and the numbers that were typed stay.
	r.carol.In("#it-okrs").Types("/okr settings").Sees("== Settings ==", "Channels shared with other organisations", "<@U0CAROL> decided so").
		Fills("On track up to", "12").Presses("Let okrbot post").Sees("okrbot posts there: <@U0CAROL> let it", "On track up to: 12").Closes()
	r.alice.In("#it-okrs").Sees("Fewer open incidents")
	r.settles()
	// Another organisation comes.
	before := r.posts("it-okrs")
	r.slack.ShareWith("it-okrs", "T0THIRD")
	r.carol.In("dm-U0CAROL").Sees("2 other organisations")
	r.passes(1, 77)
	r.settles()
	if n := r.posts("it-okrs") - before; n != 0 {
		t.Errorf("%d posts to an organisation that nobody consented to", n)
	}
	r.carol.In("#it-okrs").Types("/okr settings").Sees("== Settings ==").Presses("Let okrbot post").Sees("let it").Closes()
	r.alice.In("#it-okrs").Sees("→ 77")
	r.settles()
	// The consent is taken back.
	r.carol.In("#it-okrs").Types("/okr settings").Sees("== Settings ==").Presses("Stop posting").Sees("<@U0CAROL> decided so").Closes()
	before = r.posts("it-okrs")
	r.passes(1, 66)
	r.settles()
	if n := r.posts("it-okrs") - before; n != 0 {
		t.Errorf("%d posts after the consent was taken back", n)
	}
	if n := r.number("select count(*) from audit_events where object = 'channel' and action in ('kept okrbot silent', 'let okrbot post', 'took a consent back')"); n != 4 {
		t.Errorf("%d entries in the audit, want 4", n)
	}
	// All go, and one comes back: the old consent is no more.
	r.slack.Unshare("it-okrs", "T0THIRD")
	r.slack.Unshare("it-okrs", "T0THEIRS")
	r.alice.Sees("→ 66")
	r.settles()
	asked := r.carol.In("dm-U0CAROL").Counts("May okrbot post in")
	r.slack.ShareWith("it-okrs", "T0THEIRS")
	r.until("another question", func() bool { return r.carol.Counts("May okrbot post in") == asked+1 })
}

// Only administrators decide: not the owner, not a guest, not somebody of the other organisation who calls
// themselves one, not somebody who was an administrator when they were asked.
func TestOnlyAdministratorsDecideWhoReadsAlong(t *testing.T) {
	r := newRoom(t)
	r.slack.ShareWith("it-okrs", "T0THEIRS")
	r.mallory()
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "100")
	r.carol.In("dm-U0CAROL").Sees("May okrbot post in")
	value := r.consentValue()
	for who, says := range map[string]string{
		"U0ALICE": "the administrators' to decide", "U0DAVE": "the administrators' to decide", "U0MALLORY": "okrbot is for members of this workspace",
	} {
		for _, action := range []string{"channel_consent", "channel_silence"} {
			before := r.slack.Calls("chat.postMessage")
			if status, _ := r.post(r.pressedBy(who, action, value, "")); status != 200 {
				t.Errorf("%s: %d", who, status)
			}
			r.until(who+" being refused", func() bool { return r.slack.Calls("chat.postMessage") > before })
			_ = says
		}
	}
	r.alice.In("dm-U0ALICE").Sees("the administrators' to decide")
	r.becomes("carol", false, func(p *slack.Person) { p.Admin = false })
	r.later(6 * time.Minute)
	r.carol.Presses("Let okrbot post there").Sees("the administrators' to decide")
	r.settles()
	if n := r.posts("it-okrs") + r.number("select count(*) from audiences where consented_by <> '' or declined_by <> ''"); n != 0 {
		t.Errorf("somebody who may not has decided")
	}
	// Nor does a channel that is made up, or one of another mark.
	r.becomes("carol", true, func(p *slack.Person) { p.Admin = true })
	for _, forged := range []string{"C0GENERAL " + strings.Fields(value)[1], "C0ITOKRS", "C0ITOKRS 0000000000000000", "", "C0NEVER x"} {
		if status, _ := r.post(r.pressedBy("U0CAROL", "channel_consent", forged, "")); status != 200 {
			t.Errorf("%q: %d", forged, status)
		}
	}
	r.settles()
	if n := r.number("select count(*) from audiences where consented_by <> ''"); n != 0 {
		t.Errorf("a forged button let okrbot post")
	}
}

// consentValue is what the buttons of the question carry.
func (r *room) consentValue() string {
	r.t.Helper()
	for _, c := range r.slack.Sees("carol").Channels {
		for _, m := range c.Messages {
			for _, b := range m.Blocks {
				list, _ := b["elements"].([]any)
				for _, e := range list {
					if button, _ := e.(map[string]any); button["action_id"] == "channel_consent" {
						return button["value"].(string)
					}
				}
			}
		}
	}
	r.t.Fatal("nobody was asked")
	return ""
}

// What is shared within an Enterprise Grid is its own; an invitation that waits is as good as accepted.
func TestWhoCountsAsOthers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit   func(*slack.Channel)
		silent bool
	}{
		"InTheGrid": {func(c *slack.Channel) { c.OrgWide = true }, false},
		"Invited":   {func(c *slack.Channel) { c.Invited = []string{"T0THEIRS"} }, true},
		"Both":      {func(c *slack.Channel) { c.OrgWide, c.Others = true, []string{"T0THEIRS"} }, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, inAGrid)
			r.slack.ChangeChannel("it-okrs", c.edit)
			r.connects(r.alice)
			r.addsObjective(r.alice, "Run a calm service desk")
			r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "100")
			r.isRead()
			r.settles()
			if n := r.posts("it-okrs"); (n == 0) != c.silent {
				t.Errorf("%d posts", n)
			}
		})
	}
}

// Where Slack does not tell an app who sees a channel, nothing is posted without a consent; where it does
// not answer, nothing before it does.
func TestWhereSlackDoesNotSayNothingIsPosted(t *testing.T) {
	t.Parallel()
	t.Run("WithoutTheScope", func(t *testing.T) {
		r := newRoom(t, func(_ *room, o *slack.Options) {
			o.Scopes = []string{"commands", "chat:write", "users:read", "im:write", "files:write"}
		})
		r.refusalsExpected = true
		r.connects(r.alice)
		r.addsObjective(r.alice, "Run a calm service desk")
		r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "100")
		r.carol.In("dm-U0CAROL").Sees("Slack does not tell okrbot whether people of another organisation see <#C0ITOKRS> (`missing_scope`)")
		r.settles()
		if n := r.posts("it-okrs"); n != 0 {
			t.Errorf("%d posts", n)
		}
		// Nor does okrbot say that it is shared, wherever it speaks of it.
		const untold = "Slack does not tell okrbot whether people of another organisation see <#C0ITOKRS>"
		r.alice.In("#it-okrs").Types("/okr subscribe").Sees(untold, "Nothing is posted there until an administrator of this workspace agrees")
		r.carol.Presses("Keep okrbot silent there").Sees("okrbot posts nothing in <#C0ITOKRS>")
		r.alice.In("dm-U0ALICE").Sees("since people of another organisation may see it")
		r.carol.In("#it-okrs").Types("/okr settings").Sees("== Settings ==", "Channels that people of other organisations see, or may see", untold).
			DoesNotSee("shared with").Presses("Let okrbot post").Sees("okrbot posts there: <@U0CAROL> let it").Closes()
		r.alice.In("#it-okrs").Sees("Fewer open incidents").DoesNotSee("is shared with another organisation")
	})
	t.Run("WithoutAnAnswer", func(t *testing.T) {
		r := newRoom(t)
		r.refusalsExpected = true
		fix := r.slack.Break(slack.Fault{Method: "conversations.info", Error: "fatal_error"})
		r.connects(r.alice)
		r.addsObjective(r.alice, "Run a calm service desk")
		r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "100")
		r.isRead()
		r.settles()
		if n := r.posts("it-okrs"); n != 0 {
			t.Errorf("%d posts", n)
		}
		fix()
		r.later(10 * time.Minute)
		r.alice.In("#it-okrs").Sees("Fewer open incidents")
		r.settles()
		// What it said goes on while it does not answer, unless it told of a change.
		defer r.slack.Break(slack.Fault{Method: "conversations.info", Error: "fatal_error"})()
		r.passes(2, 77)
		r.alice.Sees("→ 77")
		r.settles()
		before := r.posts("it-okrs")
		r.slack.ShareWith("it-okrs", "T0THEIRS")
		r.passes(1, 66)
		r.settles()
		if n := r.posts("it-okrs") - before; n != 0 {
			t.Errorf("%d posts though others came", n)
		}
	})
}

// The summary of an objective that is closed out waits like everything else.
func TestASummaryWaitsForAConsentToo(t *testing.T) {
	r := newRoom(t)
	r.slack.ShareWith("it-okrs", "T0THEIRS")
	r.addsObjective(r.alice, "Run a calm service desk")
	r.checksIn("Answer faster", "10", "12")
	r.beyond(r.objective(), 1)
	r.alice.Types("/okr close-out").Sees("== Close out").Submits("Close out").SeesNoModal()
	r.carol.In("dm-U0CAROL").Sees("May okrbot post in")
	r.settles()
	if n := r.posts("it-okrs"); n != 0 {
		t.Errorf("%d posts", n)
	}
	r.carol.Presses("Let okrbot post there")
	r.later(2 * time.Minute)
	r.alice.In("#it-okrs").Sees("Run a calm service desk")
}

// What people post to a channel while it waits for a consent is more than Slack takes in one message: all of
// it is said, in as many as it takes.
func TestAllThatWasPostedMeanwhileIsSaid(t *testing.T) {
	r := newRoom(t)
	r.slack.ShareWith("it-okrs", "T0THEIRS")
	const most = 20
	r.shelf(1, most, 1)
	list, err := r.store.KeyResults(t.Context(), r.slack.Options().TeamID, storeFilter)
	if err != nil || len(list) != most {
		t.Fatal(len(list), err)
	}
	r.alice.Types("/okr show KR-1").Presses("Post to channel").Sees("appears in <#C0ITOKRS>").Closes().Closes()
	r.carol.In("dm-U0CAROL").Sees("May okrbot post in")
	err = r.store.InTx(t.Context(), func(tx *store.Tx) error {
		var posts []store.Announcement
		for _, k := range list {
			posts = append(posts, store.Announcement{Workspace: k.Workspace, Channel: k.Channel, KeyResult: k.ID, Kind: store.NewsPosted, By: "U0BOB"})
		}
		return tx.Announce(t.Context(), posts)
	})
	if err != nil {
		t.Fatal(err)
	}
	r.carol.Presses("Let okrbot post there")
	r.settles()
	if n := r.number("select count(*) from announcements where state <> 'sent'"); n != 0 {
		t.Errorf("%d were not said", n)
	}
	if n := strings.Count(r.alice.Screen(), "posted by"); n != most {
		t.Errorf("%d are posted, want %d:\n%s", n, most, r.alice.Screen())
	}
}

// Where others come while the settings are open, the question is over them, and they stay as they were typed.
func TestAQuestionOverTheSettingsLeavesThem(t *testing.T) {
	r := newRoom(t)
	r.slack.ShareWith("it-okrs", "T0THEIRS")
	r.addsObjective(r.alice, "Run a calm service desk")
	r.checksIn("Answer faster", "10", "12")
	r.carol.In("dm-U0CAROL").Sees("May okrbot post in")
	r.carol.In("#it-okrs").Types("/okr settings").Sees("== Settings ==").Fills("On track up to", "12")
	known := func(organisations int) {
		t.Helper()
		r.until("others being known", func() bool {
			return r.number("select count(*) from audiences where cardinality(others) = $1 and asked_at is not null", organisations) == 1
		})
	}
	r.slack.ShareWith("it-okrs", "T0THIRD")
	known(2)
	r.carol.Presses("Let okrbot post").Sees("Others have come since you were asked")
	r.slack.ShareWith("it-okrs", "T0FOURTH")
	known(3)
	r.carol.Presses("Let okrbot post there").Sees("Others have come since you were asked", "3 other organisations").
		Presses("Let okrbot post there").Sees("okrbot posts in <#C0ITOKRS>: <@U0CAROL> let it").DoesNotSee("On track up to").Closes().
		Sees("== Settings ==", "On track up to: 12").Submits("Save").SeesNoModal()
	if n := r.number("select count(*) from audiences where consented_by = 'U0CAROL'"); n != 1 {
		t.Error("it was not let")
	}
}
