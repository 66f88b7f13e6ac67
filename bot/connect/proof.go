package connect

import (
	"context"
	"errors"
	"time"

	"okrbot/bot/view"
	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// proof is how the check of an account went.
type proof struct {
	stages  []integrations.Stage
	problem string // what keeps it from being used although it signs in
}

func (p proof) works() bool { return passed(p.stages) && p.problem == "" }

// refused says whether the sign-in itself was refused.
func (p proof) refused() bool {
	last := len(p.stages) - 1
	return last >= 0 && p.stages[last].Err != nil && p.stages[last].Err.Class == integrations.Unauthorized
}

// prove checks an account, stage by stage. In place of another sign-in, it must also see the
// scorecards that the connection's key results read now. The system has its own time in the check's, and is not
// asked while it wants to be left alone by the workspace.
func (flow *Flow) prove(ctx context.Context, workspace string, connector integrations.Connector, account integrations.Account, again store.Connection) (p proof) {
	asking, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	err := flow.accounts.Try(ctx, workspace, connector.Kind(), account.Origin, func() error {
		p.stages = connector.Check(asking, account)
		return failureOf(p.stages)
	})
	var failure *integrations.Error
	switch last := len(p.stages) - 1; {
	case err == nil && again.ID != 0 && passed(p.stages):
		p.problem = flow.unseen(asking, connector, account, again)
	case err == nil:
	case !errors.As(err, &failure):
		flow.Log.Error("looking whether a system is to be left alone", "workspace", workspace, "error", err)
		p.problem = "It could not be checked just now. Nothing was stored; try again."
	case last >= 0:
		p.stages[last].Err = failure
	default:
		p.problem = failure.Sentence()
	}
	return p
}

// failureOf is where a check stopped; nil: it did not.
func failureOf(stages []integrations.Stage) error {
	if last := len(stages) - 1; last >= 0 && stages[last].Err != nil {
		return stages[last].Err
	}
	return nil
}

// unseen says which scorecards an account cannot see that a connection's key results read now, as a sentence for
// the person; empty: it sees them.
func (flow *Flow) unseen(ctx context.Context, connector integrations.Connector, account integrations.Account, again store.Connection) string {
	hanging, err := flow.Store.KeyResultsOf(ctx, again)
	if err != nil {
		flow.Log.Error("looking for what reads through a connection", "connection", again.ID, "error", err)
		return "What reads through this connection could not be looked up. Nothing was changed; try again."
	}
	now, err := flow.Store.Now(ctx)
	if err != nil {
		now = time.Now() // only says from which day on scores are asked for
	}
	var asked []integrations.Request
	for _, h := range hanging {
		asked = append(asked, integrations.Request{Ref: h.Reference, From: okr.DayOf(now.UTC()).Time()})
	}
	var lost []view.Hanging
	var answers []integrations.Reading
	err = flow.accounts.Try(ctx, again.Workspace, connector.Kind(), account.Origin, func() error {
		answers = connector.Read(ctx, account, asked)
		for _, a := range answers {
			var failure *integrations.Error
			if errors.As(a.Err, &failure) && failure.Class == integrations.RateLimited {
				return failure
			}
		}
		return nil
	})
	if err != nil && answers == nil {
		flow.Log.Warn("looking what a sign-in sees", "connection", again.ID, "error", err) // the next sync says more
	}
	for i, answer := range answers {
		var failure *integrations.Error
		switch {
		case answer.Err == nil:
		case !errors.As(answer.Err, &failure):
			return "The check took too long. Nothing was changed; try again."
		case failure.Class != integrations.NotFound && failure.Class != integrations.Forbidden:
			// It can be seen, or nobody can tell: the next sync says more.
		case hanging[i].Failing != string(integrations.NotFound) && hanging[i].Failing != string(integrations.Forbidden):
			lost = append(lost, view.Hanging{Key: hanging[i].Key})
		}
	}
	if len(lost) > 0 {
		return "This sign-in cannot see the scorecards of " + view.HangingSentence(lost) + ", which the present one reads. Nothing was changed. Ask for the missing roles, or use another user."
	}
	return ""
}

// meant is the connection that somebody means who connects what was refused again, since its key results hang on
// it; the zero one: they mean a new one.
func (flow *Flow) meant(ctx context.Context, actor okr.Actor, kind, origin, account string, shared bool) (store.Connection, error) {
	return flow.Store.RefusedLike(ctx, actor, kind, origin, account, shared && okr.May(actor, okr.ShareConnection, okr.MakerOf))
}

// proveConsent checks an account that came of a consent: whom the system says it is, and which connection it takes
// the place of, the zero one where none.
func (flow *Flow) proveConsent(ctx context.Context, at signInPage, consenter integrations.Consenter, account integrations.Account) (found proof, who string, replaces store.Connection, err error) {
	found, replaces = flow.prove(ctx, at.Workspace, at.connector, account, at.again), at.again
	if !found.works() {
		return found, "", replaces, nil
	}
	who = consenter.Who(ctx, account)
	if replaces.ID != 0 {
		return found, who, replaces, nil
	}
	if replaces, err = flow.meant(ctx, at.actor, at.Kind, at.Origin, who, at.Shared); err == nil && replaces.ID != 0 {
		found.problem = flow.unseen(ctx, at.connector, account, replaces)
	}
	return found, who, replaces, err
}
