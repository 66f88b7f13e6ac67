package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/bot/view"
	"okrbot/sandbox/slack"
)

// name is what Slack calls somebody.
func name(n int) string { return strings.ToLower(person(n)) }

// fillsIn checks in by the form, as people do: some press Save twice, and some press it again where Slack
// says that it had trouble.
func (s *staff) fillsIn(n int, random *rand.Rand) {
	chat := s.office.chat.slack
	defer s.closesAll(n)
	form := fmt.Sprintf("/okr check-in KR-%d", n+1)
	if chat.Types(name(n), strings.ToLower(channel(0)), form) != nil || !s.looksAt(n, view.CallbackCheckIn) {
		return
	}
	value := s.asked.Add(1)
	note := fmt.Sprintf("note-%d-%d", s.office.seed, value)
	if chat.Fill(name(n), "Result Value", fmt.Sprint(value)) != nil || chat.Fill(name(n), "Note", note) != nil {
		return
	}
	presses := 1 + random.IntN(4)/3
	var hands sync.WaitGroup
	for range presses {
		hands.Go(func() { _ = chat.Submit(name(n)) }) // the form may be closed by the other hand
	}
	hands.Wait()
	told := s.toldInForm(n, presses > 1)
	if told == silence && random.IntN(2) == 0 {
		_ = chat.Submit(name(n)) // what became of it is seen below
		told = s.toldInForm(n, true)
	}
	if told != silence {
		s.answer.Add(1)
	}
	s.mu.Lock()
	s.checkIns[note] = told
	s.mu.Unlock()
}

// toldInForm is what somebody was told in the form that they sent. What was sent more than once and
// refused may have been taken the other time.
func (s *staff) toldInForm(n int, repeatedly bool) verdict {
	v, open := s.office.chat.slack.Top(name(n))
	switch {
	case !open:
		return done
	case v.Trouble == "" && !repeatedly && strings.Contains(v.Text(), "othing was saved"):
		return refused
	}
	return silence
}

// looksAt waits for a form, which Slack opens a moment after the command was answered.
func (s *staff) looksAt(n int, callback string) bool {
	for began := time.Now(); time.Since(began) < 2*time.Second; time.Sleep(20 * time.Millisecond) {
		if v, open := s.office.chat.slack.Top(name(n)); open {
			return v.Content["callback_id"] == callback
		}
	}
	return false
}

func (s *staff) closesAll(n int) {
	for range 4 { // three lie over each other at most
		if _, open := s.office.chat.slack.Top(name(n)); !open {
			return
		}
		s.office.chat.slack.Dismiss(name(n))
	}
}

// homePresses change nothing but what a Home tab shows, or open something to look at.
var homePresses = []string{
	view.ActionHomeOpen, view.ActionHomeHide, view.ActionHomeNeeds, view.ActionHomeNeedsTo, view.ActionHomeFew, view.ActionHomePage,
	view.ActionHomePageTo, view.ActionHomeIn, view.ActionHomeInTo, view.ActionHomeFilter, view.ActionDetails, view.ActionCheckIn,
}

// looksHome opens the Home tab, and presses something in it.
func (s *staff) looksHome(n int, random *rand.Rand) {
	s.asked.Add(1)
	chat := s.office.chat.slack
	chat.OpenHome(name(n))
	home := chat.Sees(name(n)).Home
	if home == nil {
		return
	}
	buttons := buttonsOf(*home, homePresses)
	if len(buttons) == 0 {
		return
	}
	defer s.closesAll(n)
	b := buttons[random.IntN(len(buttons))]
	s.asked.Add(1)
	_ = chat.Act(name(n), home.ID, b.block, b.action, nil) // it may show something else by now
}

type pressable struct{ block, action string }

// buttonsOf are those of a view that are among some.
func buttonsOf(v slack.SeenView, among []string) (list []pressable) {
	for _, b := range v.Blocks() {
		block, _ := b["block_id"].(string)
		elements, _ := b["elements"].([]any)
		for _, e := range append(elements, b["accessory"]) {
			e, _ := e.(map[string]any)
			action, _ := e["action_id"].(string)
			if e["type"] == "button" && slices.Contains(among, action) {
				list = append(list, pressable{block, action})
			}
		}
	}
	return list
}

// clockTimes are what each reader's Slack keeps current in a view.
var clockTimes = regexp.MustCompile(`<!date[^>]*>`)

// checkHomes: each Home tab that is followed shows what it would show if it was drawn from nothing.
func (o *office) checkHomes(ctx context.Context) (list []finding, err error) {
	shown := func() map[string]string {
		texts := map[string]string{}
		for n := range persons {
			if home := o.chat.slack.Sees(name(n)).Home; home != nil {
				texts[person(n)] = clockTimes.ReplaceAllString(home.Text(), "")
			}
		}
		return texts
	}
	before := shown()
	var followed []string
	err = o.asks(ctx, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, "update homes set shows = null, dirty_at = now() where workspace_id = $1 and opened_at > now() - interval '29 days' returning person_id", team)
		if err == nil {
			followed, err = pgx.CollectRows(rows, pgx.RowTo[string])
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := o.settle(ctx, true); err != nil {
		return []finding{{lost, err.Error()}}, ctx.Err()
	}
	after := shown()
	for _, person := range followed {
		if before[person] != after[person] {
			list = append(list, finding{lost, fmt.Sprintf("the Home of %s showed something else:\n%s\n-- than --\n%s", person, before[person], after[person])})
		}
	}
	return list, nil
}
