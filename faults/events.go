package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/sandbox/slack"
)

// event is something that Slack tells okrbot until it was taken, four times at most: a mention with a
// check-in, or somebody looking at Home.
type event struct {
	at         time.Time // by the shifted clock
	body       string
	person     int
	note       string // of the check-in; empty: a look at Home
	thread     string // in which a mention is answered
	deliveries int
	taken      bool
}

// batch is how many events reach a replica at once before it dies.
const batch = 10

// struckEvents have replicas die over the events that they are just acting on: half of them at a random
// moment, half after a number of commits. It counts the events whose first delivery came to nothing.
func struckEvents(ctx context.Context, o *office, times int) (int, error) {
	struck := 0
	return o.rounds(ctx, times, func() int { return struck }, func(int) error {
		var left []*event
		first := o.pick(len(o.replicas))
		for n := range o.replicas {
			r := o.replicas[(first+n)%len(o.replicas)]
			list := o.staff.happens(batch)
			o.diesOver(r, func() { o.delivers(list, func() *replica { return r }) })
			left = append(left, untaken(list)...)
			o.delivers(untaken(list), o.alive) // at once, as Slack does
		}
		struck += len(left)
		if err := o.revive(ctx); err != nil {
			return err
		}
		if err := o.advance(ctx, time.Minute); err != nil {
			return err
		}
		o.diesOver(o.replicas[first], func() { o.delivers(untaken(left), o.alive) })
		if err := o.revive(ctx); err != nil {
			return err
		}
		if err := o.advance(ctx, 5*time.Minute); err != nil {
			return err
		}
		o.delivers(untaken(left), o.alive)
		for _, e := range untaken(left) {
			o.sawAtOnce = append(o.sawAtOnce, finding{lost, "an event was not taken in four deliveries: " + e.body})
		}
		return nil
	})
}

// diesOver kills a replica while something is done.
func (o *office) diesOver(r *replica, do func()) {
	if o.pick(2) == 0 {
		r.commits.Store(int64(1 + o.pick(3*batch)))
		do()
		r.commits.Store(0)
		r.kill() // where it did not come to so many
		return
	}
	var all sync.WaitGroup
	all.Go(do)
	time.Sleep(o.moment(150 * time.Millisecond))
	r.kill()
	all.Wait()
}

func untaken(list []*event) (left []*event) {
	for _, e := range list {
		if !e.taken {
			left = append(left, e)
		}
	}
	return left
}

// delivers brings events to whom it is told, all at once.
func (o *office) delivers(list []*event, to func() *replica) {
	_ = together(len(list), func(n int) error { // it has no error
		list[n].taken = o.staff.tells(to(), list[n])
		return nil
	})
}

// tells is one delivery of an event, and says whether it was taken.
func (s *staff) tells(to *replica, e *event) bool {
	e.deliveries++
	if to == nil {
		return false
	}
	req, err := slack.Signed(context.Background(), "http://"+to.listen+"/slack/events", secrets["signing secret"], "application/json", []byte(e.body), time.Now())
	if err != nil {
		return false
	}
	if e.deliveries > 1 {
		req.Header.Set("X-Slack-Retry-Num", fmt.Sprint(e.deliveries-1))
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.StatusCode == http.StatusOK
}

// happens has people mention okrbot, and now and then look at Home.
func (s *staff) happens(times int) (list []*event) {
	for range times {
		n := s.asked.Add(1)
		e := &event{at: s.office.now(), person: int(n) % persons, thread: fmt.Sprintf("1764000000.%06d", n)}
		inner := fmt.Sprintf(`{"type":"app_home_opened","user":%q,"tab":"home"}`, person(e.person))
		if s.office.pick(6) > 0 {
			e.note = fmt.Sprintf("note-%d-%d", s.office.seed, n)
			inner = fmt.Sprintf(`{"type":"app_mention","user":%q,"channel":%q,"ts":%[3]q,"thread_ts":%[3]q,"text":"<@U0OKRBOT> check-in KR-%[4]d %[5]d %[6]s"}`, person(e.person), channel(0), e.thread, e.person+1, n, e.note)
		}
		e.body = fmt.Sprintf(`{"type":"event_callback","team_id":%q,"api_app_id":"A0OKRBOT","event_id":"Ev%d","event":%s}`, team, n, inner)
		list = append(list, e)
	}
	s.mu.Lock()
	s.events = append(s.events, list...)
	s.mu.Unlock()
	return list
}

// hears is what somebody who mentioned okrbot can know of it: what was taken without a word that it was
// refused is there.
func (s *staff) hears(e *event) verdict {
	said := s.office.chat.heard(e.thread)
	switch {
	case !e.taken || strings.Contains(said, "Have a look before you do it again"):
		return silence
	case strings.Contains(said, "othing was saved") && !strings.Contains(said, "Saved."):
		if e.deliveries > 1 {
			return silence
		}
		return refused
	}
	return done
}

// accountsForEvents adds the check-ins of mentions to those that are accounted for, and looks at the rest.
func (s *staff) accountsForEvents(ctx context.Context, conn *pgx.Conn) (list []finding, err error) {
	for _, e := range s.events {
		if e.note != "" {
			s.checkIns[e.note] = s.hears(e)
			continue
		}
		var shown bool
		// The machine's two clocks are read one after the other.
		if err := conn.QueryRow(ctx, "select exists (select from homes where workspace_id = $1 and person_id = $2 and opened_at >= $3)", team, person(e.person), e.at.Add(-time.Second)).Scan(&shown); err != nil {
			return nil, err
		}
		if e.taken && !shown {
			list = append(list, finding{lost, "Home was opened, and is not followed: " + e.body})
		}
	}
	s.events = nil
	return list, nil
}
