package jobs

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"okrbot/okr"
	"okrbot/store"
)

// Announce says what waits in one place, and draws its cards.
type Announce struct {
	Workspace string `json:"workspace"`
	Channel   string `json:"channel"`
	Hold      int64  `json:"hold"`
}

func (Announce) Kind() string { return "announce" }

func (Announce) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueAnnounce, Priority: 2}
}

// sayAtOnce is how many announcements one message has; it shows ten and counts the rest.
const sayAtOnce = 1000

// PostsAtOnce is how many key results that people posted one message has: each is shown whole, beside
// what else there is to say, within the 50 blocks that Slack takes.
const PostsAtOnce = 5

// Announcer says what changed, and finds what it said.
type Announcer interface {
	// Announce posts one message about all items of a channel, or to a person when the channel is
	// a user id.
	Announce(ctx context.Context, workspace, channel string, items []Announced, post Post) (ts string, err error)
	// Find looks in a channel for a message of ours by its mark, among those since then.
	Find(ctx context.Context, workspace, channel, mark string, since time.Time) (Found, error)
}

// speak says what waits in a place, then draws its cards, where others may see them. When something did not
// arrive, the place is left for as long as Slack asked, else for longer each time.
func (c *Client) speak(ctx context.Context, place store.HeldPlace) (err error) {
	failures, mine, err := c.store.KeepPlace(ctx, place)
	if err != nil || !mine {
		return err
	}
	may, err := c.mayPost(ctx, place.Place)
	if err == nil && !may {
		return c.store.PausePlace(ctx, place)
	}
	wait := backOff(failures)
	failing := true
	defer func() {
		leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if !failing {
			wait = 0
		}
		err = errors.Join(err, c.store.ReleasePlace(leaving, place, wait, failing))
	}()
	if err == nil {
		err = c.say(ctx, place)
	}
	if err == nil {
		err = c.draw(ctx, place)
	}
	if err == nil {
		err = c.closeCards(ctx, place)
	}
	failing = err != nil
	if lostAnswer(err) {
		wait = max(wait, settlesWithin)
	}
	var u *Undelivered
	if errors.As(err, &u) {
		c.log.Warn("Slack did not take a post", "workspace", place.Workspace, "channel", place.Channel, "code", u.Code)
		if u.After > 0 {
			wait = u.After
		}
		err = nil
	}
	return err
}

// backOff is the wait after so many tries in a row that failed: 5 s, 20 s, 45 s … 10 min.
func backOff(failures int) time.Duration {
	n := time.Duration(min(failures, 20) + 1)
	return min(5*n*n*time.Second, 10*time.Minute)
}

// say posts what waits in a place as one message.
func (c *Client) say(ctx context.Context, p store.HeldPlace) error {
	if err := c.settleLost(ctx, p); err != nil {
		return err
	}
	taken, err := c.store.TakeAnnouncements(ctx, p, sayAtOnce)
	if err != nil || len(taken) == 0 {
		return err
	}
	taken, rest := fitting(taken)
	if len(rest) > 0 {
		if err := c.store.AnnouncementsBack(ctx, p, rest); err != nil {
			return err
		}
	}
	items, err := c.announced(ctx, p.Workspace, coalesced(taken))
	if err != nil {
		return err
	}
	ids := make([]int64, len(taken))
	repeated := false
	for i, a := range taken {
		ids[i] = a.ID
		repeated = repeated || a.Repeated
	}
	if len(items) == 0 {
		return c.store.AnnouncementsSent(ctx, p, ids, "")
	}
	if store.IsDirect(p.Channel) && c.messenger.Gone(ctx, p.Workspace, p.Channel) {
		return c.passOn(ctx, p, ids, items, "gone")
	}
	ts, err := c.messenger.Announce(ctx, p.Workspace, p.Channel, items, Post{Mark: announcementMark(taken), Repeated: repeated})
	var u *Undelivered
	switch {
	case err == nil:
		if err := c.store.AnnouncementsSent(ctx, p, ids, ts); err != nil {
			return err
		}
		return c.store.UnparkPlace(ctx, p)
	case errors.As(err, &u) && u.Kind == NotSent:
		return errors.Join(err, c.store.AnnouncementsBack(ctx, p, ids))
	case errors.As(err, &u) && (u.Kind == Permanent || u.Kind == Gone) && store.IsDirect(p.Channel):
		return c.passOn(ctx, p, ids, items, u.Code)
	case errors.As(err, &u) && (u.Kind == Permanent || u.Kind == Gone):
		return c.park(ctx, p, ids, items, u.Code)
	}
	// Nobody knows whether it arrived. The rows stay in "sending", so the next job finds out.
	return err
}

