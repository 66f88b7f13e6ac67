package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// wizardStep is something that somebody does on their way to a key result, and what they see when it has worked.
type wizardStep struct {
	name string
	do   func(o *office, who, title string) error
	then string
}

var wizardSteps = []wizardStep{
	{"the command", types("/okr add-kr"), "== Add key result =="},
	{"the title", func(o *office, who, title string) error { return o.submits(who, "Key Result", title) }, "Scorecard"},
	{"the connection", chooses("Connection", "acme"), "Scorecard"},
	{"the scorecard", chooses("Scorecard", "Open incidents 0"), "Open incidents 0"},
	{"the preview", func(o *office, who, _ string) error {
		v, _ := o.chat.slack.Top(who)
		return o.chat.slack.PressIn(who, v, "Preview results")
	}, "Last "},
	{"the source", func(o *office, who, _ string) error { return o.submits(who) }, "Start Value"},
	{"the save", func(o *office, who, _ string) error { return o.submits(who, "Target Value", "5") }, "is added"},
}

// connectSteps are those to a connection, with a secret.
var connectSteps = []wizardStep{
	{"the command", types("/okr connect"), "Password"},
	{"the sign-in", func(o *office, who, _ string) error {
		return o.submits(who, "ServiceNow URL", o.systems[0].server.URL, "Username", "okr.reader", "Password", secrets["password"])
	}, "is connected"},
}

func types(text string) func(*office, string, string) error {
	return func(o *office, who, _ string) error {
		return o.chat.slack.Types(who, strings.ToLower(channel(0)), text)
	}
}

func chooses(field, option string) func(*office, string, string) error {
	return func(o *office, who, _ string) error { return o.chat.slack.Choose(who, field, option) }
}

// submits fills fields of a form, and sends it.
func (o *office) submits(who string, fields ...string) error {
	for n := 0; n < len(fields); n += 2 {
		if err := o.chat.slack.Fill(who, fields[n], fields[n+1]); err != nil {
			return err
		}
	}
	return o.chat.slack.Submit(who)
}

// wizardDeaths have somebody connect a system and add a key result, while each step's process dies over it.
// They do the step again where Slack says that it had trouble, or where nothing comes, and are where they were.
func wizardDeaths(ctx context.Context, o *office, times int) (int, error) {
	deaths := 0
	return o.rounds(ctx, times, func() int { return deaths }, func(int) error {
		for _, form := range []struct {
			steps []wizardStep
			table string
		}{{connectSteps, "connections"}, {wizardSteps, "key_results"}} {
			count := func() (n int, err error) {
				err = o.asks(ctx, func(conn *pgx.Conn) error {
					return conn.QueryRow(ctx, "select count(*) from "+form.table).Scan(&n)
				})
				return n, err
			}
			before, err := count()
			if err != nil {
				return err
			}
			if err := o.walks(ctx, form.steps, &deaths); err != nil {
				return err
			}
			after, err := count()
			if err != nil {
				return err
			}
			if n := after - before; n != 1 {
				o.sawAtOnce = append(o.sawAtOnce, finding{doubled, fmt.Sprintf("one walk made %d %s", n, form.table)})
			}
		}
		return nil
	})
}

// walks goes all steps of a form.
func (o *office) walks(ctx context.Context, steps []wizardStep, deaths *int) error {
	who, title := strings.ToLower(head.ID), fmt.Sprintf("Walked %d", o.staff.asked.Add(1))
	defer func() {
		for range 4 {
			o.chat.slack.Dismiss(who)
		}
	}()
	for n, step := range steps {
		r := o.replicas[o.pick(len(o.replicas))]
		o.front.only.Store(r)
		o.diesOverStep(r, func() { _ = step.do(o, who, title) }) // what came of it is seen below
		o.front.only.Store(nil)
		*deaths++
		if err := o.revive(ctx); err != nil {
			return err
		}
		if why := o.goesOn(who, title, steps[:n+1]); why != "" {
			o.sawAtOnce = append(o.sawAtOnce, finding{lost, fmt.Sprintf("nobody can go on after %s: %s", step.name, why)})
			return nil
		}
	}
	return nil
}

// diesOverStep kills a replica while it is at a step.
func (o *office) diesOverStep(r *replica, do func()) {
	if o.pick(2) == 0 {
		r.commits.Store(int64(1 + o.pick(4)))
		do()
		r.commits.Store(0)
		r.kill()
		return
	}
	var all sync.WaitGroup
	all.Go(do)
	time.Sleep(o.moment(60 * time.Millisecond))
	r.kill()
	all.Wait()
}

// goesOn does the last of some steps again until it has worked, by what the window says, and is what somebody
// saw who gave up.
func (o *office) goesOn(who, title string, steps []wizardStep) string {
	step := steps[len(steps)-1]
	seen := ""
	for range 4 {
		var trouble bool
		if seen, trouble = o.seesSoon(who, step.then); seen == "" {
			return ""
		}
		again := steps[len(steps)-1:]
		switch {
		case trouble:
		case strings.Contains(seen, "*Go on* shows what was kept"):
			_ = o.chat.slack.Submit(who) // what came of it is seen above
			continue
		case strings.Contains(seen, "close this window and connect again"):
			o.chat.slack.Dismiss(who)
			again = steps
		}
		for _, s := range again {
			if err := s.do(o, who, title); err != nil {
				seen += "\n" + err.Error()
			}
			if len(again) > 1 {
				o.seesSoon(who, s.then)
			}
		}
	}
	if left, _ := o.seesSoon(who, step.then); left == "" {
		return ""
	}
	return seen
}

// seesSoon waits for words in a window, and is what is seen in their place, and whether Slack had trouble.
func (o *office) seesSoon(who, words string) (seen string, trouble bool) {
	for began := time.Now(); time.Since(began) < 3*time.Second; time.Sleep(20 * time.Millisecond) {
		v, open := o.chat.slack.Top(who)
		if seen = "no window"; open {
			seen = v.Text()
		}
		switch {
		case strings.Contains(seen, words):
			return "", false
		case v.Trouble != "":
			return seen, true
		}
	}
	return seen, false
}
