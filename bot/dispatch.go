package bot

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// answer is what a door says to Slack, and what happens after it has said it.
type answer struct {
	status int
	body   any // JSON; nil: nothing
	after  func()
}

// Introduce asks Slack who we are and keeps it, in the background as often as it takes. It returns
// with what the first try said.
func (b *Bot) Introduce(ctx context.Context) error {
	first := make(chan error, 1)
	b.open.Go(func() {
		for pause := time.Second; ; pause = min(2*pause, time.Minute) {
			who, err := b.slack.Who(b.background)
			if err == nil {
				err = b.store.SaveWorkspace(b.background, who)
			}
			if err == nil {
				b.ourselves.Store(&who)
			}
			select {
			case first <- err:
			default:
			}
			if err == nil {
				return
			}
			select {
			case <-b.background.Done():
				return
			case <-time.After(pause):
			}
		}
	})
	select {
	case err := <-first:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(b.settings.AnswerWithin):
		return errors.New("no answer yet")
	}
}

// ours says whether a delivery is for a workspace and an app that are ours.
func (b *Bot) ours(ctx context.Context, g gesture) bool {
	if g.workspace == "" || b.settings.AppID != "" && g.app != "" && g.app != b.settings.AppID {
		return false
	}
	if w := b.ourselves.Load(); w != nil {
		return w.ID == g.workspace
	}
	_, err := b.store.Workspace(ctx, g.workspace)
	return err == nil
}

// answer acts on a delivery once and says how it went, always in time.
func (b *Bot) answer(ctx context.Context, d delivery) answer {
	began := time.Now()
	answered := b.jobs.Asked()
	defer answered()
	ctx, cancel := context.WithTimeout(detached(ctx), b.settings.AnswerWithin)
	type outcome struct {
		answer
		result string
	}
	done := make(chan outcome, 1)
	b.open.Go(func() {
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				ref := reference()
				b.log.Error("a handler panicked", "route", d.gesture.route, "ref", ref, "panic", p)
				done <- outcome{b.sorry(d.gesture, wentWrong(ref)), "panic"}
			}
		}()
		leave, ok := b.turns.take(ctx)
		if !ok {
			done <- outcome{b.sorry(d.gesture, tooMuch), "too much"}
			return
		}
		defer leave()
		a, result := b.act(ctx, d)
		done <- outcome{a, result}
	})
	var o outcome
	select {
	case o = <-done:
	case <-time.After(b.settings.AnswerWithin + giveUpAfter):
		o = outcome{b.sorry(d.gesture, tooSlow), "too slow"}
	}
	took := time.Since(began)
	gestures.WithLabelValues(string(d.gesture.kind), o.result).Inc()
	ackSeconds.Observe(took.Seconds())
	b.log.Info("gesture", "kind", d.gesture.kind, "route", d.gesture.route, "actor", d.gesture.person, "workspace", d.gesture.workspace, "ms", took.Milliseconds(), "result", o.result)
	return o.answer
}

const (
	tooMuch = "okrbot has a lot to do at the moment. Nothing was saved; try again in a minute."
	tooSlow = "okrbot is slow at the moment. Nothing was saved; try again in a minute."
)

func wentWrong(ref string) string {
	return "Something went wrong on our side (ref " + ref + "). Nothing was saved. Try again; if it stays, tell okrbot's administrator the reference."
}

// reference ties what a person was told to the line in the log.
func reference() string {
	raw := make([]byte, 2)
	_, _ = rand.Read(raw) // it never fails
	return hex.EncodeToString(raw)
}

func (b *Bot) act(ctx context.Context, d delivery) (answer, string) {
	g := d.gesture
	if !b.ours(ctx, g) {
		return answer{status: http.StatusOK}, "foreign"
	}
	if g.kind == aQuery { // it has no effect: the same one again is a person who asks again
		reply, err := b.handle(ctx, &g)
		if err != nil {
			return b.failed(ctx, g, err)
		}
		return b.carryOut(g, reply), "ok"
	}
	note := b.store.Consume
	if g.kind == anEvent {
		note = b.store.BeginEvent
	}
	fresh, err := note(ctx, keyOf(d))
	if errors.Is(err, store.ErrUnderWay) {
		return b.sorry(g, tooSlow), "under way"
	}
	if err != nil {
		b.log.Error("noting a delivery", "error", err)
		return b.sorry(g, tooSlow), "no database"
	}
	if !fresh {
		return answer{status: http.StatusOK}, "replay"
	}
	reply, err := b.handle(ctx, &g)
	if err == nil && g.kind == anEvent {
		err = b.store.FinishEvent(ctx, keyOf(d))
	}
	if err != nil {
		// Slack sends an event again, and a person presses again: neither is a repetition.
		release, cancel := context.WithTimeout(detached(ctx), time.Second)
		defer cancel()
		if err := b.store.Release(release, keyOf(d)); err != nil {
			b.log.Warn("a delivery stays noted", "error", err)
		}
		return b.failed(ctx, g, err)
	}
	return b.carryOut(g, reply), "ok"
}

