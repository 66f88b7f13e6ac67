package servicenow

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"okrbot/integrations"
	"okrbot/integrations/wire"
)

const (
	batchPath = "/api/now/v1/batch"
	// batchMost is how many scorecards are asked for together.
	batchMost = 100
	// batchWithin is longer than ServiceNow's quota of 30 seconds, after which it answers with what
	// was done by then.
	batchWithin = 35 * time.Second
	// batchSlow is where its items, which run one after another, take longer than calls of their
	// own would, of which some run at once.
	batchSlow    = 10 * time.Second
	largestBatch = 16 << 20 // bytes, after decompression; a hundred scorecards with a year's scores are five
	// relearnAfter is how long it is remembered whether an account has the Batch API.
	relearnAfter = time.Hour
)

// whether the Batch API works for an account.
type whether int

const (
	untried whether = iota
	works
	fails
)

// batches remembers for which accounts the Batch API works: it can be missing, or closed by a scope
// or a policy of its own.
type batches struct {
	mu      sync.Mutex
	learned map[[sha256.Size]byte]lesson
}

type lesson struct {
	whether whether
	at      time.Time
}

// whose names an account without keeping its secrets.
func whose(a integrations.Account) [sha256.Size]byte {
	return sha256.Sum256([]byte(strings.Join([]string{a.Origin, a.SignIn, a.Fields["username"], a.Fields["client_id"], a.Fields["token"]}, "\n")))
}

func (b *batches) of(a integrations.Account) whether {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.learned[whose(a)]
	if time.Since(l.at) > relearnAfter {
		return untried
	}
	return l.whether
}

func (b *batches) learn(a integrations.Account, w whether) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.learned == nil {
		b.learned = map[[sha256.Size]byte]lesson{}
	}
	b.learned[whose(a)] = lesson{w, time.Now()}
}

// askTogether reads scorecards by the Batch API, a hundred at a time, and gives back those that are
// to be asked for by calls of their own.
func (c *Client) askTogether(ctx context.Context, account integrations.Account, r *round, refs []string, known whether) (singly []string) {
	for len(refs) > 0 && r.over() == nil {
		some := refs[:min(len(refs), batchMost)]
		began := time.Now()
		answers, again, err := c.batch(ctx, account, r, some)
		if err != nil {
			if !c.batchFailed(account, r, known, err) {
				r.end(err)
			}
			return append(singly, refs...)
		}
		for _, ref := range some { // in the order asked for: a row of failures ends the round
			switch answer, ok := answers[ref]; {
			case ok:
				r.keep(ref, answer)
			case !slices.Contains(again, ref):
				singly = append(singly, ref)
			}
		}
		refs = append(again, refs[len(some):]...)
		slow := len(again) > 0 && time.Since(began) > batchSlow
		if slow || len(again) == len(some) { // none was done
			c.batches.learn(account, fails)
			return append(singly, refs...)
		}
		known = works
		c.batches.learn(account, works)
	}
	return append(singly, refs...)
}

// batchFailed is true when a failure is the Batch API's own, so that calls of their own make sense.
func (c *Client) batchFailed(account integrations.Account, r *round, known whether, err error) bool {
	var failure *integrations.Error
	switch {
	case !errors.As(err, &failure), failure.Class == integrations.RateLimited:
		return false
	case known == untried && r.answered(),
		failure.Class == integrations.Forbidden, failure.Class == integrations.NotFound,
		failure.Cause == "no_endpoint", failure.Cause == "unexpected_status",
		failure.Cause == "too_slow", failure.Cause == "cancelled", failure.Cause == "too_large":
		c.batches.learn(account, fails)
		return true
	case failure.Class == integrations.Misread:
		return true
	}
	return slices.Contains(ofOneScorecard, failure.Cause)
}

// What is sent. A url is relative to the instance.
type (
	batchRequest struct {
		ID       string      `json:"batch_request_id"`
		Requests []batchItem `json:"rest_requests"`
	}
	batchItem struct {
		ID      string        `json:"id"`
		Method  string        `json:"method"`
		URL     string        `json:"url"`
		Headers []batchHeader `json:"headers"`
	}
	batchHeader struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
)

