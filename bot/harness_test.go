package bot_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"okrbot"
	"okrbot/bot"
	"okrbot/bot/desk"
	"okrbot/integrations"
	"okrbot/integrations/httpjson"
	"okrbot/integrations/servicenow"
	"okrbot/internal/wordstest"
	"okrbot/jobs"
	"okrbot/okr"
	"okrbot/sandbox/document"
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
	instance   string            // ServiceNow's address
	neighbour  *sandbox.Instance // another ServiceNow; nil unless withNeighbour
	beside     string            // its address
	web        *document.Server  // of JSON documents; nil unless withDocuments
	origin     string            // its address
	app        string            // the bot's address
	bot        *bot.Bot
	log        *diary // everything that was logged, at debug level
	work       *jobs.Client
	river      *pgxpool.Pool // the jobs' own connections
	working    *store.Store  // those of their work
	connectors integrations.Registry

	looking *pgx.Conn

	// public is where browsers reach the bot; empty: nowhere.
	public  string
	trusted http.RoundTripper // knows the certificate there

	// asks is how often the bot asks whether it is installed again; 0: as often as ever.
	asks time.Duration
	// refusalsExpected is set by tests in which Slack has reason to refuse.
	refusalsExpected bool
	// moved says that the clock was.
	moved bool

	alice, bob, carol, dave *conversation.Person
}

type roomOption func(*room, *slack.Options)

func overSocket(_ *room, o *slack.Options) { o.Socket = true }

// withDocuments lets the room read JSON documents beside ServiceNow.
func withDocuments(r *room, _ *slack.Options) {
	r.web = document.New(func() time.Time {
		now, err := r.store.Now(context.Background())
		if err != nil {
			r.t.Error(err)
		}
		return now
	})
	server := httptest.NewServer(r.web)
	r.t.Cleanup(server.Close)
	r.origin = server.URL
}

// withNeighbour lets the room read another ServiceNow as well.
func withNeighbour(r *room, _ *slack.Options) {
	r.neighbour = sandbox.New(sandbox.Options{})
	seed.ServiceNow(r.neighbour, r.today().Time())
	server := httptest.NewServer(r.neighbour)
	r.t.Cleanup(server.Close)
	r.beside = server.URL
}

func newRoom(t *testing.T, options ...roomOption) *room {
	t.Helper()
	t.Parallel()
	return furnish(&room{t: t, dsn: storetest.New(t)}, options...)
}

// newPublicRoom is one in which browsers reach the bot.
func newPublicRoom(t *testing.T, options ...roomOption) *room {
	t.Helper()
	t.Parallel()
	r := &room{t: t, dsn: storetest.New(t)}
	pages := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { r.bot.Pages().ServeHTTP(w, req) }))
	t.Cleanup(pages.Close)
	r.public, r.trusted = pages.URL, pages.Client().Transport
	return furnish(r, options...)
}

