package okr

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Objective is what a team wants to reach within a period.
type Objective struct {
	ID        int64
	Workspace string
	Number    int // O-n
	Title     string
	Owner     string
	CoOwners  []string
	Period    Period
	Zone      string // IANA; its days and hours are the key results'
	Channel   string // where its key results are announced unless they say otherwise; may be empty
	Parent    int64  // the objective that it serves; 0: none
	ParentKey string // O-n of that one, in exports
	Closed    bool   // closed out: it and its key results stay as they are
	Version   int    // raised by every edit
}

// Key is the objective's name: "O-7".
func (o Objective) Key() string { return fmt.Sprintf("O-%d", o.Number) }

var objectiveKeyPattern = regexp.MustCompile(`^(?i:o[ -]?)([1-9][0-9]{0,8})$`)

// ParseObjectiveKey reads "O-7", "o 7" or "O7". A number alone is a key result's.
func ParseObjectiveKey(s string) (number int, ok bool) {
	m := objectiveKeyPattern.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return 0, false
	}
	number, err := strconv.Atoi(m[1])
	return number, err == nil
}

// Stage is what an objective's period is on a day. Home and the list of objectives have the stages in this order,
// and of each first what ends or ended the nearest. The store sorts by them.
type Stage int

// The stages.
const (
	Running   Stage = iota
	Over            // and to be closed out
	ToCome          // its first day is later
	ClosedOut       // whatever its period
)

// Stage is where the objective is on a day.
func (o Objective) Stage(today Day) Stage {
	switch {
	case o.Closed:
		return ClosedOut
	case today > o.Period.Last:
		return Over
	case today < o.Period.First:
		return ToCome
	}
	return Running
}

// MostCoOwners is how many co-owners an objective has at most.
const MostCoOwners = 20

// Check finds what is wrong with an objective that people entered.
func (o Objective) Check() Problems {
	p := Problems{}
	p.Add("title", titleProblem(o.Title))
	if o.Owner == "" {
		p.Add("owner", "Choose an owner.")
	}
	switch {
	case o.Owner != "" && slices.Contains(o.CoOwners, o.Owner):
		p.Add("co_owners", "The owner is no co-owner as well. Take one of the two out.")
	case len(o.CoOwners) > MostCoOwners:
		p.Add("co_owners", fmt.Sprintf("An objective has at most %d co-owners.", MostCoOwners))
	}
	if o.Period.Last < o.Period.First {
		p.Add("last", "The period ends before it begins. Choose a later last day.")
	}
	if _, err := location(o.Zone); err != nil {
		p.Add("zone", zoneProblem)
	}
	return p
}
