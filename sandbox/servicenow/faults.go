package servicenow

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Kind is a fault that real instances have.
type Kind string

// The faults. Those before AnotherIndicator answer in place of the API; the others change its body.
const (
	Hibernating      Kind = "hibernating"       // 200 with a page, on every path
	Offline          Kind = "offline"           // 200 with the upgrade page
	LoginPage        Kind = "login_page"        // 200 with a page to sign in
	ProxyPage        Kind = "proxy_page"        // 200 with the page of something before ServiceNow
	Blocked          Kind = "blocked"           // 403 with such a page
	RedirectToLogin  Kind = "redirect_to_login" // 302
	RedirectAway     Kind = "redirect_away"     // 302 to somebody else's host: Location
	WrongPassword    Kind = "wrong_password"    // 401
	MFA              Kind = "mfa"               // 401 with X-MFA_TOKEN
	RoleMissing      Kind = "role_missing"      // 403
	ScopeMissing     Kind = "scope_missing"     // 403
	NoResource       Kind = "no_resource"       // 400
	NotThere         Kind = "not_there"         // 404
	RateLimit        Kind = "rate_limit"        // 429; After seconds in Retry-After, 0 for none
	BadGateway       Kind = "bad_gateway"       // 502 with a proxy's page
	ServiceDown      Kind = "service_down"      // 503, empty
	ServerError      Kind = "server_error"      // 500
	ErrorWith200     Kind = "error_with_200"    // the envelope of an error, status 200
	Cancelled        Kind = "cancelled"         // "Transaction cancelled", status 200
	Reset            Kind = "reset"             // the connection is cut
	Stall            Kind = "stall"             // headers, then nothing
	Slow             Kind = "slow"              // the answer after After seconds
	AnotherIndicator Kind = "another_indicator" // what a misspelt parameter gets
	WholeAnswered    Kind = "whole_answered"    // in place of a part
	NullValue        Kind = "null_value"
	NoValue          Kind = "no_value"    // its field is not there
	EmptyValue       Kind = "empty_value" // ""
	AllNull          Kind = "all_null"    // what an unknown scorecard may be
	LocalText        Kind = "local_text"  // "1.234,5" as value
	Raw              Kind = "raw"         // Text in place of the value
	NoUnit           Kind = "no_unit"
	PlainUnit        Kind = "plain_unit"
	Localized        Kind = "localized" // labels in another language
	OldestFirst      Kind = "oldest_first"
	Shuffled         Kind = "shuffled"     // scores in no order
	TwoOfADay        Kind = "two_of_a_day" // the newest day has another score too
	Differing        Kind = "differing"    // scores[0] is not the value
	Truncated        Kind = "truncated"
	Oversized        Kind = "oversized"
	GzipBomb         Kind = "gzip_bomb"
	WrongGzip        Kind = "wrong_gzip"
	Drip             Kind = "drip" // a byte a second
	TrailingBytes    Kind = "trailing_bytes"
	DuplicateKeys    Kind = "duplicate_keys"
	ByteOrderMark    Kind = "byte_order_mark"
	// Those of the Batch API's own answer.
	Unserviced  Kind = "unserviced"   // what comes after the first After items is left undone
	LostItem    Kind = "lost_item"    // its first item is in neither list
	TwiceItem   Kind = "twice_item"   // its first item is answered twice
	StrangeItem Kind = "strange_item" // its first item comes with an id that nobody asked for
	SwappedItem Kind = "swapped_item" // its first two items come with each other's body
	OtherBatch  Kind = "other_batch"  // it is the answer to another batch
	Bare        Kind = "bare"         // its items come without headers
)

// Fault is switched on until it is removed, or for a number of calls.
type Fault struct {
	Kind     Kind
	User     string      // only for this user; empty: everybody
	Ref      string      // only for this scorecard; empty: every call
	API      string      // only this one: BatchAPI, ScorecardsAPI; empty: both
	Times    int         // calls it still happens to; 0: all
	After    int         // RateLimit, Slow: seconds; Unserviced: items
	Location string      // RedirectAway
	Text     string      // Raw
	Header   http.Header // RateLimit: in place of what After says
	Cut      int         // Truncated: bytes that arrive; 0: two thirds

	spent bool
}

// Break switches a fault on and returns what switches it off.
func (i *Instance) Break(f Fault) (fix func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	own := &f
	i.faults = append(i.faults, own)
	i.changed()
	return func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		own.spent = true
		i.sweep()
		i.changed()
	}
}

