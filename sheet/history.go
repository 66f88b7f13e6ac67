package sheet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"okrbot/okr"
	"okrbot/store"
)

// historyColumns are the second table, from left to right: what was read and said of key results.
var historyColumns = []string{"key", "what", "day", "value", "person", "confidence", "note", "reason", "until", "recorded_at", "previous", "restated_at", "as_read", "counts_from"}

// historyRequired are those without which nothing can be made of a line.
var historyRequired = []string{"key", "what", "day", "value"}

// longestNote is how long a note may be, in characters: as long as in the form.
const longestNote = 1000

// History writes the histories of key results, for import after the key results themselves.
type History struct {
	*csvFile
	cells []string
}

// HistoryCSV begins the table.
func HistoryCSV(to io.Writer) *History { return &History{csvFile: newCSV(to, historyColumns)} }

// Write writes one entry.
func (h *History) Write(e store.Entry) error {
	orNone := func(d okr.Day) string {
		if d == 0 {
			return ""
		}
		return d.String()
	}
	h.cells = append(h.cells[:0],
		okr.KeyResult{Number: e.Number}.Key(), string(e.Kind), e.Day.String(), plain(e.Value), e.Person, e.Confidence,
		words(e.Note), words(e.Reason), orNone(e.Until), moment(e.At), plain(e.Previous), moment(e.RestatedAt), words(e.AsRead), orNone(e.CountsFrom),
	)
	return h.line(h.cells)
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// entry understands a line of the second table. What its person is, Slack's id or a name, is resolved
// by whoever asked.
func (l *lines) entry(cells []string, number int, now time.Time) (e store.Entry, problems []Problem) {
	wrong := map[string]string{}
	for i, name := range l.names {
		if name == "" {
			continue
		}
		raw := ""
		if i < len(cells) {
			raw = cells[i]
		}
		cell := shown(raw)
		if name == "note" || name == "reason" || name == "as_read" {
			cell = strings.TrimSpace(unguard(raw))
		}
		if !utf8.ValidString(cell) {
			wrong[name] = notUTF8
			continue
		}
		wrong[name] = readEntry(&e, name, cell, now)
	}
	say := func(column, says string) {
		if wrong[column] == "" {
			wrong[column] = says
		}
	}
	switch e.Kind {
	case store.ByHandEntry:
		if e.Reason == "" {
			say("reason", "Write why this value stands in for the scores.")
		}
		if e.Until != 0 && e.Until < e.Day {
			say("until", "This day is before the value's own. Write a later one, or none.")
		}
		fallthrough
	case store.CheckInEntry:
		if e.Person == "" {
			say("person", "Write who said this.")
		}
	}
	if e.Kind != "" && e.Kind != store.CheckInEntry && !e.Value.Valid {
		say("value", "Enter a number.")
	}
	for _, name := range historyColumns {
		if wrong[name] != "" {
			problems = append(problems, Problem{Line: number, Column: name, Says: wrong[name], Anywhere: ofTheFile(wrong[name])})
		}
	}
	return e, problems
}

// readEntry reads one cell, and says what is wrong with it.
func readEntry(e *store.Entry, name, cell string, now time.Time) string {
	switch name {
	case "key":
		number, ok := okr.ParseKey(cell)
		if e.Number = number; !ok {
			return "Write the number of a key result, such as KR-7."
		}
	case "what":
		return among(cell, store.EntryKinds, &e.Kind)
	case "day":
		if says := day(cell, &e.Day); says != "" {
			return says
		}
		if e.Day > okr.DayOf(now)+1 {
			return "This day has not come yet. Write today or an earlier one."
		}
	case "value":
		return value(cell, &e.Value)
	case "previous":
		return value(cell, &e.Previous)
	case "person":
		e.Person = cell
	case "confidence":
		var level okr.Level
		if cell != "" {
			if says := among(cell, okr.Levels, &level); says != "" {
				return says
			}
		}
		e.Confidence = string(level)
	case "note":
		return readWords(cell, &e.Note)
	case "reason":
		if utf8.RuneCountInString(cell) > okr.MaxReason {
			return okr.ReasonTooLong
		}
		return readWords(cell, &e.Reason)
	case "as_read":
		return readWords(cell, &e.AsRead)
	case "until":
		return dayOrNone(cell, &e.Until)
	case "counts_from":
		return dayOrNone(cell, &e.CountsFrom)
	case "recorded_at":
		return readMoment(cell, &e.At, now)
	case "restated_at":
		return readMoment(cell, &e.RestatedAt, now)
	}
	return ""
}

// dayOrNone reads a day that may be left out.
func dayOrNone(cell string, to *okr.Day) string {
	if cell == "" {
		return ""
	}
	return day(cell, to)
}

// readMoment reads when something happened, which may be left out.
func readMoment(cell string, to *time.Time, now time.Time) string {
	if cell == "" {
		return ""
	}
	t, err := time.Parse(time.RFC3339Nano, cell)
	if err != nil || t.After(now) {
		return "Write a moment that is over, such as 2026-10-31T09:00:00Z, or nothing."
	}
	*to = t
	return ""
}

// readWords reads what a person wrote.
func readWords(cell string, to *string) string {
	if n := utf8.RuneCountInString(cell); n > longestNote {
		return fmt.Sprintf("This has %s, and %d is the most. Shorten it.", okr.CountWords(n, "character"), longestNote)
	}
	if *to = okr.Visible(cell); *to != cell {
		return "This cell holds a character that does not print. Type the words again."
	}
	return ""
}

// isHistory says whether the names are those of the second table.
func (l *lines) isHistory() bool {
	return slices.Contains(l.names, "what") && !slices.Contains(l.names, "objective")
}

// histories takes a file of histories: the lines of one key result after the other.
func (im *importer) histories(ctx context.Context, l *lines) error {
	if says := misnamed(l.names, historyColumns, historyRequired); says != "" {
		im.refuse(Problem{Line: l.first, Says: says})
		return nil
	}
	least := 0
	for i, name := range l.names {
		if slices.Contains(historyRequired, name) && name != "value" { // what is said needs none
			least = i + 1
		}
	}
	var of gathered
	for {
		cells, number, p, err := l.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if p != nil {
			im.refuse(*p)
			break
		}
		if blankUntil(cells) > len(l.names) || len(cells) < least {
			im.refuse(Problem{Line: number, Says: fmt.Sprintf("This line has %s, the first has %d. Words with a separator in them need quotation marks around the cell.",
				okr.CountWords(len(cells), "cell"), len(l.names))})
			continue
		}
		e, problems := l.entry(cells, number, im.now)
		if e.Person != "" {
			var says string
			if e.Person, says, err = im.person(ctx, e.Person); err != nil {
				return err
			}
			if says != "" {
				problems = append(problems, Problem{Line: number, Column: "person", Says: says})
			}
		}
		if im.refuse(problems...); len(problems) > 0 {
			continue
		}
		if of.of(e.Number) {
			im.refuse(of.add(e, number)...)
			continue
		}
		if err := im.history(ctx, of.list, of.line); err != nil {
			return err
		}
		of = gathered{}
		of.add(e, number)
	}
	if len(of.list) == 0 {
		return nil
	}
	return im.history(ctx, of.list, of.line)
}

// gathered are the entries of one key result, line by line.
type gathered struct {
	list  []store.Entry
	line  int             // where they begin
	taken map[okr.Day]int // the line of each day's value; of day 0 the one that stands in for scores
}

// of says whether an entry of a key result belongs to these.
func (g *gathered) of(number int) bool { return len(g.list) == 0 || g.list[0].Number == number }

// add takes an entry, unless an earlier line has a value for the same.
func (g *gathered) add(e store.Entry, line int) []Problem {
	if len(g.list) == 0 {
		g.line, g.taken = line, map[okr.Day]int{}
	}
	if e.Kind != store.CheckInEntry {
		day := e.Day
		if e.Kind == store.ByHandEntry {
			day = 0
		}
		if earlier := g.taken[day]; earlier != 0 {
			return []Problem{{Line: line, Column: "what", Says: fmt.Sprintf("Line %d has a value for the same already. Take one of the two out.", earlier)}}
		}
		g.taken[day] = line
	}
	for _, s := range []*string{&e.Person, &e.Confidence, &e.Note, &e.Reason, &e.AsRead} {
		*s = strings.Clone(*s) // without the line that they are cut from
	}
	g.list = append(g.list, e)
	return nil
}

// history adds to a key result what it does not have yet.
func (im *importer) history(ctx context.Context, list []store.Entry, line int) error {
	k, err := im.reads.KeyResult(ctx, im.workspace, list[0].Number)
	if errors.Is(err, store.ErrNotFound) {
		im.refuse(Problem{Line: line, Column: "key", Says: "This key result is not here. Import the file with the key results first."})
		return nil
	}
	if err != nil {
		return err
	}
	news, err := im.reads.HistoryToAdd(ctx, k, list)
	if err != nil {
		return err
	}
	im.outcome.SameEntries += news.Same
	im.outcome.LeftEntries += news.Left
	byHand := slices.ContainsFunc(news.Entries, func(e store.Entry) bool { return e.Kind == store.ByHandEntry })
	switch {
	case len(news.Entries) == 0:
		return nil
	case k.Closed:
		im.refuse(Problem{Line: line, Column: "key", Says: "This key result is closed out with its objective, and stays as it is. Take its lines out."})
		return nil
	case byHand && k.Integrated && !k.TakesOverride():
		im.refuse(Problem{Line: line, Column: "what", Says: "This key result is a hit rate, which is counted from its scores, so that no value stands in for them. Take its line by_hand out."})
		return nil
	case byHand && !k.Integrated:
		im.refuse(Problem{Line: line, Column: "what", Says: "People update this key result, so that no value stands in for scores. Take its line by_hand out."})
		return nil
	}
	im.outcome.Entries += len(news.Entries)
	im.say("line %d: add to %s: %s", line, k.Key(), entryWords(news.Entries))
	if !im.writing() {
		return nil
	}
	if k, err = im.hold(ctx, k); err != nil {
		return err
	}
	return im.tx.AddHistory(ctx, im.actor(), k, news.Entries)
}

// entryWords counts entries by their kinds: "60 scores, 2 check-ins and a value by hand".
func entryWords(list []store.Entry) string {
	count := map[store.EntryKind]int{}
	for _, e := range list {
		count[e.Kind]++
	}
	var parts []string
	for _, kind := range store.EntryKinds {
		name := map[store.EntryKind]string{store.ScoreEntry: "score", store.ReadingEntry: "value", store.CheckInEntry: "check-in"}[kind]
		switch n := count[kind]; {
		case n == 0:
		case name == "":
			parts = append(parts, "the value by hand")
		default:
			parts = append(parts, okr.CountWords(n, name))
		}
	}
	return and(parts)
}
