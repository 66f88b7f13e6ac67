package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"okrbot/okr"
	"okrbot/store"
)

// noCopiesPileUp counts how often a running okrbot has a sign-in in its memory, after some syncs and after many
// more: what is opened for each is kept by none. It is to run with GODEBUG=clobberfree=1, with which Go writes over
// what it frees, and with profiles, by which it can be made to.
func noCopiesPileUp(t *testing.T, s *serving) {
	const connections = 20
	rounds := 3
	if os.Getenv("SOAK") != "" {
		rounds = 1000 / officeKeyResults
	}
	written := [][]byte{[]byte(officePassword), []byte(base64.StdEncoding.EncodeToString([]byte("okr.reader:" + officePassword)))}
	s.spread(connections)
	copies := func() (n int) {
		t.Helper()
		s.o.instance.CloseClientConnections() // each holds what it sent last
		for range 2 {
			if status := s.get("/debug/pprof/heap?gc=1"); status != http.StatusOK {
				t.Fatal(status)
			}
		}
		n, err := copiesIn(s.cmd.Process.Pid, written)
		if errors.Is(err, fs.ErrPermission) {
			fmt.Fprintf(os.Stderr, "SKIPPED %s: nobody but root, with CAP_SYS_PTRACE, may look into its memory\n", t.Name())
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	s.syncsAll()
	first := copies()
	for range 5 { // a busy process has closed its connections after a few looks
		first = min(first, copies())
	}
	for range rounds {
		s.syncsAll()
	}
	// Where each read left one, each round would leave as many as there are connections.
	most := first + connections
	then := copies()
	for began := time.Now(); then > most && time.Since(began) < patience; {
		then = copies()
	}
	t.Logf("%d copies after %d syncs by %d connections, %d after %d more", first, officeKeyResults, connections, then, rounds*officeKeyResults)
	if then > most {
		t.Errorf("%d copies, and %d after %d syncs more", first, then, rounds*officeKeyResults)
	}
}

// spread has the office's key results read through many connections, each with its own sign-in.
func (s *serving) spread(connections int) {
	t, ctx := s.o.t, context.Background()
	t.Helper()
	pool, err := store.Open(ctx, s.o.dsn(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	alice := okr.Actor{Workspace: "T0SANDBOX", ID: "U0ALICE", Kind: okr.Member}
	origin := s.o.variable("SERVICENOW_EXTRA_HOSTS")
	known := store.New(pool, s.o.keys)
	list, err := known.KeyResults(ctx, alice.Workspace, store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	err = known.InTx(ctx, func(tx *store.Tx) error {
		var through []int64
		for n := range connections {
			c, err := tx.CreateConnection(ctx, alice, store.Connection{Kind: "servicenow", Name: fmt.Sprint("acme ", n), Origin: origin, SignIn: "basic"}, officeSignIn(), "")
			if err != nil {
				return err
			}
			through = append(through, c.ID)
		}
		for n, k := range list {
			k.Source.Connection = through[n%connections]
			if _, err := tx.EditKeyResult(ctx, alice, k, "edited"); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil { // nobody lists scorecards while the instance hangs up
		_, err = pool.Exec(ctx, "update connections set directory_due_at = now() + interval '100 years'")
	}
	if err != nil {
		t.Fatal(err)
	}
}

// copiesIn is how often any of some words stands in a process's memory that it can write to.
func copiesIn(pid int, words [][]byte) (n int, err error) {
	maps, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return 0, err
	}
	defer maps.Close()
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return 0, err
	}
	defer memory.Close()
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if !strings.HasPrefix(fields[1], "rw") {
			continue
		}
		from, to, _ := strings.Cut(fields[0], "-")
		begin, _ := strconv.ParseInt(from, 16, 64)
		end, _ := strconv.ParseInt(to, 16, 64)
		raw := make([]byte, end-begin)
		read, _ := memory.ReadAt(raw, begin) // some cannot be read to their end
		for _, word := range words {
			n += bytes.Count(raw[:read], word)
		}
	}
	return n, lines.Err()
}
