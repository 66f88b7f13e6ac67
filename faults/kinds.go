package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/store/embedded"
)

// fault is one kind of what can happen, and how often a whole run has it happen.
type fault struct {
	name  string
	times int
	// run has it happen at least so often, and is how often it did.
	run func(ctx context.Context, o *office, times int) (int, error)
}

// faults in the order in which they are run.
var faults = []fault{
	{"SIGKILL, half of them at a random moment, half at a named point", 400, kills},
	{"an event whose process dies over it", 1000, struckEvents},
	{"a step of the wizard whose process dies over it", 120, wizardDeaths},
	{"SIGTERM under load", 100, terminations},
	{"a replica frozen past every lease", 50, freezes},
	{"Postgres ended at once (immediate)", 20, crashes},
	{"fail-over to a standby", 20, failOvers},
	{"a commit whose acknowledgement is cut off", 1000, cuts},
	{"the way to Postgres silent for 3 s, 200 ms slower, or cut", 100, ways},
	{"one of 50 requests a second for a minute, with the way to Postgres as it is, 1, 3 or 10 s slower, silent, or cut again and again", 18000, crowdTrouble},
	{"the way to Slack or to ServiceNow silent for 11 s, up to 2 s slow, or cut", 60, outerWays},
	{"an answer of Slack's that is lost, where the app may look", 8000, lossesFound},
	{"an answer of Slack's that is lost, where it may not", 2000, lossesUnseen},
	{"\"too many requests\" from Slack and from ServiceNow", 200, refusals},
	{"a replica that can open no file or connection more for 3 s", 60, fewFiles},
	{"8 processes migrating at once", 50, migrations},
	{"the disk full", 10, fullDisks},
}

// long are those of a whole run alone, or where they are named: each takes more than a minute at the least.
var long = []fault{
	{"a replica of the version before, beside this one", 12, versions},
}

// rounds repeats a day until something has happened often enough.
func (o *office) rounds(ctx context.Context, times int, count func() int, during func(round int) error) (int, error) {
	for n := 0; count() < times; n++ {
		if count() > 0 && o.enough() {
			return count(), nil
		}
		if ctx.Err() != nil {
			return count(), ctx.Err()
		}
		if n > 10*times+20 {
			return count(), fmt.Errorf("it happened %d times in %d rounds", count(), n)
		}
		if err := o.round(ctx, n, func() error { return during(n) }); err != nil {
			return count(), err
		}
		if n%daysUnseen == daysUnseen-1 {
			if err := o.looksBetween(ctx); err != nil {
				return count(), err
			}
		}
	}
	return count(), nil
}

// daysUnseen is after how many days everything is looked at: what was told is kept for a month.
const daysUnseen = 12

// looksBetween ends a fault for a moment and checks that all is as it should be.
func (o *office) looksBetween(ctx context.Context) error {
	losing, limited := o.chat.share(&o.chat.losing), o.chat.share(&o.chat.limited)
	found, err := o.calm(ctx)
	o.sawAtOnce = append(o.sawAtOnce, found...)
	o.chat.set(&o.chat.losing, losing)
	o.chat.set(&o.chat.limited, limited)
	return err
}

func kills(ctx context.Context, o *office, times int) (int, error) {
	atRandom := 0
	o.mu.Lock()
	o.fired = 0
	o.mu.Unlock()
	count := func() int { o.mu.Lock(); defer o.mu.Unlock(); return atRandom + o.fired }
	return o.rounds(ctx, times, count, func(round int) error {
		// A named point is waited for until it is come to, next to kills at random.
		o.mu.Lock()
		idle := o.armed == ""
		o.mu.Unlock()
		if idle {
			o.arm(points[round%len(points)])
		}
		for n := range 4 {
			time.Sleep(o.moment(900 * time.Millisecond))
			if n%2 == 0 && o.replicas[o.pick(3)].kill() {
				atRandom++
			}
			if n%2 == 1 {
				if err := o.revive(ctx); err != nil {
					return err
				}
				o.arm(points[(round+n)%len(points)])
			}
		}
		return nil
	})
}

