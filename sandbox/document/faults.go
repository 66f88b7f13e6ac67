package document

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Kind is a fault that web servers and those who write their documents have.
type Kind string

// The faults. The last two are of one pointer; the others are of every request.
const (
	Refused       Kind = "refused"      // 401
	Forbidden     Kind = "forbidden"    // 403
	Gone          Kind = "gone"         // 404
	RateLimit     Kind = "rate_limit"   // 429; After seconds in Retry-After, 0 for none
	ServerError   Kind = "server_error" // 500
	ServiceDown   Kind = "service_down" // 503 with a page
	Redirect      Kind = "redirect"     // 302 to Location
	LoginPage     Kind = "login_page"   // 200 with a page
	PlainText     Kind = "plain_text"   // the document, as text/plain
	PageAsJSON    Kind = "page_as_json" // a page, as application/json
	Reset         Kind = "reset"        // the connection is cut
	Stall         Kind = "stall"        // headers, then nothing
	Truncated     Kind = "truncated"
	Oversized     Kind = "oversized"
	GzipBomb      Kind = "gzip_bomb"
	WrongGzip     Kind = "wrong_gzip"
	TrailingBytes Kind = "trailing_bytes"
	DuplicateKeys Kind = "duplicate_keys"
	ByteOrderMark Kind = "byte_order_mark"
	Latin1        Kind = "latin_1"    // bytes that are not UTF-8
	Missing       Kind = "missing"    // nothing at the pointer
	LocalText     Kind = "local_text" // "1.234,5" at the pointer
)

// Fault is switched on until it is removed.
type Fault struct {
	Kind     Kind
	Pointer  string // Missing, LocalText: of which member
	After    int    // RateLimit: seconds
	Location string // Redirect
}

// Break switches a fault on and returns what switches it off.
func (s *Server) Break(f Fault) (fix func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := &f
	s.faults = append(s.faults, own)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for i, other := range s.faults {
			if other == own {
				s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
				return
			}
		}
	}
}

// first is the first fault of a sort. The server is locked.
func (s *Server) first(is func(*Fault) bool) *Fault {
	for _, f := range s.faults {
		if is(f) {
			return f
		}
	}
	return nil
}

func page(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte("<!DOCTYPE html><html><body><h1>" + text + "</h1></body></html>"))
}

// answer answers in place of the document; false when the document comes after all.
func (f *Fault) answer(w http.ResponseWriter, r *http.Request) bool {
	switch f.Kind {
	case Refused:
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "unauthorized", http.StatusUnauthorized)
	case Forbidden:
		http.Error(w, "forbidden", http.StatusForbidden)
	case Gone:
		http.Error(w, "404 page not found", http.StatusNotFound)
	case RateLimit:
		if f.After > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(f.After))
		}
		http.Error(w, "slow down", http.StatusTooManyRequests)
	case ServerError:
		http.Error(w, "internal error", http.StatusInternalServerError)
	case ServiceDown:
		page(w, http.StatusServiceUnavailable, "Back soon")
	case Redirect:
		http.Redirect(w, r, f.Location, http.StatusFound)
	case LoginPage:
		page(w, http.StatusOK, "Sign in to go on")
	case PageAsJSON:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("<html><body>Proxy error</body></html>"))
	case Reset:
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			conn.Close()
		}
	case Stall:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	default:
		return false
	}
	return true
}

// change alters the bytes of a document.
func (f *Fault) change(w http.ResponseWriter, body []byte) []byte {
	switch f.Kind {
	case PlainText:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	case Truncated:
		return body[:len(body)*2/3]
	case Oversized:
		return append(body, bytes.Repeat([]byte(" "), 3<<20)...)
	case GzipBomb:
		w.Header().Set("Content-Encoding", "gzip")
		var megabyte bytes.Buffer
		z := gzip.NewWriter(&megabyte)
		_, _ = z.Write(bytes.Repeat([]byte("0"), 1<<20))
		_ = z.Close()
		return bytes.Repeat(megabyte.Bytes(), 64) // one after the other they are 64 MiB, unpacked
	case WrongGzip:
		w.Header().Set("Content-Encoding", "gzip")
	case TrailingBytes:
		return append(body, `{"more":1}`...)
	case DuplicateKeys:
		return append([]byte(`{"twice":1,"twice":2,`), body[1:]...)
	case ByteOrderMark:
		return append([]byte("\xef\xbb\xbf"), body...)
	case Latin1:
		return append([]byte("{\"caf\xe9\":1,"), body[1:]...)
	}
	return body
}

// said is what a document says, with what is broken at single pointers. The server's own data stay
// as they are.
func (s *Server) said(d Document, now time.Time) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	root := plain(d.Make(now))
	for _, f := range s.faults {
		if f.Pointer == "" {
			continue
		}
		parts := strings.Split(f.Pointer, "/")[1:]
		in := root
		for _, part := range parts[:len(parts)-1] {
			in = in.(map[string]any)[part]
		}
		fields, last := in.(map[string]any), parts[len(parts)-1]
		if f.Kind == Missing {
			delete(fields, last)
		} else {
			fields[last] = "1.234,5"
		}
	}
	return root
}

// plain is a value as JSON has it, and a copy.
func plain(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // whoever made the document sees it
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var copied any
	if err := d.Decode(&copied); err != nil {
		panic(err)
	}
	return copied
}
