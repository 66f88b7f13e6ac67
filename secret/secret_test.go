package secret

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const canary = "canary-9f31c7"

func TestASecretDoesNotPrint(t *testing.T) {
	type holder struct {
		Name   string
		Secret String
		own    String
		deep   *String
	}
	s := New(canary)
	h := holder{"x", s, s, &s}
	var said []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p", "% x", "%10.3s",
		"%t", "%b", "%c", "%o", "%O", "%U", "%#U", "%e", "%E", "%f", "%F", "%g", "%G", "%w", "%z", "%#x", "%#q", "%-20v", "%020d", "%*v", "%[2]v"} {
		for _, value := range []any{s, &s, h, &h, []String{s}, map[string]String{"a": s}, map[String]int{s: 1}, fmt.Errorf("with %v", s), errors.Join(fmt.Errorf("%s", s))} {
			said = append(said, fmt.Sprintf(verb, value))
		}
	}
	for _, verb := range strings.Fields("%v %+v %#v %s %q %x %X %d %t %b %c %o %U %e %f %g %10.3s") {
		if got := fmt.Sprintf(verb, s); got != redacted {
			t.Errorf("%s prints %q", verb, got)
		}
	}
	said = append(said, fmt.Sprint(s, h), fmt.Sprintln(&s), s.String(), s.GoString())
	for _, value := range []any{s, h, &h, []String{s}, map[string]String{"a": s}, map[String]int{s: 1}} {
		raw, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		said = append(said, string(raw))
	}
	var log strings.Builder
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("x", "secret", s, "pointer", &s, "holder", h, slog.Group("g", "s", s))
	}
	for _, text := range append(said, log.String()) {
		if strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) || strings.Contains(text, fmt.Sprintf("%X", canary)) {
			t.Errorf("a secret printed: %s", text)
		}
	}
	if s.Reveal() != canary {
		t.Error("the secret is lost")
	}
}

// A panic prints its value, and with GOTRACEBACK=all every goroutine's arguments.
func TestAPanicDoesNotPrintASecret(t *testing.T) {
	if os.Getenv("SECRET_PANIC") != "" {
		panic(struct{ S String }{New(os.Getenv("SECRET_PANIC"))})
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestAPanicDoesNotPrintASecret$")
	cmd.Env = append(os.Environ(), "SECRET_PANIC="+canary, "GOTRACEBACK=all")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "panic") {
		t.Fatalf("it did not panic: %v %s", err, out)
	}
	if strings.Contains(string(out), canary) {
		t.Errorf("the panic printed it: %s", out)
	}
}

func TestASealedSecretOpensInItsPlaceAlone(t *testing.T) {
	keys := fresh(t)
	var places []Place
	for id := range int64(5) {
		for _, workspace := range []string{"T1", `T1"|1`, ""} {
			for _, kind := range []string{"connection/servicenow", "installation"} {
				places = append(places, Place{workspace, id, kind, 1}, Place{workspace, id, kind, 2})
			}
		}
	}
	sealed := make([][]byte, len(places))
	for i, place := range places {
		raw, err := keys.Seal(New(canary), place)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), canary) {
			t.Fatal("sealed in plain sight")
		}
		if KeyID(raw) != keys.PrimaryID() {
			t.Errorf("sealed by key %d, not by %d", KeyID(raw), keys.PrimaryID())
		}
		sealed[i] = raw
	}
	for i := range sealed {
		for j, place := range places {
			got, err := keys.Open(sealed[i], place)
			if opened := err == nil; opened != (i == j) || opened && got.Reveal() != canary {
				t.Fatalf("what was sealed for %+v opens at %+v: %v", places[i], place, err)
			}
		}
	}
}

func TestAChangedSecretStaysShut(t *testing.T) {
	keys := fresh(t)
	place := Place{"T1", 1, "connection/servicenow", 1}
	sealed, err := keys.Seal(New(canary), place)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		for bit := range 8 {
			changed := []byte(string(sealed))
			changed[i] ^= 1 << bit
			if _, err := keys.Open(changed, place); err == nil {
				t.Fatalf("byte %d may be changed", i)
			}
		}
		if _, err := keys.Open(sealed[:i], place); err == nil {
			t.Fatalf("%d bytes are enough", i)
		}
	}
	if _, err := keys.Open(append(sealed, 0), place); err == nil {
		t.Error("a byte more is taken")
	}
	if _, err := fresh(t).Open(sealed, place); err == nil {
		t.Error("another key opens it")
	} else if strings.Contains(err.Error(), canary) {
		t.Error("the error says it")
	}
}

func TestANewKeySealsAndOldOnesStillOpen(t *testing.T) {
	old := fresh(t)
	place := Place{"T1", 1, "connection/servicenow", 1}
	sealed, err := old.Seal(New(canary), place)
	if err != nil {
		t.Fatal(err)
	}
	written, err := old.Add()
	if err != nil {
		t.Fatal(err)
	}
	both, err := Parse(written)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := both.Open(sealed, place); err != nil || got.Reveal() != canary {
		t.Errorf("what the old key sealed: %v", err)
	}
	renewed, err := both.Seal(New(canary), place)
	if err != nil {
		t.Fatal(err)
	}
	if KeyID(renewed) == KeyID(sealed) || KeyID(renewed) != both.PrimaryID() {
		t.Error("the new key does not seal")
	}
	if _, err := old.Open(renewed, place); err == nil {
		t.Error("the old key opens what the new one sealed")
	}
	// Turned again and again, the first secret still opens, and each key is another.
	seen := map[uint32]bool{old.PrimaryID(): true, both.PrimaryID(): true}
	for range 3 {
		if written, err = both.Add(); err != nil {
			t.Fatal(err)
		}
		if both, err = Parse(written); err != nil {
			t.Fatal(err)
		}
		if seen[both.PrimaryID()] {
			t.Error("a key's id comes again")
		}
		seen[both.PrimaryID()] = true
		for _, raw := range [][]byte{sealed, renewed} {
			if got, err := both.Open(raw, place); err != nil || got.Reveal() != canary {
				t.Errorf("what an older key sealed: %v", err)
			}
		}
	}
}

func TestWhatIsNoKeysetIsRefusedUnquoted(t *testing.T) {
	for _, written := range []string{"", " ", canary, "e30=", "bm90IGpzb24=", strings.Repeat("A", 1<<16), "{\"primaryKeyId\":1}"} {
		_, err := Parse(New(written))
		if err == nil {
			t.Errorf("%.20q is taken", written)
			continue
		}
		if strings.TrimSpace(written) != "" && strings.Contains(err.Error(), written) {
			t.Errorf("the error quotes it: %v", err)
		}
	}
}

func fresh(t *testing.T) *Keyset {
	t.Helper()
	written, err := NewKeyset()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := Parse(written)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestWhatIsTooShortNamesNoKey(t *testing.T) {
	for n := range prefix {
		if id := KeyID(make([]byte, n)); id != 0 {
			t.Errorf("%d bytes name key %d", n, id)
		}
	}
	if !New("").Empty() || !(String{}).Empty() || New(canary).Empty() || (String{}).Reveal() != "" {
		t.Error("what is empty is not told from what is not")
	}
}
