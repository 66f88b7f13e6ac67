package servicenow

import (
	"context"
	"errors"

	"okrbot/integrations"
)

// The stages of a check, in their order.
const (
	stageSignIn = "Sign-in"
	stageRole   = "Role"
	stageScore  = "One score"
)

// Check signs in and looks around: address, TLS, sign-in, role, one score. It makes one call, and
// so spends one try of a password.
func (c *Client) Check(ctx context.Context, account integrations.Account) []integrations.Stage {
	var stages integrations.Stages
	if !stages.Reach(account.Origin, c.allowed(account), func() (address, secure *integrations.Error) { return c.reach(ctx, account.Origin) }) {
		return stages.List
	}
	found, err := c.list(ctx, account, query{perPage: 10})
	var failure *integrations.Error
	if err != nil && !errors.As(err, &failure) {
		failure = say("too_slow") // its context ended
	}
	failsAt := ""
	if failure != nil {
		failsAt = stageOf(failure)
	}
	if failsAt == stageSignIn {
		stages.Add(stageSignIn, "", failure)
		return stages.List
	}
	stages.Add(stageSignIn, account.Fields["username"], nil)
	if failsAt == stageRole {
		stages.Add(stageRole, "", failure)
		return stages.List
	}
	if failure == nil && len(found) == 0 {
		stages.Add(stageRole, "", say("nothing_visible"))
		return stages.List
	}
	stages.Add(stageRole, "pa_viewer", nil)
	if failure != nil {
		stages.Add(stageScore, "", failure)
		return stages.List
	}
	for _, s := range found {
		if s.Value.Valid {
			stages.AddScore(stageScore, s.Name+": "+s.Value.Decimal.String())
			return stages.List
		}
	}
	stages.AddScore(stageScore, found[0].Name+": no score yet")
	return stages.List
}

// stageOf is where a failed call stops a check: what was answered by somebody who did not look at
// the sign-in counts against the sign-in, what came after it against what follows.
func stageOf(failure *integrations.Error) string {
	switch {
	case failure.Class == integrations.Forbidden, failure.Class == integrations.NotFound, failure.Cause == "no_endpoint":
		return stageRole
	case failure.Class == integrations.Misread:
		return stageScore
	case failure.Cause == "cancelled", failure.Cause == "error_envelope", failure.Cause == "truncated":
		return stageScore
	}
	return stageSignIn
}
