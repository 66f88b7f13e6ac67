package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"okrbot/okr"
	"okrbot/secret"
	"okrbot/store/queries"
)

// ErrElsewhere says that a sign-in page went on in another browser.
var ErrElsewhere = errors.New("in another browser")

// SignInPage is a page of ours that somebody was given in Slack, to sign in to a system outside Slack.
// It lives ten minutes. Of its address, its OAuth state and its browser's cookie only hashes are kept.
type SignInPage struct {
	ID         int64
	Workspace  string
	Person     string
	Kind       string // of the connector
	Origin     string
	SignIn     string
	Shared     bool
	Reconnects int64  // the connection that gets another sign-in; 0: a new one
	Draft      string // of the form it came from
	View       string // Slack's view to draw again when it is done
	Challenged bool   // a PKCE challenge went with the consent
	Pending    int64  // the sign-in that the page asks about; 0: none yet
	Stages     []byte // JSON: how its check went
	verifier   []byte
}

// mark is 256 random bits and the hash that is kept of them.
func mark(encode func([]byte) string) (written string, hash []byte) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // it never fails
	written = encode(raw)
	return written, hashOf(written)
}

func hashOf(written string) []byte {
	sum := sha256.Sum256([]byte(written))
	return sum[:]
}

// NewBrowser is a fresh cookie's value.
func NewBrowser() string {
	written, _ := mark(hex.EncodeToString)
	return written
}

// CreateSignInPage opens a page for the acting person and returns what is secret in its address.
func (r Statements) CreateSignInPage(ctx context.Context, actor okr.Actor, v SignInPage) (token string, err error) {
	token, hash := mark(base64.RawURLEncoding.EncodeToString)
	p := queries.CreateSignInPageParams{
		WorkspaceID: actor.Workspace, PersonID: actor.ID, TokenHash: hash, Kind: v.Kind, Origin: v.Origin, SignIn: v.SignIn, Shared: v.Shared,
		DraftID: orNil(v.Draft), ViewID: v.View,
	}
	if v.Reconnects != 0 {
		p.Reconnects = &v.Reconnects
	}
	if _, err := r.q.CreateSignInPage(ctx, p); err != nil {
		return "", fmt.Errorf("opening a page: %w", err)
	}
	return token, nil
}

// SignInPage loads the page of an address. One that is over and one that never was are ErrNotFound.
func (r Statements) SignInPage(ctx context.Context, token string) (SignInPage, error) {
	row, err := r.q.SignInPage(ctx, hashOf(token))
	if err != nil {
		return SignInPage{}, fmt.Errorf("loading a page: %w", found(err))
	}
	return signInPage(row), nil
}

func signInPage(row queries.SignInPage) SignInPage {
	v := SignInPage{
		ID: row.ID, Workspace: row.WorkspaceID, Person: row.PersonID, Kind: row.Kind, Origin: row.Origin, SignIn: row.SignIn, Shared: row.Shared,
		View: row.ViewID, Challenged: row.Challenged, Stages: row.Stages, verifier: row.Verifier,
	}
	if row.Reconnects != nil {
		v.Reconnects = *row.Reconnects
	}
	if row.PendingID != nil {
		v.Pending = *row.PendingID
	}
	if row.DraftID != nil {
		v.Draft = *row.DraftID
	}
	return v
}

// BindSignInPage gives a page to the browser that went on from it first; ErrElsewhere to another one.
func (r Statements) BindSignInPage(ctx context.Context, v SignInPage, browser string) error {
	n, err := r.q.BindSignInPage(ctx, queries.BindSignInPageParams{BrowserHash: hashOf(browser), ID: v.ID})
	if err == nil && n == 0 {
		err = ErrElsewhere
	}
	if err != nil {
		return fmt.Errorf("binding a page: %w", err)
	}
	return nil
}

func (v SignInPage) place() secret.Place {
	return secret.Place{Workspace: v.Workspace, ID: v.ID, Kind: "visit", Version: 1} // as what is stored was sealed
}

