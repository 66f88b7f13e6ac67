package accounts

import (
	"slices"
	"time"

	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// The failures that no connector tells.

// NoConnector is told about a connection to a system that this version does not read.
func NoConnector(kind string) *integrations.Error {
	return &integrations.Error{Class: integrations.Unavailable, Cause: "no_connector",
		Says: "This okrbot does not read from " + kind + ".", Next: "Ask its administrator for a version that does."}
}

// Rejected is told about a connection that is not used any more, with what the system said when it
// was.
func Rejected(system, refusal string) *integrations.Error {
	if refusal == "" {
		refusal = system + " refused our sign-in."
	}
	return &integrations.Error{Class: integrations.Unauthorized, Cause: "rejected",
		Says: refusal + " It did so twice, so we stopped trying: more tries could lock the account.",
		Next: "Reconnect it under `/okr connections`."}
}

// Broken is told about a connection whose stored sign-in was changed by somebody else than us.
func Broken() *integrations.Error {
	return &integrations.Error{Class: integrations.Unauthorized, Cause: "broken",
		Says: "The stored sign-in of this connection cannot be opened.",
		Next: "Reconnect it under `/okr connections`, and tell okrbot's administrator."}
}

// Disconnected is told about a connection that somebody has removed.
func Disconnected() *integrations.Error {
	return &integrations.Error{Class: integrations.Unauthorized, Cause: "disconnected",
		Says: "The connection that it read through was disconnected.", Next: "Choose another one with `/okr edit`."}
}

// Unused is told about a connection in another state than active, which is why nothing is asked through it.
func (a *Accounts) Unused(c store.Connection) *integrations.Error {
	switch c.State {
	case store.Broken:
		return Broken()
	case store.Removed:
		return Disconnected()
	}
	return Rejected(a.connectors.Name(c.Kind), c.Refusal)
}

// KeyMissing is told while keys are being turned: another process, or this one after its restart,
// opens what this one cannot.
func KeyMissing() *integrations.Error {
	return &integrations.Error{Class: integrations.Unavailable, Cause: "key_missing", Brief: true,
		Says: "This okrbot does not hold the key that the sign-in is sealed with.", Next: "It usually passes by itself; if it stays, tell okrbot's administrator."}
}

// Renewing is told where somebody else asks for new access and does not get it in time.
func Renewing() *integrations.Error {
	return &integrations.Error{Class: integrations.Unavailable, Cause: "renewing", Brief: true,
		Says: "New access is being asked for, which takes long.", Next: "It usually passes by itself."}
}

// Waiting is told where the system asked to be left alone, and that is not over.
func Waiting(system string, wait time.Duration) *integrations.Error {
	minutes := int((wait + time.Minute - 1) / time.Minute)
	return &integrations.Error{Class: integrations.RateLimited, Cause: "waiting", After: wait,
		Says: system + " asked us to wait: too many requests.", Next: "Try again in " + okr.CountWords(minutes, "minute") + "."}
}

// Uncalled says whether a failure is one of these: the system was not called.
func Uncalled(f *integrations.Error) bool {
	return slices.ContainsFunc([]*integrations.Error{NoConnector(""), Rejected("", ""), Broken(), Disconnected(), KeyMissing(), Renewing(), Waiting("", 0)},
		func(ours *integrations.Error) bool { return ours.Cause == f.Cause })
}
