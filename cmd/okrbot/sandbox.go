package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"okrbot"
	"okrbot/sandbox/document"
	"okrbot/sandbox/seed"
	"okrbot/sandbox/servicenow"
	"okrbot/sandbox/slack"
	"okrbot/sandbox/web"
	"okrbot/secret"
	"okrbot/store"
	"okrbot/store/embedded"
)

type sandboxCommand struct {
	Port    int  `default:"8080" help:"Where the page is; the four ports after it are used too."`
	Fresh   bool `help:"Forget what earlier runs kept."`
	Example bool `help:"Begin with an example workspace: two objectives, six key results and a week of posts. It takes a minute."`
}

// Run starts the same bot with an embedded Postgres, a local Slack, a local ServiceNow and a web
// server with a JSON document, and a page in the browser to use them. Everything listens on
// 127.0.0.1 alone. What was done is kept under DATA_DIR, but for Slack's messages and the changes
// to ServiceNow.
func (s sandboxCommand) Run(in *invocation) error {
	if last := 1<<16 - len(behindPorts); s.Port < 1 || s.Port > last {
		return fmt.Errorf("--port: it is the first of %d ports; choose one from 1 to %d", len(behindPorts), last)
	}
	for {
		config := sandboxConfig()
		ctx, over := context.WithCancelCause(in.ctx)
		one := *in
		one.ctx = ctx
		r := &running{config: config, log: logger(config), web: true, work: true, tell: func(doing string) { fmt.Fprintln(in.out, "…", doing) }}
		err := r.ended(ctx, s.run(&one, r, func() { over(errStartOver) }))
		again := errors.Is(context.Cause(ctx), errStartOver) && in.ctx.Err() == nil
		over(nil)
		if err != nil || !again {
			return err
		}
		s.Fresh, s.Example = true, false
	}
}

// errStartOver ends a sandbox that begins again, empty.
var errStartOver = errors.New("starting over")

func (s sandboxCommand) run(in *invocation, r *running, over func()) error {
	config := r.config
	listeners, err := s.listen()
	if err != nil {
		return err
	}
	defer func() {
		for _, l := range listeners {
			_ = l.Close()
		}
	}()
	database, err := sandboxDatabase(in.ctx, r)
	if err != nil {
		return err
	}
	defer database.Close()
	clock, err := sandboxClock(in.ctx, database.dsn, s.Fresh)
	if err != nil {
		return err
	}
	defer clock.pool.Close()
	keys, err := keysToBeginWith(in.ctx, config, database)
	var missing missingKeys
	if errors.As(err, &missing) {
		return fmt.Errorf("the sandbox's keys are missing: there is no %s. Put it back, or begin empty: `okrbot sandbox --fresh`", missing.file)
	}
	if err != nil {
		return err
	}
	if err := prepare(in, database, keys, r.tell); err != nil {
		return err
	}

	r.doing("filling a local ServiceNow and a local Slack")
	instance, api, app, documents := s.at(1), s.at(2), s.at(3), s.at(4)
	workspace, handlers, behind := s.fill(in.ctx, clock, over)
	defer workspace.Close()
	for n, handler := range handlers {
		defer serveLocal(listeners[n], handler)()
	}

	known := workspace.Options()
	config.SlackBotToken, config.SlackSigningSecret = secret.New(known.BotToken), secret.New(known.SigningSecret)
	config.SlackAPIURL = "http://" + api + "/api/"
	config.ServiceNowExtraHosts = []string{"http://" + instance}
	config.HTTPJSONOrigins = []string{"http://" + documents}
	config.ListenAddr, config.OpsAddr, config.PublicURL = app, "127.0.0.1:0", "http://"+app
	r.config, r.database, r.keys = config, database, keys
	// Before what the bot talks to: a bot that ends still speaks.
	defer r.stop()
	r.listenOn(listeners[3])
	if err := r.start(in.ctx); err != nil {
		return err
	}
	if err := s.greets(in, r, behind); err != nil {
		return err
	}
	return r.until(in.ctx)
}

