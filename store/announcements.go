package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"okrbot/okr"
	"okrbot/store/queries"
)

// NewsKind is what an announcement tells of. It is stored data.
type NewsKind string

// What is told.
const (
	NewsChanged   NewsKind = "changed"   // a result moved
	NewsRestated  NewsKind = "restated"  // it moved because a past score did
	NewsFailed    NewsKind = "failed"    // a key result does not sync any more
	NewsRecovered NewsKind = "recovered" // it does again
	NewsUnposted  NewsKind = "parked"    // a channel does not take what is to be said there
	NewsPosted    NewsKind = "shared"    // somebody posts a key result
)

// Refusal is a channel that takes no posts, and Slack's word for why.
type Refusal struct{ Channel, Code string }

// Said is what somebody said with what they did, in their words, and the result that they said it of as
// it was written; empty where there is none or it is not known.
type Said struct{ By, Words, Of string }

// Announcement is one thing to say about a key result in a channel. A direct message's channel is
// the person's id.
type Announcement struct {
	ID        int64
	Workspace string
	Channel   string
	KeyResult int64
	Kind      NewsKind
	Old, New  decimal.NullDecimal
	OldWords  string  // both as they were written when they counted; empty where there was none
	NewWords  string  // or it is not known
	OldDay    okr.Day // zero when there was none
	NewDay    okr.Day
	OldStatus okr.Status
	NewStatus okr.Status
	Note      string  // NewsFailed: what happened and what to do; NewsChanged, NewsRestated: why
	Said      []Said  // NewsChanged: the note of the check-in that moved it; several once they are told together
	Refused   Refusal // NewsUnposted
	By        string  // NewsPosted: who posts it
	Repeated  bool    // it went out for the second time, since the first answer was lost
	At        time.Time
}

// Announce puts things to say into the outbox; a channel's leave together.
func (tx *Tx) Announce(ctx context.Context, list []Announcement) error {
	return tx.Say(ctx, 0, list, nil, nil)
}

// Say puts things to say into the outbox and has cards drawn again, after a wait, with what comes
// meanwhile; and has spoken in other places as well. All places are marked at once, in one order, so
// that two who share some do not wait for each other.
func (tx *Tx) Say(ctx context.Context, wait time.Duration, list []Announcement, cards []int64, also []Place) error {
	if len(list) > 0 {
		if err := tx.announce(ctx, list); err != nil {
			return err
		}
	}
	places := map[Place]bool{}
	for _, a := range list {
		places[Place{a.Workspace, a.Channel}] = true
	}
	for _, p := range also {
		places[p] = true
	}
	if len(cards) == 0 {
		return tx.ready(ctx, wait, places, nil)
	}
	p := queries.MarkCardsParams{Seconds: wait.Seconds(), KeyResultIds: cards}
	for place := range places {
		p.WorkspaceIds = append(p.WorkspaceIds, place.Workspace)
		p.ChannelIds = append(p.ChannelIds, place.Channel)
	}
	if err := tx.q.MarkCards(ctx, p); err != nil {
		return fmt.Errorf("marking cards: %w", err)
	}
	return nil
}

func (tx *Tx) announce(ctx context.Context, list []Announcement) error {
	if len(list) == 0 {
		return nil
	}
	var p queries.AnnounceParams
	for _, a := range list {
		p.WorkspaceIds = append(p.WorkspaceIds, a.Workspace)
		p.ChannelIds = append(p.ChannelIds, a.Channel)
		p.KeyResultIds = append(p.KeyResultIds, a.KeyResult)
		p.Kinds = append(p.Kinds, string(a.Kind))
		p.OldValues = append(p.OldValues, numberText(a.Old))
		p.NewValues = append(p.NewValues, numberText(a.New))
		p.OldWords = append(p.OldWords, a.OldWords)
		p.NewWords = append(p.NewWords, a.NewWords)
		p.OldDays = append(p.OldDays, dayText(a.OldDay, a.OldDay != 0))
		p.NewDays = append(p.NewDays, dayText(a.NewDay, a.NewDay != 0))
		p.OldStatuses = append(p.OldStatuses, string(a.OldStatus))
		p.NewStatuses = append(p.NewStatuses, string(a.NewStatus))
		p.Notes = append(p.Notes, a.noted())
		p.RefusedChannels = append(p.RefusedChannels, a.Refused.Channel)
		p.RefusedCodes = append(p.RefusedCodes, a.Refused.Code)
		p.PostedBy = append(p.PostedBy, a.by())
	}
	if err := tx.q.Announce(ctx, p); err != nil {
		return fmt.Errorf("announcing: %w", err)
	}
	return nil
}

