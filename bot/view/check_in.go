package view

import (
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"
	"github.com/slack-go/slack"

	"okrbot/okr"
)

// CallbackCheckIn names the check-in modal.
const CallbackCheckIn = "check_in"

// LongestNote is how long a note may be, in characters: it is shown whole where it is shown.
const LongestNote = 1000

// InputMost is Slack's limit on what a field of a form holds, in characters.
const InputMost = 3000

// Said is what somebody said with a check-in, and the result that they said it of; empty where it stands
// beside it.
type Said struct{ By, Words, Of string }

// saidAtOnce is how many notes on one key result a message has at most: the newest.
const saidAtOnce = 3

// Line is what was said, without its line breaks.
func (s Said) Line() string {
	of := ""
	if s.Of != "" {
		of = " with the value " + Escape(s.Of)
	}
	return ":memo: <@" + s.By + ">" + of + ": " + Escape(Cut(strings.Join(strings.Fields(s.Words), " "), 300))
}

// CheckInTyped is what a command said already: a value, words about it, and perhaps of which day it is.
type CheckInTyped struct {
	Value, Note string
	Day         okr.Day // 0: it says none
	Unsure      bool    // the words begin with what may be a day
	Numberless  bool    // the words stand where a value could, and begin with none
}

// TooLong says that the words have no room where they belong: in the reason of a value that stands in for
// scores, else in the note. It is empty where they have.
func (t CheckInTyped) TooLong(integrated bool) string {
	what, most, n := "note", LongestNote, utf8.RuneCountInString(t.Note)
	if integrated && t.Value != "" {
		what, most = "reason", okr.MaxReason
	}
	if n <= most {
		return ""
	}
	return "A " + what + " has room for " + okr.CountWords(most, "character") + ", and what you typed has " + okr.CountWords(n, "character") + "."
}

// words are the field of the note with what was typed for it, and the reason of a value that stands in for scores.
func (t CheckInTyped) words(integrated bool) (note *slack.PlainTextInputBlockElement, reason string) {
	note = slack.NewPlainTextInputBlockElement(plain("What happened, and what comes next"), "v")
	note.Multiline, note.MaxLength = true, LongestNote
	switch {
	case t.TooLong(integrated) != "":
		note.MaxLength, note.InitialValue = InputMost, Cut(t.Note, InputMost)
	case integrated && t.Value != "":
		reason = t.Note // why this value and not the score
	default:
		note.InitialValue = okr.Visible(t.Note)
	}
	return note, reason
}

// opened says why the form asks for more than what was typed; empty where nothing was that it could not take.
func (t CheckInTyped) opened(k KeyResult) string {
	tooLong := t.TooLong(k.Integrated)
	switch {
	case tooLong != "" && k.Integrated && t.Value != "":
		return tooLong + " It stands in *Note*: write a shorter reason."
	case tooLong != "":
		return tooLong + " Shorten it."
	case t.Numberless:
		return "What you typed begins with no number, so it stands in *Note*. *Result Value* may stay empty."
	case t.Value == "":
		return ""
	case k.Integrated && !k.TakesOverride():
		return "The result is a hit rate, which is counted from the scores: no value can stand in for it. Leave the value empty to say what you think."
	case t.Unsure:
		return "It is not plain from what you typed of which day the value is: choose it at *As of*."
	case k.Integrated && t.Note == "":
		return Escape(k.Key()+" reads "+k.Source.System) + ", so a value by hand needs a *Reason*. It counts once, until a newer score arrives. " +
			"Next time, type the reason behind the value: `/okr check-in " + k.Key() + " " + Escape(Cut(t.Value, 30)) + " counted twice`."
	}
	return ""
}