// fitting is what one message says of what was taken, and the ids of what is left for the next one.
func fitting(taken []store.Announcement) (list []store.Announcement, rest []int64) {
	posted := map[int64]bool{}
	for _, a := range taken {
		if a.Kind == store.NewsPosted && !posted[a.KeyResult] {
			if len(posted) == PostsAtOnce {
				rest = append(rest, a.ID)
				continue
			}
			posted[a.KeyResult] = true
		}
		list = append(list, a)
	}
	return list, rest
}

// coalesced makes several moves of one key result one line, from the first old value to the last
// new one, and none when it is back where it was and nobody said anything. Of a failure and a recovery that nobody has
// read yet, only what is new for the reader is left.
func coalesced(taken []store.Announcement) []store.Announcement {
	type subject struct {
		keyResult int64
		topic     string
	}
	first := map[subject]store.Announcement{}
	last := map[subject]store.Announcement{}
	var order []subject
	for _, a := range taken {
		s := subject{a.KeyResult, topic(a.Kind)}
		if f, seen := first[s]; seen {
			if s.topic == "moved" {
				a.Old, a.OldWords, a.OldDay, a.OldStatus = f.Old, f.OldWords, f.OldDay, f.OldStatus
				a.Note = strings.Trim(last[s].Note+"; "+a.Note, "; ")
				a.Said = slices.Concat(last[s].Said, a.Said)
				if last[s].Kind != a.Kind {
					a.Kind = store.NewsChanged
				}
			}
		} else {
			first[s] = a
			order = append(order, s)
		}
		last[s] = a
	}
	var list []store.Announcement
	for _, s := range order {
		f, l := first[s], last[s]
		switch {
		case s.topic == "moved" && f.ID != l.ID && l.Note == "" && len(l.Said) == 0 && okr.Same(l.Old, l.New) && l.OldStatus == l.NewStatus:
		case s.topic == "health" && f.Kind != l.Kind:
		default:
			list = append(list, l)
		}
	}
	return list
}

// topic is what announcements are about; those of one topic replace each other.
func topic(kind store.NewsKind) string {
	switch kind {
	case store.NewsChanged, store.NewsRestated:
		return "moved"
	case store.NewsFailed, store.NewsRecovered:
		return "health"
	}
	return string(kind)
}

func (c *Client) announced(ctx context.Context, workspace string, list []store.Announcement) ([]Announced, error) {
	ids := make([]int64, len(list))
	for i, a := range list {
		ids[i] = a.KeyResult
	}
	present, now, err := c.present(ctx, workspace, ids)
	if err != nil {
		return nil, err
	}
	var items []Announced
	for _, a := range list {
		if k, ok := present[a.KeyResult]; ok {
			items = append(items, Announced{Announcement: a, Present: k, Now: now})
		}
	}
	return items, nil
}

func (c *Client) present(ctx context.Context, workspace string, ids []int64) (map[int64]store.KeyResult, time.Time, error) {
	now, err := c.store.Now(ctx)
	if err != nil {
		return nil, now, err
	}
	present := make(map[int64]store.KeyResult, len(ids))
	if len(ids) == 0 {
		return present, now, nil
	}
	list, err := c.store.KeyResults(ctx, workspace, store.Filter{IDs: ids})
	if err != nil {
		return nil, now, err
	}
	for _, k := range list {
		present[k.ID] = k
	}
	return present, now, nil
}

