package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	connector "okrbot/integrations/servicenow"
	"okrbot/okr"
	"okrbot/sandbox/servicenow"
	"okrbot/secret"
	"okrbot/store"
	"okrbot/store/embedded"
)

const (
	perOwner   = 20 // key results of a person
	perPlace   = 50 // and of a channel
	together   = 5  // and of an objective
	username   = "okr.reader"
	password   = "bench"
	acrossTown = 20 * time.Millisecond // what a call of a ServiceNow takes
	slackTakes = 100 * time.Millisecond
)

// head is whose the objectives and connections are.
var head = okr.Actor{Workspace: team, ID: "U0HEAD", Kind: okr.Member}

func owner(n int) string   { return fmt.Sprintf("U0%d", n) }
func channel(n int) string { return fmt.Sprintf("C0%d", n) }

// size is how large a world is.
type size struct {
	connections int
	scorecards  int // of a connection
	keyResults  int // of a connection; they follow its scorecards evenly
	days        int // with a score, up to the day before yesterday
	clock       bool
	cards       int // one of so many key results has a card; 0 is as 1
}

func (s size) all() int        { return s.connections * s.keyResults }
func (s size) references() int { return s.connections * s.scorecards }
func (s size) people() int     { return (s.all() + perOwner - 1) / perOwner }
func (s size) places() int     { return (s.all() + perPlace - 1) / perPlace }

// The worlds. Those of the quick mode are named alike.
func (b *bench) sizes() map[string]size {
	return map[string]size{
		// what most is measured in: ten key results follow each scorecard
		"company": pick(b, size{connections: 20, scorecards: 50, keyResults: 500, days: 60}, size{connections: 4, scorecards: 25, keyResults: 250, days: 60}),
		// two instances, one of them without the Batch API
		"hour": pick(b, size{connections: 2, scorecards: 30, keyResults: 300, days: 60, clock: true}, size{connections: 2, scorecards: 30, keyResults: 300, days: 10, clock: true}),
		// whose cards are drawn
		"cards": pick(b, size{connections: 4, scorecards: 50, keyResults: 500, days: 60}, size{connections: 2, scorecards: 10, keyResults: 100, days: 60}),
		"many":  pick(b, size{connections: 50, scorecards: 400, keyResults: 2000, days: 90}, size{connections: 10, scorecards: 100, keyResults: 500, days: 90}),
		// a scorecard for every ten, a week of history, a card for one of ten: a million posts take longer
		// than what is measured
		"million": pick(b, size{connections: 100, scorecards: 1000, keyResults: 10000, days: 7, cards: 10}, size{connections: 10, scorecards: 100, keyResults: 1000, days: 7, cards: 10}),
		// what is measured beside it
		"thousands": pick(b, size{connections: 20, scorecards: 50, keyResults: 500, days: 7, cards: 10}, size{connections: 4, scorecards: 25, keyResults: 250, days: 7, cards: 10}),
	}
}

// world is a company whose key results were all read once, kept to be copied, and the ServiceNows
// and the Slack that it is in. It was made by the program: people would have come to it by
// connecting their instances and importing a file.
type world struct {
	size
	name    string
	written secret.String // its keys, as ENCRYPTION_KEYSET takes them
	today   okr.Day
	slack   *chat
	origins []string

	instances []*servicenow.Instance
	servers   []*httptest.Server
	callers   callers
}

// running is a copy of a world, in which something is measured.
type running struct {
	*world
	bench    *bench
	name     string // of its database
	dsn      string
	watch    *pgxpool.Pool // of the benchmark itself
	programs []*program
}

