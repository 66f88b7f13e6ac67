package httpjson_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"okrbot/integrations"
	"okrbot/integrations/httpjson"
	"okrbot/sandbox/document"
)

// read is one pointer of a document.
func read(t *testing.T, client *httpjson.Client, account integrations.Account, ref string) (integrations.Scorecard, string) {
	t.Helper()
	got := client.Read(t.Context(), account, []integrations.Request{{Ref: ref}})[0]
	var e *integrations.Error
	if errors.As(got.Err, &e) {
		if got.Scorecard.Value.Valid || len(got.Scorecard.Scores) > 0 {
			t.Error("a part of a bad answer was taken")
		}
		return got.Scorecard, e.Cause
	}
	if got.Err != nil {
		t.Fatal(got.Err)
	}
	return got.Scorecard, ""
}

// says is a client of a server that answers with these bytes and headers.
func says(t *testing.T, body string, headers ...string) (*httpjson.Client, integrations.Account) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return httpjson.New(httpjson.Options{Origins: []string{server.URL}}), integrations.Account{Origin: server.URL + "/", SignIn: "none"}
}

func TestEachFaultHasItsTypedError(t *testing.T) {
	for kind, want := range map[document.Kind]integrations.Error{
		document.Refused:       {Class: integrations.Unauthorized, Cause: "wrong_secret"},
		document.Forbidden:     {Class: integrations.Forbidden, Cause: "forbidden"},
		document.Gone:          {Class: integrations.NotFound, Cause: "no_document"},
		document.RateLimit:     {Class: integrations.RateLimited, Cause: "rate_limit"},
		document.ServerError:   {Class: integrations.Unavailable, Cause: "server_error"},
		document.ServiceDown:   {Class: integrations.Unavailable, Cause: "server_error"},
		document.Redirect:      {Class: integrations.Unavailable, Cause: "redirect"},
		document.LoginPage:     {Class: integrations.Unavailable, Cause: "login_page"},
		document.PlainText:     {Class: integrations.Unavailable, Cause: "not_json"},
		document.PageAsJSON:    {Class: integrations.Unavailable, Cause: "not_json"},
		document.Reset:         {Class: integrations.Unavailable, Cause: "unreachable"},
		document.Truncated:     {Class: integrations.Unavailable, Cause: "truncated"},
		document.Oversized:     {Class: integrations.Misread, Cause: "too_large"},
		document.GzipBomb:      {Class: integrations.Misread, Cause: "too_large"},
		document.WrongGzip:     {Class: integrations.Misread, Cause: "bad_gzip"},
		document.TrailingBytes: {Class: integrations.Misread, Cause: "malformed"},
		document.DuplicateKeys: {Class: integrations.Misread, Cause: "malformed"},
		document.ByteOrderMark: {Class: integrations.Misread, Cause: "malformed"},
		document.Latin1:        {Class: integrations.Misread, Cause: "malformed"},
	} {
		t.Run(string(kind), func(t *testing.T) {
			s, client, account := served(t, object{"failing": 3})
			s.Break(document.Fault{Kind: kind, After: 30, Location: "/login"})
			got := client.Read(t.Context(), account, []integrations.Request{{Ref: "/failing"}})
			var e *integrations.Error
			if !errors.As(got[0].Err, &e) || e.Class != want.Class || e.Cause != want.Cause {
				t.Fatalf("got %v, want %s (%s)", got[0].Err, want.Class, want.Cause)
			}
			if wait := e.After; wait != 0 && e.Class != integrations.RateLimited || wait == 0 && e.Class == integrations.RateLimited {
				t.Errorf("it waits %v", wait)
			}
			if n := len(s.Calls()); n != 1 && kind != document.Reset {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

// RFC 6901's own example, and what is no pointer.
func TestPointers(t *testing.T) {
	client, account := says(t, `{"foo":[10,11],"":1,"a/b":2,"c%d":3,"e^f":4,"g|h":5,"i\\j":6,"k\"l":7," ":8,"m~n":9,"~1":12,"0":{"1":13},"text":"14.5","none":null,"yes":true}`)
	for ref, want := range map[string]string{
		"/foo/0": "10", "/foo/1": "11", "/": "1", "/a~1b": "2", "/c%d": "3", "/e^f": "4", "/g|h": "5", `/i\j`: "6", `/k"l`: "7", "/ ": "8", "/m~0n": "9",
		"/~01": "12", "/0/1": "13", "/text": "14.5",
	} {
		if s, cause := read(t, client, account, ref); cause != "" || s.Value.Decimal.String() != want || s.Ref != ref {
			t.Errorf("%q: got %v, %s; want %s", ref, s.Value, cause, want)
		}
	}
	for _, ref := range []string{"", "foo", "/foo/2", "/foo/-", "/foo/00", "/foo/-1", "/foo/+1", "/foo/ 0", "/foo/0/", "/FOO/0", "/a/b", "/m~n", "/m~2n", "/~", "//", "#/foo/0", "/text/0", "/" + strings.Repeat("x", 1000), "/foo\x00", "/\xff"} {
		if s, cause := read(t, client, account, ref); cause != "nothing_there" {
			t.Errorf("%q: got %v, %s", ref, s.Value, cause)
		}
	}
	for ref, want := range map[string]string{"#": "not_a_number", "/foo": "not_a_series", "/0": "not_a_number", "/yes": "not_a_number"} {
		if _, cause := read(t, client, account, ref); cause != want {
			t.Errorf("%q: got %q, want %s", ref, cause, want)
		}
	}
	if s, cause := read(t, client, account, "/none"); cause != "" || s.Value.Valid {
		t.Errorf("null is no score yet; got %v, %s", s.Value, cause)
	}
}

func TestNumbersAreNotGuessed(t *testing.T) {
	for written, want := range map[string]string{
		"39": "39", "-0": "0", "1.50": "1.5", "1e2": "100", "-12.25": "-12.25", "0.123456789": "0.123456789", `"7"`: "7",
		"0.1234567891": "0.123456789", "71.42857142857143": "71.428571429", "1.2345678901E10": "12345678901", "1e400": "number_too_large", "1234567890123456789": "number_too_large", "1e18": "number_too_large", "1e-12": "number_too_small",
		`"1.234,5"`: "localized_number", `"39 %"`: "localized_number", `"0x1f"`: "not_a_number", `" 7"`: "localized_number", `"NaN"`: "nan",
		"NaN": "nan", "-Infinity": "infinite", "01": "malformed", "1.": "malformed", "+1": "malformed", "": "malformed",
	} {
		client, account := says(t, `{"n":`+written+`}`)
		s, cause := read(t, client, account, "/n")
		got := cause
		if s.Value.Valid {
			got = s.Value.Decimal.String()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", written, got, want)
		}
	}
}

func TestTheDayOfANumber(t *testing.T) {
	date := []string{"Date", "Tue, 24 Nov 2026 23:59:59 GMT"}
	modified := append([]string{"Last-Modified", "Sun, 22 Nov 2026 06:00:00 GMT"}, date...)
	for _, row := range []struct {
		body, ref string
		headers   []string
		want      string
	}{
		{`{"n":1}`, "/n", date, "2026-11-24"},
		{`{"n":1}`, "/n", modified, "2026-11-22"},
		{`{"n":1}`, "/n", []string{"Last-Modified", "yesterday", date[0], date[1]}, "2026-11-24"},
		{`{"date":"2026-11-20","n":1}`, "/n", modified, "2026-11-20"},
		{`{"date":"2026-11-20","of":{"n":1}}`, "/of/n", nil, "2026-11-20"},
		{`{"date":"2026-11-20","of":{"at":"2026-11-21T23:30:00-05:00","n":1}}`, "/of/n", nil, "2026-11-21"},
		{`{"date":"2026-11-20","of":[{"end_at":"2026-11-19 10:00:00","n":1}]}`, "/of/0/n", nil, "2026-11-19"},
		{`{"date":"soon","day":"2026-11-18","n":1}`, "/n", nil, "2026-11-18"},
		{`{"date":20261118,"n":1}`, "/n", date, "2026-11-24"},
		{`{"date":"2026-02-30","n":1}`, "/n", date, "2026-11-24"},
	} {
		client, account := says(t, row.body, row.headers...)
		s, cause := read(t, client, account, row.ref)
		if asOf, _ := s.AsOf(); cause != "" || asOf.Format(time.DateOnly) != row.want {
			t.Errorf("%s of %s: got %v, %q; want %s", row.ref, row.body, asOf, cause, row.want)
		}
	}
}

func TestSeries(t *testing.T) {
	for body, want := range map[string]string{
		`[{"date":"2026-11-01","value":1},{"date":"2026-11-02","value":2}]`:                                           "2026-11-02=2 2026-11-01=1",
		`[{"day":"2026-11-02","value":"2.5","more":[1]},{"day":"2026-11-01","value":null}]`:                           "2026-11-02=2.5",
		`[{"timestamp":"2026-11-01T08:00:00Z","value":1},{"at":"2026-11-01T20:00:00Z","value":3}]`:                    "2026-11-01=3",
		`[{"at":"2026-11-01T08:00:00Z","value":1},{"at":"2026-11-01T10:00:00+02:00","value":2}]`:                      "inconsistent",
		`[{"date":"2026-11-01","value":1},{"date":"2026-11-01","value":1.0}]`:                                         "2026-11-01=1",
		`[{"date":"2026-11-01","value":1},{"date":"2026-11-01","value":2}]`:                                           "inconsistent",
		`[{"date":"2026-11-01","value":1},{"date":"1 Nov","value":2}]`:                                                "not_a_series",
		`[{"date":"2026-11-01","value":1},{"date":"2026-11-02"}]`:                                                     "not_a_series",
		`[{"date":"2026-11-01","value":1},7]`:                                                                         "not_a_series",
		`[{"date":"2026-11-01","value":1},{"date":"2026-11-02","value":"two"}]`:                                       "not_a_number",
		`[{"date":"2026-11-01","value":1e-12}]`:                                                                       "number_too_small",
		`[]`:                                                                                                          "",
		`[{"date":"2026-11-01","value":null}]`:                                                                        "",
		`[{"end_at":"2026-10-31","value":5},{"end_at":"2026-09-30","value":4},{"end_at":"2026-11-30","value":6.125}]`: "2026-11-30=6.125 2026-10-31=5 2026-09-30=4",
	} {
		for ref, whole := range map[string]string{"#": body, "/a/0": `{"a":[` + body + `]}`} {
			client, account := says(t, whole)
			s, cause := read(t, client, account, ref)
			var scores []string
			for _, score := range s.Scores {
				scores = append(scores, score.End.Format(time.DateOnly)+"="+score.Value.String())
			}
			if got := cause + strings.Join(scores, " "); got != want {
				t.Errorf("%s of %s: got %s, want %s", ref, whole, got, want)
			}
		}
	}
}

// names is what a search offers, as "name=value".
func names(t *testing.T, client *httpjson.Client, account integrations.Account, query string) string {
	t.Helper()
	p, err := client.Search(t.Context(), account, query, 1)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, s := range p.Scorecards {
		value := "?"
		if s.Value.Valid {
			value = s.Value.Decimal.String() + s.Unit
		}
		list = append(list, s.Name+"="+value)
	}
	return strings.Join(list, ", ")
}

func TestASearchOffersTheDocumentsOwnNumbers(t *testing.T) {
	client, account := says(t, `{
		"coverage": {"title": "Lines  covered", "unit": "%", "value": 81.5, "floor": 70},
		"bugs": [{"name": "Open bugs", "value": 12}, {"name": "Old\u0000bugs", "value": [{"date": "2026-11-01", "value": 4}]}],
		"build": {"seconds": 4e400, "id": "4711", "ok": true, "a/b": 3, "nul\u0000": 1}}`)
	for query, want := range map[string]string{
		"":              "Open bugs (/bugs/0/value)=12, Old bugs (/bugs/1/value)=4, /build/a~1b=3, /build/seconds=?, /coverage/floor=70, Lines covered (/coverage/value)=81.5%",
		"BUGS open":     "Open bugs (/bugs/0/value)=12",
		"/build/id":     "/build/id=4711",
		"/coverage":     "/coverage/floor=70, Lines covered (/coverage/value)=81.5%",
		" /build/a~1b ": "/build/a~1b=3",
		"nothing such":  "",
	} {
		if got := names(t, client, account, query); got != want {
			t.Errorf("%q: got %s\nwant %s", query, got, want)
		}
	}
	p, err := client.Search(t.Context(), account, "", 2)
	if err != nil || len(p.Scorecards) > 0 || p.More {
		t.Errorf("there is a second page: %v, %v", p, err)
	}
}

func TestAListingIsBounded(t *testing.T) {
	values := make([]int, 2500)
	for i := range values {
		values[i] = i
	}
	raw, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	client, account := says(t, string(raw))
	p, err := client.Search(t.Context(), account, "", 1)
	if err != nil || len(p.Scorecards) != 1000 || p.More {
		t.Fatalf("%d numbers, more %v, %v", len(p.Scorecards), p.More, err)
	}
	if got := names(t, client, account, "/2400"); got != "/2400=2400" {
		t.Errorf("a pointer beyond the listing: got %s", got)
	}
}

func TestSignIns(t *testing.T) {
	var heard http.Header
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		heard = r.Header
		w.Header().Set("Content-Type", "application/vnd.acme+json")
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1"})
		fmt.Fprint(w, `{"n":1}`)
	}))
	defer server.Close()
	client := httpjson.New(httpjson.Options{Origins: []string{server.URL}})
	try := func(signIn string, fields integrations.Fields) string {
		heard = nil
		_, cause := read(t, client, integrations.Account{Origin: server.URL + "/", SignIn: signIn, Fields: fields}, "/n")
		return cause
	}
	if cause := try("none", nil); cause != "" || heard.Get("Authorization") != "" {
		t.Errorf("none: %s, %v", cause, heard)
	}
	if cause := try("bearer", integrations.Fields{"token": " abc.def\n"}); cause != "" || heard.Get("Authorization") != "Bearer abc.def" {
		t.Errorf("bearer: %s, %v", cause, heard)
	}
	if cause := try("header", integrations.Fields{"name": "x-api-key", "value": "Key one two"}); cause != "" || heard.Get("X-Api-Key") != "Key one two" {
		t.Errorf("header: %s, %v", cause, heard)
	}
	if heard.Get("Cookie") != "" {
		t.Error("a cookie was kept")
	}
	before := asked.Load()
	for _, row := range []struct{ signIn, name, value, want string }{
		{"bearer", "", "", "incomplete"}, {"bearer", "", "a b", "secret_characters"}, {"bearer", "", "ä", "secret_characters"},
		{"header", "", "v", "incomplete"}, {"header", "X-Key", " ", "incomplete"}, {"basic", "u", "p", "incomplete"}, {"", "", "", "incomplete"},
		{"header", "X Key", "v", "header_name"}, {"header", "X-Key:", "v", "header_name"}, {"header", "X-Key\r\nHost", "v", "header_name"}, {"header", "X-Kéy", "v", "header_name"}, {"header", strings.Repeat("x", 101), "v", "header_name"},
		{"header", "X-Key", "v\r\nHost: evil", "secret_characters"}, {"header", "X-Key", "v\x00", "secret_characters"},
		{"header", "host", "v", "header_kept"}, {"header", "COOKIE", "v", "header_kept"}, {"header", "connection", "v", "header_kept"}, {"header", "TE", "v", "header_kept"},
		{"header", "Transfer-Encoding", "chunked", "header_kept"}, {"header", "Upgrade", "h2c", "header_kept"}, {"header", "Proxy-Authorization", "v", "header_kept"}, {"header", "keep-alive", "v", "header_kept"},
		{"header", "Content-Length", "5", "header_kept"}, {"header", "X-HTTP-Method-Override", "DELETE", "header_kept"}, {"header", "Range", "bytes=0-1", "header_kept"}, {"header", "accept-encoding", "br", "header_kept"},
	} {
		if cause := try(row.signIn, integrations.Fields{"token": row.value, "name": row.name, "value": row.value}); cause != row.want {
			t.Errorf("%s %q: %q: got %q, want %s", row.signIn, row.name, row.value, cause, row.want)
		}
	}
	if asked.Load() != before {
		t.Error("a request was sent without a sign-in that can be")
	}
}

func TestOnlyListedOriginsAreDialled(t *testing.T) {
	var heard atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard.Add(1) }))
	defer inside.Close()
	listed := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusFound))
	defer listed.Close()
	client := httpjson.New(httpjson.Options{Origins: []string{listed.URL, "build.example.com", "https://on-prem.example:8443", "u@h", "ftp://x", "h/path"}})
	for _, address := range []string{inside.URL + "/", "https://127.0.0.1/", "http://169.254.169.254/latest/meta-data", "https://[::1]/", "https://other.example.com/", "http://build.example.com/", "https://build.example.com:8443/", "https://h/path", listed.URL} {
		if _, cause := read(t, client, integrations.Account{Origin: address, SignIn: "none"}, "/n"); cause != "address_not_allowed" {
			t.Errorf("%s: %q", address, cause)
		}
	}
	if _, cause := read(t, client, integrations.Account{Origin: listed.URL + "/", SignIn: "none"}, "/n"); cause != "redirect" {
		t.Errorf("a redirect: %q", cause)
	}
	if heard.Load() > 0 {
		t.Error("somebody inside was dialled")
	}
	t.Run("CertificatesAreLookedAt", func(t *testing.T) {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard.Add(1) }))
		server.Config.ErrorLog = nil
		server.StartTLS()
		defer server.Close()
		client := httpjson.New(httpjson.Options{Origins: []string{server.URL}})
		account := integrations.Account{Origin: server.URL + "/", SignIn: "bearer", Fields: integrations.Fields{"token": "t"}}
		if _, cause := read(t, client, account, "/n"); cause != "certificate_unknown" || heard.Load() > 0 {
			t.Errorf("got %q after %d requests", cause, heard.Load())
		}
		stages := client.Check(t.Context(), account)
		if last := stages[len(stages)-1]; last.Name != "TLS" || last.Err == nil {
			t.Errorf("the check ends at %s with %v", last.Name, last.Err)
		}
	})
}

