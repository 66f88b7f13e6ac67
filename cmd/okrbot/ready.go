package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

type readyCommand struct{}

// Run asks the okrbot that serves at LISTEN_ADDR what it says at /readyz, for a container's health
// check: an image without a shell has nothing else to ask with.
func (readyCommand) Run(in *invocation) error {
	address := cmp.Or(trim(os.Getenv("LISTEN_ADDR")), ":8080")
	at, err := here(address)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(in.ctx, 4*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("asking whether okrbot is ready: %w", err)
	}
	// Itself and nobody else: not through a proxy of the environment.
	resp, err := (&http.Client{Transport: &http.Transport{}}).Do(req)
	if err != nil {
		return fmt.Errorf("nobody answers at LISTEN_ADDR, %s: is `okrbot serve` running?", address)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
	if resp.StatusCode != http.StatusOK {
		return errors.New("not ready: " + strings.TrimSpace(string(body)))
	}
	fmt.Fprint(in.out, string(body))
	return nil
}

// here is where a listener's own machine reaches it.
func here(address string) (string, error) {
	if !listenable(address) {
		return "", badConfig{"LISTEN_ADDR: write it as host:port, such as :8080 or 127.0.0.1:9090"}
	}
	host, port, _ := net.SplitHostPort(address)
	// It listens on every address, this one too. Not "localhost": an image of one file knows no names.
	switch host {
	case "", "0.0.0.0":
		host = "127.0.0.1"
	case "::":
		host = "::1"
	}
	return net.JoinHostPort(host, port), nil
}
