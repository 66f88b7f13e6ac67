package jobs

import (
	"testing"
	"time"

	"okrbot/accounts"
)

// One that is slow has the notice for as long as its job may take.
func TestASlowNoticeIsToldOnce(t *testing.T) {
	r := newRoom(t)
	r.check(r.store.Notice(ctx, r.connection.ID, accounts.NoticeRefused))
	r.slack.noticing = func() {
		r.advance(90 * time.Second)
		r.tick()
	}
	r.tick()
	r.advance(5 * time.Minute)
	r.tick()
	r.wants("notices", r.slack.notices, []string{accounts.NoticeRefused})
}

// One that was frozen while it told a notice does not end what is to be told since.
func TestALateNoticeEndsNoOther(t *testing.T) {
	r := newRoom(t)
	r.check(r.store.Notice(ctx, r.connection.ID, accounts.NoticeRefused))
	r.slack.noticing = func() {
		r.advance(3 * time.Minute)
		r.tick()
		r.check(r.store.Notice(ctx, r.connection.ID, accounts.NoticeRefused))
	}
	r.tick()
	r.slack.notices = nil
	r.tick()
	r.wants("told of what came since", r.slack.notices, []string{accounts.NoticeRefused})
}
