package jobs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"okrbot/accounts"
	"okrbot/integrations"
	"okrbot/okr"
	vendor "okrbot/sandbox/servicenow"
	"okrbot/secret"
	"okrbot/store"
	"okrbot/store/storetest"
)

const clientSecret = "canary-client-20c7"

// consents replaces the room's connection by one that was allowed by browser, with an access token
// that is fresh.
func (r *room) consents() {
	r.t.Helper()
	r.now.AddClient(vendor.Client{ID: "client", Secret: clientSecret, Redirects: []string{"https://okr.example.com/back"}})
	entered := r.registers(r.origin)
	tokens := r.allows(entered)
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error {
		c, err := tx.CreatePending(ctx, alice, store.Connection{
			Kind: "servicenow", Name: "acme", Origin: r.origin, SignIn: "oauth", Client: entered.ID,
		}, 0, tokens.Fields, accounts.TokenLife(tokens.Life), 100*24*time.Hour)
		if err != nil {
			return err
		}
		r.check(tx.Agree(ctx, alice, c.ID))
		r.connection, err = tx.Confirm(ctx, alice, c.ID)
		return err
	}))
	r.exec("update connections set directory_due_at = now() + interval '1000 years'")
	r.now.ForgetCalls()
}

func (r *room) registers(origin string) store.OAuthClient {
	r.t.Helper()
	var c store.OAuthClient
	r.check(r.store.InTx(ctx, func(tx *store.Tx) (err error) {
		c, err = tx.SaveOAuthClient(ctx, alice, "servicenow", origin, "client", secret.New(clientSecret))
		return err
	}))
	return c
}

// allows walks through ServiceNow's pages as a browser does, up to the tokens.
func (r *room) allows(c store.OAuthClient) integrations.Tokens {
	r.t.Helper()
	connector, err := r.client.connectors.ByKind("servicenow")
	r.check(err)
	consenter := connector.(integrations.Consenter)
	client := integrations.OAuthClient{Origin: c.Origin, Fields: integrations.Fields{"client_id": "client", "client_secret": clientSecret}}
	page := consenter.ConsentURL(client, "https://okr.example.com/back", "state", "")
	at, err := url.Parse(page)
	r.check(err)
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := browser.PostForm(c.Origin+"/login.do", url.Values{"user_name": {"okr.reader"}, "user_password": {"canary-7f3a"}, "back": {at.RawQuery}})
	r.check(err)
	resp.Body.Close()
	req, err := http.NewRequest(http.MethodPost, page, strings.NewReader("answer=allow"))
	r.check(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, cookie := range resp.Cookies() {
		req.AddCookie(cookie)
	}
	resp, err = browser.Do(req)
	r.check(err)
	resp.Body.Close()
	back, err := url.Parse(resp.Header.Get("Location"))
	r.check(err)
	tokens, err := consenter.Exchange(ctx, client, "https://okr.example.com/back", back.Query().Get("state"), back.Query().Get("code"), "")
	r.check(err)
	return tokens
}

// ends ends the access token, here and there.
func (r *room) ends() {
	r.now.ExpireTokens()
	r.exec("update connections set token_due_at = now()")
}

func (r *room) tokenCalls() int {
	n := 0
	for _, c := range r.now.Calls() {
		if c.Path == "/oauth_token.do" {
			n++
		}
	}
	return n
}

// others is how many calls there were besides those for tokens.
func (r *room) others() int { return len(r.now.Calls()) - r.tokenCalls() }

func (r *room) sealed() string {
	r.t.Helper()
	var hex string
	r.check(r.pool.QueryRow(ctx, "select encode(sealed, 'hex') from connections where id = $1", r.connection.ID).Scan(&hex))
	return hex
}

func (r *room) state() string {
	r.t.Helper()
	var s string
	r.check(r.pool.QueryRow(ctx, "select state from connections where id = $1", r.connection.ID).Scan(&s))
	return s
}

// reads uses the connection as it is loaded now, by a replica.
func (r *room) reads(c *Client, connection store.Connection) (string, error) {
	token := ""
	err := c.accounts.With(ctx, connection, func(account integrations.Account) error {
		token = account.Fields[integrations.AccessToken]
		connector, err := c.connectors.ByKind("servicenow")
		if err != nil {
			return err
		}
		_, err = connector.Search(ctx, account, "", 1)
		return err
	})
	return token, err
}

func (r *room) loaded() store.Connection {
	r.t.Helper()
	c, err := r.store.ConnectionByID(ctx, r.connection.ID)
	r.check(err)
	return c
}

// renewals are how often a renewal ended so, in all tests of this process.
func (r *room) renewals(outcome string) float64 {
	r.t.Helper()
	families, err := prometheus.DefaultGatherer.Gather()
	r.check(err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "okrbot_tokens_renewed_total" && m.GetLabel()[0].GetValue() == outcome {
				return m.GetCounter().GetValue()
			}
		}
	}
	r.t.Fatalf("no renewals that ended %s are counted", outcome)
	return 0
}