func TestAddresses(t *testing.T) {
	client := httpjson.New(httpjson.Options{Origins: []string{"http://127.0.0.1:9000", "build.example.com"}})
	for typed, want := range map[string]string{
		"https://build.example.com/m.json":                                "https://build.example.com/m.json",
		" https://BUILD.example.com:443/M.json?a=b&c=/#/d ":               "https://build.example.com/M.json?a=b&c=/",
		"build.example.com":                                               "https://build.example.com/",
		"127.0.0.1:9000/x":                                                "http://127.0.0.1:9000/x",
		"<https://build.example.com/m|build.example.com/m>":               "https://build.example.com/m",
		"https://build.example.com/a%20b/../c?q=%F0%9F%99%82":             "https://build.example.com/a%20b/../c?q=%F0%9F%99%82",
		"https://build.example.com/m?monkey=1&keys=2&authors=3&zipcode=4": "https://build.example.com/m?monkey=1&keys=2&authors=3&zipcode=4",
		"https://build.example.com/m?country_code=DE&project_key=OPS":     "https://build.example.com/m?country_code=DE&project_key=OPS",
		"https://build.example.com/m?cost.code=7&tests-pass=1&page.key=a": "https://build.example.com/m?cost.code=7&tests-pass=1&page.key=a",
	} {
		if got, err := client.Origin(typed); err != nil || got != want {
			t.Errorf("%q: got %q, %v; want %q", typed, got, err, want)
		}
	}
	for _, typed := range []string{
		"", "http://build.example.com/m", "https://build.example.com.evil.com/", "https://evil.com/build.example.com", "https://build.example.com@evil.com/", "https://u:p@build.example.com/",
		"https://build.example.com:8443/", "https://127.0.0.1:9000/", "http://127.0.0.1/", "file:///etc/passwd", "javascript:alert(1)", "ftp://build.example.com/", "https:build.example.com", "//build.example.com",
		"https://build.example.com/m\r\nHost: evil", "https:\\\\build.example.com", "https://build.example.com/%zz", "https://build.example.com/m?access_token=x", "https://build.example.com/m?API_KEY=x", "https://build.example.com/m?a=b;token=x",
		"https://build.example.com/m?token=50%off", "https://build.example.com/m?a=%&access_token=x%", "https://build.example.com/m?to%6ben=x%",
		"https://build.example.com/m?key=x", "https://build.example.com/m?sig=x", "https://build.example.com/m?code=x", "https://build.example.com/m?auth=x", "https://build.example.com/m?pwd=x", "https://build.example.com/m?x-functions-key=x",
		"https://build.example.com/m?access_key=x", "https://build.example.com/m?subscription-key=x", "https://build.example.com/m?AWSAccessKeyId=x", "https://build.example.com/m?%6bey=x",
		"https://build.example.com/m?functions-key=x", "https://build.example.com/m?secret-key=x", "https://build.example.com/m?auth_code=x", "https://build.example.com/m?db_pwd=x", "https://build.example.com/m?api_sig=x", "https://build.example.com/m?X-Auth=x",
		"https://build.example.com/" + strings.Repeat("x", 1000),
	} {
		if got, err := client.Origin(typed); err == nil {
			t.Errorf("%q was taken for %q", typed, got)
		}
	}
}

