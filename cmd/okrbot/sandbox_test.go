package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"okrbot/store/storetest"
)

// workshop is a folder for what the tests of this process share; TestMain removes it.
var workshop string

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "okrbot" { // see built
		main()
		return
	}
	var err error
	if workshop, err = os.MkdirTemp("", "okrbot-built-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	storetest.AtOnce()
	code := m.Run()
	os.RemoveAll(workshop)
	os.Exit(code)
}

// moment is the variable that moves the clock of tests which run as if it were another moment, as
// .ci/run has them.
const moment = "GO_CLOCK_SHIFT"

// built is okrbot, built once for the tests that run it as a process. At another moment it is this
// test binary under its name: a new build would have the machine's clock.
var built = sync.OnceValues(func() (string, error) {
	path := filepath.Join(workshop, "okrbot")
	if os.Getenv(moment) != "" {
		own, err := os.Executable()
		if err != nil {
			return "", err
		}
		code, err := os.ReadFile(own)
		if err != nil {
			return "", err
		}
		return path, os.WriteFile(path, code, 0o755)
	}
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// inTime is an environment in which okrbot has the tests' clock.
func inTime(environment []string) []string {
	if shift := os.Getenv(moment); shift != "" {
		return append(slices.Clone(environment), moment+"="+shift)
	}
	return environment
}

func binary(t *testing.T) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// spokenFor are the ports that a test has, by the first of five.
var spokenFor sync.Map

// ports finds five free ports in a row, below those that outgoing connections get, for this test alone.
func ports(t *testing.T) int {
	t.Helper()
	for range 50 {
		first, free := 20000+5*rand.N(2000), true
		if _, other := spokenFor.LoadOrStore(first, true); other {
			continue
		}
		for n := range 5 {
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
	t.Fatal("no five free ports in a row")
	return 0
}

// sandbox is a running `okrbot sandbox` with an empty environment.
type sandbox struct {
	cmd  *exec.Cmd
	page string
	said string
	errs *complaint
}

func startSandbox(t *testing.T, path, dir string, port int, arguments ...string) *sandbox {
	t.Helper()
	cmd := exec.Command(path, append([]string{"sandbox", "--port", fmt.Sprint(port)}, arguments...)...)
	cmd.Dir = dir
	cmd.Env = inTime([]string{"PATH=" + os.Getenv("PATH")})
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errs := &complaint{}
	cmd.Stderr = errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &sandbox{cmd: cmd, page: fmt.Sprintf("http://127.0.0.1:%d", port), errs: errs}
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
		close(ready) // it ended
	}()
	select {
	case said, ok := <-ready:
		if !ok {
			t.Fatalf("the sandbox ended: %s", errs.String())
		}
		s.said = said
	case <-time.After(90 * time.Second):
		t.Fatalf("the sandbox is not ready after 90 s: %s", errs.String())
	}
	return s
}

// complaint is what a process writes to stderr, to be read while it runs.
type complaint struct {
	mu   sync.Mutex
	text strings.Builder
}

func (c *complaint) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.Write(p)
}

func (c *complaint) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
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

// Whichever of its five ports is taken is named, before a database is made.
func TestATakenPortIsNamedWithTheWayOut(t *testing.T) {
	t.Parallel()
	path := binary(t)
	for n, what := range behindPorts {
		t.Run(what, func(t *testing.T) {
			dir, port := folder(t), ports(t)
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+n))
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			cmd := exec.Command(path, "sandbox", "--port", fmt.Sprint(port))
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), fmt.Sprintf("127.0.0.1:%d, for %s: ", port+n, what)) || !strings.Contains(string(out), "--port") {
				t.Errorf("it said %q, %v", out, err)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("it made %v first", left)
			}
		})
	}
}

// Of two sandboxes that are started in one folder at once, one runs, and the other says why it does not.
func TestASecondSandboxInAFolderSaysSo(t *testing.T) {
	t.Parallel()
	path, dir := binary(t), folder(t)
	type end struct {
		out string
		err error
	}
	ended := make(chan end, 2)
	var both sync.WaitGroup
	t.Cleanup(both.Wait)
	for range 2 {
		cmd := exec.Command(path, "sandbox", "--port", fmt.Sprint(ports(t)))
		cmd.Dir, cmd.Env = dir, inTime([]string{"PATH=" + os.Getenv("PATH")})
		var said complaint
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		both.Go(func() { err := cmd.Wait(); ended <- end{said.String(), err} })
		t.Cleanup(func() { _ = cmd.Process.Signal(os.Interrupt) })
	}
	var e end
	select {
	case e = <-ended:
	case <-time.After(patience):
		t.Fatal("both run")
	}
	if e.err == nil || !strings.Contains(e.out, "a sandbox runs already in this folder, on the data in .okrbot/sandbox. Use its page") || strings.Contains(e.out, "initdb") {
		t.Errorf("%v: %s", e.err, e.out)
	}
	select {
	case e := <-ended:
		t.Errorf("the other one ended too: %v: %s", e.err, e.out)
	default:
	}
}

