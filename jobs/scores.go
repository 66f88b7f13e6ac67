package jobs

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"time"

	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// from is the first day whose score is read: the trailing window before the newest reading. Where
// there is none yet it is the whole period, and some time before it, for the latest score of before.
func from(k store.KeyResult, now time.Time) okr.Day {
	period, today := k.Objective.Period, okr.DayOf(now.UTC())
	switch {
	case !k.Result.Value.Valid:
		return min(period.First, today) - k.Lookback()
	case k.SyncedAt.IsZero():
		return period.First
	}
	return max(min(k.Result.AsOf, today)-window, period.First)
}

// since is the first day whose score is kept. The latest score of before the period is only wanted
// while the period has none.
func since(k store.KeyResult, from okr.Day, read integrations.Scorecard, today okr.Day) okr.Day {
	for _, s := range read.Scores {
		if score := scoreOf(s, read.Frequency); k.Objective.Period.Contains(score.Day) && score.Reading().CountsOn(today) {
			return max(from, k.Objective.Period.First)
		}
	}
	return from
}

// scoreOf is a score as it is kept.
func scoreOf(s integrations.Score, frequency string) store.Score {
	start, end := okr.DayOf(s.Start), okr.DayOf(s.End)
	return store.Score{Day: end, Counts: okr.CountsFrom(start, end, okr.Frequency(frequency)), Value: s.Value, AsRead: s.AsRead}
}

// held are the days of all that was read for key results with scores of days to come: what is not
// among them any more was taken back.
func (a *applying) held(reads []int64, now map[int64]store.KeyResult, answers map[int64]integrations.Reading) []store.Held {
	var list []store.Held
	for _, id := range reads {
		k := now[id]
		if k.Ahead == 0 {
			continue
		}
		h := store.Held{KeyResult: id, Today: k.Today(a.now)}
		for _, s := range answers[id].Scorecard.Scores {
			h.Days = append(h.Days, okr.DayOf(s.End))
		}
		list = append(list, h)
	}
	return list
}

// scores gathers what was read by scorecard: those who follow it share its scores. Where the days
// that were read again are as they were, only newer ones are compared with the readings.
func (a *applying) scores(b batch, reads []int64, now map[int64]store.KeyResult, locked map[int64]store.Applying, answers map[int64]integrations.Reading) []store.Scores {
	var list []store.Scores
	at := map[string]int{}
	for _, id := range reads {
		k, read := now[id], answers[id].Scorecard
		n, known := at[read.Ref]
		if !known {
			n = len(list)
			at[read.Ref] = n
			list = append(list, store.Scores{})
		}
		if len(read.Scores) > len(list[n].List) { // who asked for more days has them all
			list[n].List = nil
			for _, s := range read.Scores {
				list[n].List = append(list[n].List, scoreOf(s, read.Frequency))
			}
		}
		kept := since(k, from(b.before[id], b.began), read, k.Today(a.now))
		if old := locked[id].Digest; old != nil && k.Result.Value.Valid && bytes.Equal(old, a.digest(k, read)) {
			kept = k.Result.AsOf + 1
		}
		list[n].Followers = append(list[n].Followers, store.Follower{KeyResult: id, Workspace: k.Workspace, Since: kept})
	}
	return list
}

// digestOf names the digest of a scorecard's scores over some days.
type digestOf struct {
	reference   string
	first, last okr.Day
	scores      int
}

// digest stands for the scores of the days that are read again at the next sync: two that are alike
// say that no score was restated between them.
func (a *applying) digest(k store.KeyResult, s integrations.Scorecard) []byte {
	of := digestOf{s.Ref, from(k, a.now), k.Result.AsOf, len(s.Scores)}
	if d, ok := a.digests[of]; ok {
		return d
	}
	h := sha256.New()
	for _, score := range s.Scores {
		if day := okr.DayOf(score.End); day >= of.first && day <= of.last {
			fmt.Fprintf(h, "%d %s\n", day, score.Value)
		}
	}
	d := h.Sum(nil)[:16]
	a.digests[of] = d
	return d
}
