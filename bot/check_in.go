package bot

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"okrbot/bot/command"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

var checkInForm = desk.Form[oneKeyResult]{Kind: view.CallbackCheckIn, Again: "/okr list"}

// checkIns are what people enter about a key result.
type checkIns struct{ shows }

// pressed is the button Check in.
func (f checkIns) pressed(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	k, err := f.Pressed(ctx, g, g.Action.Value)
	if err != nil {
		return desk.Reply{}, err
	}
	return f.open(ctx, g, k, view.CheckInTyped{})
}

func (f checkIns) open(ctx context.Context, g desk.Gesture, k store.KeyResult, typed view.CheckInTyped) (desk.Reply, error) {
	if !k.MayCheckIn(g.Actor) {
		return f.AskOwner(ctx, g, k.KeyResult, okr.CheckInKeyResult, "check in on"), nil
	}
	if k.Closed {
		return desk.IsClosed(k), nil
	}
	draft, err := checkInForm.Begin(ctx, f.Store.Statements, g.Actor, "fill", oneKeyResult{ID: k.ID})
	if err != nil {
		return desk.Reply{}, err
	}
	now, err := f.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	modal := view.CheckInForm(f.shows.one(k, now), typed, draft.ID)
	return desk.Reply{Open: &modal}, nil
}

// openAgain opens the form for a command; a title may be another key result's when it is opened again.
func (f checkIns) openAgain(ctx context.Context, g desk.Gesture, k store.KeyResult, typed view.CheckInTyped, rest string) (desk.Reply, error) {
	reply, err := f.open(ctx, g, k, typed)
	reply.Same = "check-in " + k.Key() + " " + rest
	return reply, err
}

// submitted is the submit of the check-in form.
func (f checkIns) submitted(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, form, err := checkInForm.Shown(ctx, f.Store.Statements, g)
	if err != nil {
		return desk.Reply{}, err
	}
	saved, err := f.save(ctx, g, form.ID, draft.ID, func(k store.KeyResult, day okr.Day) (view.CheckInEntry, okr.Problems) {
		return view.ParseCheckIn(g.View.State, day, k.Unit)
	})
	if err != nil {
		return desk.Reply{}, err
	}
	if len(saved.Problems) > 0 {
		saved.Problems = desk.AtFields(saved.Problems, g)
		return saved, nil
	}
	saved.Clear = true
	return saved, nil
}

// record saves a value that a command named, as of the day that it named, else of today.
func (f checkIns) record(ctx context.Context, g desk.Gesture, k store.KeyResult, typed view.CheckInTyped) (desk.Reply, error) {
	value, err := okr.ParseValue(typed.Value, k.Unit)
	if err != nil {
		return desk.Reply{}, err
	}
	saved, err := f.save(ctx, g, k.ID, "", func(k store.KeyResult, day okr.Day) (view.CheckInEntry, okr.Problems) {
		e := view.CheckInEntry{Value: decimal.NewNullDecimal(value), Day: k.Objective.Period.ValueDay(day)}
		switch {
		case typed.Day > day:
			return e, okr.Problems{"day": view.DayToCome}
		case typed.Day != 0:
			e.Day = typed.Day
		}
		if k.Integrated {
			e.Reason = typed.Note // why this value and not the score
		} else {
			e.Note = typed.Note
		}
		return e, nil
	})
	for _, sentence := range saved.Problems {
		return desk.Say(sentence + " Nothing was saved."), err
	}
	return saved, err
}

// save records what somebody says about a key result, if they may: whatever was entered is
// read once the key result is locked. The same draft submitted twice is one check-in.
func (f checkIns) save(ctx context.Context, g desk.Gesture, id int64, draft string, read func(k store.KeyResult, today okr.Day) (view.CheckInEntry, okr.Problems)) (desk.Reply, error) {
	var k store.KeyResult
	var problems okr.Problems
	about := ""
	var said []store.Said
	err := f.Store.InTx(ctx, func(tx *store.Tx) (err error) {
		if k, err = tx.LockKeyResult(ctx, g.Actor.Workspace, id); err != nil {
			return err
		}
		if !k.MayCheckIn(g.Actor) {
			return desk.Refuse(desk.AskOwner(ctx, tx, g.Actor, k.KeyResult, okr.CheckInKeyResult, "check in on"))
		}
		var entry view.CheckInEntry
		day := okr.DayIn(k.Objective.Zone, tx.Now)
		if entry, problems = read(k, day); len(problems) > 0 {
			return desk.ErrRefused
		}
		if problems = valueProblems(k, entry, day); len(problems) > 0 {
			return desk.ErrRefused
		}
		about, said = aboutValue(k, entry, day), nil
		if there := k.Confidence; entry.Confidence != "" && !there.Follows(entry.Day) {
			about = strings.TrimSpace(about + " The confidence of " + there.Day.Words() + " stays: it is newer.")
		}
		if entry.Note != "" {
			said = []store.Said{{By: g.Actor.ID, Words: entry.Note}}
		}
		before := k
		var fresh bool
		k, fresh, err = tx.CheckIn(ctx, g.Actor, k, store.CheckIn{
			Person: g.Actor.ID, Day: entry.Day, Value: entry.Value, Confidence: entry.Confidence, Note: entry.Note,
			Until: entry.Until, Reason: entry.Reason,
		}, draft)
		if err != nil || !fresh {
			return err
		}
		if err := tx.AnnounceChange(ctx, before, k, said...); err != nil {
			return err
		}
		if draft == "" {
			return nil
		}
		return tx.DeleteDraft(ctx, g.Actor, draft)
	})
	switch {
	case len(problems) > 0:
		return desk.Reply{Problems: problems}, nil
	case desk.IsNotFound(err):
		return desk.Say("This key result was removed. Nothing was saved."), nil
	case err != nil:
		return desk.Reply{}, err
	}
	return f.saved(ctx, k, about, said)
}

