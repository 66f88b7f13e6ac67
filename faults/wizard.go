package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	connector "okrbot/integrations/servicenow"
	"okrbot/store"
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
// Somebody else is never asked whether a sign-in was theirs, and nothing of it is left.
func wizardDeaths(ctx context.Context, o *office, times int) (int, error) {
	deaths := 0
	n, err := o.rounds(ctx, times, func() int { return deaths }, func(int) error {
		if err := o.unconfirmed(ctx); err != nil {
			return err
		}
		for _, form := range []struct {
			steps []wizardStep
			table string
		}{{connectSteps, "connections where state <> 'pending'"}, {wizardSteps, "key_results"}} {
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
	if err == nil {
		err = o.leavesNothing(ctx)
	}
	return n, err
}

// unconfirmed is what a process leaves that dies after a browser brought a sign-in, before it could ask in Slack
// whose it was.
func (o *office) unconfirmed(ctx context.Context) error {
	pool, err := store.Open(ctx, o.dsn(), 1)
	if err != nil {
		return err
	}
	defer pool.Close()
	tokens := map[string]string{"refresh_token": fmt.Sprint(secrets["client secret"], o.staff.asked.Add(1))}
	return store.New(pool, o.keys).InTx(ctx, func(tx *store.Tx) error {
		_, err := tx.CreatePending(ctx, head, store.Connection{Kind: connector.Kind, Name: "unconfirmed", Origin: o.systems[1].server.URL, SignIn: "oauth", Client: o.known.client},
			0, tokens, time.Hour, 100*24*time.Hour)
		return err
	})
}

// unfinished counts what of forms that nobody finished is over.
const unfinished = `
select (select count(*) from connections where state = 'pending')
  + (select count(*) from drafts where expires_at < now())
  + (select count(*) from visits where expires_at < now())`

// leavesNothing moves the clock on over what nobody finished, and has other processes begin, which forget it.
func (o *office) leavesNothing(ctx context.Context) error {
	if err := o.advance(ctx, 2*time.Hour); err != nil {
		return err
	}
	for _, r := range o.replicas {
		r.kill()
	}
	if err := o.revive(ctx); err != nil {
		return err
	}
	left := 1
	for began := time.Now(); left > 0 && time.Since(began) < time.Minute && ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		if err := o.asks(ctx, func(conn *pgx.Conn) error { return conn.QueryRow(ctx, unfinished).Scan(&left) }); err != nil {
			return err
		}
	}
	if left > 0 {
		o.sawAtOnce = append(o.sawAtOnce, finding{secretOut, fmt.Sprintf("%d sign-ins and forms that nobody finished are left", left)})
	}
	return ctx.Err()
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
		case strings.Contains(seen, "*Go on* shows what was kept"), strings.Contains(seen, "press *Read again*"):
			_ = o.chat.slack.Submit(who) // what came of it is seen above
			continue
		case strings.Contains(seen, "close this window and connect again"):
			o.chat.slack.Dismiss(who)
			again = steps
		case strings.Contains(seen, "Choose a scorecard first"): // its choice went with the process
			again = steps[max(0, len(steps)-2):]
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
