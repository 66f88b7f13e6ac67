package jobs

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// driver is River's, but for who listens: through a pooler nobody can, and a session that listens
// ends within half an hour like all others.
type driver struct {
	*riverpgxv5.Driver
	listens *riverpgxv5.Driver
}

func newDriver(pool, listens *pgxpool.Pool) *driver {
	d := &driver{Driver: riverpgxv5.New(pool)}
	if d.listens = d.Driver; listens != nil {
		d.listens = riverpgxv5.New(listens)
	}
	return d
}

// GetListener is River's, with a session that is changed for a new one now and then.
func (d *driver) GetListener(p *riverdriver.GetListenenerParams) riverdriver.Listener {
	return &listener{Listener: d.listens.GetListener(p), life: listenLife}
}

const listenLife = 25 * time.Minute

// listener remembers what it listens to. What is said between two sessions is lost, and found by the
// next look.
type listener struct {
	riverdriver.Listener
	life time.Duration

	lock   sync.Mutex
	ends   time.Time
	topics []string
}

func (l *listener) Connect(ctx context.Context) error {
	err := l.Listener.Connect(ctx)
	l.lock.Lock()
	defer l.lock.Unlock()
	l.ends, l.topics = time.Now().Add(l.life), nil
	return err
}

func (l *listener) Listen(ctx context.Context, topic string) error {
	err := l.Listener.Listen(ctx, topic)
	l.lock.Lock()
	defer l.lock.Unlock()
	if err == nil && !slices.Contains(l.topics, topic) {
		l.topics = append(l.topics, topic)
	}
	return err
}

func (l *listener) Unlisten(ctx context.Context, topic string) error {
	err := l.Listener.Unlisten(ctx, topic)
	l.lock.Lock()
	defer l.lock.Unlock()
	l.topics = slices.DeleteFunc(l.topics, func(t string) bool { return t == topic })
	return err
}

func (l *listener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	for {
		l.lock.Lock()
		ends := l.ends
		l.lock.Unlock()
		waiting, cancel := context.WithDeadline(ctx, ends)
		n, err := l.Listener.WaitForNotification(waiting)
		late := waiting.Err() != nil && ctx.Err() == nil
		cancel()
		if err == nil || !late {
			return n, err
		}
		if err := l.again(ctx); err != nil {
			return nil, err
		}
	}
}

// again listens to the same in a new session. Nobody calls that off in its middle: who waits next
// needs a session.
func (l *listener) again(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	l.lock.Lock()
	topics := l.topics
	l.lock.Unlock()
	_ = l.Close(ctx) // what is closed need not say goodbye
	if err := l.Connect(ctx); err != nil {
		return err
	}
	for _, topic := range topics {
		if err := l.Listen(ctx, topic); err != nil {
			return err
		}
	}
	return nil
}
