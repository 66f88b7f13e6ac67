package servicenow_test

import (
	"fmt"
	"testing"
	"time"

	"okrbot/integrations"
	"okrbot/integrations/integrationtest"
	"okrbot/sandbox/seed"
	sandbox "okrbot/sandbox/servicenow"
)

func TestContract(t *testing.T) {
	t.Run("WithBatch", func(t *testing.T) { contract(t, nil) })
	t.Run("WithoutBatch", func(t *testing.T) {
		contract(t, &sandbox.Fault{Kind: sandbox.NoResource, API: sandbox.BatchAPI})
	})
}

func contract(t *testing.T, without *sandbox.Fault) {
	i, client, account := instance(t)
	if without != nil {
		i.Break(*without)
	}
	today := time.Now().UTC().Truncate(24 * time.Hour)
	for n := range 150 { // more than a page
		i.Add(sandbox.Scorecard{ID: fmt.Sprintf("%032x", n+1), Name: fmt.Sprintf("Backlog of group %d", n), Frequency: 10,
			Scores: []sandbox.Score{{Day: today.AddDate(0, 0, -1), Value: float64(n)}}})
	}
	first := "Number of open incidents"
	refs := []string{seed.ID(first)}
	for _, s := range i.Scorecards() {
		switch {
		case s.ID == refs[0]:
		case s.Hidden || len(s.Roles) > 0 || len(s.Scores) == 0:
			i.Remove(s.ID)
		default:
			refs = append(refs, s.ID)
		}
	}
	refused := account
	refused.Fields = integrations.Fields{"username": seed.User, "password": "wrong-canary"}
	faults := map[integrations.Class]sandbox.Kind{
		integrations.Unauthorized: sandbox.WrongPassword, integrations.Forbidden: sandbox.RoleMissing, integrations.NotFound: sandbox.NotThere,
		integrations.RateLimited: sandbox.RateLimit, integrations.Unavailable: sandbox.ServiceDown, integrations.Misread: sandbox.LocalText,
	}
	f := integrationtest.Fixture{
		Connector: client, Account: account, Refused: refused,
		Addresses:   map[string]string{"acme": "https://acme.service-now.com", "https://ACME.service-now.com/x?y#z": "https://acme.service-now.com"},
		NoAddresses: []string{"http://acme.service-now.com", "127.0.0.1", "acme.evil.example", "a b"},
		Stages:      []string{"Address", "TLS", "Sign-in", "Role", "One score"},
		Refs:        refs, Words: first, Missing: "ffffffffffffffffffffffffffffffff",
		Break: func(t *testing.T, class integrations.Class, ref string) func() {
			return i.Break(sandbox.Fault{Kind: faults[class], Ref: ref})
		},
		Hang:  func(*testing.T) func() { return i.Break(sandbox.Fault{Kind: sandbox.Stall}) },
		Calls: func() int { return len(i.Calls()) },
	}
	for class := range faults {
		f.Classes = append(f.Classes, class)
	}
	integrationtest.Run(t, f)
}