// failed says that a handler came to nothing, and why where it is known.
func (b *Bot) failed(ctx context.Context, g gesture, err error) (answer, string) {
	if ctx.Err() != nil {
		return b.sorry(g, tooSlow), "too slow"
	}
	ref := reference()
	b.log.Error("a gesture failed", "kind", g.kind, "route", g.route, "actor", g.person, "ref", ref, "error", err)
	return b.sorry(g, wentWrong(ref)), "error"
}

// handle looks the person up, finds the route and follows it.
func (b *Bot) handle(ctx context.Context, g *gesture) (Reply, error) {
	if g.kind == anEvent && g.person == "" {
		b.log.Warn("Slack says goodbye", "event", g.route, "workspace", g.workspace)
		return Reply{}, nil
	}
	p, err := b.person(ctx, g.workspace, g.person)
	if code := codeOf(err); code != "" {
		b.log.Warn("looking somebody up", "person", g.person, "code", code)
		return Say("Slack did not tell us who you are, so nothing was done. Try again in a minute."), nil
	}
	if err != nil {
		return Reply{}, err
	}
	g.Actor, g.Name, g.Zone = p.Actor, p.Name, p.Zone
	if !okr.May(g.Actor, okr.View) {
		return Say("okrbot is for members of this workspace. Ask one of them to do it for you."), nil
	}
	if g.event {
		return Reply{Home: true}, nil
	}
	serve, ok := b.route(*g)
	if !ok {
		b.log.Warn("no route", "kind", g.kind, "route", g.route)
		return Say("This button or form is of an older okrbot. Open it again, with `/okr list` or on the Home tab."), nil
	}
	reply, err := serve(b, ctx, g.Gesture)
	if errors.Is(err, store.ErrClosed) {
		reply, err = Say("This was closed out meanwhile, so its numbers stay as they are. Nothing was saved. Go on with a new key result with `/okr add-kr`."), nil
		reply.Clear = true
	}
	return reply, err
}

// sorry answers when nothing was done, in the way that shows for each kind of gesture and keeps
// what was typed.
func (b *Bot) sorry(g gesture, text string) answer {
	switch g.kind {
	case aCommand:
		return answer{status: http.StatusOK, body: ephemeral(view.Text(text))}
	case aSubmit:
		if field := anyField(g.View.State); field != "" {
			return answer{status: http.StatusOK, body: slack.NewErrorsViewSubmissionResponse(map[string]string{field: text})}
		}
		notice := view.Notice("okrbot", text)
		return answer{status: http.StatusOK, body: slack.NewUpdateViewSubmissionResponse(&notice)}
	case aQuery:
		return answer{status: http.StatusOK, body: map[string]any{"options": []any{}}}
	case anEvent:
		return answer{status: http.StatusServiceUnavailable}
	}
	return b.carryOut(g, Say(text))
}

// anyField is the first field of a form, by name; errors can be shown at inputs alone.
func anyField(state map[string]map[string]slack.BlockAction) string {
	var fields []string
	for block, elements := range state {
		if _, ok := elements["v"]; ok {
			fields = append(fields, block)
		}
	}
	if len(fields) == 0 {
		return ""
	}
	return slices.Min(fields)
}

func ephemeral(m view.Message) any {
	return map[string]any{"response_type": "ephemeral", "text": m.Text, "blocks": m.Blocks}
}

// carryOut says at once what Slack waits for, and does the rest after it.
func (b *Bot) carryOut(g gesture, r Reply) answer {
	a := answer{status: http.StatusOK}
	sayLater := r.Say
	updateLater := r.Update
	switch g.kind {
	case aCommand:
		if r.Say != nil {
			a.body, sayLater = ephemeral(*r.Say), nil
		}
	case aQuery:
		options := r.Options
		if options == nil {
			options = []*slack.OptionBlockObject{} // Slack takes no null
		}
		a.body = map[string]any{"options": options}
		return a
	case aSubmit:
		updateLater = nil
		switch {
		case len(r.Problems) > 0:
			a.body = slack.NewErrorsViewSubmissionResponse(r.Problems)
		case r.Update != nil:
			a.body = slack.NewUpdateViewSubmissionResponse(r.Update)
		case r.Push != nil:
			a.body = slack.NewPushViewSubmissionResponse(r.Push)
		case r.Clear:
			a.body = slack.NewClearViewSubmissionResponse()
		}
	}
	if sayLater == nil && updateLater == nil && r.Open == nil && !r.Home && r.Later == nil {
		return a
	}
	limit := r.LaterWithin
	if limit == 0 {
		limit = 30 * time.Second
	}
	a.after = func() { b.later(limit, func(ctx context.Context) { b.afterwards(ctx, g, r, sayLater, updateLater) }) }
	return a
}

