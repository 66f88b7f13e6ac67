package sheet

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"okrbot/okr"
	"okrbot/store"
)

// objectiveKey is by what a file names an objective that it gives no number.
type objectiveKey struct {
	title, owner string
	period       okr.Period
}

func keyOf(o okr.Objective) objectiveKey {
	return objectiveKey{okr.Visible(o.Title), o.Owner, o.Period}
}

// known is an objective that is there, or is made by the file.
type known struct {
	okr.Objective
	made    bool   // by this file
	given   bool   // its number is the file's
	changed bool   // by this file
	line    int    // that first named it; 0 when none did yet
	alone   bool   // by a line without a key result
	above   *known // its parent
	parent  string // as the file names it
	asked   bool   // the file names one, or none
}

// know takes an objective as one that is there.
func (im *importer) knowObjective(o *known) {
	im.all = append(im.all, o)
	if !o.made || o.given {
		im.numbers[o.Number] = o
	}
	if _, earlier := im.objectives[keyOf(o.Objective)]; !earlier {
		im.objectives[keyOf(o.Objective)] = o
	}
}

// target is the objective that a line names, by its number or else by what it reads like; none where it is
// not there yet.
func (im *importer) target(o okr.Objective) *known {
	if o.Number != 0 {
		return im.numbers[o.Number]
	}
	return im.objectives[keyOf(o)]
}

// misnumbered says what is wrong with the number that a line gives its objective.
func (im *importer) misnumbered(want okr.Objective) string {
	o, alike := im.target(want), im.objectives[keyOf(want)]
	switch {
	case want.Number == 0:
		return ""
	case want.Number > highest:
		return fmt.Sprintf("Numbers go up to O-%d. Leave it empty to get the next one.", highest)
	case o == nil && alike != nil && alike.made && !alike.given:
		return fmt.Sprintf("Line %d names the same objective without its number. Write %s there too.", alike.line, want.Key())
	case o == nil || keyOf(o.Objective) == keyOf(want):
		return ""
	case o.made:
		return fmt.Sprintf("Line %d gives %s another title, owner or period. Make them the same, or leave one of the two empty.", o.line, want.Key())
	}
	return fmt.Sprintf("%s is another objective here, %q. Leave it empty to get the next one, or write that one's title, owner and days.", want.Key(), shortened(okr.Visible(o.Title)))
}

// objective is what a line puts its key result under: one that is there, or a new one. It returns none
// when something is wrong with the line.
func (im *importer) objective(ctx context.Context, e *entry) (*known, error) {
	if e.wrong {
		return nil, nil
	}
	want := &e.row.Objective
	refuse := func(column, says string) (*known, error) {
		im.refuse(Problem{Line: e.line, Column: column, Says: says})
		return nil, nil
	}
	if says := im.misnumbered(*want); says != "" {
		return refuse("objective_key", says)
	}
	o := im.target(*want)
	im.complete(want, o)
	if o == nil || o.Zone != want.Zone {
		if knows, err := im.knowsZone(ctx, want.Zone); err != nil {
			return nil, err
		} else if !knows {
			return refuse("time_zone", okr.UnknownZone)
		}
	}
	switch {
	case o == nil:
		var err error
		if o, err = im.addObjective(ctx, e); err != nil {
			return nil, err
		}
	case o.Closed && e.before.KeyResult.Objective != o.ID && !e.row.Alone:
		return refuse("objective", "This objective is closed out. Add the key result to another one.")
	case o.Closed && len(moves(o.Objective, *want)) > 0:
		return refuse("objective", "This objective is closed out and stays as it is, with its time zone and channel. Take this line out.")
	case len(moves(o.Objective, *want)) > 0:
		if o.line != 0 {
			return refuse("objective", fmt.Sprintf("Line %d gives the same objective another time zone or channel, or other co-owners. Make them the same.", o.line))
		}
		if err := im.placeObjective(ctx, e, o); err != nil {
			return nil, err
		}
	case e.row.Alone && o.alone:
		return refuse("objective", fmt.Sprintf("This objective stands on line %d already. Take one of the two out.", o.line))
	}
	if says := im.ask(o, e); says != "" {
		return refuse("objective_parent", says)
	}
	if o.line == 0 {
		o.line = e.line
	}
	o.alone = o.alone || e.row.Alone
	want.Number = o.Number
	return o, nil
}

