package store

import (
	"context"
	"fmt"

	"okrbot/okr"
	"okrbot/store/queries"
)

// Person is somebody in a workspace, as Slack last told.
type Person struct {
	okr.Actor
	Name  string
	Zone  string
	Fresh bool // asked of Slack within the last four minutes, so that nobody has to ask
	// Current: asked of Slack within the last five minutes. Rights that decide are no older.
	Current bool
	Changes int64 // how often Slack told by itself that they changed
}

// SavePerson notes what Slack told about somebody.
func (r Statements) SavePerson(ctx context.Context, p Person) error {
	_, err := r.savePerson(ctx, p, nil)
	return err
}

// SaveLookedUp is SavePerson for what Slack answered; false where Slack told by itself of a change since Changes was
// loaded, which is kept.
func (r Statements) SaveLookedUp(ctx context.Context, p Person) (bool, error) {
	return r.savePerson(ctx, p, &p.Changes)
}

func (r Statements) savePerson(ctx context.Context, p Person, changes *int64) (bool, error) {
	n, err := r.q.SavePerson(ctx, queries.SavePersonParams{
		WorkspaceID: p.Workspace, ID: p.ID, Name: p.Name, Sorted: okr.SortKey(p.Name), TimeZone: p.Zone, Kind: string(p.Kind), Changes: changes,
	})
	if err != nil {
		return false, fmt.Errorf("saving person %s: %w", p.ID, err)
	}
	return n == 1, nil
}

// PersonChanged notes what Slack told by itself about somebody who was seen before, and that it has to
// be asked about them.
func (r Statements) PersonChanged(ctx context.Context, p Person) error {
	err := r.q.PersonChanged(ctx, queries.PersonChangedParams{WorkspaceID: p.Workspace, ID: p.ID, Name: p.Name, Sorted: okr.SortKey(p.Name), TimeZone: p.Zone, Kind: string(p.Kind)})
	if err != nil {
		return fmt.Errorf("noting the change of person %s: %w", p.ID, err)
	}
	return nil
}

// mostPeople bounds who is looked through by name.
const mostPeople = 5000

// People are those in a workspace who were seen so far, by name.
func (r Statements) People(ctx context.Context, workspace string) ([]Person, error) {
	rows, err := r.q.People(ctx, queries.PeopleParams{WorkspaceID: workspace, Most: mostPeople})
	if err != nil {
		return nil, fmt.Errorf("listing people: %w", err)
	}
	list := make([]Person, len(rows))
	for i, row := range rows {
		list[i] = Person{Actor: okr.Actor{Workspace: workspace, ID: row.ID, Kind: okr.ActorKind(row.Kind)}, Name: row.Name}
	}
	return list, nil
}

// Person loads somebody.
func (r Statements) Person(ctx context.Context, workspace, id string) (Person, error) {
	row, err := r.q.Person(ctx, queries.PersonParams{WorkspaceID: workspace, ID: id})
	if err != nil {
		return Person{}, fmt.Errorf("loading person %s: %w", id, found(err))
	}
	return Person{
		Actor: okr.Actor{Workspace: workspace, ID: id, Kind: okr.ActorKind(row.Kind)},
		Name:  row.Name, Zone: row.TimeZone, Fresh: row.Fresh, Current: row.Current, Changes: row.Changes,
	}, nil
}

// Administrators are people of whom Slack told that they administer a workspace.
func (r Statements) Administrators(ctx context.Context, workspace string, most int) ([]string, error) {
	ids, err := r.q.Administrators(ctx, queries.AdministratorsParams{WorkspaceID: workspace, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("listing administrators: %w", err)
	}
	return ids, nil
}
