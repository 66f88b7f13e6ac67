package connect

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"regexp"
	"strings"

	"okrbot/bot/view"
	"okrbot/integrations"
)

// page is what a person sees in their browser. Its sentences have `code` and *bold* and nothing else.
type page struct {
	Title    string
	Lines    []string
	Stages   []view.Stage
	Problem  string
	Guides   []integrations.Guide
	Redirect string // to copy
	Fields   []pageField
	Button   string      // empty: there is nothing to send
	Answer   string      // what the button says to the form
	Refuse   string      // the other button, which says no; empty: there is none
	Shown    []pageField // what the page says and sends back as it is
	Another  string      // where an administrator enters another client
	Foot     string
	Nonce    string
	goesTo   string // an origin to which sending leads
}

type pageField struct {
	Name, Label, Hint, Typed string
	Complete                 string // autocomplete, for password managers
	Secret, Optional         bool
	MaxLength                int
}

var (
	//go:embed pages/page.html
	pageSource   string
	pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{"words": words}).Parse(pageSource))

	inCode = regexp.MustCompile("`([^`]+)`")
	inBold = regexp.MustCompile(`(^|[\s(])\*([^*]+)\*`)
)

// words writes our own sentences, which Slack reads as mrkdwn, as HTML. Everything is escaped first.
func words(s string) template.HTML {
	s = template.HTMLEscapeString(strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">").Replace(s))
	s = inBold.ReplaceAllString(s, "$1<b>$2</b>")
	return template.HTML(inCode.ReplaceAllString(s, "<code>$1</code>"))
}

// show writes a page that nobody keeps, frames, runs a script in, or learns the address of.
func (flow *Flow) show(w http.ResponseWriter, status int, p page) {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // it never fails
	p.Nonce = base64.RawURLEncoding.EncodeToString(raw)
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, p); err != nil {
		flow.Log.Error("writing a page", "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	action := "'self'"
	if p.goesTo != "" {
		action += " " + p.goesTo // browsers count the redirect that follows as well
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+p.Nonce+"'; form-action "+action+"; frame-ancestors 'none'; base-uri 'none'")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

// private keeps what is answered out of caches, histories of other hosts, and frames.
func private(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		next.ServeHTTP(w, r)
	})
}

const toSlack = "Close this page and go back to Slack."

// outcomes are the pages at which a sign-in page ends, by the last part of their address. They say nothing
// that somebody else sent.
var outcomes = map[string]page{
	"connected": {Title: "Connected", Lines: []string{"The connection works. " + toSlack}},
	"allowed":   {Title: "One more step, in Slack", Lines: []string{"You allowed okrbot to read scorecards. In Slack it asks whether that was you: press *Yes, connect* there. " + toSlack}},
	"denied":    {Title: "Not allowed", Lines: []string{"Nothing was connected, because it was not allowed. If that was a slip, type `/okr connect` in Slack again."}},
	"failed":    {Title: "Not connected", Lines: []string{"It did not work out, and nothing was stored. Slack says what happened and what to do. " + toSlack}},
	"over":      {Title: "This page is over", Lines: []string{"Its address was used already, or its ten minutes are over. Type `/okr connect` in Slack for a new one."}},
	"lost":      {Title: "You may not connect systems any more", Lines: []string{lostRight}},
	"elsewhere": {Title: "Opened in another browser", Lines: []string{"This sign-in was begun in another browser, so it does not go on in this one. Go on there, or type `/okr connect` in Slack for a new address."}},
	"cookies":   {Title: "Your browser kept no cookie", Lines: []string{"okrbot needs one for ten minutes, to know that it is still you. Allow cookies for this address, then open the link from Slack again."}},
	"unsure":    {Title: "Slack does not answer", Lines: []string{"okrbot asks Slack whether you may still do this, and Slack does not answer. Nothing was stored. Type `/okr connect` in Slack again in a few minutes."}},
	"unable":    {Title: "Something went wrong", Lines: []string{"Something went wrong on our side, and nothing was stored. Type `/okr connect` in Slack again; if it stays, tell okrbot's administrator."}},
}

// outcomeStatus are those outcomes that are no success.
var outcomeStatus = map[string]int{
	"over": http.StatusNotFound, "lost": http.StatusForbidden, "elsewhere": http.StatusForbidden, "cookies": http.StatusForbidden, "unable": http.StatusInternalServerError,
	"unsure": http.StatusServiceUnavailable,
}

func (flow *Flow) outcome(w http.ResponseWriter, name string) {
	status := outcomeStatus[name]
	if status == 0 {
		status = http.StatusOK
	}
	flow.show(w, status, outcomes[name])
}

// unread says why a form could not be read.
func unread(err error) string {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return "What was entered is too long. Nothing was stored."
	}
	return "The browser did not send this page's form as the page asks for it. Nothing was stored. Enter it here again; if it stays so, use another browser."
}
