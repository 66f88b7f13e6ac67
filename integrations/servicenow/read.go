package servicenow

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"okrbot/integrations"
)

const scorecardsPath = "/api/now/v1/pa/scorecards"

// query is what is asked of the Scorecards API. Its parameters' names are written out: an unknown
// name is ignored with a 200, and answers with some other scorecard.
type query struct {
	uuid     string
	contains string
	from     time.Time // with it, scores are asked for; no sysparm_limit, which counts scores
	perPage  int
	page     int

	divisions bool   // what it can be divided by
	breakdown string // one result for each of its elements
	hidden    bool   // also what is not on the Analytics Hub
}

func (q query) String() string {
	var parts []string
	add := func(name, value string) { parts = append(parts, name+"="+url.QueryEscape(value)) }
	if q.uuid != "" {
		add("sysparm_uuid", q.uuid) // the documentation wants it first
	}
	if q.contains != "" {
		add("sysparm_contains", q.contains)
	}
	if !q.from.IsZero() {
		add("sysparm_include_scores", "true")
		add("sysparm_from", q.from.Format(time.DateOnly))
	}
	if q.divisions {
		add("sysparm_include_available_breakdowns", "true")
		add("sysparm_include_available_aggregates", "true")
	}
	if q.hidden || q.uuid != "" { // one that is named is wanted wherever it is shown
		add("sysparm_display", "all")
	}
	if q.breakdown != "" {
		add("sysparm_breakdown", q.breakdown)
	}
	if q.perPage > 0 {
		add("sysparm_per_page", strconv.Itoa(q.perPage))
	}
	if q.page > 0 {
		add("sysparm_page", strconv.Itoa(q.page))
	}
	if q.uuid == "" || q.breakdown != "" {
		add("sysparm_sortby", "name") // for stable pages
		add("sysparm_sortdir", "asc")
	}
	add("sysparm_display_value", "false")
	return scorecardsPath + "?" + strings.Join(parts, "&")
}

// list reads one page of scorecards, without their scores.
func (c *Client) list(ctx context.Context, account integrations.Account, q query) ([]integrations.Scorecard, error) {
	body, err := c.get(ctx, account, question{pathAndQuery: q.String(), many: true})
	if err != nil {
		return nil, err
	}
	rows, problem := decode(body)
	if problem != nil {
		return nil, problem
	}
	found := make([]integrations.Scorecard, len(rows))
	for i, row := range rows {
		found[i] = row.listed(time.Now())
	}
	return found, nil
}

// refPattern is a colon uuid: the indicator's sys_id, then breakdowns, elements and aggregates.
var refPattern = regexp.MustCompile(`^[0-9a-f]{32}(:[0-9A-Za-z_;-]{0,64}){0,6}$`)

// one reads one scorecard and proves that it is the one asked for.
func (c *Client) one(ctx context.Context, account integrations.Account, r integrations.Request) (integrations.Scorecard, error) {
	if !refPattern.MatchString(r.Ref) {
		return integrations.Scorecard{}, say("not_visible")
	}
	body, err := c.get(ctx, account, question{pathAndQuery: query{uuid: r.Ref, from: r.From}.String()})
	if err != nil {
		return integrations.Scorecard{}, err
	}
	s, problem := pick(body, r.Ref)
	if problem != nil {
		return integrations.Scorecard{}, problem
	}
	return s, nil
}

// pick takes the scorecard asked for out of an answer. The answer's uuid can differ from the one
// sent, so what it is of is compared.
func pick(body []byte, ref string) (integrations.Scorecard, *integrations.Error) {
	rows, problem := decode(body)
	if problem != nil {
		return integrations.Scorecard{}, problem
	}
	if len(rows) == 0 || len(rows) == 1 && rows[0].blank() {
		return integrations.Scorecard{}, say("not_visible")
	}
	if len(rows) > 1 || !rows[0].is(ref) {
		return integrations.Scorecard{}, say("foreign_result")
	}
	s, problem := rows[0].read(time.Now())
	if problem != nil {
		return integrations.Scorecard{}, problem
	}
	s.Ref = ref
	return s, nil
}

// inFlight bounds the calls of one Read that are under way at once. An instance answers them from
// a small pool that it shares with everybody's integrations.
const inFlight = 4

// strikes is how many scorecards in a row may fail by the instance's own fault before it is left
// in peace: a hundred that each take their fifteen seconds would hold a worker for minutes.
const strikes = 4

