package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"okrbot/okr"
	"okrbot/store/queries"
)

// States are ways in which key results stand, for a filter: any of them.
type States struct {
	Statuses []okr.Status
	Failing  bool // the last sync failed
	Stuck    bool // and it is still to be read
	Paused   bool // and still to be read otherwise
	Closed   bool
	Open     bool
	ByHand   bool // a person's value stands in for the scores
	Pressing bool // somebody should do something
}

// none says whether the states leave everything as it is.
func (s States) none() bool {
	return len(s.Statuses) == 0 && !(s.Failing || s.Stuck || s.Paused || s.Closed || s.Open || s.ByHand || s.Pressing)
}

// hangs says whether the states hang on what is judged.
func (s States) hangs() bool { return len(s.Statuses) > 0 || s.Pressing }

// has says whether a key result stands so, by a look at it.
func (s States) has(k KeyResult, now time.Time) bool {
	today := k.Today(now)
	status := k.Standing(k.Objective.Period, today).Status
	failing := k.Failure.Class != ""
	stuck := failing && !k.Closed
	return slices.Contains(s.Statuses, status) && !(status == okr.Stale && stuck) ||
		s.Failing && failing || s.Stuck && stuck || s.Paused && k.Paused && !k.Closed || s.Closed && k.Closed || s.Open && !k.Closed ||
		s.ByHand && k.Overridden(today) || s.Pressing && k.Need(k.Objective.Period, today).Pressing()
}

// needs are what key results can need that stand so.
func (s States) needs() []okr.Need {
	if s.none() || s.Paused || s.Closed || s.Open || s.ByHand {
		return okr.Needs()
	}
	var needs []okr.Need
	for _, status := range s.Statuses {
		needs = append(needs, okr.NeedsOf(status)...)
	}
	if s.Failing {
		needs = append(needs, okr.NeedsSignIn, okr.NeedsSync, okr.NeedsNobody)
	}
	if s.Stuck {
		needs = append(needs, okr.NeedsSignIn, okr.NeedsSync)
	}
	for _, n := range okr.Needs() {
		if s.Pressing && n.Pressing() {
			needs = append(needs, n)
		}
	}
	slices.Sort(needs)
	return slices.Compact(needs)
}

// standing narrows a filter to key results by how they stand.
type standing struct {
	States
	open  bool // those who have to be judged first
	after int64
	also  []int64 // those of them that stand so, as a look at each found
}

// Stand splits a filter's key results: of those in known it is stored that they stand so, those in
// open have to be judged. Both are of one moment in a Snapshot.
func (r Statements) Stand(ctx context.Context, workspace string, f Filter, s States) (known, open Filter, err error) {
	after, err := r.q.JudgeAfter(ctx, workspace)
	if err != nil {
		return f, f, fmt.Errorf("looking up how a workspace is judged: %w", found(err))
	}
	st := standing{States: s, after: -1}
	if after != nil {
		st.after = *after
	}
	known, open = f, f
	known.standing = &st
	toJudge := st
	toJudge.open = true
	open.standing = &toJudge
	return known, open, nil
}

// unknown are those that have to be judged, as SQL.
func (s standing) unknown() string {
	clauses := []string{}
	if s.hangs() {
		clauses = append(clauses, "k.status_until < 'infinity' and k.status_until <= now()")
		if s.after >= 0 {
			clauses = append(clauses, fmt.Sprintf("k.id > %d", s.after))
		}
	}
	if s.ByHand {
		clauses = append(clauses, "k.integrated and k.override_value is not null")
	}
	return anyOf(clauses)
}

// where is the SQL of what must hold, and what goes with it.
func (s standing) where(add func(clause string, arg any) string) string {
	if s.open {
		return s.unknown()
	}
	clauses := []string{}
	if len(s.Statuses) > 0 {
		names := make([]string, len(s.Statuses))
		for i, one := range s.Statuses {
			names[i] = string(one)
		}
		is := add("k.status = any (?)", names)
		if slices.Contains(s.Statuses, okr.Stale) {
			is += " and not (k.status = 'stale' and k.failure_class <> '' and o.closed_at is null)"
		}
		clauses = append(clauses, is)
	}
	if s.Pressing {
		clauses = append(clauses, fmt.Sprintf("k.need <= %d", okr.NeedsEyes))
	}
	for _, c := range []struct {
		is  bool
		sql string
	}{
		{s.Failing, "k.failure_class <> ''"},
		{s.Stuck, "k.failure_class <> '' and o.closed_at is null"},
		{s.Paused, "k.paused and o.closed_at is null"},
		{s.Closed, "o.closed_at is not null"},
		{s.Open, "o.closed_at is null"},
	} {
		if c.is {
			clauses = append(clauses, c.sql)
		}
	}
	sql := anyOf(clauses) + "\n  and not " + s.unknown()
	if len(s.also) > 0 {
		sql = "(" + sql + "\n    or " + add("k.id = any (?)", s.also) + ")"
	}
	return sql
}

