package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/sandbox/slack"
	"okrbot/store"
	"okrbot/store/queries"
	"okrbot/store/storetest"
)

// TestNoQueryCrossesWorkspaces asks every query that takes a workspace for what is of one, in the name of
// another, which has nothing: it must find what it finds in a database where there is nothing else, and
// leave every row of the first one as it is.
func TestNoQueryCrossesWorkspaces(t *testing.T) {
	r := ready(t)
	r.refusalsExpected = true
	r.fillsTheOffice()
	r.leavesTheRest()
	ctx := context.Background()
	alone := storetest.New(t)
	for _, dsn := range []string{r.dsn, alone} {
		if err := storetest.Open(t, dsn).SaveWorkspace(ctx, store.Workspace{ID: "T0OTHER", Name: "Other", BotUserID: "U0BOT"}); err != nil {
			t.Fatal(err)
		}
	}
	full, empty := r.database(), connected(t, alone)
	w := walls{t: t, full: full, empty: empty, random: rand.New(rand.NewPCG(1, 2)), known: knownValues(t, full), rows: someRows(t, full), digest: digestOf(t, full)}
	takes := takesWorkspace(t)
	for _, name := range slices.Sorted(maps.Keys(takes)) {
		switch reached, why := w.tries(name, takes[name]), findsNothing[name]; {
		case !reached && why == "":
			t.Errorf("%s finds nothing of its own workspace, so that nothing is proven of it", name)
		case reached && why != "":
			t.Errorf("%s finds something: %q is not so any more", name, why)
		}
	}
	for name := range findsNothing {
		if takes[name] == "" {
			t.Errorf("%s takes no workspace, or is no query", name)
		}
	}
}

// findsNothing are queries for which nothing is found here, and why.
var findsNothing = map[string]string{
	"LockTree": "it locks a name, and reads nothing",
}

// fillsTheOffice leaves something in as many tables as a conversation does.
func (r *room) fillsTheOffice() {
	r.t.Helper()
	r.collects(120)
	r.alice.Types("/okr sync KR-1")
	r.settles()
	r.later(time.Minute)
	for _, title := range []string{"Interviews held", "Talks given"} {
		r.alice.Types("/okr add-kr "+title).Sees("Key Result: "+title).Chooses("Objective", "Run a calm service desk").
			Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
			Fills("Start Value", "0").Fills("Target Value", "12").Submits("Save").Sees("is added").Closes()
	}
	r.alice.Types("/okr check-in KR-2 4 on time").Sees("Saved.")
	r.alice.Types("/okr subscribe")
	r.alice.Types("/okr export")
	r.settles()
	r.slack.OpenHome("alice")
	// What is to be said from here on waits.
	for _, method := range []string{"chat.postMessage", "chat.update"} {
		r.slack.Break(slack.Fault{Method: method, Error: "ratelimited", After: 3600})
	}
	r.alice.Types("/okr check-in KR-2 5").Sees("Saved.")
	r.alice.Types("/okr remove KR-3").Sees("== Remove KR-3 ==").Submits("Remove").SeesNoModal()
	r.alice.Types("/okr check-in KR-2").Sees("== Check in on KR-2 ==")
	r.alice.Types("/okr sync KR-1") // and is not waited for
}

func connected(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// takesWorkspace are the queries with a workspace among what they are asked with, with their SQL.
func takesWorkspace(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../store/queries/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no queries: %v", err)
	}
	list := map[string]string{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range strings.Split("\n"+string(raw), "\n-- name: ")[1:] {
			if name, sql, _ := strings.Cut(q, " "); strings.Contains(sql, "@workspace_id") {
				list[name] = sql
			}
		}
	}
	return list
}

// walls tries queries in a full database and in an empty one.
type walls struct {
	t           *testing.T
	full, empty *pgx.Conn
	random      *rand.Rand
	known       map[string][]any            // by column, what stands in it anywhere
	rows        map[string][]map[string]any // by table, some of its rows by column
	digest      string                      // a question for a digest of all that is of the first workspace
}

// outcome is what a query came to in a transaction that was rolled back.
type outcome struct {
	rows    string // what it gave
	failed  bool
	changed bool // something of the first workspace
}

var stamps = regexp.MustCompile(`"\d{4}-\d\d-\d\dT[^"]*"`)

var writing = regexp.MustCompile(`(?m)^ *(with .* as \()?(insert into|update|delete from)\b`)

// onLocked are queries about something that whoever calls them has found by its workspace, or made, in the same
// transaction, and why what they change may be said to be of another one here.
var onLocked = map[string]string{
	"RecordCheckIn": "a check-in has Home tabs drawn again of those whom the key result concerns",
	"SaveSource":    "a source has its key result follow a feed",
	"MarkCards":     "cards of key results that were loaded by their workspace are drawn again",
	"ReadyPlaces":   "and these are where they stand",

	"UpsertScorecards": "the list of a connection that was loaded by its workspace is filled in",
}

