package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"okrbot/okr"
	"okrbot/store/queries"
)

// Draft is a form on its way to being saved. It belongs to one person, lives 30 minutes from the
// last step, and never holds a secret. Slack holds its ID alone.
type Draft struct {
	ID      string
	Kind    string
	Step    string
	Version int
	Expires time.Time
	state   []byte
}

// State reads what the draft holds into a form.
func (d Draft) State(form any) error {
	if err := json.Unmarshal(d.state, form); err != nil {
		return fmt.Errorf("reading a draft: %w", err)
	}
	return nil
}

// CreateDraft begins a form for the acting person.
func (r Statements) CreateDraft(ctx context.Context, actor okr.Actor, kind, step string, form any) (Draft, error) {
	state, err := json.Marshal(form)
	if err != nil {
		return Draft{}, fmt.Errorf("writing a draft: %w", err)
	}
	d := Draft{ID: uuid.NewString(), Kind: kind, Step: step, Version: 1, state: state}
	err = r.q.CreateDraft(ctx, queries.CreateDraftParams{
		ID: d.ID, WorkspaceID: actor.Workspace, PersonID: actor.ID, Kind: kind, Step: step, State: state,
	})
	if err != nil {
		return Draft{}, fmt.Errorf("creating a draft: %w", err)
	}
	return d, nil
}

// Draft loads the acting person's own draft. Somebody else's, an expired one and one that never
// was are all ErrNotFound.
func (r Statements) Draft(ctx context.Context, actor okr.Actor, id string) (Draft, error) {
	if uuid.Validate(id) != nil {
		return Draft{}, ErrNotFound
	}
	row, err := r.q.Draft(ctx, queries.DraftParams{ID: id, WorkspaceID: actor.Workspace, PersonID: actor.ID})
	if err != nil {
		return Draft{}, fmt.Errorf("loading a draft: %w", found(err))
	}
	return Draft{ID: row.ID, Kind: row.Kind, Step: row.Step, Version: int(row.Version), Expires: row.ExpiresAt, state: row.State}, nil
}

// SaveDraft takes the draft to its next step and raises its version. It returns ErrChanged when
// another tab saved first.
func (r Statements) SaveDraft(ctx context.Context, actor okr.Actor, d Draft, step string, form any) (Draft, error) {
	state, err := json.Marshal(form)
	if err != nil {
		return Draft{}, fmt.Errorf("writing a draft: %w", err)
	}
	n, err := r.q.SaveDraft(ctx, queries.SaveDraftParams{
		Step: step, State: state, ID: d.ID, WorkspaceID: actor.Workspace, PersonID: actor.ID, Version: int32(d.Version),
	})
	if err != nil {
		return Draft{}, fmt.Errorf("saving a draft: %w", err)
	}
	if n == 0 {
		return Draft{}, fmt.Errorf("saving a draft: %w", ErrChanged)
	}
	d.Step, d.Version, d.state = step, d.Version+1, state
	return d, nil
}

// NoteInDraft keeps what was found out for the person beside what they entered, in the same version:
// what they do meanwhile goes first. It returns ErrChanged when they went on.
func (r Statements) NoteInDraft(ctx context.Context, actor okr.Actor, d Draft, form any) (Draft, error) {
	state, err := json.Marshal(form)
	if err != nil {
		return Draft{}, fmt.Errorf("writing a draft: %w", err)
	}
	n, err := r.q.NoteInDraft(ctx, queries.NoteInDraftParams{
		State: state, ID: d.ID, WorkspaceID: actor.Workspace, PersonID: actor.ID, Version: int32(d.Version),
	})
	if err != nil {
		return Draft{}, fmt.Errorf("noting in a draft: %w", err)
	}
	if n == 0 {
		return Draft{}, fmt.Errorf("noting in a draft: %w", ErrChanged)
	}
	d.state = state
	return d, nil
}

// DeleteDraft ends a form that was saved or given up.
func (r Statements) DeleteDraft(ctx context.Context, actor okr.Actor, id string) error {
	err := r.q.DeleteDraft(ctx, queries.DeleteDraftParams{ID: id, WorkspaceID: actor.Workspace, PersonID: actor.ID})
	if err != nil {
		return fmt.Errorf("deleting a draft: %w", err)
	}
	return nil
}
