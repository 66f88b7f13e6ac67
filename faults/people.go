package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/bot/view"
	"okrbot/sandbox/slack"
)

// staff are people who go on with their work whatever happens, and remember what they were told.
type staff struct {
	office *office
	client *http.Client
	asked  atomic.Int64 // requests so far, which makes each another one
	answer atomic.Int64 // of these, with words

	mu       sync.Mutex
	checkIns map[string]verdict // by their note
	events   []*event
	paused   map[int64]bool // key results that are, as was said last; not there: nobody knows
	syncs    map[int64]time.Time
}

// verdict is what somebody was told of what they asked for.
type verdict string

const (
	done    verdict = "done"
	refused verdict = "refused" // nothing was saved
	silence verdict = "silence" // no answer, or one that nobody reads
)

func newStaff(o *office) *staff {
	return &staff{office: o, client: &http.Client{Timeout: 3 * time.Second}, checkIns: map[string]verdict{}, paused: map[int64]bool{}, syncs: map[int64]time.Time{}}
}

// work has everybody do one thing after the other until ctx ends.
func (s *staff) work(ctx context.Context, round int) {
	var all sync.WaitGroup
	for n := range persons {
		random := rand.New(rand.NewPCG(s.office.seed, uint64(round*persons+n)))
		all.Go(func() {
			for ctx.Err() == nil {
				s.acts(n, random)
				select {
				case <-ctx.Done():
				case <-time.After(time.Duration(50+random.IntN(500)) * time.Millisecond):
				}
			}
		})
	}
	all.Wait()
}

// acts is one thing that somebody does.
func (s *staff) acts(n int, random *rand.Rand) {
	own := s.office.known.followers[n]
	switch random.IntN(13) {
	case 0, 1, 2, 3:
		s.checksIn(n)
	case 4:
		s.pauses(n, own, "pause", "is paused")
	case 5:
		s.pauses(n, own, "resume", "goes on")
	case 6, 7:
		s.syncsByHand(n, s.office.known.followers[persons*(1+random.IntN(keyResults/persons-1))+n])
	case 8:
		s.types(n, []string{"list", "list all", "help", "show KR-1"}[random.IntN(4)])
	case 9:
		s.pries(n)
	case 10, 11:
		s.fillsIn(n, random)
	case 12:
		s.looksHome(n, random)
	}
}

// checksIn enters a value with a note that nobody else has, and is whether that was answered, and how.
func (s *staff) checksIn(n int) (answer verdict) {
	value := s.asked.Add(1)
	note := fmt.Sprintf("note-%d-%d", s.office.seed, value)
	said, answer := s.types(n, fmt.Sprintf("check-in KR-%d %d %s", n+1, value, note))
	told := answer
	if told == done && !strings.Contains(said, "Saved.") {
		told = silence
	}
	s.mu.Lock()
	s.checkIns[note] = told
	s.mu.Unlock()
	return answer
}

func (s *staff) pauses(n int, k follower, verb, says string) {
	said, told := s.types(n, fmt.Sprintf("%s KR-%d", verb, k.number))
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case told == done && (strings.Contains(said, says) || strings.Contains(said, "paused already") || strings.Contains(said, "not paused")):
		s.paused[k.id] = verb == "pause"
	case told != refused:
		delete(s.paused, k.id)
	}
}

func (s *staff) syncsByHand(n int, k follower) {
	began := s.office.now()
	said, told := s.types(n, fmt.Sprintf("sync KR-%d", k.number))
	if told == done && strings.Contains(said, "You will hear the outcome") {
		s.mu.Lock()
		s.syncs[k.id] = began
		s.mu.Unlock()
	}
}

// pries presses a button with the id of a key result of another workspace.
func (s *staff) pries(n int) {
	payload := fmt.Sprintf(`{"type":"block_actions","team":{"id":%q},"user":{"id":%q,"team_id":%[1]q},"api_app_id":"A0OKRBOT","trigger_id":"t%[3]d","response_url":"%[4]s/response/none","channel":{"id":%[5]q},"actions":[{"type":"button","action_id":%[6]q,"block_id":"b","value":"%[7]d"}]}`,
		team, person(n), s.asked.Add(1), s.office.chat.server.URL, channel(0), view.ActionDetails, s.office.known.stranger)
	s.posts("/slack/interactions", url.Values{"payload": {payload}})
}

