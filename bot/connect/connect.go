// Package connect is how people connect other systems: the form in Slack, the pages of ours on which what
// is secret is entered, the way through a system's own page, and the looking after of what is connected.
package connect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"okrbot/accounts"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/integrations"
	"okrbot/jobs"
	"okrbot/okr"
	"okrbot/store"
)

// Flow connects systems. It is for whoever okr.Connect lets.
type Flow struct {
	*desk.Desk
	jobs       *jobs.Client
	accounts   *accounts.Accounts
	connectors integrations.Registry
	// added is told of a connection that was made on a detour from another form, which waits below.
	added func(ctx context.Context, g desk.Gesture, from Opener, connection int64)
}

// Opener is the form that somebody came from: its draft, and the view that it stands in.
type Opener struct{ Draft, View string }

// New makes the flow.
func New(d *desk.Desk, j *jobs.Client, a *accounts.Accounts, connectors integrations.Registry, added func(context.Context, desk.Gesture, Opener, int64)) *Flow {
	return &Flow{d, j, a, connectors, added}
}

// Detour opens the form for a kind of system, from another form.
func (flow *Flow) Detour(ctx context.Context, g desk.Gesture, system string, from Opener) (desk.Reply, error) {
	return flow.openForm(ctx, g, connectDraft{Kind: system, Wizard: from.Draft, Under: from.View})
}

// connectDraft is a connection on its way. What was typed in secret is not in it.
type connectDraft struct {
	Kind   string
	Wizard string // the wizard's draft that this is a detour from
	Under  string // the wizard's view
	// Again is the connection that gets another sign-in, and AgainAt its address; 0: a new one.
	Again   int64
	AgainAt string
	typed   string // the address, where the command named one
}

const (
	checkWithin = 25 * time.Second                // bounds asking a system while a connection is checked
	shownWithin = checkWithin + 2*desk.CallWithin // the same with keeping and showing how it went
)

// Open is "/okr connect" and the button of that name.
func (flow *Flow) Open(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	return flow.openForm(ctx, g, connectDraft{})
}

func (flow *Flow) openForm(ctx context.Context, g desk.Gesture, d connectDraft) (desk.Reply, error) {
	if !okr.May(g.Actor, okr.Connect) {
		return desk.Say("Guests cannot connect other systems. Ask a member of this workspace."), nil
	}
	connector, err := flow.connectors.ByKind(d.Kind)
	if err != nil {
		connector = flow.connectors[0]
	}
	d.Kind = connector.Kind()
	draft, err := connectForm.Begin(ctx, flow.Store.Statements, g.Actor, "fill", d)
	if err != nil {
		return desk.Reply{}, err
	}
	modal := flow.form(g, connector, d).Modal(draft.ID)
	return desk.Reply{Open: &modal}, nil
}

// form is a connector's form, with its first way to sign in chosen. On a detour from the wizard the
// system was chosen there.
func (flow *Flow) form(g desk.Gesture, connector integrations.Connector, d connectDraft) view.ConnectForm {
	f := view.ConnectForm{
		System: systemOf(connector), Address: input(connector.AddressField()),
		Share: okr.May(g.Actor, okr.ShareConnection, okr.MakerOf), Typed: d.typed,
	}
	if d.Wizard == "" {
		f.Systems = flow.systems()
	}
	if d.Again != 0 {
		f.Fixed = view.ShownAddress(d.AgainAt)
	}
	for _, s := range connector.SignIns() {
		signIn := view.SignIn{Kind: s.Kind, Label: s.Label, Guide: s.Guide, Available: !s.NeedsPublicURL || flow.Settings.PublicURL != "", Browser: flow.onAPage(s)}
		if !signIn.Available {
			signIn.Why = noPublicURL(s.Label, connector.Name())
		}
		for _, field := range s.Fields {
			signIn.Fields = append(signIn.Fields, input(field))
		}
		f.SignIns = append(f.SignIns, signIn)
	}
	f.SignIn = f.SignIns[0].Kind
	return f
}

func noPublicURL(signIn, system string) string {
	return signIn + " is not offered here yet: " + system + " must send your browser back to okrbot, and `PUBLIC_URL` is not set where it runs. Ask whoever runs it, or choose another way."
}

// onAPage says whether a sign-in is given on a page of our own: what is secret, wherever browsers
// reach us.
func (flow *Flow) onAPage(s integrations.SignIn) bool {
	secret := slices.ContainsFunc(s.Fields, func(f integrations.Field) bool { return f.Secret })
	return flow.Settings.PublicURL != "" && (secret || s.NeedsPublicURL)
}