func TestOneOfAllProcessesRenews(t *testing.T) {
	r := newRoom(t)
	counted := r.renewals("renewed")
	r.scorecard(1, 40, 5)
	r.consents()
	replicas := []*Client{r.client, r.replica(nil), r.replica(nil), r.replica(nil)}
	for round := range 6 {
		if round%2 == 0 {
			r.ends() // we know that it is old
		} else {
			r.now.ExpireTokens() // we hear of it
		}
		before, epoch := r.tokenCalls(), r.loaded().TokenEpoch
		connection := r.loaded()
		var all sync.WaitGroup
		var mu sync.Mutex
		tokens := map[string]int{}
		for n := range 40 {
			all.Go(func() {
				token, err := r.reads(replicas[n%len(replicas)], connection)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Errorf("round %d: %v", round, err)
				}
				tokens[token]++
			})
		}
		all.Wait()
		r.wants("calls of the token endpoint", r.tokenCalls()-before, 1)
		r.wants("epochs", r.loaded().TokenEpoch-epoch, int64(1))
		r.wants("tokens in use", len(tokens), 1)
	}
	r.wants("refusals", r.count("select refusals from connections where id = $1", r.connection.ID), 0)
	r.wants("its state", r.state(), "active")
	r.wants("renewals are counted", r.renewals("renewed") >= counted+6, true)
}

// leaver answers a renewal and does not live to see it kept.
type leaver struct {
	integrations.Consenter
	leave func()
}

func (l *leaver) Renew(ctx context.Context, client integrations.OAuthClient, refresh string) (integrations.Tokens, error) {
	tokens, err := l.Consenter.Renew(ctx, client, refresh)
	l.leave()
	return tokens, err
}

// signsIn is how a replica signs in to a connection at the moment.
func signsIn(ctx context.Context, by *Client, c store.Connection) (signed integrations.Account, err error) {
	err = by.accounts.With(ctx, c, func(account integrations.Account) error {
		signed = account
		return nil
	})
	return signed, err
}

// A consent ends a refresh token's life after that token was given: a renewal that brings the same one moves
// nothing, not even for what was signed in before this was noted; one that brings another begins again.
func TestARenewalMovesTheEndWithTheRefreshTokenAlone(t *testing.T) {
	r := newRoom(t)
	r.consents()
	renewsAfter := func(days int) (lasts, warned int) {
		r.advance(time.Duration(days) * 24 * time.Hour)
		r.ends()
		_, err := r.reads(r.client, r.loaded())
		r.check(err)
		c := r.loaded()
		return int(c.Ends.Sub(c.Consented).Round(time.Hour).Hours()) / 24, c.Warned
	}
	r.exec("delete from refresh_tokens")
	r.exec("update connections set warned_days = 14")
	lasts, warned := renewsAfter(20)
	r.wants("days with the same token", lasts, 100)
	r.wants("days before the end that are warned of", warned, 14)
	r.now.AddClient(vendor.Client{ID: "client", Secret: clientSecret, Redirects: []string{"https://okr.example.com/back"}, Rotates: true})
	lasts, warned = renewsAfter(70)
	r.wants("days with another token", lasts, 190)
	r.wants("days before the end that are warned of", warned, 0)
}

