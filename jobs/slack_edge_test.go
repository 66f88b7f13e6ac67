package jobs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"okrbot/okr"
	"okrbot/store"
)

// edge stands where Slack begins: it takes what is said, or refuses it.
type edge struct {
	begun          []Begun
	mu             sync.Mutex
	said           []saying
	drawn          []drawing
	told           []Outcome
	notices        []string // what a connection's maker was told
	closed         []string // cards of removed key results
	gone           []string // people who left
	administrators []string
	tries          int
	refuse         func(channel string) error // of posts and cards; nil takes all
	refuseIt       func() error               // of outcomes
	find           func(mark string) (Found, error)
	stamps         int
	digests        []store.Subscription                // that were posted
	digestPosts    []Post                              // how they went out
	tells          []store.DigestEntry                 // what the next digest tells
	heard          []string                            // what people were told of what was done
	showing        func() error                        // what comes of showing a Home; nil: it is shown
	noticing       func()                              // what happens while the next notice is posted
	posting        func() error                        // what happens while a digest is posted; nil: nothing
	sees           func(store.Audience) store.Audience // who sees a channel; nil: nobody else
}

type saying struct {
	channel  string
	items    []Announced
	mark     string
	repeated bool
}

type drawing struct {
	channel, ts string
	keyResult   int64
}

func (e *edge) stamp() string {
	e.stamps++
	return fmt.Sprintf("1700000000.%06d", e.stamps)
}

func (e *edge) Announce(_ context.Context, _, channel string, items []Announced, post Post) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tries++
	if e.refuse != nil {
		if err := e.refuse(channel); err != nil {
			return "", err
		}
	}
	e.said = append(e.said, saying{channel, items, post.Mark, post.Repeated})
	return e.stamp(), nil
}

// Find may not look, unless told otherwise.
func (e *edge) Find(_ context.Context, _, _, mark string, _ time.Time) (Found, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.find == nil {
		return Found{}, nil
	}
	return e.find(mark)
}

func (e *edge) Shows(d Drawing) ([]byte, error) {
	k := d.KeyResult
	return fmt.Appendf(nil, "%s %v %s %v %v", k.Title, k.Result, k.Failure.Cause, k.Paused, d.Newest), nil
}

func (e *edge) Card(_ context.Context, channel, ts string, d Drawing, _ Post) (string, error) {
	k := d.KeyResult
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tries++
	if e.refuse != nil {
		if err := e.refuse(channel); err != nil {
			return "", err
		}
	}
	e.drawn = append(e.drawn, drawing{channel, ts, k.ID})
	if ts == "" {
		return e.stamp(), nil
	}
	return ts, nil
}

func (e *edge) Moved(_ context.Context, channel, ts string, k store.KeyResult, _ time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refuse != nil {
		if err := e.refuse(channel); err != nil {
			return err
		}
	}
	e.closed = append(e.closed, channel+" "+ts+" moved to "+k.Channel)
	return nil
}

func (e *edge) CloseCard(_ context.Context, f store.RemovedCard) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refuse != nil {
		if err := e.refuse(f.Channel); err != nil {
			return err
		}
	}
	e.closed = append(e.closed, f.Channel+" "+f.TS+" "+f.Key)
	return nil
}

func (e *edge) DigestTells(context.Context, store.Subscription) ([]store.DigestEntry, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.tells, nil
}

func (e *edge) Digest(_ context.Context, s store.Subscription, post Post) ([]store.DigestEntry, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.posting != nil {
		if err := e.posting(); err != nil {
			return e.tells, err
		}
	}
	e.digests, e.digestPosts = append(e.digests, s), append(e.digestPosts, post)
	return e.tells, nil
}

func (e *edge) DigestEnded(s store.Subscription, code string) string {
	return s.Channel + " takes no digest: " + code
}

func (e *edge) Gone(_ context.Context, _, person string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Contains(e.gone, person)
}

func (e *edge) Administrators(context.Context, string) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.administrators
}

func (e *edge) Notice(_ context.Context, c store.Connection, _ time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.noticing != nil {
		happens := e.noticing
		e.noticing = nil
		e.mu.Unlock()
		happens()
		e.mu.Lock()
	}
	e.notices = append(e.notices, c.Notice)
	return nil
}

func (e *edge) Outcome(_ context.Context, o Outcome) (Told, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refuseIt != nil {
		if err := e.refuseIt(); err != nil {
			return Told{}, err
		}
	}
	e.told = append(e.told, o)
	return Told{Channel: o.Request.Person, MessageTS: "1"}, nil
}

func (e *edge) Begun(_ context.Context, b Begun) (Told, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refuseIt != nil {
		if err := e.refuseIt(); err != nil {
			return Told{}, err
		}
	}
	e.begun = append(e.begun, b)
	return Told{Channel: b.Ask.Actor.ID, MessageTS: "1"}, nil
}

func (e *edge) Audience(_ context.Context, p store.Place) (store.Audience, error) {
	if a := (store.Audience{Place: p}); e.sees == nil {
		return a, nil
	} else {
		return e.sees(a), nil
	}
}

func (e *edge) AskConsent(context.Context, store.Audience, WaitingPosts) error { return nil }

func (e *edge) Tell(_ context.Context, _, person, text string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, person+": "+text)
	return nil
}

func (e *edge) ShowHome(context.Context, string, string) error {
	if e.showing == nil {
		return nil
	}
	return e.showing()
}

func (e *edge) Export(context.Context, okr.Actor, ExportCounts, []*File) error { return nil }

func (e *edge) CloseOut(context.Context, store.CloseOut, string, Post) error { return nil }

func (e *edge) CloseOutParked(context.Context, store.CloseOut, string, string) error { return nil }

func (e *edge) ActorToday(_ context.Context, who okr.Actor) (okr.Actor, error) { return who, nil }

func (e *edge) ExportFailed(context.Context, okr.Actor, string) error { return nil }

// in lists what was said in a channel, each message as the kinds and moves in it.
func (e *edge) in(channel string) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := []string{}
	for _, s := range e.said {
		if s.channel != channel {
			continue
		}
		var parts []string
		for _, i := range s.items {
			part := i.Present.Key() + " " + string(i.Kind)
			if topic(i.Kind) == "moved" {
				part += " " + words(i.Old) + "→" + words(i.New)
			}
			parts = append(parts, part)
		}
		slices.Sort(parts)
		text := strings.Join(parts, ", ")
		if s.repeated {
			text += " (repeated)"
		}
		list = append(list, text)
	}
	return list
}