// afterwards does what the answer did not: open and change views, say, show the Home tab. The
// trigger goes first, because it lives three seconds.
func (b *Bot) afterwards(ctx context.Context, g gesture, r Reply, say *view.Message, update *slack.ModalViewRequest) {
	at := OpenView{Workspace: g.workspace, ID: g.View.ID, Hash: g.View.Hash}
	if g.kind == aSubmit {
		at.Hash = "" // the answer gave it a new one
	}
	var err error
	what := "opening a view"
	switch {
	case r.Open != nil && g.View.ID != "" && !g.View.Home:
		at, err = b.slack.push(ctx, g.Trigger, *r.Open)
		if codeOf(err) == "push_limit_reached" {
			at, err = b.slack.change(ctx, OpenView{ID: g.View.ID}, *r.Open)
		}
	case r.Open != nil:
		at, err = b.slack.open(ctx, g.Trigger, *r.Open)
	case update != nil:
		what = "changing a view"
		at, err = b.slack.change(ctx, at, *update)
		if codeOf(err) == "hash_conflict" {
			// What we found out meanwhile was drawn in between. The person's step counts: the handler
			// has looked whether it was a step from the newest.
			at, err = b.slack.change(ctx, OpenView{ID: g.View.ID}, *update)
		}
	}
	at.Workspace = g.workspace
	switch code := codeOf(err); {
	case err == nil:
	case triggerGone(code):
		late := view.Text("Slack closed the window before we could open it. Nothing was saved; do it again.")
		say = &late
	case code == "hash_conflict" || code == "not_found":
		return // the person went on meanwhile, or closed it
	default:
		b.log.Error(what, "route", g.route, "actor", g.person, "code", code)
		broken := view.Text("Slack did not show the window (" + code + "). Nothing was saved; try again.")
		say = &broken
	}
	if err == nil && r.Later != nil {
		if g.kind == aSubmit && r.Update != nil {
			b.settle(ctx)
		}
		r.Later(ctx, at)
	}
	if say != nil {
		b.say(ctx, g, *say, r.Replace)
	}
	if r.Home || g.View.Home && g.kind == anAction {
		b.showHome(ctx, g.Gesture)
	}
}

// settleFor is how long Slack has to show the view that a submit was answered with. The answer and
// our next call go two ways: a call that overtakes the answer is undone by it.
const settleFor = 400 * time.Millisecond

func (b *Bot) settle(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(settleFor):
	}
}

// say reaches a person where they are: in answer to the message or the command, in a window over
// the one they look at, else by direct message.
func (b *Bot) say(ctx context.Context, g gesture, m view.Message, replace bool) {
	var err error
	switch {
	case !g.Response.Empty():
		err = b.slack.respond(ctx, g.Response, m, replace)
	case g.kind == anAction && g.View.ID != "" && g.Trigger != "":
		notice := view.NoticeOf(m)
		if g.View.Home {
			_, err = b.slack.open(ctx, g.Trigger, notice)
		} else {
			_, err = b.slack.push(ctx, g.Trigger, notice)
		}
	default:
		err = errors.New("no other way")
	}
	if err == nil {
		return
	}
	if _, _, err := b.slack.post(ctx, g.person, m); err != nil {
		b.log.Warn("a person was not reached", "actor", g.person, "code", codeOf(err))
	}
}

// showHome shows a person their Home tab as it is now.
func (b *Bot) showHome(ctx context.Context, g Gesture) {
	v, needed, err := b.drawnHome(ctx, g)
	if !needed {
		return
	}
	if err == nil {
		err = b.slack.publish(ctx, g.Actor.ID, v)
	}
	if err != nil && codeOf(err) != "not_enabled" {
		b.log.Warn("showing Home", "actor", g.Actor.ID, "error", err)
	}
}

func (b *Bot) drawnHome(ctx context.Context, g Gesture) (v slack.HomeTabViewRequest, needed bool, err error) {
	leave, ok := b.homes.take(ctx, g.Actor)
	if !ok {
		return v, false, nil
	}
	defer leave()
	v, err = b.home(ctx, g)
	return v, true, err
}
