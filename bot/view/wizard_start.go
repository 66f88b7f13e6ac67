package view

import (
	"strconv"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// Start is the wizard's first step.
type Start struct {
	Draft     string
	Revision  int
	Redrawn   int    // counts how often fields were shown again
	Editing   string // KR-n when the source of an existing one is changed
	Objective okr.Objective
	Added     bool // the objective was added just now, on a detour
	None      bool // there is no objective to choose
	Title     string
	Owner     string
	Systems   []System
	Source    string
	Problem   string // what is wrong with the step as it is; empty: nothing
}

// Modal asks for the objective, the key result's title and owner, and where its data comes from.
func (s Start) Modal() slack.ModalViewRequest {
	words := "A key result belongs to an objective."
	if s.Editing != "" {
		words = "Where *" + s.Editing + "* belongs, and where its values come from."
	}
	intro := section(words)
	intro.BlockID = mark(StepStart, s.Revision)
	if s.Added {
		intro = section(":white_check_mark: Objective added: *" + Escape(s.Objective.Title) + "*, " + s.Objective.Period.Words() + ". It is chosen below; go on with its key result.")
		intro.BlockID = mark(StepStart, s.Revision)
	}
	if s.None {
		intro = section("There is no open objective. Press *New objective* to add one; you come back here after it.")
		intro.BlockID = mark(StepStart, s.Revision)
	}
	var chosen *slack.OptionBlockObject
	if s.Objective.ID != 0 {
		chosen = option(choice{value: strconv.FormatInt(s.Objective.ID, 10), label: ObjectiveLabel(s.Objective)})
	}
	blocks := []slack.Block{intro}
	if s.Problem != "" {
		blocks = append(blocks, section(":warning: "+s.Problem))
	}
	blocks = append(blocks,
		external(shownAgain(FieldObjective, s.Redrawn), "Objective", "", "Type a part of its title", 0, chosen),
		slack.NewActionBlock("objective_actions", button(ActionNewObjective, "New objective", "wizard")),
		limit(textInput("title", "Key Result", "What is measured, in a few words.", s.Title), okr.MaxTitle),
		userField("owner", "Owner", "", s.Owner),
		sourceField(s.Systems, s.Source),
	)
	return modal(CallbackWizard, SourceTitle(s.Editing), "Next", s.Draft, blocks...)
}

// SourceTitle is the title of the steps before the last: the key is that of the key result whose source is changed,
// and empty where one is added.
func SourceTitle(editing string) string {
	if editing == "" {
		return "Add key result"
	}
	return "Source of " + editing
}

func sourceField(systems []System, chosen string) *slack.InputBlock {
	var options []*slack.OptionBlockObject
	for _, s := range systems {
		options = append(options, option(choice{value: s.Kind, label: s.Name}))
	}
	options = append(options, option(choice{value: FromPeople, label: "I will update it myself"}))
	element := slack.NewRadioButtonsBlockElement("v", options...)
	element.InitialOption = options[0]
	for _, o := range options {
		if o.Value == chosen {
			element.InitialOption = o
		}
	}
	return input(FieldSource, "Pull data from external applications", "Where its values come from.", element)
}

// ObjectiveLabel is an objective in a list: its title and period.
func ObjectiveLabel(o okr.Objective) string {
	period := " (" + o.Period.Words() + ")"
	return Cut(ShownName(o.Title, strconv.FormatInt(o.ID, 10)), 75-len([]rune(period))) + period
}

// StartEntry is a filled first step.
type StartEntry struct {
	Objective int64 // 0: none chosen
	Title     string
	Owner     string
	Source    string
}

// ParseStart reads the first step as it stands.
func ParseStart(s State) StartEntry {
	id, err := strconv.ParseInt(s.option(FieldObjective), 10, 64)
	if err != nil {
		id = 0 // nothing chosen
	}
	return StartEntry{Objective: id, Title: s.text("title"), Owner: s.at("owner").SelectedUser, Source: s.option(FieldSource)}
}
