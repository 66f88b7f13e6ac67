package desk

import (
	"context"
	"slices"
)

// Handler serves one gesture within two seconds, asking nobody but Postgres.
type Handler func(ctx context.Context, g Gesture) (Reply, error)

// Verb is a word after /okr.
type Verb struct {
	Name  string
	Serve Handler
}

// Routes are who serves what.
type Routes struct {
	Bare    Handler // the command without a word
	Verbs   []Verb
	Unknown func(ctx context.Context, g Gesture, word, typed string) (Reply, error) // a word that is no verb
	Actions map[string]Handler
	Submits map[string]Handler
	Queries map[string]Handler
	// Shortcuts are those of the manifest, by callback_id.
	Shortcuts map[string]Handler
	Shows     []string // verbs, buttons and shortcuts that change nothing
}

// Is says whether a word is a verb.
func (r Routes) Is(name string) bool { return r.Verb(name) != nil }

// changes says whether a gesture may change something: every command, button and form may that is not
// known to show alone. What is no verb may be followed by one, "KR-1 pause".
func (r Routes) changes(g gesture) bool {
	switch g.kind {
	case aSubmit:
		return true
	case aCommand, aMention:
		return g.route != "" && !slices.Contains(r.Shows, g.route)
	case anAction, aShort:
		return !slices.Contains(r.Shows, g.route)
	}
	return false
}

// logged is a gesture's route as the log has it. A word that is no verb is not: it may be anything that
// somebody had on the clipboard.
func (r Routes) logged(g gesture) string {
	if g.typed() && g.route != "" && !r.Is(g.route) {
		return "no verb"
	}
	return g.route
}

// Names are the verbs.
func (r Routes) Names() []string {
	names := make([]string, len(r.Verbs))
	for i, v := range r.Verbs {
		names[i] = v.Name
	}
	return names
}

// Verb is who serves a verb; nil where there is none of this name.
func (r Routes) Verb(name string) Handler {
	if i := slices.IndexFunc(r.Verbs, func(v Verb) bool { return v.Name == name }); i >= 0 {
		return r.Verbs[i].Serve
	}
	return nil
}

// handler is who serves a gesture.
func (r Routes) handler(g gesture) (serve Handler, ok bool) {
	switch g.kind {
	case aCommand, aMention:
		if g.route == "" {
			return r.Bare, true
		}
		if serve = r.Verb(g.route); serve == nil {
			serve = func(ctx context.Context, said Gesture) (Reply, error) { return r.Unknown(ctx, said, g.route, g.verb) }
		}
		return serve, true
	case anAction:
		serve, ok = r.Actions[g.route]
	case aSubmit:
		serve, ok = r.Submits[g.route]
	case aQuery:
		serve, ok = r.Queries[g.route]
	case aShort:
		serve, ok = r.Shortcuts[g.route]
	case aClose:
		return func(context.Context, Gesture) (Reply, error) { return Reply{}, nil }, true
	}
	return serve, ok
}
