package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// binary builds okrbot once for the tests that run it as a process.
func binary(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "okrbot")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// ports finds four free ports in a row.
func ports(t *testing.T) int {
	t.Helper()
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		first := l.Addr().(*net.TCPAddr).Port
		l.Close()
		free := true
		for n := range 4 {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+n))
			if err != nil {
				free = false
				break
			}
			l.Close()
		}
		if free {
			return first
		}
	}
	t.Fatal("no four free ports in a row")
	return 0
}

// sandbox is a running `okrbot sandbox` with an empty environment.
type sandbox struct {
	cmd  *exec.Cmd
	page string
	said string
}

func startSandbox(t *testing.T, path, dir string, port int, arguments ...string) *sandbox {
	t.Helper()
	cmd := exec.Command(path, append([]string{"sandbox", "--port", fmt.Sprint(port)}, arguments...)...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &sandbox{cmd: cmd, page: fmt.Sprintf("http://127.0.0.1:%d", port)}
	t.Cleanup(func() { s.stop(t) })
	ready := make(chan string, 1)
	go func() {
		var said strings.Builder
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			said.WriteString(lines.Text() + "\n")
			if strings.Contains(lines.Text(), "Ctrl-C") {
				ready <- said.String()
			}
		}
		_, _ = io.Copy(io.Discard, out)
	}()
	select {
	case s.said = <-ready:
	case <-time.After(90 * time.Second):
		t.Fatalf("the sandbox is not ready after 90 s: %s", errs.String())
	}
	return s
}

func (s *sandbox) stop(t *testing.T) {
	t.Helper()
	if s.cmd.ProcessState != nil {
		return
	}
	_ = s.cmd.Process.Signal(os.Interrupt)
	done := make(chan error, 1)
	go func() { done <- s.cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("Ctrl-C ended it with %v, want exit status 0", err)
		}
	case <-time.After(25 * time.Second):
		_ = s.cmd.Process.Kill()
		t.Error("it did not end within 25 s")
	}
}

// folder is one that the user whom Postgres runs as can reach.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "okrbot-sandbox-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestATakenPortIsNamedWithTheWayOut(t *testing.T) {
	path, dir, port := binary(t), folder(t), ports(t)
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cmd := exec.Command(path, "sandbox", "--port", fmt.Sprint(port))
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), fmt.Sprint(port)) || !strings.Contains(string(out), "--port") {
		t.Errorf("it said %q, %v", out, err)
	}
}

func TestNothingLivesOnWhenTheProcessIsKilled(t *testing.T) {
	path, dir, port := binary(t), folder(t), ports(t)
	s := startSandbox(t, path, dir, port)
	pid := filepath.Join(dir, ".okrbot", "sandbox", "postgres", "postmaster.pid")
	raw, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err)
	}
	var postgres int
	if _, err := fmt.Sscan(string(raw), &postgres); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if syscall.Kill(postgres, 0) != nil {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("postgres (%d) lives 10 s after its parent was killed", postgres)
		}
	}
	// The next run finds what was kept.
	startSandbox(t, path, dir, port)
}

// browser is a page in Chromium, which the test skips without.
func browser(t *testing.T) context.Context {
	t.Helper()
	found := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			found = path
			break
		}
	}
	if found == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("no Chromium, and this is CI: `.ci/run` installs it")
		}
		t.Skip("no Chromium on this machine: `apt-get install chromium`, then this test runs")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(found), chromedp.NoSandbox, chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true))
	allocated, free := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(free)
	ctx, cancel := chromedp.NewContext(allocated)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// page is somebody in front of the sandbox's page.
type page struct {
	t   *testing.T
	ctx context.Context
}

// patience is how long somebody waits for what should appear.
const patience = 20 * time.Second

// hands finds a field by its label and a button by its words, as a person does.
const hands = `
const field = (label) => [...document.querySelectorAll(".field")].find((f) => f.querySelector("label")?.innerText.trim().startsWith(label))?.querySelector("input,textarea,select");
const button = (words) => [...document.querySelectorAll("#shade button, #room button, #side button, #composer button")].filter((b) => b.offsetParent && b.innerText.trim() === words && (!document.querySelector(".modal") || b.closest(".modal"))).at(-1);
const enter = (e, v) => { e.focus(); e.value = v; e.dispatchEvent(new Event("input", { bubbles: true })); };
`

