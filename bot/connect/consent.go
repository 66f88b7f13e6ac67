package connect

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"golang.org/x/oauth2"

	"okrbot/accounts"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/secret"
	"okrbot/store"
)

// sendToConsent sends the browser to the system's page with Allow and Deny, once there is a client.
func (flow *Flow) sendToConsent(ctx context.Context, w http.ResponseWriter, r *http.Request, at signInPage, typed map[string]string) {
	if at.client == nil {
		if !okr.May(at.actor, okr.RegisterClient) {
			flow.outcome(w, "over")
			return
		}
		err := flow.Store.InTx(ctx, func(tx *store.Tx) error {
			actor, err := flow.rights(ctx, tx.Statements, at.actor)
			if err != nil {
				return err
			}
			if !okr.May(actor, okr.RegisterClient) {
				return errLostRight
			}
			client, err := tx.SaveOAuthClient(ctx, actor, at.Kind, at.Origin, typed["client_id"], secret.New(strings.TrimSpace(typed["client_secret"])))
			at.client = &client
			return err
		})
		if err != nil {
			flow.Log.Error("keeping a client", "actor", at.actor.ID, "error", err)
			flow.outcome(w, "unable")
			return
		}
	}
	where := ""
	err := flow.accounts.Try(ctx, at.Workspace, at.Kind, at.Origin, func() (err error) {
		where, err = flow.consentAt(ctx, at)
		return err
	})
	var failure *integrations.Error
	if errors.As(err, &failure) { // it would not take the code that the browser brings
		flow.show(w, http.StatusUnprocessableEntity, at.wrong(flow, nil, failure.Sentence()))
		return
	}
	if err != nil {
		flow.Log.Error("beginning a consent", "actor", at.actor.ID, "error", err)
		flow.outcome(w, "unable")
		return
	}
	http.Redirect(w, r, where, http.StatusSeeOther)
}

// consentAt begins a consent and is where the browser goes.
func (flow *Flow) consentAt(ctx context.Context, at signInPage) (string, error) {
	consenter, ok := at.connector.(integrations.Consenter)
	if !ok {
		return "", errors.New("the connector has no sign-in by browser")
	}
	verifier := ""
	if at.client.Challenges {
		verifier = oauth2.GenerateVerifier()
	}
	state, err := flow.Store.BeginConsent(ctx, at.SignInPage, verifier)
	if err != nil {
		return "", err
	}
	client, err := flow.clientOf(*at.client)
	return consenter.ConsentURL(client, flow.callback(at.connector, at.Origin), state, verifier), err
}

func (flow *Flow) clientOf(c store.OAuthClient) (integrations.OAuthClient, error) {
	opened, err := flow.Store.ClientSecret(c)
	return integrations.OAuthClient{Origin: c.Origin, Fields: integrations.Fields{"client_id": c.ClientID, "client_secret": opened.Reveal()}}, err
}

// cameBack is a browser that came back from a system's page, with a code or a refusal. It returns
// with where to go on to. Only our own words about what the system said leave here.
func (flow *Flow) cameBack(r *http.Request, consenter integrations.Consenter) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 2*checkWithin)
	defer cancel()
	at, verifier, problem := flow.consented(ctx, r, consenter)
	if problem != "" {
		return outcomePath + problem
	}
	query := r.URL.Query()
	refused, code := query.Get("error"), query.Get("code")
	if refused == "access_denied" {
		modal, message := view.NotConnected(at.connector.Name(), view.ShownAddress(at.Origin), nil, "It was not allowed in the browser. If that was a slip, type `/okr connect` again.")
		flow.endPage(ctx, at, modal, message)
		return outcomePath + "denied"
	}
	client, err := flow.clientOf(*at.client)
	if err != nil {
		flow.Log.Error("opening a client's secret", "client", at.client.ID, "error", err)
		return outcomePath + "unable"
	}
	failure := &integrations.Error{Class: integrations.Unauthorized, Cause: "no_code", Says: at.connector.Name() + " sent the browser back without giving access.", Next: "Ask its administrator to look at the client, then type `/okr connect` again."}
	var tokens integrations.Tokens
	if refused == "" && code != "" {
		failure = nil
		err = flow.accounts.Try(ctx, at.Workspace, at.Kind, at.Origin, func() (err error) {
			tokens, err = consenter.Exchange(ctx, client, flow.Settings.PublicURL+r.URL.Path, query.Get("state"), code, verifier)
			return err
		})
		if err != nil && !errors.As(err, &failure) {
			flow.Log.Error("asking for tokens", "actor", at.actor.ID, "error", err)
			return outcomePath + "unable"
		}
	}
	if failure != nil && failure.Class == integrations.Unauthorized && failure.Cause != "public_client" && at.Challenged {
		// Some systems do not take PKCE from a client with a secret. The secret protects it too, so
		// it goes on without, from the beginning: the code may be spent.
		at.client.Challenges = false
		if where, err := flow.consentAt(ctx, at); err == nil {
			return where
		}
	}
	if failure != nil {
		modal, message := view.NotConnected(at.connector.Name(), view.ShownAddress(at.Origin), nil, failure.Sentence())
		flow.endPage(ctx, at, modal, message)
		return outcomePath + "failed"
	}
	if at.client.Challenges && !at.Challenged && okr.May(at.actor, okr.RegisterClient) {
		// Only what worked is remembered: a refusal alone must not take PKCE from everybody. And only of an
		// administrator: whoever goes through a consent can make the refusal up, and then allow it.
		if err := flow.Store.WithoutChallenges(ctx, *at.client); err != nil {
			flow.Log.Warn("noting that PKCE is refused", "client", at.client.ID, "error", err)
		}
	}
	return flow.keepConsent(ctx, at, consenter, tokens)
}

