package connect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

const (
	// browserCookie tells browsers apart. The prefix binds it to this host and to https.
	browserCookie = "__Host-okrbot"
	// triesOnAPage is how many sign-ins may be refused, or be under way, before a page closes: more could
	// lock the account.
	triesOnAPage = 2
	// largestForm is in bytes.
	largestForm = 16 << 10
)

// inBrowser gives the person a page of ours to sign in on.
func (flow *Flow) inBrowser(ctx context.Context, g desk.Gesture, connector integrations.Connector, v store.SignInPage) (desk.Reply, error) {
	token, err := flow.Store.CreateSignInPage(ctx, g.Actor, v)
	modal := view.InBrowser(connector.Name(), view.ShownAddress(v.Origin), flow.Settings.PublicURL+"/connect/"+token)
	return desk.Reply{Update: &modal}, err
}

// Pages are what people open in their browsers: to sign in outside Slack, and to come back from a
// system's own page with Allow and Deny.
func (flow *Flow) Pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /connect/{token}", flow.pageOpened)
	mux.HandleFunc("POST /connect/{token}", flow.pageSent)
	for _, connector := range flow.connectors {
		if consenter, ok := connector.(integrations.Consenter); ok {
			back := func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet { // HEAD is to change nothing, and a code is taken once
					w.WriteHeader(http.StatusMethodNotAllowed)
					return
				}
				// The address holds a code: the browser goes on from it at once.
				http.Redirect(w, r, flow.cameBack(r, consenter), http.StatusSeeOther)
			}
			mux.HandleFunc("GET "+callbackPath(consenter)+"/{host}", back)
			mux.HandleFunc("GET "+callbackPath(consenter), back)
		}
	}
	return private(http.NewCrossOriginProtection().Handler(mux))
}

// PagePaths are the paths under which Pages are: those of the connect page, and each system's to which
// people sign in by their browser.
func (flow *Flow) PagePaths() []string {
	paths := []string{outcomePath}
	for _, c := range flow.connectors {
		if _, ok := c.(integrations.Consenter); ok {
			paths = append(paths, "/"+c.Kind()+"/")
		}
	}
	return paths
}

// anotherClient in the address of a page asks for a client that is entered already once more, for an
// administrator who mistyped its secret, or was given another one.
const anotherClient = "another-client"

// outcomePath is where the pages are at which a sign-in page ends.
const outcomePath = "/connect/"

func callbackPath(c integrations.Connector) string { return "/" + c.Kind() + "/oauth/callback" }

// callback is where the system at an address sends browsers back: the configured address, whatever
// a request says. Each system has its own, so that none can pass off another's code as its own.
func (flow *Flow) callback(c integrations.Connector, origin string) string {
	return flow.Settings.PublicURL + callbackPath(c) + "/" + hostOf(origin)
}

// mayComeBack says whether a browser came back from the system that a sign-in page is for: to its own
// callback, or, where the workspace has one client alone, to the one without a host, which somebody
// registered in the system. There is nobody then whose code it could be instead.
func (flow *Flow) mayComeBack(ctx context.Context, r *http.Request, v store.SignInPage) bool {
	if host := r.PathValue("host"); host != "" {
		return host == hostOf(v.Origin)
	}
	n, err := flow.Store.CountOAuthClients(ctx, v.Workspace)
	return err == nil && n == 1
}

// hostOf is the host of an address, with its port where that is not the usual one.
func hostOf(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return ""
	}
	return u.Host
}

// signInPage is a page that is open: whose it is, and for what.
type signInPage struct {
	store.SignInPage
	actor     okr.Actor
	name      string
	workspace string
	connector integrations.Connector
	signIn    integrations.SignIn
	client    *store.OAuthClient // the one that is entered for the address, if any
	another   bool               // another client is to take its place
	again     store.Connection
	pending   store.Connection // the sign-in that the page asks about
	readers   view.Readers     // whom it is read for then
}

// errNotAsked says that Slack could not be asked whether a page's person may still do what it is for.
var errNotAsked = errors.New("not told by Slack who the person is now")

