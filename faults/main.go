// Command faults breaks what okrbot stands on, again and again, and checks that nothing was lost,
// doubled, told twice or given away.
//
// The real program runs as three processes, on a real Postgres, against the sandbox's Slack and
// ServiceNow. What happens is drawn from a seed, which is printed; when exactly it meets the program
// depends on the machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

func main() {
	share := flag.Float64("share", 1, "how much of the whole run, for a short one")
	seed := flag.Uint64("seed", uint64(time.Now().Unix()), "what happens, to see it again")
	within := flag.Duration("within", 0, "how long it may take about: a kind that has had its part of that ends with what it has; 0: as long as it takes")
	offices := flag.Int("offices", 2, "how many suffer at once, each with a database and processes of its own")
	only := flag.String("only", "", "the kinds of faults whose name has this in it, with commas between")
	write := flag.String("write", "", "put the table into this file, between its marks")
	program := flag.String("okrbot", "", "this program instead of the one that is built from here")
	earlier := flag.String("before", "", "the commit of the version that works beside this one; empty: the newest whose newest migration is older")
	keep := flag.Bool("keep", false, "leave the logs")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	t := &table{share: *share, seed: *seed, command: "go run ./faults " + strings.Join(os.Args[1:], " "), began: time.Now()}
	err := run(ctx, t, *within, *program, *only, *earlier, *offices, *keep)
	fmt.Print(t)
	if err == nil && *write != "" {
		err = t.into(*write)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
	}
	if err != nil || t.failed() {
		os.Exit(1)
	}
}

// tell says beside the table how far it is.
func tell(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

func run(ctx context.Context, t *table, within time.Duration, program, only, earlier string, offices int, keep bool) (err error) {
	dir, err := os.MkdirTemp("", "okrbot-faults-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	if program == "" {
		program = filepath.Join(dir, "okrbot")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "okrbot/cmd/okrbot").CombinedOutput(); err != nil {
			return fmt.Errorf("building okrbot: %w: %s", err, out)
		}
	}
	tell("seed %d", t.seed)
	began := time.Now()
	turn := newTurn(only, t.share)
	atOnce := max(1, min(offices, len(turn.kinds)))
	all, ctx := errgroup.WithContext(ctx)
	for n := range atOnce {
		all.Go(func() error {
			return inOffice(ctx, filepath.Join(dir, strconv.Itoa(n+1)), program, earlier, keep, t, func(o *office) error {
				for f, begun := turn.next(); f != nil; f, begun = turn.next() {
					if within > 0 {
						o.until = began.Add(within * time.Duration(begun+atOnce-1) / time.Duration(len(turn.kinds)))
					}
					if err := o.suffers(ctx, t, *f); err != nil {
						return fmt.Errorf("%s: %w", f.name, err)
					}
				}
				return nil
			})
		})
	}
	return all.Wait()
}

// turn hands out the kinds of faults.
type turn struct {
	kinds []fault
	begun atomic.Int64
}

func newTurn(only string, share float64) *turn {
	t, all := &turn{}, faults
	if share >= 1 || only != "" {
		all = slices.Concat(faults, long)
	}
	for _, f := range all {
		if chosen(f.name, only) {
			t.kinds = append(t.kinds, f)
		}
	}
	return t
}

// next is a kind, nil after the last one, and how many have begun with it.
func (t *turn) next() (*fault, int) {
	n := int(t.begun.Add(1))
	if n > len(t.kinds) {
		return nil, n
	}
	return &t.kinds[n-1], n
}

// inOffice opens an office in a folder of its own, has it work without any fault, and then do something.
func inOffice(ctx context.Context, dir, program, earlier string, keep bool, t *table, do func(*office) error) (err error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	unmount, err := mount(dir)
	if err != nil {
		return err
	}
	o := newOffice(dir, program, t.seed)
	o.earlier = earlier
	defer func() {
		o.close()
		if keep || err != nil || o.kept {
			t.save(dir)
		}
		unmount()
	}()
	if err := o.open(ctx); err != nil {
		return err
	}
	// The first scores are no news: what changes after them is.
	if err := o.nextDay(ctx); err != nil {
		return err
	}
	if err := o.settle(ctx, true); err != nil {
		return err
	}
	found, err := o.calm(ctx)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return fmt.Errorf("before the first fault: %v", found)
	}
	err = do(o)
	t.heard(o.staff.asked.Load(), o.staff.answer.Load())
	return err
}

// suffers has one kind of fault happen, then looks at what is left.
func (o *office) suffers(ctx context.Context, t *table, f fault) error {
	times := int(math.Ceil(float64(f.times) * t.share))
	tell("%s: %d", f.name, times)
	began := time.Now()
	o.seeded(f.name)
	n, err := f.run(ctx, o, times)
	if errors.Is(err, errNoDisk) || errors.Is(err, errNoBefore) {
		tell("%s: %v", f.name, err)
		t.add(row{name: f.name, skipped: err.Error()})
		return nil
	}
	if err != nil {
		return err
	}
	found, err := o.calm(ctx)
	if err != nil {
		return fmt.Errorf("after it: %w", err)
	}
	out, err := o.checkSecrets(ctx)
	if err != nil {
		return err
	}
	r := row{name: f.name, times: n, found: slices.Concat(o.sawAtOnce, found, out), took: time.Since(began)}
	o.sawAtOnce = nil
	t.add(r)
	if !r.failed() || o.kept {
		return nil
	}
	o.kept = true // as it is now, for whoever looks for the reason
	return o.keepDump(ctx)
}

func chosen(name, only string) bool {
	if only == "" {
		return true
	}
	for _, part := range strings.Split(only, ",") {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
