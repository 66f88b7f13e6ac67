package servicenow_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"okrbot/integrations"
	"okrbot/integrations/servicenow"
	"okrbot/sandbox/seed"
	sandbox "okrbot/sandbox/servicenow"
)

// instance is a seeded local ServiceNow and an account that may read it.
func instance(t *testing.T) (*sandbox.Instance, *servicenow.Client, integrations.Account) {
	t.Helper()
	i := sandbox.New(sandbox.Options{})
	seed.ServiceNow(i, time.Now().UTC())
	server := httptest.NewServer(i)
	t.Cleanup(server.Close)
	client := servicenow.New(servicenow.Options{ExtraOrigins: []string{server.URL}})
	return i, client, integrations.Account{
		Origin: server.URL, SignIn: "basic", Fields: integrations.Fields{"username": seed.User, "password": seed.Password},
	}
}

func TestEachFaultHasItsTypedError(t *testing.T) {
	ref := seed.ID("Number of open incidents")
	for kind, want := range map[sandbox.Kind]integrations.Error{
		sandbox.Hibernating:      {Class: integrations.Unavailable, Cause: "asleep"},
		sandbox.Offline:          {Class: integrations.Unavailable, Cause: "offline"},
		sandbox.RedirectToLogin:  {Class: integrations.Unavailable, Cause: "redirect"},
		sandbox.WrongPassword:    {Class: integrations.Unauthorized, Cause: "wrong_password"},
		sandbox.MFA:              {Class: integrations.Unauthorized, Cause: "mfa"},
		sandbox.RoleMissing:      {Class: integrations.Forbidden, Cause: "scorecard_role"},
		sandbox.ScopeMissing:     {Class: integrations.Forbidden, Cause: "scope"},
		sandbox.NoResource:       {Class: integrations.Unavailable, Cause: "no_endpoint"},
		sandbox.NotThere:         {Class: integrations.NotFound, Cause: "not_visible"},
		sandbox.BadGateway:       {Class: integrations.Unavailable, Cause: "server_error"},
		sandbox.ServiceDown:      {Class: integrations.Unavailable, Cause: "server_error"},
		sandbox.ServerError:      {Class: integrations.Unavailable, Cause: "server_error"},
		sandbox.ErrorWith200:     {Class: integrations.Unavailable, Cause: "error_envelope"},
		sandbox.Cancelled:        {Class: integrations.Unavailable, Cause: "cancelled"},
		sandbox.Reset:            {Class: integrations.Unavailable, Cause: "unreachable"},
		sandbox.AnotherIndicator: {Class: integrations.Misread, Cause: "foreign_result"},
		sandbox.LocalText:        {Class: integrations.Misread, Cause: "localized_number"},
		sandbox.Differing:        {Class: integrations.Misread, Cause: "inconsistent"},
		sandbox.Truncated:        {Class: integrations.Unavailable, Cause: "truncated"},
		sandbox.Oversized:        {Class: integrations.Misread, Cause: "too_large"},
		sandbox.GzipBomb:         {Class: integrations.Misread, Cause: "too_large"},
		sandbox.WrongGzip:        {Class: integrations.Misread, Cause: "bad_gzip"},
		sandbox.TrailingBytes:    {Class: integrations.Misread, Cause: "malformed"},
		sandbox.DuplicateKeys:    {Class: integrations.Misread, Cause: "malformed"},
		sandbox.ByteOrderMark:    {Class: integrations.Misread, Cause: "malformed"},
	} {
		t.Run(string(kind), func(t *testing.T) {
			i, client, account := instance(t)
			i.Break(sandbox.Fault{Kind: kind})
			got := client.Read(context.Background(), account, []integrations.Request{{Ref: ref}})
			var e *integrations.Error
			if !errors.As(got[0].Err, &e) || e.Class != want.Class || e.Cause != want.Cause {
				t.Fatalf("got %v, want %s (%s)", got[0].Err, want.Class, want.Cause)
			}
			if e.Says == "" || e.Next == "" {
				t.Errorf("the sentence is %q", e.Sentence())
			}
			if len(got[0].Scorecard.Scores) > 0 || got[0].Scorecard.Value.Valid {
				t.Error("a part of a bad answer was taken")
			}
		})
	}
}