// saved says what a check-in made of a key result, and what was said with it.
func (f checkIns) saved(ctx context.Context, k store.KeyResult, about string, said []store.Said) (desk.Reply, error) {
	now, err := f.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	shown := f.shows.one(k, now)
	lines := []string{strings.TrimSpace("Saved. " + about), shown.Headline(), shown.Shown()}
	for _, s := range said {
		lines = append(lines, view.Said(s).Line())
	}
	r := desk.Say(strings.Join(lines, "\n"))
	r.Home = true
	return r, nil
}

// aboutValue is what is to be said of a value that is saved: of which day it is, from when on it counts, or how
// long it stands in for the scores.
func aboutValue(k store.KeyResult, entry view.CheckInEntry, today okr.Day) string {
	switch {
	case !entry.Value.Valid:
		return ""
	case !k.Integrated && entry.Day < today && k.Objective.Period.Contains(entry.Day) && entry.Day != k.Objective.Period.Last:
		return "It counts for " + entry.Day.Words() + "."
	case !k.Integrated:
		return k.Objective.Period.ValueWords(entry.Day)
	case entry.Until == 0:
		return "To use the score again, press *Resume automatic* in `/okr show " + k.Key() + "`."
	}
	return ""
}

// valueProblems are what is wrong with a value: with its day where people enter the values, with
// standing in for the scores where a system is read.
func valueProblems(k store.KeyResult, entry view.CheckInEntry, today okr.Day) okr.Problems {
	period, problems := k.Objective.Period, okr.Problems{}
	switch {
	case !entry.Value.Valid:
	case k.Integrated:
		instead := okr.Override{Value: entry.Value, Day: entry.Day, Until: entry.Until, Reason: entry.Reason}
		return k.CheckOverride(instead, period, today)
	case entry.Until != 0 || entry.Reason != "": // it was read from a system when the form opened
		problems.Add("reason", "People update this key result by now. Empty Until and Reason; what is to be said goes into the note.")
	default:
		problems.Add("day", period.CheckValueDay(entry.Day))
	}
	return problems
}

// command is "/okr check-in KR-1", "/okr check-in KR-1 42" and "/okr check-in KR-1 42 after the
// audit". A value is recorded at once where people enter them. Where scores are read it stands in for
// them once, and the words are the reason; without them, where there is a note alone, where it is too long, and
// where it is not plain which day is meant, the form opens with what was typed.
func (f checkIns) command(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	k, rest, err := f.NamedFirst(ctx, g, valueLast(keyApart(g.Text)), "check-in")
	if err != nil {
		return desk.Reply{}, err
	}
	if rest == "" {
		return f.openAgain(ctx, g, k, view.CheckInTyped{}, rest)
	}
	now, err := f.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	typed, problem := checkInTyped(rest, k.Unit, okr.DayIn(k.Objective.Zone, now))
	tooLong := typed.TooLong(k.Integrated)
	switch {
	case !k.MayCheckIn(g.Actor):
		return f.AskOwner(ctx, g, k.KeyResult, okr.CheckInKeyResult, "check in on"), nil
	case k.Closed:
		return desk.IsClosed(k), nil
	case problem != "":
		return desk.Say(view.Quote(typed.Value) + ": " + problem + " Nothing was saved. Type `/okr check-in " + k.Key() + " 42`, or `/okr check-in " + k.Key() + "` for the form."), nil
	case tooLong != "" && utf8.RuneCountInString(typed.Note) > view.InputMost:
		return desk.Say(tooLong + " Nothing was saved."), nil
	case tooLong != "" || typed.Value == "" || typed.Unsure || k.Integrated && typed.Note == "":
		return f.openAgain(ctx, g, k, typed, rest)
	}
	return f.record(ctx, g, k, typed)
}

