package main

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"
)

// front is where Slack reaches okrbot: it passes everything on to a replica that lives.
type front struct {
	office *office
	server *httptest.Server
	client *http.Client
	only   atomic.Pointer[replica] // whom everything is passed on to, where it lives
}

func (o *office) openFront() {
	o.front = &front{office: o, client: &http.Client{Timeout: 5 * time.Second}}
	o.front.server = httptest.NewServer(o.front)
	o.chat.slack.SetApp(o.front.server.URL)
}

// alive is one of the replicas that live, nil where none does.
func (o *office) alive() *replica {
	var list []*replica
	for _, r := range o.replicas {
		if r.pid() != 0 {
			list = append(list, r)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list[o.pick(len(list))]
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	to := f.only.Load()
	if to == nil || to.pid() == 0 {
		to = f.office.alive()
	}
	if to == nil {
		cutOff(w)
		return
	}
	req, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+to.listen+r.URL.Path, r.Body)
	if err != nil {
		cutOff(w)
		return
	}
	req.Header, req.ContentLength = r.Header.Clone(), r.ContentLength
	resp, err := f.client.Do(req)
	if err != nil {
		cutOff(w)
		return
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		cutOff(w)
		return
	}
	maps.Copy(w.Header(), resp.Header)
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(raw)
}
