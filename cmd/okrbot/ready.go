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

// errNobody is that nothing listens at an address.
var errNobody = errors.New("nobody answers")

// Run asks the okrbot that serves at LISTEN_ADDR what it says at /readyz, or at OPS_ADDR where nobody is at
// the first, as with `serve --no-web`. It is for a container's health check: an image without a shell has
// nothing else to ask with.
func (readyCommand) Run(in *invocation) error {
	ctx, cancel := context.WithTimeout(in.ctx, 4*time.Second)
	defer cancel()
	var asked []string
	for _, a := range []struct{ variable, otherwise string }{{"LISTEN_ADDR", ":8080"}, {"OPS_ADDR", "127.0.0.1:9090"}} {
		address := cmp.Or(trim(os.Getenv(a.variable)), a.otherwise)
		at, err := here(a.variable, address)
		if err != nil {
			return err
		}
		asked = append(asked, a.variable+", "+address)
		err = askReady(ctx, at)
		switch {
		case errors.Is(err, errNobody):
			continue
		case err != nil:
			return fmt.Errorf("not ready: %w (asked at %s)", err, asked[len(asked)-1])
		}
		fmt.Fprintf(in.out, "ready (asked at %s)\n", asked[len(asked)-1])
		return nil
	}
	return fmt.Errorf("nobody answers at %s: is `okrbot serve` running?", strings.Join(asked, ", nor at "))
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
		return errNobody
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
