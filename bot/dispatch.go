package bot

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
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
func (d *desk) Introduce(ctx context.Context) error {
	first := make(chan error, 1)
	d.open.Go(func() {
		for pause := time.Second; ; pause = min(2*pause, time.Minute) {
			who, err := d.slack.Who(d.background)
			if err == nil {
				err = d.store.SaveWorkspace(d.background, who)
			}
			if err == nil {
				d.ourselves.Store(&who)
			}
			select {
			case first <- err:
			default:
			}
			if err == nil {
				return
			}
			select {
			case <-d.background.Done():
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
	case <-time.After(d.settings.AnswerWithin):
		return errors.New("no answer yet")
	}
}

// ours says whether a delivery is for a workspace and an app that are ours.
func (d *desk) ours(ctx context.Context, g gesture) bool {
	if g.workspace == "" || d.settings.AppID != "" && g.app != "" && g.app != d.settings.AppID {
		return false
	}
	if w := d.ourselves.Load(); w != nil {
		return w.ID == g.workspace
	}
	_, err := d.store.Workspace(ctx, g.workspace)
	return err == nil
}

// answer acts on a delivery once and says how it went, always in time.
func (d *desk) answer(ctx context.Context, in delivery) answer {
	began := time.Now()
	if g := &in.gesture; g.kind == aCommand {
		name, typed, rest := aVerb(g.Text, d.routes.is)
		g.route, g.verb, g.Text = view.Cut(name, longestVerb), typed, rest
	}
	answered := d.asked()
	defer answered()
	ctx, cancel := context.WithTimeout(detached(ctx), d.settings.AnswerWithin)
	type outcome struct {
		answer
		result string
	}
	done := make(chan outcome, 1)
	d.open.Go(func() {
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				ref := reference()
				d.log.Error("a handler panicked", "route", in.gesture.route, "ref", ref, "panic", p)
				done <- outcome{d.sorry(in.gesture, wentWrong(ref)), "panic"}
			}
		}()
		leave, ok := d.turns.take(ctx)
		if !ok {
			done <- outcome{d.sorry(in.gesture, tooMuch), "too much"}
			return
		}
		defer leave()
		a, result := d.act(ctx, in)
		done <- outcome{a, result}
	})
	var o outcome
	select {
	case o = <-done:
	case <-time.After(d.settings.AnswerWithin + giveUpAfter):
		o = outcome{d.sorry(in.gesture, tooSlow), "too slow"}
	}
	took := time.Since(began)
	gestures.WithLabelValues(string(in.gesture.kind), o.result).Inc()
	ackSeconds.Observe(took.Seconds())
	d.log.Info("gesture", "kind", in.gesture.kind, "route", in.gesture.route, "actor", in.gesture.person, "workspace", in.gesture.workspace, "ms", took.Milliseconds(), "result", o.result)
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

func (d *desk) act(ctx context.Context, in delivery) (answer, string) {
	g := in.gesture
	if !d.ours(ctx, g) {
		return answer{status: http.StatusOK}, "foreign"
	}
	if g.kind == aQuery { // it has no effect: the same one again is a person who asks again
		reply, err := d.handle(ctx, &g)
		if err != nil {
			return d.failed(ctx, g, err)
		}
		return d.carryOut(g, reply), "ok"
	}
	note := d.store.Consume
	if g.kind == anEvent {
		note = d.store.BeginEvent
	}
	fresh, err := note(ctx, keyOf(in))
	if errors.Is(err, store.ErrUnderWay) {
		return d.sorry(g, tooSlow), "under way"
	}
	if err != nil {
		d.log.Error("noting a delivery", "error", err)
		return d.sorry(g, tooSlow), "no database"
	}
	if !fresh {
		return answer{status: http.StatusOK}, "replay"
	}
	reply, err := d.handle(ctx, &g)
	if err == nil && g.kind == anEvent {
		err = d.store.FinishEvent(ctx, keyOf(in))
	}
	if err != nil {
		// Slack sends an event again, and a person presses again: neither is a repetition.
		release, cancel := context.WithTimeout(detached(ctx), time.Second)
		defer cancel()
		if err := d.store.Release(release, keyOf(in)); err != nil {
			d.log.Warn("a delivery stays noted", "error", err)
		}
		return d.failed(ctx, g, err)
	}
	return d.carryOut(g, reply), "ok"
}

// failed says that a handler came to nothing, and why where it is known.
func (d *desk) failed(ctx context.Context, g gesture, err error) (answer, string) {
	if ctx.Err() != nil {
		return d.sorry(g, tooSlow), "too slow"
	}
	ref := reference()
	d.log.Error("a gesture failed", "kind", g.kind, "route", g.route, "actor", g.person, "ref", ref, "error", err)
	return d.sorry(g, wentWrong(ref)), "error"
}

// handle looks the person up, finds the route and follows it.
func (d *desk) handle(ctx context.Context, g *gesture) (Reply, error) {
	if g.kind == anEvent && g.person == "" {
		d.log.Warn("Slack says goodbye", "event", g.route, "workspace", g.workspace)
		return Reply{}, nil
	}
	p, err := d.person(ctx, g.workspace, g.person)
	if code := codeOf(err); code != "" {
		d.log.Warn("looking somebody up", "person", g.person, "code", code)
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
	serve, ok := d.routes.of(*g)
	if !ok {
		d.log.Warn("no route", "kind", g.kind, "route", g.route)
		return Say("This button or form is of an older okrbot. Open it again, with `/okr list` or on the Home tab."), nil
	}
	reply, err := serve(ctx, g.Gesture)
	if errors.Is(err, store.ErrClosed) {
		reply, err = Say("This was closed out meanwhile, so its numbers stay as they are. Nothing was saved. Go on with a new key result with `/okr add-kr`."), nil
		reply.Clear = true
	}
	return reply, err
}

// sorry answers when nothing was done, in the way that shows for each kind of gesture and keeps
// what was typed.
func (d *desk) sorry(g gesture, text string) answer {
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
	return d.carryOut(g, Say(text))
}

func ephemeral(m view.Message) any {
	return map[string]any{"response_type": "ephemeral", "text": m.Text, "blocks": m.Blocks}
}

// carryOut says at once what Slack waits for, and does the rest after it.
func (d *desk) carryOut(g gesture, r Reply) answer {
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
	a.after = func() { d.later(limit, func(ctx context.Context) { d.afterwards(ctx, g, r, sayLater, updateLater) }) }
	return a
}

// afterwards does what the answer did not: open and change views, say, show the Home tab. The
// trigger goes first, because it lives three seconds.
func (d *desk) afterwards(ctx context.Context, g gesture, r Reply, say *view.Message, update *slack.ModalViewRequest) {
	at := OpenView{Workspace: g.workspace, ID: g.View.ID, Hash: g.View.Hash}
	if g.kind == aSubmit {
		at.Hash = "" // the answer gave it a new one
	}
	var err error
	what := "opening a view"
	switch {
	case r.Open != nil && g.View.ID != "" && !g.View.Home:
		at, err = d.slack.push(ctx, g.Trigger, *r.Open)
		if codeOf(err) == "push_limit_reached" {
			at, err = d.slack.change(ctx, OpenView{ID: g.View.ID}, *r.Open)
		}
	case r.Open != nil:
		at, err = d.slack.open(ctx, g.Trigger, *r.Open)
	case update != nil:
		what = "changing a view"
		at, err = d.slack.change(ctx, at, *update)
		if codeOf(err) == "hash_conflict" {
			// What we found out meanwhile was drawn in between. The person's step counts: the handler
			// has looked whether it was a step from the newest.
			at, err = d.slack.change(ctx, OpenView{ID: g.View.ID}, *update)
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
		d.log.Error(what, "route", g.route, "actor", g.person, "code", code)
		broken := view.Text("Slack did not show the window (" + code + "). Nothing was saved; try again.")
		say = &broken
	}
	if err == nil && r.Later != nil {
		if g.kind == aSubmit && r.Update != nil {
			d.settle(ctx)
		}
		r.Later(ctx, at)
	}
	if say != nil {
		d.say(ctx, g, *say, r.Replace)
	}
	if r.Home || g.View.Home && g.kind == anAction {
		d.showHome(ctx, g.Gesture)
	}
}

// settleFor is how long Slack has to show the view that a submit was answered with. The answer and
// our next call go two ways: a call that overtakes the answer is undone by it.
const settleFor = 400 * time.Millisecond

func (d *desk) settle(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(settleFor):
	}
}

// say reaches a person where they are: in answer to the message or the command, in a window over
// the one they look at, else by direct message.
func (d *desk) say(ctx context.Context, g gesture, m view.Message, replace bool) {
	var err error
	switch {
	case !g.Response.Empty():
		err = d.slack.respond(ctx, g.Response, m, replace)
	case g.kind == anAction && g.View.ID != "" && g.Trigger != "":
		notice := view.NoticeOf(m)
		if g.View.Home {
			_, err = d.slack.open(ctx, g.Trigger, notice)
		} else {
			_, err = d.slack.push(ctx, g.Trigger, notice)
		}
	default:
		err = errors.New("no other way")
	}
	if err == nil {
		return
	}
	if _, _, err := d.slack.post(ctx, g.person, m); err != nil {
		d.log.Warn("a person was not reached", "actor", g.person, "code", codeOf(err))
	}
}

// showHome shows a person their Home tab as it is now.
func (d *desk) showHome(ctx context.Context, g Gesture) {
	v, needed, err := d.drawnHome(ctx, g)
	if !needed {
		return
	}
	if err == nil {
		err = d.slack.publish(ctx, g.Actor.ID, v)
	}
	if err != nil && codeOf(err) != "not_enabled" {
		d.log.Warn("showing Home", "actor", g.Actor.ID, "error", err)
	}
}

func (d *desk) drawnHome(ctx context.Context, g Gesture) (v slack.HomeTabViewRequest, needed bool, err error) {
	leave, ok := d.homes.take(ctx, g.Actor)
	if !ok {
		return v, false, nil
	}
	defer leave()
	v, err = d.home(ctx, g)
	return v, true, err
}
