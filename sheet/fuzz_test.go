package sheet

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// A file is read to its end, or says where and what is wrong; and a row without a problem is the same
// when it was written and read again.
func FuzzRead(f *testing.F) {
	const header = "objective,objective_owner,first_day,last_day,time_zone,key_result,owner,kind,start_value,target_value\n"
	for _, seed := range []string{
		header + "Run a calm desk,U1,2026-10-01,2026-12-31,UTC,Fewer incidents,U1,decrease,100,10\n",
		header + "\"Run, calm\",U1,2026-10-01,2026-12-31,UTC,'=1+1,U1,increase,0,1e3\n", "\xef\xbb\xbf" + header, "\xff\xfeo\x00b\x00j\x00",
		"objective;objective_owner;first_day;last_day;time_zone;key_result;owner;kind;start_value;target_value\nA;U1;2026-10-01;2026-12-31;UTC;B;U1;increase;0,5;1\n",
		"sep=;\r\n" + header, "objective\tkey_result\n", "\"", "", header + header, "key_result,objective\nx",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, row := range rowsOf(t, file) {
			if row.KeyResult.Number == 0 {
				row.KeyResult.Number = 7 // whatever is kept has one
			}
			var out bytes.Buffer
			w := CSV(&out)
			if err := w.Write(row); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			again := rowsOf(t, out.Bytes())
			if len(again) != 1 {
				t.Fatalf("%q became %q, of which %d rows are right", file, out.Bytes(), len(again))
			}
			if d := Differences(row, again[0]); len(d) > 0 {
				t.Errorf("%q came back with %v", file, d)
			}
		}
	})
}

// rowsOf are the rows of a file that nothing is wrong with.
func rowsOf(t *testing.T, file []byte) (rows []Row) {
	t.Helper()
	r, problems, err := NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if len(problems) > 0 || r == nil {
		for _, p := range problems {
			if p.Says == "" {
				t.Errorf("%q: a problem says nothing", file)
			}
		}
		return nil
	}
	for n := 0; n < 10000; n++ {
		l, p, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		if p != nil {
			if p.Says == "" {
				t.Errorf("%q: a problem says nothing", file)
			}
			continue
		}
		row, problems := r.Row(l, blank())
		if len(problems) == 0 {
			rows = append(rows, row)
		}
	}
	return rows
}
