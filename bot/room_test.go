package bot_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"okrbot/bot"
	"okrbot/integrations"
	"okrbot/integrations/servicenow"
	"okrbot/jobs"
	"okrbot/sandbox/seed"
	sandbox "okrbot/sandbox/servicenow"
	"okrbot/sandbox/slack"
	"okrbot/sandbox/slack/conversation"
	"okrbot/secret"
	"okrbot/store"
	"okrbot/store/storetest"
)

// room is a workspace with people, a ServiceNow, and the bot between them: all real but the two
// vendors, and those over HTTP.
type room struct {
	t          *testing.T
	dsn        string
	store      *store.Store
	slack      *slack.Slack
	servicenow *sandbox.Instance
	instance   string // ServiceNow's address
	app        string // the bot's address
	bot        *bot.Bot

	// refusalsExpected is set by tests in which Slack has reason to refuse.
	refusalsExpected bool

	alice, bob, carol, dave *conversation.Person
}

type roomOption func(*slack.Options)

func overSocket(o *slack.Options) { o.Socket = true }

func newRoom(t *testing.T, options ...roomOption) *room {
	t.Helper()
	t.Parallel()
	ctx := context.Background()
	r := &room{t: t, dsn: storetest.New(t)}
	r.store = storetest.Open(t, r.dsn)

	r.servicenow = sandbox.New(sandbox.Options{})
	now, err := r.store.Now(ctx)
	if err != nil {
		t.Fatal(err)
	}
	seed.ServiceNow(r.servicenow, now.UTC())
	instance := httptest.NewServer(r.servicenow)
	t.Cleanup(instance.Close)
	r.instance = instance.URL

	o := slack.Options{}
	for _, option := range options {
		option(&o)
	}
	r.slack = slack.New(o)
	for _, p := range seed.People {
		r.slack.AddPerson(slack.Person{ID: p.ID, Name: p.Name, RealName: p.RealName, Zone: p.Zone, Admin: p.Admin, Guest: p.Guest})
	}
	for _, c := range seed.Channels {
		r.slack.AddChannel(c.ID, c.Name, c.Private, c.Members...)
	}
	web := httptest.NewServer(r.slack)
	t.Cleanup(web.Close)
	t.Cleanup(r.slack.Close)
	r.slack.SetBaseURL(web.URL)

	log := slog.New(slog.DiscardHandler)
	if os.Getenv("OKRBOT_TEST_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	river, err := store.Open(ctx, r.dsn, 6)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(river.Close)
	connectors := integrations.Registry{servicenow.New(servicenow.Options{ExtraOrigins: []string{instance.URL}})}
	work, err := jobs.New(jobs.Options{Pool: river, Store: storetest.Open(t, r.dsn), Connectors: connectors, Log: log, Work: true})
	if err != nil {
		t.Fatal(err)
	}
	known := r.slack.Options()
	api := bot.NewSlack(bot.SlackOptions{APIURL: web.URL + "/api/", BotToken: secret.New(known.BotToken), AppToken: secret.New(known.AppToken)})
	settings := bot.Settings{DefaultZone: "UTC", AppID: known.AppID, SigningSecret: secret.New(known.SigningSecret)}
	r.bot = bot.New(r.store, work, api, connectors, settings, log)
	work.SetMessenger(r.bot.Messenger())
	if err := r.bot.Introduce(ctx); err != nil {
		t.Fatal(err)
	}
	app := httptest.NewServer(r.bot.Handler())
	r.app = app.URL
	r.slack.SetApp(app.URL)
	running, stop := context.WithCancel(ctx)
	if err := work.Start(running); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	if known.Socket {
		go func() { defer close(ended); _ = r.bot.Socket(running) }()
		for range 500 {
			if r.slack.Connected() {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	} else {
		close(ended)
	}
	t.Cleanup(func() {
		app.Close()
		stopping, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		work.Stop(stopping)
		stop()
		r.slack.Close()
		<-ended
		r.bot.Close()
		if list := r.slack.Refusals(); len(list) > 0 && !t.Failed() && !r.refusalsExpected {
			t.Errorf("Slack refused: %q", list)
		}
	})
	as := func(name string) *conversation.Person { return conversation.As(t, r.slack, name, "#it-okrs") }
	r.alice, r.bob, r.carol, r.dave = as("alice"), as("bob"), as("carol"), as("dave")
	return r
}