// consented is the page that a browser went from, with what proves the code; or the outcome that says
// why it is not taken: another browser, another person, another system, or too late.
func (flow *Flow) consented(ctx context.Context, r *http.Request, consenter integrations.Consenter) (at signInPage, verifier, problem string) {
	cookie, err := r.Cookie(browserCookie)
	if err != nil || cookie.Value == "" {
		return at, "", "cookies"
	}
	v, verifier, err := flow.Store.TakeConsent(ctx, r.URL.Query().Get("state"), cookie.Value)
	if err == nil {
		at, err = flow.load(ctx, v)
	}
	if err == nil && (at.client == nil || v.Kind != consenter.Kind() || !flow.mayComeBack(ctx, r, v)) {
		err = store.ErrNotFound // or another system sent it, with a code that is not for this one
	}
	switch {
	case err == nil:
		return at, verifier, ""
	case errors.Is(err, store.ErrElsewhere):
		return at, "", "elsewhere"
	case desk.IsNotFound(err):
		return at, "", "over"
	case errors.Is(err, errNotAsked):
		return at, "", "unsure"
	}
	flow.Log.Error("taking a consent", "error", err)
	return at, "", "unable"
}

// keepConsent checks what the tokens open and keeps them until the person agrees to both names in the
// browser and then confirms in Slack. It returns with the page that asks.
func (flow *Flow) keepConsent(ctx context.Context, at signInPage, consenter integrations.Consenter, tokens integrations.Tokens) string {
	account := integrations.Account{Origin: at.Origin, SignIn: at.SignIn, Fields: integrations.Fields{integrations.AccessToken: tokens.Fields[integrations.AccessToken]}}
	found, who, replaces, err := flow.proveConsent(ctx, at, consenter, account)
	if err != nil {
		flow.Log.Error("looking for a refused connection", "actor", at.actor.ID, "error", err)
		return outcomePath + "unable"
	}
	if !found.works() {
		modal, message := view.NotConnected(at.connector.Name(), view.ShownAddress(at.Origin), stagesOf(found.stages, false), found.problem)
		flow.endPage(ctx, at, modal, message)
		return outcomePath + "failed"
	}
	name := view.ShownAddress(at.Origin)
	if who != "" {
		name += " (" + who + ")"
	}
	stages, err := json.Marshal(stagesOf(found.stages, false))
	if err != nil {
		flow.Log.Error("keeping how a check went", "error", err)
		return outcomePath + "unable"
	}
	token := ""
	if _, err := flow.PersonToday(ctx, at.actor.Workspace, at.actor.ID); err != nil { // the check took a while
		flow.Log.Error("keeping a consent", "actor", at.actor.ID, "error", err)
		return outcomePath + "unable"
	}
	err = flow.Store.InTx(ctx, func(tx *store.Tx) error {
		actor, err := flow.rights(ctx, tx.Statements, at.actor)
		if err != nil {
			return err
		}
		c, err := tx.CreatePending(ctx, actor, store.Connection{
			Kind: at.Kind, Name: name, Origin: at.Origin, SignIn: at.SignIn, Account: who, Client: at.client.ID,
			Shared: at.Shared && okr.May(actor, okr.ShareConnection, okr.MakerOf),
		}, replaces.ID, tokens.Fields, accounts.TokenLife(tokens.Life), consenter.RefreshLife())
		if err == nil {
			token, err = tx.AskAboutSignIn(ctx, at.SignInPage, c, stages)
		}
		return err
	})
	if errors.Is(err, errLostRight) {
		return outcomePath + "lost"
	}
	if err != nil {
		flow.Log.Error("keeping a consent", "actor", at.actor.ID, "error", err)
		return outcomePath + "unable"
	}
	return outcomePath + token
}