// signInOf is a way to sign in to a system, by its stored name.
func signInOf(c integrations.Connector, kind string) (integrations.SignIn, bool) {
	for _, s := range c.SignIns() {
		if s.Kind == kind {
			return s, true
		}
	}
	return integrations.SignIn{}, false
}

func systemOf(c integrations.Connector) view.System {
	return view.System{Kind: c.Kind(), Name: c.Name()}
}

// SystemNames are what people call all that this process reads from.
func SystemNames(connectors integrations.Registry) view.Systems {
	var names view.Systems
	for _, c := range connectors {
		names = append(names, c.Name())
	}
	return names
}

// systems are all that this process reads from.
func (flow *Flow) systems() []view.System {
	list := make([]view.System, len(flow.connectors))
	for i, c := range flow.connectors {
		list[i] = systemOf(c)
	}
	return list
}

func input(f integrations.Field) view.Input {
	return view.Input{Name: f.Name, Label: f.Label, Hint: f.Hint, Placeholder: f.Placeholder, Secret: f.Secret, Optional: f.Optional, MaxLength: f.MaxLength}
}

var connectForm = desk.Form[connectDraft]{Kind: view.CallbackConnect, Again: "/okr connect"}

// shown loads the form that a gesture happened in, and the connector that it is for.
func (flow *Flow) shown(ctx context.Context, g desk.Gesture) (store.Draft, connectDraft, integrations.Connector, error) {
	draft, d, err := connectForm.Shown(ctx, flow.Store.Statements, g)
	if err != nil {
		return draft, d, nil, err
	}
	connector, err := flow.connectors.ByKind(d.Kind)
	return draft, d, connector, err
}

// SystemChosen shows the form of another system.
func (flow *Flow) SystemChosen(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, d, _, err := flow.shown(ctx, g)
	if err != nil {
		return desk.Reply{}, err
	}
	entry := view.ParseConnect(g.View.State)
	connector, err := flow.connectors.ByKind(entry.System)
	if err != nil {
		return desk.Expired("/okr connect"), nil
	}
	d.Kind = connector.Kind()
	if draft, err = connectForm.Save(ctx, flow.Store.Statements, g.Actor, draft, draft.Step, d); err != nil {
		return desk.Reply{}, err
	}
	f := flow.form(g, connector, d)
	f.Typed = entry.Address
	f.Shared = entry.Shared
	modal := f.Modal(draft.ID)
	return desk.Reply{Update: &modal}, nil
}

// SignInChosen shows the fields of the way to sign in.
func (flow *Flow) SignInChosen(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, d, connector, err := flow.shown(ctx, g)
	if err != nil {
		return desk.Reply{}, err
	}
	entry := view.ParseConnect(g.View.State)
	f := flow.form(g, connector, d)
	f.SignIn, f.Typed, f.Shared = entry.SignIn, entry.Address, entry.Shared
	modal := f.Modal(draft.ID)
	return desk.Reply{Update: &modal}, nil
}

