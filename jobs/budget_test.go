package jobs

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// spendsFor is what the portions here take.
const spendsFor = 20 * time.Millisecond

// crew works on portions without end.
type crew struct {
	done, at, most atomic.Int64
}

func (b *tried) crew(ctx context.Context, workers int) *crew {
	c := &crew{}
	for range workers {
		b.all.Go(func() {
			for ctx.Err() == nil {
				_ = b.apply(ctx, func() error {
					c.most.Store(max(c.most.Load(), c.at.Add(1)))
					time.Sleep(spendsFor)
					c.at.Add(-1)
					c.done.Add(1)
					return nil
				})
			}
		})
	}
	return c
}

// share is how many portions ran at once on average, for a while from now on.
func (c *crew) share(during time.Duration) float64 {
	before := c.done.Load()
	time.Sleep(during)
	return float64(c.done.Load()-before) * spendsFor.Seconds() / during.Seconds()
}

// answers has people answered two hundred times a second.
func (b *tried) answers(ctx context.Context, took func() time.Duration) {
	b.all.Go(func() {
		for ctx.Err() == nil {
			b.answered(took())
			time.Sleep(5 * time.Millisecond)
		}
	})
}

// tried is a budget with all that goes on around it.
type tried struct {
	*budget
	all sync.WaitGroup
}

// inItsTime runs a test in a time of its own, and ends what it started.
func inItsTime(t *testing.T, test func(ctx context.Context, b *tried)) {
	synctest.Test(t, func(t *testing.T) {
		b := &tried{budget: newBudget()}
		ctx, cancel := context.WithCancel(t.Context())
		test(ctx, b)
		cancel()
		b.all.Wait()
	})
}

func TestWorkUsesWhatNobodyNeeds(t *testing.T) {
	inItsTime(t, func(ctx context.Context, b *tried) {
		c := b.crew(ctx, 10)
		time.Sleep(5 * time.Second)
		if got := c.share(10 * time.Second); got < portionsAtMost*0.99 || c.most.Load() > portionsAtMost {
			t.Errorf("%.2f portions at once, at most %d; want %d", got, c.most.Load(), portionsAtMost)
		}
	})
}

func TestWorkMakesWayForPeopleAndGoesOn(t *testing.T) {
	inItsTime(t, func(ctx context.Context, b *tried) {
		c := b.crew(ctx, 10)
		time.Sleep(5 * time.Second)
		asking, enough := context.WithCancel(ctx)
		b.answers(asking, func() time.Duration { return 300 * time.Millisecond })
		time.Sleep(2 * time.Second)
		if got := c.share(20 * time.Second); got < leastShare*0.9 || got > leastShare*1.1 {
			t.Errorf("while people are answered late: %.2f portions at once, want %.2f", got, leastShare)
		}
		enough()
		time.Sleep(askedLately + 5*time.Second)
		if got := c.share(10 * time.Second); got < portionsAtMost*0.99 {
			t.Errorf("after they have gone: %.2f portions at once, want %d", got, portionsAtMost)
		}
	})
}

// TestWorkFindsTheShareThatPeopleBear has answers that come late as soon as more than half of the
// processor's time goes into work.
func TestWorkFindsTheShareThatPeopleBear(t *testing.T) {
	inItsTime(t, func(ctx context.Context, b *tried) {
		c := b.crew(ctx, 10)
		var asked, late atomic.Int64
		b.answers(ctx, func() time.Duration {
			b.mu.Lock()
			defer b.mu.Unlock()
			asked.Add(1)
			if b.share > 0.5 {
				late.Add(1)
				return 150 * time.Millisecond
			}
			return 10 * time.Millisecond
		})
		time.Sleep(10 * time.Second)
		asked.Store(0)
		late.Store(0)
		if got := c.share(60 * time.Second); got < 0.25 || got > 0.55 {
			t.Errorf("%.2f portions at once, want a little less than 0.5", got)
		}
		if part := float64(late.Load()) / float64(asked.Load()); part > 2*lateAtMost {
			t.Errorf("%.0f %% of the answers came late", 100*part)
		}
	})
}

