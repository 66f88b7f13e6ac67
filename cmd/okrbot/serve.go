package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"okrbot/bot"
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

// Run serves until a signal. Configuration and keys are proved before anything is migrated, and
// the database is migrated before anything is served.
func (s serveCommand) Run(in *invocation) error {
	config, err := loadConfig(forServe)
	if err != nil {
		return err
	}
	if s.NoWeb && s.NoWork {
		return badConfig{"--no-web and --no-work: together they leave nothing to do"}
	}
	log := logger(config)
	database, err := openDatabase(in.ctx, config, log)
	if err != nil {
		return err
	}
	defer database.Close()
	keys, err := config.Keyset()
	if err != nil {
		return err
	}
	if err := prepare(in, database, keys); err != nil {
		return err
	}
	r := &running{config: config, dsn: database.dsn, keys: keys, log: log, web: !s.NoWeb, work: !s.NoWork}
	if err := r.start(in.ctx); err != nil {
		return err
	}
	log.Info("okrbot is ready", "listen", config.ListenAddr, "ops", config.OpsAddr, "web", !s.NoWeb, "work", !s.NoWork)
	return r.until(in.ctx)
}

// Connections to Postgres of one process. Web, River and workers each have their own, so that a
// stuck sync never delays an answer to Slack.
const (
	webConnections   = 8
	riverConnections = 7 // one of them listens
	workConnections  = 10
)

// stopWithin bounds the end of a process: what runs is handed back after it.
const stopWithin = 15 * time.Second

// running is one process's part of okrbot.
type running struct {
	config Config
	dsn    string
	keys   *secret.Keyset
	log    *slog.Logger
	web    bool
	work   bool

	pools   []*pgxpool.Pool
	store   *store.Store
	jobs    *jobs.Client
	bot     *bot.Bot
	servers []*http.Server
	failed  chan error
	leaving atomic.Bool
}

// start opens the pools, wires bot and jobs to each other, and begins. What began is stopped when
// a part of it cannot.
func (r *running) start(ctx context.Context) error {
	r.failed = make(chan error, 4)
	err := r.begin(ctx)
	if err != nil {
		r.stop()
	}
	return err
}

func (r *running) begin(ctx context.Context) error {
	web, err := r.pool(ctx, webConnections)
	if err != nil {
		return err
	}
	river, err := r.pool(ctx, riverConnections)
	if err != nil {
		return err
	}
	working := web
	if r.work {
		if working, err = r.pool(ctx, workConnections); err != nil {
			return err
		}
	}
	r.store = store.New(web, r.keys)
	connectors := integrations.Registry{servicenow.New(servicenow.Options{ExtraOrigins: r.config.ServiceNowExtraHosts})}
	if len(r.config.HTTPJSONOrigins) > 0 {
		connectors = append(connectors, httpjson.New(httpjson.Options{Origins: r.config.HTTPJSONOrigins}))
	}
	if r.jobs, err = jobs.New(jobs.Options{
		Pool: river, Store: store.New(working, r.keys), Connectors: connectors, Log: r.log, Work: r.work,
	}); err != nil {
		return err
	}
	slack := bot.NewSlack(bot.SlackOptions{
		APIURL: r.config.SlackAPIURL, BotToken: r.config.SlackBotToken, AppToken: r.config.SlackAppToken,
	})
	r.bot = bot.New(r.store, r.jobs, slack, connectors, bot.Settings{
		PublicURL: r.config.PublicURL, DefaultZone: r.config.DefaultTimeZone, Admins: r.config.AdminUsers,
		SigningSecret: r.config.SlackSigningSecret,
	}, r.log)
	r.jobs.SetMessenger(r.bot.Messenger())
	// Slack may be down when we start; what it tells is stored from the last time.
	if err := r.bot.Introduce(ctx); err != nil {
		r.log.Warn("Slack does not know us yet; trying again", "error", err)
	}
	if err := r.jobs.Start(ctx); err != nil {
		return err
	}
	if err := r.listen(r.config.OpsAddr, r.ops(), false); err != nil {
		return err
	}
	if !r.web {
		return nil
	}
	if err := r.listen(r.config.ListenAddr, r.public(web), true); err != nil {
		return err
	}
	if !r.config.SlackAppToken.Empty() {
		go func() {
			if err := r.bot.Socket(ctx); ctx.Err() == nil {
				r.failed <- fmt.Errorf("the Socket Mode connection ended: %w", err)
			}
		}()
	}
	return nil
}

func (r *running) pool(ctx context.Context, size int32) (*pgxpool.Pool, error) {
	p, err := store.Open(ctx, r.dsn, size)
	if err == nil {
		r.pools = append(r.pools, p)
	}
	return p, err
}

// public is what Slack and the load balancer reach.
func (r *running) public(pool *pgxpool.Pool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "alive") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, req *http.Request) {
		ctx, cancel := context.WithTimeout(req.Context(), 2*time.Second)
		defer cancel()
		if why := r.notReady(ctx, pool); why != "" {
			http.Error(w, why, http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
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

func (r *running) notReady(ctx context.Context, pool *pgxpool.Pool) string {
	if r.leaving.Load() {
		return "stopping"
	}
	if err := store.Migrated(ctx, pool); errors.Is(err, store.ErrNotMigrated) {
		return "the database is not migrated: run `okrbot migrate`"
	} else if err != nil {
		return "the database does not answer"
	}
	return ""
}

// ops is for the operator's own network.
func (r *running) ops() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(prometheus.Gatherers{prometheus.DefaultGatherer, r.looks()}, promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// looks are the figures that show whether this process works: they rise every few seconds.
func (r *running) looks() prometheus.Gatherer {
	registry := prometheus.NewRegistry()
	for what, figure := range map[string]func() int64{
		"due":  func() int64 { due, _ := r.jobs.Looks(); return due },
		"said": func() int64 { _, said := r.jobs.Looks(); return said },
	} {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "okrbot_looks_total", Help: "How often this process looked for what is due, and for what is to be said.", ConstLabels: prometheus.Labels{"what": what},
		}, func() float64 { return float64(figure()) }))
	}
	return registry
}

func (r *running) listen(address string, handler http.Handler, public bool) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		variable := "OPS_ADDR"
		if public {
			variable = "LISTEN_ADDR"
		}
		return fmt.Errorf("listening on %s: %w. Stop what uses it, or set %s", address, err, variable)
	}
	server := bot.Server(handler)
	r.servers = append(r.servers, server)
	go func() {
		if err := server.Serve(bot.Limit(listener)); !errors.Is(err, http.ErrServerClosed) {
			r.failed <- fmt.Errorf("serving %s: %w", address, err)
		}
	}()
	return nil
}

// until serves until ctx ends or a part fails, then stops.
func (r *running) until(ctx context.Context) error {
	var err error
	select {
	case <-ctx.Done():
	case err = <-r.failed:
	}
	r.stop()
	return err
}

// stop takes nothing new, lets what runs end, and hands the rest back.
func (r *running) stop() {
	r.leaving.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	for _, server := range r.servers {
		if err := server.Shutdown(ctx); err != nil {
			r.log.Warn("requests were cut off", "error", err)
		}
	}
	if r.bot != nil {
		r.bot.Close()
	}
	if r.jobs != nil {
		r.jobs.Stop(ctx)
	}
	for _, p := range r.pools {
		p.Close()
	}
}
