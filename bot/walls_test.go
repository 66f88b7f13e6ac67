package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

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
	ctx := context.Background()
	alone := storetest.New(t)
	for _, dsn := range []string{r.dsn, alone} {
		if err := storetest.Open(t, dsn).SaveWorkspace(ctx, store.Workspace{ID: "T0OTHER", Name: "Other", BotUserID: "U0BOT"}); err != nil {
			t.Fatal(err)
		}
	}
	full, empty := r.database(), connected(t, alone)
	w := walls{t: t, full: full, empty: empty, random: rand.New(rand.NewPCG(1, 2)), known: knownValues(t, full), digest: digestOf(t, full)}
	takes := takesWorkspace(t)
	reached := 0
	var never []string
	for name, sql := range takes {
		if w.tries(name, sql) {
			reached++
		} else {
			never = append(never, name)
		}
	}
	t.Logf("%d of %d queries reached something of their own workspace; these did not: %s", reached, len(takes), strings.Join(never, " "))
	if reached < 90 {
		t.Errorf("%d queries reached something of their own workspace: too few to prove anything", reached)
	}
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
	known       map[string][]any // by column, what stands in it anywhere
	digest      string           // a question for a digest of all that is of the first workspace
}

// outcome is what a query came to in a transaction that was rolled back.
type outcome struct {
	rows    string // what it gave
	failed  bool
	changed bool // something of the first workspace
}

var stamps = regexp.MustCompile(`"\d{4}-\d\d-\d\dT[^"]*"`)

var writing = regexp.MustCompile(`(?m)^ *(with .* as \()?(insert into|update|delete from)\b`)

// onLocked are queries about a key result that whoever calls them has locked by its workspace, or made, in
// the same transaction: a check-in has Home tabs drawn again of those whom the key result concerns, and a
// source has it follow a feed.
var onLocked = map[string]bool{"RecordCheckIn": true, "SaveSource": true}

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
	for tries, hits := 0, 0; tries < 25 && hits < 2; tries++ {
		of := w.arguments(method.Type())
		own := w.asks(w.full, name, writes, of("T0SANDBOX"))
		if own.failed || !own.changed && own.rows == w.asks(w.empty, name, writes, of("T0SANDBOX")).rows {
			continue
		}
		reached = true
		hits++
		other, alone := w.asks(w.full, name, writes, of("T0OTHER")), w.asks(w.empty, name, writes, of("T0OTHER"))
		if !other.failed && other.changed && !onLocked[name] {
			w.t.Errorf("%s changes rows of another workspace", name)
		}
		if !adds && !other.failed && !alone.failed && other.rows != alone.rows {
			w.t.Errorf("%s finds what is of another workspace: %s, and alone %s", name, other.rows, alone.rows)
		}
	}
	return reached
}

// arguments are random ones of what there is, for whichever workspace.
func (w *walls) arguments(method reflect.Type) func(workspace string) []reflect.Value {
	if method.NumIn() == 1 {
		return func(string) []reflect.Value { return nil }
	}
	given := reflect.New(method.In(1)).Elem()
	if given.Kind() != reflect.Struct {
		return func(workspace string) []reflect.Value {
			given := reflect.New(method.In(1)).Elem()
			given.SetString(workspace)
			return []reflect.Value{given}
		}
	}
	for i := range given.NumField() {
		w.fill(given.Field(i), column(given.Type().Field(i).Name))
	}
	return func(workspace string) []reflect.Value {
		own := reflect.New(given.Type()).Elem()
		own.Set(given)
		if f := own.FieldByName("WorkspaceID"); f.IsValid() {
			f.SetString(workspace)
		}
		if f := own.FieldByName("WorkspaceIds"); f.IsValid() {
			list := make([]string, f.Len())
			for i := range list {
				list[i] = workspace
			}
			f.Set(reflect.ValueOf(list))
		}
		return []reflect.Value{own}
	}
}

// column is the name of a field of arguments in SQL, of one of many for a list.
func column(field string) string {
	name := regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(field, "${1}_$2")
	name = strings.ToLower(name)
	if many, ok := strings.CutSuffix(name, "_ids"); ok {
		return many + "_id"
	}
	if name == "ids" {
		return "id"
	}
	return name
}

// fill sets an argument to something that stands in a column of its name, or to what lets much through.
func (w *walls) fill(f reflect.Value, column string) {
	var fitting []reflect.Value
	for _, v := range w.known[column] {
		if v := reflect.ValueOf(v); v.CanConvert(f.Type()) && v.Kind() == f.Kind() || v.Type() == f.Type() {
			fitting = append(fitting, v.Convert(f.Type()))
		}
	}
	switch {
	case f.Kind() == reflect.Slice && f.Type().Elem().Kind() != reflect.Uint8:
		for _, v := range w.known[column] {
			if v := reflect.ValueOf(v); v.Kind() == f.Type().Elem().Kind() && v.CanConvert(f.Type().Elem()) {
				f.Set(reflect.Append(f, v.Convert(f.Type().Elem())))
			}
		}
		if f.Len() == 0 {
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		}
	case len(fitting) > 0:
		f.Set(fitting[w.random.IntN(len(fitting))])
	case f.Kind() == reflect.Bool:
		f.SetBool(w.random.IntN(2) == 0)
	case f.CanInt():
		f.SetInt(100)
	case f.Kind() == reflect.Float64:
		f.SetFloat(100)
	case f.Type() == reflect.TypeFor[time.Time]():
		f.Set(reflect.ValueOf(time.Now()))
	case f.Type() == reflect.TypeFor[decimal.Decimal]():
		f.Set(reflect.ValueOf(decimal.NewFromInt(1)))
	}
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
