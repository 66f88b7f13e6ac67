package main

import (
	"bufio"
	"context"
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

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"okrbot/sandbox/seed"
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

// ports finds five free ports in a row, below those that outgoing connections get.
func ports(t *testing.T) int {
	t.Helper()
	for range 50 {
		first, free := 20000+rand.N(10000), true
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
	var errs complaint
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
	if e := <-ended; e.err == nil || !strings.Contains(e.out, "a sandbox runs already in this folder, on the data in .okrbot/sandbox. Use its page") || strings.Contains(e.out, "initdb") {
		t.Errorf("%v: %s", e.err, e.out)
	}
	select {
	case e := <-ended:
		t.Errorf("the other one ended too: %v: %s", e.err, e.out)
	default:
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

// browser is a page in Chromium. Without one the test fails: "go test" says nothing of what it
// skips, and a page that nobody tested is not ok.
func browser(t *testing.T) context.Context {
	t.Helper()
	found := ""
	for _, name := range browsers {
		if path, err := exec.LookPath(name); err == nil {
			found = path
			break
		}
	}
	if found == "" && os.Getenv(skipBrowser) != "" {
		t.Skip("no Chromium, and " + skipBrowser + " is set")
	}
	if found == "" {
		t.Fatal("The sandbox's page was not tested: there is no Chromium on this machine. Install it (apt-get install chromium), or set " + skipBrowser + "=1 to go without this test.")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(found), chromedp.NoSandbox, chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true))
	allocated, free := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(free)
	ctx, cancel := chromedp.NewContext(allocated)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 8*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// page is somebody in front of the sandbox's page.
type page struct {
	t   *testing.T
	ctx context.Context
}

// patience is how long somebody waits for what should appear.
const patience = time.Minute

// hands finds a field by its label and a button by its words, as a person does. It counts what the
// page has asked its server and has no answer to yet.
const hands = `
const field = (label) => [...document.querySelectorAll(".field")].find((f) => f.querySelector("label")?.innerText.trim().startsWith(label))?.querySelector("input,textarea,select");
const button = (words) => [...document.querySelectorAll("#shade button, #room button, #side button, #composer button")].filter((b) => b.offsetParent && b.innerText.trim() === words && (!document.querySelector(".modal") || b.closest(".modal"))).at(-1);
if (window.going === undefined) { window.going = 0; const send = window.fetch; window.fetch = async (...a) => { going++; try { return await send(...a); } finally { going--; } }; }
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

// arrives waits until the sandbox has answered all that the page told it.
func (p page) arrives() {
	p.t.Helper()
	p.until("what was done arriving", "return going === 0")
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
	p.arrives()
}

// runs gives an objective a period that is past its middle, also on a quarter's first day.
func (p page) runs() {
	p.t.Helper()
	p.fills("Period", "dates")
	p.fills("First day", time.Now().AddDate(0, 0, -55).Format(time.DateOnly))
	p.fills("Last day", time.Now().AddDate(0, 0, 35).Format(time.DateOnly))
}

// finds types into a type-ahead and takes what it offers first.
func (p page) finds(label, words string) {
	p.t.Helper()
	p.until("searching "+label, `const e = field(%q); if (!e) return false; enter(e, %q); return true`, label, words)
	p.until("choosing "+words, `const o = document.querySelector(".combo li[role=option]"); if (!o || !o.innerText.toLowerCase().includes(%q)) return false; o.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true })); return true`, words)
	p.arrives()
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

// is switches to somebody else.
func (p page) is(name string) {
	p.t.Helper()
	p.until("being "+name, `const s = document.getElementById("who"); s.value = %q; s.dispatchEvent(new Event("change", { bubbles: true })); return s.value === %q`, name, name)
	p.arrives()
}

// console does something to a scorecard, by its row's menu.
func (p page) console(scorecard, item string) {
	p.t.Helper()
	p.until(item+" of "+scorecard, `const r = [...document.querySelectorAll("tbody tr")].find((r) => r.cells[0].innerText.trim() === %q); if (!r) return false; const b = [...r.querySelectorAll("button")].find((b) => b.textContent === %q); if (!b) return false; r.querySelector("details").open = true; b.click(); return true`, scorecard, item)
}

// answers fills the console's small form and sends it.
func (p page) answers(field, value string) {
	p.t.Helper()
	p.until("entering "+value, `const d = document.querySelector("dialog[open]"); if (!d) return false; d.querySelector("#ask_" + %q).value = %q; d.querySelector("form").requestSubmit(); return !document.querySelector("dialog[open]")`, field, value)
}

// breaks has the instance fail for everybody.
func (p page) breaks(fault string) {
	p.t.Helper()
	p.until("breaking", `const s = document.getElementById("fault"); if (!s) return false; s.value = %q; const b = [...document.querySelectorAll(".panel button")].find((b) => b.innerText === "Break"); b.click(); return true`, fault)
}

func TestTheSandboxInABrowser(t *testing.T) {
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
	p.sees("has a committed result")
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
	p.sees("You may not sync this key result. Ask @alice")
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

func TestADocumentInABrowser(t *testing.T) {
	ctx := browser(t)
	s := startSandbox(t, binary(t), folder(t), ports(t))
	var address string
	if _, after, ok := strings.Cut(s.said, "Document URL    "); ok {
		address, _, _ = strings.Cut(after, "\n")
	}
	p := page{t, ctx}
	if err := chromedp.Do(ctx, chromedp.Navigate(s.page)); err != nil {
		t.Fatal(err)
	}
	p.types("/okr connect")
	p.fills("System", "http")
	p.fills("Document URL", address)
	p.shot("connect-document")
	p.presses("Connect")
	p.sees("is connected")
	p.presses("Close")
	p.types("/okr add-objective")
	p.fills("Objective", "Builds one can trust")
	p.runs()
	p.fills("Channel", "C0ITOKRS")
	p.presses("Save")
	p.until("the form closing", `return !document.querySelector(".modal")`)
	p.types("/okr add-kr")
	p.fills("Key Result", "More coverage")
	p.until("choosing HTTP JSON", `const l = [...document.querySelectorAll(".modal label.block")].find((l) => l.innerText.trim() === "HTTP JSON"); if (!l) return false; l.click(); return l.querySelector("input").checked`)
	p.presses("Next")
	p.finds("Scorecard", "coverage")
	p.presses("Preview results")
	p.sees("Last 12 scores")
	p.shot("preview-document")
	p.presses("Connect")
	p.fills("Target Value", "95")
	p.presses("Save")
	p.sees("is added")
	p.presses("Close")
	p.sees("score of")
	p.until("the trend's chart", `const c = document.querySelector(".chart"); return c?.querySelectorAll("circle").length > 2`)
}

// goesOn follows "Continue in your browser" into another tab.
func (p page) goesOn() page {
	p.t.Helper()
	p.until("the link", `return !!document.querySelector(".modal a.btn")`)
	address, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`document.querySelector(".modal a.btn").href`))
	if err != nil {
		p.t.Fatal(err)
	}
	return p.tab(address)
}

// tab opens an address in another tab; with options, in another browser.
func (p page) tab(address string, options ...chromedp.ContextOption) page {
	p.t.Helper()
	ctx, cancel := chromedp.NewContext(p.ctx, options...)
	p.t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		p.t.Fatal(err)
	}
	return page{p.t, ctx}
}

// sends fills a page's form by its fields' names and sends it.
func (p page) sends(pairs ...string) {
	p.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		p.until("the field "+pairs[i], `const e = document.querySelector("[name=%s]"); if (!e) return false; e.value = %q; return true`, pairs[i], pairs[i+1])
	}
	p.until("the form", `const b = document.querySelector("form button"); if (!b) return false; b.click(); return true`)
}

// decides presses Allow or Deny on ServiceNow's own page.
func (p page) decides(answer string) {
	p.t.Helper()
	p.until(answer, `const b = [...document.querySelectorAll("form button")].find((b) => b.value === %q); if (!b) return false; b.click(); return true`, answer)
}

func TestOAuthInABrowser(t *testing.T) {
	ctx := browser(t)
	s := startSandbox(t, binary(t), folder(t), ports(t))
	_, after, _ := strings.Cut(s.said, "ServiceNow URL  ")
	instance, _, _ := strings.Cut(after, "\n")
	p := page{t, ctx}
	if err := chromedp.Do(ctx, chromedp.Navigate(s.page)); err != nil {
		t.Fatal(err)
	}
	asks := func(name string) {
		p.is(name)
		p.types("/okr connect")
		p.fills("Sign in with", "oauth")
		p.fills("ServiceNow URL", instance)
		p.presses("Connect")
	}

	// The administrator registers the client once, and denies.
	asks("carol")
	tab := p.goesOn()
	tab.sees("Register okrbot in ServiceNow")
	tab.sees("Machine Identity Console")
	tab.shot("register")
	tab.sends("client_id", seed.ClientID, "client_secret", seed.ClientSecret)
	tab.sends("user_name", seed.User, "user_password", seed.Password)
	tab.decides("deny")
	tab.sees("Not allowed")
	p.sees("It was not allowed in the browser")
	p.presses("Close")

	// Anybody connects by one button then. The link goes on in the browser that began.
	asks("alice")
	tab = p.goesOn()
	var back string
	var mu sync.Mutex
	if _, err := chromedp.Call(tab.ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Listen(tab.ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok && strings.Contains(e.Request.URL, "/oauth/callback/") {
			mu.Lock()
			defer mu.Unlock()
			back = e.Request.URL
		}
	}); err != nil {
		t.Fatal(err)
	}
	tab.sees("asked for this")
	var link string
	link, err := chromedp.Run(tab.ctx, chromedp.Evaluate[string]("location.href"))
	if err != nil {
		t.Fatal(err)
	}
	tab.sends()
	tab.sees("would like to connect")
	stranger := p.tab(link, chromedp.WithNewBrowserContext())
	stranger.sends()
	stranger.sees("Opened in another browser")
	tab.decides("allow")
	tab.sees("Is that right?")
	tab.decides("yes")
	tab.sees("One more step, in Slack")
	p.sees("Was that you?")
	p.sees("okr.reader")
	p.shot("confirm")
	mu.Lock()
	again := back
	mu.Unlock()
	replay := p.tab(again)
	replay.sees("This page is over")
	p.presses("Yes, connect")
	p.sees("is connected")
	p.presses("Close")
	p.types("/okr connections")
	p.sees("OAuth as okr.reader")
}

// message goes to the direct messages with an app.
func (p page) message(app string) {
	p.t.Helper()
	p.until("going to "+app, `const b = [...document.querySelectorAll("#side button")].find((b) => b.firstChild.textContent === %q); if (!b) return false; b.click(); return true`, app)
}

// drawing asks the page for blocks that the bot does not send today: charts of every kind, and what
// it does not know, which must not be dropped in silence.
func (p page) drawing() {
	p.t.Helper()
	p.until("drawing", `
		if (!window.kitOfTheTest) { import("/kit.js").then((m) => (window.kitOfTheTest = m.kit({ people: [], channels: [], person: (id) => id, channel: (id) => id }))); return false; }
		const draw = (b) => { const d = document.createElement("div"); d.append(...window.kitOfTheTest.blocks([b], {}, { errors: {}, state: {} })); return d; };
		const series = (type) => ({ type: "data_visualization", title: "Open", chart: { type, series: [{ name: "Result", data: [{ label: "1 Nov", value: 3 }, { label: "2 Nov", value: -5 }] }], axis_config: { categories: ["1 Nov", "2 Nov"] } } });
		const lost = (b, words) => draw(b).querySelector(".unknown[role=alert]")?.innerText.includes(words);
		return draw(series("line")).querySelectorAll("polyline").length === 1 && draw(series("area")).querySelectorAll("polygon").length === 1 && draw(series("bar")).querySelectorAll("rect").length === 2
			&& draw({ type: "data_visualization", title: "Open", chart: { type: "pie", segments: [{ label: "a", value: 1 }, { label: "b", value: 2 }] } }).querySelectorAll("path").length === 2
			&& lost({ type: "hologram" }, "hologram") && lost(series("radar"), "radar") && lost({ type: "actions", elements: [{ type: "lever" }] }, "lever") && lost({ type: "input", block_id: "b", label: { text: "L" }, element: { type: "dial", action_id: "a" } }, "dial")`)
}

// themes looks at the channel by night and by day, and on a narrow screen: what is read must stand
// out from what is behind it.
func (p page) themes() {
	p.t.Helper()
	p.presses("# it-okrs")
	for _, theme := range []string{"dark", "light"} {
		if err := emulate(p.ctx, theme); err != nil {
			p.t.Fatal(err)
		}
		p.until("reading by "+theme, `
			const light = (c) => { const [r, g, b] = c.match(/[\d.]+/g).map((n) => { n /= 255; return n <= 0.03928 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
			const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((m, n) => n - m); return (x + 0.05) / (y + 0.05); };
			const behind = getComputedStyle(document.body).backgroundColor;
			return ["#room .block", "#room .context", "#head h2", ".chart text"].every((s) => { const e = document.querySelector(s); const c = getComputedStyle(e); return ratio(s === ".chart text" ? c.fill : c.color, behind) >= 4.5; }) && (light(behind) < 0.2) === %t`, theme == "dark")
		p.shot("channel-" + theme)
	}
	if err := chromedp.Do(p.ctx, chromedp.EmulateViewport(390, 844)); err != nil {
		p.t.Fatal(err)
	}
	p.until("fitting a narrow screen", `return document.documentElement.scrollWidth <= innerWidth && document.getElementById("say").offsetParent !== null`)
	p.shot("channel-narrow")
}

func emulate(ctx context.Context, theme string) error {
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
	return err
}

// complaints are the errors of a page's console.
type complaints struct {
	mu   sync.Mutex
	list []string
}

func (c *complaints) listen(ctx context.Context) error {
	return chromedp.Listen(ctx, func(event any) {
		text := ""
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			text = fmt.Sprintf("%s at %s:%d", e.ExceptionDetails.Text, e.ExceptionDetails.URL, e.ExceptionDetails.LineNumber+1)
			if thrown := e.ExceptionDetails.Exception; thrown != nil {
				text += ": " + thrown.Description
			}
		case *runtime.EventConsoleAPICalled:
			if e.Type == "error" || e.Type == "warning" {
				text = fmt.Sprint(e.Type, e.Args)
			}
		}
		if text != "" {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.list = append(c.list, text)
		}
	})
}

func (c *complaints) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.list
}

// TestFilesAndAChoiceOfManyInABrowser draws what an export and a close-out bring to the page.
func TestFilesAndAChoiceOfManyInABrowser(t *testing.T) {
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
