package httpjson_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"okrbot/integrations"
	"okrbot/integrations/httpjson"
	"okrbot/integrations/integrationtest"
	"okrbot/sandbox/document"
)

// served is a document of a plain web server, which wants a bearer token, and an account for it.
func served(t *testing.T, d any) (*document.Server, *httpjson.Client, integrations.Account) {
	t.Helper()
	s := document.New(nil)
	s.Put("/team/metrics.json", document.Document{Make: func(time.Time) any { return d }, Header: "Authorization", Secret: "Bearer right-canary"})
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	client := httpjson.New(httpjson.Options{Origins: []string{server.URL}})
	return s, client, integrations.Account{
		Origin: server.URL + "/team/metrics.json?branch=main", SignIn: "bearer", Fields: integrations.Fields{"token": "right-canary"},
	}
}

type object = map[string]any

// days is a series that ends yesterday.
func days(values ...float64) []any {
	var list []any
	yesterday := time.Now().UTC().AddDate(0, 0, -1)
	for i, v := range values {
		list = append(list, object{"date": yesterday.AddDate(0, 0, i+1-len(values)).Format(time.DateOnly), "value": v})
	}
	return list
}

func TestContract(t *testing.T) {
	s, client, account := served(t, object{
		"coverage": object{"name": "Lines covered", "unit": "%", "value": days(70, 71.5, 73, 74)},
		"failing":  3, "build": object{"seconds": 412.5, "flaky": 12},
	})
	refused := account
	refused.Fields = integrations.Fields{"token": "wrong-canary"}
	host := account.Origin[:len(account.Origin)-len("/team/metrics.json?branch=main")]
	faults := map[integrations.Class]document.Kind{
		integrations.Unauthorized: document.Refused, integrations.Forbidden: document.Forbidden, integrations.NotFound: document.Gone,
		integrations.RateLimited: document.RateLimit, integrations.Unavailable: document.ServiceDown, integrations.Misread: document.DuplicateKeys,
	}
	ofOne := map[integrations.Class]document.Kind{integrations.NotFound: document.Missing, integrations.Misread: document.LocalText}
	f := integrationtest.Fixture{
		Connector: client, Account: account, Refused: refused,
		Addresses: map[string]string{
			account.Origin: account.Origin, host: host + "/", host[len("http://"):] + "/a#b": host + "/a",
		},
		NoAddresses: []string{"https://build.example.com/x", "file:///etc/passwd", "a b", host + "/x?access_token=abc"},
		Whole:       true, Stages: []string{"Address", "TLS", "Sign-in", "Document", "One score"},
		Refs:  []string{"/coverage/value", "/failing", "/build/seconds", "/build/flaky"},
		Words: "lines", Missing: "/build/minutes",
		Break: func(t *testing.T, class integrations.Class, ref string) func() {
			if ref == "" {
				return s.Break(document.Fault{Kind: faults[class]})
			}
			return s.Break(document.Fault{Kind: ofOne[class], Pointer: ref})
		},
		Hang:  func(*testing.T) func() { return s.Break(document.Fault{Kind: document.Stall}) },
		Calls: func() int { return len(s.Calls()) },
	}
	for class := range faults {
		f.Classes = append(f.Classes, class)
	}
	integrationtest.Run(t, f)
}
