package connect

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// connectionDraft is a connection that is looked after, and what its window shows of it.
type connectionDraft struct {
	Connection int64
	Name       string
	Shared     bool
}

func draftOf(c store.Connection) connectionDraft { return connectionDraft{c.ID, c.Name, c.Shared} }

// mostConnections is how many connections of a workspace a list can be of.
const mostConnections = 1000

// List is "/okr connections".
func (flow *Flow) List(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	return flow.part(ctx, g, 0)
}

// PageTurned shows another part of the list in the place of the one whose button was pressed.
func (flow *Flow) PageTurned(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	from, _ := view.ParsePage(g.Action.Value)
	r, err := flow.part(ctx, g, from)
	r.Replace = true
	return r, err
}

// part shows the part of the list that begins at a place, or the last one.
func (flow *Flow) part(ctx context.Context, g desk.Gesture, from int) (desk.Reply, error) {
	list, err := flow.Store.ConnectionsToManage(ctx, g.Actor, mostConnections)
	if err != nil {
		return desk.Reply{}, err
	}
	list = slices.DeleteFunc(list, func(c store.Connection) bool { return !c.MayUse(g.Actor) && !c.MayManage(g.Actor) })
	from = view.PageFrom(from, len(list), view.ConnectionsListed)
	var rows []view.Connection
	for _, c := range list[from:min(len(list), from+view.ConnectionsListed)] {
		row, err := flow.connectionShown(ctx, g.Actor, c)
		if err != nil {
			return desk.Reply{}, err
		}
		rows = append(rows, row)
	}
	m := view.Connections(rows, from, len(list), SystemNames(flow.connectors), okr.May(g.Actor, okr.Connect))
	return desk.Reply{Say: &m}, nil
}

func (flow *Flow) connectionShown(ctx context.Context, actor okr.Actor, c store.Connection) (view.Connection, error) {
	now, err := flow.Store.Now(ctx)
	if err != nil {
		return view.Connection{}, err
	}
	return Shown(flow.connectors, c, actor, now), nil
}

// manageable loads a connection that the person may look after; one that they may not is not found.
func (flow *Flow) manageable(ctx context.Context, actor okr.Actor, id int64) (store.Connection, error) {
	c, err := flow.Store.Connection(ctx, actor.Workspace, id)
	if err == nil && (c.State == store.Removed || c.State == store.Pending || !c.MayManage(actor)) {
		err = store.ErrNotFound
	}
	return c, err
}

// stillManages holds a connection that is about to be changed. Who lost the right to it meanwhile may not.
func stillManages(ctx context.Context, tx *store.Tx, actor okr.Actor, id int64) (store.Connection, error) {
	c, err := tx.LockConnection(ctx, actor.Workspace, id)
	if err == nil && !c.MayManage(actor) {
		err = errLostRight
	}
	return c, err
}

// goneConnection says that somebody cannot go on with a connection, where that is why.
func goneConnection(err error) (desk.Reply, error) {
	if errors.Is(err, errLostRight) {
		return desk.Say(lostRight), nil
	}
	if desk.IsNotFound(err) {
		return desk.Say("This connection is gone, or not yours to look after. See `/okr connections`."), nil
	}
	return desk.Reply{}, err
}

// connectionNamed is the connection that a button names.
func (flow *Flow) connectionNamed(ctx context.Context, g desk.Gesture) (store.Connection, error) {
	id, err := strconv.ParseInt(g.Action.Value, 10, 64)
	if err != nil {
		return store.Connection{}, store.ErrNotFound
	}
	return flow.manageable(ctx, g.Actor, id)
}

// ManagePressed opens a connection's window.
func (flow *Flow) ManagePressed(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	c, err := flow.connectionNamed(ctx, g)
	if err != nil {
		return goneConnection(err)
	}
	draft, err := manageForm.Begin(ctx, flow.Store.Statements, g.Actor, "fill", draftOf(c))
	if err != nil {
		return desk.Reply{}, err
	}
	modal, err := flow.manageModal(ctx, g, c, draft.ID, nil, false, "")
	return desk.Reply{Open: &modal}, err
}