// Fix switches all faults off.
func (i *Instance) Fix() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.faults = nil
	i.changed()
}

func (i *Instance) sweep() {
	kept := i.faults[:0]
	for _, f := range i.faults {
		if !f.spent {
			kept = append(kept, f)
		}
	}
	i.faults = kept
}

// fault is the first fault that answers in place of the API.
func (i *Instance) fault(r *http.Request) *Fault {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.take(r, r.URL.Query().Get("sysparm_uuid"), func(k Kind) bool { return !changesBody[k] && !changesBatch[k] && !ofTokens(k) })
}

// bodyFault is the first fault that changes a body. The instance is locked.
func (i *Instance) bodyFault(r *http.Request, uuid string) *Fault {
	return i.take(r, uuid, func(k Kind) bool { return changesBody[k] })
}

var changesBody = map[Kind]bool{
	AnotherIndicator: true, WholeAnswered: true, NullValue: true, NoValue: true, EmptyValue: true, AllNull: true, Shuffled: true, TwoOfADay: true, LocalText: true, Raw: true, NoUnit: true, PlainUnit: true,
	Localized: true, OldestFirst: true, Differing: true, Truncated: true, Oversized: true, GzipBomb: true,
	WrongGzip: true, Drip: true, TrailingBytes: true, DuplicateKeys: true, ByteOrderMark: true,
}

var changesBatch = map[Kind]bool{
	Unserviced: true, LostItem: true, TwiceItem: true, StrangeItem: true, SwappedItem: true, OtherBatch: true, Bare: true,
}

func (i *Instance) take(r *http.Request, uuid string, wanted func(Kind) bool) *Fault {
	name, _, _ := r.BasicAuth()
	if key := r.Header.Get("x-sn-apikey"); key != "" {
		name = i.keys[key]
	}
	for _, f := range i.faults {
		if f.User != "" && f.User != name || f.Ref != "" && !strings.HasPrefix(uuid, f.Ref) || f.API != "" && f.API != apiOf(r) || !wanted(f.Kind) {
			continue
		}
		if isItem(r) && f.Ref == "" && f.API == "" && !changesBody[f.Kind] {
			continue // the batch met it already
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				f.spent = true
				i.sweep()
			}
		}
		taken := *f
		return &taken
	}
	return nil
}

func page(w http.ResponseWriter, status int, title, text string) {
	w.Header().Set("Content-Type", "text/html;charset=UTF-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<!DOCTYPE html><html><head><title>%s</title></head><body><h1>%s</h1></body></html>", title, text)
}

// answer answers in place of the API; false when the API answers after all.
func (f *Fault) answer(w *recorder, r *http.Request, i *Instance) bool {
	switch f.Kind {
	case Hibernating:
		page(w, 200, "Instance Hibernating page", "Your instance is hibernating")
	case Offline:
		page(w, 200, "Instance offline", "Your instance is currently offline")
	case LoginPage:
		page(w, 200, "Log in | ServiceNow", "User name Password Log in")
	case ProxyPage:
		page(w, 200, "Corporate proxy", "Accept the terms of use")
	case Blocked:
		page(w, 403, "Forbidden", "Your address is not allowed")
	case RedirectToLogin:
		http.Redirect(w, r, "/login.do", http.StatusFound)
	case RedirectAway:
		http.Redirect(w, r, f.Location, http.StatusFound)
	case WrongPassword:
		failure(w, 401, "User is not authenticated", "Required to provide Auth information")
	case MFA:
		w.Header().Set("X-MFA_TOKEN", "invalid")
		failure(w, 401, "User Not Authenticated", "Required to provide Auth information")
	case RoleMissing:
		failure(w, 403, "Insufficient rights to query records", nil)
	case ScopeMissing:
		failure(w, 403, "User Not Authorized", "Missing required api access scope: pa_read")
	case NoResource:
		failure(w, 400, "Requested URI does not represent any resource", nil)
	case NotThere:
		failure(w, 404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")
	case RateLimit:
		f.limit(w, i.now())
	case BadGateway:
		page(w, 502, "502 Bad Gateway", "502 Bad Gateway</h1><hr><center>nginx</center><h1>")
	case ServiceDown:
		w.WriteHeader(503)
	case ServerError:
		failure(w, 500, "Internal error", nil)
	case ErrorWith200:
		failure(w, 200, "Something failed", "See the logs")
	case Cancelled:
		failure(w, 200, "Transaction cancelled: maximum execution time exceeded",
			"Transaction cancelled: maximum execution time exceeded Check logs for error trace or enable glide.rest.debug property to verify REST request processing")
	case Reset:
		w.reset()
	case Stall:
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		w.WriteHeader(200)
		_ = http.NewResponseController(w.ResponseWriter).Flush()
		<-r.Context().Done()
	case Slow:
		select {
		case <-time.After(time.Duration(f.After) * time.Second):
		case <-r.Context().Done():
		}
		return false
	default:
		return false
	}
	return true
}

// limit says that too much was asked, and when to ask again.
func (f *Fault) limit(w http.ResponseWriter, now time.Time) {
	if f.After > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.After))
		w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(now.Add(time.Duration(f.After)*time.Second).Unix(), 10))
		w.Header().Set("X-RateLimit-Limit", "100")
	}
	for name, values := range f.Header {
		w.Header()[name] = values
	}
	failure(w, 429, "Rate limit exceeded", "Rate limit of 100 requests per hour for Scorecards API exceeded")
}

