package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

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
	p.until("searching "+label, `const e = field(%q); if (!e) return false; enter(e, %q); window.searched = Date.now(); return true`, label, words)
	// Where Slack waits too long for the options, a person types again.
	p.until("choosing "+words, `const o = document.querySelector(".combo li[role=option]"); if (!o && Date.now() - searched > 5000) { enter(field(%q), %q); searched = Date.now(); } if (!o || !o.innerText.toLowerCase().includes(%q)) return false; o.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true })); return true`, label, words, words)
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
	p.until("how to sign in within a narrow screen", `const n = document.querySelector("details.notes"); n.open = true; const r = n.querySelector("dl").getBoundingClientRect(); return r.left >= 0 && r.right <= innerWidth`)
	p.until("how to sign in closing", `const n = document.querySelector("details.notes"); n.open = false; return !n.open`)
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