func TestNothingLivesOnWhenTheProcessIsKilled(t *testing.T) {
	t.Parallel()
	path, dir, port := binary(t), folder(t), ports(t)
	s := startSandbox(t, path, dir, port)
	postgres := postmaster(t, filepath.Join(dir, ".okrbot", "sandbox", "postgres"))
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		if syscall.Kill(postgres, 0) != nil {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("postgres (%d) lives %s after its parent was killed", postgres, patience)
		}
	}
	// The next run finds what was kept.
	startSandbox(t, path, dir, port)
}

// skipBrowser is the variable by which somebody says that the page goes untested.
const skipBrowser = "OKRBOT_SKIP_BROWSER"

// browsers are names of Chromium, and of what is one inside.
var browsers = []string{
	"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "chrome-headless-shell", "headless_shell",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
}

// patience is how long somebody waits for what should appear. Where two suites share a machine the
// example's workspace takes more than a minute.
const patience = 3 * time.Minute

// hands finds a field by its label and a button by its words, as a person does. It counts what the
// page has asked its server and has no answer to yet.
const hands = `
const field = (label) => [...document.querySelectorAll(".field")].find((f) => f.querySelector("label")?.innerText.trim().startsWith(label))?.querySelector("input,textarea,select");
const button = (words) => [...document.querySelectorAll("#shade button, #room button, #side button, #composer button")].filter((b) => b.offsetParent && b.innerText.trim() === words && (!document.querySelector(".modal") || b.closest(".modal"))).at(-1);
if (window.going === undefined) { window.going = 0; const send = window.fetch; window.fetch = async (...a) => { going++; try { return await send(...a); } finally { going--; } }; }
const enter = (e, v) => { e.focus(); e.value = v; e.dispatchEvent(new Event("input", { bubbles: true })); };
`

func TestTheSandboxInABrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	var said complaints
	if err := said.listen(ctx); err != nil {
		t.Fatal(err)
	}
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

	// A field error stays at its field, then the connection is made.
	p.types("/okr connect")
	p.until("what to enter, beside the window", `const n = document.querySelector("#shade .notes"); if (!n) return false; n.open = true; return n.innerText.includes("sandbox-key") && !n.closest("[inert]")`)
	p.fills("ServiceNow URL", "http://acme.service-now.com")
	p.presses("Connect")
	p.until("the error at its field", `const f = field("ServiceNow URL"); return f?.getAttribute("aria-invalid") === "true" && document.querySelector(".field .error").innerText.includes("https")`)
	p.fills("ServiceNow URL", instance)
	p.presses("Connect")
	entry := p.goesOn()
	entry.shot("entry")
	entry.sends("username", "okr.reader", "password", "sandbox")
	entry.sees("The connection works.")
	p.sees("is connected")
	p.presses("Close")

	p.types("/okr add-objective")
	p.fills("Objective", "Run a calm service desk")
	p.finds("Time zone", "vienna")
	p.until("the choice staying when the field is left", `const f = field("Time zone"); f.blur(); return f.value === "Europe/Vienna"`)
	p.runs()
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
	p.presses("More")
	p.sees("What was promised: after the start")
	p.until("the fields behind More in sight", `const b = button("Less"); if (!b) return false; b.scrollIntoView(); return true`)
	p.shot("wizard-details-more")
	p.presses("Less")
	p.sees("shows: committed result")
	p.until("what will happen in sight", `const b = button("More"); if (!b) return false; b.scrollIntoView(); return true`)
	p.shot("wizard-details")
	p.presses("Save")
	p.sees("is added")
	p.presses("Close")
	p.sees("score of")
	p.until("the trend's chart", `const c = document.querySelector(".chart"); return c?.querySelectorAll("circle").length > 2 && c.innerText.includes("Target") && !document.querySelector(".unknown")`)
	p.presses("Sync Integration Data")
	p.sees("no newer score in ServiceNow since")
	p.shot("channel")

	// Others see the card and may not sync it; a guest may not even ask.
	p.is("bob")
	p.sees("Fewer open incidents")
	p.presses("Sync Integration Data")
	p.sees("You may not sync KR-1. Ask @alice")
	p.is("dave")
	p.types("/okr sync KR-1")
	p.sees("Ask @alice")
	p.is("alice")

	// A menu by the keyboard.
	p.until("the arrows and Escape in a menu", `
		const m = document.querySelector("#room details.kebab"), key = (key) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
		m.firstChild.focus(); key("ArrowDown"); const [first, open] = [document.activeElement, m.open]; key("ArrowDown"); const second = document.activeElement; key("Escape");
		return open && first !== second && first.closest("details") === m && second.closest("details") === m && !m.open && document.activeElement === m.firstChild`)

	p.presses("okrbot (Home)")
	p.sees("My Objectives")
	p.sees("Fewer open incidents")
	p.shot("home")
	// Home is opened for whoever looks at it, for the first time too.
	p.is("dave")
	p.sees("Nothing here yet. Objectives and key results")
	p.is("alice")
	p.sees("Fewer open incidents")

	// A new score is collected and tomorrow comes: the change is posted by itself.
	p.presses("ServiceNow")
	p.sees("Advance to the next due sync")
	p.shot("servicenow")
	p.console("Number of open incidents", "Collect a value…")
	p.answers("value", "77")
	p.presses("Advance to the next due sync")
	p.presses("# it-okrs")
	p.sees("→ 77")

	// Asleep: the owner is told by direct message, and again when it is over.
	p.presses("ServiceNow")
	p.breaks("hibernating")
	p.sees("The instance is asleep")
	p.presses("# it-okrs")
	p.types("/okr sync all")
	p.sees("asleep")
	p.message("okrbot")
	p.sees("Not syncing")
	p.presses("ServiceNow")
	p.presses("Fix")
	p.sees("The instance works.")
	p.presses("Advance to the next due sync")
	p.message("okrbot")
	p.sees("Syncing again")

	p.presses("Over the wire")
	p.sees("ack after")
	p.shot("wire")
	p.presses("Over the wire")
	p.drawing()
	p.themes()
	if list := said.all(); len(list) > 0 {
		t.Errorf("the browser complained: %q", list)
	}
}