func furnish(r *room, options ...roomOption) *room {
	t, ctx := r.t, context.Background()
	t.Helper()
	r.store = storetest.Open(t, r.dsn)
	t.Cleanup(func() { storetest.StatusesAreTrue(t, r.store) }) // however a conversation went
	r.pastNine()

	r.servicenow = sandbox.New(sandbox.Options{})
	seed.ServiceNow(r.servicenow, r.today().Time())
	instance := httptest.NewServer(r.servicenow)
	t.Cleanup(instance.Close)
	r.instance = instance.URL

	o := slack.Options{Patience: patience}
	for _, s := range okrbot.Shortcuts() {
		o.Shortcuts = append(o.Shortcuts, slack.Shortcut{Name: s.Name, Type: s.Type, Callback: s.Callback})
	}
	for _, option := range options {
		option(r, &o)
	}
	r.slack = slack.New(o)
	for _, p := range seed.People {
		r.slack.AddPerson(slack.Person{ID: p.ID, Name: p.Name, RealName: p.RealName, Zone: p.Zone, Email: p.Email, Admin: p.Admin, Guest: p.Guest})
	}
	for _, c := range seed.Channels {
		r.slack.AddChannel(c.ID, c.Name, c.Private, c.Members...)
	}
	web := httptest.NewServer(r.slack)
	t.Cleanup(web.Close)
	t.Cleanup(r.slack.Close)
	r.slack.SetBaseURL(web.URL)

	r.log = &diary{}
	log := slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	river, err := store.Open(ctx, r.dsn, 6)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(river.Close)
	connectors := integrations.Registry{servicenow.New(servicenow.Options{ExtraOrigins: []string{instance.URL, r.beside}})}
	if r.web != nil {
		connectors = append(connectors, httpjson.New(httpjson.Options{Origins: []string{r.origin}}))
	}
	r.river, r.working = river, storetest.Open(t, r.dsn)
	work, err := jobs.New(jobs.Options{Pool: river, Store: r.working, Connectors: connectors, Log: log, Work: true, LookEvery: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	r.work, r.connectors = work, connectors
	known := r.slack.Options()
	r.bot = r.another(r.store, patience)
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
		if t.Failed() {
			t.Log(r.left())
		}
		app.Close()
		stopping, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		work.Stop(stopping)
		stop()
		r.slack.Close()
		<-ended
		r.bot.Close()
		// A view that has changed since, or was closed, is the person's, who went on: the bot asks
		// Slack to say so. A post that was under way while a test moved the clock past its lease has no
		// answer: whether the app may look for it, it asks Slack too.
		list := slices.DeleteFunc(r.slack.Refusals(), func(s string) bool {
			return s == "views.update: hash_conflict" || s == "views.update: not_found" || r.moved && s == "conversations.history: missing_scope"
		})
		if len(list) > 0 && !t.Failed() && !r.refusalsExpected {
			t.Errorf("Slack refused: %q", list)
		}
		for _, e := range r.slack.Wire() {
			said := e.Sent
			if e.From == "slack" {
				said = e.Got
			}
			wordstest.CheckShown(t, e.What, said)
		}
	})
	as := func(name string) *conversation.Person { return conversation.As(t, r.slack, name, "#it-okrs") }
	r.alice, r.bob, r.carol, r.dave = as("alice"), as("bob"), as("carol"), as("dave")
	return r
}

// left is what is still to be done, and what the bot said last: why somebody waited for nothing.
func (r *room) left() string {
	var text strings.Builder
	pool, err := store.Open(context.Background(), r.dsn, 1)
	if err != nil {
		return err.Error()
	}
	defer pool.Close()
	for _, sql := range []string{
		"select 'now ' || now()",
		"select 'run ' || to_jsonb(r)::text from sync_runs r where state <> 'done'",
		"select 'slot ' || to_jsonb(s)::text from connection_slots s where leased_until is not null",
		"select 'place ' || to_jsonb(p)::text from places p where ready_at is not null",
		"select 'request ' || jsonb_build_object('id', id, 'touched', touched, 'held_until', held_until, 'failures', failures)::text from sync_requests where finished_at is null",
		"select 'ask ' || jsonb_build_object('id', id, 'ready_at', ready_at, 'hold', hold, 'failures', failures)::text from sync_asks",
		"select 'job ' || jsonb_build_object('kind', kind, 'state', state, 'scheduled_at', scheduled_at, 'attempt', attempt, 'errors', errors)::text from river_job where state <> 'completed'",
	} {
		rows, err := pool.Query(context.Background(), sql)
		if err != nil {
			fmt.Fprintln(&text, err)
			continue
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		fmt.Fprintln(&text, strings.Join(lines, "\n"), err)
	}
	said := r.log.String()
	return text.String() + said[max(0, len(said)-6000):]
}

// another is the bot of one more process, on the same workspace; within is how long it may take to
// answer, 0 as long as Slack waits.
func (r *room) another(s *store.Store, within time.Duration) *bot.Bot {
	known := r.slack.Options()
	log := slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	api := desk.NewSlack(desk.SlackOptions{APIURL: known.BaseURL + "/api/", BotToken: secret.New(known.BotToken), AppToken: secret.New(known.AppToken), Log: log, AskInstalled: r.asks})
	settings := desk.Settings{PublicURL: r.public, DefaultZone: "UTC", AppID: known.AppID, SigningSecret: secret.New(known.SigningSecret), AnswerWithin: within}
	return bot.New(s, r.work, api, r.connectors, settings, log)
}

// replica is a second bot on the same database.
func (r *room) replica() *bot.Bot {
	r.t.Helper()
	b := r.another(storetest.Open(r.t, r.dsn), patience)
	if err := b.Introduce(context.Background()); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(b.Close)
	return b
}

// behindAGate is a second bot whose way to the database can be shut.
func (r *room) behindAGate() (*gate, *bot.Bot) {
	r.t.Helper()
	config, err := pgx.ParseConfig(r.dsn)
	if err != nil {
		r.t.Fatal(err)
	}
	g := newGate(r.t, "unix", filepath.Join(config.Host, fmt.Sprintf(".s.PGSQL.%d", config.Port)))
	host, port, _ := strings.Cut(g.listener.Addr().String(), ":")
	pool, err := store.Open(context.Background(), fmt.Sprintf("host=%s port=%s user=%s dbname=%s sslmode=disable", host, port, config.User, config.Database), 4)
	if err != nil {
		r.t.Fatal(err)
	}
	b := r.another(store.New(pool, storetest.Keys()), 0)
	if err := b.Introduce(context.Background()); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		g.shut.Store(false)
		b.Close()
		pool.Close()
	})
	return g, b
}

