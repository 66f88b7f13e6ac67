package okr

import "slices"

// Level is how confident somebody is of reaching the target.
type Level string

// The levels of confidence.
const (
	High   Level = "high"
	Medium Level = "medium"
	Low    Level = "low"
)

// Levels are all levels, the best first.
var Levels = []Level{High, Medium, Low}

// Word is the level as people read it; empty for what is none.
func (l Level) Word() string {
	switch l {
	case High:
		return "Confident"
	case Medium:
		return "Not sure"
	case Low:
		return "Not confident"
	}
	return ""
}

// Confidence is what somebody who looks after a key result said of reaching the target. It stands
// beside the status and never changes it.
type Confidence struct {
	Level Level // empty: nobody said anything
	By    string
	Day   Day
}

// Follows says whether somebody who says something of a day says what is thought by now: nobody has said
// anything of a later one.
func (c Confidence) Follows(day Day) bool { return c.Level == "" || day >= c.Day }

// Disagrees says whether the confidence and a status point in different ways, which is worth a
// talk and no alarm.
func (c Confidence) Disagrees(s Status) bool {
	return c.Level == High && slices.Contains([]Status{Behind, AtRisk}, s) || c.Level == Low && s == OnTrack
}