// CheckInForm asks for a value and what the owner thinks of it. Where scores are read, the value
// stands in for them, and the form asks why and for how long.
func CheckInForm(k KeyResult, typed CheckInTyped, draft string) slack.ModalViewRequest {
	blocks := []slack.Block{section(k.Headline() + "\n" + k.Shown())}
	hint := "Such as 42 or 99.5"
	if words := unitWords(k.Unit); words != inNumbers {
		hint = "In " + words + ", such as 42 or 99.5"
	}
	if k.Integrated {
		hint += ". It counts instead of the score. Empty: only your confidence and note are saved."
	}
	value := textInput("result", "Result Value", hint, Cut(typed.Value, 100))
	value.Optional = true
	day := slack.NewDatePickerBlockElement("v")
	day.InitialDate = k.Objective.Period.ValueDay(k.Today).String()
	if typed.Day != 0 {
		day.InitialDate = typed.Day.String()
	}
	var options []*slack.OptionBlockObject
	for _, level := range okr.Levels {
		options = append(options, slack.NewOptionBlockObject(string(level), plain(level.Word()), nil))
	}
	confidence := slack.NewInputBlock("confidence", plain("Confidence of reaching the target"), nil,
		slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain("Choose"), "v", options...))
	confidence.Optional = true
	words, reason := typed.words(k.Integrated)
	if opened := typed.opened(k); opened != "" {
		blocks = append(blocks, section(opened))
	}
	noteBlock := slack.NewInputBlock("note", plain("Note"), nil, words)
	noteBlock.Optional = true
	blocks = append(blocks, value, slack.NewInputBlock("day", plain("As of"), nil, day))
	if k.Integrated {
		until := slack.NewDatePickerBlockElement("v")
		blocks = append(blocks,
			optional(input("until", "Until", "The last day on which it stands in for the score. Empty: once, until there is a newer score.", until)),
			optional(limit(textInput("reason", "Reason", "Why the score is not the value; shown beside both. Required with a value.", reason), okr.MaxReason)))
	}
	blocks = append(blocks, confidence, noteBlock)
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: CallbackCheckIn, PrivateMetadata: draft,
		Title: plain("Check in on " + k.Key()), Submit: plain("Save"), Close: plain("Cancel"),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// CheckInEntry is a filled check-in form.
type CheckInEntry struct {
	Value      decimal.NullDecimal
	Day        okr.Day
	Confidence string
	Note       string
	Until      okr.Day // 0: once
	Reason     string
}

// DayToCome is said of a day on which a value cannot be yet.
const DayToCome = "This day has not come yet. Choose today or an earlier one."

// ParseCheckIn reads a submitted check-in form, whose value may have its unit. Today bounds the day: a value of
// tomorrow is none.
func ParseCheckIn(state map[string]map[string]slack.BlockAction, today okr.Day, unit string) (CheckInEntry, okr.Problems) {
	var e CheckInEntry
	p := okr.Problems{}
	if typed := strings.TrimSpace(state["result"]["v"].Value); typed != "" {
		v, err := okr.ParseValue(typed, unit)
		if err != nil {
			p["result"] = err.Error()
		}
		e.Value = decimal.NewNullDecimal(v)
	}
	day, err := okr.ParseDay(state["day"]["v"].SelectedDate)
	switch {
	case err != nil:
		p["day"] = "Choose a day."
	case day > today:
		p["day"] = DayToCome
	}
	e.Day = day
	e.Confidence = state["confidence"]["v"].SelectedOption.Value
	if okr.Level(e.Confidence).Word() == "" {
		e.Confidence = ""
	}
	e.Note = okr.Visible(strings.TrimSpace(state["note"]["v"].Value))
	if utf8.RuneCountInString(e.Note) > LongestNote {
		p["note"] = "Shorten the note to 1,000 characters."
	}
	if typed := state["until"]["v"].SelectedDate; typed != "" {
		if e.Until, err = okr.ParseDay(typed); err != nil {
			p["until"] = "Choose a day."
		}
	}
	e.Reason = okr.Visible(strings.TrimSpace(state["reason"]["v"].Value))
	switch {
	case e.Value.Valid || len(p) > 0:
	case e.Until != 0 || e.Reason != "":
		p["result"] = "Enter the value that stands in for the scores, or empty Until and Reason."
	case e.Confidence == "" && e.Note == "":
		p["result"] = "Enter a value, a confidence or a note."
	}
	return e, p
}

// inNumbers is what has no unit is measured in.
const inNumbers = "numbers"

func unitWords(unit string) string {
	switch unit {
	case "", "#":
		return inNumbers
	}
	return unit
}

// textInput is a one-line field of a form; its element is always "v".
func textInput(block, label, hint, initial string) *slack.InputBlock {
	element := slack.NewPlainTextInputBlockElement(nil, "v")
	element.InitialValue = okr.Visible(initial)
	var hintText *slack.TextBlockObject
	if hint != "" {
		hintText = plain(hint)
	}
	return slack.NewInputBlock(block, plain(label), hintText, element)
}
