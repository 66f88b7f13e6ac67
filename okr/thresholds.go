package okr

import (
	"fmt"

	"github.com/shopspring/decimal"
)

// Thresholds are a workspace's bounds between the statuses, in points of progress behind the pace.
// The zero Thresholds are the defaults.
type Thresholds struct {
	OnTrack    int // at most so many points behind is on track
	Behind     int // at most so many is behind; more is at risk
	Hysteresis int // so many points beyond a bound before a change is announced
}

// DefaultThresholds are those of a workspace that has not set its own.
var DefaultThresholds = Thresholds{OnTrack: 10, Behind: 25, Hysteresis: 2}

// orDefault are the thresholds that count.
func (t Thresholds) orDefault() Thresholds {
	if t == (Thresholds{}) {
		return DefaultThresholds
	}
	return t
}

// Check finds what is wrong with thresholds that people entered.
func (t Thresholds) Check() Problems {
	p := Problems{}
	switch {
	case t.OnTrack < 0 || t.OnTrack > 100:
		p.Add("on_track", "Enter 0 to 100 points.")
	case t.Behind < 0 || t.Behind > 100:
		p.Add("behind", "Enter 0 to 100 points.")
	case t.Behind <= t.OnTrack:
		p.Add("behind", "Enter more points than for On track: at risk begins beyond behind.")
	}
	if t.Hysteresis < 0 || t.Hysteresis > 10 {
		p.Add("hysteresis", "Enter 0 to 10 points.")
	}
	return p
}

// Words says the thresholds to people: "on track up to 10 points behind the pace, behind up to 25, at risk
// beyond".
func (t Thresholds) Words() string {
	t = t.orDefault()
	return fmt.Sprintf("on track up to %s behind the pace, behind up to %d, at risk beyond", CountWords(t.OnTrack, "point"), t.Behind)
}

// points are parts of the way, as gaps are.
func points(n int) decimal.Decimal { return decimal.New(int64(n), -2) }

// paced is the status by a gap alone.
func (t Thresholds) paced(gap decimal.Decimal) Status {
	t = t.orDefault()
	switch {
	case gap.LessThanOrEqual(points(t.OnTrack)):
		return OnTrack
	case gap.LessThanOrEqual(points(t.Behind)):
		return Behind
	}
	return AtRisk
}
