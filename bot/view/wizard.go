package view

import (
	"strconv"
	"strings"

	"github.com/slack-go/slack"
)

// CallbackWizard names the form of a key result, whichever of its steps is shown.
const CallbackWizard = "wizard"

// The wizard's steps.
const (
	StepStart     = "start"     // objective, title, owner, where the data comes from
	StepScorecard = "scorecard" // connection, scorecard, preview
	StepDetails   = "details"   // start, target, cadence, channel
)

// The fields and buttons of the wizard that are known elsewhere.
const (
	FieldObjective  = "objective"
	FieldSource     = "source"
	FieldConnection = "connection"
	FieldScorecard  = "scorecard"
	FieldCadence    = "cadence"
	FieldGoal       = "kind"
	FieldStart      = "start"
	FieldResult     = "result"
	FieldTarget     = "target"
	FieldUnit       = "unit"
	FieldUpper      = "upper"
	FieldRisk       = "risk"
	FieldCommitted  = "committed"
	FieldPhases     = "phases"
	FieldMethod     = "method"
	FieldWanted     = "wanted"
	FieldChannel    = "channel"
	FieldWeekday    = "weekday"
	FieldOffset     = "offset"
	FieldHour       = "hour"

	ActionBack         = "wizard_back"
	ActionNewObjective = "wizard_new_objective"
	ActionNewConnect   = "wizard_new_connection"
	ActionPreview      = "wizard_preview"
	ActionChangeSource = "wizard_change_source"
	ActionMoreFields   = "wizard_more"
)

// FromPeople is the source of a key result that people update; another source is a System's kind.
const FromPeople = "people"

// mark is the id of a step's first block: which step the view shows, and which revision of the draft. A
// submit of a view that is older than the draft is known by it.
func mark(step string, revision int) string { return "at_" + step + "_" + strconv.Itoa(revision) }

// stepOvertaken is no step: it marks the view that stands in place of one that the draft has left.
const stepOvertaken = "overtaken"

// Overtaken takes the place of a step that was sent already, from another window or without an answer that
// arrived. Its submit goes on where the draft is.
func Overtaken(draft, command string) slack.ModalViewRequest {
	says := section("This step was sent already: in another window, or from here while okrbot was restarted. Nothing of this one was saved. *Go on* shows what was kept, and you continue there; `" + command + "` starts another one.")
	says.BlockID = mark(stepOvertaken, 0)
	return modal(CallbackWizard, "Changed elsewhere", "Go on", draft, says)
}

// IsOvertaken says whether a view, by its mark, is the one of Overtaken.
func IsOvertaken(block string) bool {
	step, _ := ParseMark(block)
	return step == stepOvertaken
}

// stepReading is no step either: it marks the view that stands there while a scorecard is read.
const stepReading = "reading"

// IsReading says whether a view, by its mark, is the one of Reading.
func IsReading(block string) bool {
	step, _ := ParseMark(block)
	return step == stepReading
}

// ParseMark reads the mark of a view from its first block's id.
func ParseMark(block string) (step string, revision int) {
	parts := strings.Split(block, "_")
	if len(parts) != 3 || parts[0] != "at" {
		return "", 0
	}
	revision, err := strconv.Atoi(parts[2])
	if err != nil {
		return "", 0
	}
	return parts[1], revision
}

// shownAgain gives a field another id, so that Slack shows what we choose and not what was chosen before.
func shownAgain(field string, n int) string { return field + "__" + strconv.Itoa(n) }
