package sheet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"okrbot/okr"
	"okrbot/store"
)

// Actor is who an import is recorded as.
const Actor = "import"

// Outcome counts what an import made, or would make.
type Outcome struct {
	Objectives, ChangedObjectives int
	KeyResults, Changed, Same     int
	Entries, SameEntries          int  // of histories: to add, and there already
	LeftEntries                   int  // of histories: for which there is another value, which stays
	Hear                          int  // people whose something becomes or ceases to be
	History                       bool // the file has histories, and no key results
	Problems                      int
	At                            time.Time // of an import; zero for a check
}

// batch is how many lines are looked up and written at once.
const batch = 1000

// importer goes through a file once: looking only, or inside the transaction that writes.
type importer struct {
	workspace  string
	reads      store.Statements
	tx         *store.Tx // nil: looks only
	now        time.Time
	out        io.Writer // a line for each change and each problem
	outcome    Outcome
	problems   problems
	cache      *PeopleCache // who can be asked about people; nil: nobody
	whole      func(kind, reference string) string
	guests     map[string]string // their ids -> why they become no owners
	left       map[string]bool   // ids of those who have left, and hear nothing
	idle       map[string]string // ids of them and of others who can do nothing here -> the note of it, until it is said
	people     map[string]string // what a cell can say -> Slack's id; empty where several bear the name
	sources    map[string][]store.Connection
	reader     *Reader // of key results; nil: of histories
	all        []*known
	numbers    map[int]*known // objectives by their numbers
	objectives map[objectiveKey]*known
	below      []wish            // what the file says of objectives' parents
	keys       map[int]int       // key results that the file names -> line
	added      map[titled]int    // new ones without a number -> line
	next       store.NextNumbers // of the next that have none
	fresh      []store.KeyResult // waiting to be written
	placed     []*known          // whose key results follow in the end
	heard      map[string]*Heard // by person
	holding    bool              // the tree of objectives
	zones      map[string]bool   // time zone -> whether the database knows it
	uses       map[use]bool      // what reads from elsewhere now, and is written
}

// titled names a key result by its title within an objective.
type titled struct {
	objective *known
	title     string
}

// Beside is what an import asks besides the database.
type Beside struct {
	People *PeopleCache                        // about who is not known; nil asks nobody
	Whole  func(kind, reference string) string // for the scorecard that a reference names a part of; nil: itself
	// Tell leaves with the import what people are to hear of it; nil: nobody hears.
	Tell func(ctx context.Context, tx *store.Tx, workspace string, list []Heard) error
}

// offline asks about nobody who was not asked about before.
func (b *Beside) offline() *Beside {
	if b == nil {
		return nil
	}
	return &Beside{People: b.People.Offline(), Whole: b.Whole, Tell: b.Tell}
}

func (im *importer) lookBeside(b *Beside) {
	if b == nil {
		b = &Beside{}
	}
	im.cache, im.whole = b.People, b.Whole
	if im.whole == nil {
		im.whole = func(_, reference string) string { return reference }
	}
}

// Check reads a file and says what Import would make of it, line by line, and all that is wrong.
// Nil beside asks nobody.
func Check(ctx context.Context, s *store.Store, workspace string, file io.Reader, out io.Writer, beside *Beside) (Outcome, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return Outcome{}, err
	}
	im := &importer{workspace: workspace, reads: s.Statements, now: now, out: out, next: store.NextNumbers{KeyResult: 1, Objective: 1}}
	im.lookBeside(beside)
	err = im.run(ctx, file)
	return im.outcome, err
}

// errProblems takes back what was written before a problem was found.
var errProblems = errors.New("the file has problems")

// errMoves takes back what was written before an objective was found that gets another parent.
var errMoves = errors.New("the tree of objectives is to be held")

