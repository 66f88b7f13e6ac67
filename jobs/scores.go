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

// from is the first day whose score is read: the trailing window before the newest reading, or
// the whole period when there is none yet.
func from(k store.KeyResult, now time.Time) okr.Day {
	if k.SyncedAt.IsZero() || !k.Result.Value.Valid {
		return k.Objective.Period.First
	}
	newest := min(k.Result.AsOf, okr.DayOf(now.UTC()))
	return max(newest-window, k.Objective.Period.First)
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
				list[n].List = append(list[n].List, store.Score{Day: okr.DayOf(s.End), Value: s.Value, AsRead: s.AsRead})
			}
		}
		since := from(b.before[id], b.began)
		if old := locked[id].Digest; old != nil && bytes.Equal(old, a.digest(k, read)) {
			since = k.Result.AsOf + 1
		}
		list[n].Followers = append(list[n].Followers, store.Follower{KeyResult: id, Workspace: k.Workspace, Since: since})
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
