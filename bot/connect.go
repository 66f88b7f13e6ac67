package bot

import (
	"context"
	"errors"
	"strings"
	"time"

	"okrbot/bot/view"
	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// connectDraft is a connection on its way. What was typed in secret is not in it.
type connectDraft struct {
	Kind   string
	Wizard string // the wizard's draft that this is a detour from
	Under  string // the wizard's view
}

// checkWithin bounds the check of a connection.
const checkWithin = 25 * time.Second

// connect is "/okr connect" and the button of that name.
func (b *Bot) connect(ctx context.Context, g Gesture) (Reply, error) {
	return b.connectForm(ctx, g, connectDraft{})
}

func (b *Bot) connectForm(ctx context.Context, g Gesture, d connectDraft) (Reply, error) {
	if !okr.May(g.Actor, okr.Connect) {
		return Say("Guests cannot connect other systems. Ask a member of this workspace."), nil
	}
	connector, err := b.connectors.ByKind(d.Kind)
	if err != nil {
		connector = b.connectors[0]
	}
	d.Kind = connector.Kind()
	draft, err := b.store.CreateDraft(ctx, g.Actor, view.CallbackConnect, "fill", d)
	if err != nil {
		return Reply{}, err
	}
	modal := b.form(g, connector, d).Modal(draft.ID)
	return Reply{Open: &modal}, nil
}

// form is a connector's form, with its first way to sign in chosen. On a detour from the wizard the
// system was chosen there.
func (b *Bot) form(g Gesture, connector integrations.Connector, d connectDraft) view.ConnectForm {
	f := view.ConnectForm{
		System: systemOf(connector), Address: input(connector.AddressField()),
		Share: okr.May(g.Actor, okr.ShareConnection, okr.MakerOf),
	}
	if d.Wizard == "" {
		f.Systems = b.systems()
	}
	for _, s := range connector.SignIns() {
		signIn := view.SignIn{Kind: s.Kind, Label: s.Label, Guide: s.Guide, Available: !s.NeedsPublicURL}
		for _, field := range s.Fields {
			signIn.Fields = append(signIn.Fields, input(field))
		}
		f.SignIns = append(f.SignIns, signIn)
	}
	f.SignIn = f.SignIns[0].Kind
	return f
}

func systemOf(c integrations.Connector) view.System {
	return view.System{Kind: c.Kind(), Name: c.Name()}
}

// systems are all that this process reads from.
func (b *Bot) systems() []view.System {
	list := make([]view.System, len(b.connectors))
	for i, c := range b.connectors {
		list[i] = systemOf(c)
	}
	return list
}

func input(f integrations.Field) view.Input {
	return view.Input{Name: f.Name, Label: f.Label, Hint: f.Hint, Placeholder: f.Placeholder, Secret: f.Secret, MaxLength: f.MaxLength}
}

func (b *Bot) connectDraft(ctx context.Context, g Gesture) (store.Draft, connectDraft, integrations.Connector, error) {
	var d connectDraft
	draft, err := b.store.Draft(ctx, g.Actor, g.View.Draft)
	if err == nil && draft.Kind != view.CallbackConnect {
		err = store.ErrNotFound
	}
	if err == nil {
		err = draft.State(&d)
	}
	if err != nil {
		return draft, d, nil, err
	}
	connector, err := b.connectors.ByKind(d.Kind)
	return draft, d, connector, err
}

// connectSystemChosen shows the form of another system.
func (b *Bot) connectSystemChosen(ctx context.Context, g Gesture) (Reply, error) {
	draft, d, _, err := b.connectDraft(ctx, g)
	if isNotFound(err) {
		return expiredForm("/okr connect"), nil
	}
	if err != nil {
		return Reply{}, err
	}
	entry := view.ParseConnect(g.View.State)
	connector, err := b.connectors.ByKind(entry.System)
	if err != nil {
		return expiredForm("/okr connect"), nil
	}
	d.Kind = connector.Kind()
	if draft, err = b.store.SaveDraft(ctx, g.Actor, draft, draft.Step, d); errors.Is(err, store.ErrChanged) {
		return changedElsewhere("/okr connect"), nil
	} else if err != nil {
		return Reply{}, err
	}
	f := b.form(g, connector, d)
	f.Typed = entry.Address
	modal := f.Modal(draft.ID)
	return Reply{Update: &modal}, nil
}

// connectSignInChosen shows the fields of the way to sign in.
func (b *Bot) connectSignInChosen(ctx context.Context, g Gesture) (Reply, error) {
	draft, d, connector, err := b.connectDraft(ctx, g)
	if isNotFound(err) {
		return expiredForm("/okr connect"), nil
	}
	if err != nil {
		return Reply{}, err
	}
	entry := view.ParseConnect(g.View.State)
	f := b.form(g, connector, d)
	f.SignIn, f.Typed = entry.SignIn, entry.Address
	modal := f.Modal(draft.ID)
	return Reply{Update: &modal}, nil
}

// connectSubmitted checks the connection, stage by stage, and keeps it when it works. Nothing is
// stored before that, and what was typed in secret is only in this process's memory.
func (b *Bot) connectSubmitted(ctx context.Context, g Gesture) (Reply, error) {
	draft, d, connector, err := b.connectDraft(ctx, g)
	if isNotFound(err) {
		return expiredForm("/okr connect"), nil
	}
	if err != nil {
		return Reply{}, err
	}
	if !okr.May(g.Actor, okr.Connect) {
		return Say("Guests cannot connect other systems. Nothing was saved. Ask a member of this workspace."), nil
	}
	entry := view.ParseConnect(g.View.State)
	origin, problems := b.entered(connector, entry)
	if len(problems) > 0 {
		return Reply{Problems: atFields(problems, g)}, nil
	}
	account := integrations.Account{Origin: origin, SignIn: entry.SignIn, Fields: entry.Credentials}
	checking := view.Checking(connector.Name(), shownAddress(origin))
	return Reply{Update: &checking, LaterWithin: checkWithin, Later: func(ctx context.Context, at OpenView) {
		stages := connector.Check(ctx, account)
		f := b.form(g, connector, d)
		f.SignIn, f.Typed, f.Kept, f.Stages = entry.SignIn, entry.Address, entry.Credentials, stagesOf(stages)
		next := f.Modal(draft.ID)
		var c store.Connection
		if passed(stages) {
			var err error
			if c, err = b.keep(ctx, g, connector, account, entry.Shared, draft.ID); err != nil {
				ref := reference()
				b.log.Error("keeping a connection", "actor", g.Actor.ID, "ref", ref, "error", err)
				next = view.Notice("Connect "+connector.Name(), wentWrong(ref))
			} else {
				next = view.Connected(connector.Name(), c.Name, f.Stages, d.Wizard != "")
			}
		}
		if _, err := b.slack.change(ctx, at, next); err != nil {
			b.log.Warn("showing how a connection went", "actor", g.Actor.ID, "code", codeOf(err))
		}
		if c.ID != 0 && d.Wizard != "" {
			b.drawWizard(ctx, g, d.Wizard, d.Under, func(w *wizard) { w.choose(c.ID) })
		}
	}}, nil
}

// entered looks at what was typed before anything is dialled.
func (b *Bot) entered(connector integrations.Connector, entry view.ConnectEntry) (origin string, problems okr.Problems) {
	problems = okr.Problems{}
	origin, err := connector.Origin(entry.Address)
	if err != nil {
		problems[view.FieldAddress] = err.Error()
	}
	for _, s := range connector.SignIns() {
		if s.Kind != entry.SignIn {
			continue
		}
		if s.NeedsPublicURL {
			problems[view.FieldSignIn] = "OAuth comes with PUBLIC_URL and a client, which this release does not offer yet. Choose another way."
			return origin, problems
		}
		for _, field := range s.Fields {
			if strings.TrimSpace(entry.Credentials[field.Name]) == "" {
				problems[view.FieldOf(s.Kind, field.Name)] = "Enter the " + strings.ToLower(field.Label[:1]) + field.Label[1:] + "."
			}
		}
		return origin, problems
	}
	problems[view.FieldSignIn] = "Choose how to sign in."
	return origin, problems
}

// keep stores a connection that works and has its list of scorecards read.
func (b *Bot) keep(ctx context.Context, g Gesture, connector integrations.Connector, account integrations.Account, shared bool, draft string) (store.Connection, error) {
	name := shownAddress(account.Origin)
	if user := account.Fields["username"]; user != "" {
		name += " (" + user + ")"
	}
	var c store.Connection
	err := b.store.InTx(ctx, func(tx *store.Tx) error {
		// Rights are asked again: the check took a while.
		p, err := tx.Person(ctx, g.Actor.Workspace, g.Actor.ID)
		if err != nil {
			return err
		}
		actor := b.withRights(p).Actor
		if !okr.May(actor, okr.Connect) {
			return errors.New("the person lost the right to connect")
		}
		c, err = tx.CreateConnection(ctx, actor, store.Connection{
			Kind: connector.Kind(), Name: name, Origin: account.Origin, SignIn: account.SignIn,
			Shared: shared && okr.May(actor, okr.ShareConnection, okr.MakerOf),
		}, account.Fields, draft)
		if err != nil {
			return err
		}
		return b.jobs.Directory(ctx, tx, c.ID)
	})
	return c, err
}

func passed(stages []integrations.Stage) bool {
	for _, s := range stages {
		if s.Err != nil {
			return false
		}
	}
	return len(stages) > 0
}

func stagesOf(stages []integrations.Stage) []view.Stage {
	list := make([]view.Stage, len(stages))
	for i, s := range stages {
		list[i] = view.Stage{Name: s.Name, Took: s.Took, Note: s.Note}
		if s.Err != nil {
			list[i].Says = s.Err.Sentence()
		}
	}
	return list
}

// shownAddress is an address as people read it: a host, with path and query where it has some.
func shownAddress(origin string) string {
	_, s, _ := strings.Cut(origin, "://")
	return strings.TrimSuffix(s, "/")
}

// connectionsCommand is "/okr connections".
func (b *Bot) connectionsCommand(ctx context.Context, g Gesture) (Reply, error) {
	list, err := b.store.ConnectionsFor(ctx, g.Actor)
	if err != nil {
		return Reply{}, err
	}
	now, err := b.store.Now(ctx)
	if err != nil {
		return Reply{}, err
	}
	rows := make([]view.Connection, 0, len(list))
	for _, c := range list {
		if c.MayUse(g.Actor) {
			rows = append(rows, view.Connection{
				Name: c.Name, State: string(c.State), Shared: c.Shared, Owner: c.Owner, KeyResults: c.KeyResults,
				Succeeded: c.Succeeded, Waiting: c.Waiting, Now: now,
			})
		}
	}
	m := view.Connections(rows)
	return Reply{Say: &m}, nil
}
