package main

import (
	"errors"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestVerdicts(t *testing.T) {
	for _, test := range []struct {
		name string
		row  row
		want string
	}{
		{"a bound that is just reached", row{goals: []goal{atMost("≤ 4", 4, 4)}}, "met"},
		{"a little too much", row{goals: []goal{atMost("≤ 100 ms", 0.15, 0.1)}}, "**missed** by 50 %"},
		{"far too much", row{goals: []goal{atMost("≤ 4", 163, 4)}}, "**missed**, 40.8 times the bound"},
		{"too little", row{goals: []goal{atLeast("≥ 20 ×", 16, 20)}}, "**missed** by 25 %"},
		{"the worst of several counts", row{goals: []goal{atMost("", 1, 2), atMost("", 3, 2), atLeast("", 9, 1)}}, "**missed** by 50 %"},
		{"something that must be", row{goals: []goal{must("all right", false)}}, "**missed**"},
		{"and is", row{goals: []goal{must("all right", true)}}, "met"},
		{"nothing was measured of what there should be", row{goals: []goal{atLeast("", 0, 1)}}, "**missed**"},
		{"no number at all", row{goals: []goal{{"", math.NaN()}}}, "**missed**"},
		{"no goal", row{}, ""},
		{"not measured", row{failed: true, goals: []goal{must("", true)}}, ""},
	} {
		if got := test.row.verdict(); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestARowThatCannotBeMeasuredDoesNotHideTheOthers(t *testing.T) {
	var table table
	table.add(io.Discard, row{what: "acks", measured: "1 ms", goals: []goal{atMost("≤ 2 ms", 1, 2)}})
	if got := table.status(); got != allMet {
		t.Errorf("status %d, want %d", got, allMet)
	}
	table.add(io.Discard, row{what: "calls", measured: "9", goals: []goal{atMost("≤ 4", 9, 4)}})
	if got := table.status(); got != someMissed {
		t.Errorf("status %d, want %d", got, someMissed)
	}
	table.add(io.Discard, row{what: "slack", measured: "not measured: " + sentence(errors.New("it ended:\n1 | 2")), failed: true})
	if got := table.status(); got != notMeasured {
		t.Errorf("status %d, want %d", got, notMeasured)
	}
	said := table.String()
	for _, want := range []string{"| acks | 1 ms |", "| calls | 9 |", "| slack | not measured: it ended: 1 / 2 |"} {
		if !strings.Contains(said, want) {
			t.Errorf("the table lacks %q:\n%s", want, said)
		}
	}
}

func TestTheTableTakesItsPlaceInAFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "README.md")
	write := func(text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	table := table{machine: "A machine."}
	table.add(io.Discard, row{what: "acks"})
	write("before\n" + begins + "| old |\n" + ends + "after\n")
	if err := table.into(name); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if want := "before\n" + begins + "\n" + table.String() + "\n" + ends + "after\n"; string(raw) != want {
		t.Errorf("the file is\n%s\nwant\n%s", raw, want)
	}
	write("no place\n")
	if err := table.into(name); err == nil {
		t.Error("a file without a place for the table was taken")
	}
}

// TestAFarPostgresTakesItsTime holds the way to it: each round trip takes so much longer, and what is
// sent arrives in order.
func TestAFarPostgresTakesItsTime(t *testing.T) {
	dir, err := os.MkdirTemp("", "bench") // a socket's name is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	echo, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { echo.Close() })
	go func() {
		for {
			conn, err := echo.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn)
				conn.Close()
			}()
		}
	}()
	const roundTrip = 60 * time.Millisecond
	dsn, end, err := far(t.Context(), "host="+dir+" user=okrbot dbname=of_bench sslmode=disable", roundTrip)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if config.Database != "of_bench" || config.User != "okrbot" {
		t.Errorf("the address is of %s at %s", config.User, config.Database)
	}
	conn, err := net.Dial("tcp", net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	began := time.Now()
	for _, word := range []string{"one ", "two ", "three"} {
		if _, err := io.WriteString(conn, word); err != nil {
			t.Fatal(err)
		}
	}
	got := make([]byte, len("one two three"))
	if _, err := io.ReadFull(conn, got); err != nil {
		t.Fatal(err)
	}
	if string(got) != "one two three" {
		t.Errorf("what came back is %q", got)
	}
	if took := time.Since(began); took < roundTrip {
		t.Errorf("it took %v, not %v", took, roundTrip)
	}
}
