// Package servicenow reads ServiceNow's Performance Analytics scorecards.
package servicenow

import (
	"context"
	"net/http"
	"strings"
	"time"

	"okrbot/integrations"
	"okrbot/integrations/wire"
)

var (
	_ integrations.Connector = (*Client)(nil)
	_ integrations.Hider     = (*Client)(nil)
	_ integrations.Worded    = (*Client)(nil)
)

// Kind is how a connection of this connector is stored.
const Kind = "servicenow"

var counted = wire.Count(Kind)

// Client reads scorecards from any number of instances. It keeps no session and no cookie.
type Client struct {
	extra   []string // origins allowed besides ServiceNow's own domains
	http    *http.Client
	patient *http.Client // for the Batch API, which answers when all is done
	gates   wire.Gates
	batches batches
}

// Options are what the operator allows.
type Options struct {
	// ExtraOrigins are allowed besides *.service-now.com and *.servicenowservices.com: "host" and
	// "host:port" by https, or a whole origin such as "http://127.0.0.1:9000". What is no origin
	// allows nothing.
	ExtraOrigins []string
}

// New makes a client. Its transport dials public addresses on port 443 and the extra origins, and
// nothing else.
func New(o Options) *Client { return newClient(o, wire.Network{}) }

func newClient(o Options, n wire.Network) *Client {
	c := &Client{extra: wire.Origins(o.ExtraOrigins)}
	c.http, c.patient = n.Client(c.extra), n.Patient(c.extra, batchWithin)
	return c
}

// Kind is the stored name.
func (*Client) Kind() string { return Kind }

// Name is what people call it.
func (*Client) Name() string { return "ServiceNow" }

// AddressField asks for the instance.
func (*Client) AddressField() integrations.Field {
	return integrations.Field{
		Name: "address", Label: "ServiceNow URL", MaxLength: 300,
		Hint:        "The instance's name, its host, or any link into it: acme, acme.service-now.com.",
		Placeholder: "https://acme.service-now.com",
	}
}

// SearchWords are what people are told of a search that found nothing.
func (*Client) SearchWords() integrations.SearchWords {
	return integrations.SearchWords{
		Unfound:   "ServiceNow does not say whether a scorecard is hidden from this sign-in or not there. If it should be there, on the Analytics Hub or off it, ask its administrator who may see it.",
		Unlisted:  "Or ask its administrator for the role `pa_viewer`.",
		Commas:    "ServiceNow reads a comma as “and”.",
		Forbidden: "Ask its administrator for the role `pa_viewer`.",
		Hidden:    "not on the Analytics Hub",
	}
}

// Search lists scorecards by name or description. ServiceNow splits the words at commas and wants
// every part; what comes back is looked at again, for it ignores what it does not know.
func (c *Client) Search(ctx context.Context, account integrations.Account, words string, page int) (integrations.Page, error) {
	return c.search(ctx, account, words, query{perPage: perPage, page: max(1, page)})
}

// SearchHidden finds also what is not shown on the Analytics Hub.
func (c *Client) SearchHidden(ctx context.Context, account integrations.Account, words string) ([]integrations.Scorecard, error) {
	page, err := c.search(ctx, account, words, query{perPage: perPage, page: 1, hidden: true})
	return page.Scorecards, err
}

const perPage = 100 // ServiceNow's most

func (c *Client) search(ctx context.Context, account integrations.Account, words string, q query) (integrations.Page, error) {
	parts := wanted(words)
	q.contains = strings.Join(parts, ",")
	found, err := c.list(ctx, account, q)
	if err != nil {
		return integrations.Page{}, err
	}
	// No total is documented: a page that is full may have a next one.
	list := integrations.Page{More: len(found) >= perPage}
	for _, s := range found {
		if holds(s, parts) && len(s.Ref) <= longestID {
			list.Scorecards = append(list.Scorecards, s)
		}
	}
	return list, nil
}

// longestWords is how much of a search is sent, in characters: an address has room for 2,000.
const longestWords = 100

// wanted are the parts of a search, each of which must be in a scorecard's name or description.
func wanted(words string) []string {
	runes := []rune(strings.ToValidUTF8(words, ""))
	var parts []string
	for part := range strings.SplitSeq(string(runes[:min(len(runes), longestWords)]), ",") {
		if part = strings.Join(strings.Fields(part), " "); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

func holds(s integrations.Scorecard, parts []string) bool {
	text := strings.ToLower(s.Name + "\n" + s.Description)
	for _, part := range parts {
		if !strings.Contains(text, strings.ToLower(part)) {
			return false
		}
	}
	return true
}

// history is how far back scores are asked for where the caller names no day. Without a day,
// ServiceNow gives the range that somebody chose on the Analytics Hub.
const history = 400 // days; twelve months and their ends

func sinceLongAgo() time.Time {
	return time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -history)
}

// Describe reads one scorecard and its newest scores.
func (c *Client) Describe(ctx context.Context, account integrations.Account, ref string, scores int) (integrations.Scorecard, error) {
	s, err := c.one(ctx, account, integrations.Request{Ref: ref, From: sinceLongAgo()})
	if lacksRole(err) {
		err = say("scorecard_role")
	}
	if err != nil {
		return integrations.Scorecard{}, err
	}
	s.Scores = s.Scores[:min(len(s.Scores), max(0, scores))]
	return s, nil
}