// PlacesReady has what waits in places said now.
func (tx *Tx) PlacesReady(ctx context.Context, places []Place) error {
	return tx.Say(ctx, 0, nil, nil, places)
}

// ready marks places, and those of the cards of key results, as ready after a wait.
func (tx *Tx) ready(ctx context.Context, wait time.Duration, places map[Place]bool, cards []int64) error {
	if len(places) == 0 && len(cards) == 0 {
		return nil
	}
	p := queries.ReadyPlacesParams{Seconds: wait.Seconds(), KeyResultIds: cards}
	for place := range places {
		p.WorkspaceIds = append(p.WorkspaceIds, place.Workspace)
		p.ChannelIds = append(p.ChannelIds, place.Channel)
	}
	if err := tx.q.ReadyPlaces(ctx, p); err != nil {
		return fmt.Errorf("having places spoken in: %w", err)
	}
	return nil
}

// AnnounceChange says in a key result's channel that its result moved, and has its cards drawn
// again; with what was said of it, if anything was. It says nothing when the result is the same, in number and
// in kind.
func (tx *Tx) AnnounceChange(ctx context.Context, before, after KeyResult, said ...Said) error {
	if err := tx.MarkCards(ctx, after.ID); err != nil {
		return err
	}
	day := after.Today(tx.Now)
	was, is, err := tx.settle(ctx, before, after, day)
	if err != nil {
		return err
	}
	old, now := before.Told(), after.Told()
	otherwise := old.Value.Valid && (before.Method != after.Method || before.Unit != after.Unit)
	if after.Channel == "" || okr.Same(old.Value, now.Value) && !otherwise {
		return nil
	}
	return tx.Announce(ctx, []Announcement{{
		Workspace: after.Workspace, Channel: after.Channel, KeyResult: after.ID, Kind: NewsChanged,
		Old: old.Value, New: now.Value, OldWords: before.MeasuredWords(old.Value), NewWords: after.MeasuredWords(now.Value), OldDay: old.AsOf, NewDay: now.AsOf,
		OldStatus: was, NewStatus: is,
		Note: edited(before, after), Said: said,
	}})
}

// settle is the status that was announced last of a key result, and the one to announce now that it
// changed, which is on record as announced from here on: also where nothing is said, since cards show it.
func (tx *Tx) settle(ctx context.Context, before, after KeyResult, day okr.Day) (was, is okr.Status, err error) {
	announced, err := tx.q.AnnouncedStatus(ctx, queries.AnnouncedStatusParams{WorkspaceID: after.Workspace, ID: after.ID})
	if err != nil {
		return "", "", fmt.Errorf("looking up the status of key result %d: %w", after.ID, found(err))
	}
	was = okr.Status(announced)
	if was == "" {
		was = before.Standing(before.Objective.Period, day).Status
	}
	is = after.Standing(after.Objective.Period, day).Settled(was)
	err = tx.q.SaveAnnouncedStatus(ctx, queries.SaveAnnouncedStatusParams{Status: string(is), WorkspaceID: after.Workspace, ID: after.ID})
	if err != nil {
		return "", "", fmt.Errorf("noting the status of key result %d: %w", after.ID, err)
	}
	return was, is, nil
}

// edited says which edits make a result another one: "Calculate Overall Progress changed from Latest
// value to Hit rate". Empty where there was none.
func edited(before, after KeyResult) string {
	var parts []string
	note := func(what, from, to string) {
		if from != to {
			parts = append(parts, what+" changed from "+cmp.Or(from, "none")+" to "+cmp.Or(to, "none"))
		}
	}
	note("Calculate Overall Progress", before.Method.Label(), after.Method.Label())
	note("Unit of Measurement", before.Unit, after.Unit)
	if before.Source.Name != after.Source.Name { // how it stands now hangs on both
		note("Goal", before.GoalWords(), after.GoalWords())
	}
	note("Scorecard", before.Source.Name, after.Source.Name)
	note("Objective", before.Objective.Title, after.Objective.Title)
	if after.Method == okr.HitRate && before.Method == okr.HitRate { // the readings are judged by these
		note("Goal", before.Kind.Label(), after.Kind.Label())
		target, upper := entered(before.Target, after.Target), entered(before.Upper, after.Upper)
		note("Target Value", target[0], target[1])
		note("Upper Value", upper[0], upper[1])
	}
	return strings.Join(parts, ", ")
}

