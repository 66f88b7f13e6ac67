package bot_test

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"okrbot/sandbox/slack/conversation"
)

// browser is somebody's, with its own cookies: it follows links and redirects and sends forms.
type browser struct {
	t      *testing.T
	client *http.Client
	at     *url.URL
	status int
	header http.Header
	text   string
	been   []string // every address it went to
}

func (r *room) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	b := &browser{t: r.t}
	b.client = &http.Client{Transport: r.trusted, Jar: jar, CheckRedirect: func(req *http.Request, _ []*http.Request) error {
		b.been = append(b.been, req.URL.String())
		return nil
	}}
	return b
}

func (b *browser) does(req *http.Request) *browser {
	b.t.Helper()
	b.been = append(b.been, req.URL.String())
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.at, b.status, b.header, b.text = resp.Request.URL, resp.StatusCode, resp.Header, html.UnescapeString(string(raw))
	return b
}

func (b *browser) opens(address string) *browser {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.does(req)
}

var (
	formAction = regexp.MustCompile(`<form method="post"[^>]*?(?: action="([^"]*)")?[^>]*>`)
	hidden     = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// sends fills the page's form and sends it.
func (b *browser) sends(pairs ...string) *browser {
	b.t.Helper()
	form := formAction.FindStringSubmatch(b.text)
	if form == nil {
		b.t.Fatalf("no form on %s:\n%s", b.at, b.text)
	}
	to, err := b.at.Parse(form[1])
	if err != nil {
		b.t.Fatal(err)
	}
	if form[1] == "" {
		to = b.at
	}
	values := url.Values{}
	for _, h := range hidden.FindAllStringSubmatch(b.text, -1) {
		values.Set(h[1], h[2])
	}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	req, err := http.NewRequest(http.MethodPost, to.String(), strings.NewReader(values.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.does(req)
}

func (b *browser) sees(status int, words ...string) *browser {
	b.t.Helper()
	if b.status != status {
		b.t.Errorf("%s answers %d, want %d", b.at, b.status, status)
	}
	for _, w := range words {
		if !strings.Contains(b.text, w) {
			b.t.Fatalf("not on the page at %s: %q\n%s", b.at, w, b.text)
		}
	}
	return b
}

var linkIn = regexp.MustCompile(`https://127\.0\.0\.1:\d+/connect/[A-Za-z0-9_-]{43}`)

// linkOf is the address behind "Continue in your browser".
func (r *room) linkOf(p *conversation.Person, name string) string {
	r.t.Helper()
	p.Sees("Continue in your browser")
	top, ok := r.slack.Top(name)
	if !ok {
		r.t.Fatal("no window is open")
	}
	link := linkIn.FindString(fmt.Sprint(top.Content))
	if link == "" {
		r.t.Fatalf("no link in %v", top.Content)
	}
	return link
}
