package sheet

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"okrbot/okr"
	"okrbot/store"
)

// highest is the highest number that a file may give a key result or an objective.
const highest = 9_999_999

// entry is a line that is understood, beside what it changes.
type entry struct {
	line   int
	row    Row
	before store.KeyResult // ID 0: a new one
	source store.Source    // that it reads from now, where it is another one
	wrong  bool
}

// readsAnew says whether a line has its key result read another scorecard than before, or none before.
func (e *entry) readsAnew() bool {
	return e.before.Source.ConnectionName != e.row.Connection || e.before.Source.Reference != e.row.Reference
}

// number gives a line that does not number its objective the number of the one that its key result is under,
// where that reads as the line says: of several that read alike it is its own.
func (e *entry) number(r *Reader) {
	o := &e.row.Objective
	if !r.has("objective_key") {
		o.Number = 0
	}
	if o.Number == 0 && e.before.ID != 0 && keyOf(*o) == keyOf(e.before.Objective) {
		o.Number = e.before.Objective.Number
	}
}

// changes are what a line changes of its key result.
func (e *entry) changes(now time.Time) map[string]store.Change {
	changed := Differences(Of(e.before, now), e.row)
	if o := e.row.Objective; o.Number != 0 && o.Number != e.before.Objective.Number {
		changed["objective_key"] = store.Change{e.before.Objective.Key(), o.Key()}
	}
	return changed
}

// measure gives what reads a scorecard from now on the scorecard's decimals and unit, where the line
// says no others: those of before were another's.
func (e *entry) measure(r *Reader) {
	if e.source.Connection == 0 {
		return
	}
	k := &e.row.KeyResult
	if !r.has("unit") {
		k.Unit = e.source.Unit
	}
	if !r.has("decimals") || k.Precision == okr.AsManyAsThere {
		k.Precision = e.source.Precision.Places
	}
}

// importRows understands some lines, and does what they say.
func (im *importer) importRows(ctx context.Context, r *Reader, lines []Line) error {
	var numbers []int
	for _, l := range lines {
		if key := r.Key(l); key != 0 {
			numbers = append(numbers, key)
		}
	}
	byNumber := make(map[int]store.KeyResult, len(numbers))
	if len(numbers) > 0 {
		there, err := im.reads.KeyResults(ctx, im.workspace, store.Filter{Numbers: numbers})
		if err != nil {
			return err
		}
		for _, k := range there {
			byNumber[k.Number] = k
		}
	}
	entries := make([]entry, len(lines))
	for i, l := range lines {
		e := &entries[i]
		e.line, e.before = l.Number, byNumber[r.Key(l)]
		before := blank()
		if e.before.ID != 0 {
			before = Of(e.before, im.now)
		}
		var problems []Problem
		e.row, problems = r.Row(l, before)
		if k := &e.row.KeyResult; k.Integrated && !e.readsAnew() && k.Precision == okr.AsManyAsThere {
			k.Precision = e.before.Precision
		}
		more, err := im.resolve(ctx, e)
		if err != nil {
			return err
		}
		problems = append(append(problems, more...), im.guestsOf(e)...)
		e.wrong = len(problems) > 0
		im.refuse(problems...)
	}
	if err := im.find(ctx, entries); err != nil {
		return err
	}
	for i := range entries {
		entries[i].measure(r)
		if err := im.do(ctx, &entries[i]); err != nil {
			return err
		}
	}
	return im.flush(ctx)
}

// resolve puts Slack's ids where people's names stand, and finds what a line says twice.
func (im *importer) resolve(ctx context.Context, e *entry) (problems []Problem, err error) {
	say := func(column, says string, args ...any) {
		problems = append(problems, Problem{Line: e.line, Column: column, Says: fmt.Sprintf(says, args...)})
	}
	var failed error
	person := func(column string, who *string) {
		if *who == "" || failed != nil {
			return // Check asks for one where one is needed
		}
		var says string
		if *who, says, failed = im.person(ctx, *who); says != "" {
			problems = append(problems, Problem{Line: e.line, Column: column, Says: says, Anywhere: true})
		}
	}
	k, o := &e.row.KeyResult, &e.row.Objective
	person("objective_owner", &o.Owner)
	if im.reader.has("objective_co_owners") {
		o.CoOwners = slices.Clone(o.CoOwners)
		for i := range o.CoOwners {
			person("objective_co_owners", &o.CoOwners[i])
		}
		if o.CoOwners = once(o.CoOwners); o.Owner != "" && slices.Contains(o.CoOwners, o.Owner) {
			say("objective_co_owners", "%s", o.Check()["co_owners"])
		}
	}
	if e.row.Alone {
		return problems, failed
	}
	person("owner", &k.Owner)
	k.CoOwners = slices.Clone(k.CoOwners)
	for i := range k.CoOwners {
		person("co_owners", &k.CoOwners[i])
	}
	if k.Confidence.Level != "" && k.Confidence.By == "" {
		k.Confidence.By = k.Owner // who else would have said it
	}
	person("confidence_by", &k.Confidence.By)
	if k.Confidence.Day > okr.DayOf(im.now)+1 {
		say("confidence_day", "This day has not come yet. Write today or an earlier one.")
	}
	switch earlier := im.keys[k.Number]; {
	case k.Number == 0:
	case earlier != 0:
		say("key", "%s stands on line %d already. Take one of the two out.", k.Key(), earlier)
	case k.Number > highest:
		say("key", "Numbers go up to KR-%d. Leave it empty to get the next one.", highest)
	default:
		im.keys[k.Number] = e.line
	}
	e.number(im.reader)
	if e.before.Closed && len(e.changes(im.now)) > 0 {
		say("key", "%s is closed out with its objective and stays as it is. Take this line out, or add a new key result.", k.Key())
	}
	if e.before.ID == 0 {
		if says := resultProblem(*k, e.row.Objective.Period, okr.DayOf(im.now)); says != "" {
			say("result_day", "%s", says)
		}
	}
	return problems, failed
}

