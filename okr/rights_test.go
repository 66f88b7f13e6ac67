package okr_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"okrbot/okr"
)

// permitted is the table once more, written by who reads it: what each kind of people may do to a
// thing by what they are to it. What is not here is denied; foreign people, bots and deactivated
// people are not here.
//
//	n none, o owner, c co-owner, b the objective's owner, m maker of the connection, s shared with
const permitted = `
	view                member nocbms  admin nocbms  guest nocbms
	add an objective    member nocbms  admin nocbms
	add a key result    member nocbms  admin nocbms
	edit                member ocb     admin nocbms
	edit an objective   member cb      admin nocbms
	pause               member ocb     admin nocbms
	remove              member ocb     admin nocbms
	remove an objective member cb      admin nocbms
	sync                member ocb     admin nocbms
	check in on         member ocb     admin nocbms
	connect             member nocbms  admin nocbms
	use a connection    member ms      admin ms
	manage a connection member m       admin nocbms
	share a connection  admin nocbms
	register a client  admin nocbms
	change the settings admin nocbms
	export              member nocbms  admin nocbms  guest ocb
	subscribe           member nocbms  admin nocbms
	close out           member cb      admin nocbms
`

var letters = map[okr.Relation]string{
	okr.None: "n", okr.OwnerOf: "o", okr.CoOwnerOf: "c", okr.ObjectiveOwnerOf: "b", okr.MakerOf: "m", okr.SharedWith: "s",
}

// mayByTable reads a cell of the table; listed is false for an action without a row.
func mayByTable(action okr.Action, kind okr.ActorKind, relation okr.Relation) (may, listed bool) {
	for line := range strings.Lines(permitted) {
		line = strings.TrimSpace(line)
		rest, found := strings.CutPrefix(line, string(action)+" ")
		if !found {
			continue
		}
		cells := strings.Fields(rest)
		if len(cells)%2 != 0 {
			continue // another action, of which this one's name is the beginning
		}
		i := slices.Index(cells, string(kind))
		return i >= 0 && strings.Contains(cells[i+1], letters[relation]), true
	}
	return false, false
}

// declared are the values of the constants of a type, from the source itself, so that one that
// somebody adds cannot be forgotten here.
func declared(t *testing.T, typeName string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "rights.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if ident, ok := spec.Type.(*ast.Ident); ok && ident.Name == typeName {
			for _, v := range spec.Values {
				s, err := strconv.Unquote(v.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				values = append(values, s)
			}
		}
		return true
	})
	return values
}

func TestEveryNameOfTheTableIsListed(t *testing.T) {
	for name, listed := range map[string]int{
		"Action": len(okr.Actions), "ActorKind": len(okr.ActorKinds), "Relation": len(okr.Relations),
	} {
		if all := declared(t, name); len(all) == 0 || len(all) != listed {
			t.Errorf("%s: %d constants, %d listed", name, len(all), listed)
		}
	}
	for _, action := range okr.Actions {
		if _, listed := mayByTable(action, okr.Member, okr.None); !listed {
			t.Errorf("%q has no row: who may?", action)
		}
		if !okr.May(okr.Actor{Workspace: "T1", ID: "U1", Kind: okr.Admin}, action, okr.Relations...) {
			t.Errorf("%q: not even an administrator with every relation may, the row is missing", action)
		}
	}
}

func TestWhoMayWhat(t *testing.T) {
	cells := 0
	for _, action := range okr.Actions {
		for _, kind := range append(slices.Clone(okr.ActorKinds), "", "somebody") {
			for _, relation := range okr.Relations {
				cells++
				want, _ := mayByTable(action, kind, relation)
				if got := okr.May(okr.Actor{Workspace: "T1", ID: "U1", Kind: kind}, action, relation); got != want {
					t.Errorf("%s, being %s, may %s: %t, want %t", kind, relation, action, got, want)
				}
			}
			unrelated, _ := mayByTable(action, kind, okr.None)
			if got := okr.May(okr.Actor{Workspace: "T1", ID: "U1", Kind: kind}, action); got != unrelated {
				t.Errorf("%s, being nothing to it, may %s: %t", kind, action, got)
			}
			for _, nobody := range []okr.Actor{{ID: "U1", Kind: kind}, {Workspace: "T1", Kind: kind}} {
				if okr.May(nobody, action, okr.Relations...) {
					t.Errorf("%+v may %s", nobody, action)
				}
			}
		}
	}
	if want := 19 * 8 * 6; cells != want {
		t.Errorf("%d cells, want %d", cells, want)
	}
	if okr.May(okr.Actor{Workspace: "T1", ID: "U1", Kind: okr.Admin}, "launch", okr.Relations...) {
		t.Error("what is not in the table is denied, to administrators too")
	}
}

func TestRightsToAKeyResult(t *testing.T) {
	kr := okr.KeyResult{Workspace: "T1", Owner: "alice", CoOwners: []string{"bob", "erin"}, ObjectiveOwner: "carol"}
	o := okr.Objective{Workspace: "T1", Owner: "carol", CoOwners: []string{"frank"}}
	for action, got := range map[okr.Action]bool{okr.EditObjective: o.MayEdit(okr.Actor{Workspace: "T1", ID: "frank", Kind: okr.Member}), okr.RemoveObjective: o.MayRemove(okr.Actor{Workspace: "T1", ID: "frank", Kind: okr.Member})} {
		if !got || o.MayEdit(okr.Actor{Workspace: "T2", ID: "frank", Kind: okr.Member}) || o.MayRemove(okr.Actor{Workspace: "T1", ID: "frank", Kind: okr.Guest}) {
			t.Errorf("a co-owner of an objective may %s: %t", action, got)
		}
	}
	if !(okr.KeyResult{Workspace: "T1", ObjectiveCoOwners: o.CoOwners}).MayEdit(okr.Actor{Workspace: "T1", ID: "frank", Kind: okr.Member}) {
		t.Error("who co-owns the objective looks after what is under it")
	}
	relations := map[string]okr.Relation{
		"alice": okr.OwnerOf, "bob": okr.CoOwnerOf, "erin": okr.CoOwnerOf, "carol": okr.ObjectiveOwnerOf, "dave": okr.None,
	}
	for person, relation := range relations {
		for _, kind := range okr.ActorKinds {
			for _, workspace := range []string{"T1", "T2"} {
				actor := okr.Actor{Workspace: workspace, ID: person, Kind: kind}
				for action, got := range map[okr.Action]bool{
					okr.View: kr.MayView(actor), okr.EditKeyResult: kr.MayEdit(actor), okr.PauseKeyResult: kr.MayPause(actor),
					okr.RemoveKeyResult: kr.MayRemove(actor), okr.SyncKeyResult: kr.MaySync(actor),
					okr.CheckInKeyResult: kr.MayCheckIn(actor), okr.AddKeyResult: o.MayAddKeyResult(actor), okr.Export: kr.MayExport(actor),
				} {
					want, _ := mayByTable(action, kind, relation)
					if got != (want && workspace == "T1") {
						t.Errorf("%s, %s of %s, %s of a key result of T1, may %s: %t", person, kind, workspace, relation, action, got)
					}
				}
			}
		}
	}
	nowhere := okr.Actor{ID: "alice", Kind: okr.Admin}
	if (okr.KeyResult{Owner: "alice"}).MayEdit(nowhere) || (okr.Objective{}).MayAddKeyResult(nowhere) {
		t.Error("no workspace is not a workspace in common")
	}
}