func (flow *Flow) manageModal(ctx context.Context, g desk.Gesture, c store.Connection, draft string, stages []view.Stage, testing bool, problem string) (slack.ModalViewRequest, error) {
	hanging, err := flow.Store.KeyResultsOf(ctx, c)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	c.KeyResults = len(hanging)
	shown, err := flow.connectionShown(ctx, g.Actor, c)
	return shown.Manage(draft, stages, testing, problem), err
}

var (
	manageForm     = desk.Form[connectionDraft]{Kind: view.CallbackConnection, Again: "/okr connections"}
	disconnectForm = desk.Form[connectionDraft]{Kind: view.CallbackDisconnect, Again: "/okr connections"}
)

// managed loads the connection of the window that a gesture happened in; where there is none, the error is
// what to say instead.
func (flow *Flow) managed(ctx context.Context, g desk.Gesture, form desk.Form[connectionDraft]) (store.Connection, store.Draft, error) {
	draft, d, err := form.Shown(ctx, flow.Store.Statements, g)
	if err != nil {
		return store.Connection{}, draft, err
	}
	c, err := flow.manageable(ctx, g.Actor, d.Connection)
	if desk.IsNotFound(err) {
		gone, _ := goneConnection(err)
		err = desk.Instead(gone, err)
	}
	return c, draft, err
}

// TestPressed checks a connection as it is, stage by stage.
func (flow *Flow) TestPressed(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	c, draft, err := flow.managed(ctx, g, manageForm)
	if err != nil {
		return desk.Reply{}, err
	}
	connector, err := flow.connectors.ByKind(c.Kind)
	if err != nil {
		return desk.Reply{}, err
	}
	if c.State == store.Rejected || c.State == store.Broken {
		modal, err := flow.manageModal(ctx, g, c, draft.ID, nil, false, "This sign-in is not tried any more, so that no account is locked. Press *Reconnect*.")
		return desk.Reply{Update: &modal}, err
	}
	testing, err := flow.manageModal(ctx, g, c, draft.ID, nil, true, "")
	if err != nil {
		return desk.Reply{}, err
	}
	return desk.Reply{Update: &testing, LaterWithin: shownWithin, Later: func(ctx context.Context, at desk.OpenView) {
		var stages []integrations.Stage
		problem := ""
		asking, cancel := context.WithTimeout(ctx, checkWithin)
		defer cancel()
		err := flow.accounts.Ask(asking, c, func(account integrations.Account) error {
			stages = connector.Check(asking, account)
			return failureOf(stages)
		})
		var failure *integrations.Error
		switch {
		case err != nil && !errors.As(err, &failure):
			problem = "The test took too long. Try again."
		case err != nil && len(stages) == 0:
			problem = failure.Sentence()
		case err != nil:
			stages[len(stages)-1].Err = failure
		}
		if err == nil {
			if err := flow.Store.InTx(ctx, func(tx *store.Tx) error { return tx.SignInWorks(ctx, c.ID) }); err != nil {
				flow.Log.Warn("noting that a sign-in works", "connection", c.ID, "error", err)
			}
		}
		if c, err = flow.manageable(ctx, g.Actor, c.ID); err != nil {
			return
		}
		modal, err := flow.manageModal(ctx, g, c, draft.ID, stagesOf(stages, c.MayUse(g.Actor)), false, problem)
		if err == nil {
			_, err = flow.Slack.Change(ctx, desk.OpenView{ID: at.ID}, modal)
		}
		if err != nil && desk.CodeOf(err) != "not_found" {
			flow.Log.Warn("showing how a test went", "actor", g.Actor.ID, "error", err)
		}
	}}, nil
}

// ReconnectPressed opens the form for another sign-in.
func (flow *Flow) ReconnectPressed(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	c, err := flow.connectionNamed(ctx, g)
	if err != nil {
		return goneConnection(err)
	}
	return flow.openForm(ctx, g, connectDraft{Kind: c.Kind, Again: c.ID, AgainAt: c.Origin})
}