// What was connected when its address was still taken says what is wrong with it, and nothing of an
// administrator.
func TestAStoredAddressSaysWhatItMayNotHold(t *testing.T) {
	client := httpjson.New(httpjson.Options{Origins: []string{"build.example.com"}})
	for query, want := range map[string]string{"key=x": "address_secret", "a=b&x-functions-key=x": "address_secret", "a=b;c=d": "address_semicolon"} {
		account := integrations.Account{Origin: "https://build.example.com/m?" + query, SignIn: "none"}
		if _, cause := read(t, client, account, "/n"); cause != want {
			t.Errorf("%s: %q", query, cause)
		}
		stages := client.Check(t.Context(), account)
		last := stages[len(stages)-1].Err
		if last == nil || last.Cause != want || strings.Contains(last.Says+last.Next, "administrator") || !strings.Contains(last.Next, "/okr connect") {
			t.Errorf("%s: the check ends with %v", query, last)
		}
	}
}

func FuzzOrigin(f *testing.F) {
	for _, seed := range []string{"https://build.example.com/m", "build.example.com?x#y", "<https://build.example.com|b>", "https://build.example.com@evil/", "http://127.0.0.1:9000//x", "%00", "https://build.example.com:443"} {
		f.Add(seed)
	}
	client := httpjson.New(httpjson.Options{Origins: []string{"http://127.0.0.1:9000", "build.example.com"}})
	f.Fuzz(func(t *testing.T, typed string) {
		address, err := client.Origin(typed)
		if err != nil {
			return
		}
		req, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil || req.URL.Scheme+"://"+req.URL.Host != "https://build.example.com" && req.URL.Scheme+"://"+req.URL.Host != "http://127.0.0.1:9000" {
			t.Errorf("%q dials %q", typed, address)
		}
		if again, err := client.Origin(address); err != nil || again != address {
			t.Errorf("%q became %q, which becomes %q, %v", typed, address, again, err)
		}
	})
}