// keyApart parts what was typed right behind a key result from it: "KR-1,42" and "KR-1:42".
func keyApart(text string) string {
	fields := command.Shown(text)
	if len(fields) == 0 {
		return text
	}
	at := strings.IndexFunc(fields[0], func(r rune) bool { return strings.ContainsRune(",:;=", okr.PlainRune(r)) })
	if at < 0 {
		return text
	}
	_, size := utf8.DecodeRuneInString(fields[0][at:])
	key, behind := command.WordOf(fields[0][:at]), fields[0][at+size:]
	_, several := command.WordOf(behind).Key()
	if _, ok := key.Key(); !ok || !strings.HasPrefix(key.Plain, "kr") || behind == "" || several && strings.HasPrefix(command.WordOf(behind).Plain, "kr") {
		return text
	}
	return strings.Join(append([]string{key.Typed, behind}, fields[1:]...), " ")
}

// valueLast puts a value that was typed before its key result behind it: "42 KR-1" and "42 for KR-1".
// Alone, 42 would be the number of a key result.
func valueLast(text string) string {
	fields := command.Shown(text)
	last := len(fields) - 1
	if last < 1 || last > 2 || last == 2 && !slices.Contains(command.BeforeNames, command.WordOf(fields[1]).Plain) {
		return text
	}
	key := command.WordOf(fields[last])
	if _, ok := key.Key(); !ok || !strings.HasPrefix(key.Plain, "kr") || strings.HasPrefix(command.WordOf(fields[0]).Plain, "kr") {
		return text
	}
	return fields[last] + " " + fields[0]
}

// checkInTyped takes apart what was typed after the key result: a value, its day, and words about it. The
// problem is a sentence about a value that cannot be read.
func checkInTyped(rest, unit string, today okr.Day) (view.CheckInTyped, string) {
	fields := command.Shown(rest)
	if len(fields) == 0 {
		return view.CheckInTyped{}, ""
	}
	value := strings.Trim(command.Spoken(fields[0]), "`*_~\"'“”‘’:;=()[]")
	value = trimmed(value) // "42, after the audit"
	if !strings.ContainsFunc(value, func(r rune) bool { return unicode.IsDigit(okr.PlainRune(r)) }) {
		return view.CheckInTyped{Note: command.Spoken(rest), Numberless: true}, ""
	}
	bare, after := withoutUnit(value, fields[1:], unit)
	unitless := bare == value && len(after) == len(fields)-1
	value = bare
	if unitless && len(after) > 0 { // "5 %" is not 5 with a note, whatever is measured here
		parted := value + " " + trimmed(command.Spoken(after[0]))
		if _, err := okr.ParseValue(parted, unit); err != nil && okr.UnitTyped(parted) != "" {
			return view.CheckInTyped{Value: parted}, err.Error()
		}
	}
	typed := view.CheckInTyped{Value: value}
	if len(fields) > 1 {
		second := command.Spoken(fields[1])
		day, note, dated, unsure := command.Dated(strings.Join(after, " "), today)
		if dated {
			typed.Day = day
		}
		typed.Note, typed.Unsure = command.Spoken(note), unsure
		if unitless && !dated && !unsure && strings.Trim(second, "0123456789.,'’") == "" { // "1 000" is a number with a separator, not a value and a note
			parted := value + " " + second
			if _, err := okr.ParseNumber(parted); err != nil {
				return view.CheckInTyped{Value: parted}, err.Error()
			}
		}
	}
	if _, err := okr.ParseValue(typed.Value, unit); err != nil {
		return typed, err.Error()
	}
	return typed, ""
}

// trimmed is a word without what ends a sentence or a part of one.
func trimmed(word string) string { return strings.TrimRight(word, ".,;:!?)]") }

// withoutUnit is a value and what comes after it without the key result's unit, which people type behind the
// value, or as a currency before it.
func withoutUnit(value string, after []string, unit string) (string, []string) {
	words := strings.Fields(unit)
	if len(words) == 0 {
		return value, after
	}
	digit := func(r rune) bool { return unicode.IsDigit(okr.PlainRune(r)) }
	runes, first := []rune(value), []rune(trimmed(words[0])) // the value is
	left, attached := len(runes)-len(first), false
	if left > 0 && digit(runes[left-1]) && strings.EqualFold(string(runes[left:]), string(first)) {
		value, words, attached = string(runes[:left]), words[1:], true
	}
	if len(after) >= len(words) && slices.EqualFunc(words, after[:len(words)], func(word, typed string) bool {
		typed = command.Spoken(typed)
		return strings.EqualFold(word, typed) || okr.SameUnit(trimmed(typed), trimmed(word))
	}) {
		return value, after[len(words):]
	}
	if attached {
		return string(runes), after // the rest of the unit is missing
	}
	if rest, before := strings.CutPrefix(value, unit); before && unicode.Is(unicode.Sc, first[0]) {
		value = rest
	}
	return value, after
}
