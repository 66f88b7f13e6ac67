package okr

import "slices"

// Actor is somebody who wants to do something in a workspace.
type Actor struct {
	Workspace string
	ID        string
	Kind      ActorKind
}

// ActorKind is what somebody is in the workspace, as far as rights go.
type ActorKind string

// The kinds of actors. Workspace owners count as administrators.
const (
	Member      ActorKind = "member"
	Admin       ActorKind = "admin"
	Guest       ActorKind = "guest"
	Foreign     ActorKind = "foreign" // of another organisation, in a shared channel
	Bot         ActorKind = "bot"
	Deactivated ActorKind = "deactivated"
)

// ActorKinds are all kinds of actors.
var ActorKinds = []ActorKind{Member, Admin, Guest, Foreign, Bot, Deactivated}

// Relation is what somebody is to the thing they want to act on.
type Relation string

// The relations. A person can have several; the rights add up.
const (
	None             Relation = "none"
	OwnerOf          Relation = "owner"
	CoOwnerOf        Relation = "co-owner"
	ObjectiveOwnerOf Relation = "objective owner"
	MakerOf          Relation = "maker" // of a connection
	SharedWith       Relation = "shared with"
)

// Relations are all relations.
var Relations = []Relation{None, OwnerOf, CoOwnerOf, ObjectiveOwnerOf, MakerOf, SharedWith}

// Action is something a person can do.
type Action string

// The actions.
const (
	View             Action = "view"
	AddObjective     Action = "add an objective"
	EditObjective    Action = "edit an objective" // and hand it over
	RemoveObjective  Action = "remove an objective"
	AddKeyResult     Action = "add a key result"
	EditKeyResult    Action = "edit"
	PauseKeyResult   Action = "pause"
	RemoveKeyResult  Action = "remove"
	SyncKeyResult    Action = "sync"
	CheckInKeyResult Action = "check in on"
	Connect          Action = "connect"
	UseConnection    Action = "use a connection"
	ManageConnection Action = "manage a connection" // rename it, sign in again, remove it
	ShareConnection  Action = "share a connection"
	RegisterClient   Action = "register a client" // OAuth's, once for each address
	ChangeSettings   Action = "change the settings"
	Export           Action = "export"
	CloseOut         Action = "close out"
	Subscribe        Action = "subscribe"
)

// Actions are all actions.
var Actions = []Action{
	View, AddObjective, EditObjective, RemoveObjective, AddKeyResult, EditKeyResult, PauseKeyResult, RemoveKeyResult,
	SyncKeyResult, CheckInKeyResult, Connect, UseConnection, ManageConnection, ShareConnection, RegisterClient, ChangeSettings,
	Export, CloseOut, Subscribe,
}

// right is who may do an action: members and guests by their relation, administrators always or
// not. An action without a row, and a kind without a column, may not.
type right struct {
	member []Relation
	guest  []Relation
	admin  bool
}

var (
	anybody     = Relations
	responsible = []Relation{OwnerOf, CoOwnerOf, ObjectiveOwnerOf}
	// leading are an objective's owner and its co-owners.
	leading = []Relation{CoOwnerOf, ObjectiveOwnerOf}
)

// rights is the whole table. Foreign people, bots and deactivated people may do nothing.
var rights = map[Action]right{
	View:             {member: anybody, guest: anybody, admin: true},
	AddObjective:     {member: anybody, admin: true},
	EditObjective:    {member: leading, admin: true},
	RemoveObjective:  {member: leading, admin: true},
	AddKeyResult:     {member: anybody, admin: true},
	EditKeyResult:    {member: responsible, admin: true},
	PauseKeyResult:   {member: responsible, admin: true},
	RemoveKeyResult:  {member: responsible, admin: true},
	SyncKeyResult:    {member: responsible, admin: true},
	CheckInKeyResult: {member: responsible, admin: true},
	Connect:          {member: anybody, admin: true},
	UseConnection:    {member: []Relation{MakerOf, SharedWith}}, // a private secret is not the administrators' to use
	ManageConnection: {member: []Relation{MakerOf}, admin: true},
	ShareConnection:  {admin: true},
	RegisterClient:   {admin: true},
	ChangeSettings:   {admin: true},
	Export:           {member: anybody, guest: responsible, admin: true}, // guests look at others', but take home only their own
	Subscribe:        {member: anybody, admin: true},
	CloseOut:         {member: leading, admin: true},
}

