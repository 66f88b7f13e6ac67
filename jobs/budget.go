package jobs

import (
	"context"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"
)

// budget is what work may use of this process and of Postgres, so that people's commands, which ask
// the same two, are answered first. Applying and drawing go through it in portions of some tens of
// milliseconds: what is read over the network never waits in it.
//
// It is one number: how many portions run at once, and below one the part of the time in which one
// does. It begins with as many as there are cores. It grows by little steps as long as portions wait
// and nobody is answered late, and shrinks as soon as people are, to one portion and from there by a third:
// work slows down, and never stops.
type budget struct {
	mu      sync.Mutex
	share   float64
	running int
	applies lane
	draws   lane
	applied int // how many applied since one drew, while some wait to draw

	late    float64 // which part of the last answers came late
	asked   time.Time
	shrunk  time.Time
	grown   time.Time
	pinged  time.Duration // the quickest that Postgres was lately
	crowded bool          // Postgres takes much longer than that
}

// lane is those who do the same.
type lane struct {
	running int
	waiting []waiter // those who came first are first
}

// waiter waits for a turn.
type waiter struct {
	turn  chan struct{} // is closed
	since time.Time
}

const (
	portionsAtMost = 4   // at once: more of them would only wait for each other in Postgres
	beforeDrawing  = 8   // so many apply before one that waits too long draws
	leastShare     = 0.1 // work goes on, whatever happens
	inTime         = 40 * time.Millisecond
	lateAtMost     = 0.06 // of the answers
	reactEvery     = 100 * time.Millisecond
	askedLately    = 3 * time.Second // after this time without a gesture, nobody is there
	restAtMost     = 2 * time.Second
	drawingWaits   = time.Second // while something is applied: values that are true come before cards that show them
)

func newBudget() *budget {
	b := &budget{}
	b.set(float64(min(runtime.GOMAXPROCS(0), portionsAtMost)))
	return b
}

// apply runs a portion that applies what was read when it is its turn. Its time begins then: a deadline
// that do needs is to be made within do. The error is do's, or that of a context that ended before the
// turn came.
func (b *budget) apply(ctx context.Context, do func() error) error {
	return b.spend(ctx, &b.applies, do)
}

// draw is the same for drawing, for which people wait less: as long as something is applied it waits, for a
// second, and from then on it has a turn after some others.
func (b *budget) draw(ctx context.Context, do func() error) error {
	return b.spend(ctx, &b.draws, do)
}

func (b *budget) spend(ctx context.Context, l *lane, do func() error) error {
	if err := b.enter(ctx, l); err != nil {
		return err
	}
	defer b.leave(l)
	began := time.Now()
	err := do()
	b.rest(ctx, time.Since(began))
	return err
}

// enter waits for a turn.
func (b *budget) enter(ctx context.Context, l *lane) error {
	w := waiter{make(chan struct{}), time.Now()}
	b.mu.Lock()
	l.waiting = append(l.waiting, w)
	workWaiting.Inc()
	b.next()
	b.grow()
	b.next()
	b.mu.Unlock()
	select {
	case <-w.turn:
		return nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(l.waiting, w); i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
		workWaiting.Dec()
		return ctx.Err()
	}
	return nil // it was given the turn meanwhile
}

func (b *budget) leave(l *lane) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.grow()
	b.running--
	l.running--
	b.next()
}

// next gives turns to those who wait, as far as more may run. The budget is locked.
func (b *budget) next() {
	for b.running < b.atOnce() {
		l := b.turnOf()
		if l == nil {
			return
		}
		b.running++
		l.running++
		close(l.waiting[0].turn)
		l.waiting = l.waiting[1:]
		workWaiting.Dec()
	}
}

// turnOf is the lane whose turn it is, nil where all that waits is to wait. The budget is locked.
func (b *budget) turnOf() *lane {
	drawing := len(b.draws.waiting) > 0
	overdue := drawing && time.Since(b.draws.waiting[0].since) >= drawingWaits
	switch {
	case len(b.applies.waiting) > 0 && !(overdue && b.applied >= beforeDrawing):
		if drawing {
			b.applied++
		}
		return &b.applies
	case overdue, drawing && b.applies.running == 0:
		b.applied = 0
		return &b.draws
	}
	return nil
}

// waiting is how many wait for a turn. The budget is locked.
func (b *budget) waiting() int { return len(b.applies.waiting) + len(b.draws.waiting) }

// atOnce is how many portions may run at once. The budget is locked.
func (b *budget) atOnce() int { return int(math.Ceil(b.share)) }

// rest leaves the processor and Postgres in peace after a portion, so that as much of the time is
// used as the share says.
func (b *budget) rest(ctx context.Context, took time.Duration) {
	b.mu.Lock()
	idle := float64(b.atOnce())/b.share - 1
	b.mu.Unlock()
	if idle <= 0 {
		return
	}
	resting := time.NewTimer(min(time.Duration(float64(took)*idle), restAtMost))
	defer resting.Stop()
	select {
	case <-resting.C:
	case <-ctx.Done():
	}
}

// grow takes a step up where portions wait for want of it, and nothing speaks against it. The budget is locked.
func (b *budget) grow() {
	now := time.Now()
	if b.waiting() == 0 || b.running < b.atOnce() || now.Sub(b.grown) < reactEvery || now.Sub(b.shrunk) < reactEvery {
		return
	}
	step := 0.05
	if now.Sub(b.asked) > askedLately {
		step, b.late = 0.5, 0
	}
	if b.late > lateAtMost/2 || b.share >= 1 && b.crowded {
		return
	}
	b.grown = now
	b.set(min(b.share+step, portionsAtMost))
}

// shrink takes a third away, and what is above most, down to least. The budget is locked.
func (b *budget) shrink(most, least float64) {
	if now := time.Now(); now.Sub(b.shrunk) >= reactEvery && b.share > least {
		b.shrunk = now
		b.set(max(min(b.share*2/3, most), least))
	}
}

func (b *budget) set(share float64) {
	b.share = share
	workShare.Set(share)
}

// answered says how long a person waited for an answer.
func (b *budget) answered(took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = time.Now()
	late := 0.0
	if took > inTime {
		late = 1
	}
	const weight = 1.0 / 32
	b.late += weight * (late - b.late)
	if b.late > lateAtMost {
		b.shrink(1, leastShare) // at once: a crowd comes within a tenth of a second
	}
}

// ping says how long the smallest question to Postgres took. Where it takes long it has too much to
// do, but perhaps not by us alone: one portion runs in any case.
func (b *budget) ping(took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pinged == 0 || took < b.pinged {
		b.pinged = took
	} else {
		b.pinged += (took - b.pinged) / 256 // Postgres can have moved further away
	}
	b.crowded = took > 4*b.pinged+10*time.Millisecond
	if b.crowded {
		b.shrink(portionsAtMost, 1)
	}
}

// watch asks Postgres how it is for as long as work uses it.
func (b *budget) watch(ctx context.Context, ask func(context.Context) error) {
	for ctx.Err() == nil {
		pause(ctx, 250*time.Millisecond)
		b.mu.Lock()
		working := b.running > 0
		b.mu.Unlock()
		if !working {
			continue
		}
		began := time.Now()
		if err := ask(ctx); err == nil {
			b.ping(time.Since(began))
		}
	}
}

// PersonWaits says that a person waits for an answer; answered is called when they have it.
func (c *Client) PersonWaits() (answered func()) {
	began := time.Now()
	return func() { c.budget.answered(time.Since(began)) }
}
