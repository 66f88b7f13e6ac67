package desk

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"github.com/slack-go/slack"

	"okrbot/bot/command"
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
func (d *Desk) Introduce(ctx context.Context) error {
	first := make(chan error, 1)
	d.open.Go(func() {
		for pause := time.Second; ; pause = min(2*pause, time.Minute) {
			who, err := d.Slack.Who(d.background)
			if err == nil {
				err = d.Store.SaveWorkspace(d.background, who)
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
	case <-time.After(d.Settings.AnswerWithin):
		return errors.New("no answer yet")
	}
}

// BotUser is who we are among a workspace's people; empty as long as Slack has not said it.
func (d *Desk) BotUser() string {
	if w := d.ourselves.Load(); w != nil {
		return w.BotUserID
	}
	return ""
}

// ours says whether a delivery is for a workspace and an app that are ours.
func (d *Desk) ours(ctx context.Context, g gesture) bool {
	if g.workspace == "" || d.Settings.AppID != "" && g.app != "" && g.app != d.Settings.AppID {
		return false
	}
	if w := d.ourselves.Load(); w != nil {
		return w.ID == g.workspace
	}
	_, err := d.Store.Workspace(ctx, g.workspace)
	return err == nil
}

// answer acts on a delivery once and says how it went, always in time.
func (d *Desk) answer(ctx context.Context, in delivery) answer {
	began := time.Now()
	if g := &in.gesture; g.typed() {
		if g.kind == aMention {
			said, ok := command.Addressed(g.Text, d.BotUser())
			if !ok { // somebody quotes what another one said to the bot
				return answer{status: http.StatusOK}
			}
			said = command.WithoutSlash(said)
			g.Text, g.said = said, said
		}
		name, typed, rest := command.Verb(g.Text, d.Routes.Is)
		g.route, g.verb, g.Text = view.Cut(name, longestVerb), typed, rest
	}
	answered := d.asked()
	defer answered()
	ctx, cancel := context.WithTimeout(store.NotingCommits(context.WithoutCancel(ctx)), d.Settings.AnswerWithin)
	type outcome struct {
		answer
		result string
	}
	done := make(chan outcome, 1)
	begun := d.open.Go(func() {
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				ref := Reference()
				d.Log.Error("a handler panicked", "route", d.Routes.logged(in.gesture), "ref", ref, "panic", p)
				done <- outcome{d.sorry(in.gesture, broken(ctx, ref)), "panic"}
			}
		}()
		release, ok := d.admission.acquire(ctx)
		if !ok {
			done <- outcome{d.sorry(in.gesture, tooMuch), "too much"}
			return
		}
		defer release()
		a, result := d.act(ctx, in)
		done <- outcome{a, result}
	})
	if !begun { // this process is about to end
		cancel()
		done <- outcome{d.sorry(in.gesture, tooMuch), "too much"}
	}
	var o outcome
	select {
	case o = <-done:
	case <-time.After(d.Settings.AnswerWithin + giveUpAfter):
		o = outcome{d.sorry(in.gesture, tooSlow), "too slow"}
		if store.Committed(ctx) {
			o = outcome{d.sorry(in.gesture, slowSaving), "unclear"}
		}
	}
	took := time.Since(began)
	gestures.WithLabelValues(string(in.gesture.kind), o.result).Inc()
	ackSeconds.Observe(took.Seconds())
	d.Log.Info("gesture", "kind", in.gesture.kind, "route", d.Routes.logged(in.gesture), "actor", in.gesture.person, "workspace", in.gesture.workspace, "ms", took.Milliseconds(), "result", o.result)
	return o.answer
}

// longestTyped bounds a command, in bytes. A message that mentions the bot may have forty thousand
// characters.
const longestTyped = 8000

const (
	tooMuch = "okrbot has a lot to do at the moment. Nothing was saved; try again in a minute."
	tooSlow = "okrbot is slow at the moment. Nothing was saved; try again in a minute."
)

// What is said where something may be saved: that the database went away in the moment of saving, and
// that it did not answer in time.
const (
	unclear    = "The database went away while this was saved, so okrbot cannot tell whether it was. Have a look before you do it again."
	slowSaving = "okrbot is slow at the moment, so it cannot tell whether this was saved. Have a look before you do it again."
)

// broken is what is said of a mistake of ours, whatever was saved before it.
func broken(ctx context.Context, ref string) string {
	if store.Committed(ctx) {
		return "Something went wrong on our side (ref " + ref + ") after something was saved. Have a look before you do it again; if it stays, tell okrbot's administrator the reference."
	}
	return WentWrong(ref)
}

// WentWrong is what is said of a mistake of ours, which the log keeps under a reference.
func WentWrong(ref string) string {
	return "Something went wrong on our side (ref " + ref + "). Nothing was saved. Try again; if it stays, tell okrbot's administrator the reference."
}

// WhyUnsaved is the same of one transaction's error.
func WhyUnsaved(err error, ref string) string {
	if errors.Is(err, store.ErrUnclear) {
		return unclear
	}
	return WentWrong(ref)
}

// Reference ties what a person was told to the line in the log.
func Reference() string {
	raw := make([]byte, 2)
	_, _ = rand.Read(raw) // it never fails
	return hex.EncodeToString(raw)
}

func (d *Desk) act(ctx context.Context, in delivery) (answer, string) {
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
	note := d.Store.Consume
	if g.comesAgain() {
		note = d.Store.BeginEvent
	}
	fresh, err := note(ctx, keyOf(in))
	if errors.Is(err, store.ErrUnderWay) {
		if g.comesAgain() { // whoever has it tells the person
			return answer{status: http.StatusServiceUnavailable}, "under way"
		}
		return d.sorry(g, tooSlow), "under way"
	}
	if err != nil {
		d.Log.Error("noting a delivery", "error", err)
		return d.sorry(g, tooSlow), "no database"
	}
	if !fresh {
		return answer{status: http.StatusOK}, "replay"
	}
	if g.comesAgain() {
		ctx = store.FinishingEvent(ctx, keyOf(in))
	}
	reply, err := d.handle(ctx, &g)
	if errors.Is(err, store.ErrFinished) {
		return answer{status: http.StatusOK}, "replay"
	}
	if err == nil && g.comesAgain() && !store.EventFinished(ctx) {
		err = d.Store.FinishEvent(ctx, keyOf(in))
	}
	if err != nil && !store.Committed(ctx) {
		// Slack sends an event again, and a person presses again: neither is a repetition. What may be
		// saved stays noted, so that the same bytes do not save it twice.
		leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		release := d.Store.Release
		if g.comesAgain() {
			release = d.Store.ReleaseEvent
		}
		if err := release(leaving, keyOf(in)); err != nil {
			d.Log.Warn("a delivery stays noted", "error", err)
		}
	}
	if err != nil {
		return d.failed(ctx, g, err)
	}
	return d.carryOut(g, reply), "ok"
}

// failed says that a handler failed, and why where it is known.
func (d *Desk) failed(ctx context.Context, g gesture, err error) (answer, string) {
	if errors.Is(err, store.ErrUnclear) {
		d.Log.Error("a gesture failed that may be saved", "kind", g.kind, "route", d.Routes.logged(g), "actor", g.person, "error", err)
		return d.sorry(g, unclear), "unclear"
	}
	if ctx.Err() != nil && store.Committed(ctx) {
		d.Log.Error("a gesture that may be saved took too long", "kind", g.kind, "route", d.Routes.logged(g), "actor", g.person, "error", err)
		return d.sorry(g, slowSaving), "unclear"
	}
	if ctx.Err() != nil {
		return d.sorry(g, tooSlow), "too slow"
	}
	ref := Reference()
	d.Log.Error("a gesture failed", "kind", g.kind, "route", d.Routes.logged(g), "actor", g.person, "ref", ref, "saved", store.Committed(ctx), "error", err)
	return d.sorry(g, broken(ctx, ref)), "error"
}

// handle looks the person up, finds the route and follows it.
func (d *Desk) handle(ctx context.Context, g *gesture) (Reply, error) {
	if g.kind == anEvent && (g.route == eventShared || g.route == eventUnshared) {
		return Reply{}, d.channelChanged(ctx, *g)
	}
	if g.kind == anEvent && g.person == "" {
		d.Slack.installed.ended(g.route)
		return Reply{}, nil
	}
	if g.changed != nil {
		return Reply{}, d.personChanged(ctx, g.workspace, g.changed)
	}
	d.Slack.installed.heard()
	who := d.Person
	if d.Routes.changes(*g) {
		who = d.PersonToday
	}
	p, err := who(ctx, g.workspace, g.person)
	if code := CodeOf(err); code != "" {
		d.Log.Warn("looking somebody up", "person", g.person, "code", code)
		if g.event {
			return shut("Slack did not tell us who you are, so nothing can be shown. Open Home again in a minute."), nil
		}
		return Say("Slack did not tell us who you are, so nothing was done. Try again in a minute."), nil
	}
	if err != nil {
		return Reply{}, err
	}
	g.Actor, g.Zone = p.Actor, p.Zone
	if g.event && !okr.May(g.Actor, okr.View) {
		return shut("okrbot is for members of this workspace: Home shows them their objectives and key results. Ask one of them about what you need."), nil
	}
	if !okr.May(g.Actor, okr.View) {
		return Say("okrbot is for members of this workspace. Ask one of them to do it for you."), nil
	}
	if g.event {
		return Reply{Home: true}, d.Store.HomeOpened(ctx, g.workspace, g.person)
	}
	if g.typed() && len(g.verb)+len(g.Text) > longestTyped {
		return Say("This is longer than a command can be, so nothing was done. Long texts have their place in the forms."), nil
	}
	serve, ok := d.Routes.handler(*g)
	if !ok {
		d.Log.Warn("no route", "kind", g.kind, "route", g.route)
		return Say("This button or form is of an older okrbot. Open it again, with `/okr list` or on the Home tab."), nil
	}
	reply, err := serve(ctx, g.Gesture)
	var said instead
	switch {
	case errors.As(err, &said):
		return said.reply, nil
	case errors.Is(err, store.ErrClosed):
		reply = Say("This was closed out meanwhile, so its numbers stay as they are. Nothing was saved. Go on with a new key result with `/okr add-kr`.")
		reply.Clear = true
		return reply, nil
	}
	return reply, err
}

// shut is what the Home tab says in place of objectives.
func shut(says string) Reply {
	v := view.HomeShut(says)
	return Reply{Shut: &v}
}

// sorry answers when nothing was done, in the way that shows for each kind of gesture and keeps
// what was typed.
func (d *Desk) sorry(g gesture, text string) answer {
	switch g.kind {
	case aCommand:
		return answer{status: http.StatusOK, body: newEphemeral(view.Text(text))}
	case aSubmit:
		if field := anyField(g.View.State); field != "" {
			return answer{status: http.StatusOK, body: slack.NewErrorsViewSubmissionResponse(map[string]string{field: text})}
		}
		notice := view.Notice("okrbot", text)
		return answer{status: http.StatusOK, body: slack.NewUpdateViewSubmissionResponse(&notice)}
	case aQuery:
		return answer{status: http.StatusOK, body: suggest(nil)}
	case anEvent:
		return answer{status: http.StatusServiceUnavailable}
	}
	return d.carryOut(g, Say(text))
}

// ephemeral answers a command: its person alone sees it.
type ephemeral struct {
	Type string `json:"response_type"`
	view.Message
}

func newEphemeral(m view.Message) ephemeral { return ephemeral{"ephemeral", m} }

// suggestions answer a type-ahead.
type suggestions struct {
	Options []*slack.OptionBlockObject `json:"options"`
}

func suggest(options []*slack.OptionBlockObject) suggestions {
	if options == nil {
		options = []*slack.OptionBlockObject{} // Slack takes no null
	}
	return suggestions{options}
}

// carryOut says at once what Slack waits for, and does the rest after it.
func (d *Desk) carryOut(g gesture, r Reply) answer {
	a := answer{status: http.StatusOK}
	sayLater := r.Say
	updateLater := r.Update
	switch g.kind {
	case aMention:
		if r.Open != nil {
			m := view.Opens(*r.Open, cmp.Or(r.Same, g.said))
			sayLater, r.Open, r.Later = &m, nil, nil
		}
	case aCommand:
		if r.Say != nil {
			a.body, sayLater = newEphemeral(*r.Say), nil
		}
	case aQuery:
		a.body = suggest(r.Options)
		return a
	case aSubmit:
		updateLater = nil
		switch {
		case len(r.Problems) > 0:
			a.body = slack.NewErrorsViewSubmissionResponse(r.Problems)
		case r.Update != nil:
			a.body = slack.NewUpdateViewSubmissionResponse(r.Update)
		case r.Clear:
			a.body = slack.NewClearViewSubmissionResponse()
		}
	}
	if sayLater == nil && updateLater == nil && r.Open == nil && !r.Home && r.Shut == nil && r.Later == nil {
		return a
	}
	limit := r.LaterWithin
	if limit == 0 {
		limit = 30 * time.Second
	}
	a.after = func() { d.Later(limit, func(ctx context.Context) { d.afterwards(ctx, g, r, sayLater, updateLater) }) }
	return a
}

// afterwards does what the answer did not: open and change views, say, show the Home tab. The
// trigger goes first, because it lives three seconds.
func (d *Desk) afterwards(ctx context.Context, g gesture, r Reply, say *view.Message, update *slack.ModalViewRequest) {
	at := OpenView{Workspace: g.workspace, ID: g.View.ID, Hash: g.View.Hash}
	if g.kind == aSubmit {
		at.Hash = "" // the answer gave it a new one
	}
	var err error
	what := "opening a view"
	switch {
	case r.Open != nil && g.View.ID != "" && !g.View.Home:
		at, err = d.Slack.push(ctx, g.Trigger, *r.Open)
		if CodeOf(err) == "push_limit_reached" {
			at, err = d.Slack.Change(ctx, OpenView{ID: g.View.ID}, *r.Open)
		}
	case r.Open != nil:
		at, err = d.Slack.open(ctx, g.Trigger, *r.Open)
	case update != nil:
		what = "changing a view"
		at, err = d.Slack.Change(ctx, at, *update)
		if CodeOf(err) == "hash_conflict" && (r.Newest == nil || r.Newest(ctx)) {
			// What we found out meanwhile was drawn in between.
			at, err = d.Slack.Change(ctx, OpenView{ID: g.View.ID}, *update)
		}
	}
	at.Workspace = g.workspace
	switch code := CodeOf(err); {
	case err == nil:
	case triggerGone(code):
		late := view.Text("Slack closed the window before we could open it. Nothing was saved; do it again.")
		say = &late
	case code == "hash_conflict" || code == "not_found":
		d.Log.Debug("a view was overtaken", "route", d.Routes.logged(g), "actor", g.person, "code", code)
		return // the person went on meanwhile, or closed it
	default:
		d.Log.Error(what, "route", d.Routes.logged(g), "actor", g.person, "code", code)
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
	switch {
	case r.Shut != nil:
		if err := d.Slack.publish(ctx, g.person, *r.Shut); err != nil {
			d.Log.Warn("showing Home", "actor", g.person, "code", CodeOf(err))
		}
	case r.Home || g.View.Home && g.kind == anAction:
		d.ShowHome(ctx, g.Gesture)
	}
}

// settleFor is how long Slack has to show the view that a submit was answered with. The answer and
// our next call go two ways: a call that overtakes the answer is undone by it.
const settleFor = 400 * time.Millisecond

func (d *Desk) settle(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(settleFor):
	}
}