// greets makes the example where it is asked for, and says how to begin.
func (s sandboxCommand) greets(in *invocation, r *running, behind *web.Page) error {
	if s.Example {
		r.doing("making an example workspace, as people would")
		if err := behind.Example(); err != nil {
			return fmt.Errorf("making the example: %w", err)
		}
	}
	fmt.Fprintf(in.out, `okrbot's sandbox is ready: http://%s

  1. Open it in a browser. You are Alice; the switch at the top left makes you somebody else.
  2. Type  /okr connect , continue in your browser, and sign in to ServiceNow:
       ServiceNow URL  http://%s
       Username        %s
       Password        %s
  3. Type  /okr add-objective  and choose a channel; then  /okr add-kr , and follow the wizard to Save.
  4. Under "ServiceNow" on the left, collect a new score, then press Sync Integration Data.

The other system is HTTP JSON, a number in any JSON document. Choose it in  /okr connect :
       Document URL    http://%s%s

Ctrl-C ends it; your key results are kept for the next time, and --fresh forgets them.
`, s.at(0), s.at(1), seed.User, seed.Password, s.at(4), seed.BuildPath)
	return nil
}

// fill makes a local Slack, a local ServiceNow and a document, with people and numbers in them, and the
// page that shows them: what to serve on each port, by its place among them.
func (s sandboxCommand) fill(ctx context.Context, clock *shiftedClock, over func()) (*slack.Slack, map[int]http.Handler, *web.Page) {
	instance, api, app := s.at(1), s.at(2), s.at(3)
	sn := servicenow.New(servicenow.Options{Now: clock.now})
	seed.ServiceNow(sn, clock.now().UTC())
	sn.AddClient(servicenow.Client{ID: seed.ClientID, Secret: seed.ClientSecret, Redirects: []string{"http://" + app + "/servicenow/oauth/callback/" + instance}})
	site := document.New(clock.now)
	seed.Build(site)
	var shortcuts []slack.Shortcut
	for _, c := range okrbot.Shortcuts() {
		shortcuts = append(shortcuts, slack.Shortcut{Name: c.Name, Type: c.Type, Callback: c.Callback})
	}
	workspace := slack.New(slack.Options{Now: clock.now, Shortcuts: shortcuts, BaseURL: "http://" + api, AppURL: "http://" + app})
	for _, p := range seed.People {
		workspace.AddPerson(slack.Person{ID: p.ID, Name: p.Name, RealName: p.RealName, Zone: p.Zone, Email: p.Email, Admin: p.Admin, Guest: p.Guest})
	}
	workspace.AddPerson(slack.Person{ID: seed.Partner.ID, Name: seed.Partner.Name, RealName: seed.Partner.RealName, Zone: seed.Partner.Zone, Foreign: true, Team: seed.PartnerTeam})
	for _, c := range append(slices.Clone(seed.Channels), seed.Shared) {
		workspace.AddChannel(c.ID, c.Name, c.Private, c.Members...)
	}
	workspace.ChangeChannel(seed.Shared.Name, func(c *slack.Channel) { c.Others = []string{seed.PartnerTeam} })
	var commands []string
	for _, words := range okrbot.UsageHint() {
		commands = append(commands, "/okr "+words)
	}
	pass := func(ctx context.Context, d time.Duration) error {
		if err := clock.advance(ctx, d); err != nil {
			return err
		}
		seed.Collect(sn, clock.now().UTC())
		return nil
	}
	page := web.New(workspace, sn, web.Options{
		StartOver: over,
		Example: func(breaks func(servicenow.Fault)) error {
			e := example{slack: workspace, sn: sn, instance: "http://" + instance, clock: clock, pass: pass, breaks: breaks}
			return e.make(ctx)
		},
		Worked: func() bool {
			worked, err := clock.worked(ctx)
			return worked || err != nil
		},
		InstanceURL: "http://" + instance, User: seed.User, Password: seed.Password, APIKey: seed.APIKey, ClientID: seed.ClientID, ClientSecret: seed.ClientSecret, Commands: commands,
		Clock: web.Clock{
			Now:     clock.now,
			Advance: func(d time.Duration) error { return pass(ctx, d) },
			NextDue: func() (time.Time, error) { return clock.nextDue(ctx) },
		},
	})
	return workspace, map[int]http.Handler{0: page.Handler(), 1: sn, 2: workspace, 4: site}, page
}

func (s sandboxCommand) at(n int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port+n))
}

// sandboxDatabase is the sandbox's own, which one sandbox at a time has.
func sandboxDatabase(ctx context.Context, r *running) (database, error) {
	d, err := openDatabase(ctx, r.config, r.log, r.tell)
	var taken *embedded.InUse
	if errors.As(err, &taken) {
		return d, fmt.Errorf("a sandbox runs already in this folder, on the data in %s. Use its page, or stop it first; for a second one set DATA_DIR to another folder, and --port to the first of five free ports", r.config.DataDir)
	}
	return d, err
}

