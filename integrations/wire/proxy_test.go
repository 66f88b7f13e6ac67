package wire

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
)

// A proxy of the environment would see what is not its own. Go reads the environment once for each
// process, so that one of its own asks.
func TestTheEnvironmentsProxiesAreNotUsed(t *testing.T) {
	const child = "OKRBOT_TEST_BEHIND_A_PROXY"
	if os.Getenv(child) != "" {
		nowhere := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("there are no names here")
		}}
		for _, origin := range []string{"http://instance.example", "https://instance.example"} {
			if resp, err := (Network{Resolver: nowhere}).Client([]string{origin}).Get(origin); err == nil {
				_ = resp.Body.Close()
				t.Errorf("%s was reached", origin)
			}
		}
		if resp, err := http.Get("http://instance.example"); err == nil { // which the proxy sees, as a check of this test
			_ = resp.Body.Close()
		}
		return
	}
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	var asked atomic.Int64
	go func() {
		for {
			conn, err := proxy.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			_, _ = conn.Write([]byte("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
			_ = conn.Close()
		}
	}()
	cmd := exec.Command(os.Args[0], "-test.run=^TestTheEnvironmentsProxiesAreNotUsed$", "-test.count=1")
	at := "http://" + proxy.Addr().String()
	cmd.Env = append(os.Environ(), child+"=1", "HTTP_PROXY="+at, "HTTPS_PROXY="+at, "http_proxy="+at, "https_proxy="+at, "ALL_PROXY="+at, "NO_PROXY=", "no_proxy=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the proxy was dialled %d times, want once, by the check", n)
	}
}
