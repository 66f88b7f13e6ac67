package view

import (
	"strings"
	"testing"
	"unicode/utf8"

	"okrbot/okr"
)

// What Slack has to escape in titles leaves room for the sentence that says where all of it is.
func TestImportedFitsInOneMessage(t *testing.T) {
	for _, title := range []string{strings.Repeat("&", 200), strings.Repeat("<!channel>", 20), strings.Repeat("界", 200), strings.Repeat("👩‍👩‍👧‍👦", 40)} {
		o := okr.Objective{Number: 1 << 30, Title: title}
		one := KeyResultNamed(okr.KeyResult{Number: 1 << 30, Title: title}, o)
		h := Handed{First: []string{ObjectiveNamed(o), one, one, one, one}, Count: 100000}
		m := Text(Imported(h, h))
		if n := utf8.RuneCountInString(m.Text); n > sectionLimit || strings.Count(m.Text, " more\n") != 2 || strings.Contains(m.Text, "<!") {
			t.Errorf("%d characters: %s", n, m.Text)
		}
	}
}