// knowsZone says whether the database knows a time zone.
func (im *importer) knowsZone(ctx context.Context, zone string) (bool, error) {
	if knows, asked := im.zones[zone]; asked {
		return knows, nil
	}
	knows, err := im.reads.KnowsZone(ctx, zone)
	if err != nil {
		return false, err
	}
	if im.zones == nil {
		im.zones = map[string]bool{}
	}
	im.zones[strings.Clone(zone)] = knows
	return knows, nil
}

// complete gives an objective what the file has no columns for: as it is there, and nothing where it is new.
func (im *importer) complete(want *okr.Objective, o *known) {
	var there okr.Objective
	if o != nil {
		there = o.Objective
	}
	if !im.reader.has("objective_channel") {
		want.Channel = there.Channel
	}
	if !im.reader.has("objective_co_owners") {
		want.CoOwners = there.CoOwners
	}
}

// addObjective is an objective that is not there yet.
func (im *importer) addObjective(ctx context.Context, e *entry) (*known, error) {
	want := e.row.Objective
	o := &known{made: true, given: want.Number != 0, line: e.line, Objective: okr.Objective{
		Workspace: im.workspace, Number: want.Number, Period: want.Period, CoOwners: want.CoOwners,
		// Without the line that they are cut from, which would stay in memory with them.
		Title: strings.Clone(want.Title), Owner: strings.Clone(want.Owner), Zone: strings.Clone(want.Zone), Channel: strings.Clone(want.Channel),
	}}
	im.knowObjective(o)
	im.outcome.Objectives++
	name := "the objective"
	if o.given {
		name += " " + o.Key()
	}
	im.say("line %d: add %s %q, %s", e.line, name, want.Title, want.Period.Words())
	defer func() { im.hand(nil, o.Objective, nil, o.Responsible()) }() // with its number
	if !im.writing() {
		return o, nil
	}
	number := want.Number
	if number == 0 {
		number = im.next.Objective
	}
	made, err := im.tx.AddObjective(ctx, im.actor(), o.Objective, number)
	if err != nil {
		return nil, err
	}
	im.next.Objective = max(im.next.Objective, number+1)
	o.Objective = made
	return o, nil
}

// placeObjective gives an objective the time zone, the channel and the co-owners of a line.
func (im *importer) placeObjective(ctx context.Context, e *entry, o *known) error {
	want := e.row.Objective
	changed := moves(o.Objective, want)
	im.change(e.line, o, changed)
	im.hand(nil, o.Objective, o.CoOwners, want.CoOwners)
	o.Zone, o.Channel, o.CoOwners = want.Zone, want.Channel, want.CoOwners
	if !im.writing() {
		return nil
	}
	im.placed = append(im.placed, o)
	return im.tx.PlaceObjective(ctx, im.actor(), o.Objective, changed)
}

// change says what changes of an objective, and counts it once.
func (im *importer) change(line int, o *known, changed map[string]store.Change) {
	if !o.changed {
		im.outcome.ChangedObjectives++
	}
	o.changed = true
	im.say("line %d: change the objective %q: %s", line, o.Title, changeWords(changed))
}

// moves are what changes of an objective beside its parent.
func moves(o, want okr.Objective) map[string]store.Change {
	changed := map[string]store.Change{}
	if o.Zone != want.Zone {
		changed["time_zone"] = store.Change{o.Zone, want.Zone}
	}
	if o.Channel != want.Channel {
		changed["objective_channel"] = store.Change{o.Channel, want.Channel}
	}
	if !slices.Equal(o.CoOwners, want.CoOwners) {
		changed["objective_co_owners"] = store.Change{strings.Join(o.CoOwners, " "), strings.Join(want.CoOwners, " ")}
	}
	return changed
}

