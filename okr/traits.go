package okr

import (
	"fmt"
	"strings"
)

// Traits are what a scorecard says of its numbers beside them. When one changes, the same numbers mean
// something else, and somebody has to agree before they count.
type Traits struct {
	Unit      string
	Better    string    // "minimize", "maximize", "none"; empty when it is not known
	Frequency Frequency // empty when it is not known
	Precision Precision // decimals
}

// Precision is a number of decimals, or that it is not known.
type Precision struct {
	Places int32
	Known  bool
}

// PrecisionOf is the precision of a scorecard that names so many decimals, or none.
func PrecisionOf(places int) Precision {
	return Precision{Places: int32(places), Known: places != AsManyAsThere}
}

// Trait is one thing that changed, in words that are not escaped.
type Trait struct{ What, Before, After string }

// Changes are what is different by now, the most telling first. What was not known before is learned,
// and what is not said now has not changed; a unit that appears where none was is a change.
func (agreed Traits) Changes(now Traits) []Trait {
	var list []Trait
	if now.Unit != "" && now.Unit != agreed.Unit {
		list = append(list, Trait{"unit", agreed.Unit, now.Unit})
	}
	if agreed.Better != "" && now.Better != "" && now.Better != agreed.Better {
		list = append(list, Trait{"direction", betterWords(agreed.Better), betterWords(now.Better)})
	}
	if agreed.Frequency != "" && now.Frequency != "" && now.Frequency != agreed.Frequency {
		list = append(list, Trait{"frequency", strings.ToLower(agreed.Frequency.Label()), strings.ToLower(now.Frequency.Label())})
	}
	if a, n := agreed.Precision, now.Precision; a.Known && n.Known && a.Places != n.Places {
		list = append(list, Trait{"number of decimals", fmt.Sprint(a.Places), fmt.Sprint(n.Places)})
	}
	return list
}

// betterWords say which way is better: "less is better".
func betterWords(better string) string {
	switch better {
	case "minimize":
		return "less is better"
	case "maximize":
		return "more is better"
	}
	return "none"
}