// Import writes everything that a file says, or, when something is wrong with it, nothing. What it
// does is recorded as done by Actor. It posts nothing, and tells people what Beside has it tell. Of people it
// knows those whom Check asked about.
func Import(ctx context.Context, s *store.Store, workspace string, file io.ReadSeeker, out io.Writer, beside *Beside) (Outcome, error) {
	outcome, err := write(ctx, s, workspace, file, out, beside, false)
	if errors.Is(err, errMoves) {
		// The tree comes before the locks of objectives, and who puts one below another waits for as long as it
		// is held. Few files move one that was there.
		outcome, err = write(ctx, s, workspace, file, io.Discard, beside, true)
	}
	switch {
	case errors.Is(err, store.ErrNoParent), errors.Is(err, store.ErrChanged), errors.Is(err, store.ErrClosed), errors.Is(err, store.ErrNotFound):
		outcome.Problems++ // removed, edited or closed out meanwhile
		return outcome, nil
	case errors.Is(err, errProblems):
		return outcome, nil
	}
	return outcome, err
}

// write is one try to import a file, which holds the tree of objectives or returns errMoves where it must be held.
func write(ctx context.Context, s *store.Store, workspace string, file io.ReadSeeker, out io.Writer, beside *Beside, tree bool) (outcome Outcome, err error) {
	err = s.InTx(ctx, func(tx *store.Tx) error {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("reading the file: %w", err)
		}
		ahead, err := lookAhead(file)
		if err != nil {
			return err
		}
		if tree {
			if err := tx.LockTree(ctx, workspace); err != nil {
				return err
			}
		}
		next, err := tx.LockNumbers(ctx, workspace)
		if err != nil {
			return err
		}
		next.KeyResult, next.Objective = max(next.KeyResult, ahead.keyResult+1), max(next.Objective, ahead.objective+1)
		im := &importer{workspace: workspace, reads: tx.Statements, tx: tx, now: tx.Now, out: out, next: next, holding: tree}
		im.lookBeside(beside.offline())
		im.outcome.At = tx.Now
		err = im.run(ctx, file)
		outcome = im.outcome
		if err != nil {
			return err
		}
		if outcome.Problems > 0 {
			return errProblems
		}
		if other, err := im.overtaken(ctx); err != nil {
			return err
		} else if other {
			outcome.Problems++
			return errProblems
		}
		for _, o := range im.placed {
			if err := tx.FollowObjective(ctx, im.actor(), o.Objective); err != nil {
				return err
			}
		}
		if beside != nil && beside.Tell != nil && len(im.heard) > 0 {
			if err := beside.Tell(ctx, tx, workspace, im.hears()); err != nil {
				return err
			}
		}
		return tx.MoveNumbers(ctx, workspace, im.next)
	})
	return outcome, err
}

// use is a connection through which something of an owner's is read from now on.
type use struct {
	connection int64
	owner      string
}

// overtaken says whether what the file names was closed out, moved to another time zone, disconnected or taken back
// from others since it was looked for. Who does so from now on waits for what is written.
func (im *importer) overtaken(ctx context.Context) (bool, error) {
	if other, err := im.tx.AnyOther(ctx, im.workspace, im.open()); err != nil || other || len(im.uses) == 0 {
		return other, err
	}
	list, err := im.reads.Connections(ctx, im.workspace)
	if err != nil {
		return false, err
	}
	for u := range im.uses {
		if !slices.ContainsFunc(list, func(c store.Connection) bool { return c.ID == u.connection && serves(c, u.owner) }) {
			return true, nil
		}
	}
	return false, nil
}

// serves says whether a connection may read what somebody owns. The import is nobody's, so a private one serves its
// own owner's key results only.
func serves(c store.Connection, owner string) bool { return c.Shared || c.Owner == owner }

// open are the objectives that were there, are named, and were not closed out when the import began, as it leaves
// them.
func (im *importer) open() (list []okr.Objective) {
	for _, o := range im.all {
		if o.line != 0 && !o.made && !o.Closed {
			list = append(list, o.Objective)
		}
	}
	return list
}

// ahead is what is to be known of a file before its first line: the highest numbers that it names, so that
// those without one get others.
type ahead struct{ keyResult, objective int }

func lookAhead(file io.ReadSeeker) (a ahead, err error) {
	r, problems, err := NewReader(file)
	for err == nil && len(problems) == 0 {
		var l Line
		var p *Problem
		if l, p, err = r.Next(); p != nil {
			break
		}
		a.keyResult = max(a.keyResult, r.Key(l))
		objective, _ := okr.ParseObjectiveKey(r.cell(l, "objective_key"))
		a.objective = max(a.objective, objective)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return a, err
	}
	_, err = file.Seek(0, io.SeekStart)
	return a, err
}

