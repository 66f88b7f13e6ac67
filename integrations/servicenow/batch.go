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
	return sha256.Sum256([]byte(strings.Join([]string{
		a.Origin, a.SignIn, a.Fields["username"], a.Fields["client_id"], a.Fields["token"], strconv.FormatInt(a.Connection, 10),
	}, "\n")))
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

// askTogether reads scorecards by the Batch API, a hundred at a time, and returns those that are
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
	body, err = c.get(ctx, account, question{pathAndQuery: batchPath, body: body})
	if err != nil {
		return nil, nil, err
	}
	serviced, unserviced, problem := decodeBatch(body, request.ID)
	if problem != nil {
		return nil, nil, problem
	}
	answers = map[string]integrations.Reading{}
	left := largestBatch // of what its items hold once they are unpacked: each may be packed by itself
	for id, items := range serviced {
		ref, asked := of[id]
		if !asked || len(items) > 1 || slices.Contains(unserviced, id) {
			continue // which of them is the answer cannot be known
		}
		s, size, problem := items[0].read(ref, account, min(left, wire.Largest))
		left -= size
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
	serviced = map[string][]batched{}
	named, done, left, all := true, false, false, true
	problem = unwrap(body, func(r *wire.Reader, name []byte) (err error) {
		switch string(name) {
		case "batch_request_id":
			of, is, err := r.Text()
			named = is && string(of) == id
			return err
		case "serviced_requests":
			done, err = r.List(func() error {
				item, object, err := itemOf(r)
				serviced[item.id] = append(serviced[item.id], item)
				all = all && object
				return err
			})
		case "unserviced_requests":
			left, err = r.List(func() error {
				id, is, err := r.Text()
				if is {
					unserviced = append(unserviced, string(id))
				}
				return err
			})
		default:
			err = r.Skip()
		}
		return err
	})
	switch {
	case problem != nil:
		return nil, nil, problem
	case !named:
		return nil, nil, say("foreign_result")
	case !done && !left, !all:
		return nil, nil, say("malformed")
	}
	return serviced, unserviced, nil
}

// batched is one answer within an answer of the Batch API.
type batched struct {
	id       string
	status   int
	header   http.Header
	body     []byte // unpacked
	mangled  bool   // the body is none
	redirect string
}

// itemOf reads an item.
func itemOf(r *wire.Reader) (b batched, object bool, err error) {
	b.header = http.Header{}
	object, err = r.Fields(func(name []byte) (err error) {
		switch string(name) {
		case "id":
			b.id, err = word(r)
		case "redirect_url":
			b.redirect, err = word(r)
		case "status_code":
			n, _, _, err := r.Number()
			if n.Valid && n.Decimal.IsInteger() {
				b.status = int(n.Decimal.IntPart())
			}
			return err
		case "body":
			if r.Null() {
				return r.Skip()
			}
			packed, is, err := r.Text()
			body, wrong := base64.StdEncoding.AppendDecode(nil, packed)
			b.body, b.mangled = body, !is || wrong != nil
			return err
		case "headers":
			_, err = r.List(func() error { return headerOf(r, b.header) })
		default:
			err = r.Skip()
		}
		return err
	})
	return b, object, err
}

func headerOf(r *wire.Reader, h http.Header) error {
	var key, value string
	object, err := r.Fields(func(name []byte) (err error) {
		switch string(name) {
		case "name":
			key, err = word(r)
		case "value":
			value, err = word(r)
		default:
			err = r.Skip()
		}
		return err
	})
	if object {
		h.Add(key, value)
	}
	return err
}

// word reads a string; what is none is "".
func word(r *wire.Reader) (string, error) {
	text, _, err := r.Text()
	return string(text), err
}

// read takes an item as the answer to a call of its own would be taken: status, headers and body. It
// returns with the size of the body too.
func (b batched) read(ref string, account integrations.Account, largest int) (s integrations.Scorecard, size int, problem *integrations.Error) {
	if b.mangled {
		return s, 0, say("malformed")
	}
	resp := &http.Response{StatusCode: b.status, Header: b.headers(), Body: io.NopCloser(bytes.NewReader(b.body))}
	body, problem := taken(resp, largest, account)
	if problem != nil {
		return s, 0, problem
	}
	s, problem = pick(body, ref)
	return s, len(body), problem
}

// headers are an item's. Where none says what the body is, it is what was asked for: JSON.
func (b batched) headers() http.Header {
	if b.header.Get("Content-Type") == "" {
		b.header.Set("Content-Type", "application/json")
	}
	if b.redirect != "" && b.header.Get("Location") == "" {
		b.header.Set("Location", b.redirect)
	}
	return b.header
}