// open makes a copy of a world. The world itself is made when it is first asked for.
func (b *bench) open(ctx context.Context, name string) (*running, error) {
	w, there := b.worlds[name]
	if !there {
		var err error
		if w, err = b.make(ctx, name); err != nil {
			return nil, fmt.Errorf("making the world %q: %w", name, err)
		}
		b.worlds[name] = w
	}
	b.copies++
	r := &running{world: w, bench: b, name: fmt.Sprintf("%s_%d", name, b.copies)}
	if err := b.execute(ctx, "create database "+r.name+" template "+name); err != nil {
		return nil, err
	}
	if w.clock {
		// Settings of a database are not copied with it.
		if err := b.execute(ctx, "alter database "+r.name+` set search_path = "$user", public, shifted, pg_catalog`); err != nil {
			return nil, err
		}
	}
	w.reset()
	return r, r.look(ctx)
}

// look opens the benchmark's own connections.
func (r *running) look(ctx context.Context) (err error) {
	r.dsn = r.bench.server.DSN() + " dbname=" + r.name
	r.watch, err = store.Open(ctx, r.dsn, 3)
	return err
}

// close ends what runs in a copy, and drops it.
func (r *running) close(ctx context.Context) {
	r.stop()
	r.watch.Close()
	ctx = context.WithoutCancel(ctx)
	if err := r.bench.execute(ctx, "drop database "+r.name+" with (force)"); err != nil {
		r.bench.tell("%v", err)
	}
}

// stop ends the programs that run in a copy.
func (r *running) stop() {
	var all sync.WaitGroup
	for _, p := range r.programs {
		all.Go(p.stop)
	}
	all.Wait()
	r.programs = nil
}

// settle lets a measurement begin with true statistics and nothing left to be written.
func (r *running) settle(ctx context.Context) error {
	for _, statement := range []string{"vacuum analyze", "checkpoint"} {
		if _, err := r.watch.Exec(ctx, statement); err != nil {
			return fmt.Errorf("settling the database: %w", err)
		}
	}
	syscall.Sync()
	runtime.GC()
	return nil
}

// uncollected keeps the benchmark from collecting its own garbage, until collected is called. Those who ask and
// the systems that answer are in one process with all the worlds: to look through these takes half a second of
// both processors, and who is asked in that time would seem slow. Past two gigabytes it is collected all the same.
func uncollected() (collected func()) {
	runtime.GC()
	limit, percent := debug.SetMemoryLimit(uncollectedAtMost), debug.SetGCPercent(-1)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}

// uncollectedAtMost is how much memory the benchmark itself takes meanwhile, in bytes.
const uncollectedAtMost = 2 << 30

// execute runs statements that belong to no world.
func (b *bench) execute(ctx context.Context, statements ...string) error {
	conn, err := pgx.Connect(ctx, b.server.DSN())
	if err != nil {
		return fmt.Errorf("connecting to Postgres: %w", err)
	}
	defer conn.Close(ctx)
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("running %q: %w", sql, err)
		}
	}
	return nil
}

// make makes a world: its instances, its workspace, its connections, the file of its key results,
// and their first reading.
func (b *bench) make(ctx context.Context, name string) (w *world, err error) {
	b.tell("making the world %q", name)
	defer func() { b.tell("the world is made") }()
	w = &world{size: b.sizes()[name], name: name, today: okr.DayOf(time.Now().UTC())}
	if w.written, err = secret.NewKeyset(); err != nil {
		return nil, err
	}
	w.slack = newChat(w.people(), w.places())
	for range w.connections {
		w.addInstance()
	}
	made := w
	defer func() {
		if err != nil {
			made.close()
		}
	}()
	r := &running{world: w, bench: b, name: name}
	if err := b.execute(ctx, "create database "+name); err != nil {
		return nil, err
	}
	if err := r.look(ctx); err != nil {
		return nil, err
	}
	defer r.watch.Close()
	if err := r.populate(ctx); err != nil {
		return nil, err
	}
	if _, err := r.serve(ctx, r.dsn); err != nil {
		return nil, err
	}
	defer r.stop()
	if err := r.follow(ctx); err != nil {
		return nil, err
	}
	r.stop()
	return w, r.settle(ctx)
}