// BeginConsent makes the state that goes to the system and must come back, in letters and digits,
// and keeps PKCE's verifier sealed. An earlier state of the page is void.
func (r Statements) BeginConsent(ctx context.Context, v SignInPage, verifier string) (state string, err error) {
	state, hash := mark(hex.EncodeToString)
	p := queries.BeginConsentParams{StateHash: hash, Challenged: verifier != "", ID: v.ID}
	if verifier != "" {
		if p.Verifier, err = r.keys.Seal(secret.New(verifier), v.place()); err != nil {
			return "", fmt.Errorf("sealing a verifier: %w", err)
		}
	}
	if err := r.q.BeginConsent(ctx, p); err != nil {
		return "", fmt.Errorf("beginning a consent: %w", err)
	}
	return state, nil
}

// TakeConsent ends a state: of all who bring it, one gets the page and PKCE's verifier. Another
// browser gets ErrElsewhere and ends nothing.
func (r Statements) TakeConsent(ctx context.Context, state, browser string) (SignInPage, string, error) {
	hash := hashOf(state)
	row, err := r.q.SignInPageOfState(ctx, hash)
	if err != nil {
		return SignInPage{}, "", fmt.Errorf("loading a consent: %w", found(err))
	}
	v := signInPage(row)
	own := hashOf(browser)
	if string(own) != string(row.BrowserHash) {
		return v, "", fmt.Errorf("taking a consent: %w", ErrElsewhere)
	}
	n, err := r.q.TakeConsent(ctx, queries.TakeConsentParams{ID: v.ID, StateHash: hash, BrowserHash: own})
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return v, "", fmt.Errorf("taking a consent: %w", err)
	}
	if !v.Challenged {
		return v, "", nil
	}
	verifier, err := r.keys.Open(v.verifier, v.place())
	if err != nil {
		return v, "", fmt.Errorf("opening a verifier: %w", err)
	}
	return v, verifier.Reveal(), nil
}

// BeginTry counts a sign-in from a page before the system is asked, over all replicas; false: as many
// as may be refused are under way or were refused, so the system must not be asked.
func (r Statements) BeginTry(ctx context.Context, v SignInPage, most int) (bool, error) {
	n, err := r.q.BeginTry(ctx, queries.BeginTryParams{ID: v.ID, Most: int16(most)})
	if err != nil {
		return false, fmt.Errorf("beginning a try: %w", err)
	}
	return n == 1, nil
}

// GiveTryBack takes back the count of a sign-in that was not refused.
func (r Statements) GiveTryBack(ctx context.Context, v SignInPage) error {
	if err := r.q.GiveTryBack(ctx, v.ID); err != nil {
		return fmt.Errorf("giving a try back: %w", err)
	}
	return nil
}

// AskAboutSignIn makes a page ask whether a pending sign-in may be read for its person, for ten minutes
// from now and at another address, and returns what is secret in that.
func (r Statements) AskAboutSignIn(ctx context.Context, v SignInPage, pending Connection, stages []byte) (token string, err error) {
	token, hash := mark(base64.RawURLEncoding.EncodeToString)
	err = r.q.AskAboutSignIn(ctx, queries.AskAboutSignInParams{TokenHash: hash, PendingID: &pending.ID, Stages: stages, ID: v.ID})
	if err != nil {
		return "", fmt.Errorf("asking about a sign-in: %w", err)
	}
	return token, nil
}

// CountTry counts a sign-in that was refused on a page.
func (r Statements) CountTry(ctx context.Context, v SignInPage) (int, error) {
	n, err := r.q.CountTry(ctx, v.ID)
	if err != nil {
		return 0, fmt.Errorf("counting a try: %w", found(err))
	}
	return int(n), nil
}

// EndSignInPage closes a page.
func (r Statements) EndSignInPage(ctx context.Context, v SignInPage) error {
	if err := r.q.EndSignInPage(ctx, v.ID); err != nil {
		return fmt.Errorf("closing a page: %w", err)
	}
	return nil
}
