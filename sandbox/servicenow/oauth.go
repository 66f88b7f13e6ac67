package servicenow

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The faults of the token endpoint; they touch nothing else.
const (
	TokenRefused Kind = "token_refused"   // 401 server_error, which ServiceNow says for nearly everything
	TokenInvalid Kind = "token_invalid"   // 400 invalid_grant, as the standard has it
	TokenPage    Kind = "token_page"      // 200 with a page
	TokenDown    Kind = "token_down"      // 503
	TokenLimit   Kind = "token_limit"     // 429
	TokenNoLife  Kind = "token_no_life"   // answers without expires_in
	TokenLife    Kind = "token_life"      // Text as expires_in
	NoRefresh    Kind = "token_no_repeat" // a refresh answers without the refresh token
)

func ofTokens(k Kind) bool { return strings.HasPrefix(string(k), "token_") }

// Challenges says how the instance takes PKCE of a client with a secret, which is not documented.
type Challenges int

// The ways.
const (
	Honoured Challenges = iota // a challenge is checked
	Ignored                    // it is not looked at
	Unwanted                   // the browser is sent back with an error
)

// Client is an OAuth client of the Application Registry.
type Client struct {
	ID, Secret  string
	Redirects   []string      // the first is used where another is asked for
	Public      bool          // gets no refresh token
	AccessLife  time.Duration // 30 minutes when 0
	RefreshLife time.Duration // from the consent; 100 days when 0
	Rotates     bool          // a refresh brings another refresh token with a life of its own, which no release is known to do
	Challenges  Challenges
}

const (
	accessLife  = 1800 * time.Second
	refreshLife = 8640000 * time.Second
	codeLife    = time.Minute
)

// grant is what a user allowed a client.
type grant struct {
	client, user string
	access       string
	accessEnds   time.Time
	refresh      string
	refreshEnds  time.Time
}

type code struct {
	grant     *grant
	redirect  string
	state     string
	challenge string
	ends      time.Time
}

type oauth struct {
	clients  map[string]*Client
	sessions map[string]string // cookie → user
	codes    map[string]*code
	grants   []*grant
}

// AddClient registers an OAuth client.
func (i *Instance) AddClient(c Client) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.oauth.clients == nil {
		i.oauth = oauth{clients: map[string]*Client{}, sessions: map[string]string{}, codes: map[string]*code{}}
	}
	if c.AccessLife == 0 {
		c.AccessLife = accessLife
	}
	if c.RefreshLife == 0 {
		c.RefreshLife = refreshLife
	}
	i.oauth.clients[c.ID] = &c
}

// Revoke takes back all that a user allowed.
func (i *Instance) Revoke(user string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, g := range i.oauth.grants {
		if g.user == user {
			g.accessEnds, g.refreshEnds = time.Time{}, time.Time{}
		}
	}
}

// ExpireTokens ends every access token; refresh tokens stay.
func (i *Instance) ExpireTokens() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, g := range i.oauth.grants {
		g.accessEnds = time.Time{}
	}
}

// Tokens are all tokens that are in force, for checking where they are kept.
func (i *Instance) Tokens() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	var list []string
	for _, g := range i.oauth.grants {
		list = append(list, g.access, g.refresh)
	}
	return list
}

// bearer is the user whose access token a request carries. A cookie beside it would bind the
// request to another session, and here it wins.
func (i *Instance) bearer(r *http.Request) *User {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" || r.Header.Get("Cookie") != "" {
		return nil
	}
	for _, g := range i.oauth.grants {
		if g.access == token && i.now().Before(g.accessEnds) {
			return i.users[g.user]
		}
	}
	return nil
}

func random() string {
	raw := make([]byte, 24)
	_, _ = rand.Read(raw) // it never fails
	return hex.EncodeToString(raw)
}

var oauthPages = template.Must(template.New("").Parse(`
{{define "head"}}<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Title}}</title><style>body{font:16px system-ui;max-width:420px;margin:10vh auto;padding:0 16px;color:#1d1c1d;background:#fff}input{display:block;width:100%;box-sizing:border-box;padding:8px;margin:4px 0 12px;font:inherit}button{font:inherit;padding:8px 16px;margin-right:8px}</style><h1>{{.Title}}</h1>{{end}}
{{define "login"}}{{template "head" .}}{{with .Problem}}<p role="alert">{{.}}</p>{{end}}<form method="post" action="/login.do"><label>User name<input name="user_name" autofocus></label><label>Password<input name="user_password" type="password"></label><input type="hidden" name="back" value="{{.Back}}"><button>Log in</button></form>{{end}}
{{define "allow"}}{{template "head" .}}<p><b>okrbot</b> would like to connect to your ServiceNow account <b>{{.User}}</b>.</p><form method="post" action="{{.Back}}"><button name="answer" value="allow">Allow</button><button name="answer" value="deny">Deny</button></form>{{end}}
{{define "wrong"}}{{template "head" .}}<p>{{.Problem}}</p>{{end}}`))

