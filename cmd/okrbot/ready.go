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

// Run asks the okrbot that serves at OPS_ADDR what it says at /readyz. Each process has that address for
// itself, with --no-web too; at LISTEN_ADDR another one may answer. It is for a container's health check: an
// image without a shell has nothing else to ask with.
func (readyCommand) Run(in *invocation) error {
	ctx, cancel := context.WithTimeout(in.ctx, 4*time.Second)
	defer cancel()
	address := cmp.Or(trim(os.Getenv("OPS_ADDR")), "127.0.0.1:9090")
	at, err := here("OPS_ADDR", address)
	if err != nil {
		return err
	}
	if err := askReady(ctx, at); err != nil {
		return fmt.Errorf("not ready: %w (asked at OPS_ADDR, %s)", err, address)
	}
	fmt.Fprintf(in.out, "ready (asked at OPS_ADDR, %s)\n", address)
	return nil
}

// askReady is nil where an okrbot says that it is ready, else what it says.
func askReady(ctx context.Context, at string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("asking: %w", err)
	}
	// Itself and nobody else: not through a proxy of the environment.
	resp, err := (&http.Client{Transport: &http.Transport{}}).Do(req)
	var broken *net.OpError
	switch {
	case errors.As(err, &broken) && broken.Op == "dial":
		return errors.New("nobody answers: is `okrbot serve` running?")
	case err != nil:
		return errors.New("it takes the question and does not answer")
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
	said := strings.TrimSpace(string(body))
	switch {
	case resp.StatusCode == http.StatusOK && said == "ready":
		return nil
	case resp.StatusCode == http.StatusServiceUnavailable:
		return errors.New(said)
	}
	return errors.New("what answers there is not okrbot")
}

// here is where a listener's own machine reaches it.
func here(variable, address string) (string, error) {
	if !listenable(address) {
		return "", badConfig{variable + ": write it as host:port, such as :8080 or 127.0.0.1:9090"}
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
