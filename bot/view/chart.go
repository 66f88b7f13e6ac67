package view

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/slack-go/slack"

	"okrbot/okr"
)

// Charted is how many readings a chart shows: Slack's most points.
const Charted = 20

// Series is one line of a chart.
type Series string

// The lines that a chart can have; Slack takes six.
const (
	ChartResult    Series = "Result"
	ChartTarget    Series = "Target"
	ChartCommitted Series = "Committed"
	ChartPace      Series = "Pace"
)

// at is the line's value on a reading's day; false where the key result has no such line.
func (s Series) at(k KeyResult, r okr.Reading) (float64, bool) {
	switch s {
	case ChartTarget:
		return k.Target.Decimal.InexactFloat64(), k.Target.Valid
	case ChartCommitted:
		return k.Committed.Decimal.InexactFloat64(), k.Committed.Valid
	case ChartPace:
		pace := k.ExpectedValue(k.Objective.Period, r.Day)
		return k.Drawable(pace.Decimal), pace.Valid
	}
	if r.CheckIn {
		return r.Value.InexactFloat64(), true
	}
	return k.Drawable(r.Value), true
}

// Chart is Slack's chart of readings, oldest first, with the lines asked for; nil when there is no
// trend: one reading, or the same value throughout. Of more readings than Slack takes, the newest are shown.
func Chart(k KeyResult, readings []okr.Reading, lines ...Series) slack.Block {
	readings = readings[max(0, len(readings)-Charted):]
	if okr.Flat(readings) {
		return nil
	}
	const longestTitle = 50 // characters
	days := make([]string, len(readings))
	for i, r := range readings {
		days[i] = r.Day.Time().Format("2 Jan 06") // no two days may read alike
	}
	var series []slack.DataVisualizationDataSeries
	for _, line := range lines {
		var points []slack.DataVisualizationDataPoint
		for i, r := range readings {
			if v, there := line.at(k, r); there {
				points = append(points, slack.NewDataVisualizationDataPoint(days[i], v))
			}
		}
		if len(points) == len(days) {
			series = append(series, slack.NewDataVisualizationDataSeries(string(line), points...))
		}
	}
	axis := slack.NewDataVisualizationAxisConfig(days...)
	axis.YLabel = Cut(k.Unit, longestTitle)
	return slack.DataVisualizationBlock{
		Type: slack.MBTDataVisualization, BlockID: fmt.Sprintf("trend_%d", k.ID), Title: Cut(k.Key()+" "+k.Title, longestTitle),
		Chart: slack.NewDataVisualizationLineChart(axis, series...),
	}
}

// sparkline draws readings where there is no chart.
func sparkline(readings []okr.Reading) string {
	values := make([]decimal.Decimal, len(readings))
	for i, r := range readings {
		values[i] = r.Value
	}
	return "`" + okr.Sparkline(values) + "`"
}

// trendWords says in words what a chart of readings draws, for those who do not see it: the ends and
// the extremes, and the points that are not plain scores.
func trendWords(k KeyResult, all []okr.Reading) string {
	if len(all) == 0 {
		return "No readings yet."
	}
	point := func(r okr.Reading) string { return Escape(k.Read(r)) + " on " + r.Day.Short(k.Today) }
	low, high := okr.Extremes(all)
	text := "First " + point(all[0]) + ", lowest " + point(all[low]) + ", highest " + point(all[high]) + ", last " + point(all[len(all)-1]) + "."
	if k.Target.Valid {
		text += " Target " + Escape(k.Entered(k.Target.Decimal)) + "."
	}
	if k.Committed.Valid {
		text += " Committed " + Escape(k.Entered(k.Committed.Decimal)) + "."
	}
	if pace := k.ExpectedValue(k.Objective.Period, all[len(all)-1].Day); pace.Valid {
		text += " Expected by " + all[len(all)-1].Day.Short(k.Today) + ": " + Escape(k.Scored(pace.Decimal)) + "."
	}
	var restated, byHand []string
	for _, r := range all {
		switch {
		case r.CheckIn:
			byHand = append(byHand, point(r))
		case r.Restated && r.Previous.Valid:
			restated = append(restated, point(r)+" (was "+Escape(k.Scored(r.Previous.Decimal))+")")
		}
	}
	return text + named("Restated", restated) + named("Checked in", byHand)
}

// named lists a few points and counts the rest.
func named(what string, points []string) string {
	const most = 10
	if len(points) == 0 {
		return ""
	}
	text := "\n" + what + ": " + strings.Join(points[max(0, len(points)-most):], ", ")
	if more := len(points) - most; more > 0 {
		text += fmt.Sprintf(", and %d before", more)
	}
	return text + "."
}
