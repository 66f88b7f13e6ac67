package sheet

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"okrbot/okr"
	"okrbot/store"
)

// People is who can be asked about somebody whom the workspace does not know yet, by Slack's id or
// by e-mail address. Says is a sentence that says why nobody is found, and what to do.
type People interface {
	Named(ctx context.Context, who string) (p store.Person, says string, err error)
}

// PeopleCache remembers what was asked about people, so that nobody is asked for twice.
type PeopleCache struct {
	from    People // nil: nobody is asked any more
	answers map[string]answer
}

type answer struct {
	person store.Person
	says   string
}

// CachePeople asks about people through somebody, each once.
func CachePeople(from People) *PeopleCache {
	return &PeopleCache{from: from, answers: map[string]answer{}}
}

// Offline is what was asked before, and asks nothing more: within a transaction nobody waits for
// Slack.
func (m *PeopleCache) Offline() *PeopleCache {
	if m == nil {
		return nil
	}
	return &PeopleCache{answers: m.answers}
}

func (m *PeopleCache) named(ctx context.Context, who string) (a answer, err error) {
	a, asked := m.answers[who]
	if asked {
		return a, nil
	}
	if m.from == nil {
		return answer{says: unknown(who)}, nil
	}
	if a.person, a.says, err = m.from.Named(ctx, who); err != nil {
		return a, err
	}
	m.answers[strings.Clone(who)] = a
	return a, nil
}

// Unasked is Slack where it cannot be asked: the reason is what is said of everybody who is not
// known.
type Unasked string

// Named finds nobody.
func (u Unasked) Named(context.Context, string) (store.Person, string, error) {
	return store.Person{}, string(u), nil
}

// asks are the names that Slack can be asked about.
var asks = regexp.MustCompile(`^([UW][A-Z0-9]{2,20}|[^@\s]+@[^@\s]+\.[^@\s]+)$`)

// mention is how Slack writes a person.
var mention = regexp.MustCompile(`^<@([UW][A-Z0-9]+)(\|[^>]*)?>$`)

// addressed is how mail programs and Slack write an e-mail address: "Bob <bob@example.com>" and
// "<mailto:bob@example.com|bob@example.com>".
var addressed = regexp.MustCompile(`^(?:[^<>@]*<)?(?:mailto:)?([^@\s<>:|]+@[^@\s<>|]+\.[^@\s<>|]+)(?:\|[^<>]*)?>?$`)

// unknown says that nobody has a name.
func unknown(who string) string {
	return "Nobody here is \"" + shortened(okr.Visible(who)) + "\". Write Slack's id or the e-mail address of somebody, or the name of somebody who has used okrbot."
}

// person is Slack's id of who a cell names, or a sentence that says why there is none.
func (im *importer) person(ctx context.Context, who string) (id, says string, err error) {
	if m := mention.FindStringSubmatch(who); m != nil {
		who = m[1]
	} else if m := addressed.FindStringSubmatch(who); m != nil {
		who = strings.ToLower(m[1])
	}
	id, known := im.people[who]
	if !known {
		id, known = im.people[strings.ToLower(strings.TrimPrefix(who, "@"))]
	}
	switch {
	case known && id == "":
		return "", "Several people are called \"" + shortened(who) + "\". Write Slack's id of one.", nil
	case known:
		return id, "", nil
	case im.cache == nil, !asks.MatchString(who):
		return "", unknown(who), nil
	}
	a, err := im.cache.named(ctx, who)
	if err != nil || a.says != "" {
		return "", a.says, err
	}
	im.people[strings.Clone(who)] = a.person.ID
	if im.people[a.person.ID] == "" {
		im.people[a.person.ID] = a.person.ID
	}
	im.meet(a.person.ID, a.person.Name, a.person.Kind)
	if im.writing() {
		return a.person.ID, "", im.tx.SavePerson(ctx, a.person)
	}
	return a.person.ID, "", nil
}

// meet notes what is to be said where a file makes somebody an owner who can do nothing, or little, here.
func (im *importer) meet(id, name string, kind okr.ActorKind) {
	name = cmp.Or(shown(name), id)
	switch kind {
	case okr.Guest:
		im.guests[id] = name + " is a guest, and can change nothing here. Name a member of this workspace."
	case okr.Deactivated:
		im.left[id] = true
		im.idle[id] = name + " (" + id + ") has left this workspace and hears nothing."
	case okr.Foreign:
		im.idle[id] = name + " (" + id + ") is of another organisation and may do nothing here."
	case okr.Bot:
		im.idle[id] = name + " (" + id + ") is an app and looks after nothing."
	}
}

// guestsOf finds whom a line makes an owner or a co-owner who is a guest, and notes who else can do nothing. Who owns
// it already may stay.
func (im *importer) guestsOf(e *entry) (problems []Problem) {
	look := func(column string, people []string, was ...string) {
		for _, id := range people {
			if slices.Contains(was, id) {
				continue
			}
			if says, is := im.guests[id]; is {
				problems = append(problems, Problem{Line: e.line, Column: column, Says: says, Anywhere: true})
			}
			if says, is := im.idle[id]; is {
				im.say("note: %s `/okr edit` chooses another owner.", says)
				delete(im.idle, id) // once
			}
		}
	}
	o, k := e.row.Objective, e.row.KeyResult
	var there []string
	if known := im.target(o); known != nil && !known.made {
		there = append([]string{known.Owner}, known.CoOwners...)
	}
	look("objective_owner", []string{o.Owner}, there...)
	look("objective_co_owners", o.CoOwners, there...)
	if !e.row.Alone {
		had := append([]string{e.before.Owner}, e.before.CoOwners...)
		look("owner", []string{k.Owner}, had...)
		look("co_owners", k.CoOwners, had...)
	}
	return problems
}
