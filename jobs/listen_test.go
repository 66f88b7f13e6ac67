package jobs

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river/riverdriver"

	"okrbot/store"
	"okrbot/store/storetest"
)

// A session that listens is changed for a new one, and goes on listening to the same.
func TestAListenerChangesItsSession(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dsn := storetest.New(t)
	pool, err := store.Open(ctx, dsn, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	l := newDriver(nil, pool).GetListener(&riverdriver.GetListenenerParams{}).(*listener)
	l.life = 200 * time.Millisecond
	if err := l.Connect(ctx); err != nil {
		t.Fatal(err)
	}
	defer l.Close(context.WithoutCancel(ctx))
	for _, topic := range []string{"one", "two"} {
		if err := l.Listen(ctx, topic); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Unlisten(ctx, "one"); err != nil {
		t.Fatal(err)
	}
	listening := func() (pid int) { // 0: in between
		err := pool.QueryRow(ctx, "select coalesce(max(pid), 0) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and query ilike '%listen %public%'").Scan(&pid)
		if err != nil {
			t.Fatal(err)
		}
		return pid
	}
	first := 0
	for first == 0 {
		first = listening() // what is said of others may be a moment late
	}
	heard := make(chan *riverdriver.Notification, 1)
	go func() {
		n, err := l.WaitForNotification(ctx)
		if err != nil {
			t.Error(err)
		}
		heard <- n
	}()
	for next := first; next == first || next == 0; {
		next = listening()
	}
	// What is said between two sessions is lost: it is said until it is heard.
	for {
		if _, err := pool.Exec(ctx, `notify "public.one", 'unheard'; notify "public.two", 'heard'`); err != nil {
			t.Fatal(err)
		}
		select {
		case n := <-heard:
			if n == nil || n.Topic != "two" || n.Payload != "heard" {
				t.Errorf("%+v", n)
			}
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// A complaint that is repeated is said now and then, with how often it was not.
func TestRiverRepeatsItselfSeldom(t *testing.T) {
	var out bytes.Buffer
	h := newSeldom(slog.NewTextHandler(&out, nil), riverSaidAgain)
	other := h.WithAttrs([]slog.Attr{slog.String("queue", "sync")})
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for n := range 41 {
		to := slog.Handler(h)
		if n%2 == 1 {
			to = other
		}
		if err := to.Handle(t.Context(), slog.NewRecord(at.Add(time.Duration(n)*500*time.Millisecond), slog.LevelError, "fetching", 0)); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Handle(t.Context(), slog.NewRecord(at, slog.LevelError, "completing", 0)); err != nil {
		t.Fatal(err)
	}
	if said := out.String(); strings.Count(said, "fetching") != 3 || strings.Count(said, "unsaid=19") != 2 || strings.Count(said, "completing") != 1 {
		t.Errorf("%s", said)
	}
}