func TestHarmlessOdditiesAreTaken(t *testing.T) {
	ref := seed.ID("Number of open incidents")
	for _, kind := range []sandbox.Kind{sandbox.NoUnit, sandbox.PlainUnit, sandbox.Localized, sandbox.OldestFirst} {
		t.Run(string(kind), func(t *testing.T) {
			i, client, account := instance(t)
			card, _ := i.Named("Number of open incidents")
			i.Break(sandbox.Fault{Kind: kind})
			got := client.Read(context.Background(), account, []integrations.Request{{Ref: ref}})[0]
			if got.Err != nil {
				t.Fatal(got.Err)
			}
			last := card.Scores[len(card.Scores)-1]
			if asOf, _ := got.Scorecard.AsOf(); !asOf.Equal(last.Day) || got.Scorecard.Value.Decimal.InexactFloat64() != last.Value {
				t.Errorf("got %v of %v, want %v of %v", got.Scorecard.Value.Decimal, asOf, last.Value, last.Day)
			}
			if got.Scorecard.Frequency != "daily" {
				t.Errorf("frequency is %q", got.Scorecard.Frequency)
			}
		})
	}
}

func TestManyAreReadAtOnce(t *testing.T) {
	i, client, account := instance(t)
	incidents, mttr := seed.ID("Number of open incidents"), seed.ID("Average time to resolve an incident")
	unknown := strings.Repeat("0", 32)
	week := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -7)
	got := client.Read(context.Background(), account, []integrations.Request{
		{Ref: incidents, From: week}, {Ref: unknown}, {Ref: mttr, From: week}, {Ref: incidents, From: week.AddDate(0, 0, -30)}, {Ref: "javascript:"},
	})
	var missing *integrations.Error
	if got[0].Err != nil || got[2].Err != nil || got[3].Err != nil || !errors.As(got[1].Err, &missing) || missing.Class != integrations.NotFound || !errors.As(got[4].Err, &missing) {
		t.Fatalf("got %v", got)
	}
	if n, m := len(got[0].Scorecard.Scores), len(got[3].Scorecard.Scores); n != 7 || m != 37 {
		t.Errorf("got %d and %d scores, want 7 and 37", n, m)
	}
	if n := len(i.Calls()); n != 2 {
		t.Errorf("%d calls, want 2: one scorecard alone, and then the others together", n)
	}
	for _, call := range i.Calls() {
		if call.Followed {
			t.Error("a cookie was kept")
		}
	}
}

func TestARefusedSignInIsAskedOnce(t *testing.T) {
	i, client, account := instance(t)
	i.Break(sandbox.Fault{Kind: sandbox.WrongPassword})
	var requests []integrations.Request
	for _, s := range i.Scorecards() {
		requests = append(requests, integrations.Request{Ref: s.ID})
	}
	for _, r := range client.Read(context.Background(), account, requests) {
		if r.Err == nil {
			t.Error("read without a sign-in")
		}
	}
	if n := len(i.Calls()); n != 1 {
		t.Errorf("%d calls with a refused sign-in, want 1", n)
	}
}

func TestTheCheckGoesInStages(t *testing.T) {
	names := func(stages []integrations.Stage) string {
		var s []string
		for _, stage := range stages {
			name := stage.Name
			if stage.Err != nil {
				name += "!" + stage.Err.Cause
			}
			s = append(s, name)
		}
		return strings.Join(s, " ")
	}
	for name, row := range map[string]struct {
		fault sandbox.Kind
		want  string
	}{
		"Works":     {"", "Address TLS Sign-in Role One score"},
		"Password":  {sandbox.WrongPassword, "Address TLS Sign-in!wrong_password"},
		"Role":      {sandbox.RoleMissing, "Address TLS Sign-in Role!role"},
		"Asleep":    {sandbox.Hibernating, "Address TLS Sign-in!asleep"},
		"RateLimit": {sandbox.RateLimit, "Address TLS Sign-in!rate_limit"},
	} {
		t.Run(name, func(t *testing.T) {
			i, client, account := instance(t)
			if row.fault != "" {
				i.Break(sandbox.Fault{Kind: row.fault})
			}
			if got := names(client.Check(context.Background(), account)); got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
		})
	}
	t.Run("NobodyThere", func(t *testing.T) {
		client := servicenow.New(servicenow.Options{ExtraOrigins: []string{"http://127.0.0.1:1"}})
		got := client.Check(context.Background(), integrations.Account{Origin: "http://127.0.0.1:1", SignIn: "basic"})
		if names(got) != "Address!unreachable" {
			t.Errorf("got %s", names(got))
		}
	})
}