// park sets aside what Slack will not take and tells the key results' owners once, each in one
// message.
func (c *Client) park(ctx context.Context, p store.HeldPlace, ids []int64, items []Announced, code string) error {
	c.log.Warn("Slack does not take posts here", "workspace", p.Workspace, "channel", p.Channel, "code", code)
	return c.store.InTx(ctx, func(tx *store.Tx) error {
		if mine, err := tx.AnnouncementsParked(ctx, p, ids, code); err != nil || !mine {
			return err
		}
		var list []store.Announcement
		for _, item := range items {
			if item.Present.Channel != p.Channel {
				continue // a direct message, or the key result has moved on
			}
			card := store.Card{KeyResult: item.KeyResult, Workspace: p.Workspace, Channel: p.Channel}
			first, err := tx.CardParked(ctx, p, card, code, false)
			if err != nil {
				return err
			}
			if first {
				list = append(list, parked(item.Present, p.Channel, code))
			}
		}
		return tx.Announce(ctx, list)
	})
}

// passOn sets aside what was to be told to somebody who is not there, and has it told to the next who
// can do something about it.
func (c *Client) passOn(ctx context.Context, p store.HeldPlace, ids []int64, items []Announced, code string) error {
	c.log.Warn("somebody is not there to be told", "workspace", p.Workspace, "person", p.Channel, "code", code)
	var list []store.Announcement
	for _, item := range items {
		for _, next := range c.nextInLine(ctx, item.Present, p.Channel) {
			a := item.Announcement
			a.Channel, a.Repeated = next, false
			list = append(list, a)
		}
	}
	return c.store.InTx(ctx, func(tx *store.Tx) error {
		if mine, err := tx.AnnouncementsParked(ctx, p, ids, code); err != nil || !mine {
			return err
		}
		return tx.Announce(ctx, list)
	})
}

// nextInLine are those who hear of a key result in the place of somebody who is gone: a co-owner, else
// the objective's owner, else a co-owner of the objective, else administrators. After these there is nobody.
func (c *Client) nextInLine(ctx context.Context, k store.KeyResult, gone string) []string {
	line := slices.Concat([]string{k.Owner}, k.CoOwners, []string{k.Objective.Owner}, k.Objective.CoOwners)
	for _, heir := range line[slices.Index(line, gone)+1:] {
		if heir != "" && heir != gone && !c.messenger.Gone(ctx, k.Workspace, heir) {
			return []string{heir}
		}
	}
	administrators := c.messenger.Administrators(ctx, k.Workspace)
	if slices.Contains(administrators, gone) {
		return nil // they were told, or could not be
	}
	return slices.DeleteFunc(administrators, func(id string) bool { return slices.Contains(line, id) })
}

func parked(k store.KeyResult, channel, code string) store.Announcement {
	return store.Announcement{
		Workspace: k.Workspace, Channel: k.Owner, KeyResult: k.ID, Kind: store.NewsUnposted, Refused: store.Refusal{Channel: channel, Code: code},
	}
}

// closeCards closes the cards of removed key results in a place. A message that Slack does not let
// us change any more stays as it is.
func (c *Client) closeCards(ctx context.Context, place store.HeldPlace) error {
	list, err := c.store.RemovedCards(ctx, place.Place, drawAtOnce)
	if err != nil {
		return err
	}
	for _, f := range list {
		if c.stopping.Err() != nil {
			return nil
		}
		if _, mine, err := c.store.KeepPlace(ctx, place); err != nil || !mine {
			return err
		}
		if may, err := c.mayPost(ctx, place.Place); err != nil || !may {
			return err
		}
		err := c.messenger.CloseCard(ctx, f)
		var u *Undelivered
		if err != nil && !(errors.As(err, &u) && (u.Kind == Permanent || u.Kind == Gone)) {
			return err
		}
		if err := c.store.RemovedCardClosed(ctx, place, f); err != nil {
			return err
		}
	}
	return nil
}