// TestFilesAndAChoiceOfManyInABrowser draws what an export and a close-out bring to the page.
func TestFilesAndAChoiceOfManyInABrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	var said complaints
	if err := said.listen(ctx); err != nil {
		t.Fatal(err)
	}
	s := startSandbox(t, binary(t), folder(t), ports(t))
	p := page{t, ctx}
	if err := chromedp.Do(ctx, chromedp.Navigate(s.page)); err != nil {
		t.Fatal(err)
	}
	p.types("/okr add-objective")
	p.fills("Objective", "Ship it")
	p.presses("Save")
	p.until("the form closing", `return !document.querySelector(".modal")`)
	p.types("/okr add-kr")
	p.fills("Key Result", "Interviews held")
	p.until("updating it oneself", `const r = [...document.querySelectorAll(".modal label")].find((l) => l.innerText.includes("I will update it myself"))?.querySelector("input"); if (!r) return false; r.click(); return true`)
	p.arrives()
	p.presses("Next")
	p.fills("Start Value", "0")
	p.fills("Result Value", "4")
	p.fills("Target Value", "10")
	p.presses("Save")
	p.sees("is added")
	p.presses("Close")

	p.types("/okr export")
	p.sees("Making your files")
	messages := func() {
		t.Helper()
		p.until("going to the direct message", `const b = [...document.querySelectorAll("#side button")].find((b) => b.innerText.startsWith("okrbot") && !b.innerText.includes("Home")); b?.click(); return !!b`)
	}
	messages()
	p.until("the files", `const f = [...document.querySelectorAll("a.file")]; return f.length === 2 && f.every((a) => /okrs-.*Download/s.test(a.innerText) && a.href.includes("/files-pri/"))`)
	p.shot("export")

	p.presses("# it-okrs")
	p.until("half a year passing", `fetch("/api/do", { method: "POST", body: JSON.stringify({ do: "advance", days: 190 }) }); return true`)
	p.arrives()
	p.types("/okr close-out")
	p.sees("Carry over to")
	p.until("choosing what goes on", `const e = document.querySelector(".modal select[multiple]"); if (!e) return false; e.options[0].selected = true; e.dispatchEvent(new Event("change", { bubbles: true })); return !document.querySelector(".unknown")`)
	p.arrives()
	p.shot("close-out")
	p.presses("Close out")
	p.sees("starts at 4")
	p.presses("Close out")
	p.until("the form closing", `return !document.querySelector(".modal")`)
	messages()
	p.sees("is closed out.")
	if list := said.all(); len(list) > 0 {
		t.Errorf("the page complains: %q", list)
	}
}