func TestACrashBeforeNewTokensAreKept(t *testing.T) {
	r := newRoom(t)
	r.scorecard(1, 40, 5)
	r.consents()
	// Stopped: what was answered is kept all the same.
	leaving, leave := context.WithCancel(ctx)
	stopped := r.replica(func(c integrations.Connector) integrations.Connector {
		return &leaver{c.(integrations.Consenter), leave}
	})
	r.ends()
	epoch := r.loaded().TokenEpoch
	_, _ = signsIn(leaving, stopped, r.loaded())
	stopped.accounts.Close()
	r.wants("epochs", r.loaded().TokenEpoch-epoch, int64(1))

	// Gone: the old tokens stay, and the next one goes on with them.
	pool, err := store.Open(ctx, r.dsn, 2)
	r.check(err)
	gone, err := New(Options{
		Pool: r.pool, Store: store.New(pool, storetest.Keys()), Messenger: r.slack, Log: r.client.log,
		Connectors: integrations.Registry{&leaver{r.client.connectors[0].(integrations.Consenter), pool.Close}},
	})
	r.check(err)
	r.ends()
	before, calls := r.sealed(), r.tokenCalls()
	if _, err := signsIn(ctx, gone, r.loaded()); err == nil {
		t.Error("nothing went wrong")
	}
	r.wants("what is kept", r.sealed() == before, true)
	r.advance(31 * time.Second) // its lease ends
	if _, err := r.reads(r.client, r.loaded()); err != nil {
		t.Error(err)
	}
	r.wants("calls of the token endpoint", r.tokenCalls()-calls, 2)
	r.wants("its state", r.state(), "active")
	r.wants("notices", len(r.slack.notices), 0)
}

func TestATroubledTokenEndpoint(t *testing.T) {
	for name, c := range map[string]struct {
		fault vendor.Fault
		works bool // although it is there
	}{
		"a page":        {fault: vendor.Fault{Kind: vendor.TokenPage}},
		"down":          {fault: vendor.Fault{Kind: vendor.TokenDown}},
		"limited":       {fault: vendor.Fault{Kind: vendor.TokenLimit, After: 30}},
		"asleep":        {fault: vendor.Fault{Kind: vendor.Hibernating}},
		"cut":           {fault: vendor.Fault{Kind: vendor.Reset}},
		"bad gateway":   {fault: vendor.Fault{Kind: vendor.BadGateway}},
		"login page":    {fault: vendor.Fault{Kind: vendor.LoginPage}},
		"redirect":      {fault: vendor.Fault{Kind: vendor.RedirectToLogin}},
		"blocked":       {fault: vendor.Fault{Kind: vendor.Blocked}},
		"401, no word":  {fault: vendor.Fault{Kind: vendor.WrongPassword}},
		"no life":       {fault: vendor.Fault{Kind: vendor.TokenNoLife}, works: true},
		"life 0":        {fault: vendor.Fault{Kind: vendor.TokenLife, Text: "0"}, works: true},
		"life -1":       {fault: vendor.Fault{Kind: vendor.TokenLife, Text: "-1"}, works: true},
		"life as text":  {fault: vendor.Fault{Kind: vendor.TokenLife, Text: `"1800"`}, works: true},
		"life 1e12":     {fault: vendor.Fault{Kind: vendor.TokenLife, Text: "1e12"}, works: true},
		"life nonsense": {fault: vendor.Fault{Kind: vendor.TokenLife, Text: `{"a":1}`}, works: true},
		"no refresh":    {fault: vendor.Fault{Kind: vendor.NoRefresh}, works: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			k := r.keyResult(r.scorecard(1, 40, 5))
			r.consents()
			r.exec("update sources set connection_id = $1", r.connection.ID)
			r.imports(k)
			r.wants("the value", r.value(k), "40")
			r.check(r.now.Change(r.load(k).Source.Reference, func(s *vendor.Scorecard) { s.Scores[len(s.Scores)-1].Value = 30 }))
			r.ends()
			r.exec("update connections set waiting_until = null")
			before := r.sealed()
			fix := r.now.Break(c.fault)
			r.now.ForgetCalls()
			r.force(k.ID)
			r.tick()
			if n := r.tokenCalls(); n < 1 || n > 2 {
				t.Errorf("%d calls of the token endpoint in a sync", n)
			}
			if c.works {
				r.wants("the value", r.value(k), "30")
				r.force(k.ID)
				r.tick()
				r.wants("calls of the token endpoint", r.tokenCalls(), 1)
			} else {
				r.wants("what is kept", r.sealed() == before, true)
				r.wants("other calls", r.others(), 0)
			}
			for range 4 { // more tries of the same slot
				r.advance(time.Minute)
				r.tick()
			}
			r.wants("its state", r.state(), "active")
			r.wants("refusals", r.count("select refusals from connections where id = $1", r.connection.ID), 0)
			r.wants("notices", len(r.slack.notices), 0)
			fix()
			r.nextDay()
			r.tick()
			r.wants("the value afterwards", r.value(k), "30")
			r.wants("its state afterwards", r.state(), "active")
		})
	}
}