// asks runs a query with arguments. Its own session is as it was before.
func (w *walls) asks(conn *pgx.Conn, name string, writes bool, args []reflect.Value) (o outcome) {
	w.t.Helper()
	ctx := context.Background()
	// It sees nothing of what the bot does meanwhile.
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		w.t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	digest := func() (is string) {
		if writes && conn == w.full {
			if err := tx.QueryRow(ctx, w.digest).Scan(&is); err != nil {
				w.t.Fatal(err)
			}
		}
		return is
	}
	before := digest()
	got := reflect.ValueOf(queries.New(tx)).MethodByName(name).Call(append([]reflect.Value{reflect.ValueOf(ctx)}, args...))
	o.rows = "none"
	switch err, _ := got[len(got)-1].Interface().(error); {
	case err != nil && !errors.Is(err, pgx.ErrNoRows):
		return outcome{failed: true}
	case err == nil && len(got) == 2:
		raw, err := json.Marshal(got[0].Interface())
		if err != nil {
			w.t.Fatal(err)
		}
		o.rows = stamps.ReplaceAllString(string(raw), `"then"`)
	}
	o.changed = digest() != before
	return o
}

// tries is whether a query reached something of its own workspace with any of the arguments that were
// tried; for these another workspace must reach nothing.
func (w *walls) tries(name, sql string) (reached bool) {
	w.t.Helper()
	method := reflect.ValueOf(&queries.Queries{}).MethodByName(name)
	if !method.IsValid() {
		w.t.Fatalf("there is no query %s", name)
	}
	writes, adds := writing.MatchString(sql), strings.Contains(sql, "insert into")
	for tries, hits := 0, 0; tries < 400 && hits < 3; tries++ {
		of := w.arguments(method.Type(), sql, wayOf(tries))
		own := w.asks(w.full, name, writes, of("T0SANDBOX"))
		if own.failed || !own.changed && own.rows == w.asks(w.empty, name, writes, of("T0SANDBOX")).rows {
			continue
		}
		reached = true
		hits++
		other, alone := w.asks(w.full, name, writes, of("T0OTHER")), w.asks(w.empty, name, writes, of("T0OTHER"))
		if !other.failed && other.changed && onLocked[name] == "" {
			w.t.Errorf("%s changes rows of another workspace", name)
		}
		if !adds && !other.failed && !alone.failed && other.rows != alone.rows {
			w.t.Errorf("%s finds what is of another workspace: %s, and alone %s", name, other.rows, alone.rows)
		}
	}
	return reached
}

// knownValues are some of what stands in each column, by its name.
func knownValues(t *testing.T, conn *pgx.Conn) map[string][]any {
	t.Helper()
	ctx := context.Background()
	known := map[string][]any{}
	for _, c := range columns(t, conn) {
		rows, err := conn.Query(ctx, fmt.Sprintf("select distinct %q from %q where %[1]q is not null limit 8", c[1], c[0]))
		if err != nil {
			t.Fatal(err)
		}
		list, err := pgx.CollectRows(rows, pgx.RowTo[any])
		if err != nil {
			t.Fatal(err)
		}
		known[c[1]] = append(known[c[1]], list...)
	}
	return known
}

// columns are those of our tables, with their table first.
func columns(t *testing.T, conn *pgx.Conn) (list [][2]string) {
	t.Helper()
	rows, err := conn.Query(context.Background(), `
		select c.table_name::text, c.column_name::text
		from information_schema.columns c
		join information_schema.tables b on b.table_schema = c.table_schema and b.table_name = c.table_name and b.table_type = 'BASE TABLE'
		where c.table_schema = 'public' and c.table_name !~ '^(river|goose)'
		order by 1, 2`)
	if err != nil {
		t.Fatal(err)
	}
	var table, column string
	if _, err := pgx.ForEachRow(rows, []any{&table, &column}, func() error {
		list = append(list, [2]string{table, column})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

// digestOf is a question for a digest of all rows of the first workspace; of tables in which no workspace
// stands, of all rows.
func digestOf(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	of := map[string]string{}
	for _, c := range columns(t, conn) {
		if c[1] == "workspace_id" {
			of[c[0]] = " where workspace_id = 'T0SANDBOX'"
		} else if _, ok := of[c[0]]; !ok {
			of[c[0]] = ""
		}
	}
	of["workspaces"] = " where id = 'T0SANDBOX'"
	var parts []string
	for table, where := range of {
		parts = append(parts, fmt.Sprintf("(select coalesce(md5(string_agg(x::text, '|' order by x::text)), '') from %q x%s)", table, where))
	}
	return "select concat(" + strings.Join(parts, ", ") + ")"
}