// ConnectionSubmitted renames a connection and shares it, as long as it is what the window shows.
func (flow *Flow) ConnectionSubmitted(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, was, err := manageForm.Shown(ctx, flow.Store.Statements, g)
	if err != nil {
		return desk.Reply{}, err
	}
	c, err := flow.manageable(ctx, g.Actor, was.Connection)
	if err != nil {
		return goneConnection(err)
	}
	entry := view.ParseConnection(g.View.State)
	err = flow.Store.InTx(ctx, func(tx *store.Tx) error {
		actor, err := flow.rights(ctx, tx.Statements, g.Actor)
		if err != nil {
			return err
		}
		if c, err = stillManages(ctx, tx, actor, was.Connection); err != nil {
			return err
		}
		if draftOf(c) != was {
			return manageForm.Lost(store.ErrChanged)
		}
		shared := c.Shared
		if entry.Asked && okr.May(actor, okr.ShareConnection, okr.MakerOf) {
			shared = entry.Shared
		}
		problems, err := connectionProblems(ctx, tx, c, entry.Name, shared)
		if err != nil {
			return err
		}
		if len(problems) > 0 {
			return desk.Refuse(desk.Reply{Problems: problems})
		}
		if err := tx.ChangeConnection(ctx, actor, c, entry.Name, shared); err != nil {
			return err
		}
		return tx.DeleteDraft(ctx, actor, draft.ID)
	})
	if err != nil {
		return goneConnection(err)
	}
	return desk.Say("*" + view.Escape(entry.Name) + "* is saved."), nil
}

// connectionProblems are what is wrong with a connection's name and sharing, of one that is held.
func connectionProblems(ctx context.Context, tx *store.Tx, c store.Connection, name string, shared bool) (okr.Problems, error) {
	problems := okr.Problems{}
	if name == "" {
		problems[view.FieldConnectionName] = "Enter a name, such as the instance's."
	}
	if shared || !c.Shared {
		return problems, nil
	}
	hanging, err := tx.KeyResultsOf(ctx, c)
	var others []view.Hanging // of other people than the maker
	for _, h := range hanging {
		if h.Owner != c.Owner {
			others = append(others, view.Hanging{Key: h.Key, Title: h.Title, Owner: h.Owner})
		}
	}
	if len(others) > 0 {
		problems[view.FieldShared] = "Others' key results read through it: " + view.HangingSentence(others) + ". They need another connection first."
	}
	return problems, err
}

// DisconnectPressed asks first, and names what stops.
func (flow *Flow) DisconnectPressed(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	c, err := flow.connectionNamed(ctx, g)
	if err != nil {
		return goneConnection(err)
	}
	hanging, err := flow.Store.KeyResultsOf(ctx, c)
	if err != nil {
		return desk.Reply{}, err
	}
	draft, err := disconnectForm.Begin(ctx, flow.Store.Statements, g.Actor, "ask", draftOf(c))
	if err != nil {
		return desk.Reply{}, err
	}
	rows := make([]view.Hanging, len(hanging))
	for i, h := range hanging {
		rows[i] = view.Hanging{Key: h.Key, Title: h.Title, Owner: h.Owner}
	}
	shown, err := flow.connectionShown(ctx, g.Actor, c)
	modal := shown.Disconnect(draft.ID, rows)
	return desk.Reply{Open: &modal}, err
}

