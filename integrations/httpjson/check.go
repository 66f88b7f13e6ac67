package httpjson

import (
	"context"
	"errors"
	"fmt"

	"okrbot/integrations"
	"okrbot/integrations/wire"
)

// The stages of a check, in their order.
const (
	stageSignIn   = "Sign-in"
	stageDocument = "Document"
	stageScore    = "One score"
)

// Check asks for the document once and looks around in it: address, TLS, sign-in, document, one
// score.
func (c *Client) Check(ctx context.Context, account integrations.Account) []integrations.Stage {
	var stages integrations.Stages
	if !stages.Reach(account.Origin, c.allowed(account), func() (unreachable, insecure *integrations.Error) {
		address, secure := wire.Reach(ctx, c.http, account.Origin)
		return told(address), told(secure)
	}) {
		return stages.List
	}
	d, err := c.document(ctx, account)
	var failure *integrations.Error
	if err != nil && !errors.As(err, &failure) {
		failure = say("too_slow") // its context ended
	}
	if failure != nil && ofTheSignIn(failure) {
		stages.Add(stageSignIn, "", failure)
		return stages.List
	}
	stages.Add(stageSignIn, "", nil)
	if failure != nil {
		stages.Add(stageDocument, "", failure)
		return stages.List
	}
	found := d.numbers()
	if len(found) == 0 {
		stages.Add(stageDocument, "", say("no_numbers"))
		return stages.List
	}
	count := fmt.Sprintf("%d numbers", len(found))
	switch len(found) {
	case 1:
		count = "1 number"
	case mostNumbers:
		count = "the first " + count
	}
	stages.Add(stageDocument, count, nil)
	for _, s := range found {
		if s.Value.Valid {
			stages.AddScore(stageScore, s.Name+": "+s.Value.Decimal.String())
			return stages.List
		}
	}
	_, problem := d.scorecard(found[0].Ref)
	stages.Add(stageScore, "", problem)
	return stages.List
}

// ofTheSignIn says whether a failed call counts against the sign-in: it was refused, or somebody
// answered who did not look at it.
func ofTheSignIn(failure *integrations.Error) bool {
	switch failure.Class {
	case integrations.Unauthorized, integrations.Forbidden, integrations.RateLimited:
		return true
	case integrations.Unavailable:
		return failure.Cause != "truncated" && failure.Cause != "not_json"
	}
	return false
}
