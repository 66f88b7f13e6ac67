package jobs

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"

	"okrbot/integrations"
	"okrbot/store"
)

// heedless is a connector that heeds no context: it hangs until it is let go, on the connections that it
// is told to.
type heedless struct {
	integrations.Connector
	on  func(integrations.Account) bool
	let chan struct{}
}

func (h heedless) Read(ctx context.Context, a integrations.Account, requests []integrations.Request) []integrations.Reading {
	<-h.let
	return make([]integrations.Reading, len(requests))
}

func (h heedless) Search(ctx context.Context, a integrations.Account, words string, page int) (integrations.Page, error) {
	if h.on(a) {
		<-h.let
	}
	return h.Connector.Search(ctx, a, words, page)
}

// A connector that ignores its context is waited for a little longer than it may take, or less where its
// work is called off.
func TestAReadThatHeedsNothingIsLeft(t *testing.T) {
	for name, c := range map[string]struct{ calledOff, want time.Duration }{
		"Late": {time.Hour, readWithin + 5*time.Second}, "CalledOff": {10 * time.Second, 12 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := heedless{let: make(chan struct{})}
				defer close(h.let)
				working, stop := context.WithTimeout(t.Context(), c.calledOff)
				defer stop()
				began := time.Now()
				readings, err := readAll(working, h, integrations.Account{}, make([]integrations.Request, 2))
				if took := time.Since(began); took != c.want || err == nil || len(readings) != 2 || readings[0].Err == nil {
					t.Errorf("after %s: %v %v", took, readings, err)
				}
			})
		})
	}
}

// counted is how many jobs hang by the count of them.
func counted(t *testing.T) float64 {
	t.Helper()
	var m dto.Metric
	if err := stuckJobs.Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.GetCounter().GetValue()
}

// As many jobs as a queue has places hang and heed nothing: their places are given to others, that is counted,
// and all ends well when they do.
func TestJobsThatHeedNothingGiveTheirPlacesBack(t *testing.T) {
	r := newRoom(t)
	r.scorecard(1, 41, 1)
	bad := map[int64]bool{r.connect().ID: true, r.connect().ID: true}
	h := heedless{on: func(a integrations.Account) bool { return bad[a.Connection] }, let: make(chan struct{})}
	c := r.replicaWith(func(o *Options) {
		h.Connector = o.Connectors[0]
		o.Connectors, o.within = integrations.Registry{h}, 2*time.Second
	})
	before := counted(t)
	r.start(c)
	let := func() { close(h.let) }
	defer func() { let() }()
	directory := func(id int64) {
		r.check(r.store.InTx(ctx, func(tx *store.Tx) error { return c.Directory(ctx, tx, id) }))
	}
	running := func() int {
		return r.count("select count(*) from river_job where kind = 'refresh_directory' and state = 'running'")
	}
	for id := range bad {
		directory(id)
	}
	until(t, "two that hang", func() bool { return running() == len(bad) })
	directory(r.connection.ID)
	until(t, "the list of another connection", func() bool {
		return r.count("select count(*) from scorecards where connection_id = $1", r.connection.ID) == 1
	})
	until(t, "their count", func() bool { return counted(t)-before >= float64(len(bad)) })
	let()
	let = func() {}
	until(t, "their end", func() bool { return running() == 0 })
}
