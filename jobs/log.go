package jobs

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// What River says goes through these to our log, and what our looks say that fail through one of them.

// atLeast drops log records below a level.
type atLeast struct {
	level slog.Level
	slog.Handler
}

func (h atLeast) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= h.level && h.Handler.Enabled(ctx, l)
}

func (h atLeast) WithAttrs(attrs []slog.Attr) slog.Handler {
	return atLeast{h.level, h.Handler.WithAttrs(attrs)}
}

func (h atLeast) WithGroup(name string) slog.Handler {
	return atLeast{h.level, h.Handler.WithGroup(name)}
}

// How long the same words are kept back: River's, and those of our looks. Where the database is away each of River's
// queues complains twice a second, and each look every few seconds.
const (
	riverSaidAgain = 10 * time.Second
	lookSaidAgain  = time.Minute
)

// seldom says the same only now and then, and how often it was left unsaid.
type seldom struct {
	slog.Handler
	every time.Duration
	said  *saidBefore
}

type saidBefore struct {
	lock  sync.Mutex
	words map[string]*repetition
}

type repetition struct {
	last   time.Time
	unsaid int
}

func newSeldom(h slog.Handler, every time.Duration) seldom {
	return seldom{h, every, &saidBefore{words: map[string]*repetition{}}}
}

func (h seldom) Handle(ctx context.Context, r slog.Record) error {
	h.said.lock.Lock()
	before := h.said.words[r.Message]
	if before == nil {
		before = &repetition{}
		h.said.words[r.Message] = before
	} else if r.Time.Sub(before.last) < h.every {
		before.unsaid++
		h.said.lock.Unlock()
		return nil
	}
	unsaid := before.unsaid
	*before = repetition{last: r.Time}
	h.said.lock.Unlock()
	if unsaid > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("unsaid", unsaid))
	}
	return h.Handler.Handle(ctx, r)
}

func (h seldom) WithAttrs(attrs []slog.Attr) slog.Handler {
	return seldom{h.Handler.WithAttrs(attrs), h.every, h.said}
}

func (h seldom) WithGroup(name string) slog.Handler {
	return seldom{h.Handler.WithGroup(name), h.every, h.said}
}

// calledOff drops what River complains of when a stop calls off what it was at: the transaction is
// rolled back, and others find what is due.
type calledOff struct {
	client *Client
	slog.Handler
}

func (h calledOff) Handle(ctx context.Context, r slog.Record) error {
	because := false
	r.Attrs(func(a slog.Attr) bool {
		because = because || strings.Contains(a.Value.String(), context.Canceled.Error())
		return !because
	})
	if because && h.client.stopping.Err() != nil {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (h calledOff) WithAttrs(attrs []slog.Attr) slog.Handler {
	return calledOff{h.client, h.Handler.WithAttrs(attrs)}
}

func (h calledOff) WithGroup(name string) slog.Handler {
	return calledOff{h.client, h.Handler.WithGroup(name)}
}
