package connect

import (
	"cmp"
	"strings"
	"time"

	"okrbot/bot/view"
	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// Shown is a connection as its views show it to somebody.
func Shown(connectors integrations.Registry, c store.Connection, actor okr.Actor, now time.Time) view.Connection {
	v := view.Connection{
		ID: c.ID, Name: c.Name, Host: view.ShownAddress(c.Origin), SignIn: c.SignIn, Account: c.Account, State: string(c.State), Shared: c.Shared, Owner: c.Owner,
		Mine: c.Owner == actor.ID, May: c.State != store.Pending && c.MayManage(actor), MayShare: okr.May(actor, okr.ShareConnection, okr.MakerOf),
		KeyResults: c.KeyResults, Succeeded: c.Succeeded, Waiting: c.Waiting, Now: now,
	}
	if !c.Ends.IsZero() {
		v.Ends, v.EndsSoon = c.Ends, c.Ends.Sub(now) < 14*24*time.Hour
	}
	connector, err := connectors.ByKind(c.Kind)
	if err != nil {
		return v
	}
	for _, s := range connector.SignIns() {
		if s.Kind == c.SignIn {
			v.SignIn = s.Label
		}
	}
	return v
}

// Needs says what keeps a connection from being read through, or will where its sign-in ends by itself,
// and what to do about it.
func Needs(connectors integrations.Registry, c store.Connection, ends bool) string {
	system := connectors.Name(c.Kind)
	switch {
	case ends:
		says := "its sign-in to " + system + " ends on " + view.Moment(c.Ends) + ", and use does not prolong it. Reconnect before: it takes a minute, and its key results stay."
		connector, _ := connectors.ByKind(c.Kind)
		if consenter, ok := connector.(integrations.Consenter); ok && c.Client != 0 {
			says += " " + consenter.BeforeAnother()
		}
		return strings.TrimSpace(says)
	case c.State == store.Broken:
		return "its stored sign-in does not open any more, so nothing was sent and nothing is read through it. Reconnect it, and tell okrbot's administrator."
	}
	return cmp.Or(c.Refusal, system+" does not take its sign-in any more.") + " Nothing is read through it. Reconnect it; its key results go on by themselves then."
}
