package jobs

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"okrbot/integrations"
	"okrbot/store"
)

const (
	// appliedTogether is how many key results are applied in one transaction at least where there are
	// more; those who follow one feed stay together as far as that.
	appliedTogether = 1000
	// applyWithin bounds one transaction, once it is its turn.
	applyWithin = 30 * time.Second
	// applyTries is how often in a row what was read may fail to be applied before it is left for
	// another read.
	applyTries = 6
	// gatherFor is how long what a connection's syncs say waits for the rest of it, at most.
	gatherFor = 15 * time.Second
)

// part is what of a portion is applied in one transaction.
type part struct {
	*portion
	follows []store.Follow
	whole   []int64 // feeds whose followers all have their answer with this part
	ends    bool    // the portion: with it end the runs that read from none of its feeds
	last    bool    // of all that fell due
	done    tally
	works   bool // the sign-in does
	unclear bool // it may be applied: the answer to a commit was lost
}

// finish applies what was read, part after part. What deserves another try is left for it; what was
// asked to wait, or found no time, stays due.
func (t *taker) finish(ctx context.Context, p *portion, s sorted) error {
	// What was read is applied even when we are being stopped meanwhile.
	ctx = context.WithoutCancel(ctx)
	if s.refusal != nil {
		rejected, err := t.accounts.Refused(ctx, p.connection, s.refusal)
		if err != nil {
			return err
		}
		if !rejected {
			// One refusal can be a slip of the other side: a second one decides.
			for _, f := range p.follows {
				if isUnauthorized(s.ending[f.Feed].Err) {
					s.again[f.KeyResult] = true
				}
			}
		}
	}
	if len(s.waiting) > 0 {
		if err := t.wait(ctx, p, s); err != nil {
			return err
		}
	}
	defer func() {
		if !p.worked {
			return
		}
		if err := t.store.ConnectionSucceeded(ctx, p.connection.ID); err != nil {
			t.log.Warn("noting that a sign-in works", "connection", p.connection.ID, "error", err)
		}
	}()
	list := p.parts(s, t.applied)
	for failures := 0; len(list) > 0; {
		err := t.applyPart(ctx, list[0], s)
		switch {
		case err == nil:
			if list[0].last { // and said with it
				p.ended = true
				clear(t.gathered)
			}
			list, failures = list[1:], 0
			continue
		case errors.Is(err, errLost):
			return err
		}
		// What was read is kept: the database's trouble is no reason to read it again.
		if failures++; failures >= applyTries || t.stopping.Err() != nil && failures > 1 {
			return err
		}
		t.log.Warn("what was read is not applied yet", "connection", p.connection.ID, "key_results", len(list[0].follows), "error", err)
		list = slices.Concat(list[0].halves(), list[1:])
		pause(ctx, time.Duration(failures)*time.Second)
	}
	return nil
}

func isUnauthorized(err error) bool {
	var failure *integrations.Error
	return errors.As(err, &failure) && failure.Class == integrations.Unauthorized
}

// wait leaves a system in peace that asked for it. It does not count as a try.
func (t *taker) wait(ctx context.Context, p *portion, s sorted) error {
	t.log.Info("a system asked to wait", "connection", p.connection.ID, "wait", s.pause)
	var keyResults []int64
	var runs []store.TakenRun
	for _, f := range p.follows {
		if s.waiting[f.Feed] {
			keyResults = append(keyResults, f.KeyResult)
			runs = append(runs, p.runs[f.KeyResult]...)
		}
	}
	return t.store.InTx(ctx, func(tx *store.Tx) error {
		// What another one asked since says more.
		if mine, err := tx.KeepLane(ctx, t.held); err != nil || !mine {
			return cmp.Or(err, errLost)
		}
		if err := tx.MakeWait(ctx, p.connection, s.pause); err != nil {
			return err
		}
		if err := tx.TellWait(ctx, runs, s.pause); err != nil {
			return err
		}
		if err := tx.MarkCards(ctx, keyResults...); err != nil {
			return err // they show until when
		}
		return tx.PutBack(ctx, runs, 0, 0, func(store.TakenRun) time.Duration { return 0 })
	})
}

// parts are the portion in parts that are applied one after another.
func (p *portion) parts(s sorted, together int) []*part {
	var follows []store.Follow
	for _, f := range p.follows {
		if _, ended := s.ending[f.Feed]; ended {
			follows = append(follows, f)
		}
	}
	// Runs whose key result was removed or reads elsewhere by now end with the portion.
	left := p.withoutFeed()
	var list []*part
	for len(follows) > 0 {
		n := min(len(follows), together)
		for n < len(follows) && n < 2*together && follows[n].Feed == follows[n-1].Feed {
			n++
		}
		one := &part{portion: p, follows: follows[:n]}
		for i, f := range one.follows {
			ends := i == n-1 && (n == len(follows) || follows[n].Feed != f.Feed) || i < n-1 && one.follows[i+1].Feed != f.Feed
			if ends {
				one.whole = append(one.whole, f.Feed)
			}
		}
		list, follows = append(list, one), follows[n:]
	}
	if len(list) == 0 && (len(left) > 0 || p.last && len(s.waiting) == 0 && len(s.unread) == 0) {
		list = append(list, &part{portion: p})
	}
	if len(list) > 0 {
		list[len(list)-1].ends = true
		list[len(list)-1].last = p.last && len(s.waiting) == 0 && len(s.unread) == 0
	}
	return list
}

// withoutFeed are runs whose key result reads from none of the feeds.
func (p *portion) withoutFeed() []store.TakenRun {
	var list []store.TakenRun
	for _, r := range p.taken {
		if !slices.ContainsFunc(p.follows, func(f store.Follow) bool { return f.KeyResult == r.KeyResult }) {
			list = append(list, r)
		}
	}
	return list
}

// halves are a part that was too much at once. What it did, if it was applied after all, is counted with
// the first.
func (p *part) halves() []*part {
	n := len(p.follows) / 2
	if n == 0 {
		return []*part{p}
	}
	first, second := *p, *p
	first.follows, second.follows = p.follows[:n], p.follows[n:]
	first.ends, first.last, first.whole, second.whole, second.done = false, false, nil, nil, tally{}
	for _, id := range p.whole {
		if slices.ContainsFunc(second.follows, func(f store.Follow) bool { return f.Feed == id }) {
			second.whole = append(second.whole, id)
		} else {
			first.whole = append(first.whole, id)
		}
	}
	return []*part{&first, &second}
}

// applyPart applies a part, when it is its turn. Its time begins then.
func (t *taker) applyPart(ctx context.Context, p *part, s sorted) error {
	return t.budget.apply(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, applyWithin)
		defer cancel()
		err := t.store.InTx(ctx, func(tx *store.Tx) error {
			if applied, err := p.applied(ctx, tx); applied || err != nil {
				return err
			}
			return t.apply(ctx, tx, p, s)
		})
		if err == nil {
			p.done.count()
			p.done.log(t.log, p.connection.ID)
			p.worked = p.worked || p.works && p.called
		}
		p.unclear = p.unclear || errors.Is(err, store.ErrUnclear)
		return err
	})
}

// applied says whether a part that may be applied is: then nothing of it is left to do.
func (p *part) applied(ctx context.Context, tx *store.Tx) (bool, error) {
	if !p.unclear || len(p.follows) == 0 {
		return false, nil
	}
	return tx.BatchRecorded(ctx, p.connection.ID, p.epoch, p.follows[0].KeyResult, p.began)
}