func (w *world) close() {
	for _, s := range w.servers {
		s.CloseClientConnections()
		s.Close()
	}
	w.slack.server.CloseClientConnections()
	w.slack.server.Close()
}

// reset takes back what measurements in copies did to the instances and to Slack.
func (w *world) reset() {
	for _, i := range w.instances {
		i.ForgetCalls()
		i.SetLatency(0)
		i.Fix()
		for n := range w.scorecards {
			_ = i.Change(reference(n), func(s *servicenow.Scorecard) { s.Scores = s.Scores[:w.days-1] }) // it was added
		}
	}
	w.slack.latency.Store(0)
	w.slack.forget()
	w.callers.forget()
}

func reference(scorecard int) string { return fmt.Sprintf("%032x", scorecard+1) }

// score is the value of a scorecard's score so many days before today. It goes down by one a day.
func score(scorecard, ago int) int { return 200 + scorecard%100 + ago }

func (w *world) addInstance() {
	i := servicenow.New(servicenow.Options{})
	i.AddUser(username, password, "pa_viewer")
	for n := range w.scorecards {
		s := servicenow.Scorecard{ID: reference(n), Name: fmt.Sprintf("Open incidents of group %d", n+1), Unit: "#", Direction: 2, Frequency: 10}
		for ago := w.days; ago >= 2; ago-- {
			s.Scores = append(s.Scores, servicenow.Score{Day: (w.today - okr.Day(ago)).Time(), Value: float64(score(n, ago))})
		}
		i.Add(s)
	}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.callers.note(r.RemoteAddr)
		i.ServeHTTP(out, r)
	}))
	w.instances, w.servers, w.origins = append(w.instances, i), append(w.servers, server), append(w.origins, server.URL)
}

// populate keeps what people have given before anything runs: keys, who they are, their sign-ins.
func (r *running) populate(ctx context.Context) error {
	if r.clock {
		conn, err := pgx.Connect(ctx, r.dsn)
		if err != nil {
			return fmt.Errorf("connecting to Postgres: %w", err)
		}
		err = embedded.InstallClock(ctx, conn)
		conn.Close(ctx)
		if err != nil {
			return err
		}
		r.watch.Reset() // its sessions have the old clock
	}
	if err := store.Migrate(ctx, r.dsn, nil); err != nil {
		return err
	}
	keys, err := secret.Parse(r.written)
	if err != nil {
		return err
	}
	s := store.New(r.watch, keys)
	if err := s.ProveKeys(ctx); err != nil {
		return err
	}
	if err := s.SaveWorkspace(ctx, store.Workspace{ID: team, Name: "Bench", BotUserID: "U0BOT"}); err != nil {
		return err
	}
	for n := -1; n < r.people(); n++ {
		who := head
		if n >= 0 {
			who.ID = owner(n)
		}
		if err := s.SavePerson(ctx, store.Person{Actor: who, Name: "person " + strconv.Itoa(n), Zone: "UTC"}); err != nil {
			return err
		}
	}
	return s.InTx(ctx, func(tx *store.Tx) error {
		for n, origin := range r.origins {
			if _, err := tx.CreateConnection(ctx, head, store.Connection{
				Kind: connector.Kind, Name: instanceName(n), Origin: origin, SignIn: "basic", Shared: true,
			}, map[string]string{"username": username, "password": password}, ""); err != nil {
				return err
			}
		}
		return nil
	})
}

func instanceName(n int) string { return fmt.Sprintf("instance %d", n+1) }

// follow imports the key results once the lists of scorecards were read, and waits until each was
// read for the first time and its card is posted.
func (r *running) follow(ctx context.Context) error {
	if err := r.until(ctx, "the lists of scorecards are read", func() (int, error) {
		n, err := r.count(ctx, scorecardsKnown)
		return r.references() - n, err
	}); err != nil {
		return err
	}
	file := filepath.Join(r.bench.dir, r.name+".csv")
	if err := r.write(file); err != nil {
		return err
	}
	if err := r.once(ctx, "import", file, "--apply"); err != nil {
		return err
	}
	if err := r.allDue(ctx); err != nil {
		return err
	}
	if err := r.until(ctx, "every key result is read", func() (int, error) { return r.count(ctx, unread) }); err != nil {
		return err
	}
	if err := r.change(ctx, addCards, max(r.cards, 1)); err != nil {
		return err
	}
	return r.until(ctx, "every card is posted", func() (int, error) { return r.count(ctx, cardsLeft) })
}

