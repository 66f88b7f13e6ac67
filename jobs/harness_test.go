package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/shopspring/decimal"

	"okrbot/integrations"
	"okrbot/integrations/servicenow"
	"okrbot/okr"
	vendor "okrbot/sandbox/servicenow"
	"okrbot/store"
	"okrbot/store/storetest"
)

// room is a workspace with a ServiceNow, and replicas that work for it.
type room struct {
	t     *testing.T
	dsn   string
	pool  *pgxpool.Pool
	store *store.Store
	now   *vendor.Instance
	// origin is where the ServiceNow is.
	origin string
	// ahead is how much its clock is before the database's, in nanoseconds.
	ahead atomic.Int64
	slack *edge
	// client is a replica whose jobs run when tick is called.
	client     *Client
	connection store.Connection
	objective  okr.Objective
	numbers    int
}

var (
	ctx   = context.Background()
	alice = okr.Actor{Workspace: "T1", ID: "UALICE", Kind: okr.Member}
)

func newRoom(t *testing.T) *room {
	t.Helper()
	t.Parallel() // they wait for Postgres most of the time
	return newRoomAlone(t)
}

// newRoomAlone is one beside which no other test runs, for what is counted of the whole process.
func newRoomAlone(t *testing.T) *room {
	t.Helper()
	return roomIn(t, storetest.New(t), func(r *room) {
		// What a test counts in days would be counted from another one after midnight.
		if left := r.today().Time().Add(24 * time.Hour).Sub(r.clock()); left < 20*time.Minute {
			r.advance(left + time.Second)
		}
		r.check(r.store.SaveWorkspace(ctx, store.Workspace{ID: "T1", Name: "Acme", BotUserID: "UBOT"}))
		r.check(r.store.InTx(ctx, func(tx *store.Tx) (err error) {
			day := okr.DayOf(tx.Now)
			r.objective, _, err = tx.CreateObjective(ctx, alice, okr.Objective{
				Title: "Run a calm service desk", Owner: alice.ID, Zone: "UTC", Channel: "CDESK",
				Period: okr.Period{First: day - 60, Last: day + 300},
			}, "")
			return err
		}))
		r.connection = r.connect()
	})
}

// roomIn is a room in a database, with what found puts there.
func roomIn(t *testing.T, dsn string, found func(*room)) *room {
	t.Helper()
	r := &room{t: t, dsn: dsn, slack: &edge{}}
	pool, err := store.Open(ctx, r.dsn, 10)
	r.check(err)
	t.Cleanup(pool.Close)
	r.pool, r.store = pool, store.New(pool, storetest.Keys())
	t.Cleanup(func() { storetest.StatusesAreTrue(t, r.store) })
	r.now = vendor.New(vendor.Options{Now: func() time.Time { return r.clock().Add(time.Duration(r.ahead.Load())) }})
	r.now.AddUser("okr.reader", "canary-7f3a", "pa_viewer")
	server := httptest.NewServer(r.now)
	t.Cleanup(server.Close)
	r.origin = server.URL
	found(r)
	r.client = r.replica(nil)
	return r
}

func (r *room) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// clock is the database's, for the simulated ServiceNow.
func (r *room) clock() time.Time {
	now, err := r.store.Now(ctx)
	if err != nil {
		return time.Now()
	}
	return now
}

func (r *room) today() okr.Day { return okr.DayOf(r.clock().UTC()) }

func (r *room) advance(d time.Duration) { storetest.Advance(r.t, r.dsn, d) }

func (r *room) connect() store.Connection {
	r.t.Helper()
	var c store.Connection
	r.check(r.store.InTx(ctx, func(tx *store.Tx) (err error) {
		c, err = tx.CreateConnection(ctx, alice, store.Connection{Kind: "servicenow", Name: "acme", Origin: r.origin, SignIn: "basic"},
			map[string]string{"username": "okr.reader", "password": "canary-7f3a"}, "")
		return err
	}))
	// The directory has its own test; here its calls would be counted among those of syncs.
	r.exec("update connections set directory_due_at = now() + interval '1000 years'")
	return c
}