// Submitted checks the connection, stage by stage, and keeps it when it works. Nothing is
// stored before that, and what was typed in secret is only in this process's memory.
func (flow *Flow) Submitted(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, d, connector, err := flow.shown(ctx, g)
	if err != nil {
		return desk.Reply{}, err
	}
	if !okr.May(g.Actor, okr.Connect) {
		return desk.Say("Guests cannot connect other systems. Nothing was saved. Ask a member of this workspace."), nil
	}
	entry := view.ParseConnect(g.View.State)
	trimOpen(connector, entry)
	var again store.Connection
	if d.Again != 0 {
		if again, err = flow.manageable(ctx, g.Actor, d.Again); err != nil {
			return goneConnection(err)
		}
		entry.Address = again.Origin
	}
	origin, problems, err := flow.entered(ctx, g, connector, entry)
	if err != nil {
		return desk.Reply{}, err
	}
	if len(problems) > 0 {
		return desk.Reply{Problems: desk.AtFields(problems, g)}, nil
	}
	if signIn, ok := signInOf(connector, entry.SignIn); ok && flow.onAPage(signIn) {
		return flow.inBrowser(ctx, g, connector, store.SignInPage{
			Kind: connector.Kind(), Origin: origin, SignIn: entry.SignIn, Shared: entry.Shared, Reconnects: d.Again, Draft: draft.ID, View: g.View.ID,
		})
	}
	account := integrations.Account{Origin: origin, SignIn: entry.SignIn, Fields: entry.Credentials}
	if again.ID == 0 {
		if again, err = flow.meant(ctx, g.Actor, connector.Kind(), origin, userOf(account), entry.Shared); err != nil {
			return desk.Reply{}, err
		}
	}
	checking := view.Checking(connector.Name(), view.ShownAddress(origin))
	return desk.Reply{Update: &checking, LaterWithin: shownWithin, Later: func(ctx context.Context, at desk.OpenView) {
		found := flow.prove(ctx, g.Actor.Workspace, connector, account, again)
		f := flow.form(g, connector, d)
		f.SignIn, f.Typed, f.Kept, f.Shared = entry.SignIn, entry.Address, entry.Credentials, entry.Shared
		f.Stages, f.Problem = stagesOf(found.stages, true), found.problem
		next := f.Modal(draft.ID)
		var c store.Connection
		if found.works() {
			var err error
			if c, err = flow.keepConnection(ctx, g.Actor, connector, account, again.ID, entry.Shared, draft.ID); err == nil {
				next = view.Connected(connector.Name(), c.Name, f.Stages, d.Wizard != "")
			} else {
				next = flow.unkept(g, connector, err)
			}
		}
		if _, err := flow.Slack.Change(ctx, at, next); err != nil {
			flow.Log.Warn("showing how a connection went", "actor", g.Actor.ID, "code", desk.CodeOf(err))
		}
		if c.ID != 0 && d.Wizard != "" {
			flow.added(ctx, g, Opener{Draft: d.Wizard, View: d.Under}, c.ID)
		}
	}}, nil
}

// unkept says that a connection that works could not be saved.
func (flow *Flow) unkept(g desk.Gesture, connector integrations.Connector, err error) slack.ModalViewRequest {
	if errors.Is(err, errLostRight) {
		return view.Notice("Connect "+connector.Name(), lostRight)
	}
	ref := desk.Reference()
	flow.Log.Error("keeping a connection", "actor", g.Actor.ID, "ref", ref, "error", err)
	return view.Notice("Connect "+connector.Name(), desk.WhyUnsaved(err, ref))
}

// entered looks at what was typed before anything is dialled.
func (flow *Flow) entered(ctx context.Context, g desk.Gesture, connector integrations.Connector, entry view.ConnectEntry) (origin string, problems okr.Problems, err error) {
	problems = okr.Problems{}
	origin, wrong := connector.Origin(entry.Address)
	if wrong != nil {
		problems[view.FieldAddress] = wrong.Error()
	}
	s, ok := signInOf(connector, entry.SignIn)
	switch {
	case !ok:
		problems[view.FieldSignIn] = "Choose how to sign in."
	case s.NeedsPublicURL && flow.Settings.PublicURL == "":
		problems[view.FieldSignIn] = s.Label + " comes with PUBLIC_URL, which is not set where okrbot runs. Choose another way."
	case s.NeedsPublicURL && len(problems) == 0:
		_, err := flow.Store.OAuthClient(ctx, g.Actor.Workspace, connector.Kind(), origin)
		if desk.IsNotFound(err) && !okr.May(g.Actor, okr.RegisterClient) {
			problems[view.FieldSignIn] = "No OAuth client is entered for " + view.Cut(view.ShownAddress(origin), 60) + " yet. Ask an administrator of this workspace to choose OAuth here once, or choose another way."
		} else if err != nil && !desk.IsNotFound(err) {
			return origin, problems, err
		}
	case !flow.onAPage(s):
		for _, field := range s.Fields {
			if wrong := enteredWrong(field, entry.Credentials[field.Name]); wrong != "" {
				problems[view.FieldOf(s.Kind, field.Name)] = wrong
			}
		}
	}
	return origin, problems, nil
}

// trimOpen takes the blanks around what was entered that is not secret: a secret may have some.
func trimOpen(connector integrations.Connector, entry view.ConnectEntry) {
	s, _ := signInOf(connector, entry.SignIn)
	for _, f := range s.Fields {
		if typed, ok := entry.Credentials[f.Name]; ok && !f.Secret {
			entry.Credentials[f.Name] = strings.TrimSpace(typed)
		}
	}
}