func TestAChangedRowSendsNothing(t *testing.T) {
	for name, change := range map[string]string{
		"another's":       "update connections c set sealed = o.sealed from connections o where o.id <> c.id and c.id = $1",
		"cut":             "update connections set sealed = substr(sealed, 1, length(sealed) - 1) where id = $1",
		"cut to a stump":  "update connections set sealed = substr(sealed, 1, 3) where id = $1",
		"empty":           "update connections set sealed = '' where id = $1",
		"one bit":         "update connections set sealed = set_bit(sealed, length(sealed) * 4, 1 - get_bit(sealed, length(sealed) * 4)) where id = $1",
		"another address": "update connections set origin = replace(origin, '127.0.0.1', 'localhost') where id = $1",
		"another version": "update connections set secret_version = secret_version + 1 where id = $1",
	} {
		for _, way := range []string{"basic", "oauth"} {
			t.Run(name+" "+way, func(t *testing.T) {
				r := newRoom(t)
				k := r.keyResult(r.scorecard(1, 40, 5))
				if way == "oauth" {
					r.consents()
				} else {
					r.connection = r.connect()
				}
				r.exec("update sources set connection_id = $1", r.connection.ID)
				r.imports(k)
				r.exec(change, r.connection.ID)
				r.now.ForgetCalls()
				for range 3 {
					r.nextDay()
					r.tick()
				}
				r.wants("calls", len(r.now.Calls()), 0)
				r.wants("its state", r.state(), "broken")
				r.wants("notices", r.slack.notices, []string{accounts.NoticeRefused})
			})
		}
	}
}

// A client's secret is for its own address: a connection that is made to point at it gets nothing.
func TestAClientOfAnotherAddressIsNotUsed(t *testing.T) {
	r := newRoom(t)
	r.scorecard(1, 40, 5)
	r.consents()
	other := vendor.New(vendor.Options{Now: r.clock})
	server := httptest.NewServer(other)
	t.Cleanup(server.Close)
	foreign := r.registers(server.URL)
	r.exec("update connections set client_id = $1, token_due_at = now() where id = $2", foreign.ID, r.connection.ID)
	if _, err := r.reads(r.client, r.loaded()); err == nil {
		t.Error("it went on")
	}
	r.wants("calls", len(r.now.Calls())+len(other.Calls()), 0)
	r.wants("its state", r.state(), "broken")
}

// patient renews only after whoever asked for it is gone.
type patient struct {
	integrations.Consenter
	leave func()
	gone  chan struct{}
}