// Place is a channel of a workspace where something waits to be said or drawn.
type Place struct{ Workspace, Channel string }

// IsDirect says whether something is said in direct messages, which stand under their reader's id, and
// not in a channel. Slack's people have an id that begins with U or W.
func IsDirect(channel string) bool {
	return strings.HasPrefix(channel, "U") || strings.HasPrefix(channel, "W")
}

// HeldPlace is a place where one job speaks. A job that carries an older hold comes too late.
type HeldPlace struct {
	Place
	Hold int64
}

// HoldPlaces takes places where something is to be said or a card to be drawn, each for 105
// seconds.
func (tx *Tx) HoldPlaces(ctx context.Context, most int) ([]HeldPlace, error) {
	rows, err := tx.q.HoldPlaces(ctx, int32(most))
	if err != nil {
		return nil, fmt.Errorf("looking for what is to be said: %w", err)
	}
	list := make([]HeldPlace, len(rows))
	for i, row := range rows {
		list[i] = HeldPlace{Place{row.WorkspaceID, row.ChannelID}, row.Hold}
	}
	return list, nil
}

// KeepPlace prolongs a hold to 105 seconds and says how often in a row nothing arrived there;
// false when another job has the place.
func (s *Store) KeepPlace(ctx context.Context, h HeldPlace) (failures int, held bool, err error) {
	rows, err := s.q.KeepPlace(ctx, queries.KeepPlaceParams{WorkspaceID: h.Workspace, ChannelID: h.Channel, Hold: h.Hold})
	if err != nil {
		return 0, false, fmt.Errorf("holding a place to speak: %w", err)
	}
	if len(rows) == 0 {
		return 0, false, nil
	}
	return int(rows[0]), true, nil
}

// ReleasePlace gives a place back. With a wait, nobody speaks there before it is over; failed
// counts one more try in a row at which nothing arrived.
func (s *Store) ReleasePlace(ctx context.Context, h HeldPlace, wait time.Duration, failed bool) error {
	err := s.q.ReleasePlace(ctx, queries.ReleasePlaceParams{
		WorkspaceID: h.Workspace, ChannelID: h.Channel, Hold: h.Hold, Seconds: wait.Seconds(), Failed: failed,
	})
	if err != nil {
		return fmt.Errorf("giving a place back: %w", err)
	}
	return nil
}

// LeaveAlone notes that Slack asked that nothing be posted in a place for so long.
func (s *Store) LeaveAlone(ctx context.Context, p Place, wait time.Duration) error {
	err := s.q.LeavePlaceAlone(ctx, queries.LeavePlaceAloneParams{WorkspaceID: p.Workspace, ChannelID: p.Channel, Seconds: wait.Seconds()})
	if err != nil {
		return fmt.Errorf("noting that a place is left alone: %w", err)
	}
	return nil
}

// LeftAlone is how long nothing is to be posted in a place, since Slack asked for it.
func (s *Store) LeftAlone(ctx context.Context, p Place) (time.Duration, error) {
	seconds, err := s.q.PlaceLeftAlone(ctx, queries.PlaceLeftAloneParams{WorkspaceID: p.Workspace, ChannelID: p.Channel})
	if err != nil {
		return 0, fmt.Errorf("asking how long a place is left alone: %w", err)
	}
	if len(seconds) == 0 {
		return 0, nil
	}
	return time.Duration(seconds[0] * float64(time.Second)), nil
}