type oauthPage struct {
	Title, Problem, User string
	Back                 template.URL
}

func write(w http.ResponseWriter, status int, name string, p oauthPage) {
	w.Header().Set("Content-Type", "text/html;charset=UTF-8")
	w.WriteHeader(status)
	_ = oauthPages.ExecuteTemplate(w, name, p)
}

// oauthPaths answers the paths of signing in by browser; false when it is none of them.
func (i *Instance) oauthPaths(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case r.URL.Path == "/oauth_auth.do":
		i.authorize(w, r)
	case r.URL.Path == "/login.do" && r.Method == http.MethodPost:
		i.login(w, r)
	case r.URL.Path == "/oauth_token.do":
		i.token(w, r)
	default:
		return false
	}
	return true
}

const session = "glide_user_session"

func (i *Instance) login(w http.ResponseWriter, r *http.Request) {
	name, password, back := r.PostFormValue("user_name"), r.PostFormValue("user_password"), r.PostFormValue("back")
	i.mu.Lock()
	u := i.users[name]
	ok := u != nil && u.Password == password && !u.Locked
	key := random()
	if ok && i.oauth.sessions != nil {
		i.oauth.sessions[key] = name
	}
	i.mu.Unlock()
	if !ok {
		write(w, http.StatusOK, "login", oauthPage{Title: "Log in", Problem: "User name or password invalid", Back: template.URL(back)})
		return
	}
	http.SetCookie(w, &http.Cookie{Name: session, Value: key, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, "/oauth_auth.do?"+back, http.StatusSeeOther)
}

func alphanumeric(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// authorize is the page with Allow and Deny. A redirect that is not registered is silently the first one.
func (i *Instance) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	i.mu.Lock()
	client := i.oauth.clients[q.Get("client_id")]
	user := ""
	if cookie, err := r.Cookie(session); err == nil {
		user = i.oauth.sessions[cookie.Value]
	}
	i.mu.Unlock()
	wrong := func(problem string) {
		write(w, http.StatusBadRequest, "wrong", oauthPage{Title: "Invalid request", Problem: problem})
	}
	switch {
	case client == nil || q.Get("response_type") != "code":
		wrong("Invalid client_id or response_type.")
		return
	case q.Get("state") == "":
		wrong("Missing State parameter in request.")
		return
	case !alphanumeric(q.Get("state")):
		wrong("Invalid State parameter in request.")
		return
	}
	redirect := client.Redirects[0]
	for _, known := range client.Redirects {
		if known == q.Get("redirect_uri") {
			redirect = known
		}
	}
	goBack := func(values url.Values) {
		values.Set("state", q.Get("state"))
		http.Redirect(w, r, redirect+"?"+values.Encode(), http.StatusFound)
	}
	challenge := q.Get("code_challenge")
	switch {
	case challenge != "" && client.Challenges == Unwanted:
		goBack(url.Values{"error": {"invalid_request"}, "error_description": {"<script>alert(1)</script> code_challenge is not supported"}})
		return
	case challenge != "" && q.Get("code_challenge_method") != "S256":
		goBack(url.Values{"error": {"invalid_request"}})
		return
	case user == "":
		write(w, http.StatusOK, "login", oauthPage{Title: "Log in", Back: template.URL(r.URL.RawQuery)})
		return
	case r.Method != http.MethodPost:
		write(w, http.StatusOK, "allow", oauthPage{Title: "Connect okrbot", User: user, Back: template.URL("/oauth_auth.do?" + r.URL.RawQuery)})
		return
	case r.PostFormValue("answer") != "allow":
		goBack(url.Values{"error": {"access_denied"}})
		return
	}
	if client.Challenges != Honoured {
		challenge = ""
	}
	i.mu.Lock()
	given := random()
	i.oauth.codes[given] = &code{grant: i.granted(client, user), redirect: redirect, state: q.Get("state"), challenge: challenge, ends: i.now().Add(codeLife)}
	i.mu.Unlock()
	goBack(url.Values{"code": {given}})
}

// granted is what the user allows the client: while it lasts, a second consent gives the same tokens.
func (i *Instance) granted(client *Client, user string) *grant {
	now := i.now()
	for _, g := range i.oauth.grants {
		if g.client == client.ID && g.user == user && now.Before(g.refreshEnds) {
			return g
		}
	}
	g := &grant{client: client.ID, user: user, refresh: random(), refreshEnds: now.Add(client.RefreshLife)}
	i.oauth.grants = append(i.oauth.grants, g)
	return g
}

// token is the token endpoint: a form in the body, nothing in the address. What it will not say is
// why it refuses.
func (i *Instance) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	fault := i.take(r, "", ofTokens)
	i.mu.Unlock()
	if fault != nil && fault.noTokens(w) {
		return
	}
	if r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") || r.URL.RawQuery != "" {
		failure(w, http.StatusInternalServerError, "Unspecified error", nil)
		return
	}
	if r.ParseForm() != nil {
		refuseTokens(w)
		return
	}
	form := r.PostForm
	i.mu.Lock()
	defer i.mu.Unlock()
	client := i.oauth.clients[form.Get("client_id")]
	if client == nil || client.Secret != form.Get("client_secret") {
		refuseTokens(w)
		return
	}
	now := i.now()
	g := i.oauth.granted(form, client.ID, now)
	if g == nil || i.users[g.user] == nil || i.users[g.user].Locked {
		refuseTokens(w)
		return
	}
	if !now.Before(g.accessEnds) { // the present one is given as long as it is valid
		g.access, g.accessEnds = random(), now.Add(client.AccessLife)
	}
	if client.Rotates && form.Get("grant_type") == "refresh_token" {
		g.refresh, g.refreshEnds = random(), now.Add(client.RefreshLife)
	}
	body := map[string]any{"access_token": g.access, "scope": "useraccount", "token_type": "Bearer", "expires_in": int(g.accessEnds.Sub(now).Seconds())}
	repeats := form.Get("grant_type") != "refresh_token" || fault == nil || fault.Kind != NoRefresh
	if !client.Public && repeats {
		body["refresh_token"] = g.refresh
	}
	if fault != nil && fault.Kind == TokenNoLife {
		delete(body, "expires_in")
	}
	if fault != nil && fault.Kind == TokenLife {
		body["expires_in"] = rawJSON(fault.Text)
	}
	answer(w, http.StatusOK, body)
}

