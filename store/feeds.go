package store

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"okrbot/okr"
	"okrbot/store/queries"
)

// Feed is what is read: one scorecard through one connection. Its scores are kept once, however many
// key results follow it.
type Feed struct {
	ID        int64
	Reference string
	Wanted    okr.Day // the first day that a follower counts
	Since     okr.Day // scores are complete from here on; zero: never read
	Newest    okr.Day // day of the newest score; zero: there is none
	Epoch     int64   // of the fetch last applied
	Changed   int64   // of the fetch that last brought something new
	Digest    []byte  // of what the next fetch reads again
	Crashes   int     // fetches whose process died under them
}

// DueFeed is a feed that fell due, with the key results that follow it and are due.
type DueFeed struct {
	Feed
	Follows []Follow
}

// Follow is a key result that follows a feed and is due. Look says that it is looked at also where
// the feed brings nothing new.
type Follow struct {
	KeyResult int64
	Feed      int64
	Look      bool
}

// DueFeeds are the next feeds of a connection, after one, that fell due by the database's clock.
func (r Statements) DueFeeds(ctx context.Context, connection, after int64, most int) ([]DueFeed, error) {
	rows, err := r.q.DueFeeds(ctx, queries.DueFeedsParams{ConnectionID: connection, After: after, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("looking for what is due: %w", err)
	}
	list := make([]DueFeed, len(rows))
	for i, row := range rows {
		list[i] = DueFeed{Feed: feed(row.Feed), Follows: make([]Follow, len(row.Due))}
		for n, id := range row.Due { // both are in the order of ids
			look := len(row.Look) > 0 && row.Look[0] == id
			if look {
				row.Look = row.Look[1:]
			}
			list[i].Follows[n] = Follow{KeyResult: id, Feed: row.Feed.ID, Look: look}
		}
	}
	return list, nil
}

// FollowsOf are some key results with the feeds that they follow through a connection. Whoever reads
// elsewhere is missing.
func (r Statements) FollowsOf(ctx context.Context, connection int64, keyResults []int64) ([]Follow, error) {
	rows, err := r.q.FeedsFollowed(ctx, queries.FeedsFollowedParams{KeyResultIds: keyResults, ConnectionID: connection})
	if err != nil {
		return nil, fmt.Errorf("looking for feeds: %w", err)
	}
	list := make([]Follow, len(rows))
	for i, row := range rows {
		list[i] = Follow{KeyResult: row.KeyResultID, Feed: row.FeedID, Look: true}
	}
	return list, nil
}

// Feeds loads feeds, by their ids.
func (r Statements) Feeds(ctx context.Context, ids []int64) (map[int64]Feed, error) {
	rows, err := r.q.FeedsOf(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("loading feeds: %w", err)
	}
	feeds := make(map[int64]Feed, len(rows))
	for _, row := range rows {
		feeds[row.ID] = feed(row)
	}
	return feeds, nil
}

func feed(row queries.Feed) Feed {
	return Feed{
		ID: row.ID, Reference: row.Reference, Wanted: okr.DayOf(row.WantedFrom), Since: dayOrZero(row.Since), Newest: dayOrZero(row.Newest),
		Epoch: row.Epoch, Changed: row.ChangedEpoch, Digest: row.Digest, Crashes: int(row.Crashes),
	}
}

// LockFeeds locks feeds, in one order for everybody, and says up to which epoch each is read.
func (tx *Tx) LockFeeds(ctx context.Context, ids []int64) (map[int64]Feed, error) {
	rows, err := tx.q.LockFeeds(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("locking feeds: %w", err)
	}
	locked := make(map[int64]Feed, len(rows))
	for _, row := range rows {
		locked[row.ID] = Feed{ID: row.ID, Epoch: row.Epoch, Changed: row.ChangedEpoch}
	}
	return locked, nil
}

// Score is a feed's value for a day.
type Score struct {
	Day    okr.Day
	Value  decimal.Decimal
	AsRead string  // what the source wrote, where Value was rounded
	Counts okr.Day // the first day on which it counts
	Born   int64   // epoch of the fetch that brought it
	Epoch  int64   // of the one that last changed it

	// As a key result takes it over.
	Fresh    bool // of a day that had none
	Restated bool // the day had another value before, and was over
	Was      decimal.Decimal

	earlier []decimal.Decimal // what it was, the newest first
	epochs  []int64           // of the fetches that brought those
}

// AsOf is what somebody knows the score as who has taken over what came up to an epoch, and the
// oldest that is kept for who knows an older one.
func (s Score) AsOf(epoch int64) decimal.Decimal {
	value, at := s.Value, s.Epoch
	for i := 0; i < len(s.epochs) && at > epoch; i++ {
		value, at = s.earlier[i], s.epochs[i]
	}
	return value
}

// Reading is the score as a reading.
func (s Score) Reading() okr.Reading {
	return okr.Reading{Day: s.Day, Counts: s.Counts, Value: s.Value, AsRead: s.AsRead}
}

// Scores are what a feed's fetch read.
type Scores struct {
	Feed int64
	List []Score
}

// ForgetAhead drops scores of days after one that their feeds do not hold any more.
func (tx *Tx) ForgetAhead(ctx context.Context, today okr.Day, list []Scores) error {
	if len(list) == 0 {
		return nil
	}
	p := queries.ForgetAheadParams{Today: today.Time()}
	for _, scores := range list {
		p.FeedIds = append(p.FeedIds, scores.Feed)
		for _, s := range scores.List {
			p.HeldBy = append(p.HeldBy, scores.Feed)
			p.HeldDays = append(p.HeldDays, s.Day.Time())
		}
	}
	if err := tx.q.ForgetAhead(ctx, p); err != nil {
		return fmt.Errorf("forgetting scores that were taken back: %w", err)
	}
	return nil
}

// ApplyScores keeps what feeds' fetches read: new days, and those whose score changed, which it
// returns by feed. The same score again changes nothing.
func (tx *Tx) ApplyScores(ctx context.Context, epoch int64, list []Scores) (map[int64][]Score, error) {
	p := queries.ApplyScoresParams{Epoch: epoch}
	for _, scores := range list {
		for _, s := range scores.List {
			p.FeedIds = append(p.FeedIds, scores.Feed)
			p.Days = append(p.Days, s.Day.Time())
			p.Scores = append(p.Scores, s.Value)
			p.AsReads = append(p.AsReads, s.AsRead)
			p.CountsFrom = append(p.CountsFrom, s.Reading().CountsFrom().Time())
		}
	}
	if len(p.Days) == 0 {
		return nil, nil
	}
	rows, err := tx.q.ApplyScores(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("keeping scores: %w", err)
	}
	fresh := map[int64][]Score{}
	for _, row := range rows {
		fresh[row.FeedID] = append(fresh[row.FeedID], score(queries.NewsOfRow(row)))
	}
	return fresh, nil
}

// NewsOf are the scores of feeds that came or changed after an epoch, by feed, oldest first.
func (r Statements) NewsOf(ctx context.Context, feeds []int64, epoch int64) (map[int64][]Score, error) {
	rows, err := r.q.NewsOf(ctx, queries.NewsOfParams{FeedIds: feeds, Epoch: epoch})
	if err != nil {
		return nil, fmt.Errorf("looking for news: %w", err)
	}
	news := map[int64][]Score{}
	for _, row := range rows {
		news[row.FeedID] = append(news[row.FeedID], score(row))
	}
	return news, nil
}

func score(row queries.NewsOfRow) Score {
	return Score{
		Day: okr.DayOf(row.Day), Counts: dayOrZero(row.CountsFrom), Value: row.Value, AsRead: row.AsRead, Born: row.Born, Epoch: row.Epoch,
		Restated: row.Restated, earlier: row.EarlierValues, epochs: row.EarlierEpochs,
	}
}

// ReadFeed is how far a feed is read now.
type ReadFeed struct {
	ID      int64
	Epoch   int64
	Changed bool    // the fetch brought something new
	Slot    bool    // the fetch was for a slot, and all who are due have it now
	Digest  []byte  // of what the next fetch reads again
	Since   okr.Day // scores are complete from here on
	Newest  okr.Day // zero when there is no score
}

// ApplyFeeds notes how far feeds are read by a fetch that began at a moment.
func (tx *Tx) ApplyFeeds(ctx context.Context, began time.Time, list []ReadFeed) error {
	if len(list) == 0 {
		return nil
	}
	p := queries.ApplyFeedsParams{Began: &began}
	for _, f := range list {
		p.Ids = append(p.Ids, f.ID)
		p.Epochs = append(p.Epochs, f.Epoch)
		p.Changes = append(p.Changes, f.Changed)
		p.Tried = append(p.Tried, f.Slot)
		p.Digests = append(p.Digests, f.Digest)
		p.Sinces = append(p.Sinces, f.Since.Time())
		p.Newests = append(p.Newests, dayText(f.Newest, f.Newest != 0))
	}
	if err := tx.q.ApplyFeeds(ctx, p); err != nil {
		return fmt.Errorf("noting what was read: %w", err)
	}
	return nil
}

// FeedsTried notes that feeds were asked for, and not read, by a fetch for a slot that began at a moment.
func (tx *Tx) FeedsTried(ctx context.Context, began time.Time, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	if err := tx.q.TriedFeeds(ctx, queries.TriedFeedsParams{Began: &began, Ids: ids}); err != nil {
		return fmt.Errorf("noting what was asked for: %w", err)
	}
	return nil
}

// FeedsCrashed notes that a process died while it read feeds.
func (r Statements) FeedsCrashed(ctx context.Context, ids []int64) error {
	if err := r.q.CrashedFeeds(ctx, ids); err != nil {
		return fmt.Errorf("noting what was read as a process died: %w", err)
	}
	return nil
}

// Followed is how far a key result has taken over what its feed brought.
type Followed struct {
	KeyResult int64
	Epoch     int64
	Look      bool // the next sync looks at it also where nothing is new
}

// ApplyFollows notes how far key results have taken over what their feeds brought.
func (tx *Tx) ApplyFollows(ctx context.Context, list []Followed) error {
	if len(list) == 0 {
		return nil
	}
	var p queries.ApplyFollowsParams
	for _, f := range list {
		p.KeyResultIds = append(p.KeyResultIds, f.KeyResult)
		p.Epochs = append(p.Epochs, f.Epoch)
		p.Looks = append(p.Looks, f.Look)
	}
	if err := tx.q.ApplyFollows(ctx, p); err != nil {
		return fmt.Errorf("noting what was taken over: %w", err)
	}
	return nil
}