func (im *importer) run(ctx context.Context, file io.Reader) error {
	defer im.tell()
	l, problems, err := open(file)
	if err != nil {
		return err
	}
	im.refuse(problems...)
	if l == nil {
		return nil
	}
	if err := im.know(ctx); err != nil {
		return err
	}
	if im.outcome.History = l.isHistory(); im.outcome.History {
		return im.histories(ctx, l)
	}
	r, problems, err := newReader(l)
	if err != nil {
		return err
	}
	im.refuse(problems...)
	if r == nil {
		return nil
	}
	im.reader = r
	for more := true; more; {
		var lines []Line
		for len(lines) < batch {
			l, p, err := r.Next()
			if errors.Is(err, io.EOF) {
				more = false
				break
			}
			if err != nil {
				return err
			}
			if p != nil {
				im.refuse(*p)
				if l.cells == nil { // the rest cannot be read
					return im.importRows(ctx, r, lines)
				}
				continue
			}
			lines = append(lines, l)
		}
		if err := im.importRows(ctx, r, lines); err != nil {
			return err
		}
	}
	im.outcome.Hear = len(im.heard)
	return im.putBelow(ctx)
}

// hold holds a key result that is about to be changed, and returns it with the value by hand that stands now: a
// score may have ended it since the key result was read, which is no edit.
func (im *importer) hold(ctx context.Context, k store.KeyResult) (store.KeyResult, error) {
	now, err := im.tx.LockKeyResult(ctx, im.workspace, k.ID)
	k.Override = now.Override
	return k, err
}

func (im *importer) refuse(problems ...Problem) {
	for _, p := range problems {
		if im.problems.add(p) {
			im.outcome.Problems++
		}
	}
}

// tell says what is wrong, each cause once.
func (im *importer) tell() {
	for _, c := range im.problems.list {
		im.say("%s", c)
	}
	if im.problems.more > 0 {
		im.say("…and %s. Begin with these.", okr.CountWords(im.problems.more, "more problem"))
	}
}

func (im *importer) say(format string, args ...any) { fmt.Fprintf(im.out, format+"\n", args...) }

// writing says whether what is found to do is done: not after a problem.
func (im *importer) writing() bool { return im.tx != nil && im.outcome.Problems == 0 }

// know loads what every line is held against.
func (im *importer) know(ctx context.Context) error {
	im.people, im.guests, im.sources = map[string]string{}, map[string]string{}, map[string][]store.Connection{}
	im.objectives, im.numbers = map[objectiveKey]*known{}, map[int]*known{}
	im.keys, im.added, im.heard, im.left = map[int]int{}, map[titled]int{}, map[string]*Heard{}, map[string]bool{}
	im.uses, im.idle = map[use]bool{}, map[string]string{}
	people, err := im.reads.KnownPeople(ctx, im.workspace)
	if err != nil {
		return err
	}
	for _, p := range people {
		if name := strings.ToLower(shown(p.Name)); name != "" {
			if _, several := im.people[name]; several {
				im.people[name] = ""
			} else {
				im.people[name] = p.ID
			}
		}
	}
	for _, p := range people {
		im.people[p.ID] = p.ID
		im.meet(p.ID, p.Name, p.Kind)
	}
	connections, err := im.reads.Connections(ctx, im.workspace)
	if err != nil {
		return err
	}
	for _, c := range connections {
		im.sources[okr.Visible(c.Name)] = append(im.sources[okr.Visible(c.Name)], c)
	}
	objectives, err := im.reads.AllObjectives(ctx, im.workspace)
	if err != nil {
		return err
	}
	byID := make(map[int64]*known, len(objectives))
	for _, o := range objectives {
		byID[o.ID] = &known{Objective: o}
		im.knowObjective(byID[o.ID])
	}
	for _, o := range im.all {
		o.above = byID[o.Parent]
	}
	return nil
}