func terminations(ctx context.Context, o *office, times int) (int, error) {
	ended := 0
	return o.rounds(ctx, times, func() int { return ended }, func(int) error {
		for range 3 {
			time.Sleep(o.moment(700 * time.Millisecond))
			took, err := o.replicas[o.pick(3)].terminate()
			if err != nil {
				o.sawAtOnce = append(o.sawAtOnce, finding{lost, err.Error()})
			}
			if took > 0 {
				ended++
			}
			if err := o.revive(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// frozenFor is longer than every lease, which is 105 seconds. It is the machine's time: a process that
// wakes has a clock that went on, which is how it knows that it comes too late.
const frozenFor = 110 * time.Second

// looks are the queries after which something goes out of a process: what it is to say, whether it still has the
// place, whether Slack asked to wait, whether it is the one to renew access. A process that is frozen at such an answer
// wakes with leave to do what another one has done by then.
var looks = []string{
	"PlaceLeftAlone", "TakeAnnouncements", "SendingCard", "KeepPlace", "LostAnnouncements", "DirtyCards", "KeepHome", "KeepRequest", "LeaseTokens", "KeepLane",
}

// freezes stop two of three replicas in the middle of what they do, one at a random moment and one at the answer to
// a look, and have the third take over.
func freezes(ctx context.Context, o *office, times int) (int, error) {
	frozen := 0
	return o.rounds(ctx, times, func() int { return frozen }, func(int) error {
		first := o.pick(3)
		var stopped []*replica
		at, other := o.replicas[first], o.replicas[(first+1)%3]
		look := looks[o.pick(len(looks))]
		switch {
		case at.freezeAt(look, 2*time.Second):
			stopped = append(stopped, at)
			tell("%s is frozen at the answer to %s", at.name, look)
		case at.freeze(): // nobody comes to that look on such a day
			stopped = append(stopped, at)
		}
		time.Sleep(o.moment(400 * time.Millisecond))
		if other.freeze() {
			stopped = append(stopped, other)
		}
		frozen += len(stopped)
		select {
		case <-ctx.Done():
		case <-time.After(frozenFor):
		}
		for _, r := range stopped {
			r.signal(syscall.SIGCONT)
			o.note("awake", r.name)
		}
		return ctx.Err()
	})
}

// crash ends Postgres as pg_ctl -m immediate does, and starts it again.
func (o *office) crash(ctx context.Context) error {
	raw, err := os.ReadFile(filepath.Join(o.folder(), "postmaster.pid"))
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return err
	}
	o.note("crash", "Postgres")
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		return err
	}
	<-o.server.Done()
	return nil
}

func crashes(ctx context.Context, o *office, times int) (int, error) {
	crashed := 0
	return o.rounds(ctx, times, func() int { return crashed }, func(int) error {
		time.Sleep(o.moment(2500 * time.Millisecond))
		if err := o.crash(ctx); err != nil {
			return err
		}
		crashed++
		time.Sleep(o.moment(time.Second))
		return o.startDatabase(ctx)
	})
}

// failOvers copy the database to a standby, which becomes the database when the first one crashes.
func failOvers(ctx context.Context, o *office, times int) (int, error) {
	moved := 0
	return o.rounds(ctx, times, func() int { return moved }, func(int) error {
		standby, err := o.standby(ctx, fmt.Sprintf("standby-%d", time.Now().UnixNano()))
		if err != nil {
			return err
		}
		time.Sleep(o.moment(1500 * time.Millisecond))
		if err := o.crash(ctx); err != nil {
			return err
		}
		old := o.folder()
		o.mu.Lock()
		o.server, o.data = standby.server, standby.dir
		o.mu.Unlock()
		moved++
		// Whoever asks meanwhile meets a server that is read-only.
		time.Sleep(o.moment(time.Second))
		if err := o.promote(ctx); err != nil {
			return err
		}
		return os.RemoveAll(old)
	})
}

type standby struct {
	server *embedded.Server
	dir    string
}

// standby copies the database while it works, and has the copy follow it: from then on a commit waits
// until both have it.
func (o *office) standby(ctx context.Context, name string) (standby, error) {
	s := standby{dir: filepath.Join(o.dir, name)}
	if err := o.copied(ctx, s.dir); err != nil {
		return s, err
	}
	var err error
	if s.server, err = embedded.Start(ctx, embedded.Options{Dir: s.dir, Fsync: true}); err != nil {
		return s, err
	}
	return s, o.asks(ctx, func(conn *pgx.Conn) error {
		for _, statement := range []string{"alter system set synchronous_standby_names = '*'", "select pg_reload_conf()"} {
			if _, err := conn.Exec(ctx, statement); err != nil {
				return err
			}
		}
		var following bool
		for began := time.Now(); !following && time.Since(began) < 20*time.Second; time.Sleep(20 * time.Millisecond) {
			if err := conn.QueryRow(ctx, "select exists (select from pg_stat_replication where state = 'streaming' and sync_state = 'sync')").Scan(&following); err != nil {
				return err
			}
		}
		if !following {
			return fmt.Errorf("the standby does not follow")
		}
		return nil
	})
}

func (o *office) promote(ctx context.Context) error {
	return o.asks(ctx, func(conn *pgx.Conn) error {
		var standby bool
		if err := conn.QueryRow(ctx, "select pg_is_in_recovery()").Scan(&standby); err != nil {
			return err
		}
		if standby {
			if _, err := conn.Exec(ctx, "select pg_promote()"); err != nil {
				return err
			}
		}
		for _, statement := range []string{"alter system reset synchronous_standby_names", "select pg_reload_conf()"} {
			if _, err := conn.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

func cuts(ctx context.Context, o *office, times int) (int, error) {
	set := func(share float64) { o.mu.Lock(); o.cutting = share; o.mu.Unlock() }
	count := func() int { o.mu.Lock(); defer o.mu.Unlock(); return o.cuts }
	o.mu.Lock()
	o.cuts = 0
	o.mu.Unlock()
	defer set(0)
	return o.rounds(ctx, times, count, func(int) error {
		set(0.08)
		time.Sleep(3 * time.Second)
		set(0)
		return nil
	})
}

// ways are what becomes of the network between a replica and Postgres.
func ways(ctx context.Context, o *office, times int) (int, error) {
	happened := 0
	return o.rounds(ctx, times, func() int { return happened }, func(int) error {
		g := o.replicas[o.pick(3)].gate
		time.Sleep(o.moment(time.Second))
		o.note("way", "Postgres")
		happened++
		switch o.pick(3) {
		case 0:
			g.shut.set(true)
			time.Sleep(3 * time.Second)
			g.shut.set(false)
		case 1:
			g.delay.Store(int64(200 * time.Millisecond))
			time.Sleep(3 * time.Second)
			g.delay.Store(0)
		default:
			g.cut()
		}
		return nil
	})
}

func lossesFound(ctx context.Context, o *office, times int) (int, error) {
	return losses(ctx, o, times, 0.6)
}

// lossesUnseen are those that nobody can clear up: the app may not read its channels.
func lossesUnseen(ctx context.Context, o *office, times int) (int, error) {
	o.chat.reads.Store(false)
	defer o.chat.reads.Store(true)
	n, err := losses(ctx, o, times, 0.6)
	if err == nil {
		o.chat.set(&o.chat.losing, 0)
		err = o.settle(ctx, true)
	}
	return n, err
}

func losses(ctx context.Context, o *office, times int, share float64) (int, error) {
	before := o.chat.lost.Load()
	o.chat.set(&o.chat.losing, share)
	defer o.chat.set(&o.chat.losing, 0)
	return o.rounds(ctx, times, func() int { return int(o.chat.lost.Load() - before) }, func(int) error {
		// A lost answer is looked into after a minute: some of these go by within a day.
		for range 4 {
			time.Sleep(1500 * time.Millisecond)
			if err := o.advance(ctx, 65*time.Second); err != nil {
				return err
			}
		}
		return nil
	})
}

func refusals(ctx context.Context, o *office, times int) (int, error) {
	denied := func() int {
		o.chat.mu.Lock()
		defer o.chat.mu.Unlock()
		n := 0
		for _, c := range o.chat.calls {
			if c.denied {
				n++
			}
		}
		return n
	}
	o.chat.set(&o.chat.limited, 0.3)
	defer o.chat.set(&o.chat.limited, 0)
	return o.rounds(ctx, times, denied, func(int) error {
		for _, s := range o.systems {
			s.asksToWait()
		}
		time.Sleep(8 * time.Second) // the waits end by themselves, so that they are seen to be kept
		return nil
	})
}

// together runs things at once, and is the first error.
func together(n int, do func(n int) error) error {
	var all sync.WaitGroup
	errs := make(chan error, n)
	for i := range n {
		all.Go(func() { errs <- do(i) })
	}
	all.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