// Disconnected removes a connection: its secret goes at once, its key results keep their history
// and their owners are told.
func (flow *Flow) Disconnected(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	c, draft, err := flow.managed(ctx, g, disconnectForm)
	if err != nil {
		return desk.Reply{}, err
	}
	stopped := 0
	err = flow.Store.InTx(ctx, func(tx *store.Tx) error {
		actor, err := flow.rights(ctx, tx.Statements, g.Actor)
		if err != nil {
			return err
		}
		if c, err = stillManages(ctx, tx, actor, c.ID); err != nil {
			return err
		}
		says := "<@" + actor.ID + "> disconnected " + view.Escape(view.Cut(c.Name, 100)) + ", through which it was read. Choose another source with `/okr edit`."
		failing, err := tx.RemoveConnection(ctx, actor, c, says)
		if err != nil {
			return err
		}
		stopped = len(failing)
		if err := flow.accounts.TellFailing(ctx, tx, failing, says, actor.ID); err != nil {
			return err
		}
		return tx.DeleteDraft(ctx, actor, draft.ID)
	})
	if err != nil {
		return goneConnection(err)
	}
	text := "*" + view.Escape(c.Name) + "* is disconnected and its sign-in forgotten."
	if stopped > 0 {
		text += " What was read through it keeps its history; give it another source with `/okr edit`."
	}
	if strings.HasPrefix(c.SignIn, "oauth") {
		text += " To take back the access in " + flow.connectors.Name(c.Kind) + " as well, remove okrbot there from the user's connected apps."
	}
	notice := view.Notice("Disconnected", text)
	return desk.Reply{Update: &notice}, nil
}

// ConfirmPressed makes a sign-in of the browser count: the person in Slack says that it was theirs.
func (flow *Flow) ConfirmPressed(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	id, err := strconv.ParseInt(g.Action.Value, 10, 64)
	if err != nil {
		return goneConnection(store.ErrNotFound)
	}
	var c store.Connection
	err = flow.Store.InTx(ctx, func(tx *store.Tx) error {
		actor, err := flow.rights(ctx, tx.Statements, g.Actor)
		if err != nil {
			return err
		}
		if c, err = tx.Confirm(ctx, actor, id); err != nil {
			return err
		}
		if err := flow.readAgain(ctx, tx, c); err != nil {
			return err
		}
		return flow.jobs.Directory(ctx, tx, c.ID)
	})
	if desk.IsNotFound(err) {
		return flow.answerConfirm(g, view.Notice("Connection", "This sign-in was confirmed already, or it is over: nobody confirmed it within an hour. See `/okr connections`, or begin again with `/okr connect`.")), nil
	}
	if errors.Is(err, errLostRight) {
		return flow.answerConfirm(g, view.Notice("Connection", "Guests cannot connect other systems, so nothing is read through this sign-in. It is forgotten within an hour. Ask a member of this workspace.")), nil
	}
	if err != nil {
		return desk.Reply{}, err
	}
	d := flow.behind(ctx, g.Actor, g.View.Draft)
	reply := flow.answerConfirm(g, view.Connected(flow.connectors.Name(c.Kind), c.Name, nil, d.Wizard != ""))
	if d.Wizard != "" {
		reply.Later = func(ctx context.Context, _ desk.OpenView) {
			flow.added(ctx, g, Opener{Draft: d.Wizard, View: d.Under}, c.ID)
		}
	}
	return reply, nil
}

// NotMePressed forgets a sign-in that somebody else made through the person's link.
func (flow *Flow) NotMePressed(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	id, err := strconv.ParseInt(g.Action.Value, 10, 64)
	if err == nil {
		err = flow.Store.Refuse(ctx, g.Actor, id)
	}
	if err != nil && !desk.IsNotFound(err) {
		return desk.Reply{}, err
	}
	return flow.answerConfirm(g, view.Notice("Forgotten", "The sign-in is forgotten, and nothing was read through it. If you did not give your link to anybody, tell okrbot's administrator.")), nil
}

// answerConfirm shows the answer where the question stood.
func (flow *Flow) answerConfirm(g desk.Gesture, modal slack.ModalViewRequest) desk.Reply {
	if g.View.ID != "" {
		return desk.Reply{Update: &modal}
	}
	m := view.MessageOf(modal)
	return desk.Reply{Say: &m, Replace: true}
}

// LinkFollowed is Slack telling that somebody followed a link.
func (flow *Flow) LinkFollowed(context.Context, desk.Gesture) (desk.Reply, error) {
	return desk.Reply{}, nil
}