func TestTheListingEnds(t *testing.T) {
	_, client, account := instance(t)
	page, err := client.Search(context.Background(), account, "", 1)
	if err != nil || page.More || len(page.Scorecards) < 58 {
		t.Fatalf("got %d scorecards, more %v, %v", len(page.Scorecards), page.More, err)
	}
	found, err := client.Search(context.Background(), account, "open incidents", 1)
	if err != nil || len(found.Scorecards) != 3 {
		t.Errorf("got %v, %v", found.Scorecards, err)
	}
}

func TestAddresses(t *testing.T) {
	client := servicenow.New(servicenow.Options{ExtraOrigins: []string{"http://127.0.0.1:9000", "https://now.acme.example"}})
	for typed, want := range map[string]string{
		"acme": "https://acme.service-now.com", " Dev12345 ": "https://dev12345.service-now.com",
		"acme.service-now.com": "https://acme.service-now.com", "https://ACME.service-now.com/nav_to.do?uri=x": "https://acme.service-now.com",
		"<https://acme.service-now.com|acme.service-now.com>": "https://acme.service-now.com",
		"agency.servicenowservices.com":                       "https://agency.servicenowservices.com",
		"127.0.0.1:9000":                                      "http://127.0.0.1:9000", "http://127.0.0.1:9000/": "http://127.0.0.1:9000", "now.acme.example": "https://now.acme.example",
	} {
		if got, err := client.Origin(typed); err != nil || got != want {
			t.Errorf("%q: got %q, %v; want %q", typed, got, err, want)
		}
	}
	for _, typed := range []string{
		"", "   ", "http://acme.service-now.com", "https://u:p@acme.service-now.com", "https://acme.service-now.com:443", "acme.service-now.com:8443",
		"x.service-now.com.evil.com", "https://acme.service-now.com:443@evil.com", "https://evil.com/.service-now.com", "a.b.service-now.com",
		"127.0.0.1", "0x7f.1", "2130706433x.evil", "[::1]", "https://[fe80::1%25eth0]", "169.254.169.254", "https://acme.service-now.com.", "acmé.service-now.com",
		"https:\\\\acme.service-now.com", "acme.service-now.com\r\nHost: evil", "file:///etc/passwd", "javascript:alert(1)", "ftp://acme.service-now.com",
		"http://127.0.0.1:9001", "http://127.0.0.1:9000@evil.com", strings.Repeat("a", 64), strings.Repeat("a", 5000), "-acme", "acme-", "https://", "//acme",
	} {
		if got, err := client.Origin(typed); err == nil {
			t.Errorf("%q was taken for %q", typed, got)
		} else if err.Error() == "" || !strings.HasSuffix(strings.TrimSpace(err.Error()), ".") {
			t.Errorf("%q gets the sentence %q", typed, err)
		}
	}
}

func TestInternalAddressesAreNotDialled(t *testing.T) {
	// The address is checked when it is dialled, whatever the name said: here an account whose
	// origin was once allowed and is no more.
	client := servicenow.New(servicenow.Options{})
	for _, origin := range []string{"http://127.0.0.1:9000", "https://127.0.0.1", "https://[::1]", "https://169.254.169.254"} {
		got := client.Read(context.Background(), integrations.Account{Origin: origin, SignIn: "basic"}, []integrations.Request{{Ref: strings.Repeat("0", 32)}})
		var e *integrations.Error
		if !errors.As(got[0].Err, &e) || e.Cause != "address_not_allowed" {
			t.Errorf("%s: %v", origin, got[0].Err)
		}
	}
}
