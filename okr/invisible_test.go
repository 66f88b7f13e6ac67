package okr_test

import (
	"testing"

	"okrbot/okr"
)

func TestWhatPeopleWroteStaysAsItLooks(t *testing.T) {
	for in, want := range map[string]string{
		"Fewer open incidents":               "Fewer open incidents",
		"":                                   "",
		"two\nlines\r\nand\u2028more":        "two\nlines\nand more",
		"a\tb\x07c\u0085d\x7f":               "a\tbcd",
		"safe\u202egpj.exe":                  "safegpj.exe",
		"\u2066a\u2069\u202a\u202b\u202c":    "a",
		"a\u200e\u200f\u061cb":               "ab",
		"zero\u200bwidth\ufeff\u2060\u00adx": "zerowidthx",
		"filler\u3164\u115f\uffa0\u2800x":    "fillerx",
		"a\u180e\u034fb":                     "ab",
		"\u200da\u200d":                      "a",
		"a\u200d\u200db":                     "a\u200db",
		"bad\xffbytes":                       "badbytes",
		"no\u00a0break":                      "no\u00a0break",
		"hidden\U000E0041\U000E0042":         "hidden",
		"a\ufe0f\ufe0f":                      "a\ufe0f",
		// What is written so stays so.
		"👩\u200d💻 hires": "👩\u200d💻 hires",
		"❤\ufe0f\u200d🔥": "❤\ufe0f\u200d🔥",
		"1\ufe0f\u20e3":  "1\ufe0f\u20e3",
		"می\u200cخواهم":  "می\u200cخواهم",
		"क्\u200dष":      "क्\u200dष",
		"שלום עולם":      "שלום עולם",
		"مرحبا ١٢٣":      "مرحبا ١٢٣",
		"\u0600١٢":       "\u0600١٢",
		"🏴\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F win": "🏴\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F win",
		"e\u0301":     "e\u0301",
		"葛\U000E0100": "葛\U000E0100",
	} {
		if got := okr.Visible(in); got != want {
			t.Errorf("%+q is %+q, want %+q", in, got, want)
		}
		if again := okr.Visible(okr.Visible(in)); again != okr.Visible(in) {
			t.Errorf("%+q twice is %+q", in, again)
		}
	}
	for _, blank := range []string{"", " ", "\t\n", "\u00a0\u2003", "\u200b\u200d\ufeff", "\u3164\u2800", "\u202e\u202c", "\x00\x01", "\ufe0f"} {
		if !okr.Blank(blank) {
			t.Errorf("%+q shows something", blank)
		}
	}
	for _, shown := range []string{"a", " ١", "長", "🏁", "-"} {
		if okr.Blank(shown) {
			t.Errorf("%+q shows nothing", shown)
		}
	}
}

func FuzzVisible(f *testing.F) {
	f.Add("a\u202eb\u200d💻\ufe0f")
	f.Fuzz(func(t *testing.T, in string) {
		once := okr.Visible(in)
		if okr.Visible(once) != once {
			t.Errorf("%+q is %+q, and then %+q", in, once, okr.Visible(once))
		}
	})
}