// database is a connection for looking at what is stored.
func (r *room) database() *pgx.Conn {
	r.t.Helper()
	if r.looking == nil {
		conn, err := pgx.Connect(context.Background(), r.dsn)
		if err != nil {
			r.t.Fatal(err)
		}
		r.looking = conn
		r.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	}
	return r.looking
}

// pastNine has a conversation begin after the slot of the day, where it would begin just before: what is read
// at nine by itself, and within ten minutes of it, comes between what is said otherwise.
func (r *room) pastNine() {
	r.t.Helper()
	now := r.now().In(berlin)
	slot := time.Date(now.Year(), now.Month(), now.Day(), 9, 0, 0, 0, berlin)
	if over := slot.Add(12 * time.Minute); now.After(slot.Add(-20*time.Minute)) && now.Before(over) {
		r.later(over.Sub(now))
	}
}

// patience is how long a test waits for what should come. A busy machine needs much of it; where
// all is well none of it is used up.
const patience = time.Minute

// until waits for what comes after an answer.
func (r *room) until(what string, is func() bool) {
	r.t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// round waits until all that may be due now was looked for, then all that may be said.
func (r *room) round() {
	r.t.Helper()
	// A round may have begun before we came, so the one after it counts.
	due, _ := r.work.Looks()
	r.until("a look for what is due", func() bool { now, _ := r.work.Looks(); return now >= due+2 })
	_, said := r.work.Looks()
	r.until("a look for what is to be said", func() bool { _, now := r.work.Looks(); return now >= said+2 })
}

// settles waits until nothing comes any more: a round left no job, and none is at work. What has
// not come by then does not come by itself.
func (r *room) settles() {
	r.t.Helper()
	left := func() int { return r.number("select last_value from river_job_id_seq") }
	atWork := func() int {
		return r.number("select count(*) from river_job where state in ('available', 'running', 'retryable', 'scheduled')")
	}
	r.until("nothing more coming", func() bool {
		before, working := left(), atWork() // what ends after the round's last look leaves something for the next
		r.round()
		r.until("the jobs' end", func() bool { return atWork() == 0 })
		return working == 0 && left() == before
	})
}

// now is the database's time.
func (r *room) now() time.Time {
	r.t.Helper()
	now, err := r.store.Now(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	return now
}

// day is a day from alice's today on.
func (r *room) day(n int) okr.Day {
	r.t.Helper()
	return okr.DayOf(r.now().In(berlin)) + okr.Day(n)
}

// today is alice's.
func (r *room) today() okr.Day { r.t.Helper(); return r.day(0) }

// berlin is where alice lives, and where the instance collects its scores.
var berlin = func() *time.Location {
	where, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return where
}()

// isRead waits until each key result that follows a scorecard was read once.
func (r *room) isRead() {
	r.t.Helper()
	r.until("the first reading", func() bool {
		list, err := r.store.KeyResults(context.Background(), r.slack.Options().TeamID, storeFilter)
		if err != nil {
			r.t.Fatal(err)
		}
		return !slices.ContainsFunc(list, func(k store.KeyResult) bool { return k.Integrated && k.SyncedAt.IsZero() })
	})
}

// diary keeps what is logged.
type diary struct {
	mu   sync.Mutex
	text strings.Builder
}

func (d *diary) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.Write(p)
}

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.String()
}
