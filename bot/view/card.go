package view

import (
	"strconv"

	"github.com/shopspring/decimal"
	"github.com/slack-go/slack"

	"okrbot/okr"
)

// Card is a key result's living message in its channel: it is kept current, so that the last one
// in the channel is never old. The trend of its newest readings is a chart, and a line of text
// where Slack takes no chart.
func Card(k KeyResult, newest []okr.Reading) Message {
	m := k.card(Trend(k, newest))
	if len(newest) > 1 {
		values := make([]decimal.Decimal, len(newest))
		for i, r := range newest {
			values[i] = r.Value
		}
		plainer := k.card(note("`" + okr.Sparkline(values) + "`"))
		m.Plainer = &plainer
	}
	return m
}

// Charted is how many readings a chart shows: Slack's most points.
const Charted = 20

// Trend is Slack's chart of readings, oldest first, beside the target; nil when there is no trend yet.
func Trend(k KeyResult, readings []okr.Reading) slack.Block {
	if len(readings) < 2 {
		return nil
	}
	const longestTitle = 50 // characters
	readings = readings[max(0, len(readings)-Charted):]
	var days []string
	var values, target []slack.DataVisualizationDataPoint
	for _, r := range readings {
		day := r.Day.Time().Format("2 Jan 06") // no two days may read alike
		days = append(days, day)
		values = append(values, slack.NewDataVisualizationDataPoint(day, r.Value.InexactFloat64()))
		target = append(target, slack.NewDataVisualizationDataPoint(day, k.Target.Decimal.InexactFloat64()))
	}
	series := []slack.DataVisualizationDataSeries{slack.NewDataVisualizationDataSeries("Result", values...)}
	if k.Target.Valid {
		series = append(series, slack.NewDataVisualizationDataSeries("Target", target...))
	}
	axis := slack.NewDataVisualizationAxisConfig(days...)
	axis.YLabel = Cut(k.Unit, longestTitle)
	return slack.DataVisualizationBlock{
		Type: slack.MBTDataVisualization, BlockID: "trend", Title: Cut(k.Key()+" "+k.Title, longestTitle),
		Chart: slack.NewDataVisualizationLineChart(axis, series...),
	}
}

func (k KeyResult) card(trend slack.Block) Message {
	text := k.Headline() + "\n" + k.Figures()
	if k.Standing().Progress.Valid {
		text += "\n" + k.Bar()
	}
	text += "\n" + k.Dates() + "\n" + capital(k.Next())
	if trouble := k.Trouble(); trouble != "" {
		text += "\n" + trouble
	}
	id := strconv.FormatInt(k.ID, 10)
	first := button(ActionSync, "Sync Integration Data", id)
	if !k.Integrated {
		first = button(ActionCheckIn, "Check in", id)
	}
	presses := []slack.BlockElement{first, button(ActionDetails, "Details", id), k.Kebab()}
	if k.Closed {
		presses = presses[1:]
	}
	blocks := []slack.Block{section(text)}
	if trend != nil {
		blocks = append(blocks, trend)
	}
	return Message{
		Text: k.Key() + " " + Escape(k.Title) + ": " + k.fallback(),
		Blocks: append(blocks,
			note("<@"+k.Owner+"> · "+Escape(Cut(k.Objective.Title, 150))+" · "+k.Objective.Period.Words()),
			slack.NewActionBlock("kr_"+id, presses...),
		),
	}
}

// fallback is the key result's standing where no blocks are shown: in notifications and to
// screen readers.
func (k KeyResult) fallback() string {
	status := k.Standing().Status.Word()
	if !k.Result.Value.Valid {
		return "no score yet, " + status
	}
	return Escape(k.ResultWords()) + ", " + status
}

func capital(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}