// batch makes one call of the Batch API. What was not done in time is to be asked for again; a
// scorecard that is in neither was answered in a way that names none of them alone.
func (c *Client) batch(ctx context.Context, account integrations.Account, r *round, refs []string) (answers map[string]integrations.Reading, again []string, err error) {
	request := batchRequest{ID: rand.Text()}
	of := make(map[string]string, len(refs))
	for i, ref := range refs {
		id := strconv.Itoa(i + 1)
		of[id] = ref
		request.Requests = append(request.Requests, batchItem{
			ID: id, Method: http.MethodGet, URL: query{uuid: ref, from: r.from[ref]}.String(),
			Headers: []batchHeader{{"Accept", "application/json"}},
		})
	}
	body, err := json.Marshal(request)
	if err != nil {
		return nil, nil, err // it is all strings
	}
	body, err = c.get(ctx, account, question{batchPath, body})
	if err != nil {
		return nil, nil, err
	}
	serviced, unserviced, problem := decodeBatch(body, request.ID)
	if problem != nil {
		return nil, nil, problem
	}
	answers = map[string]integrations.Reading{}
	for id, items := range serviced {
		ref, asked := of[id]
		if !asked || len(items) > 1 || slices.Contains(unserviced, id) {
			continue // which of them is the answer cannot be known
		}
		s, problem := items[0].read(ref, account)
		if problem != nil {
			answers[ref] = integrations.Reading{Err: problem}
			continue
		}
		answers[ref] = integrations.Reading{Scorecard: s}
	}
	for i, ref := range refs {
		if id := strconv.Itoa(i + 1); slices.Contains(unserviced, id) && serviced[id] == nil {
			again = append(again, ref)
		}
	}
	return answers, again, nil
}

// decodeBatch reads an answer of the Batch API: the items by id, and the ids that were not done.
func decodeBatch(body []byte, id string) (serviced map[string][]batched, unserviced []string, problem *integrations.Error) {
	envelope, problem := unwrapped(body)
	if problem != nil {
		return nil, nil, problem
	}
	if named, ok := envelope["batch_request_id"]; ok && named != id {
		return nil, nil, say("foreign_result")
	}
	done, ok := envelope["serviced_requests"].([]any)
	left, _ := envelope["unserviced_requests"].([]any)
	if !ok && left == nil {
		return nil, nil, say("malformed")
	}
	serviced = map[string][]batched{}
	for _, element := range done {
		fields, ok := element.(map[string]any)
		if !ok {
			return nil, nil, say("malformed")
		}
		item := batched(fields)
		serviced[scorecard(item).text("id")] = append(serviced[scorecard(item).text("id")], item)
	}
	for _, element := range left {
		if id, ok := element.(string); ok {
			unserviced = append(unserviced, id)
		}
	}
	return serviced, unserviced, nil
}

// batched is one answer within an answer of the Batch API.
type batched map[string]any

// read takes an item as the answer to a call of its own would be taken: status, headers and body.
func (b batched) read(ref string, account integrations.Account) (integrations.Scorecard, *integrations.Error) {
	packed, ok := b["body"].(string)
	if !ok && b["body"] != nil {
		return integrations.Scorecard{}, say("malformed")
	}
	plain, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		return integrations.Scorecard{}, say("malformed")
	}
	status, _ := scorecard(b).integer("status_code")
	resp := &http.Response{StatusCode: int(status), Header: b.headers(), Body: io.NopCloser(bytes.NewReader(plain))}
	body, problem := taken(resp, wire.Largest, account)
	if problem != nil {
		return integrations.Scorecard{}, problem
	}
	return pick(body, ref)
}

// headers are an item's. Where none says what the body is, it is what was asked for: JSON.
func (b batched) headers() http.Header {
	h := http.Header{}
	list, _ := b["headers"].([]any)
	for _, element := range list {
		if fields, ok := element.(map[string]any); ok {
			h.Add(scorecard(fields).text("name"), scorecard(fields).text("value"))
		}
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	}
	if to := scorecard(b).text("redirect_url"); to != "" && h.Get("Location") == "" {
		h.Set("Location", to)
	}
	return h
}