// resultProblem says what is wrong with the day of a new key result's value.
func resultProblem(k okr.KeyResult, period okr.Period, today okr.Day) string {
	switch {
	case k.Integrated || !k.Result.Value.Valid || k.Result.AsOf == 0:
	case k.Result.AsOf > today+1:
		return "This day has not come yet. Write today or an earlier one."
	case !period.Contains(k.Result.AsOf):
		return fmt.Sprintf("This day lies outside of the objective's period, so that the value would not count. Write one from %s to %s, or leave the result empty.", period.First.Words(), period.Last.Words())
	}
	return ""
}

// once is a list without what it has already.
func once(list []string) []string {
	kept := list[:0]
	for _, one := range list {
		if !slices.Contains(kept, one) {
			kept = append(kept, one)
		}
	}
	return kept
}

// find holds what lines name against what there is: connections with their scorecards, and titles.
func (im *importer) find(ctx context.Context, entries []entry) error {
	var keys []store.SourceKey
	var titles []store.TitleKey
	through := map[*entry]store.Connection{}
	for i := range entries {
		e := &entries[i]
		if e.row.Alone {
			continue
		}
		if o := im.target(e.row.Objective); o != nil && !o.made && e.row.KeyResult.Number == 0 {
			titles = append(titles, store.TitleKey{Objective: o.ID, Title: e.row.KeyResult.Title})
		}
		if !e.row.KeyResult.Integrated || !e.readsAnew() || e.row.Reference == "" {
			continue
		}
		c, says := im.connection(e.row)
		if says != "" {
			im.refuse(Problem{Line: e.line, Column: "connection", Says: says})
			e.wrong = true
			continue
		}
		through[e] = c
		keys = append(keys, store.SourceKey{Connection: c.ID, Reference: e.row.Reference})
		if whole := im.whole(c.Kind, e.row.Reference); whole != e.row.Reference {
			keys = append(keys, store.SourceKey{Connection: c.ID, Reference: whole})
		}
	}
	known, err := im.reads.SourcesKnown(ctx, im.workspace, keys)
	if err != nil {
		return err
	}
	taken, err := im.reads.TitlesTaken(ctx, im.workspace, titles)
	if err != nil {
		return err
	}
	for i := range entries {
		e := &entries[i]
		if c, ok := through[e]; ok {
			source, ok := im.sourceOf(e, c, known)
			if !ok {
				im.refuse(Problem{Line: e.line, Column: "reference", Says: unlisted})
				e.wrong = true
			}
			e.source = source
			e.source.ConnectionKind, e.source.Origin = c.Kind, c.Origin
		}
		if o := im.target(e.row.Objective); o != nil && !o.made && !e.row.Alone && e.row.KeyResult.Number == 0 {
			if number := taken[store.TitleKey{Objective: o.ID, Title: e.row.KeyResult.Title}]; number != 0 {
				im.refuse(Problem{Line: e.line, Column: "key_result", Says: fmt.Sprintf("This objective has it already: KR-%d. Write KR-%d into the column key to change it.", number, number)})
				e.wrong = true
			}
		}
	}
	return nil
}

const unlisted = "This connection does not list such a scorecard. Copy the reference from an export of this workspace; where it is right, have one key result read it with `/okr add-kr`, and run the import again."

// sourceOf is what a line reads through a connection: a scorecard that is listed, or a part of one, which
// never is. What a part does not share with its whole is learned at the first read.
func (im *importer) sourceOf(e *entry, c store.Connection, known map[store.SourceKey]store.Source) (store.Source, bool) {
	source, ok := known[store.SourceKey{Connection: c.ID, Reference: e.row.Reference}]
	if ok {
		return source, true
	}
	source, ok = known[store.SourceKey{Connection: c.ID, Reference: im.whole(c.Kind, e.row.Reference)}]
	source.Reference, source.Frequency, source.Precision.Known = e.row.Reference, "", false
	if name := e.row.Scorecard; im.reader.has("scorecard") && name != "" && unprintable(name) == "" {
		source.Name = name
	}
	return source, ok
}