func (p *patient) Renew(ctx context.Context, client integrations.OAuthClient, refresh string) (integrations.Tokens, error) {
	p.leave()
	select {
	case <-p.gone:
		return p.Consenter.Renew(ctx, client, refresh)
	case <-ctx.Done():
		return integrations.Tokens{}, ctx.Err()
	}
}

// Somebody who types on does not wait for the token that their first letter had renewed.
func TestARenewalOutlivesWhoAskedForIt(t *testing.T) {
	r := newRoom(t)
	r.scorecard(1, 40, 5)
	r.consents()
	asking, leave := context.WithCancel(ctx)
	gone := make(chan struct{})
	asked := r.replica(func(c integrations.Connector) integrations.Connector {
		return &patient{c.(integrations.Consenter), leave, gone}
	})
	r.ends()
	epoch, calls := r.loaded().TokenEpoch, r.tokenCalls()
	if _, err := signsIn(asking, asked, r.loaded()); !errors.Is(err, context.Canceled) {
		t.Errorf("whoever left is told %v", err)
	}
	close(gone)
	asked.accounts.Close()
	r.wants("epochs", r.loaded().TokenEpoch-epoch, int64(1))
	if _, err := r.reads(r.client, r.loaded()); err != nil {
		t.Error(err)
	}
	r.wants("calls for tokens", r.tokenCalls()-calls, 1)

	// Who comes after a stop, as a request that was cut off can, has nothing begin and holds nobody up.
	r.ends()
	if _, err := signsIn(ctx, asked, r.loaded()); !errors.Is(err, context.Canceled) {
		t.Errorf("whoever comes after the stop is told %v", err)
	}
	r.wants("calls for tokens after the stop", r.tokenCalls()-calls, 1)
	if _, err := r.reads(r.client, r.loaded()); err != nil {
		t.Error(err)
	}
	r.wants("calls for tokens by the next", r.tokenCalls()-calls, 2)
}

func TestAReconnectDuringARenewalWins(t *testing.T) {
	for name, next := range map[string]store.SignIn{
		"by password": {Kind: "basic", Fields: map[string]string{"username": "okr.reader", "password": "canary-7f3a"}},
		"by browser":  {Kind: "oauth"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			r.scorecard(1, 40, 5)
			r.consents()
			next.Origin = r.origin
			done := false
			busy := r.replica(func(c integrations.Connector) integrations.Connector {
				return &leaver{c.(integrations.Consenter), func() {
					if done {
						return
					}
					done = true
					if next.Kind == "oauth" {
						entered := r.registers(r.origin)
						next.Client, next.Consented, next.Due = entered.ID, r.clock(), r.clock().Add(time.Hour)
						next.Fields = r.allows(entered).Fields
					}
					r.check(r.store.InTx(ctx, func(tx *store.Tx) error {
						_, err := tx.ReplaceSignIn(ctx, alice, r.connection.ID, next)
						return err
					}))
				}}
			})
			r.ends()
			epoch := r.loaded().TokenEpoch
			account, err := signsIn(ctx, busy, r.loaded())
			r.check(err)
			r.wants("the sign-in in use", account.SignIn, next.Kind)
			r.wants("epochs", r.loaded().TokenEpoch-epoch, int64(1))
			for _, field := range []string{"username", "password", integrations.AccessToken} {
				r.wants(field, account.Fields[field] == next.Fields[field], true)
			}
		})
	}
}