// types is a command of somebody's, and what they read.
func (s *staff) types(n int, text string) (string, verdict) {
	return s.posts("/slack/commands", url.Values{
		"team_id": {team}, "api_app_id": {"A0OKRBOT"}, "user_id": {person(n)}, "channel_id": {channel(0)}, "command": {"/okr"}, "text": {text},
		"trigger_id": {fmt.Sprintf("t%d", s.asked.Add(1))}, "response_url": {s.office.chat.server.URL + "/response/none"},
	})
}

// posts brings something to one of the replicas that live.
func (s *staff) posts(path string, form url.Values) (string, verdict) {
	to := s.office.alive()
	if to == nil {
		return "", silence
	}
	req, err := slack.Signed(context.Background(), "http://"+to.listen+path, secrets["signing secret"], "application/x-www-form-urlencoded", []byte(form.Encode()), time.Now())
	if err != nil {
		return "", silence
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return "", silence
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	said := string(raw)
	switch {
	case err != nil || resp.StatusCode != http.StatusOK:
		return said, silence
	case strings.Contains(said, "othing was saved") || strings.Contains(said, "othing was done"):
		s.answer.Add(1)
		return said, refused
	}
	s.answer.Add(1)
	return said, done
}

// everythingGoesOn resumes what was paused.
func (s *staff) everythingGoesOn(ctx context.Context) error {
	for n := range persons {
		k := s.office.known.followers[n]
		for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
			s.pauses(n, k, "resume", "goes on")
			s.mu.Lock()
			paused, known := s.paused[k.id]
			s.mu.Unlock()
			if known && !paused {
				break
			}
			if time.Since(began) > 30*time.Second || ctx.Err() != nil {
				return fmt.Errorf("KR-%d cannot be resumed", k.number)
			}
		}
	}
	return nil
}

// accounts compares what people were told with what there is, and forgets it.
func (s *staff) accounts(ctx context.Context, conn *pgx.Conn) (list []finding, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if list, err = s.accountsForEvents(ctx, conn); err != nil {
		return nil, err
	}
	notes := make([]string, 0, len(s.checkIns))
	for note := range s.checkIns {
		notes = append(notes, note)
	}
	there := map[string]int{}
	rows, err := conn.Query(ctx, "select note, count(*)::int from check_ins where note = any ($1) group by note", notes)
	if err != nil {
		return nil, err
	}
	var note string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&note, &n}, func() error { there[note] = n; return nil }); err != nil {
		return nil, err
	}
	for note, told := range s.checkIns {
		switch n := there[note]; {
		case told == done && n == 0:
			list = append(list, finding{lost, "a check-in that was acknowledged is not there: " + note})
		case told == refused && n > 0:
			list = append(list, finding{lost, "a check-in that was refused is there: " + note})
		case n > 1:
			list = append(list, finding{doubled, "a check-in is there more than once: " + note})
		}
	}
	for id, paused := range s.paused {
		var is bool
		if err := conn.QueryRow(ctx, "select paused from key_results where id = $1", id).Scan(&is); err != nil {
			return nil, err
		}
		if is != paused {
			list = append(list, finding{lost, fmt.Sprintf("key result %d is paused: %v, which is not what was said", id, is)})
		}
	}
	for id, at := range s.syncs {
		var asked bool
		if err := conn.QueryRow(ctx, "select coalesce(forced_at >= $2, false) from key_results where id = $1", id, at.Add(-time.Second)).Scan(&asked); err != nil {
			return nil, err
		}
		if !asked {
			list = append(list, finding{lost, fmt.Sprintf("the sync of key result %d that was acknowledged is not on record", id)})
		}
	}
	s.checkIns, s.syncs = map[string]verdict{}, map[int64]time.Time{}
	return list, nil
}