// load loads a page and all that stands behind it. The person's rights are asked again.
func (flow *Flow) load(ctx context.Context, v store.SignInPage) (signInPage, error) {
	at := signInPage{SignInPage: v}
	p, err := flow.PersonToday(ctx, v.Workspace, v.Person)
	if err != nil {
		return at, err
	}
	if !p.Current {
		return at, errNotAsked
	}
	at.actor, at.name = p.Actor, p.Name
	if !okr.May(at.actor, okr.Connect) {
		return at, store.ErrNotFound
	}
	w, err := flow.Store.Workspace(ctx, v.Workspace)
	if err != nil {
		return at, err
	}
	at.workspace = w.Name
	if at.connector, err = flow.connectors.ByKind(v.Kind); err != nil {
		return at, err
	}
	at.signIn, _ = signInOf(at.connector, v.SignIn)
	if v.Reconnects != 0 {
		if at.again, err = flow.manageable(ctx, at.actor, v.Reconnects); err != nil {
			return at, err
		}
	}
	if v.Pending != 0 {
		at.pending, err = flow.Store.Connection(ctx, v.Workspace, v.Pending)
		if err == nil && at.pending.State != store.Pending {
			err = store.ErrNotFound
		}
		if err == nil {
			at.readers, err = flow.readersOf(ctx, at)
		}
		if err != nil {
			return at, err
		}
	}
	if at.signIn.NeedsPublicURL {
		client, err := flow.Store.OAuthClient(ctx, v.Workspace, v.Kind, v.Origin)
		if err == nil {
			at.client = &client
		} else if !desk.IsNotFound(err) {
			return at, err
		}
	}
	return at, nil
}

// page is the page as it stands: a sign-in to fill in, a client to register, or the way to the
// system's own page.
func (at signInPage) page(flow *Flow) page {
	place := view.ShownAddress(at.Origin)
	p := page{
		Title: "Connect " + at.connector.Name(),
		Lines: []string{fmt.Sprintf("*%s* asked for this in the Slack workspace *%s*: okrbot is to read scorecards from `%s`. If that was not you, close this page.", view.Escape(at.name), view.Escape(at.workspace), place)},
	}
	_, consents := at.connector.(integrations.Consenter)
	switch {
	case at.Pending != 0:
		at.asks(&p, place)
	case !at.signIn.NeedsPublicURL:
		p.Button, p.Fields = "Connect", fieldsOf(at.signIn, nil)
		p.Lines = append(p.Lines, at.signIn.Guide)
		p.Foot = "What you enter goes to `" + place + "` and nowhere else. okrbot seals it and never shows it again."
	case at.client != nil || !consents:
		p.Button, p.goesTo = "Go on to "+place, at.Origin
		p.Lines = append(p.Lines, "You sign in there, and allow okrbot to read what you may read. okrbot never sees your password.")
		if okr.May(at.actor, okr.RegisterClient) {
			p.Another = "?" + anotherClient
		}
	default:
		consenter := at.connector.(integrations.Consenter)
		redirect := flow.callback(at.connector, at.Origin)
		p.Title = "Register okrbot in " + at.connector.Name()
		p.Lines = append(p.Lines, "This is done once for each instance, by somebody who administers it. Afterwards everybody connects by one button.")
		if at.another {
			p.Lines = append(p.Lines, "What you enter takes the place of the client that is entered now. With another Client ID, who connected through the present one has to reconnect.")
		}
		p.Guides, p.Redirect = consenter.RegisterGuides(redirect), redirect
		p.Button, p.Fields, p.goesTo = "Save and go on to "+place, fieldsOf(at.signIn, nil), at.Origin
		p.Foot = "The Client Secret goes to `" + place + "` and nowhere else. okrbot seals it and never shows it again."
	}
	return p
}

// fieldsOf are a sign-in's fields as password managers know them. What was secret is never filled in.
func fieldsOf(s integrations.SignIn, typed map[string]string) []pageField {
	var list []pageField
	for _, f := range s.Fields {
		field := pageField{Name: f.Name, Label: f.Label, Hint: f.Hint, Secret: f.Secret, Optional: f.Optional, MaxLength: f.MaxLength, Complete: "off"}
		switch {
		case f.Name == "username":
			field.Complete = "username"
		case f.Name == "password":
			field.Complete = "current-password"
		}
		if !f.Secret {
			field.Typed = typed[f.Name]
		}
		list = append(list, field)
	}
	return list
}

