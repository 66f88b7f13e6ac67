// Package httpjson reads numbers from JSON documents at addresses that the operator allows: one
// document is one system, and its numbers are the scorecards, named by their JSON pointers.
package httpjson

import (
	"context"
	"net/http"
	"strings"

	"okrbot/integrations"
	"okrbot/integrations/wire"
)

var (
	_ integrations.Connector = (*Client)(nil)
	_ integrations.Worded    = (*Client)(nil)
)

// Kind is how a connection of this connector is stored.
const Kind = "http"

var counted = wire.Count(Kind)

// Client reads any number of documents. It keeps no session and no cookie.
type Client struct {
	origins []string // where documents may be
	http    *http.Client
	gates   wire.Gates
}

// Options are what the operator allows.
type Options struct {
	// Origins are the only ones whose documents are read: "host" and "host:port" by https, or a
	// whole origin such as "http://127.0.0.1:9000". What is no origin allows nothing.
	Origins []string
}

// New makes a client. Its transport dials the origins and nothing else of a private network.
func New(o Options) *Client { return newClient(o, wire.Network{}) }

func newClient(o Options, n wire.Network) *Client {
	origins := wire.Origins(o.Origins)
	return &Client{origins: origins, http: n.Client(origins)}
}

// Kind is the stored name.
func (*Client) Kind() string { return Kind }

// Name is what people call it.
func (*Client) Name() string { return "HTTP JSON" }

// AddressField asks for the document.
func (*Client) AddressField() integrations.Field {
	return integrations.Field{
		Name: "address", Label: "Document URL", MaxLength: 1000,
		Hint:        "The whole address of a JSON document, on a host that okrbot's administrator allows. It is shown to others; secrets go into the fields below.",
		Placeholder: "https://build.example.com/metrics.json",
	}
}

// SearchWords are what people are told of a search that found nothing.
func (*Client) SearchWords() integrations.SearchWords {
	return integrations.SearchWords{
		Unfound:  "Or type the pointer of a number in full, such as /totals/open: not all numbers of a large document are listed.",
		Unlisted: "Numbers are named by their pointer in the document, such as /totals/open.",
	}
}

// Search offers the document's own numbers, all in one page: there is no catalogue, and asking for
// the document again would answer with another one. A query that is itself the pointer of a number
// is offered first, also where the document holds more numbers than are listed.
func (c *Client) Search(ctx context.Context, account integrations.Account, query string, page int) (integrations.Page, error) {
	if page > 1 {
		return integrations.Page{}, nil
	}
	d, err := c.document(ctx, account)
	if err != nil {
		return integrations.Page{}, err
	}
	var list integrations.Page
	query = strings.TrimSpace(query)
	if s, problem := d.scorecard(query); problem == nil && s.Value.Valid {
		s.Scores = nil
		list.Scorecards = append(list.Scorecards, s)
	}
	words := strings.Fields(strings.ToLower(strings.ToValidUTF8(query, "")))
	for _, s := range d.numbers() {
		if s.Ref != query && holds(s, words) {
			list.Scorecards = append(list.Scorecards, s)
		}
	}
	return list, nil
}

func holds(s integrations.Scorecard, words []string) bool {
	name := strings.ToLower(s.Name)
	for _, w := range words {
		if !strings.Contains(name, w) {
			return false
		}
	}
	return true
}

// Describe reads one number, or a series with its newest scores.
func (c *Client) Describe(ctx context.Context, account integrations.Account, ref string, scores int) (integrations.Scorecard, error) {
	d, err := c.document(ctx, account)
	if err != nil {
		return integrations.Scorecard{}, err
	}
	s, problem := d.scorecard(ref)
	if problem != nil {
		return integrations.Scorecard{}, problem
	}
	s.Scores = s.Scores[:min(len(s.Scores), max(0, scores))]
	return s, nil
}

// Read asks for the document once, whatever many numbers of it are wanted.
func (c *Client) Read(ctx context.Context, account integrations.Account, requests []integrations.Request) []integrations.Reading {
	out := make([]integrations.Reading, len(requests))
	if len(requests) == 0 {
		return out
	}
	d, err := c.document(ctx, account)
	for i, r := range requests {
		if err != nil {
			out[i].Err = err
			continue
		}
		s, problem := d.scorecard(r.Ref)
		if problem != nil {
			out[i].Err = problem
			continue
		}
		out[i] = integrations.Reading{Scorecard: s}.Since(r.From)
	}
	return out
}
