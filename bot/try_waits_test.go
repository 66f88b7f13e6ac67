package bot_test

import (
	"net/http"
	"testing"
	"time"

	sandbox "okrbot/sandbox/servicenow"
	"okrbot/sandbox/slack/conversation"
)

// leftAlone counts the connections that wait because ServiceNow asked for it, and forgets what it was asked.
func (r *room) leftAlone() int {
	r.t.Helper()
	r.servicenow.ForgetCalls()
	return r.number("select count(*) from connections where waiting_until > now()")
}

// A sign-in that is only tried heeds what ServiceNow asked of the workspace's connections, and what it is asked
// itself holds for them; whoever tries is told for how long.
func TestASignInThatIsTriedWaitsAsConnectionsDo(t *testing.T) {
	t.Parallel()
	const says = "ServiceNow asked us to wait: too many requests. Try again in 50 minutes."
	t.Run("InSlack", func(t *testing.T) {
		r := newRoom(t)
		r.connects(r.alice)
		fix := r.servicenow.Break(sandbox.Fault{Kind: sandbox.RateLimit, After: 3000})
		r.alice.Types("/okr connections").Presses("Manage").Presses("Reconnect").Sees("Another sign-in for").
			Fills("Username", "okr.reader").Fills("Password", "sandbox").Submits("Connect").Sees(says)
		fix()
		if n := r.leftAlone(); n != 1 {
			t.Errorf("%d connections wait, want 1", n)
		}
		r.alice.Submits("Connect").Sees(says)
		if calls := r.servicenow.Calls(); len(calls) != 0 {
			t.Errorf("ServiceNow was asked %d times while it wants to be left alone", len(calls))
		}
		r.alice.Closes()
		r.alice.Closes()
		r.later(51 * time.Minute)
		r.alice.Types("/okr connections").Presses("Manage").Presses("Reconnect").Sees("Another sign-in for").
			Fills("Username", "okr.reader").Fills("Password", "sandbox").Submits("Connect").Sees("is connected")
	})
	t.Run("BeforeThereIsAConnection", func(t *testing.T) {
		r := newRoom(t)
		tries := func(p *conversation.Person) *conversation.Person {
			return p.Types("/okr connect").Fills("ServiceNow URL", r.instance).Fills("Username", "okr.reader").Fills("Password", "sandbox").Submits("Connect")
		}
		fix := r.servicenow.Break(sandbox.Fault{Kind: sandbox.RateLimit, After: 3000})
		tries(r.alice).Sees(says).Closes()
		fix()
		r.servicenow.ForgetCalls()
		tries(r.bob).Sees(says).Closes()
		if calls := r.servicenow.Calls(); len(calls) != 0 {
			t.Errorf("ServiceNow was asked %d times while it wants to be left alone", len(calls))
		}
		r.later(51 * time.Minute)
		tries(r.bob).Sees("is connected")
		if err := r.store.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := r.number("select count(*) from host_waits"); n != 0 {
			t.Errorf("%d waits are kept that are over", n)
		}
	})
	t.Run("OnAPage", func(t *testing.T) {
		r := newPublicRoom(t)
		opens := func() *browser {
			r.alice.Types("/okr connect").Fills("ServiceNow URL", r.instance).Submits("Connect")
			return r.browser().opens(r.linkOf(r.alice, "alice"))
		}
		opens().sends("username", "okr.reader", "password", "sandbox").sees(http.StatusOK, "Connected")
		r.alice.Closes()
		b := opens()
		fix := r.servicenow.Break(sandbox.Fault{Kind: sandbox.RateLimit, After: 3000})
		b.sends("username", "okr.reader", "password", "sandbox").sees(http.StatusUnprocessableEntity, says)
		fix()
		if n := r.leftAlone(); n != 1 {
			t.Errorf("%d connections wait, want 1", n)
		}
		b.sends("username", "okr.reader", "password", "sandbox").sees(http.StatusUnprocessableEntity, says)
		if calls := r.servicenow.Calls(); len(calls) != 0 {
			t.Errorf("ServiceNow was asked %d times while it wants to be left alone", len(calls))
		}
	})
	t.Run("ByOAuth", func(t *testing.T) {
		r := oauthRoom(t)
		r.connectsByOAuth(r.alice, "alice")
		b := r.browser().opens(r.asksForOAuth(r.alice, "alice")).sees(http.StatusOK, "Go on to").sends()
		fix := r.servicenow.Break(sandbox.Fault{Kind: sandbox.TokenLimit, After: 3000})
		b.logsIn("allow").sees(http.StatusOK, "Not connected")
		fix()
		r.alice.Sees("is not connected", says).Closes()
		if n := r.leftAlone(); n != 1 {
			t.Errorf("%d connections wait, want 1", n)
		}
		r.browser().opens(r.asksForOAuth(r.alice, "alice")).sees(http.StatusOK, "Go on to").sends().sees(http.StatusUnprocessableEntity, says)
		if calls := r.servicenow.Calls(); len(calls) != 0 {
			t.Errorf("ServiceNow was asked %d times while it wants to be left alone", len(calls))
		}
	})
}