// Read reads many scorecards, each once: together by the Batch API where the account has it, else
// a few at once. When an answer shows that nothing can be read at all (a refused sign-in, a request
// to wait, an instance asleep), nothing more is sent.
func (c *Client) Read(ctx context.Context, account integrations.Account, requests []integrations.Request) []integrations.Reading {
	round := round{answers: map[string]integrations.Reading{}, from: map[string]time.Time{}}
	refs := round.begin(requests)
	// Where it is not known whether the Batch API works, one is asked directly before it is tried: so
	// what the Batch API alone refuses is told apart from a sign-in that is refused.
	alone := func() {
		if len(refs) > 0 {
			c.askOne(ctx, account, &round, refs[0])
			refs = refs[1:]
		}
	}
	known := c.batches.of(account)
	if known != works {
		alone()
	}
	if known != fails && len(refs) > 1 {
		refs = c.askTogether(ctx, account, &round, refs, known)
	}
	if known == works {
		alone()
	}
	var calls errgroup.Group
	calls.SetLimit(inFlight)
	for _, ref := range refs {
		calls.Go(func() error {
			c.askOne(ctx, account, &round, ref)
			return nil // the round keeps what went wrong
		})
	}
	_ = calls.Wait()
	round.ofOne()

	out := make([]integrations.Reading, len(requests))
	for i, r := range requests {
		answer, asked := round.answers[r.Ref]
		if !asked {
			answer.Err = say("not_visible") // it is no reference at all
		}
		out[i] = answer.Since(r.From)
	}
	return out
}

// askOne reads one scorecard by a call of its own, unless the round is over.
func (c *Client) askOne(ctx context.Context, account integrations.Account, r *round, ref string) {
	if err := r.over(); err != nil {
		r.keep(ref, integrations.Reading{Err: err})
		return
	}
	s, err := c.one(ctx, account, integrations.Request{Ref: ref, From: r.from[ref]})
	r.keep(ref, integrations.Reading{Scorecard: s, Err: err})
}

// round is one Read's answers so far, and why it ended early if it did.
type round struct {
	from    map[string]time.Time // the earliest day that a scorecard is wanted from
	mu      sync.Mutex
	answers map[string]integrations.Reading
	failing int // scorecards in a row that failed by the instance's fault
	ended   error
}

// begin notes what is wanted, and returns the references to ask for, each once; not those that can
// be none.
func (r *round) begin(requests []integrations.Request) (refs []string) {
	for _, wanted := range requests {
		if !refPattern.MatchString(wanted.Ref) {
			continue
		}
		day := wanted.From
		if day.IsZero() {
			day = sinceLongAgo()
		}
		from, seen := r.from[wanted.Ref]
		if !seen {
			refs = append(refs, wanted.Ref)
		}
		if !seen || day.Before(from) {
			r.from[wanted.Ref] = day
		}
	}
	return refs
}

func (r *round) over() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}

// answered is true when the instance has answered for a scorecard, whatever it said of it: so it
// took the sign-in.
func (r *round) answered() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, answer := range r.answers {
		var failure *integrations.Error
		if answer.Err == nil || errors.As(answer.Err, &failure) && failure.Class != integrations.Unavailable && failure.Class != integrations.Unauthorized {
			return true
		}
	}
	return false
}

// ofOne says of a missing role that it is one scorecard's, where that is all that is known: the others
// were read, or no other was asked for.
func (r *round) ofOne() {
	r.mu.Lock()
	defer r.mu.Unlock()
	refused := 0
	for _, answer := range r.answers {
		if lacksRole(answer.Err) {
			refused++
		}
	}
	if refused == len(r.answers) && refused > 1 {
		return
	}
	for ref, answer := range r.answers {
		if lacksRole(answer.Err) {
			answer.Err = say("scorecard_role")
			r.answers[ref] = answer
		}
	}
}

func lacksRole(err error) bool {
	var failure *integrations.Error
	return errors.As(err, &failure) && failure.Cause == "role"
}

// end ends the round: what is left gets this error.
func (r *round) end(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended == nil {
		r.ended = err
	}
}

func (r *round) keep(ref string, answer integrations.Reading) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[ref] = answer
	if r.ended != nil {
		return
	}
	var failure *integrations.Error
	switch {
	case answer.Err == nil:
		r.failing = 0
	case !errors.As(answer.Err, &failure):
		r.ended = answer.Err // the context
	case failure.Class == integrations.Unauthorized, failure.Class == integrations.RateLimited:
		r.ended = failure
	case failure.Class == integrations.Unavailable:
		// One slow or failing scorecard must not fail the others.
		if r.failing++; r.failing >= strikes || !slices.Contains(ofOneScorecard, failure.Cause) {
			r.ended = failure
		}
	default:
		r.failing = 0 // it is not to be seen, or not to be read: the instance itself works
	}
}

// ofOneScorecard are the causes that need not be every scorecard's.
var ofOneScorecard = []string{"server_error", "cancelled", "error_envelope", "truncated", "too_slow"}
