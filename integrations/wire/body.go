package wire

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Largest is the most that one scorecard's answer may hold, in bytes after decompression.
const Largest = 2 << 20

// Body reads a body, unpacked, up to the limit. It unpacks gzip and nothing else.
func Body(resp *http.Response, largest int) (body []byte, tooLarge bool, err error) {
	var from io.Reader = resp.Body
	switch encoding := strings.ToLower(resp.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
	case "gzip":
		unpacked, err := gzip.NewReader(from)
		if err != nil {
			return nil, false, err
		}
		defer unpacked.Close()
		from = unpacked
	default:
		return nil, false, gzip.ErrHeader // we asked for nothing else
	}
	body, err = io.ReadAll(io.LimitReader(from, int64(largest)+1))
	return body, len(body) > largest, err
}

// CutShort is why a body that began did not end.
func CutShort(err error) (cause string) {
	var timeout net.Error
	var corrupt flate.CorruptInputError
	switch {
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "too_slow"
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return "bad_gzip"
	}
	return "truncated"
}

// IsJSON says whether an answer calls itself JSON.
func IsJSON(resp *http.Response) bool {
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

// IsMarkup is true for a page, whatever its header calls it.
func IsMarkup(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) }

// longestWait bounds what a server may ask for: usual windows are an hour.
const longestWait = 24 * time.Hour

// RetryAfter reads how long to wait: Retry-After in seconds or as a date, else X-RateLimit-Reset
// in UNIX time. 0 when neither says. A time is one of the server's clock, which its answer tells too;
// now is taken where it does not.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	if theirs, err := http.ParseTime(h.Get("Date")); err == nil {
		now = theirs
	}
	until := func(t time.Time) time.Duration { return max(0, min(t.Sub(now), longestWait)) }
	if s := strings.TrimSpace(h.Get("Retry-After")); s != "" {
		if strings.Trim(s, "0123456789") == "" {
			n, err := strconv.Atoi(s)
			if err != nil || n > int(longestWait/time.Second) {
				return longestWait
			}
			return time.Duration(n) * time.Second
		}
		if t, err := http.ParseTime(s); err == nil {
			return until(t)
		}
	}
	if n, err := strconv.ParseInt(strings.TrimSpace(h.Get("X-RateLimit-Reset")), 10, 64); err == nil {
		return until(time.Unix(n, 0))
	}
	return 0
}
