package sheet

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"okrbot/okr"
)

func sample(title string) Row {
	number := func(s string) decimal.NullDecimal {
		return decimal.NewNullDecimal(decimal.RequireFromString(s))
	}
	return Row{
		Objective: okr.Objective{Title: title, Owner: "U1ALICE", Period: okr.QuarterOf(20000), Zone: "Europe/Berlin", Channel: "C1OKRS"},
		KeyResult: okr.KeyResult{
			Number: 7, Title: title, Owner: "U1ALICE", CoOwners: []string{"U2BOB", "U3CAROL"}, Kind: okr.Decrease, Start: number("-0.5"), Target: number("-12345678901234567.123456789"),
			Unit: title, Precision: 2, Method: okr.Latest, Weight: decimal.RequireFromString("0.25"), Integrated: true,
			Cadence: okr.Cadence{Every: okr.Monthly, Hour: 8, Minute: 30, Offset: 29},
		},
		Connection: title, Reference: title,
	}
}

func TestNoCellIsAFormula(t *testing.T) {
	for _, words := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", "''@x", "=HYPERLINK(\"http://evil\",\"x\")", "=1\",\"=2", "＝1+1", "＋1", "－1", "＠SUM(A1)", "'＝1", "\u200b=1", "\u202e=1", " =1", "\u00a0\u3000＝1", "﹦1", "﹫SUM(A1)", "\ufeff=1", "\v=1"} {
		var out strings.Builder
		w := CSV(&out)
		if err := w.Write(sample(words)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(out.String(), mark))).ReadAll()
		if err != nil || len(rows) != 2 || len(rows[1]) != len(columns) {
			t.Fatalf("%q: %v, %q", words, err, rows)
		}
		for i, cell := range rows[1] {
			if columns[i].form == text && begins(cell) {
				t.Errorf("%q is a formula in %s: %q", words, columns[i].name, cell)
			}
		}
		if rows[1][14] != "-0.5" {
			t.Errorf("a number is %q", rows[1][14])
		}
	}
}

// begins says whether a cell begins as a formula does, with or without blanks before it.
func begins(cell string) bool {
	return strings.IndexAny(cell, "\t\r\n") == 0 || strings.IndexAny(strings.TrimSpace(cell), "=+-@＝＋－＠﹦﹢﹣﹫") == 0
}

func FuzzGuardGivesEverythingBack(f *testing.F) {
	for _, words := range []string{"", "'", "''", "=", "'=", "''=", "'tis", "'''-x", "plain", "\r'", "＝", "'＠", " =", "' =", "'\u3000﹢"} {
		f.Add(words)
	}
	f.Fuzz(func(t *testing.T, words string) {
		guarded := guard(words)
		if unguard(guarded) != words {
			t.Errorf("%q came back as %q", words, unguard(guarded))
		}
		if begins(guarded) {
			t.Errorf("%q is a formula still", guarded)
		}
	})
}

func TestJSONIsOneList(t *testing.T) {
	for n := range 3 {
		var out strings.Builder
		w := JSON(&out)
		for range n {
			if err := w.Write(sample(`</script> "x" ✓`)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		var list []map[string]any
		d := json.NewDecoder(strings.NewReader(out.String()))
		d.UseNumber()
		if err := d.Decode(&list); err != nil || len(list) != n {
			t.Fatalf("%v: %s", err, out.String())
		}
		for _, row := range list {
			if row["target_value"] != json.Number("-12345678901234567.123456789") || row["objective"] != `</script> "x" ✓` || row["upper_value"] != nil || len(row["co_owners"].([]any)) != 2 {
				t.Errorf("a row is %v", row)
			}
		}
	}
}