// anyOf is true where one of the clauses is.
func anyOf(clauses []string) string {
	sql := "(false"
	for i, c := range clauses {
		if i == 0 {
			sql = "(" + c
		} else {
			sql += "\n    or " + c
		}
	}
	return sql + ")"
}

// Unjudged says whether there are key results to judge.
func (s *Store) Unjudged(ctx context.Context) (bool, error) {
	some, err := s.q.AnyUnjudged(ctx)
	if err != nil {
		return false, fmt.Errorf("looking for statuses that are over: %w", err)
	}
	return some, nil
}

// Judge judges a portion of the key results whose stored status is over, and one of those whose
// workspace has other thresholds now. It returns how many there were.
func (s *Store) Judge(ctx context.Context, most int) (n int, err error) {
	err = s.InTx(ctx, func(tx *Tx) error {
		rows, err := tx.q.Unjudged(ctx, int32(most))
		if err != nil {
			return fmt.Errorf("looking for statuses that are over: %w", err)
		}
		unranked, err := tx.q.Unranked(ctx, int32(most))
		if err != nil {
			return fmt.Errorf("looking for key results without a rank: %w", err)
		}
		for _, row := range unranked {
			rows = append(rows, queries.UnjudgedRow(row))
		}
		ids := map[string][]int64{}
		seen := map[int64]bool{} // what is over may have no rank as well
		for _, row := range rows {
			if !seen[row.ID] {
				seen[row.ID] = true
				ids[row.WorkspaceID] = append(ids[row.WorkspaceID], row.ID)
			}
		}
		n = len(seen)
		for workspace, some := range ids {
			if err := tx.judge(ctx, workspace, some); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return n, err
	}
	workspaces, err := s.q.JudgeWorkspaces(ctx)
	if err != nil {
		return n, fmt.Errorf("looking for thresholds that changed: %w", err)
	}
	for _, w := range workspaces {
		some, err := s.judgeNext(ctx, w, most)
		n += some
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// judgeNext judges the next key results of a workspace whose thresholds changed, and has their cards drawn again.
func (s *Store) judgeNext(ctx context.Context, w queries.JudgeWorkspacesRow, most int) (n int, err error) {
	err = s.InTx(ctx, func(tx *Tx) error {
		ids, err := tx.q.JudgeNext(ctx, queries.JudgeNextParams{WorkspaceID: w.ID, After: w.JudgeAfter, Most: int32(most)})
		if err != nil {
			return fmt.Errorf("looking for what is judged by other thresholds now: %w", err)
		}
		n = len(ids)
		if err := tx.judge(ctx, w.ID, ids); err != nil {
			return err
		}
		if err := tx.MarkCards(ctx, ids...); err != nil {
			return err
		}
		after := int64(0) // that was all
		if len(ids) == most {
			after = ids[most-1]
		}
		if err := tx.q.JudgedUpTo(ctx, queries.JudgedUpToParams{After: after, ID: w.ID, Was: w.JudgeAfter, Round: w.JudgeRound}); err != nil {
			return fmt.Errorf("noting what is judged by other thresholds: %w", err)
		}
		return nil
	})
	return n, err
}

// judge stores how key results stand whose rows are locked.
func (tx *Tx) judge(ctx context.Context, workspace string, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	list, err := tx.KeyResults(ctx, workspace, Filter{IDs: ids})
	if err != nil {
		return err
	}
	return tx.saveStatuses(ctx, list...)
}

// saveStatuses stores how key results stand, as they were loaded.
func (tx *Tx) saveStatuses(ctx context.Context, list ...KeyResult) error {
	var p queries.SaveStatusesParams
	for _, k := range list {
		j := k.Judged(k.Objective, tx.Now)
		p.Ids = append(p.Ids, k.ID)
		p.Statuses = append(p.Statuses, string(j.Status))
		p.Silents = append(p.Silents, j.Silent)
		p.Closeds = append(p.Closeds, j.Closed)
		p.Ranks = append(p.Ranks, int32(j.Rank))
		p.Untils = append(p.Untils, untilText(j))
	}
	if err := tx.q.SaveStatuses(ctx, p); err != nil {
		return fmt.Errorf("storing statuses: %w", err)
	}
	return nil
}

// untilText is how the end of a judgement travels in an array.
func untilText(j okr.Judgement) string {
	if j.Until.IsZero() {
		return "infinity"
	}
	return momentText(j.Until)
}
