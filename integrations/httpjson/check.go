package httpjson

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"okrbot/integrations"
	"okrbot/integrations/wire"
)

// The stages of a check, in their order.
const (
	stageAddress  = "Address"
	stageTLS      = "TLS"
	stageSignIn   = "Sign-in"
	stageDocument = "Document"
	stageScore    = "One score"
)

// Check asks for the document once and looks around in it: address, TLS, sign-in, document, one
// score.
func (c *Client) Check(ctx context.Context, account integrations.Account) []integrations.Stage {
	var stages []integrations.Stage
	began := time.Now()
	stage := func(name, note string, err *integrations.Error) bool {
		stages = append(stages, integrations.Stage{Name: name, Took: time.Since(began), Err: err, Note: note})
		began = time.Now()
		return err == nil
	}
	if problem := c.allowed(account); problem != nil {
		stage(stageAddress, "", problem)
		return stages
	}
	unreachable, insecure := wire.Reach(ctx, c.http, account.Origin)
	if !stage(stageAddress, hostOf(account.Origin), told(unreachable)) {
		return stages
	}
	if strings.HasPrefix(account.Origin, "http://") {
		stages = append(stages, integrations.NotEncrypted())
	} else if !stage(stageTLS, "", told(insecure)) {
		return stages
	}

	d, err := c.document(ctx, account)
	var failure *integrations.Error
	if err != nil && !errors.As(err, &failure) {
		failure = say("too_slow") // its context ended
	}
	if failure != nil && ofTheSignIn(failure) {
		stage(stageSignIn, "", failure)
		return stages
	}
	stage(stageSignIn, "", nil)
	if failure != nil {
		stage(stageDocument, "", failure)
		return stages
	}
	found := d.numbers()
	if len(found) == 0 {
		stage(stageDocument, "", say("no_numbers"))
		return stages
	}
	count := fmt.Sprintf("%d numbers", len(found))
	switch len(found) {
	case 1:
		count = "1 number"
	case mostNumbers:
		count = "the first " + count
	}
	stage(stageDocument, count, nil)
	for _, s := range found {
		if s.Value.Valid {
			stage(stageScore, s.Name+": "+s.Value.Decimal.String(), nil)
			return stages
		}
	}
	_, problem := d.scorecard(found[0].Ref)
	stage(stageScore, "", problem)
	return stages
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

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