// replica is another process that works for the same workspace; around wraps its connector.
func (r *room) replica(around func(integrations.Connector) integrations.Connector) *Client {
	r.t.Helper()
	return r.replicaWith(func(o *Options) {
		if around != nil {
			o.Connectors[0] = around(o.Connectors[0])
		}
	})
}

// replicaWith is another process, with options of its own.
func (r *room) replicaWith(edit func(*Options)) *Client {
	r.t.Helper()
	o := Options{
		Pool: r.pool, Store: r.store, Connectors: integrations.Registry{servicenow.New(servicenow.Options{ExtraOrigins: []string{r.origin}})}, Messenger: r.slack,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Work: true,
	}
	edit(&o)
	c, err := New(o)
	r.check(err)
	return c
}

// scorecard adds a scorecard with a score for each of the last days; score i days ago is value+i.
func (r *room) scorecard(n int, value float64, days int) string {
	id := fmt.Sprintf("%032x", n)
	s := vendor.Scorecard{ID: id, Name: fmt.Sprintf("Open incidents %d", n), Unit: "#", Direction: 2, Frequency: 10}
	for i := days - 1; i >= 0; i-- {
		s.Scores = append(s.Scores, vendor.Score{Day: (r.today() - okr.Day(i)).Time(), Value: value + float64(i)})
	}
	r.now.Add(s)
	return id
}

// keyResult adds a daily key result that reads a scorecard. It is due a day later.
func (r *room) keyResult(ref string, edit ...func(*store.KeyResult)) store.KeyResult {
	r.t.Helper()
	r.numbers++
	k := store.KeyResult{Objective: r.objective}
	k.Title, k.Owner, k.Kind, k.Method = fmt.Sprintf("Fewer open incidents %d", r.numbers), alice.ID, okr.Decrease, okr.Latest
	k.Start, k.Target, k.Weight = number("100"), number("10"), decimal.NewFromInt(1)
	k.Channel, k.Integrated = "CDESK", true
	// Half a day away, so that a whole day's move of the clock always passes one slot and its jitter.
	k.Cadence = okr.Cadence{Every: okr.Daily, Hour: (r.clock().UTC().Hour() + 12) % 24, Zone: "UTC"}
	k.Source = store.Source{Connection: r.connection.ID, Reference: ref, Name: "Open incidents", Unit: "#", Frequency: "daily"}
	for _, e := range edit {
		e(&k)
	}
	r.check(r.store.InTx(ctx, func(tx *store.Tx) (err error) {
		k, _, err = tx.CreateKeyResult(ctx, alice, k, "")
		return err
	}))
	return k
}

func number(s string) decimal.NullDecimal {
	return decimal.NewNullDecimal(decimal.RequireFromString(s))
}

func (r *room) load(k store.KeyResult) store.KeyResult {
	r.t.Helper()
	k, err := r.store.KeyResultByID(ctx, "T1", k.ID)
	r.check(err)
	return k
}

// value is a key result's result, "" when it has none.
func (r *room) value(k store.KeyResult) string {
	r.t.Helper()
	return words(r.load(k).Result.Value)
}

// imports has key results read for the first time.
func (r *room) imports(list ...store.KeyResult) {
	r.t.Helper()
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error {
		for _, k := range list {
			if err := r.client.Import(ctx, tx, "T1", k.ID); err != nil {
				return err
			}
		}
		return nil
	}))
	r.tick()
}

func (r *room) force(keyResults ...int64) Forced {
	r.t.Helper()
	var f Forced
	r.check(r.store.InTx(ctx, func(tx *store.Tx) (err error) {
		f, err = r.client.Force(ctx, tx, ForceRequest{Workspace: "T1", Person: alice.ID, KeyResults: keyResults, Every: len(keyResults) > 1})
		return err
	}))
	return f
}

// nextDay moves the clock so that every daily key result is due.
func (r *room) nextDay() { r.advance(24 * time.Hour) }

// tick is one look of a replica, with all jobs that follow from it, one after the other.
func (r *room) tick() { r.t.Helper(); r.tickOf(r.client) }

func (r *room) tickOf(c *Client) {
	r.t.Helper()
	r.check(c.planDue(ctx))
	r.work(c)
	r.check(c.sweep(ctx))
	r.work(c)
}

