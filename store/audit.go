package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"okrbot/okr"
	"okrbot/store/queries"
)

// Change is a field's value before and after, as people read it. Never a secret.
type Change [2]string

// AuditEvent is one thing somebody did.
type AuditEvent struct {
	Actor   string
	Action  string
	Changes map[string]Change
	At      time.Time
}

// Object names what an audit event is about.
type Object struct {
	Kind string // "key_result", "objective", "connection"
	ID   int64
}

// Record writes down who did what to which object. A field that is as it was is no change and left
// out, and an edit that changed nothing is none. It belongs into the transaction that does it.
func (tx *Tx) Record(ctx context.Context, actor okr.Actor, action string, object Object, changes map[string]Change) error {
	changed := map[string]Change{}
	for field, c := range changes {
		if c[0] != c[1] {
			changed[field] = c
		}
	}
	if action == "edited" && len(changed) == 0 {
		return nil
	}
	raw, err := json.Marshal(changed)
	if err != nil {
		return fmt.Errorf("writing an audit event: %w", err)
	}
	err = tx.q.RecordAudit(ctx, queries.RecordAuditParams{
		WorkspaceID: actor.Workspace, ActorID: actor.ID, Action: action, Object: object.Kind, ObjectID: object.ID, Changes: raw,
	})
	if err != nil {
		return fmt.Errorf("recording an audit event: %w", err)
	}
	return nil
}

// LastChanges are the last times that fields of an object changed, the newest first.
func (r Statements) LastChanges(ctx context.Context, workspace string, object Object, fields ...string) ([]LastChange, error) {
	rows, err := r.q.LastChanges(ctx, queries.LastChangesParams{
		WorkspaceID: workspace, Object: object.Kind, ObjectID: object.ID, Fields: fields,
	})
	if err != nil {
		return nil, fmt.Errorf("reading the last changes: %w", err)
	}
	list := make([]LastChange, len(rows))
	for i, row := range rows {
		list[i] = LastChange{Field: row.Field, Change: Change{row.Before, row.After}, Actor: row.ActorID, Action: row.Action, At: row.CreatedAt}
	}
	return list, nil
}

// LastChange is the last time that a field changed.
type LastChange struct {
	Field  string
	Change Change
	Actor  string
	Action string
	At     time.Time
}

// Audit lists the newest events about an object, newest first.
func (r Statements) Audit(ctx context.Context, workspace string, object Object, most int) ([]AuditEvent, error) {
	rows, err := r.q.AuditEvents(ctx, queries.AuditEventsParams{
		WorkspaceID: workspace, Object: object.Kind, ObjectID: object.ID, Most: int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("reading the audit: %w", err)
	}
	events := make([]AuditEvent, 0, len(rows))
	for _, row := range rows {
		e := AuditEvent{Actor: row.ActorID, Action: row.Action, At: row.CreatedAt}
		if err := json.Unmarshal(row.Changes, &e.Changes); err != nil {
			return nil, fmt.Errorf("reading the audit: %w", err)
		}
		events = append(events, e)
	}
	return events, nil
}
