package integrations

import (
	"slices"
	"time"
)

// Since leaves out the scores before a day, which another request for the same scorecard wanted.
// The answer has scores of its own to change.
func (r Reading) Since(from time.Time) Reading {
	kept := r.Scorecard.Scores
	if i := slices.IndexFunc(kept, func(s Score) bool { return s.End.Before(from) }); i >= 0 {
		r.Scorecard.Left = kept[i].End
		kept = kept[:i]
	}
	r.Scorecard.Scores = slices.Clone(kept)
	return r
}

// Frequency is how often a scorecard gets a score, by the days between its scores, newest first;
// empty where they do not tell.
func Frequency(scores []Score) string {
	shortest := 0
	for i := 1; i < len(scores); i++ {
		days := int(scores[i-1].End.Sub(scores[i].End).Hours() / 24)
		if shortest == 0 || days < shortest { // the others have days without a score between them
			shortest = days
		}
	}
	switch {
	case shortest == 0 || shortest > 370:
		return ""
	case shortest <= 3:
		return "daily"
	case shortest <= 10:
		return "weekly"
	case shortest <= 45:
		return "monthly"
	case shortest <= 120:
		return "quarterly"
	}
	return "yearly"
}