// until waits until a question about the page is answered with true; asking may do something.
func (p page) until(what, question string, values ...any) {
	p.t.Helper()
	expression := "(() => {" + hands + fmt.Sprintf(question, values...) + "})()"
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		yes, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](expression))
		if err == nil && yes {
			return
		}
		if time.Now().After(end) {
			text, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string]("document.body.innerText"))
			p.shot("failed")
			p.t.Fatalf("%s: not within %s (%v); the page shows:\n%s", what, patience, err, text)
		}
	}
}

// sees waits until the words are on the page.
func (p page) sees(words string) {
	p.t.Helper()
	p.until("seeing "+words, "return document.body.innerText.includes(%q)", words)
}

// types types into the composer and sends.
func (p page) types(command string) {
	p.t.Helper()
	p.until("typing "+command, `const s = document.getElementById("say"); if (!s?.offsetParent || document.querySelector(".modal")) return false; enter(s, %q); document.getElementById("composer").requestSubmit(); return true`, command)
}

// fills types into a field and leaves it, and waits until that has arrived.
func (p page) fills(label, value string) {
	p.t.Helper()
	p.until("filling "+label, `const e = field(%q); if (!e) return false; enter(e, %q); e.dispatchEvent(new Event("change", { bubbles: true })); return true`, label, value)
	time.Sleep(200 * time.Millisecond)
}

// finds types into a type-ahead and takes what it offers first.
func (p page) finds(label, words string) {
	p.t.Helper()
	p.until("searching "+label, `const e = field(%q); if (!e) return false; enter(e, %q); return true`, label, words)
	p.until("choosing "+words, `const o = document.querySelector(".combo li[role=option]"); if (!o || !o.innerText.toLowerCase().includes(%q)) return false; o.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true })); return true`, words)
	time.Sleep(300 * time.Millisecond)
}

func (p page) presses(label string) {
	p.t.Helper()
	p.until("pressing "+label, `const b = button(%q); if (!b) return false; b.click(); return true`, label)
}

// shot writes what the page looks like into the folder that CI keeps out of git.
func (p page) shot(name string) {
	raw, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return
	}
	dir := filepath.Join("..", "..", "screenshots")
	if os.MkdirAll(dir, 0o755) == nil {
		_ = os.WriteFile(filepath.Join(dir, name+".png"), raw, 0o644)
	}
}

func TestTheSandboxInABrowser(t *testing.T) {
	ctx := browser(t)
	s := startSandbox(t, binary(t), folder(t), ports(t))
	var instance string
	if _, after, ok := strings.Cut(s.said, "ServiceNow URL  "); ok {
		instance, _, _ = strings.Cut(after, "\n")
	}
	p := page{t, ctx}
	if err := chromedp.Do(ctx, chromedp.Navigate(s.page)); err != nil {
		t.Fatal(err)
	}
	p.types("/okr help")
	p.sees("keeps Key Results true")

	p.types("/okr connect")
	p.fills("ServiceNow URL", instance)
	p.fills("Username", "okr.reader")
	p.fills("Password", "sandbox")
	p.presses("Connect")
	p.sees("is connected")
	p.presses("Close")

	p.types("/okr add-objective")
	p.fills("Objective", "Run a calm service desk")
	p.fills("Channel", "C0ITOKRS")
	p.presses("Save")
	p.until("the form closing", `return !document.querySelector(".modal")`)

	p.types("/okr add-kr")
	p.fills("Key Result", "Fewer open incidents")
	p.shot("wizard-start")
	p.presses("Next")
	p.finds("Scorecard", "open incidents")
	p.presses("Preview results")
	p.sees("Last 12 scores")
	p.shot("wizard")
	p.presses("Connect")
	p.sees("Target Value")
	p.fills("Target Value", "60")
	p.shot("wizard-details")
	p.presses("Save")
	p.sees("is added")
	p.presses("Close")
	p.sees("score of")
	p.presses("Sync Integration Data")
	p.sees("no newer score in ServiceNow since")
	p.shot("channel")

	p.presses("okrbot (Home)")
	p.sees("My Objectives")
	p.sees("Fewer open incidents")
	p.shot("home")
	p.presses("ServiceNow")
	p.sees("Collect score")
	p.shot("servicenow")
	p.presses("+1 day")
	p.presses("# it-okrs")
	p.sees("→") // tomorrow's sync has changed it
}
