package bot_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"okrbot/store/storetest"
)

// copied is a database of its own with all that stands in the room's.
func (r *room) copied() string {
	r.t.Helper()
	dsn := storetest.New(r.t)
	from, to := connected(r.t, r.dsn), connected(r.t, dsn)
	do := func(sql string) {
		if _, err := to.Exec(r.t.Context(), sql); err != nil {
			r.t.Fatal(err)
		}
	}
	do("set session_replication_role = replica") // triggers and references were heeded where the rows come from
	for _, table := range tablesOf(r.t, from) {
		if strings.HasPrefix(table, "goose") {
			continue
		}
		var rows bytes.Buffer
		columns := ""
		err := from.QueryRow(r.t.Context(), "select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''", table).Scan(&columns)
		if err == nil {
			_, err = from.PgConn().CopyTo(r.t.Context(), &rows, fmt.Sprintf("copy %s (%s) to stdout", table, columns))
		}
		if err == nil {
			do("delete from " + table)
			_, err = to.PgConn().CopyFrom(r.t.Context(), &rows, fmt.Sprintf("copy %s (%s) from stdin", table, columns))
		}
		if err != nil {
			r.t.Fatal(table, err)
		}
	}
	return dsn
}

func tablesOf(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	rows, err := conn.Query(context.Background(), "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by relname", pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// contents are the rows of each table of ours, as column to value.
type contents map[string][]map[string]any

// read asks one question: each step of many reads all.
func read(t *testing.T, conn *pgx.Conn) contents {
	t.Helper()
	all := contents{}
	var questions []string
	for _, table := range tablesOf(t, conn) {
		if !strings.HasPrefix(table, "goose") && !strings.HasPrefix(table, "river") {
			all[table] = []map[string]any{}
			questions = append(questions, fmt.Sprintf("select '%[1]s', to_jsonb(t)::text from %[1]s t", table))
		}
	}
	if len(questions) == 0 {
		return all
	}
	rows, err := conn.Query(context.Background(), strings.Join(questions, " union all "), pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	var table, raw string
	if _, err := pgx.ForEachRow(rows, []any{&table, &raw}, func() error {
		row := map[string]any{}
		decoder := json.NewDecoder(strings.NewReader(raw))
		decoder.UseNumber()
		all[table] = append(all[table], row)
		return decoder.Decode(&row)
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// within are the contents of what another version has as well.
func (c contents) within(columns map[string]map[string]bool) map[string]string {
	list := map[string]string{}
	for table, rows := range c {
		if columns[table] == nil {
			continue
		}
		var lines []string
		for _, row := range rows {
			kept := map[string]any{}
			for column, value := range row {
				if columns[table][column] && !filledAgain[table+"."+column] {
					kept[column] = value
				}
			}
			raw, _ := json.Marshal(kept) // it was JSON
			lines = append(lines, string(raw))
		}
		slices.Sort(lines)
		list[table] = strings.Join(lines, "\n")
	}
	return list
}

// columnsOf are the columns of each table.
func columnsOf(t *testing.T, conn *pgx.Conn) map[string]map[string]bool {
	t.Helper()
	list := map[string]map[string]bool{}
	rows, err := conn.Query(context.Background(), "select table_name::text, column_name::text from information_schema.columns where table_schema = 'public'", pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	var table, column string
	if _, err := pgx.ForEachRow(rows, []any{&table, &column}, func() error {
		if list[table] == nil {
			list[table] = map[string]bool{}
		}
		list[table][column] = true
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

// filledAgain are columns that a migration fills so that what it brings is found out of all that is there: how key
// results stand, and from which day on scores are known.
var filledAgain = map[string]bool{"workspaces.judge_after": true, "workspaces.judge_round": true, "feeds.since": true}

// Each migration is taken back and made again with data of a whole conversation: what the version before it
// knows is the same before, between and after.
func TestEachMigrationGoesBackAndForthWithItsData(t *testing.T) {
	first := int64(20) // SOAK goes back to where there is nothing
	if os.Getenv("SOAK") != "" {
		first = 0
	}
	r := ready(t)
	r.refusalsExpected = true
	r.fillsTheOffice()
	dsn := r.copied()
	conn := connected(t, dsn)
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("../store/migrations"))
	if err != nil {
		t.Fatal(err)
	}
	same := func(what string, before, after map[string]string) {
		t.Helper()
		for _, table := range slices.Sorted(maps.Keys(before)) {
			if before[table] != after[table] {
				t.Errorf("%s: %s was\n%s\nand is\n%s", what, table, before[table], after[table])
			}
		}
	}
	newer := read(t, conn)
	if n := len(newer["announcements"]) + len(newer["key_results"]) + len(newer["scores"]); n < 100 {
		t.Fatalf("%d rows: too few to prove anything", n)
	}
	for {
		version, err := provider.GetDBVersion(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if version <= first {
			return
		}
		back := func() {
			t.Helper()
			if _, err := provider.Down(t.Context()); err != nil {
				t.Fatalf("%d does not go back: %v", version, err)
			}
		}
		back()
		older, known := read(t, conn), columnsOf(t, conn)
		same(fmt.Sprintf("%d taken back", version), newer.within(known), older.within(known))
		if _, err := provider.UpByOne(t.Context()); err != nil {
			t.Fatalf("%d is not made again: %v", version, err)
		}
		same(fmt.Sprintf("%d made again", version), older.within(known), read(t, conn).within(known))
		back()
		newer = older
	}
}
