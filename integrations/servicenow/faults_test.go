package servicenow_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"okrbot/integrations"
	"okrbot/integrations/servicenow"
	"okrbot/sandbox/seed"
	sandbox "okrbot/sandbox/servicenow"
)

var openIncidents = seed.ID("Number of open incidents")

// impatient is a client that has not asked yet: one is held to 200 calls a second.
func impatient(account integrations.Account) *servicenow.Client {
	return servicenow.New(servicenow.Options{ExtraOrigins: []string{account.Origin}})
}

// reads reads one scorecard since ten days ago.
func reads(client *servicenow.Client, account integrations.Account) (integrations.Scorecard, *integrations.Error) {
	from := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -10)
	got := client.Read(context.Background(), account, []integrations.Request{{Ref: openIncidents, From: from}})[0]
	var e *integrations.Error
	errors.As(got.Err, &e)
	return got.Scorecard, e
}

func TestWhereverItIsCutNothingIsTaken(t *testing.T) {
	t.Parallel()
	i, client, account := instance(t)
	for cut := 1; ; cut++ {
		if cut%150 == 0 {
			client = impatient(account)
		}
		fix := i.Break(sandbox.Fault{Kind: sandbox.Truncated, Cut: cut})
		s, problem := reads(client, account)
		fix()
		if problem == nil {
			if cut < 2000 {
				t.Errorf("an answer of %d bytes was taken", cut)
			}
			return
		}
		if problem.Cause != "truncated" || s.Value.Valid || len(s.Scores) > 0 {
			t.Fatalf("cut after %d bytes: %v, %v", cut, problem, s.Value)
		}
	}
}

func TestPagesInPlaceOfData(t *testing.T) {
	for name, c := range map[string]struct {
		fault sandbox.Fault
		cause string
	}{
		"Login":   {sandbox.Fault{Kind: sandbox.LoginPage}, "login_page"},
		"Proxy":   {sandbox.Fault{Kind: sandbox.ProxyPage}, "not_json"},
		"Blocked": {sandbox.Fault{Kind: sandbox.Blocked}, "blocked"},
		"Moved":   {sandbox.Fault{Kind: sandbox.RedirectAway, Location: "https://acme-new.service-now.com/"}, "redirect"},
		"SSO":     {sandbox.Fault{Kind: sandbox.RedirectAway, Location: "https://login.example.com/saml"}, "redirect"},
		"Sleeps":  {sandbox.Fault{Kind: sandbox.RedirectAway, Location: "https://developer.servicenow.com/dev.do#!/home?wu=true"}, "asleep"},
	} {
		t.Run(name, func(t *testing.T) {
			i, client, account := instance(t)
			i.Break(c.fault)
			if _, problem := reads(client, account); problem == nil || problem.Cause != c.cause {
				t.Errorf("got %v, want %s", problem, c.cause)
			}
		})
	}
}

func TestNoValueIsNoValue(t *testing.T) {
	for _, kind := range []sandbox.Kind{sandbox.NullValue, sandbox.NoValue, sandbox.EmptyValue} {
		i, client, account := instance(t)
		i.Break(sandbox.Fault{Kind: kind})
		if s, problem := reads(client, account); problem != nil || s.Value.Valid || len(s.Scores) > 0 {
			t.Errorf("%s: %v, %v with %d scores", kind, problem, s.Value, len(s.Scores))
		}
	}
}

func TestAScorecardThatIsGoneOrHidden(t *testing.T) {
	i, client, account := instance(t)
	var causes []string
	note := func() {
		_, problem := reads(client, account)
		if problem == nil {
			t.Fatal("something was read")
		}
		causes = append(causes, problem.Cause)
	}
	_ = i.Change(openIncidents, func(s *sandbox.Scorecard) { s.Roles = []string{"somebody.else"} })
	note()
	_ = i.Change(openIncidents, func(s *sandbox.Scorecard) { s.Roles = nil })
	for _, kind := range []sandbox.Kind{sandbox.AllNull, sandbox.NotThere} {
		fix := i.Break(sandbox.Fault{Kind: kind})
		note()
		fix()
	}
	i.Remove(openIncidents)
	note()
	for _, cause := range causes {
		if cause != "not_visible" {
			t.Errorf("got %v", causes)
		}
	}
}

func TestScoresInAnyOrder(t *testing.T) {
	i, client, account := instance(t)
	right, problem := reads(client, account)
	if problem != nil {
		t.Fatal(problem)
	}
	for range 20 {
		fix := i.Break(sandbox.Fault{Kind: sandbox.Shuffled})
		got, problem := reads(client, account)
		fix()
		if problem != nil || len(got.Scores) != len(right.Scores) {
			t.Fatalf("%v, %d scores", problem, len(got.Scores))
		}
		for n := range got.Scores {
			if !got.Scores[n].End.Equal(right.Scores[n].End) || !got.Scores[n].Value.Equal(right.Scores[n].Value) {
				t.Fatalf("score %d is %v", n, got.Scores[n])
			}
		}
	}
	i.Break(sandbox.Fault{Kind: sandbox.TwoOfADay})
	if _, problem := reads(client, account); problem == nil || problem.Cause != "inconsistent" {
		t.Errorf("two scores of a day: %v", problem)
	}
}

