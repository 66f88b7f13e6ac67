package servicenow

import (
	"context"
	"errors"
	"strings"
	"time"

	"okrbot/integrations"
)

// The stages of a check, in their order.
const (
	stageAddress = "Address"
	stageTLS     = "TLS"
	stageSignIn  = "Sign-in"
	stageRole    = "Role"
	stageScore   = "One score"
)

// Check signs in and looks around: address, TLS, sign-in, role, one score. It makes one call, and
// so spends one try of a password.
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
	_, host, _ := strings.Cut(account.Origin, "://")
	address, secure := c.reach(ctx, account.Origin)
	if !stage(stageAddress, host, address) {
		return stages
	}
	if strings.HasPrefix(account.Origin, "http://") {
		stages = append(stages, integrations.NotEncrypted())
	} else if !stage(stageTLS, "", secure) {
		return stages
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
		stage(stageSignIn, "", failure)
		return stages
	}
	stage(stageSignIn, account.Fields["username"], nil)
	if failsAt == stageRole {
		stage(stageRole, "", failure)
		return stages
	}
	if failure == nil && len(found) == 0 {
		stage(stageRole, "", say("nothing_visible"))
		return stages
	}
	stage(stageRole, "pa_viewer", nil)
	if failure != nil {
		stage(stageScore, "", failure)
		return stages
	}
	for _, s := range found {
		if s.Value.Valid {
			stage(stageScore, s.Name+": "+s.Value.Decimal.String(), nil)
			return stages
		}
	}
	stage(stageScore, found[0].Name+": no score yet", nil)
	return stages
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