// work runs the jobs that were left, in their order.
func (r *room) work(c *Client) { r.t.Helper(); r.workOn(c, "") }

// workOn runs those of one kind.
func (r *room) workOn(c *Client, only string) {
	r.t.Helper()
	for {
		rows, err := r.pool.Query(ctx, `
delete from river_job
where id = (select id from river_job where state = 'available' and scheduled_at <= now() and $1 in ('', kind) order by priority, id limit 1)
returning kind, args`, only)
		r.check(err)
		if !rows.Next() {
			rows.Close()
			return
		}
		var kind string
		var args []byte
		r.check(rows.Scan(&kind, &args))
		rows.Close()
		r.run(c, kind, args)
	}
}

func (r *room) run(c *Client, kind string, raw []byte) {
	r.t.Helper()
	var err error
	switch kind {
	case SyncConnection{}.Kind():
		var a SyncConnection
		r.check(json.Unmarshal(raw, &a))
		err = c.sync(ctx, store.HeldLane{Connection: a.Connection, Lane: a.Lane, Hold: a.Hold})
	case Announce{}.Kind():
		var a Announce
		r.check(json.Unmarshal(raw, &a))
		err = c.speak(ctx, store.HeldPlace{Place: store.Place{Workspace: a.Workspace, Channel: a.Channel}, Hold: a.Hold})
	case ReportOutcome{}.Kind():
		var a ReportOutcome
		r.check(json.Unmarshal(raw, &a))
		err = c.report(ctx, store.HeldRequest{ID: a.Request, Hold: a.Hold})
	case BeginSync{}.Kind():
		var a BeginSync
		r.check(json.Unmarshal(raw, &a))
		err = c.begin(ctx, store.HeldAsk{ID: a.Ask, Hold: a.Hold})
	case RefreshDirectory{}.Kind():
		var a RefreshDirectory
		r.check(json.Unmarshal(raw, &a))
		err = c.directory(ctx, a.Connection)
	case PostDigest{}.Kind():
		var a PostDigest
		r.check(json.Unmarshal(raw, &a))
		err = c.postDigest(ctx, a)
	case TellPerson{}.Kind():
		var a TellPerson
		r.check(json.Unmarshal(raw, &a))
		err = c.tellPerson(ctx, a)
	case ShowHome{}.Kind():
		var a ShowHome
		r.check(json.Unmarshal(raw, &a))
		err = c.showHome(ctx, store.HeldHome{Workspace: a.Workspace, Person: a.Person, Hold: a.Hold})
	case AskConsent{}.Kind():
		var a AskConsent
		r.check(json.Unmarshal(raw, &a))
		err = c.askConsent(ctx, a)
	case TellNotice{}.Kind():
		var a TellNotice
		r.check(json.Unmarshal(raw, &a))
		err = c.tellNotice(ctx, store.HeldNotice{Connection: a.Connection, Hold: a.Hold})
	default:
		r.t.Fatalf("a job of unknown kind %q", kind)
	}
	if err != nil && !strings.Contains(err.Error(), "panic") {
		r.t.Logf("%s: %v", kind, err)
	}
}

func (r *room) exec(sql string, args ...any) {
	r.t.Helper()
	_, err := r.pool.Exec(ctx, sql, args...)
	r.check(err)
}

// count answers a question with one number.
func (r *room) count(sql string, args ...any) int {
	r.t.Helper()
	var n int
	r.check(r.pool.QueryRow(ctx, sql, args...).Scan(&n))
	return n
}

// readingsOf counts a key result's readings of a value.
func (r *room) readingsOf(k store.KeyResult, value string) int {
	r.t.Helper()
	readings, err := r.store.Readings(ctx, "T1", k.ID)
	r.check(err)
	n := 0
	for _, reading := range readings {
		if reading.Value.String() == value {
			n++
		}
	}
	return n
}

// asked is how many scorecards ServiceNow was asked for, by calls of their own or together.
func (r *room) asked() int {
	n := 0
	for _, c := range r.now.Calls() {
		n += c.Items
	}
	return n
}

func (r *room) wants(what string, got, want any) {
	r.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		r.t.Errorf("%s: %v, want %v", what, got, want)
	}
}
