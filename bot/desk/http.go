package desk

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"okrbot/ingress"
)

const (
	largestRequest = 1 << 20 // bytes; Slack's largest payloads are a quarter of it
	skew           = 300     // seconds that a signature's time may differ from ours
	answerWithin   = 2 * time.Second
	giveUpAfter    = 300 * time.Millisecond // beyond it, of a handler that does not see its context end
)

// Handler is the door of a workspace over HTTP: what Slack posts to /slack/.
func (d *Desk) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /slack/commands", d.door(commandForm))
	mux.HandleFunc("POST /slack/interactions", d.door(interactionForm))
	mux.HandleFunc("POST /slack/options", d.door(interactionForm))
	mux.HandleFunc("POST /slack/events", d.door(eventBody))
	return mux
}

// decoder reads what a verified body says was done. An error is a malformed body.
type decoder func(body []byte) (delivery, error)

// delivery is one thing that Slack delivered, by whichever door.
type delivery struct {
	key       string // what makes a second delivery the same one; empty: the request's signature
	challenge string // of url_verification: to be echoed
	nothing   bool   // ssl_check and what we do not listen to
	gesture   gesture
}

// door verifies, decodes, deduplicates and answers.
func (d *Desk) door(decode decoder) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestRequest))
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		case err != nil:
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		if isSSLCheck(body) {
			return // Slack looks at our certificate and sends nothing to work on
		}
		if !d.signed(r.Header, body, time.Now()) {
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		ingress.Trust(r.Context())
		in, err := decode(body)
		if err != nil {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		if in.challenge != "" {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			_, _ = io.WriteString(w, in.challenge)
			return
		}
		if in.nothing {
			return
		}
		if in.key == "" {
			in.key = r.Header.Get(signatureHeader)
		}
		a := d.answer(r.Context(), in)
		a.write(w)
		if a.after != nil {
			a.after()
		}
	}
}

func (a answer) write(w http.ResponseWriter) {
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	raw, err := json.Marshal(a.body)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	w.WriteHeader(a.status)
	_, _ = w.Write(raw)
	_ = http.NewResponseController(w).Flush() // what comes after must not hold the answer back
}

const (
	signatureHeader = "X-Slack-Signature"
	timeHeader      = "X-Slack-Request-Timestamp"
)

// signed says whether Slack signed these very bytes within the last five minutes.
func (d *Desk) signed(h http.Header, body []byte, now time.Time) bool {
	if len(h.Values(signatureHeader)) != 1 || len(h.Values(timeHeader)) != 1 || d.Settings.SigningSecret.Empty() {
		return false
	}
	stamp := h.Get(timeHeader)
	if len(stamp) != 10 {
		return false // ten digits until the year 2286
	}
	for _, c := range stamp {
		if c < '0' || c > '9' {
			return false
		}
	}
	at, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || now.Unix()-at > skew || at-now.Unix() > skew {
		return false
	}
	if mac := h.Get(signatureHeader); mac != strings.ToLower(mac) {
		return false // the verifier takes large letters; by them a replay would look like another delivery
	}
	verifier, err := slack.NewSecretsVerifier(h, d.Settings.SigningSecret.Reveal())
	if err != nil {
		return false
	}
	if _, err := verifier.Write(body); err != nil {
		return false
	}
	return verifier.Ensure() == nil
}

func isSSLCheck(body []byte) bool {
	if len(body) > 1024 {
		return false
	}
	form, err := url.ParseQuery(string(body))
	return err == nil && form.Get("ssl_check") == "1" && form.Get("command") == "" && form.Get("payload") == ""
}

// keyOf is what is remembered of a delivery: not the signature itself.
func keyOf(in delivery) []byte {
	sum := sha256.Sum256([]byte(in.key))
	return sum[:]
}
