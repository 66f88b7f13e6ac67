package store

import (
	"context"
	"fmt"
	"time"

	"okrbot/okr"
)

// Order is an order of a list of key results.
type Order string

// The orders. Each ends with what no two key results share.
const (
	ByObjective Order = ""       // and number; those of objectives that end first last: what is over comes after all that is not
	WorstFirst  Order = "worst"  // by what is most pressing, okr.Place
	ByName      Order = "name"   // by title
	ByNumber    Order = "number" // by KR-n
	ByOwner     Order = "owner"  // by the name of their owner
)

// Orders are all orders.
var Orders = []Order{ByObjective, WorstFirst, ByName, ByNumber, ByOwner}

func (o Order) by() string {
	switch o {
	case WorstFirst:
		return "k.need, k.rank, k.number"
	case ByName:
		return `coalesce(k.sorted, k.folded, lower(k.title)) collate "C", k.number`
	case ByNumber:
		return "k.number"
	case ByOwner:
		return `coalesce(nullif(p.sorted, ''), lower(coalesce(nullif(p.name, ''), k.owner_id))) collate "C", k.owner_id, k.number`
	}
	return "o.last_day desc, o.id, k.number"
}

// tables are what an order is by, beside key_results k and objectives o.
func (o Order) tables() string {
	if o == ByOwner {
		return "\nleft join people p on p.workspace_id = k.workspace_id and p.id = k.owner_id"
	}
	return ""
}

// judged is where a key result comes of which another place is stored.
type judged struct {
	id    int64
	place okr.Place
}

// ordered writes the order of a filter, and from what it needs beside key results.
func (f Filter) ordered(from string, args *[]any) (withJudged, by string) {
	if f.Order != WorstFirst || len(f.judged) == 0 {
		return from, "\norder by " + f.Order.by()
	}
	ids, needs, ranks := make([]int64, len(f.judged)), make([]int16, len(f.judged)), make([]int32, len(f.judged))
	for i, j := range f.judged {
		ids[i], needs[i], ranks[i] = j.id, int16(j.place.Need), int32(j.place.Rank)
	}
	*args = append(*args, ids, needs, ranks)
	from += fmt.Sprintf("\nleft join unnest($%d::bigint[], $%d::smallint[], $%d::int[]) j (id, need, rank) on j.id = k.id", len(*args)-2, len(*args)-1, len(*args))
	return from, "\norder by coalesce(j.need, k.need), coalesce(j.rank, k.rank), k.number"
}

// objectives joins those of the key results. Where an index finds these, theirs are looked up, however
// cheap it seems to read them all.
func (f Filter) objectives() string {
	if f.found() || f.Order != ByObjective && f.Order != ByOwner {
		return "\ncross join lateral (select * from objectives o where o.id = k.objective_id offset 0) o"
	}
	return "\njoin objectives o on o.id = k.objective_id"
}

// chosen writes the query of the ids of a part of a filter's key results, in their order.
func (f Filter) chosen(workspace string) (sql string, args []any) {
	from, where, args := f.narrow(workspace)
	part := fmt.Sprintf("\noffset %d\nlimit %d", f.From, f.Most)
	if f.Order == WorstFirst && !f.found() && len(f.judged) == 0 { // each need by the index, so that no more is read than comes before
		needs := okr.Needs()
		if f.standing != nil && !f.standing.open && len(f.standing.also) == 0 {
			needs = f.standing.needs()
		}
		numbers := make([]int16, len(needs))
		for i, n := range needs {
			numbers[i] = int16(n)
		}
		args = append(args, numbers)
		return fmt.Sprintf("select y.id\nfrom unnest($%d::smallint[]) n (need)\ncross join lateral (\nselect k.id, k.need, k.rank, k.number\nfrom %s\nwhere %s\n  and k.need = n.need\norder by k.rank, k.number\nlimit %d\n) y\norder by y.need, y.rank, y.number",
			len(args), from+f.objectives(), where, f.From+f.Most) + part, args
	}
	from, by := f.ordered(from, &args)
	return "select k.id\nfrom " + from + f.objectives() + f.Order.tables() + "\nwhere " + where + by + part, args
}

