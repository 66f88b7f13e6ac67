package servicenow

import (
	"context"
	"errors"
	"strings"

	"okrbot/integrations"
)

var _ integrations.Divider = (*Client)(nil)

// unmatched stands for what no element of a breakdown matches.
const unmatched = "unmatched"

// Compose writes a colon uuid. What is not there is left out, as in the documentation's examples.
func (*Client) Compose(p integrations.Part) string {
	ids := []string{p.Scorecard}
	if p.Breakdown != "" && p.Element != "" {
		ids = append(ids, p.Breakdown, p.Element)
		if p.Breakdown2 != "" && p.Element2 != "" {
			ids = append(ids, p.Breakdown2, p.Element2)
		}
	}
	if p.Series != "" {
		ids = append(ids, p.Series)
	}
	return strings.Join(ids, ":")
}

// Take takes a colon uuid apart.
func (*Client) Take(ref string) integrations.Part { return take(ref) }

// take reads <indicator>[:<breakdown>:<element>[:<breakdown>:<element>]][:<time series>][;<domain>],
// and the form in which what is left out is empty.
func take(ref string) integrations.Part {
	ref, _, _ = strings.Cut(ref, ";")
	ids := strings.Split(ref, ":")
	p := integrations.Part{Scorecard: ids[0]}
	ids = ids[1:]
	if len(ids)%2 == 1 {
		p.Series, ids = ids[len(ids)-1], ids[:len(ids)-1]
	}
	if len(ids) >= 2 {
		p.Breakdown, p.Element = ids[0], ids[1]
	}
	if len(ids) >= 4 {
		p.Breakdown2, p.Element2 = ids[2], ids[3]
	}
	return p
}

// Divisions lists the breakdowns and time series that ServiceNow offers for a scorecard or a part.
func (c *Client) Divisions(ctx context.Context, account integrations.Account, ref string) (integrations.Divisions, error) {
	rows, err := c.rows(ctx, account, ref, query{uuid: ref, divisions: true})
	if err != nil {
		return integrations.Divisions{}, err
	}
	if len(rows) != 1 || !rows[0].is(ref) {
		return integrations.Divisions{}, say("foreign_result")
	}
	return integrations.Divisions{Breakdowns: rows[0].references("breakdowns"), Series: rows[0].references("aggregates")}, nil
}

// elementsAtMost bounds a listing: a breakdown by user can have as many elements as the company
// has people, and nobody looks through them.
const elementsAtMost = 1000

// Elements lists the elements of a breakdown that have a scorecard of their own.
func (c *Client) Elements(ctx context.Context, account integrations.Account, ref, breakdown string) ([]integrations.Named, error) {
	within := take(ref)
	name := ""
	if within.Breakdown != "" {
		name = "_level2"
	}
	var list []integrations.Named
	seen := map[string]bool{}
	for page := 1; len(list) < elementsAtMost; page++ {
		rows, err := c.rows(ctx, account, ref, query{uuid: ref, breakdown: breakdown, perPage: perPage, page: page})
		var failure *integrations.Error
		if errors.As(err, &failure) && failure.Cause == "too_large" {
			return nil, say("too_many_elements")
		}
		if err != nil {
			return nil, err
		}
		fresh := 0
		for _, row := range rows {
			// A breakdown that is not there is ignored, and the whole is answered.
			_, indicator := row.reference("indicator")
			_, by := row.reference("breakdown" + name)
			if indicator != within.Scorecard || by != breakdown {
				return nil, say("foreign_result")
			}
			shown, id := row.reference("element" + name)
			if id == "" || len(id) > longestID || seen[id] {
				continue
			}
			seen[id] = true
			fresh++
			list = append(list, integrations.Named{ID: id, Name: short(shown, longestName)})
		}
		if len(rows) < perPage || fresh == 0 { // a page that says nothing new would come for ever
			break
		}
	}
	return list[:min(len(list), elementsAtMost)], nil
}

func (c *Client) rows(ctx context.Context, account integrations.Account, ref string, q query) ([]scorecard, error) {
	if !refPattern.MatchString(ref) || q.breakdown != "" && !refPattern.MatchString(q.breakdown) {
		return nil, say("not_visible")
	}
	body, err := c.get(ctx, account, question{pathAndQuery: q.String(), many: q.breakdown != ""})
	if err != nil {
		return nil, err
	}
	rows, problem := decode(body)
	if problem != nil {
		return nil, problem
	}
	if len(rows) == 0 && q.page <= 1 {
		return nil, say("not_visible")
	}
	return rows, nil
}

// divisionsAtMost bounds what is kept of the ways to divide a scorecard: a select shows a hundred.
const divisionsAtMost = 200

// references are a field that lists references. What has no id, or no name, cannot be chosen.
func (s scorecard) references(name string) []integrations.Named {
	list, _ := s[name].([]any)
	var named []integrations.Named
	for _, element := range list {
		shown, id := scorecard{"it": element}.reference("it")
		if id != "" && len(id) <= longestID && shown != "" && len(named) < divisionsAtMost {
			named = append(named, integrations.Named{ID: id, Name: short(shown, longestName)})
		}
	}
	return named
}
