package slack

import (
	"strconv"
	"time"
)

// Uninstall removes the app from the workspace: its calls are refused with this error from now on.
func (s *Slack) Uninstall(refused string) { s.mu.Lock(); s.removed = refused; s.mu.Unlock() }

// Install installs the app again, with the token it had.
func (s *Slack) Install() { s.mu.Lock(); s.removed = ""; s.mu.Unlock() }

// SaysGoodbye tells the app that it was removed: its token first, then the app, which come in any order.
func (s *Slack) SaysGoodbye() {
	for _, event := range []map[string]any{
		{"type": "tokens_revoked", "tokens": map[string]any{"oauth": []string{}, "bot": []string{s.botUser}}, "event_ts": s.stamp()},
		{"type": "app_uninstalled", "event_ts": s.stamp()},
	} {
		s.mu.Lock()
		outer := s.event(event)
		s.mu.Unlock()
		kind, _ := event["type"].(string)
		s.deliver(kind, "/slack/events", outer, nil)
	}
}

func (s *Slack) stamp() string { s.mu.Lock(); defer s.mu.Unlock(); return s.ts() }

// TellChange is Slack telling the app that a person was changed. The real one does so by itself, sooner
// or later; ChangePerson does not, since the app must not need it.
func (s *Slack) TellChange(person string) {
	s.mu.Lock()
	user := s.user(s.byName(person))
	event := s.event(map[string]any{"type": "user_change", "user": user, "cache_ts": time.Now().Unix(), "event_ts": s.ts()})
	s.mu.Unlock()
	s.deliver("user_change", "/slack/events", event, nil)
}

// event is the envelope of an event.
func (s *Slack) event(inner map[string]any) map[string]any {
	return map[string]any{
		"token": "legacy", "team_id": s.o.TeamID, "api_app_id": s.o.AppID, "type": "event_callback",
		"event_id": "Ev" + strconv.FormatInt(s.next(), 36) + strconv.FormatInt(time.Now().UnixNano(), 36), "event_time": time.Now().Unix(),
		"event": inner,
	}
}

// OpenHome is a person looking at the app's Home tab.
func (s *Slack) OpenHome(person string) {
	s.mu.Lock()
	p := s.byName(person)
	event := s.event(map[string]any{"type": "app_home_opened", "user": p.ID, "channel": s.im(p.ID).ID, "tab": "home", "event_ts": s.ts()})
	s.mu.Unlock()
	s.tries("app_home_opened", event)
}
