package bot

import (
	"context"
	"slices"
)

// handler serves one gesture within two seconds, asking nobody but Postgres.
type handler func(ctx context.Context, g Gesture) (Reply, error)

// verb is a word after /okr.
type verb struct {
	name  string
	serve handler
}

// routes are who serves what.
type routes struct {
	bare    handler // the command without a word
	verbs   []verb
	unknown func(ctx context.Context, g Gesture, word, typed string) (Reply, error) // a word that is no verb
	actions map[string]handler
	submits map[string]handler
	queries map[string]handler
}

// is says whether a word is a verb.
func (r routes) is(name string) bool { return r.verb(name) != nil }

// names are the verbs.
func (r routes) names() []string {
	names := make([]string, len(r.verbs))
	for i, v := range r.verbs {
		names[i] = v.name
	}
	return names
}

// verb is who serves a verb; nil where there is none of this name.
func (r routes) verb(name string) handler {
	if i := slices.IndexFunc(r.verbs, func(v verb) bool { return v.name == name }); i >= 0 {
		return r.verbs[i].serve
	}
	return nil
}

// of finds who serves a gesture.
func (r routes) of(g gesture) (serve handler, ok bool) {
	switch g.kind {
	case aCommand:
		if g.route == "" {
			return r.bare, true
		}
		if serve = r.verb(g.route); serve == nil {
			serve = func(ctx context.Context, said Gesture) (Reply, error) { return r.unknown(ctx, said, g.route, g.verb) }
		}
		return serve, true
	case anAction:
		serve, ok = r.actions[g.route]
	case aSubmit:
		serve, ok = r.submits[g.route]
	case aQuery:
		serve, ok = r.queries[g.route]
	case aClose:
		return func(context.Context, Gesture) (Reply, error) { return Reply{}, nil }, true
	}
	return serve, ok
}
