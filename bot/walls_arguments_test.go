package bot_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/shopspring/decimal"
)

// way is how arguments for a query are found.
type way int

const (
	ofOneRow way = iota // what stands in one row of a table that the query names
	another             // the same, with names and numbers that nothing has yet
	anything            // whatever stands in a column of its name
)

func wayOf(tries int) way { return way(tries % 3) }

// arguments are random ones of what there is, for whichever workspace.
func (w *walls) arguments(method reflect.Type, sql string, how way) func(workspace string) []reflect.Value {
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
	from := source{w: w, how: how}
	if how != anything {
		from.row = w.rowOf(sql)
	}
	for i := range given.NumField() {
		from.fill(given.Field(i), column(given.Type().Field(i).Name))
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

var tables = regexp.MustCompile(`\b(?:from|join|update|into) ([a-z_]+)`)

// rowOf is a row of a table that a query names; nil: there is none.
func (w *walls) rowOf(sql string) map[string]any {
	var rows []map[string]any
	for _, m := range tables.FindAllStringSubmatch(sql, -1) {
		rows = append(rows, w.rows[m[1]]...)
	}
	if len(rows) == 0 {
		return nil
	}
	return rows[w.random.IntN(len(rows))]
}

// column is the name of a field of arguments in SQL, of one of many for a list.
func column(field string) string {
	name := regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(field, "${1}_$2")
	name = strings.ToLower(name)
	if many, ok := strings.CutSuffix(name, "_ids"); ok && name != "co_owner_ids" {
		return many + "_id"
	}
	if one := manyOf[name]; one != "" {
		return one
	}
	return name
}

// manyOf are the columns of lists that are called by other names.
var manyOf = map[string]string{
	"ids": "id", "refs": "reference", "titles": "title", "trigger_keys": "trigger_key", "kinds": "kind", "statuses": "status", "numbers": "number",
	"parents": "parent_id", "tops": "parent_id", "was_below": "parent_id", "first_days": "first_day", "last_days": "last_day",
}

// source is where the arguments of one try come from.
type source struct {
	w   *walls
	row map[string]any // nil: none in particular
	how way
}

// tableOf is where the name of a row's table stands among its columns.
const tableOf = "@table"

// has is what stands in a column of the row, and else in one of its name anywhere; nil: nothing.
func (s source) has(column string) any {
	if v := s.row[column]; v != nil {
		return v
	}
	if table, _ := s.row[tableOf].(string); table != "" {
		switch {
		case strings.TrimSuffix(table, "s")+"_id" == column:
			return s.row["id"]
		case table == "audit_events" && column == "key_result_id":
			return s.row["object_id"]
		case table == "audit_events" && column == "fields":
			changes, _ := s.row["changes"].(map[string]any)
			for field := range changes {
				return field
			}
		}
	}
	if known := s.w.known[column]; len(known) > 0 {
		return known[s.w.random.IntN(len(known))]
	}
	return nil
}

// fill sets an argument to something that stands in a column of its name, or to what lets much through.
func (s source) fill(f reflect.Value, column string) {
	random := s.w.random
	switch {
	case s.how == another && fresh(f, column, random.IntN(1e6)):
	case f.Kind() == reflect.Pointer:
		if random.IntN(4) > 0 {
			p := reflect.New(f.Type().Elem())
			s.fill(p.Elem(), column)
			f.Set(p)
		}
	case f.Kind() == reflect.Slice && f.Type().Elem().Kind() != reflect.Uint8:
		s.fillList(f, column)
	case put(f, s.has(column)):
	case f.Kind() == reflect.Bool:
		f.SetBool(random.IntN(2) == 0)
	case f.CanInt():
		f.SetInt([]int64{0, 1, 100}[random.IntN(3)])
	case f.Kind() == reflect.Float64:
		f.SetFloat(100)
	case f.Type() == reflect.TypeFor[time.Time]():
		f.Set(reflect.ValueOf(time.Now()))
	case f.Type() == reflect.TypeFor[decimal.Decimal]():
		f.Set(reflect.ValueOf(decimal.NewFromInt(1)))
	case f.Type() == reflect.TypeFor[[]byte]():
		f.SetBytes([]byte("{}"))
	}
}

// fillList sets a list to all that stands in columns of its name, or to what stands in the row.
func (s source) fillList(f reflect.Value, column string) {
	element := func(v any) bool {
		one := reflect.New(f.Type().Elem()).Elem()
		if !put(one, v) {
			return false
		}
		f.Set(reflect.Append(f, one))
		return true
	}
	if many, ok := s.row[column].([]any); ok {
		f.Set(reflect.MakeSlice(f.Type(), 0, len(many)))
		for _, v := range many {
			element(v)
		}
		return
	}
	if s.how == anything && s.w.random.IntN(2) == 0 {
		for _, v := range s.w.known[column] {
			element(v)
		}
	}
	if f.Len() == 0 {
		one := reflect.New(f.Type().Elem()).Elem()
		s.fill(one, column)
		f.Set(reflect.Append(f, one))
	}
}

// fresh sets an argument that is to be a name or a number of its own to one that nothing has.
func fresh(f reflect.Value, column string, n int) bool {
	switch {
	case f.Kind() == reflect.String && (column == "id" || column == "draft_id"):
		f.SetString(fmt.Sprintf("00000000-0000-4000-8000-%012d", n))
	case f.Kind() == reflect.String && (column == "trigger_key" || column == "message_ts" || column == "reference"):
		f.SetString(fmt.Sprint("another ", n))
	case f.CanInt() && (column == "number" || column == "next_number" || column == "next_objective"):
		f.SetInt(int64(1000 + n))
	case column == "on_track_points", column == "hysteresis_points":
		f.SetInt(int64(n % 10))
	case column == "behind_points":
		f.SetInt(int64(50 + n%40))
	case column == "token_hash", column == "sealed":
		f.SetBytes([]byte(fmt.Sprint(n)))
	default:
		return false
	}
	return true
}

// put sets an argument to what stood in a column, where that fits.
func put(f reflect.Value, v any) bool {
	switch x := v.(type) {
	case nil:
		return false
	case [16]byte:
		v = fmt.Sprintf("%x-%x-%x-%x-%x", x[:4], x[4:6], x[6:8], x[8:10], x[10:])
	case pgtype.Numeric:
		if !x.Valid || x.Int == nil {
			return false
		}
		d := decimal.NewFromBigInt(x.Int, x.Exp)
		if v = d; f.Type() == reflect.TypeFor[decimal.NullDecimal]() {
			v = decimal.NewNullDecimal(d)
		}
	case map[string]any:
		raw, err := json.Marshal(x)
		if err != nil {
			return false
		}
		v = raw
	}
	is := reflect.ValueOf(v)
	switch {
	case is.Type() == f.Type():
		f.Set(is)
	case is.CanInt() && f.CanInt(), is.Kind() == f.Kind() && is.CanConvert(f.Type()) && f.Kind() != reflect.Slice:
		f.Set(is.Convert(f.Type()))
	default:
		return false
	}
	return true
}

// someRows are some rows of each table, the newest first.
func someRows(t *testing.T, conn *pgx.Conn) map[string][]map[string]any {
	t.Helper()
	ctx := t.Context()
	of := map[string][]map[string]any{}
	for _, c := range columns(t, conn) {
		if _, seen := of[c[0]]; seen {
			continue
		}
		rows, err := conn.Query(ctx, fmt.Sprintf("select * from %q order by ctid desc limit 8", c[0]))
		if err != nil {
			t.Fatal(err)
		}
		list, err := pgx.CollectRows(rows, pgx.RowToMap)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range list {
			row[tableOf] = c[0]
		}
		of[c[0]] = list
	}
	return of
}
