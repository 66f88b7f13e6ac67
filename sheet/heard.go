package sheet

import (
	"maps"
	"slices"
	"strings"

	"okrbot/okr"
)

// Heard is what an import makes one person's, as owner or co-owner, and what it takes from them.
type Heard struct {
	Person    string
	Got, Lost Things
}

// Things are so many key results and objectives, the first of them by name.
type Things struct {
	First []Thing
	Count int
}

// mostNamed is how many things are named to one person.
const mostNamed = 5

// Thing is a key result under its objective; an objective alone where the key result is nil.
type Thing struct {
	KeyResult *okr.KeyResult
	Objective okr.Objective
}

func (t *Things) add(k *okr.KeyResult, o okr.Objective) {
	if t.Count++; t.Count > mostNamed {
		return
	}
	one := Thing{Objective: o}
	if k != nil {
		kept := *k
		kept.Title = strings.Clone(k.Title) // without the line that it is cut from
		one.KeyResult = &kept
	}
	t.First = append(t.First, one)
}

// hand notes whose a key result, or an objective where that is nil, is now and was not, and the other way round.
func (im *importer) hand(k *okr.KeyResult, o okr.Objective, before, after []string) {
	for _, person := range after {
		if !im.left[person] && !slices.Contains(before, person) {
			im.hearing(person).Got.add(k, o)
		}
	}
	for _, person := range before {
		if !im.left[person] && !slices.Contains(after, person) {
			im.hearing(person).Lost.add(k, o)
		}
	}
}

func (im *importer) hearing(person string) *Heard {
	h := im.heard[person]
	if h == nil {
		h = &Heard{Person: strings.Clone(person)}
		im.heard[h.Person] = h
	}
	return h
}

// hears are all who hear of the import.
func (im *importer) hears() (list []Heard) {
	for _, person := range slices.Sorted(maps.Keys(im.heard)) {
		list = append(list, *im.heard[person])
	}
	return list
}

// owners are those who own or co-own a key result, of one that is not there nobody.
func owners(k okr.KeyResult) []string {
	if k.Owner == "" {
		return nil
	}
	return append([]string{k.Owner}, k.CoOwners...)
}