// ask notes what a line says of its objective's parent, which may stand further down. It returns what is
// wrong with it.
func (im *importer) ask(o *known, e *entry) string {
	switch {
	case !im.reader.has("objective_parent"):
		return ""
	case !o.asked:
		o.asked, o.parent = true, strings.Clone(e.row.Parent)
		im.below = append(im.below, wish{o, e.line})
		return ""
	case o.parent != e.row.Parent:
		return fmt.Sprintf("Line %d gives the same objective another parent. Make them the same.", o.line)
	}
	return ""
}

// wish is what a line says of its objective's parent.
type wish struct {
	*known
	from int // the line
}

// putBelow gives objectives the parents that the file names, once all lines are read.
func (im *importer) putBelow(ctx context.Context) error {
	var moved []wish
	before := map[*known]*known{}
	titles := map[string][]*known{}
	for _, o := range im.all {
		title := strings.TrimSpace(okr.Visible(o.Title))
		titles[title] = append(titles[title], o)
	}
	whole := im.outcome.Problems == 0 // else what a line names may stand on one with a problem
	for _, w := range im.below {
		parent, says := im.named(w, titles)
		if parent == nil && says != "" && !whole {
			continue
		}
		if says == "" && parent != w.above && w.Closed {
			says = "This objective is closed out and stays as it is, with its parent. Take this line out."
		}
		if says != "" {
			im.refuse(Problem{Line: w.from, Column: "objective_parent", Says: says})
			continue
		}
		if parent != w.above {
			before[w.known], w.known.above = w.above, parent
			moved = append(moved, w)
		}
	}
	for _, w := range circling(moved) {
		im.refuse(Problem{Line: w.from, Column: "objective_parent", Says: "This one is below the objective already, or is the objective itself. Name another parent."})
	}
	if im.outcome.Problems > 0 {
		return nil
	}
	list := make([]store.Below, 0, len(moved))
	for _, w := range moved {
		b := store.Below{Objective: w.ID}
		if w.above != nil {
			b.Parent = w.above.ID
		}
		if w.made {
			im.say("line %d: put the objective %q below %q", w.from, w.Title, w.above.Title)
		} else {
			b.Changes = map[string]store.Change{"parent": {before[w.known].called(), w.above.called()}}
			im.change(w.from, w.known, map[string]store.Change{"objective_parent": b.Changes["parent"]})
		}
		list = append(list, b)
	}
	there := func(w wish) bool { return !w.made }
	switch {
	case len(list) == 0 || !im.writing():
		return nil
	case !im.holding && slices.ContainsFunc(moved, there): // a new one is above new ones alone
		return errMoves
	}
	return im.tx.PutBelow(ctx, im.actor(), list)
}

// named is the objective that a cell names as a parent, by its number or its title; none where it names none.
func (im *importer) named(w wish, titles map[string][]*known) (*known, string) {
	if w.parent == "" {
		return nil, ""
	}
	if number, ok := okr.ParseObjectiveKey(w.parent); ok && im.numbers[number] != nil {
		return im.numbers[number], ""
	}
	var others []*known // a year's may be called as the quarter's below it
	for _, o := range titles[w.parent] {
		if o != w.known {
			others = append(others, o)
		}
	}
	switch {
	case len(others) == 1:
		return others[0], ""
	case len(others) > 1:
		return nil, fmt.Sprintf("Several objectives are called %q. Write the number of one, such as O-7, as objective_key has it.", shortened(w.parent))
	case len(titles[w.parent]) == 1:
		return w.known, ""
	}
	return nil, fmt.Sprintf("There is no objective %q, neither here nor in the file. Write the number or the title of one, or leave this empty.", shortened(w.parent))
}

// circling are those of some objectives that would be above themselves.
func circling(moved []wish) (list []wish) {
	walked, within := map[*known]int{}, map[*known]bool{}
	for i, w := range moved {
		o := w.known
		for ; o != nil && walked[o] == 0; o = o.above {
			walked[o] = i + 1
		}
		for ; o != nil && walked[o] == i+1 && !within[o]; o = o.above {
			within[o] = true // this walk came back to it
		}
	}
	for _, w := range moved {
		if within[w.known] {
			list = append(list, w)
		}
	}
	return list
}

// called is an objective as its history names it.
func (o *known) called() string {
	switch {
	case o == nil:
		return ""
	case o.Number == 0:
		return o.Title
	}
	return o.Key() + " " + o.Title
}