// enteredWrong is what is wrong with what was entered into a field of a sign-in, as a sentence.
func enteredWrong(f integrations.Field, typed string) string {
	switch typed = strings.TrimSpace(typed); {
	case typed == "" && f.Optional:
		return ""
	case typed == "" || len([]rune(typed)) > f.MaxLength:
		return fmt.Sprintf("Enter the %s, of at most %d characters.", f.Label, f.MaxLength)
	case f.Name == integrations.Expires:
		if _, err := time.Parse(time.DateOnly, typed); err != nil {
			return "Write the day as 2026-12-31, or leave it empty."
		}
	}
	return ""
}

// endOf is the day on which a sign-in ends, where somebody said it.
func endOf(account integrations.Account) time.Time {
	day, err := time.Parse(time.DateOnly, strings.TrimSpace(account.Fields[integrations.Expires]))
	if err != nil {
		return time.Time{}
	}
	return day
}

// keepConnection stores a sign-in that works: a new connection, whose list of scorecards is read, or again's.
func (flow *Flow) keepConnection(ctx context.Context, actor okr.Actor, connector integrations.Connector, account integrations.Account, again int64, shared bool, draft string) (store.Connection, error) {
	name := view.ShownAddress(account.Origin)
	user := userOf(account)
	if user != "" {
		name += " (" + user + ")"
	}
	var c store.Connection
	// Rights are asked again: the check took a while.
	if _, err := flow.PersonToday(ctx, actor.Workspace, actor.ID); err != nil {
		return c, err
	}
	err := flow.Store.InTx(ctx, func(tx *store.Tx) error {
		actor, err := flow.rights(ctx, tx.Statements, actor)
		if err != nil {
			return err
		}
		if again != 0 {
			if c, err = stillManages(ctx, tx, actor, again); err == nil {
				c, err = tx.ReplaceSignIn(ctx, actor, again, store.SignIn{Kind: account.SignIn, Origin: account.Origin, Account: user, Fields: account.Fields, Ends: endOf(account)})
			}
			if err != nil {
				return err
			}
			return flow.readAgain(ctx, tx, c)
		}
		c, err = tx.CreateConnection(ctx, actor, store.Connection{
			Kind: connector.Kind(), Name: name, Origin: account.Origin, SignIn: account.SignIn, Account: user, Ends: endOf(account),
			Shared: shared && okr.May(actor, okr.ShareConnection, okr.MakerOf),
		}, account.Fields, draft)
		if err != nil {
			return err
		}
		return flow.jobs.Directory(ctx, tx, c.ID)
	})
	return c, err
}

// userOf is whom an account signs in as, where what was entered says so.
func userOf(account integrations.Account) string { return account.Fields["username"] }

// readAgain has what failed for lack of a sign-in read at once, now that there is another one.
func (flow *Flow) readAgain(ctx context.Context, tx *store.Tx, c store.Connection) error {
	hanging, err := tx.KeyResultsOf(ctx, c)
	if err != nil {
		return err
	}
	var failing []int64
	for _, h := range hanging {
		if h.Failing == string(integrations.Unauthorized) && !h.Paused {
			failing = append(failing, h.ID)
		}
	}
	if len(failing) == 0 {
		return nil
	}
	return flow.jobs.Import(ctx, tx, c.Workspace, failing...)
}

var errLostRight = errors.New("the person lost the right to do this")

// lostRight is what is said of it.
const lostRight = "You may not do this any more, so nothing was saved. Ask an administrator of this workspace."

// rights are what a person may now, whatever they might when they began. Who may not connect may
// not go on.
func (flow *Flow) rights(ctx context.Context, from store.Statements, actor okr.Actor) (okr.Actor, error) {
	p, err := from.Person(ctx, actor.Workspace, actor.ID)
	if err != nil {
		return actor, err
	}
	actor = flow.WithCurrentRights(p).Actor
	if !okr.May(actor, okr.Connect) {
		return actor, errLostRight
	}
	return actor, nil
}

func passed(stages []integrations.Stage) bool {
	for _, s := range stages {
		if s.Err != nil {
			return false
		}
	}
	return len(stages) > 0
}

// stagesOf are the stages of a check as they are shown; with the score that was read to those alone who may read
// through the connection.
func stagesOf(stages []integrations.Stage, reads bool) []view.Stage {
	list := make([]view.Stage, len(stages))
	for i, s := range stages {
		list[i] = view.Stage{Name: s.Name, Took: s.Took, Skipped: s.Skipped, Note: s.Note}
		if reads && s.Score != "" {
			list[i].Note = s.Score
		}
		if s.Err != nil {
			list[i].Says = s.Err.Sentence()
		}
	}
	return list
}