// pageOpened shows a page. Opening it changes nothing: programs follow links too.
func (flow *Flow) pageOpened(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), flow.Settings.AnswerWithin)
	defer cancel()
	token := r.PathValue("token")
	if _, ok := outcomes[token]; ok {
		flow.outcome(w, token)
		return
	}
	at, ok := flow.pageAt(ctx, w, r)
	if !ok {
		return
	}
	browser := store.NewBrowser()
	if kept, err := r.Cookie(browserCookie); err == nil && kept.Value != "" {
		browser = kept.Value // for another quarter of an hour: of an earlier page it may end before this one
	}
	http.SetCookie(w, &http.Cookie{
		Name: browserCookie, Value: browser, Path: "/", MaxAge: 15 * 60, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	flow.show(w, http.StatusOK, at.page(flow))
}

// pageAt loads the page of an address, or says why there is none.
func (flow *Flow) pageAt(ctx context.Context, w http.ResponseWriter, r *http.Request) (signInPage, bool) {
	v, err := flow.Store.SignInPage(ctx, r.PathValue("token"))
	var at signInPage
	if err == nil {
		at, err = flow.load(ctx, v)
	}
	if desk.IsNotFound(err) {
		flow.outcome(w, "over")
		return at, false
	}
	if errors.Is(err, errNotAsked) {
		flow.outcome(w, "unsure")
		return at, false
	}
	if err != nil {
		flow.Log.Error("loading a page", "error", err)
		flow.outcome(w, "unable")
		return at, false
	}
	if at.client != nil && r.URL.Query().Has(anotherClient) && okr.May(at.actor, okr.RegisterClient) {
		at.client, at.another = nil, true
	}
	return at, true
}

// pageSent is a page's form: a sign-in that is checked now, or the way to the system's own page.
func (flow *Flow) pageSent(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, largestForm)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), shownWithin)
	defer cancel()
	at, ok := flow.pageAt(ctx, w, r)
	if !ok {
		return
	}
	cookie, err := r.Cookie(browserCookie)
	if err != nil || cookie.Value == "" {
		flow.outcome(w, "cookies")
		return
	}
	if err := flow.Store.BindSignInPage(ctx, at.SignInPage, cookie.Value); errors.Is(err, store.ErrElsewhere) {
		flow.outcome(w, "elsewhere")
		return
	} else if err != nil {
		flow.Log.Error("binding a page", "error", err)
		flow.outcome(w, "unable")
		return
	}
	if err := r.ParseForm(); err != nil {
		flow.show(w, http.StatusBadRequest, at.wrong(flow, nil, unread(err)))
		return
	}
	if at.Pending != 0 {
		flow.agreed(ctx, w, r, at)
		return
	}
	typed := map[string]string{}
	if !at.signIn.NeedsPublicURL || at.client == nil {
		for _, f := range at.signIn.Fields {
			typed[f.Name] = desk.Clean(r.PostForm.Get(f.Name))
			if !f.Secret {
				typed[f.Name] = strings.TrimSpace(typed[f.Name])
			}
			if wrong := enteredWrong(f, typed[f.Name]); wrong != "" {
				flow.show(w, http.StatusUnprocessableEntity, at.wrong(flow, typed, wrong))
				return
			}
		}
	}
	if at.signIn.NeedsPublicURL {
		flow.sendToConsent(ctx, w, r, at, typed)
		return
	}
	flow.tryEntered(ctx, w, r, at, typed)
}

// wrong is the page with a problem, and what was typed.
func (at signInPage) wrong(flow *Flow, typed map[string]string, problem string) page {
	p := at.page(flow)
	if len(p.Fields) > 0 {
		p.Fields = fieldsOf(at.signIn, typed)
	}
	p.Problem = problem
	return p
}

