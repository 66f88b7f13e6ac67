// Package integrationtest is the connector contract, executable: a connector that passes Run can
// be given to the bot.
package integrationtest

import (
	"slices"
	"strings"
	"testing"

	"okrbot/integrations"
)

// Fixture is a connector with a system to talk to, best a simulator over HTTP, and what is known
// about that system. The contract is tried on it; what is left out is not tried and says so.
type Fixture struct {
	Connector integrations.Connector
	// Account signs in and sees every scorecard of Refs and no other. Give it a sign-in with a
	// secret field: that no secret prints is part of the contract.
	Account integrations.Account
	// Refused is an account that the system refuses.
	Refused integrations.Account

	// Addresses are what people type, and the origin that comes of it.
	Addresses map[string]string
	// NoAddresses are refused with a sentence.
	NoAddresses []string

	// Whole is true where one call answers with all there is, such as a document: then a listing is
	// one page, a Read is one call, and only NotFound, NoData and Misread befall one scorecard alone.
	Whole bool
	// Stages are the names of a check's stages, in their order. The third is the sign-in.
	Stages []string
	// Refs are all scorecards, more than one page of them unless Whole. The first has scores of
	// several days.
	Refs []string
	// Words find the first of Refs, and not all.
	Words string
	// Missing is well formed and names nothing.
	Missing string

	// Break makes every call, or those for one scorecard where ref is not empty, fail by one
	// class; and fixes it again.
	Break func(t *testing.T, class integrations.Class, ref string) (fix func())
	// Classes are the classes that Break can bring about.
	Classes []integrations.Class
	// Hang lets every call wait until its context ends; and fixes it again.
	Hang func(t *testing.T) (fix func())
	// Calls is how many calls the system has answered so far.
	Calls func() int
}

// Run tries the contract on a connector.
func Run(t *testing.T, f Fixture) {
	if f.Connector == nil || len(f.Refs) < 3 || len(f.Stages) < 3 {
		t.Fatal("a fixture has a connector, its stages and at least three scorecards")
	}
	t.Run("SaysWhatItAsksFor", f.forms)
	t.Run("Addresses", f.addresses)
	t.Run("Check", f.check)
	t.Run("Search", f.search)
	t.Run("Describe", f.describe)
	t.Run("Read", f.read)
	t.Run("Failures", f.failures)
	t.Run("ARefusedSignInIsAskedSeldom", f.refused)
	t.Run("EndsWithItsContext", f.ends)
	t.Run("ManyAtOnce", f.together)
}

// forms: every field has a name of its own, a label and a length, and every way to sign in says
// what must have been prepared.
func (f Fixture) forms(t *testing.T) {
	if f.Connector.Kind() == "" || f.Connector.Kind() != strings.ToLower(f.Connector.Kind()) {
		t.Errorf("the kind is %q; it is stored and wants small letters", f.Connector.Kind())
	}
	if f.Connector.Name() == "" {
		t.Error("it has no name for people")
	}
	field := func(where string, field integrations.Field) {
		if field.Name == "" || field.Label == "" || field.MaxLength <= 0 || field.MaxLength > 3000 { // Slack's most
			t.Errorf("%s: %+v lacks a name, a label or a length that Slack takes", where, field)
		}
	}
	address := f.Connector.AddressField()
	field("the address", address)
	if address.Secret || address.Hint == "" && address.Placeholder == "" {
		t.Error("the address's field must show the format")
	}
	kinds := map[string]bool{}
	for _, s := range f.Connector.SignIns() {
		if s.Kind == "" || s.Label == "" || s.Guide == "" || kinds[s.Kind] {
			t.Errorf("sign-in %q lacks a kind of its own, a label or a guide", s.Kind)
		}
		kinds[s.Kind] = true
		names := map[string]bool{address.Name: true}
		for _, one := range s.Fields {
			field(s.Kind, one)
			if names[one.Name] {
				t.Errorf("%s: two fields are called %s", s.Kind, one.Name)
			}
			names[one.Name] = true
		}
	}
	if !kinds[f.Account.SignIn] {
		t.Errorf("the account signs in by %q, which is not offered", f.Account.SignIn)
	}
}

// addresses: what a person types becomes one origin, which is taken as it is the next time; what
// does not is answered with a sentence.
func (f Fixture) addresses(t *testing.T) {
	for typed, want := range f.Addresses {
		got, err := f.Connector.Origin(typed)
		if err != nil || got != want {
			t.Errorf("%q: got %q, %v; want %q", typed, got, err, want)
			continue
		}
		if again, err := f.Connector.Origin(got); err != nil || again != got {
			t.Errorf("%q became %q, which becomes %q, %v", typed, got, again, err)
		}
	}
	for _, typed := range append([]string{"", " "}, f.NoAddresses...) {
		got, err := f.Connector.Origin(typed)
		if err == nil {
			t.Errorf("%q was taken for %q", typed, got)
			continue
		}
		f.sentence(t, err.Error())
	}
}

// sentence: what people read is short, ends, and holds no secret.
func (f Fixture) sentence(t *testing.T, s string) {
	t.Helper()
	const longest = 300 // characters; a Slack field's error stays readable
	if n := len([]rune(s)); n == 0 || n > longest || !strings.HasSuffix(s, ".") {
		t.Errorf("%q is no sentence of at most %d characters", s, longest)
	}
	f.silent(t, s)
}

// silent: a text holds no secret of either account.
func (f Fixture) silent(t *testing.T, s string) {
	t.Helper()
	for _, secret := range f.secrets() {
		if strings.Contains(s, secret) {
			t.Errorf("a secret is in %q", strings.ReplaceAll(s, secret, "…"))
		}
	}
}

func (f Fixture) secrets() []string {
	var list []string
	for _, account := range []integrations.Account{f.Account, f.Refused} {
		for _, s := range f.Connector.SignIns() {
			for _, field := range s.Fields {
				if secret := account.Fields[field.Name]; s.Kind == account.SignIn && field.Secret && secret != "" {
					list = append(list, secret)
				}
			}
		}
	}
	return slices.Compact(list)
}