// May says whether an actor may do an action to something they stand in a relation to. What the
// table does not name is denied. Workspaces are compared by those who know the thing.
func May(actor Actor, action Action, relations ...Relation) bool {
	r, ok := rights[action]
	if !ok || actor.Workspace == "" || actor.ID == "" {
		return false
	}
	var allowed []Relation
	switch actor.Kind {
	case Admin:
		if r.admin {
			return true
		}
		allowed = r.member
	case Member:
		allowed = r.member
	case Guest:
		allowed = r.guest
	default:
		return false
	}
	if len(relations) == 0 {
		relations = []Relation{None}
	}
	return slices.ContainsFunc(relations, func(r Relation) bool { return slices.Contains(allowed, r) })
}

// LooksOnly says whether an actor may change nothing, whatever they are to it, as guests are.
func LooksOnly(actor Actor) bool { return !May(actor, EditKeyResult, Relations...) }

// Relations are what an actor is to the key result.
func (kr KeyResult) Relations(actor Actor) []Relation {
	var all []Relation
	if kr.Owner == actor.ID {
		all = append(all, OwnerOf)
	}
	if slices.Contains(kr.CoOwners, actor.ID) {
		all = append(all, CoOwnerOf)
	}
	if kr.ObjectiveOwner == actor.ID || slices.Contains(kr.ObjectiveCoOwners, actor.ID) {
		all = append(all, ObjectiveOwnerOf)
	}
	return all
}

// Responsible are those who look after the key result, whoever is asked first before the others.
func (kr KeyResult) Responsible() []string {
	return slices.Concat([]string{kr.Owner}, kr.CoOwners, []string{kr.ObjectiveOwner}, kr.ObjectiveCoOwners)
}

// May says whether an actor may do an action to the key result. Another workspace's actor may not.
func (kr KeyResult) May(actor Actor, action Action) bool {
	return kr.Workspace == actor.Workspace && May(actor, action, kr.Relations(actor)...)
}

// MaySync says whether an actor may have the key result read now.
func (kr KeyResult) MaySync(actor Actor) bool { return kr.May(actor, SyncKeyResult) }

// MayEdit says whether an actor may change the key result.
func (kr KeyResult) MayEdit(actor Actor) bool { return kr.May(actor, EditKeyResult) }

// MayPause says whether an actor may pause and resume the key result's syncs.
func (kr KeyResult) MayPause(actor Actor) bool { return kr.May(actor, PauseKeyResult) }

// MayRemove says whether an actor may remove the key result.
func (kr KeyResult) MayRemove(actor Actor) bool { return kr.May(actor, RemoveKeyResult) }

// MayCheckIn says whether an actor may enter a value for the key result.
func (kr KeyResult) MayCheckIn(actor Actor) bool { return kr.May(actor, CheckInKeyResult) }

// MayView says whether an actor may look at the key result.
func (kr KeyResult) MayView(actor Actor) bool { return kr.May(actor, View) }

// MayExport says whether the key result is in the files that an actor is given.
func (kr KeyResult) MayExport(actor Actor) bool { return kr.MayView(actor) && kr.May(actor, Export) }

// MayExport says whether the objective is in the files that an actor is given.
func (o Objective) MayExport(actor Actor) bool {
	return o.May(actor, Export)
}

// Relations are what an actor is to the objective.
func (o Objective) Relations(actor Actor) []Relation {
	var all []Relation
	if o.Owner == actor.ID {
		all = append(all, ObjectiveOwnerOf)
	}
	if slices.Contains(o.CoOwners, actor.ID) {
		all = append(all, CoOwnerOf)
	}
	return all
}

// Responsible are those who look after the objective, whoever is asked first before the others.
func (o Objective) Responsible() []string { return slices.Concat([]string{o.Owner}, o.CoOwners) }

// May says whether an actor may do an action to the objective. Another workspace's actor may not.
func (o Objective) May(actor Actor, action Action) bool {
	return o.Workspace == actor.Workspace && May(actor, action, o.Relations(actor)...)
}

// MayEdit says whether an actor may change the objective, and hand it over.
func (o Objective) MayEdit(actor Actor) bool { return o.May(actor, EditObjective) }

// MayRemove says whether an actor may remove the objective.
func (o Objective) MayRemove(actor Actor) bool { return o.May(actor, RemoveObjective) }

// MayAddKeyResult says whether an actor may put a key result under the objective.
func (o Objective) MayAddKeyResult(actor Actor) bool {
	return o.Workspace == actor.Workspace && !o.Closed && May(actor, AddKeyResult)
}

// MayCloseOut says whether an actor may close the objective out, once its period is over.
func (o Objective) MayCloseOut(actor Actor) bool {
	return o.May(actor, CloseOut)
}
