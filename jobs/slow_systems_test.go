package jobs

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"okrbot/integrations"
	"okrbot/integrations/servicenow"
	"okrbot/store"
)

// dripping is a connector that gets no whole answer of some systems: each drips until its time is up, or until it
// is let go.
type dripping struct {
	integrations.Connector
	drips map[string]bool // by origin
	let   chan struct{}
}

func (d dripping) Read(ctx context.Context, a integrations.Account, requests []integrations.Request) []integrations.Reading {
	if d.drips[a.Origin] {
		select {
		case <-d.let:
		case <-ctx.Done():
		}
	}
	return d.Connector.Read(ctx, a, requests)
}

// Of a hundred systems a third answer in drops, more than a process has places for: the others are read
// meanwhile, all of them, and so is what people ask for.
func TestSystemsThatDripKeepNoOthersWaiting(t *testing.T) {
	r := newRoom(t)
	const systems, every = 100, 3
	d := dripping{drips: map[string]bool{}, let: make(chan struct{})}
	var origins []string
	var quick, slow []store.KeyResult
	for n := range systems {
		server := httptest.NewServer(r.now)
		t.Cleanup(server.Close)
		origins = append(origins, server.URL)
		r.origin = server.URL
		r.connection = r.connect()
		k := r.keyResult(r.scorecard(n+1, 41, 2))
		if n%every == 0 {
			d.drips[server.URL] = true
			slow = append(slow, k)
		} else {
			quick = append(quick, k)
		}
	}
	c := r.replicaWith(func(o *Options) {
		d.Connector = servicenow.New(servicenow.Options{ExtraOrigins: origins})
		o.Connectors = integrations.Registry{d}
	})
	let := func() { close(d.let) }
	defer func() { let() }()
	r.nextDay()
	r.start(c)
	read := func(list []store.KeyResult) (n int) {
		for _, k := range list {
			if r.value(k) == "41" {
				n++
			}
		}
		return n
	}
	until(t, fmt.Sprintf("%d systems that answer", len(quick)), func() bool { return read(quick) == len(quick) })
	if n := read(slow); n != 0 {
		t.Errorf("%d of those that drip were read", n)
	}
	let()
	let = func() {}
	until(t, "those that drip, when they answer", func() bool { return read(slow) == len(slow) })
}

// What has given its place to others is handed back at a stop as everything is.
func TestAStoppedReplicaHandsBackWhatIsSlow(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	h := &held{arrived: make(chan struct{}, 1), release: make(chan struct{})}
	defer close(h.release)
	leaving := r.replica(func(c integrations.Connector) integrations.Connector { h.Connector = c; return h })
	r.check(leaving.Start(ctx))
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error { return leaving.Import(ctx, tx, "T1", k.ID) }))
	<-h.arrived
	until(t, "its place given to others", func() bool {
		return r.count("select count(*) from river_job where kind = 'sync_connection' and state = 'running'") == 0
	})
	r.wants("whose it is", r.count("select count(*) from connection_slots where leased_until > now()"), 1)
	given, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	leaving.Stop(given)
	r.wants("runs handed back", r.count("select count(*) from sync_runs where state = 'queued' and due_at <= now() and tries = 0 and crashes = 0"), 1)
	r.start(r.client)
	until(t, "another replica", func() bool { return r.value(k) == "41" })
}