// tryEntered checks what was entered and keeps it when it works.
func (flow *Flow) tryEntered(ctx context.Context, w http.ResponseWriter, r *http.Request, at signInPage, typed map[string]string) {
	account := integrations.Account{Origin: at.Origin, SignIn: at.SignIn, Fields: typed}
	may, err := flow.Store.BeginTry(ctx, at.SignInPage, triesOnAPage)
	if err != nil {
		flow.Log.Error("beginning a try", "error", err)
		flow.outcome(w, "unable")
		return
	}
	if !may {
		p := at.page(flow)
		p.Button, p.Fields, p.Foot = "", nil, ""
		p.Problem = "Two sign-ins from this page are being checked or were refused, so this one was not sent: more could lock the account. Slack says how they went."
		flow.show(w, http.StatusConflict, p)
		return
	}
	again := at.again
	if again.ID == 0 {
		if again, err = flow.meant(ctx, at.actor, at.Kind, at.Origin, userOf(account), at.Shared); err != nil {
			flow.Log.Error("looking for a refused connection", "actor", at.actor.ID, "error", err)
			flow.outcome(w, "unable")
			return
		}
	}
	found := flow.prove(ctx, at.Workspace, at.connector, account, again)
	// What became of it counts although the time for the check is over.
	counting, cancel := context.WithTimeout(context.WithoutCancel(ctx), desk.CallWithin)
	defer cancel()
	if !found.refused() {
		if err := flow.Store.GiveTryBack(counting, at.SignInPage); err != nil {
			flow.Log.Warn("giving a try back", "error", err)
		}
	}
	if !found.works() {
		flow.show(w, http.StatusUnprocessableEntity, flow.notTaken(counting, at, typed, found))
		return
	}
	c, err := flow.keepConnection(ctx, at.actor, at.connector, account, again.ID, at.Shared, at.Draft)
	if err == nil {
		err = flow.Store.EndSignInPage(ctx, at.SignInPage)
	}
	if errors.Is(err, errLostRight) {
		flow.outcome(w, "lost")
		return
	}
	if err != nil {
		flow.Log.Error("keeping a connection", "actor", at.actor.ID, "error", err)
		flow.show(w, http.StatusInternalServerError, outcomes["unable"])
		return
	}
	d := flow.behind(ctx, at.actor, at.Draft)
	modal := view.Connected(at.connector.Name(), c.Name, stagesOf(found.stages, true), d.Wizard != "")
	flow.tellPerson(ctx, at, modal, view.MessageOf(modal))
	if d.Wizard != "" {
		g := desk.Gesture{Actor: at.actor}
		flow.Later(desk.CallWithin, func(ctx context.Context) {
			flow.added(ctx, g, Opener{Draft: d.Wizard, View: d.Under}, c.ID)
		})
	}
	http.Redirect(w, r, outcomePath+"connected", http.StatusSeeOther)
}

// below has what Slack says to do next say it on a page that has the form to do it in.
var below = strings.NewReplacer("hen `/okr connect` again.", "hen try again below.")

// notTaken is the page after a check that failed. A refused sign-in counts, and after the last one that
// a page has the page is closed.
func (flow *Flow) notTaken(ctx context.Context, at signInPage, typed map[string]string, found proof) page {
	p := at.wrong(flow, typed, found.problem)
	p.Stages = stagesOf(found.stages, true)
	stays := p
	stays.Problem, stays.Stages = below.Replace(p.Problem), slices.Clone(p.Stages)
	for i := range stays.Stages {
		stays.Stages[i].Says = below.Replace(stays.Stages[i].Says)
	}
	if !found.refused() {
		return stays
	}
	tries, err := flow.Store.CountTry(ctx, at.SignInPage)
	if err != nil {
		flow.Log.Warn("counting a try", "error", err)
	}
	if tries < triesOnAPage {
		return stays
	}
	if err := flow.Store.EndSignInPage(ctx, at.SignInPage); err != nil {
		flow.Log.Warn("closing a page", "error", err)
	}
	p.Button, p.Fields = "", nil
	p.Problem = "Two sign-ins were refused, so this page is closed: more could lock the account. When you know the right one, type `/okr connect` in Slack again."
	modal, message := view.NotConnected(at.connector.Name(), view.ShownAddress(at.Origin), p.Stages, "")
	flow.tellPerson(ctx, at, modal, message)
	return p
}

// behind is the form in Slack that a page came from; the zero one when it is over, and with it the wizard
// to go back to.
func (flow *Flow) behind(ctx context.Context, actor okr.Actor, id string) connectDraft {
	_, d, _ := connectForm.Load(ctx, flow.Store.Statements, actor, id)
	return d
}

// tellPerson shows in Slack how it went: in the window that sent the person here, else by message.
func (flow *Flow) tellPerson(_ context.Context, at signInPage, modal slack.ModalViewRequest, m view.Message) {
	flow.Later(desk.CallWithin, func(ctx context.Context) {
		if at.View != "" {
			if _, err := flow.Slack.Change(ctx, desk.OpenView{ID: at.View}, modal); err == nil {
				return
			}
		}
		if _, _, err := flow.Slack.Post(ctx, at.Person, m); err != nil {
			flow.Log.Warn("a person was not reached", "actor", at.Person, "code", desk.CodeOf(err))
		}
	})
}

// endPage closes a page and tells in Slack how it went.
func (flow *Flow) endPage(ctx context.Context, at signInPage, modal slack.ModalViewRequest, m view.Message) {
	if err := flow.Store.EndSignInPage(ctx, at.SignInPage); err != nil {
		flow.Log.Warn("closing a page", "error", err)
	}
	flow.tellPerson(ctx, at, modal, m)
}