// reset cuts the connection instead of an answer.
func (w *recorder) reset() {
	conn, _, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil { // an item of a batch has no connection of its own
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	conn.Close()
}

// change alters one scorecard of an answer.
func (f *Fault) change(row map[string]any) {
	scores, _ := row["scores"].([]map[string]any)
	set := func(v any) {
		row["value"] = v
		if len(scores) > 0 {
			scores[0]["value"] = v
		}
	}
	switch f.Kind {
	case NullValue:
		set(nil)
	case NoValue:
		delete(row, "value")
	case EmptyValue:
		set("")
	case AllNull:
		for name := range row {
			row[name] = nil
		}
	case LocalText:
		set("1.234,5")
	case Raw:
		set(json.RawMessage(f.Text))
	case NoUnit:
		delete(row, "unit")
		delete(row, "description")
	case PlainUnit:
		if unit, ok := row["unit"].(map[string]any); ok {
			row["unit"] = unit["display_value"]
		}
	case Localized:
		row["direction_label"], row["frequency_label"], row["indicator_frequency_label"] = "Minimieren", "Täglich", "Täglich"
	case OldestFirst:
		for a, b := 0, len(scores)-1; a < b; a, b = a+1, b-1 {
			scores[a], scores[b] = scores[b], scores[a]
		}
	case Shuffled:
		rand.Shuffle(len(scores), func(a, b int) { scores[a], scores[b] = scores[b], scores[a] })
	case TwoOfADay:
		if len(scores) > 0 {
			other := maps.Clone(scores[0])
			other["value"] = json.RawMessage("123456.0")
			row["scores"] = append(scores, other)
		}
	case Differing:
		if len(scores) > 0 {
			scores[0]["value"] = json.RawMessage("123456.0")
		}
	}
}

// raw alters the bytes of an answer; false when they go out as they are.
func (f *Fault) raw(w http.ResponseWriter, r *http.Request, body []byte) bool {
	switch f.Kind {
	case Truncated:
		cut := f.Cut
		if cut == 0 {
			cut = len(body) * 2 / 3
		}
		send(w, 200, body[:min(cut, len(body))])
	case Oversized:
		send(w, 200, append([]byte(`{"padding":"`+strings.Repeat("x", 3<<20)+`",`), body[1:]...))
	case GzipBomb:
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "application/json")
		var megabyte bytes.Buffer
		z := gzip.NewWriter(&megabyte)
		_, _ = z.Write(bytes.Repeat([]byte("0"), 1<<20))
		_ = z.Close()
		for range 1 << 10 { // one after the other they are a gigabyte, unpacked
			if _, err := w.Write(megabyte.Bytes()); err != nil {
				return true
			}
		}
	case WrongGzip:
		w.Header().Set("Content-Encoding", "gzip")
		send(w, 200, body)
	case Drip:
		w.Header().Set("Content-Type", "application/json")
		for n := range body {
			if _, err := w.Write(body[n : n+1]); err != nil {
				return true
			}
			_ = http.NewResponseController(w.(*recorder).ResponseWriter).Flush()
			select {
			case <-time.After(time.Second):
			case <-r.Context().Done():
				return true
			}
		}
	case TrailingBytes:
		send(w, 200, append(body, `{"result":[]}`...))
	case DuplicateKeys:
		send(w, 200, append([]byte(`{"result":[],`), body[1:]...))
	case ByteOrderMark:
		send(w, 200, append([]byte("\xef\xbb\xbf"), body...))
	default:
		return false
	}
	return true
}