func TestADripEndsWithItsContext(t *testing.T) {
	i, client, account := instance(t)
	i.Break(sandbox.Fault{Kind: sandbox.Drip})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	got := client.Read(ctx, account, []integrations.Request{{Ref: openIncidents}})[0]
	if !errors.Is(got.Err, context.DeadlineExceeded) || got.Scorecard.Value.Valid {
		t.Errorf("got %v", got.Err)
	}
}

func TestHowLongToWait(t *testing.T) {
	in := func(d time.Duration) string { return strconv.FormatInt(time.Now().Add(d).Unix(), 10) }
	for name, c := range map[string]struct {
		header http.Header
		want   time.Duration
	}{
		"NotSaid":    {http.Header{}, 0},
		"Seconds":    {http.Header{"Retry-After": {"3000"}}, 50 * time.Minute},
		"Date":       {http.Header{"Retry-After": {time.Now().Add(2 * time.Hour).UTC().Format(http.TimeFormat)}}, 2 * time.Hour},
		"Reset":      {http.Header{"X-Ratelimit-Reset": {in(3 * time.Hour)}}, 3 * time.Hour},
		"Both":       {http.Header{"Retry-After": {"60"}, "X-Ratelimit-Reset": {in(time.Hour)}}, time.Minute},
		"Nonsense":   {http.Header{"Retry-After": {"soon"}, "X-Ratelimit-Reset": {"later"}}, 0},
		"OnlyReset":  {http.Header{"Retry-After": {"soon"}, "X-Ratelimit-Reset": {in(time.Hour)}}, time.Hour},
		"Past":       {http.Header{"X-Ratelimit-Reset": {in(-time.Hour)}}, 0},
		"Absurd":     {http.Header{"Retry-After": {"99999999999999999999"}}, 24 * time.Hour},
		"Negative":   {http.Header{"Retry-After": {"-5"}}, 0},
		"FarInMilli": {http.Header{"X-Ratelimit-Reset": {in(time.Hour) + "000"}}, 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			i, client, account := instance(t)
			i.Break(sandbox.Fault{Kind: sandbox.RateLimit, Header: c.header})
			_, problem := reads(client, account)
			if problem == nil || problem.Class != integrations.RateLimited || problem.After > c.want || problem.After < c.want-5*time.Second {
				t.Errorf("got %+v, want %v", problem, c.want)
			}
		})
	}
}

// A value that somebody formatted for people is refused, or is the number that it shows: in no
// language is it another one.
func TestNoLanguagesNumbersAreMisread(t *testing.T) {
	i, _, account := instance(t)
	languages := []string{
		"af", "am", "ar", "ar-EG", "az", "be", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "de-AT", "de-CH", "de-LI", "el", "en", "en-GB", "en-IN", "en-ZA", "es", "es-419", "es-MX", "et", "eu", "fa", "fi", "fil",
		"fr", "fr-CA", "fr-CH", "ga", "gl", "gu", "he", "hi", "hr", "hu", "hy", "id", "is", "it", "it-CH", "ja", "ka", "kk", "km", "kn", "ko", "lt", "lv", "mk", "ml", "mn", "mr", "ms", "my", "nb", "ne", "nl", "pa", "pl",
		"pt", "pt-PT", "ro", "ru", "si", "sk", "sl", "sq", "sr", "sv", "sw", "ta", "te", "th", "tr", "uk", "ur", "uz", "vi", "zh", "zh-TW", "zu",
	}
	if len(languages) < 60 {
		t.Fatalf("%d languages", len(languages))
	}
	taken := 0
	for _, name := range languages {
		client := impatient(account)
		p := message.NewPrinter(language.MustParse(name))
		for _, v := range []float64{0.5, 5, 12.5, 12.345, 999, 1000, 1234, 1234.5, 12345.678, 1234567, 1234567.891, -0.5, -1234, -1234.5} {
			text := p.Sprint(v)
			raw, err := json.Marshal(text)
			if err != nil {
				t.Fatal(err)
			}
			fix := i.Break(sandbox.Fault{Kind: sandbox.Raw, Text: string(raw)})
			s, problem := reads(client, account)
			fix()
			switch {
			case problem != nil && problem.Class != integrations.Misread:
				t.Fatalf("%s: %q: %v", name, text, problem)
			case problem == nil && !s.Value.Valid:
				t.Errorf("%s: %q is no value", name, text)
			case problem == nil && s.Value.Decimal.InexactFloat64() != v:
				t.Errorf("%s: %q, which is %v, was taken for %s", name, text, v, s.Value.Decimal)
			case problem == nil:
				taken++
			}
		}
	}
	if taken == 0 {
		t.Error("nothing was taken")
	}
}