// connection is the one that a row names.
func (im *importer) connection(r Row) (c store.Connection, says string) {
	var usable []store.Connection
	for _, c := range im.sources[okr.Visible(r.Connection)] {
		if serves(c, r.KeyResult.Owner) {
			usable = append(usable, c)
		}
	}
	switch {
	case len(im.sources[okr.Visible(r.Connection)]) == 0:
		return c, "There is no connection of this name. `/okr connections` lists them."
	case len(usable) == 0:
		return c, "This connection is private to somebody else. Have it shared, or name another one."
	case len(usable) > 1:
		return c, "Several connections have this name. Add this key result with `/okr add-kr`, where one is chosen."
	}
	return usable[0], ""
}

// do makes or changes what a line says, as far as nothing was wrong.
func (im *importer) do(ctx context.Context, e *entry) error {
	o, err := im.objective(ctx, e)
	if err != nil || o == nil || e.row.Alone {
		return err
	}
	if e.source.Connection != 0 && im.writing() {
		im.uses[use{e.source.Connection, strings.Clone(e.row.KeyResult.Owner)}] = true
	}
	k := e.before
	k.KeyResult, k.Objective = e.row.KeyResult, o.Objective
	k.Workspace, k.KeyResult.Objective, k.ObjectiveOwner = im.workspace, o.ID, o.Owner
	switch {
	case !k.Integrated:
		k.Source = store.Source{}
	case e.source.Connection != 0:
		k.Source = e.source
	}
	if e.before.ID == 0 {
		return im.add(e, o, k)
	}
	changed := e.changes(im.now)
	if v := e.before.Override.Value; v.Valid && len(changed) > 0 {
		if k.Override = e.before.Override; store.EndsOverride(e.before, k) {
			changed["by_hand"] = store.Change{plain(v), ""}
		}
	}
	if len(changed) == 0 {
		im.outcome.Same++
		return nil
	}
	im.outcome.Changed++
	im.say("line %d: change %s: %s", e.line, k.Key(), changeWords(changed))
	im.hand(&k.KeyResult, k.Objective, owners(e.before.KeyResult), owners(k.KeyResult))
	if !im.writing() {
		return nil
	}
	k.ID, k.Result, k.Version = e.before.ID, e.before.Result, e.before.Version
	if k, err = im.hold(ctx, k); err != nil {
		return err
	}
	after, err := im.tx.EditKeyResult(ctx, im.actor(), k, "edited")
	if err != nil {
		return err
	}
	if e.source.Connection != 0 { // it reads from elsewhere now
		if err := im.tx.ReadSoon(ctx, after); err != nil {
			return err
		}
	}
	return im.tx.MarkCards(ctx, k.ID)
}

// add is a new key result. A result comes along where people update it; what ServiceNow or a hit rate
// makes is made again from its readings.
func (im *importer) add(e *entry, o *known, k store.KeyResult) error {
	twin := titled{o, strings.Clone(k.Title)} // without the line that it is cut from
	if earlier := im.added[twin]; earlier != 0 && k.Number == 0 {
		im.refuse(Problem{Line: e.line, Column: "key_result", Says: fmt.Sprintf("The same key result stands on line %d already. Take one of the two out.", earlier)})
		return nil
	}
	if k.Number == 0 {
		im.added[twin] = e.line
		if im.tx != nil {
			k.Number = im.next.KeyResult
		}
	}
	im.next.KeyResult = max(im.next.KeyResult, k.Number+1)
	if k.Integrated || k.Method == okr.HitRate {
		k.Result = okr.Result{}
	}
	im.outcome.KeyResults++
	name := "a key result"
	if k.Number != 0 {
		name = k.Key()
	}
	im.say("line %d: add %s %q", e.line, name, k.Title)
	im.hand(&k.KeyResult, k.Objective, nil, owners(k.KeyResult))
	if im.writing() {
		im.fresh = append(im.fresh, k)
	}
	return nil
}

// flush writes the new key results of a batch.
func (im *importer) flush(ctx context.Context) error {
	fresh := im.fresh
	im.fresh = im.fresh[:0]
	if len(fresh) == 0 || !im.writing() {
		return nil
	}
	return im.tx.AddKeyResults(ctx, im.actor(), fresh)
}

func (im *importer) actor() okr.Actor {
	return okr.Actor{Workspace: im.workspace, ID: Actor, Kind: okr.Admin}
}

// changeWords says what changes in one line: "target_value 40 → 38, unit Hours → Days".
func changeWords(changes map[string]store.Change) string {
	var parts []string
	for column, c := range changes {
		parts = append(parts, fmt.Sprintf("%s %q → %q", column, c[0], c[1]))
	}
	sort.Strings(parts)
	return strings.Join(parts, ", ")
}
