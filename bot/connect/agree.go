package connect

import (
	"context"
	"encoding/json"
	"net/http"

	"okrbot/bot/desk"
	"okrbot/bot/view"
)

// readersOf are those for whom a sign-in that waits is read: who asked for it, or whoever has the connection whose
// sign-in it becomes.
func (flow *Flow) readersOf(ctx context.Context, at signInPage) (view.Readers, error) {
	if at.pending.Replaces == 0 {
		return view.Readers{Name: at.name, Everybody: at.pending.Shared}, nil
	}
	c, err := flow.Store.Connection(ctx, at.Workspace, at.pending.Replaces)
	if err != nil {
		return view.Readers{}, err
	}
	owner, err := flow.Store.Person(ctx, at.Workspace, c.Owner)
	return view.Readers{Name: owner.Name, Everybody: c.Shared}, err
}

// asks makes a page ask whoever signed in whether that may be read for the one who asked in Slack. A
// link can be passed on: both have to say so, and both see both names.
func (at signInPage) asks(p *page, place string) {
	as, what := "It does not say as whom.", "What you may see there"
	if at.pending.Account != "" {
		account := "*" + view.Escape(at.pending.Account) + "*"
		as, what = "The user is "+account+".", "What "+account+" may see there"
	}
	name := "*" + view.Escape(at.name) + "*"
	p.Title = "Is that right?"
	p.Lines = []string{
		"You signed in to `" + place + "`. " + as,
		name + " asked for it in the Slack workspace *" + view.Escape(at.workspace) + "*. " + what + ", okrbot reads for " + at.readers.In("that workspace") + ".",
		"If somebody else sent you the link, and you do not mean to give them that, press *No, forget it*.",
	}
	p.Button, p.Answer, p.Refuse = "Yes, read it for "+at.readers.Name, "yes", "No, forget it"
	p.Shown = []pageField{{Name: "account", Typed: at.pending.Account}, {Name: "person", Typed: at.name}, {Name: "readers", Typed: at.readers.In("that workspace")}}
}

// agreed is the answer to what a page asks about a sign-in.
func (flow *Flow) agreed(ctx context.Context, w http.ResponseWriter, r *http.Request, at signInPage) {
	answer := r.PostForm.Get("answer")
	asSeen := r.PostForm.Get("account") == at.pending.Account && r.PostForm.Get("person") == at.name &&
		r.PostForm.Get("readers") == at.readers.In("that workspace")
	switch {
	case answer == "no":
		if err := flow.Store.Refuse(ctx, at.actor, at.Pending); err != nil && !desk.IsNotFound(err) {
			flow.Log.Error("forgetting a sign-in", "actor", at.actor.ID, "error", err)
			flow.outcome(w, "unable")
			return
		}
		modal, message := view.NotConnected(at.connector.Name(), view.ShownAddress(at.Origin), nil, "In the browser it was not agreed that okrbot reads it for you. If that was a slip, type `/okr connect` again.")
		flow.endPage(ctx, at, modal, message)
		http.Redirect(w, r, outcomePath+"denied", http.StatusSeeOther)
		return
	case answer != "yes":
		flow.show(w, http.StatusUnprocessableEntity, at.page(flow))
		return
	case !asSeen:
		flow.show(w, http.StatusConflict, at.wrong(flow, nil, "A name changed meanwhile, or whom it is read for. Look at it again."))
		return
	}
	if err := flow.Store.Agree(ctx, at.actor, at.Pending); err != nil {
		flow.Log.Error("agreeing to a sign-in", "actor", at.actor.ID, "error", err)
		flow.outcome(w, "unable")
		return
	}
	var stages []view.Stage
	if err := json.Unmarshal(at.Stages, &stages); err != nil {
		flow.Log.Warn("reading how a check went", "error", err) // it is only shown
	}
	modal, message := view.Confirm(at.Pending, view.ShownAddress(at.Origin), at.pending.Account, at.readers, stages, at.Draft)
	flow.endPage(ctx, at, modal, message)
	http.Redirect(w, r, outcomePath+"allowed", http.StatusSeeOther)
}
