package main

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"okrbot/store"
)

// health is what is known of the database: whether it can be written to was tried a moment ago.
type health struct {
	last  atomic.Pointer[seen]
	close func()
}

type seen struct {
	at   time.Time // of this process's clock, for its age alone
	ails string    // "" when all is well
}

// The database is asked every few seconds; who cannot write knows it within 15.
const (
	askEvery   = 4 * time.Second
	askWithin  = 4 * time.Second
	knownSince = 12 * time.Second
)

// watchDatabase asks at once, and until ctx ends.
func watchDatabase(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) *health {
	h, ended := &health{}, make(chan struct{})
	ctx, cancel := context.WithCancel(ctx)
	h.close = func() {
		cancel()
		<-ended
	}
	h.ask(ctx, pool, log)
	go func() {
		defer close(ended)
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(askEvery):
				h.ask(ctx, pool, log)
			}
		}
	}()
	return h
}

func (h *health) ask(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	err := store.Migrated(ctx, pool)
	if err == nil {
		err = store.Writable(ctx, pool)
	}
	if moved(err) {
		// The session was of a server that is no longer the right one; a new one tells.
		err = store.Writable(ctx, pool)
	}
	now, before := &seen{at: time.Now()}, h.last.Load()
	if err != nil {
		now.ails = explain(err).means
	}
	if h.last.Store(now); ctx.Err() == context.Canceled {
		return // it stops
	}
	switch {
	case now.ails != "" && (before == nil || before.ails != now.ails):
		log.Error("nothing can be written", "why", now.ails)
	case now.ails == "" && before != nil && before.ails != "":
		log.Info("the database takes what is written again")
	}
}

// trouble says why nothing can be written; "" when it can.
func (h *health) trouble() string {
	last := h.last.Load()
	if time.Since(last.at) > knownSince {
		return "the database has not answered for a while"
	}
	return last.ails
}