func refuseTokens(w http.ResponseWriter) {
	answer(w, http.StatusUnauthorized, map[string]any{"error": "server_error", "error_description": "access_denied"})
}

// noTokens answers in place of the token endpoint; false when that answers after all.
func (f *Fault) noTokens(w http.ResponseWriter) bool {
	switch f.Kind {
	case TokenRefused:
		refuseTokens(w)
	case TokenInvalid:
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "<b>refresh token</b> has expired"})
	case TokenPage:
		page(w, http.StatusOK, "Instance offline", "Your instance is currently offline")
	case TokenDown:
		w.WriteHeader(http.StatusServiceUnavailable)
	case TokenLimit:
		w.Header().Set("Retry-After", fmt.Sprint(f.After))
		failure(w, http.StatusTooManyRequests, "Rate limit exceeded", nil)
	default:
		return false
	}
	return true
}

// granted is what a client shows a code or a refresh token of; nil where that is not good. A code is good
// once.
func (o *oauth) granted(form url.Values, client string, now time.Time) *grant {
	switch form.Get("grant_type") {
	case "authorization_code":
		c := o.codes[form.Get("code")]
		delete(o.codes, form.Get("code"))
		if c == nil || now.After(c.ends) || c.grant.client != client || c.redirect != form.Get("redirect_uri") || c.state != form.Get("state") {
			return nil
		}
		if c.challenge != "" {
			sum := sha256.Sum256([]byte(form.Get("code_verifier")))
			if base64.RawURLEncoding.EncodeToString(sum[:]) != c.challenge {
				return nil
			}
		}
		return c.grant
	case "refresh_token":
		for _, g := range slices.Backward(o.grants) {
			if g.refresh == form.Get("refresh_token") && g.client == client && now.Before(g.refreshEnds) {
				return g
			}
		}
	}
	return nil
}

type rawJSON string

func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// usersAPI is the Table API of users.
const usersAPI = "table/sys_user"

// ownRow is the Table API, as far as a signed-in user may read their own row.
func (i *Instance) ownRow(w http.ResponseWriter, r *http.Request, user *User) {
	if r.Method != http.MethodGet || r.URL.Query().Get("sysparm_query") != "sys_id=javascript:gs.getUserID()" || has(user.Roles, "nobody") {
		failure(w, http.StatusForbidden, "Insufficient rights to query records", "Field(s) present in the query do not have permission to be read")
		return
	}
	answer(w, http.StatusOK, map[string]any{"result": []any{map[string]any{"user_name": user.Name}}})
}
