package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// message is one as Postgres' clients send them.
func message(kind byte, parts ...string) []byte {
	body := strings.Join(parts, "\x00") + "\x00"
	m := binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4))
	return append(m, body...)
}

func TestAQueryIsKnownByItsName(t *testing.T) {
	prepared := map[string]string{}
	for _, c := range []struct {
		message []byte
		name    string
	}{
		{message('P', "stmt_1", "-- name: KeepPlace :many\nupdate places"), ""},
		{message('P', "", "select 1"), ""},
		{message('B', "", "stmt_1", ""), "KeepPlace"},
		{message('B', "", "", ""), ""},
		{message('P', "stmt_1", "select 2"), ""},
		{message('B', "", "stmt_1", ""), ""},
		{message('Q', "commit"), ""},
	} {
		if got := asked(c.message, prepared); got != c.name {
			t.Errorf("%q asks %q, and not %q", c.message, got, c.name)
		}
	}
}

func TestLooksAreQueries(t *testing.T) {
	files, err := filepath.Glob("../store/queries/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no queries:", err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	for _, look := range looks {
		if !strings.Contains(all.String(), "-- name: "+look+" :") {
			t.Errorf("there is no query %s", look)
		}
	}
}
