package servicenow

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	batchQuota  = 30 * time.Second // ServiceNow's own quota rule
	largestItem = 10 << 20         // bytes of one item's answer
	largestCall = 5 << 20          // bytes of a call
)

// batchCall is what POST /api/now/v1/batch takes.
type batchCall struct {
	ID       string `json:"batch_request_id"`
	Requests []struct {
		ID      string       `json:"id"`
		Method  string       `json:"method"`
		URL     string       `json:"url"`
		Headers []itemHeader `json:"headers"`
		Body    string       `json:"body"`
		Silent  bool         `json:"exclude_response_headers"`
	} `json:"rest_requests"`
}

type itemHeader struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// batchedItem is one answer within the answer.
type batchedItem struct {
	ID         string       `json:"id"`
	Body       string       `json:"body"`
	Status     int          `json:"status_code"`
	StatusText string       `json:"status_text"`
	Headers    []itemHeader `json:"headers"`
	Took       int64        `json:"execution_time"`
	Redirect   string       `json:"redirect_url,omitempty"`
}

// itemOf marks a request that came within a batch.
type itemOf struct{}

func isItem(r *http.Request) bool { return r.Context().Value(itemOf{}) != nil }

// batch runs the requests of a call one after another, each with the rights of the caller, and
// leaves undone what its quota does not reach. It says how many it ran.
func (i *Instance) batch(w *recorder, r *http.Request) (ran int) {
	refuse := func(status int, message string, detail any) int {
		failure(w, status, message, detail)
		return 1
	}
	if r.Method != http.MethodPost {
		return refuse(http.StatusMethodNotAllowed, "Method not supported", nil)
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return refuse(http.StatusUnsupportedMediaType, "Unsupported Media Type", "Content-Type must be application/json")
	}
	var call batchCall
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestCall))
	if err != nil || json.Unmarshal(raw, &call) != nil || len(call.Requests) == 0 {
		return refuse(http.StatusBadRequest, "Invalid batch request", "rest_requests is missing, or the body is not JSON")
	}
	ids := map[string]bool{}
	for n, one := range call.Requests {
		if one.ID == "" || one.Method == "" || !strings.HasPrefix(one.URL, "/") || ids[one.ID] {
			return refuse(http.StatusBadRequest, "Invalid batch request", fmt.Sprintf("request %d lacks an id of its own, a method or a relative url", n+1))
		}
		ids[one.ID] = true
	}
	i.mu.Lock()
	quota := i.batchQuota
	odd := i.take(r, "", func(k Kind) bool { return changesBatch[k] })
	i.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), itemOf{}, true), quota)
	defer cancel()
	most := len(call.Requests)
	if odd != nil && odd.Kind == Unserviced {
		most = min(most, odd.After)
	}
	done, left := []batchedItem{}, []string{}
	for n, one := range call.Requests {
		if n >= most || ctx.Err() != nil {
			left = append(left, one.ID)
			continue
		}
		answer := i.item(ctx, r, one.Method, one.URL, one.Headers)
		if ctx.Err() != nil { // cancelled while it ran
			left = append(left, one.ID)
			continue
		}
		if answer.ID = one.ID; one.Silent {
			answer.Headers = []itemHeader{}
		}
		done = append(done, answer)
	}
	if r.Context().Err() != nil {
		return len(done)
	}
	id := call.ID
	if odd != nil && len(done) > 0 {
		id, done = odd.mixUp(id, done)
	}
	answer(w, http.StatusOK, map[string]any{"batch_request_id": id, "serviced_requests": done, "unserviced_requests": left})
	return len(done)
}

// item runs one request of a batch. It has the caller's sign-in, whatever its own headers say.
func (i *Instance) item(ctx context.Context, call *http.Request, method, at string, headers []itemHeader) batchedItem {
	began := time.Now()
	out := &kept{header: http.Header{}, status: http.StatusOK}
	if u, err := url.ParseRequestURI(at); err != nil {
		failure(out, http.StatusBadRequest, "Requested URI does not represent any resource", nil)
	} else {
		r := (&http.Request{Method: method, URL: u, Header: http.Header{}, Host: call.Host, Body: http.NoBody}).WithContext(ctx)
		for _, h := range headers {
			r.Header.Set(h.Name, h.Value)
		}
		for _, name := range []string{"Authorization", "X-Sn-Apikey"} {
			r.Header[name] = call.Header[name]
		}
		if apiOf(r) == BatchAPI {
			failure(out, http.StatusBadRequest, "Requested URI does not represent any resource", nil) // no batch within a batch
		} else {
			i.serve(&recorder{ResponseWriter: out, status: http.StatusOK}, r)
		}
	}
	if out.body.Len() > largestItem {
		out = &kept{header: http.Header{}, status: http.StatusInternalServerError}
	}
	one := batchedItem{
		Body: base64.StdEncoding.EncodeToString(out.body.Bytes()), Status: out.status, StatusText: http.StatusText(out.status),
		Headers: []itemHeader{}, Took: time.Since(began).Milliseconds(), Redirect: out.header.Get("Location"),
	}
	for name, values := range out.header {
		for _, value := range values {
			one.Headers = append(one.Headers, itemHeader{name, value})
		}
	}
	return one
}

// mixUp alters a batch's answer.
func (f *Fault) mixUp(id string, done []batchedItem) (string, []batchedItem) {
	switch f.Kind {
	case LostItem:
		done = done[1:]
	case TwiceItem:
		done = append(done, done[0])
	case StrangeItem:
		done[0].ID = "nobody's"
	case SwappedItem:
		if len(done) > 1 {
			done[0].Body, done[1].Body = done[1].Body, done[0].Body
		}
	case OtherBatch:
		id = "another"
	case Bare:
		for n := range done {
			done[n].Headers = nil
		}
	}
	return id, done
}

// kept is the answer to an item.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *kept) Header() http.Header         { return k.header }
func (k *kept) WriteHeader(status int)      { k.status = status }
func (k *kept) Write(p []byte) (int, error) { return k.body.Write(p) }
