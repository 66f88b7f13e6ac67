package command_test

import (
	"strings"
	"testing"

	"okrbot/bot/command"
)

// A title stands at the beginning of a text that is far longer than any title.
func TestLeadingOfALongText(t *testing.T) {
	titles := command.TitlesOf([]string{"Fewer incidents"})
	if found, _, rest := titles.Leading("fewer incidents 7 " + strings.Repeat("a ", 1000)); len(found) != 1 || !strings.HasPrefix(rest, "7 a") {
		t.Errorf("found %v, and %.20q is left", found, rest)
	}
}

// What a text costs grows with it, and not with its square.
func BenchmarkLeadingOfALongText(b *testing.B) {
	titles, long := command.TitlesOf([]string{"Fewer incidents"}), strings.Repeat("a ", 4000)
	for b.Loop() {
		titles.Leading(long)
	}
}