// Page is a part of a list of key results.
type Page struct {
	KeyResults []KeyResult
	From       int  // how many of the list come before them
	Total      int  // of the whole list
	More       bool // there are more than that, or there may be
	Unjudged   bool // of some it is not known yet whether they belong to it
}

// judgedAtOnce is how many key results a list looks at itself.
const judgedAtOnce = 500

// Page is the part of a list that begins behind f.From and has at most f.Most key results, or the last
// one where the list is not as long. How key results stand is what is stored of them, and of those of
// which it is not stored, or not any more, a look at each, up to judgedAtOnce of them. The list is
// counted up to some. It is asked in a Snapshot.
func (r Statements) Page(ctx context.Context, workspace string, f Filter, s States, counted int, now time.Time) (p Page, err error) {
	f, p.Unjudged, err = r.looked(ctx, workspace, f, s, now)
	if err != nil {
		return p, err
	}
	most := f.Most
	f.Most++ // one more says whether there is another part
	for {
		if p.KeyResults, err = r.KeyResults(ctx, workspace, f); err != nil {
			return p, err
		}
		if len(p.KeyResults) > 0 || f.From == 0 {
			break
		}
		all := f // it is not as long as that
		all.Most = f.From
		n, err := r.CountKeyResults(ctx, workspace, all)
		if err != nil {
			return p, err
		}
		f.From = max(0, n-1) / most * most
	}
	p.From = f.From
	p.Total = f.From + len(p.KeyResults)
	p.More = p.Unjudged
	if len(p.KeyResults) > most {
		p.KeyResults = p.KeyResults[:most]
		all := f
		all.Most = counted
		n, err := r.CountKeyResults(ctx, workspace, all)
		if err != nil {
			return p, err
		}
		p.Total, p.More = max(p.Total, n), p.More || n == counted
	}
	return p, nil
}

// looked narrows a filter to key results that stand so, by what is stored and by a look at the others,
// and says whether there may be more of them.
func (r Statements) looked(ctx context.Context, workspace string, f Filter, s States, now time.Time) (known Filter, more bool, err error) {
	known = f
	if !s.none() {
		var unsure []KeyResult
		if known, unsure, err = r.unsure(ctx, workspace, f, s); err != nil {
			return f, false, err
		}
		more = len(unsure) > judgedAtOnce
		for _, k := range unsure[:min(len(unsure), judgedAtOnce)] {
			if !s.has(k, now) {
				continue
			}
			if known.standing.also = append(known.standing.also, k.ID); s.hangs() {
				known.judged = append(known.judged, judgedNow(k, now))
			}
		}
	}
	if f.Order == WorstFirst && !s.hangs() { // then they are looked at for their order alone
		_, unsure, err := r.unsure(ctx, workspace, f, States{Pressing: true})
		if err != nil {
			return f, false, err
		}
		for _, k := range unsure[:min(len(unsure), judgedAtOnce)] {
			known.judged = append(known.judged, judgedNow(k, now))
		}
	}
	return known, more, nil
}

// unsure splits a filter as Stand does, and loads those that have to be judged, one more than are looked
// at.
func (r Statements) unsure(ctx context.Context, workspace string, f Filter, s States) (known Filter, unsure []KeyResult, err error) {
	known, open, err := r.Stand(ctx, workspace, f, s)
	if err != nil {
		return f, nil, err
	}
	open.Order, open.From, open.Most = ByObjective, 0, judgedAtOnce+1
	unsure, err = r.KeyResults(ctx, workspace, open)
	return known, unsure, err
}

func judgedNow(k KeyResult, now time.Time) judged {
	return judged{k.ID, k.Place(k.Objective.Period, k.Today(now))}
}