// sandboxConfig takes from the environment only where data is kept and what is logged: a sandbox
// reaches no other system, whatever is configured.
func sandboxConfig() Config {
	c := Config{DataDir: ".okrbot", DefaultTimeZone: "UTC", LogLevel: "warn", LogFormat: "text"}
	if dir := trim(os.Getenv("DATA_DIR")); dir != "" {
		c.DataDir = dir
	}
	if level := trim(os.Getenv("LOG_LEVEL")); level != "" {
		c.LogLevel = level
	}
	c.DataDir = filepath.Join(c.DataDir, "sandbox")
	return c
}

// behindPorts is what each of the sandbox's ports is for, in their order.
var behindPorts = []string{"the page", "the local ServiceNow", "the local Slack", "okrbot itself", "the JSON document"}

// listen takes all ports before anything else is done, so that a taken one is said at once.
func (s sandboxCommand) listen() ([]net.Listener, error) {
	var listeners []net.Listener
	for n, what := range behindPorts {
		listener, err := net.Listen("tcp", s.at(n))
		if err != nil {
			for _, l := range listeners {
				_ = l.Close()
			}
			return nil, fmt.Errorf("listening on %s, for %s: %w", s.at(n), what, noPort(err, "choose the first of five free ones with --port"))
		}
		listeners = append(listeners, listener)
	}
	return listeners, nil
}

func serveLocal(listener net.Listener, handler http.Handler) (stop func()) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return func() { _ = server.Close() } // the page's event streams never end by themselves
}

// shiftedClock is the sandbox's time: the database's, which its page can move on.
type shiftedClock struct {
	pool  *pgxpool.Pool
	ahead atomic.Int64 // of the machine's clock, in nanoseconds
}

// sandboxClock gives the sandbox's database its own clock before anybody else connects, and
// forgets what earlier runs kept when asked to.
func sandboxClock(ctx context.Context, dsn string, fresh bool) (*shiftedClock, error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, errors.New("connecting to the sandbox's database failed")
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if fresh {
		if _, err := conn.Exec(ctx, "drop schema if exists shifted cascade; drop schema public cascade; create schema public"); err != nil {
			return nil, fmt.Errorf("forgetting earlier runs: %w", err)
		}
	}
	if err := embedded.InstallClock(ctx, conn); err != nil {
		return nil, err
	}
	// Opened after the clock was installed: sessions from before keep the old one.
	pool, err := store.Open(ctx, dsn, 2)
	if err != nil {
		return nil, err
	}
	c := &shiftedClock{pool: pool}
	var now time.Time
	if err := conn.QueryRow(ctx, "select shifted.now()").Scan(&now); err != nil {
		return nil, fmt.Errorf("reading the sandbox's clock: %w", err)
	}
	c.ahead.Store(int64(time.Until(now)))
	return c, nil
}

// pageWaits is how long the page waits for what the database knows: it shows Slack without it.
const pageWaits = time.Second

// worked says whether somebody has worked in the sandbox: there are objectives.
func (c *shiftedClock) worked(ctx context.Context) (worked bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, pageWaits)
	defer cancel()
	err = c.pool.QueryRow(ctx, "select exists (select from objectives)").Scan(&worked)
	return worked, err
}

// nextDue is when the next sync is due by the sandbox's time, be it a failed one's next try; the zero
// time when none is.
func (c *shiftedClock) nextDue(ctx context.Context) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, pageWaits)
	defer cancel()
	var next *time.Time
	err := c.pool.QueryRow(ctx, `
		select least(
		  (select min(next_sync_at) from rhythms r where exists (select from follows f where f.rhythm_id = r.id)),
		  (select min(retry_at) from key_results where not paused)
		)`).Scan(&next)
	if err != nil || next == nil {
		return time.Time{}, err
	}
	return *next, nil
}

func (c *shiftedClock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *shiftedClock) advance(ctx context.Context, d time.Duration) error {
	conn, err := c.pool.Acquire(ctx)
	if err != nil {
		return errors.New("connecting to the sandbox's database failed")
	}
	defer conn.Release()
	if err := embedded.AdvanceClock(ctx, conn.Conn(), d); err != nil {
		return err
	}
	c.ahead.Add(int64(d))
	return nil
}
