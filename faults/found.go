package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"okrbot/accounts"
	"okrbot/integrations"
	connector "okrbot/integrations/servicenow"
	"okrbot/okr"
	vendor "okrbot/sandbox/servicenow"
	"okrbot/secret"
	"okrbot/store"
	"okrbot/store/embedded"
)

const (
	team       = "T0SANDBOX"
	otherTeam  = "T0STRANGER"
	strange    = "tenant-canary-61d0" // stands in a title of the other workspace
	channels   = 40
	keyResults = 80 // that are read; as many for each system
	persons    = 8
)

var head = okr.Actor{Workspace: team, ID: "U0HEAD", Kind: okr.Member}

func channel(n int) string { return fmt.Sprintf("C0TEAM%d", n) }

func person(n int) string { return fmt.Sprintf("U0PERSON%d", n) }

func people() []string {
	list := []string{head.ID}
	for n := range persons {
		list = append(list, person(n))
	}
	return list
}

// found makes the database with a clock that can be moved, and what people have made before the first
// fault.
func (o *office) found(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, o.dsn())
	if err != nil {
		return err
	}
	err = embedded.InstallClock(ctx, conn)
	conn.Close(ctx)
	if err == nil {
		err = store.Migrate(ctx, o.dsn(), nil)
	}
	if err != nil {
		return err
	}
	pool, err := store.Open(ctx, o.dsn(), 2)
	if err != nil {
		return err
	}
	defer pool.Close()
	s := store.New(pool, o.keys)
	if err := s.ProveKeys(ctx); err != nil {
		return err
	}
	for _, w := range []store.Workspace{{ID: team, Name: "Acme", BotUserID: "U0OKRBOT"}, {ID: otherTeam, Name: "Strangers", BotUserID: "U0OTHERBOT"}} {
		if err := s.SaveWorkspace(ctx, w); err != nil {
			return err
		}
	}
	for _, id := range people() {
		if err := s.SavePerson(ctx, store.Person{Actor: okr.Actor{Workspace: team, ID: id, Kind: okr.Member}, Name: id, Zone: "UTC"}); err != nil {
			return err
		}
	}
	connections, err := o.connect(ctx, s)
	if err != nil {
		return err
	}
	if err := s.InTx(ctx, func(tx *store.Tx) error { return o.foundStrangers(ctx, tx) }); err != nil {
		return err
	}
	return s.InTx(ctx, func(tx *store.Tx) error { return o.foundKeyResults(ctx, tx, connections) })
}

// connect makes a connection by password and one by consent.
func (o *office) connect(ctx context.Context, s *store.Store) (list []store.Connection, err error) {
	origin := o.systems[1].server.URL
	o.systems[1].now.AddClient(vendor.Client{ID: "client", Secret: secrets["client secret"], Redirects: []string{"https://okr.example.com/back"}, RefreshLife: 1 << 62})
	var byBrowser store.OAuthClient
	err = s.InTx(ctx, func(tx *store.Tx) error {
		c, err := tx.CreateConnection(ctx, head, store.Connection{Kind: connector.Kind, Name: "acme", Origin: o.systems[0].server.URL, SignIn: "basic", Shared: true},
			map[string]string{"username": "okr.reader", "password": secrets["password"]}, "")
		if err != nil {
			return err
		}
		list = append(list, c)
		byBrowser, err = tx.SaveOAuthClient(ctx, head, connector.Kind, origin, "client", secret.New(secrets["client secret"]))
		return err
	})
	if err != nil {
		return nil, err
	}
	tokens, err := consent(ctx, origin)
	if err != nil {
		return nil, fmt.Errorf("consenting: %w", err)
	}
	return list, s.InTx(ctx, func(tx *store.Tx) error {
		c, err := tx.CreatePending(ctx, head, store.Connection{Kind: connector.Kind, Name: "globex", Origin: origin, SignIn: "oauth", Client: byBrowser.ID},
			0, tokens.Fields, accounts.TokenLife(tokens.Life), 100*365*24*time.Hour)
		if err != nil {
			return err
		}
		if err := tx.Agree(ctx, head, c.ID); err != nil {
			return err
		}
		c, err = tx.Confirm(ctx, head, c.ID)
		o.known.oauth, o.known.client = c.ID, byBrowser.ID
		list = append(list, c)
		return err
	})
}

