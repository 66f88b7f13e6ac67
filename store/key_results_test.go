package store_test

import (
	"testing"

	"okrbot/store"
)

// A scorecard is the same through another connection to its address: who connects again loses nothing.
func TestASourceIsItsScorecardAtItsAddress(t *testing.T) {
	source := func(connection int64, reference, origin string) store.Source {
		return store.Source{Connection: connection, Reference: reference, ConnectionKind: "http", Origin: origin}
	}
	read := source(1, "/failing", "https://a.example/x.json")
	for name, c := range map[string]struct {
		other store.Source
		same  bool
	}{
		"the same":                         {read, true},
		"as it is handed in":               {store.Source{Connection: 1, Reference: "/failing"}, true},
		"another scorecard":                {source(1, "/passing", read.Origin), false},
		"connected again":                  {source(2, "/failing", read.Origin), true},
		"the same pointer elsewhere":       {source(2, "/failing", "https://a.example/y.json"), false},
		"another connection, not known of": {store.Source{Connection: 2, Reference: "/failing"}, false},
		"another system there":             {store.Source{Connection: 2, Reference: "/failing", ConnectionKind: "other", Origin: read.Origin}, false},
		"none":                             {store.Source{}, false},
	} {
		if read.SameAs(c.other) != c.same || c.other.SameAs(read) != c.same {
			t.Errorf("%s: want %t", name, c.same)
		}
	}
}