func TestACrowdedPostgresGetsOnePortionAtOnce(t *testing.T) {
	inItsTime(t, func(ctx context.Context, b *tried) {
		c := b.crew(ctx, 10)
		var slow atomic.Bool
		b.all.Go(func() {
			b.watch(ctx, func(context.Context) error {
				if slow.Load() {
					time.Sleep(80 * time.Millisecond)
				}
				time.Sleep(time.Millisecond)
				return nil
			})
		})
		time.Sleep(5 * time.Second)
		slow.Store(true)
		time.Sleep(5 * time.Second)
		if got := c.share(10 * time.Second); got < 0.95 || got > 1.1 {
			t.Errorf("%.2f portions at once, want 1", got)
		}
		slow.Store(false)
		time.Sleep(5 * time.Second)
		if got := c.share(10 * time.Second); got < portionsAtMost*0.99 {
			t.Errorf("%.2f portions at once afterwards, want %d", got, portionsAtMost)
		}
	})
}

func TestAPlaceIsGivenBack(t *testing.T) {
	inItsTime(t, func(ctx context.Context, b *tried) {
		wrong := errors.New("wrong")
		if err := b.apply(ctx, func() error { return wrong }); err != wrong {
			t.Error(err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = b.apply(ctx, func() error { panic("wrong") })
		}()
		// Those who gave up have no turn, and take none from the others.
		held := make(chan struct{})
		for range portionsAtMost {
			b.all.Go(func() { _ = b.apply(ctx, func() error { <-held; return nil }) })
			time.Sleep(time.Second)
		}
		leaving, leave := context.WithCancel(ctx)
		left := make(chan error, 1)
		b.all.Go(func() { left <- b.apply(leaving, func() error { t.Error("it ran"); return nil }) })
		synctest.Wait()
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		close(held)
		synctest.Wait()
		ran := false
		if err := b.apply(ctx, func() error { ran = true; return nil }); err != nil || !ran {
			t.Error(ran, err)
		}
		time.Sleep(restAtMost) // who had a place for a part of the time rests in it
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.running != 0 || b.waiting() != 0 {
			t.Errorf("%d run and %d wait", b.running, b.waiting())
		}
	})
}

func TestWhatIsAppliedGoesBeforeWhatIsDrawn(t *testing.T) {
	both := 2*beforeDrawing + 2
	turns := strings.Repeat("a", beforeDrawing) + "d"
	for waits, want := range map[time.Duration]string{
		0:            strings.Repeat("a", both) + "dd",
		drawingWaits: turns + turns + "aa",
	} {
		inItsTime(t, func(ctx context.Context, b *tried) {
			b.set(1)
			held := make(chan struct{})
			b.all.Go(func() { _ = b.apply(ctx, func() error { <-held; return nil }) })
			synctest.Wait()
			var mu sync.Mutex
			order := ""
			turn := func(by func(context.Context, func() error) error, is string) {
				b.all.Go(func() {
					_ = by(ctx, func() error {
						mu.Lock()
						defer mu.Unlock()
						order += is
						return nil
					})
				})
				synctest.Wait()
			}
			b.grown = time.Now().Add(time.Minute) // it stays one
			for range 2 {
				turn(b.draw, "d")
			}
			for range both {
				turn(b.apply, "a")
			}
			time.Sleep(waits)
			close(held)
			b.all.Wait()
			if order != want {
				t.Errorf("after %v they came in the order %s, want %s", waits, order, want)
			}
		})
	}
}

// Values that are true come before cards that show them, also where there is room for both.
func TestDrawingWaitsForWhatIsApplied(t *testing.T) {
	inItsTime(t, func(ctx context.Context, b *tried) {
		b.set(2)
		held := make(chan struct{})
		b.all.Go(func() { _ = b.apply(ctx, func() error { <-held; return nil }) })
		synctest.Wait()
		var drawn atomic.Bool
		b.all.Go(func() { _ = b.draw(ctx, func() error { drawn.Store(true); return nil }) })
		synctest.Wait()
		if drawn.Load() {
			t.Error("it is drawn beside what is applied")
		}
		if b.share != 2 {
			t.Errorf("the budget grew to %v for what does not want it", b.share)
		}
		close(held)
		synctest.Wait()
		if !drawn.Load() {
			t.Error("it is not drawn when all is applied")
		}
	})
}