// until waits for something in the making of a world: as long as it goes on, and some minutes more.
func (r *running) until(ctx context.Context, what string, left func() (int, error)) error {
	least, moved := 0, time.Now()
	for first := true; ; first = false {
		n, err := left()
		if err != nil || n <= 0 {
			return err
		}
		if first || n < least {
			least, moved = n, time.Now()
		}
		if time.Since(moved) > 3*time.Minute {
			return fmt.Errorf("waited until %s: %s are left, and for three minutes nothing happens: %s", what, thousands(n), r.programs[0].said())
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

// write writes the key results as people's file has them.
func (r *running) write(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("writing key results: %w", err)
	}
	defer f.Close()
	out := csv.NewWriter(f)
	_ = out.Write([]string{"objective", "objective_owner", "first_day", "last_day", "time_zone", "objective_channel",
		"key_result", "owner", "kind", "start_value", "target_value", "unit", "channel", "cadence", "time", "connection", "reference"})
	n := 0
	for instance := range r.connections {
		for k := range r.keyResults {
			_ = out.Write([]string{
				fmt.Sprintf("Run a calm service desk %d", n/together+1), head.ID, (r.today - okr.Day(r.days)).String(), (r.today + 100).String(), "UTC", channel(n / perPlace),
				fmt.Sprintf("Fewer open incidents %d", n+1), owner(n / perOwner), "decrease", "400", "100", "#", channel(n / perPlace), "daily", "09:00",
				instanceName(instance), reference(k * r.scorecards / r.keyResults),
			})
			n++
		}
	}
	out.Flush()
	return out.Error()
}

// collect has a share of each instance's scorecards get a score for the day after their last one. It
// is another one in each round.
func (r *running) collect(share float64, round int) (changed int, err error) {
	n := int(share*float64(r.scorecards) + 0.5)
	for _, i := range r.instances {
		for s := range n {
			if err := i.Collect(reference(s), (r.today - 1).Time(), float64(newest(s, round))); err != nil {
				return 0, err
			}
		}
	}
	return r.connections * n * r.keyResults / r.scorecards, nil
}

// newest is what a scorecard has in a round, for yesterday.
func newest(scorecard, round int) int { return score(scorecard, 1) - round }

// calls is how many calls the instances answered, and how many readings were in them.
func (r *running) calls() (calls, items int) {
	for _, i := range r.instances {
		list := i.Calls()
		calls += len(list)
		for _, c := range list {
			items += c.Items
		}
	}
	return calls, items
}

// firstCall is when the first call came, and lastCall when the last one was answered.
func (r *running) firstCall() (first time.Time) {
	for _, i := range r.instances {
		for _, c := range i.Calls() {
			if at := c.At.Add(-c.Took); first.IsZero() || at.Before(first) {
				first = at
			}
		}
	}
	return first
}

func (r *running) slow() {
	for _, i := range r.instances {
		i.ForgetCalls()
		i.SetLatency(acrossTown)
	}
	r.slack.latency.Store(int64(slackTakes))
	r.slack.forget()
	r.callers.forget()
}

// forget drops worlds that nothing else is measured in.
func (b *bench) forget(names ...string) {
	for _, name := range names {
		w, there := b.worlds[name]
		if !there {
			continue
		}
		w.close()
		delete(b.worlds, name)
		if err := b.execute(context.Background(), "drop database "+name+" with (force)"); err != nil {
			b.tell("%v", err)
		}
	}
}