// Tokens that wait for their person's yes go to the address that they were given for, or nowhere.
func TestWaitingTokensDoNotMove(t *testing.T) {
	r := newRoom(t)
	r.scorecard(1, 40, 5)
	r.consents()
	entered := r.registers(r.origin)
	waits := func() store.Connection {
		t.Helper()
		tokens := r.allows(entered)
		var c store.Connection
		r.check(r.store.InTx(ctx, func(tx *store.Tx) (err error) {
			c, err = tx.CreatePending(ctx, alice, store.Connection{Kind: "servicenow", Name: "acme", Origin: r.origin, SignIn: "oauth", Client: entered.ID},
				r.connection.ID, tokens.Fields, time.Hour, 100*24*time.Hour)
			return err
		}))
		return c
	}
	confirms := func(id int64) error {
		return r.store.InTx(ctx, func(tx *store.Tx) error {
			if err := tx.Agree(ctx, alice, id); err != nil {
				return err
			}
			_, err := tx.Confirm(ctx, alice, id)
			return err
		})
	}
	moved := waits()
	r.exec("update connections set origin = 'https://evil.service-now.com' where id = $1", r.connection.ID)
	if err := confirms(moved.ID); err == nil {
		t.Error("tokens went to another address")
	}
	r.exec("update connections set origin = $1 where id = $2", r.origin, r.connection.ID)
	r.check(confirms(moved.ID))

	// Who disconnects takes what waits along.
	last := waits()
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error {
		_, err := tx.RemoveConnection(ctx, alice, r.connection, "It was disconnected.")
		return err
	}))
	r.wants("sign-ins that wait", r.count("select count(*) from connections where id = $1", last.ID), 0)
	r.wants("what is kept", r.sealed(), "")
}

func TestWhoLostTheRightToShareDoesNotShare(t *testing.T) {
	r := newRoom(t)
	r.consents()
	entered := r.registers(r.origin)
	tokens := r.allows(entered)
	for kind, want := range map[okr.ActorKind]bool{okr.Admin: true, okr.Member: false} {
		var c store.Connection
		r.check(r.store.InTx(ctx, func(tx *store.Tx) (err error) {
			c, err = tx.CreatePending(ctx, alice, store.Connection{
				Kind: "servicenow", Name: "acme", Origin: r.origin, SignIn: "oauth", Client: entered.ID, Shared: true,
			}, 0, tokens.Fields, time.Hour, 100*24*time.Hour)
			if err != nil {
				return err
			}
			r.check(tx.Agree(ctx, alice, c.ID))
			_, err = tx.Confirm(ctx, okr.Actor{Workspace: "T1", ID: alice.ID, Kind: kind}, c.ID)
			return err
		}))
		c, err := r.store.ConnectionByID(ctx, c.ID)
		r.check(err)
		r.wants(fmt.Sprint("shared by ", kind), c.Shared, want)
	}
}

// However far the clocks of the system, of the database and of a process are from each other, and whatever the
// system says of its tokens: who reads is let in, and the token endpoint is asked no more than tokens are renewed.
func TestClocksThatAreAnHourApartRenewInTime(t *testing.T) {
	for name, off := range map[string]struct{ database, system time.Duration }{
		"TheDatabaseIsAheadOfUsAndTheSystemBehind": {time.Hour, -2 * time.Hour},
		"TheDatabaseIsBehindUsAndTheSystemAhead":   {-time.Hour, 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			r.ahead.Store(int64(off.system))
			r.advance(off.database)
			r.consents()
			for _, says := range []struct {
				life string
				most int // token calls in an hour
			}{
				{"1800", 5}, {`"1800"`, 5}, {"0", 8}, {"-1", 8}, {"null", 8}, {"1e12", 3},
			} {
				fix := r.now.Break(vendor.Fault{Kind: vendor.TokenLife, Text: says.life})
				r.ends()
				r.now.ForgetCalls()
				for minute := 0; minute < 60; minute += 2 {
					before := r.tokenCalls()
					if _, err := r.reads(r.client, r.loaded()); err != nil {
						t.Fatalf("%s, after %d minutes: %v", says.life, minute, err)
					}
					if n := r.tokenCalls() - before; n > 2 {
						t.Fatalf("%s, after %d minutes: %d token calls for one read", says.life, minute, n)
					}
					r.advance(2 * time.Minute)
				}
				if n := r.tokenCalls(); n > says.most || n == 0 {
					t.Errorf("%s: %d token calls in an hour, want %d at most", says.life, n, says.most)
				}
				fix()
			}
		})
	}
}
