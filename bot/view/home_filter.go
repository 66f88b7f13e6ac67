package view

import (
	"strings"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// CallbackHomeFilter names the form that chooses what Home shows.
const CallbackHomeFilter = "home_filter"

const (
	fieldWhose   = "whose"
	fieldWhere   = "where"
	fieldWhen    = "when"
	fieldStands  = "stands"
	theirOwn     = "mine"
	ofAChannel   = "channel"
	Everybodys   = "everybody"
	anyChoice    = "any"
	NotSyncingIs = "not_syncing" // a status of a filter beside okr's
)

// HomeFilter is what a person chose to see on their Home tab.
type HomeFilter struct {
	Whose  string // empty: theirs; Everybodys; else a channel's id
	Period string // empty: any
	Status string // empty: any
}

// homePeriods are the periods that can be chosen, relative to the day.
var homePeriods = []struct {
	value, label string
	of           func(today okr.Day) okr.Period
}{
	{"this_quarter", "This quarter", okr.QuarterOf},
	{"next_quarter", "Next quarter", okr.NextQuarter},
	{"last_quarter", "Last quarter", func(today okr.Day) okr.Period { return okr.QuarterOf(okr.QuarterOf(today).First - 1) }},
	{"this_year", "This year", func(today okr.Day) okr.Period { return okr.YearOf(today.Time().Year()) }},
}

// On is the period that is chosen, on a day; zero where any is.
func (f HomeFilter) On(today okr.Day) okr.Period {
	for _, p := range homePeriods {
		if p.value == f.Period {
			return p.of(today)
		}
	}
	return okr.Period{}
}

// any says whether anything but one's own is chosen.
func (f HomeFilter) any() bool { return f != HomeFilter{} }

// words say what is chosen: "everybody's objectives · this quarter · at risk".
func (f HomeFilter) words() string {
	if !f.any() {
		return ""
	}
	parts := []string{"my objectives"}
	switch f.Whose {
	case "":
	case Everybodys:
		parts[0] = "everybody's objectives"
	default:
		parts[0] = "the objectives of <#" + f.Whose + ">"
	}
	for _, p := range homePeriods {
		if p.value == f.Period {
			parts = append(parts, strings.ToLower(p.label))
		}
	}
	switch f.Status {
	case "":
	case string(okr.NoData):
		parts = append(parts, "with a key result that has no data")
	default:
		parts = append(parts, "with a key result "+strings.ToLower(statusLabel(f.Status)))
	}
	return strings.Join(parts, " · ")
}

// Is says whether the key result stands as a filter chooses. What is not syncing is not looked for as stale.
func (k KeyResult) Is(status string) bool {
	failing := k.failing() != ""
	if status == NotSyncingIs {
		return failing
	}
	return string(k.Standing().Status) == status && !(failing && status == string(okr.Stale))
}

// undo is the label of the button that shows all of one's own again, in words of what it changes.
func (f HomeFilter) undo() string {
	switch {
	case f.Whose != "":
		return "Show mine"
	case f.Status == "":
		return "All periods"
	case f.Period == "":
		return "Any status"
	}
	return "All of mine"
}

func statusLabel(s string) string {
	if s == NotSyncingIs {
		return "Not syncing"
	}
	return okr.Status(s).Word()
}

// chosen is whose objectives are chosen in the form, and of which channel.
func (f HomeFilter) chosen() (whose, channel string) {
	switch f.Whose {
	case "":
		return theirOwn, ""
	case Everybodys:
		return Everybodys, ""
	}
	return ofAChannel, f.Whose
}

// Modal asks what Home is to show.
func (f HomeFilter) Modal() slack.ModalViewRequest {
	whose, channel := f.chosen()
	periods := []choice{{value: anyChoice, label: "Any"}}
	for _, p := range homePeriods {
		periods = append(periods, choice{value: p.value, label: p.label})
	}
	statuses := []choice{{value: anyChoice, label: "Any"}, {value: NotSyncingIs, label: "Not syncing"}}
	for _, s := range okr.Statuses() {
		statuses = append(statuses, choice{value: string(s), label: statusLabel(string(s))})
	}
	or := func(chosen string) string {
		if chosen == "" {
			return anyChoice
		}
		return chosen
	}
	return modal(CallbackHomeFilter, "Filter", "Show", "",
		selectField(fieldWhose, "Objectives", "Home keeps what you choose until you choose again.", whose,
			choice{value: theirOwn, label: "Mine"}, choice{value: Everybodys, label: "Everybody's"}, choice{value: ofAChannel, label: "A channel's"}),
		channelField(fieldWhere, "Channel", "Needed for a channel's objectives, and for no others.", channel),
		selectField(fieldWhen, "Period", "", or(f.Period), periods...),
		selectField(fieldStands, "With a key result that is", "", or(f.Status), statuses...))
}

// ParseHomeFilter reads the form of a filter as it was, or what is wrong with it. A channel that is newly
// chosen is meant where nobody else's objectives are; one that was left there, while others' were chosen, is
// not. What it does not offer counts for nothing.
func ParseHomeFilter(s State, was HomeFilter) (f HomeFilter, problems okr.Problems) {
	whose, channel := s.option(fieldWhose), s.at(fieldWhere).SelectedConversation
	before, left := was.chosen()
	if before != ofAChannel && whose == before && IsChannel(channel) {
		whose = ofAChannel
	}
	switch whose {
	case ofAChannel:
		if f.Whose = channel; !IsChannel(channel) {
			return f, okr.Problems{fieldWhere: "Choose the channel whose objectives Home is to show."}
		}
	default:
		if IsChannel(channel) && channel != left {
			return f, okr.Problems{fieldWhere: "Choose *A channel's* above for this one's objectives, or take it out."}
		}
		if whose == Everybodys {
			f.Whose = Everybodys
		}
	}
	for _, p := range homePeriods {
		if p.value == s.option(fieldWhen) {
			f.Period = p.value
		}
	}
	chosen := s.option(fieldStands)
	for _, status := range okr.Statuses() {
		if string(status) == chosen || chosen == NotSyncingIs {
			f.Status = chosen
		}
	}
	return f, nil
}

// IsChannel says whether something is the id of a channel.
func IsChannel(id string) bool {
	return isID.MatchString(id) && (id[0] == 'C' || id[0] == 'G')
}
