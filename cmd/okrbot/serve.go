package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"okrbot/bot"
	"okrbot/bot/desk"
	"okrbot/ingress"
	"okrbot/integrations"
	"okrbot/integrations/httpjson"
	"okrbot/integrations/servicenow"
	"okrbot/jobs"
	"okrbot/secret"
	"okrbot/store"
)

type serveCommand struct {
	NoWeb  bool `help:"Only work: sync and announce, without answering Slack."`
	NoWork bool `help:"Only answer Slack; another process works."`
}

// Run serves until a signal. Configuration, ports and keys are proved before anything is made or
// migrated, and the database is migrated before anything is served.
func (s serveCommand) Run(in *invocation) error {
	config, log, err := configured(forServe)
	if err != nil {
		return err
	}
	if s.NoWeb && s.NoWork {
		return badConfig{"--no-web and --no-work: together they leave nothing to do"}
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	r := &running{config: config, log: log, web: !s.NoWeb, work: !s.NoWork, tell: teller(log)}
	return r.ended(in.ctx, r.run(in))
}

func (r *running) run(in *invocation) error {
	if err := r.listen(); err != nil {
		return err
	}
	defer r.stop()
	database, err := openDatabase(in.ctx, r.config, r.log, r.tell)
	if err != nil {
		return err
	}
	// Last of all: what ends needs it to be recorded.
	defer database.Close()
	defer r.stop()
	if r.keys, err = keysToBeginWith(in.ctx, r.config, database); err != nil {
		return err
	}
	if err := prepare(in, database, r.keys, r.tell); err != nil {
		return err
	}
	r.database = database
	if err := r.start(in.ctx); err != nil {
		return err
	}
	r.log.Info("okrbot is ready", "listen", r.config.ListenAddr, "ops", r.config.OpsAddr, "web", r.web, "work", r.work)
	return r.until(in.ctx)
}

// ended is how a run ended: one that somebody stops in its middle did not fail.
func (r *running) ended(ctx context.Context, err error) error {
	if err == nil {
		r.log.Info("stopped")
		return nil
	}
	if ctx.Err() != nil {
		r.log.Info("stopped before it was ready", "at", err)
		return nil
	}
	return err
}

// Connections to Postgres of one process. Web, River and workers each have their own, so that a
// stuck sync never delays an answer to Slack.
const (
	webConnections   = 8
	riverConnections = 7 // one of them listens
	workConnections  = 10
)

// otherFiles is how many files a process has open beside who is connected to it: these connections,
// those to Slack and to what is read, and its own.
const otherFiles = 192

// stopWithin is what requests and jobs get to end by themselves; what needs longer is cut off or
// handed back after it.
const stopWithin = time.Second

// garbage is how much of it may gather before it is collected, in percent of the memory in use. With Go's own 100
// a quarter of okrbot's processor time in a large sync goes into collecting, since little is in use; with 200 it
// takes more than 128 MiB for 100,000 key results.
const garbage = 150

// warmWithin is what a start gives to sessions with Postgres to be ready for people.
const warmWithin = 2 * time.Second

// stillAtMost is how long a process that works may not have looked for what is due and what is to be said: a look
// takes moments, and a minute or two where all of it waits in vain for what others hold in Postgres.
const stillAtMost = 3 * time.Minute

// running is one process's part of okrbot.
type running struct {
	config   Config
	database database
	keys     *secret.Keyset
	log      *slog.Logger
	web      bool
	work     bool

	still time.Duration // in the place of stillAtMost

	tell func(doing string) // what is being done before it is ready; nil: nobody hears

	doors   []*door
	pools   []namedPool
	store   *store.Store
	jobs    *jobs.Client
	bot     *bot.Bot
	failed  chan error
	leaving atomic.Bool
	health  *health
	stopped sync.Once
}

// doing says what takes a moment.
func (r *running) doing(what string) {
	if r.tell != nil {
		r.tell(what)
	}
}

// start opens the pools, wires bot and jobs to each other, and begins. What began is stopped when
// a part of it cannot.
func (r *running) start(ctx context.Context) error {
	err := r.begin(ctx)
	if err != nil {
		r.stop()
	}
	return err
}

func (r *running) begin(ctx context.Context) error {
	web, river, listens, working, err := r.openPools(ctx)
	if err != nil {
		return err
	}
	r.store = store.New(web, r.keys)
	r.health = watchDatabase(ctx, river, r.log)
	connectors := connectorsOf(r.config)
	if r.jobs, err = jobs.New(jobs.Options{
		Pool: river, Listen: listens, Store: store.New(working, r.keys), Connectors: connectors, Log: r.log, Work: r.work, AuditDays: r.config.AuditDays(),
	}); err != nil {
		return err
	}
	slack := desk.NewSlack(desk.SlackOptions{
		APIURL: r.config.SlackAPIURL, BotToken: r.config.SlackBotToken, AppToken: r.config.SlackAppToken, Log: r.log,
	})
	r.bot = bot.New(r.store, r.jobs, slack, connectors, desk.Settings{
		PublicURL: r.config.PublicURL, DefaultZone: r.config.DefaultTimeZone, Admins: r.config.AdminUsers,
		SigningSecret: r.config.SlackSigningSecret,
	}, r.log)
	r.jobs.SetMessenger(r.bot.Messenger())
	// Slack may be down when we start; what it tells is stored from the last time.
	r.doing("asking Slack who we are")
	if err := r.bot.Introduce(ctx); err != nil && ctx.Err() == nil {
		r.log.Warn("Slack has not said yet who we are, and nobody is answered before; asking again until it does. `okrbot doctor` says what is wrong", "error", err)
	}
	if r.web {
		warm, cancel := context.WithTimeout(ctx, 5*warmWithin)
		r.bot.WarmUp(warm, webConnections, warmWithin)
		cancel()
	}
	if err := r.jobs.Start(ctx); err != nil {
		return err
	}
	for _, d := range r.doors {
		if d.public {
			d.open(r.public())
		} else {
			d.open(r.ops())
		}
	}
	if !r.web {
		return nil
	}
	if !r.config.SlackAppToken.Empty() {
		go func() {
			if err := r.bot.Socket(ctx); ctx.Err() == nil {
				r.failed <- fmt.Errorf("SLACK_APP_TOKEN: Slack opens no Socket Mode with it (%w). Make an app-level token with the scope connections:write, under Basic Information; `okrbot doctor` says more", err)
			}
		}()
	}
	return nil
}

// openPools opens the connections to Postgres: those that people wait for, River's, the one that
// listens where a pooler stands between, and those of the work.
func (r *running) openPools(ctx context.Context) (web, river, listens, working *pgxpool.Pool, err error) {
	if web, err = r.pool(ctx, "web", r.database.open, webConnections); err != nil {
		return
	}
	if river, err = r.pool(ctx, "river", r.database.open, riverConnections); err != nil {
		return
	}
	if r.database.pooled {
		if listens, err = r.pool(ctx, "listen", r.database.openDirect, 1); err != nil {
			return
		}
	}
	working = web
	if r.work {
		if working, err = r.pool(ctx, "work", r.database.openForWork, workConnections); err != nil {
			return
		}
	}
	return
}

func (r *running) pool(ctx context.Context, name string, open func(context.Context, int32) (*pgxpool.Pool, error), size int32) (*pgxpool.Pool, error) {
	p, err := open(ctx, size)
	if err == nil {
		r.pools = append(r.pools, namedPool{p, name})
	}
	return p, err
}

// connectorsOf are the systems that can be read from.
func connectorsOf(c Config) integrations.Registry {
	connectors := integrations.Registry{servicenow.New(servicenow.Options{ExtraOrigins: c.ServiceNowExtraHosts})}
	if len(c.HTTPJSONOrigins) > 0 {
		connectors = append(connectors, httpjson.New(httpjson.Options{Origins: c.HTTPJSONOrigins}))
	}
	return connectors
}

// public is what Slack and the load balancer reach.
func (r *running) public() http.Handler {
	mux := http.NewServeMux()
	r.probes(mux, false)
	if r.config.SlackAppToken.Empty() {
		mux.Handle("/slack/", r.bot.Handler())
	}
	if r.config.PublicURL != "" {
		pages := r.bot.Pages()
		for _, path := range r.bot.PagePaths() {
			mux.Handle(path, pages)
		}
	}
	return mux
}

// probes are what a supervisor asks: whether the process lives, and whether it can answer people, or, for
// whoever looks after its work, do that too. A process that does no work is no reason to send people elsewhere:
// what ails it may ail all of them.
func (r *running) probes(mux *http.ServeMux, work bool) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "alive") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		why := r.health.trouble()
		if why == "" && work && r.jobs.Still() > cmp.Or(r.still, stillAtMost) {
			why = "nothing is synced or posted: this process does not look any more for what there is to do. Start it again"
		}
		if r.leaving.Load() {
			why = "stopping"
		}
		if why != "" {
			http.Error(w, why, http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
}

// ops is for the operator's own network.
func (r *running) ops() http.Handler {
	mux := http.NewServeMux()
	r.probes(mux, true)
	mux.Handle("GET /metrics", promhttp.HandlerFor(prometheus.Gatherers{prometheus.DefaultGatherer, r.figures()}, promhttp.HandlerOpts{}))
	if r.config.OpsPprof == "true" {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	return mux
}

// listen takes the ports before anything else is done, so that a taken one is said at once. Until all
// is ready, requests are told that it is starting.
func (r *running) listen() error {
	r.failed = make(chan error, 4)
	wanted := []*door{{variable: "OPS_ADDR", address: r.config.OpsAddr}}
	if r.web {
		wanted = append(wanted, &door{variable: "LISTEN_ADDR", address: r.config.ListenAddr, public: true})
	}
	for _, d := range wanted {
		var err error
		if d.listener, err = net.Listen("tcp", d.address); err != nil {
			r.stop()
			return fmt.Errorf("%s: listening on %s: %w", d.variable, d.address, noPort(err, "set "+d.variable+" to another one"))
		}
		r.serve(d)
	}
	return nil
}

// listenOn serves the public side on a port that is taken already.
func (r *running) listenOn(listener net.Listener) {
	r.failed = make(chan error, 4)
	r.serve(&door{address: listener.Addr().String(), public: true, listener: listener})
}

func (r *running) serve(d *door) {
	limit, short := ingress.ConnectionLimit(otherFiles)
	if short {
		r.log.Warn("the system lets okrbot open few files, so it holds few connections; raise the limit (ulimit -n)", "connections", limit)
	}
	if !d.public {
		limit /= 8
	}
	d.server = ingress.New(d, limit)
	r.doors = append(r.doors, d)
	go func() {
		if err := d.server.Serve(d.listener); !errors.Is(err, http.ErrServerClosed) {
			r.failed <- fmt.Errorf("serving %s: %w", d.address, err)
		}
	}()
}

// door is a port with what is behind it, once that is there.
type door struct {
	variable, address string
	public            bool
	listener          net.Listener
	server            *ingress.Server
	behind            atomic.Pointer[http.Handler]
	inside            atomic.Int64 // requests under way
}

func (d *door) open(behind http.Handler) { d.behind.Store(&behind) }

func (d *door) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	d.inside.Add(1)
	defer d.inside.Add(-1)
	switch behind := d.behind.Load(); {
	case behind != nil:
		(*behind).ServeHTTP(w, req)
	case req.URL.Path == "/healthz":
		fmt.Fprintln(w, "alive")
	default:
		http.Error(w, "starting", http.StatusServiceUnavailable)
	}
}

// close lets requests that are under way end until ctx does, and cuts off the rest.
func (d *door) close(ctx context.Context, log *slog.Logger) {
	if d.server.Shutdown(ctx) == nil {
		return
	}
	// A browser keeps connections on which it has asked nothing yet: they are no loss.
	if n := d.inside.Load(); n > 0 {
		log.Warn("requests were cut off", "at", d.address, "requests", n)
	}
	_ = d.server.Close()
}

// until serves until ctx ends or a part fails, then stops. The embedded Postgres is such a part: it starts
// again with this process alone.
func (r *running) until(ctx context.Context) error {
	var err error
	select {
	case <-ctx.Done():
		r.log.Info("stopping")
	case err = <-r.failed:
	case <-r.database.ended():
		if ctx.Err() == nil {
			err = fmt.Errorf("the embedded Postgres has ended (%s). What was saved is kept. Start okrbot again, and its Postgres starts with it; where it ends again, look whether the disk of DATA_DIR is full", r.database.own.Ending())
		}
	}
	r.stop()
	return err
}

// stop takes nothing new, lets what runs end for a moment, hands the rest back, and closes the
// connections: the database may end after it. Once is enough.
func (r *running) stop() {
	r.stopped.Do(func() {
		r.leaving.Store(true)
		ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
		defer cancel()
		var parts sync.WaitGroup
		parts.Go(func() {
			var doors sync.WaitGroup
			for _, d := range r.doors {
				doors.Go(func() { d.close(ctx, r.log) })
			}
			doors.Wait()
			if r.bot != nil {
				r.bot.Close()
			}
		})
		if r.jobs != nil {
			parts.Go(func() { r.jobs.Stop(ctx) })
		}
		parts.Wait()
		if r.health != nil {
			r.health.close()
		}
		for _, p := range r.pools {
			p.Close()
		}
	})
}