// TakeAnnouncements takes what is to be said in a place, oldest first; nothing where another job has the
// place. They are on record as being sent before they are, so that a death on the way is seen.
func (s *Store) TakeAnnouncements(ctx context.Context, h HeldPlace, most int) ([]Announcement, error) {
	rows, err := s.q.TakeAnnouncements(ctx, queries.TakeAnnouncementsParams{WorkspaceID: h.Workspace, ChannelID: h.Channel, Hold: h.Hold, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("taking announcements: %w", err)
	}
	return announcements(rows), nil
}

// LostAnnouncements are those in a place whose post's answer was lost, oldest first; none where another job has
// the place.
func (s *Store) LostAnnouncements(ctx context.Context, h HeldPlace) ([]Announcement, error) {
	rows, err := s.q.LostAnnouncements(ctx, queries.LostAnnouncementsParams{WorkspaceID: h.Workspace, ChannelID: h.Channel, Hold: h.Hold})
	if err != nil {
		return nil, fmt.Errorf("looking for announcements whose answer was lost: %w", err)
	}
	return announcements(rows), nil
}

// announcements are rows, oldest first.
func announcements(rows []queries.Announcement) []Announcement {
	slices.SortFunc(rows, func(a, b queries.Announcement) int { return cmp.Compare(a.ID, b.ID) })
	list := make([]Announcement, len(rows))
	for i, row := range rows {
		list[i] = Announcement{
			ID: row.ID, Workspace: row.WorkspaceID, Channel: row.ChannelID, KeyResult: row.KeyResultID, Kind: NewsKind(row.Kind),
			Old: row.OldValue, New: row.NewValue, OldWords: row.OldWords, NewWords: row.NewWords, OldDay: dayOrZero(row.OldDay), NewDay: dayOrZero(row.NewDay),
			OldStatus: okr.Status(row.OldStatus), NewStatus: okr.Status(row.NewStatus), Repeated: row.Repeated, At: row.CreatedAt,
		}
		list[i].read(row)
	}
	return list
}

// noted is an announcement's note as versions before migration 32 read it, which have no other field.
func (a Announcement) noted() string {
	switch a.Kind {
	case NewsUnposted:
		return a.Refused.Channel + " " + a.Refused.Code
	case NewsPosted:
		return a.By
	case NewsChanged:
		if len(a.Said) > 0 {
			return a.Said[0].Words
		}
	}
	return a.Note
}

// by is who posted it, or whose words its note is.
func (a Announcement) by() string {
	if len(a.Said) > 0 {
		return a.Said[0].By
	}
	return a.By
}

// read takes what an announcement is about from its fields, or from the note of one that an older
// version left.
func (a *Announcement) read(row queries.Announcement) {
	switch a.Kind {
	case NewsUnposted:
		a.Refused = Refusal{Channel: row.RefusedChannel, Code: row.RefusedCode}
		if row.RefusedChannel == "" {
			a.Refused.Channel, a.Refused.Code, _ = strings.Cut(row.Note, " ")
		}
	case NewsPosted:
		a.By = cmp.Or(row.PostedBy, row.Note)
	case NewsChanged:
		if row.PostedBy != "" {
			a.Said = []Said{{By: row.PostedBy, Words: row.Note, Of: row.NewWords}}
			return
		}
		a.Note = row.Note
	default:
		a.Note = row.Note
	}
}

// AnnouncementsSent notes that a message with these was posted. Nothing is noted by a job that comes too late: whoever
// has the place by then looks for the message. The same holds for what else is noted under a HeldPlace.
func (s *Store) AnnouncementsSent(ctx context.Context, h HeldPlace, ids []int64, ts string) error {
	if err := s.q.AnnouncementsSent(ctx, queries.AnnouncementsSentParams{Ids: ids, MessageTs: ts, Hold: h.Hold}); err != nil {
		return fmt.Errorf("noting a post: %w", err)
	}
	return nil
}

// AnnouncementsBack puts back what was surely not sent.
func (s *Store) AnnouncementsBack(ctx context.Context, h HeldPlace, ids []int64) error {
	if err := s.q.AnnouncementsBack(ctx, queries.AnnouncementsBackParams{Ids: ids, Hold: h.Hold}); err != nil {
		return fmt.Errorf("putting announcements back: %w", err)
	}
	return nil
}

// AnnouncementsParked sets aside what Slack will not take, with Slack's word for it; false where another job has the
// place.
func (tx *Tx) AnnouncementsParked(ctx context.Context, h HeldPlace, ids []int64, code string) (bool, error) {
	n, err := tx.q.AnnouncementsParked(ctx, queries.AnnouncementsParkedParams{Ids: ids, Error: code, Hold: h.Hold})
	if err != nil {
		return false, fmt.Errorf("parking announcements: %w", err)
	}
	return n > 0, nil
}
