package desk

import (
	"context"
	"errors"

	"okrbot/okr"
	"okrbot/store"
)

// Form is a kind of form that keeps what was entered in a draft of type T.
type Form[T any] struct {
	Kind  string // of its drafts: the form's callback_id
	Again string // the command that begins again, for those whose draft is no more
}

// Begin keeps a new draft.
func (f Form[T]) Begin(ctx context.Context, in store.Statements, actor okr.Actor, step string, entered T) (store.Draft, error) {
	return in.CreateDraft(ctx, actor, f.Kind, step, entered)
}

// Shown loads the draft of the view that a gesture happened in.
func (f Form[T]) Shown(ctx context.Context, in store.Statements, g Gesture) (store.Draft, T, error) {
	return f.Load(ctx, in, g.Actor, g.View.Draft)
}

// Load loads a draft. One that is somebody else's, expired or another form's is none; the error then
// is what to say instead.
func (f Form[T]) Load(ctx context.Context, in store.Statements, actor okr.Actor, id string) (store.Draft, T, error) {
	var entered T
	draft, err := in.Draft(ctx, actor, id)
	if err == nil && draft.Kind != f.Kind {
		err = store.ErrNotFound
	}
	if err == nil {
		err = draft.State(&entered)
	}
	return draft, entered, f.Lost(err)
}

// Save takes a draft to a step. Where it is no more, or another window went on with it, the error is
// what to say instead.
func (f Form[T]) Save(ctx context.Context, in store.Statements, actor okr.Actor, d store.Draft, step string, entered T) (store.Draft, error) {
	saved, err := in.SaveDraft(ctx, actor, d, step, entered)
	return saved, f.Lost(err)
}

// Lost is the error of a form that cannot go on, with what to say instead where it is gone or was
// changed elsewhere; any other error, and nil, is itself.
func (f Form[T]) Lost(err error) error {
	switch {
	case IsNotFound(err):
		return Instead(Expired(f.Again), err)
	case errors.Is(err, store.ErrChanged):
		return Instead(ChangedElsewhere(f.Again), err)
	}
	return err
}
