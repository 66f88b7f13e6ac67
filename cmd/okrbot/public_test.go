package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"time"
)

// onlyForOperators is what the operator's address serves and the public one must not, profiles switched on.
func onlyForOperators() (paths []string) {
	for _, profile := range pprof.Profiles() {
		paths = append(paths, "/debug/pprof/"+profile.Name()+"?debug=1")
	}
	return append(paths, "/metrics", "/debug/pprof/", "/debug/pprof/symbol", "/debug/pprof/profile?seconds=1", "/debug/pprof/trace?seconds=0.01")
}

// saying sends one request as it stands, which no HTTP client would tidy, and is the status of the answer.
func saying(t *testing.T, address, method, target, host string) (status int, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", method, target, host)
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	return resp.StatusCode, string(raw)
}

// publicAnswersItsRoutesAlone asks the public port of a process that has profiles for everything that the operator's
// serves, in every writing, and for what such programs often have beside.
func publicAnswersItsRoutesAlone(t *testing.T, o *office) {
	public, ops := o.variable("LISTEN_ADDR"), o.variable("OPS_ADDR")
	const probe, sends, page, back = "GET HEAD", "POST", "GET POST", "GET" // of a page HEAD says no more than that it is not there
	routes := map[string]string{                                           // what answers, and to which methods
		"/healthz": probe, "/readyz": probe,
		"/slack/commands": sends, "/slack/interactions": sends, "/slack/options": sends, "/slack/events": sends,
		"/connect/abc": page, "/servicenow/oauth/callback": back, "/servicenow/oauth/callback/acme.service-now.com": back,
	}
	methods := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"}
	for path, takes := range routes {
		for _, method := range methods {
			target := path
			if method == "CONNECT" {
				target = public // the only one that it may have
			}
			status, body := saying(t, public, method, target, public)
			answers := status != http.StatusMethodNotAllowed && (status != http.StatusNotFound || strings.Contains(body, "<html"))
			if answers != slices.Contains(strings.Fields(takes), method) {
				t.Errorf("%s %s: %d %.80s", method, target, status, body)
			}
		}
	}
	for _, path := range onlyForOperators() {
		if status, body := saying(t, ops, "GET", path, ops); status != http.StatusOK {
			t.Errorf("it is not at OPS_ADDR itself: %s: %d %.80s", path, status, body)
		}
		for _, target := range []string{path, "/" + path, "/." + path, "/slack/.." + path, "/slack" + path, "/connect/.." + path, "/servicenow/.." + path, "/healthz" + path, "/%2e%2e" + path,
			strings.Replace(path, "/", "/%2f", 1), strings.ToUpper(path), "http://" + ops + path, "http://" + public + path, path + "/"} {
			for _, host := range []string{public, ops, "localhost"} {
				if status, body := saying(t, public, "GET", target, host); status/100 == 2 || status/100 == 3 && !leadsNowhere(t, public, target) || strings.Contains(body, "profile:") || strings.Contains(body, "okrbot_") {
					t.Errorf("GET %s of %s: %d %.80s", target, host, status, body)
				}
			}
		}
	}
	for _, path := range []string{"/", "/index.html", "/favicon.ico", "/robots.txt", "/.env", "/.git/config", "/keyset.json", "/data/keyset.json", "/debug", "/debug/vars", "/debug/requests", "/debug/events", "/metrics.json",
		"/health", "/status", "/version", "/api/", "/admin", "/admin/", "/login", "/slack", "/slack/", "/slack/install", "/slack/oauth/callback", "/slack/commands/", "/slack/commands/x", "/connect", "/connect/", "/connect/a/b",
		"/servicenow", "/servicenow/", "/servicenow/oauth", "/servicenow/oauth/callback/a/b", "/http/oauth/callback", "/http/", "/sandbox", "/console", "/river", "/riverui", "/healthz/", "/readyz/"} {
		for _, method := range []string{"GET", "POST"} {
			if status, body := saying(t, public, method, path, public); status/100 == 2 || status/100 == 5 || status/100 == 3 && !leadsNowhere(t, public, path) {
				t.Errorf("%s %s: %d %.80s", method, path, status, body)
			}
		}
	}
}

// leadsNowhere says whether a redirect, by which a path is only written tidily, ends at what is not there.
func leadsNowhere(t *testing.T, address, target string) bool {
	t.Helper()
	if !strings.HasPrefix(target, "/") {
		return false
	}
	resp, err := http.Get("http://" + address + target)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusMethodNotAllowed
}