// consent walks through ServiceNow's pages as a browser does, up to the tokens.
func consent(ctx context.Context, origin string) (integrations.Tokens, error) {
	reader := connector.New(connector.Options{ExtraOrigins: []string{origin}})
	client := integrations.OAuthClient{Origin: origin, Fields: integrations.Fields{"client_id": "client", "client_secret": secrets["client secret"]}}
	const back = "https://okr.example.com/back"
	page := reader.ConsentURL(client, back, "state", "")
	at, err := url.Parse(page)
	if err != nil {
		return integrations.Tokens{}, err
	}
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := browser.PostForm(origin+"/login.do", url.Values{"user_name": {"okr.reader"}, "user_password": {secrets["password"]}, "back": {at.RawQuery}})
	if err != nil {
		return integrations.Tokens{}, err
	}
	resp.Body.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, page, strings.NewReader("answer=allow"))
	if err != nil {
		return integrations.Tokens{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, cookie := range resp.Cookies() {
		req.AddCookie(cookie)
	}
	if resp, err = browser.Do(req); err != nil {
		return integrations.Tokens{}, err
	}
	resp.Body.Close()
	to, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || to.Query().Get("code") == "" {
		return integrations.Tokens{}, errors.New("the instance gave no code")
	}
	return reader.Exchange(ctx, client, back, to.Query().Get("state"), to.Query().Get("code"), "")
}

// foundStrangers is the other workspace, of which nobody here may ever read a word.
func (o *office) foundStrangers(ctx context.Context, tx *store.Tx) error {
	other := okr.Actor{Workspace: otherTeam, ID: "U0OTHER", Kind: okr.Member}
	day := okr.DayOf(tx.Now)
	objective, _, err := tx.CreateObjective(ctx, other, okr.Objective{Title: strange, Owner: other.ID, Zone: "UTC", Period: okr.Period{First: day - 60, Last: day + 300}}, "")
	if err != nil {
		return err
	}
	k, _, err := tx.CreateKeyResult(ctx, other, byHand(objective, other.ID, strange), "")
	o.known.stranger = k.ID
	return err
}

func byHand(objective okr.Objective, owner, title string) store.KeyResult {
	k := store.KeyResult{Objective: objective}
	k.Title, k.Owner, k.Kind, k.Method = title, owner, okr.Increase, okr.Latest
	k.Start, k.Target, k.Weight = decimal.NewNullDecimal(decimal.NewFromInt(0)), decimal.NewNullDecimal(decimal.NewFromInt(100000000)), decimal.NewFromInt(1)
	return k
}

// foundKeyResults are one that each person enters values of, and those that are read.
func (o *office) foundKeyResults(ctx context.Context, tx *store.Tx, connections []store.Connection) error {
	day := okr.DayOf(tx.Now)
	objective, _, err := tx.CreateObjective(ctx, head, okr.Objective{Title: "Run a calm service desk", Owner: head.ID, Zone: "UTC", Channel: channel(0), Period: okr.Period{First: day - 60, Last: day + 3000}}, "")
	if err != nil {
		return err
	}
	for n := range persons {
		if _, _, err := tx.CreateKeyResult(ctx, head, byHand(objective, person(n), "Entered by "+person(n)), ""); err != nil {
			return err
		}
	}
	due := tx.Now.UTC().Add(time.Hour).Hour()
	for n := range keyResults {
		at, id := n%2, fmt.Sprintf("%032x", n+1)
		o.systems[at].now.Add(vendor.Scorecard{ID: id, Name: fmt.Sprintf("Open incidents %d", n), Unit: "#", Direction: 2, Frequency: 10})
		o.scores++
		o.systems[at].collects(id, day.Time(), o.scores)
		k := byHand(objective, person(n%persons), fmt.Sprintf("Fewer open incidents %d", n))
		k.Channel, k.Integrated, k.Cadence = channel(n%channels), true, okr.Cadence{Every: okr.Daily, Hour: due, Zone: "UTC"}
		k.Source = store.Source{Connection: connections[at].ID, Reference: id, Name: "Open incidents", Unit: "#", Frequency: "daily"}
		made, _, err := tx.CreateKeyResult(ctx, head, k, "")
		if err != nil {
			return err
		}
		o.known.followers = append(o.known.followers, follower{made.ID, int64(made.Number), at, id})
	}
	return nil
}
