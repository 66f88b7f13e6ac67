package servicenow

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"okrbot/integrations"
)

// inFlight bounds the calls of one Read that are under way at once. An instance answers them from
// a small pool that it shares with everybody's integrations.
const inFlight = 4

const scorecardsPath = "/api/now/v1/pa/scorecards"

// query is what is asked of the Scorecards API. Its parameters' names are written out: an unknown
// name is ignored with a 200, and answers with some other scorecard.
type query struct {
	uuid     string
	contains string
	from     time.Time
	scores   bool
	perPage  int
	page     int
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
	if q.scores {
		add("sysparm_include_scores", "true")
		if !q.from.IsZero() {
			add("sysparm_from", q.from.Format(time.DateOnly))
		}
	}
	if q.perPage > 0 {
		add("sysparm_per_page", strconv.Itoa(q.perPage))
	}
	if q.page > 0 {
		add("sysparm_page", strconv.Itoa(q.page))
	}
	if q.uuid == "" {
		add("sysparm_sortby", "name") // for stable pages
		add("sysparm_sortdir", "asc")
	}
	add("sysparm_display_value", "false")
	return scorecardsPath + "?" + strings.Join(parts, "&")
}

func (c *Client) scorecards(ctx context.Context, account integrations.Account, q query) ([]integrations.Scorecard, error) {
	list, _, err := c.page(ctx, account, q)
	return list, err
}

// page reads one page and says how many scorecards it held.
func (c *Client) page(ctx context.Context, account integrations.Account, q query) ([]integrations.Scorecard, int, error) {
	body, err := c.get(ctx, account, q.String())
	if err != nil {
		return nil, 0, err
	}
	list, err := decode(body, time.Now())
	if err != nil {
		return nil, 0, err
	}
	return list, len(list), nil
}

// refPattern is a colon uuid: the indicator's sys_id, then breakdowns, elements and aggregates.
var refPattern = regexp.MustCompile(`^[0-9a-f]{32}(:[0-9A-Za-z_;-]{0,64}){0,6}$`)

// one reads one scorecard and proves that it is the one asked for.
func (c *Client) one(ctx context.Context, account integrations.Account, r integrations.Request) (integrations.Scorecard, error) {
	if !refPattern.MatchString(r.Ref) {
		return integrations.Scorecard{}, say(integrations.NotFound, "not_visible")
	}
	body, err := c.get(ctx, account, query{uuid: r.Ref, from: r.From, scores: true}.String())
	if err != nil {
		return integrations.Scorecard{}, err
	}
	return pick(body, r.Ref)
}

// pick takes the scorecard asked for out of an answer. The answer's uuid can differ from the one
// sent, so its indicator is what is compared.
func pick(body []byte, ref string) (integrations.Scorecard, error) {
	rows, err := decodeRows(body)
	if err != nil {
		return integrations.Scorecard{}, err
	}
	if len(rows) == 0 {
		return integrations.Scorecard{}, say(integrations.NotFound, "not_visible")
	}
	if indicator, _, _ := strings.Cut(ref, ":"); rows[0].Indicator.Value != indicator {
		return integrations.Scorecard{}, say(integrations.Misread, "foreign_result")
	}
	s, err := rows[0].scorecard(time.Now())
	if err != nil {
		return s, err
	}
	if s.Value.Valid && len(s.Scores) > 0 && !s.Scores[0].Value.Equal(s.Value.Decimal) {
		return integrations.Scorecard{}, say(integrations.Misread, "inconsistent")
	}
	s.Ref = ref
	return s, nil
}

// Read reads many scorecards, each once. The first call goes alone: when it shows that nothing
// can be read at all (a refused sign-in, a request to wait, an instance asleep), the others are
// not sent.
func (c *Client) Read(ctx context.Context, account integrations.Account, requests []integrations.Request) []integrations.Reading {
	earliest := map[string]time.Time{}
	var refs []string
	for _, r := range requests {
		from, seen := earliest[r.Ref]
		if !seen {
			refs = append(refs, r.Ref)
		}
		if !seen || r.From.Before(from) {
			earliest[r.Ref] = r.From
		}
	}
	answers := make(map[string]integrations.Reading, len(refs))
	var mu sync.Mutex
	var stopped error
	ask := func(ref string) {
		mu.Lock()
		err := stopped
		mu.Unlock()
		var s integrations.Scorecard
		if err == nil {
			s, err = c.one(ctx, account, integrations.Request{Ref: ref, From: earliest[ref]})
		}
		mu.Lock()
		defer mu.Unlock()
		answers[ref] = integrations.Reading{Scorecard: s, Err: err}
		if stopped == nil && everywhere(err) {
			stopped = err
		}
	}
	if len(refs) > 0 {
		ask(refs[0])
	}
	var calls sync.WaitGroup
	places := make(chan struct{}, inFlight)
	for _, ref := range refs[min(1, len(refs)):] {
		places <- struct{}{}
		calls.Go(func() {
			defer func() { <-places }()
			ask(ref)
		})
	}
	calls.Wait()

	out := make([]integrations.Reading, len(requests))
	for i, r := range requests {
		out[i] = since(answers[r.Ref], r.From)
	}
	return out
}

// everywhere says whether an error is about the instance or the sign-in, not about one scorecard.
func everywhere(err error) bool {
	var e *integrations.Error
	if !errors.As(err, &e) {
		return err != nil
	}
	switch e.Class {
	case integrations.Unauthorized, integrations.RateLimited:
		return true
	case integrations.Unavailable:
		switch e.Cause {
		case "server_error", "cancelled", "error_envelope", "truncated", "too_slow":
			return false // one slow or failing scorecard must not fail the others
		}
		return true
	}
	return false
}

// since leaves out the scores before a day: another request for the same scorecard wanted them.
func since(r integrations.Reading, from time.Time) integrations.Reading {
	kept := r.Scorecard.Scores
	for i, s := range kept {
		if s.End.Before(from) {
			kept = kept[:i]
			break
		}
	}
	r.Scorecard.Scores = kept
	return r
}
