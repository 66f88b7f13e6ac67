package jobs

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"strconv"
	"time"

	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// from is the first day whose score is read: the trailing window before the newest score, or all that
// somebody counts where that was not read yet.
func from(f store.Feed, now time.Time) okr.Day {
	if f.Since == 0 || f.Newest == 0 || f.Wanted < f.Since {
		return f.Wanted
	}
	return max(min(f.Newest, okr.DayOf(now.UTC()))-window, f.Since)
}

// digest stands for all that the next fetch of a feed reads again: two that are alike say that
// nothing came and nothing was changed between them.
func digest(f store.Feed, s integrations.Scorecard, now time.Time) []byte {
	first := from(f, now)
	said := fmt.Appendf(nil, "%q %+v\n", s.Name, traits(s))
	for _, score := range s.Scores {
		day := okr.DayOf(score.End)
		if day < first {
			continue
		}
		said = strconv.AppendInt(said, int64(okr.DayOf(score.Start)), 10)
		said = strconv.AppendInt(append(said, ' '), int64(day), 10)
		said = append(append(append(said, ' '), score.Value.String()...), '\n')
	}
	sum := sha256.Sum256(said)
	return sum[:16]
}

// scoreOf is a score as it is kept.
func scoreOf(s integrations.Score, frequency string) store.Score {
	start, end := okr.DayOf(s.Start), okr.DayOf(s.End)
	return store.Score{Day: end, Counts: okr.CountsFrom(start, end, okr.Frequency(frequency)), Value: s.Value, AsRead: s.AsRead}
}

func compare(a, b, c, d int64) int { return cmp.Or(cmp.Compare(a, b), cmp.Compare(c, d)) }
