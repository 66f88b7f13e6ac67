package okr

import (
	"slices"
	"testing"
)

// Whatever of a title people type, in whichever case, is a part of it.
func TestNamesFoldAlike(t *testing.T) {
	for _, row := range [][]string{
		{"Übergaben ohne Fehler", "übergaben OHNE fehler", "U\u0308bergaben  ohne Fehler"},
		{"Große Straße", "GROSSE STRASSE", "grosse straße", "GROẞE STRAẞE"},
		{"Ο δρόμος του λόγος", "Ο ΔΡΌΜΟΣ ΤΟΥ ΛΌΓΟΣ", "ο δρόμοσ του λόγοσ"},
		{"Ясность и Ёлка", "ЯСНОСТЬ И ЁЛКА", "ясность и е\u0308лка"},
		{"İstanbul IŞIK", "istanbul ışık", "ISTANBUL işik", "i\u0307stanbul IŞIK", "I\u0307stanbul ışık"},
		{"“Calm” desk – it’s ours", "\"calm\" desk - it's ours", "«Calm» desk — it‘s ours", "„CALM“ desk ‑ itʼs ours"},
		{"ＫＲ７ ２４／７", "kr7 24/7", "KR7\u200b 24/7"},
		{"Uptime ٩٩", "uptime 99"},
		{"Plain words", "  PLAIN \t words\u00a0"},
	} {
		for _, typed := range row {
			if Fold(typed) != Fold(row[0]) {
				t.Errorf("%q is %q, and %q is %q", row[0], Fold(row[0]), typed, Fold(typed))
			}
			if once := Fold(typed); Fold(once) != once {
				t.Errorf("%q is %q, and that %q", typed, once, Fold(once))
			}
		}
	}
	if Fold("Köln") == Fold("Koln") {
		t.Error("an accent is left out")
	}
}

func TestAccentsStandBesideTheirLetters(t *testing.T) {
	want := []string{"Aal", "Äpfel", "Azur", "élan", "Empire", "Öl", "Zebra", "Άλφα", "Βήτα", "Ёлка", "Иней", "Йога", "Яма", "日本"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortStableFunc(got, func(a, b string) int {
		if SortKey(a) < SortKey(b) {
			return -1
		}
		return 1
	})
	if !slices.Equal(got, want) {
		t.Errorf("the order is %q", got)
	}
	if SortKey("한글") != Fold("한글") || SortKey("हिन्दी") != Fold("हिन्दी") {
		t.Error("what is no accent is left out")
	}
}
