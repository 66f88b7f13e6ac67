package main

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// mouse does something with the left button where an expression finds an element.
func (p page) mouse(what input.DispatchMouseEventType, element string) {
	p.t.Helper()
	at, err := chromedp.Run(p.ctx, chromedp.Evaluate[[]float64]("(() => { const r = ("+element+").getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2]; })()"))
	if err == nil {
		_, err = chromedp.Call(p.ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: what, X: at[0], Y: at[1], Button: "left", ClickCount: 1})
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// opens opens a menu of the page, by its label, and finds all of it within the window.
func (p page) opens(menu, holding string) {
	p.t.Helper()
	p.until("the menu "+menu, `const m = [...document.querySelectorAll("details.kebab")].filter((d) => d.offsetParent && d.firstChild.getAttribute("aria-label") === %q && d.innerHTML.includes(%q)).at(-1);
		if (!m) return false; if (!m.open) m.firstChild.click(); const r = m.lastChild.getBoundingClientRect();
		const inside = r.width > 0 && r.left >= 0 && r.top >= 0 && r.right <= innerWidth && r.bottom <= innerHeight;
		return m.open && inside && m.lastChild.contains(document.elementFromPoint(r.left + r.width / 2, r.top + r.height - 6))`, menu, holding)
}

// TestMenusInABrowser: menus are seen whole, on a phone as well, what is pressed stays under the pointer
// while the page changes, and the shortcuts are where Slack has them.
func TestMenusInABrowser(t *testing.T) {
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
	p.opens("Shortcuts", "My Objectives")
	p.shot("shortcuts")
	p.presses("Add Key Result okrbot")
	p.fills("Key Result", "Interviews held")
	p.until("updating it oneself", `const r = [...document.querySelectorAll(".modal label")].find((l) => l.innerText.includes("I will update it myself"))?.querySelector("input"); if (!r) return false; r.click(); return true`)
	p.arrives()
	p.presses("Next")
	p.fills("Start Value", "0")
	p.fills("Target Value", "10")
	p.presses("Save")
	p.sees("is added")
	p.presses("Close")
	p.types("@okrbot list")
	p.sees("All key results")
	for _, width := range []int64{1280, 390} {
		if _, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 800, DeviceScaleFactor: 1}); err != nil {
			t.Fatal(err)
		}
		p.opens("More actions", "Remove objective…")
		p.shot(fmt.Sprintf("menu-%d", width))
		p.until("the menu closing", `document.body.click(); return !document.querySelector("details.kebab[open]")`)
		p.opens("More message shortcuts", "Add as check-in note")
		p.until("the menu closing", `document.body.click(); return !document.querySelector("details.kebab[open]")`)
		// As in Slack, a button beside a long text has its label in one line.
		p.until("a label in one line", `const s = [...document.querySelectorAll("#room .section")].filter((s) => s.lastChild.matches("button")).at(-1); if (!s) return false;
			const copy = s.parentNode.appendChild(s.cloneNode(true)), b = copy.lastChild, one = b.getBoundingClientRect().height; b.textContent = "Sync Integration Data"; copy.firstChild.firstChild.textContent = "A text of many words. ".repeat(20);
			const r = b.getBoundingClientRect(), whole = r.height <= one + 1 && b.scrollWidth <= b.clientWidth && copy.getBoundingClientRect().right <= innerWidth && copy.firstChild.clientWidth >= 80; copy.remove(); return whole`)
	}
	if _, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 1280, Height: 900, DeviceScaleFactor: 1}); err != nil {
		t.Fatal(err)
	}

	p.types("@okrbot show KR-1")
	p.sees("KR-1 opens in a window.")
	p.arrives()
	const open = `[...document.querySelectorAll("#room button")].filter((b) => b.innerText.trim() === "Open").at(-1)`
	p.mouse(input.DispatchMouseEventTypeMouseMoved, open)
	p.mouse(input.DispatchMouseEventTypeMousePressed, open)
	p.until("a mark on what is pressed", open+`.id = "held"; return true`)
	p.until("a message meanwhile", `fetch("/api/do", { method: "POST", body: JSON.stringify({ person: "bob", do: "type", channel: "C0ITOKRS", text: "the audit is done" }) }); return true`)
	p.arrives()
	p.until("the page knowing of it", `if (window.knows === undefined) { window.knows = false; fetch("/api/state?person=alice").then((r) => r.text()).then((t) => (window.knows = t.includes("the audit is done"))); } return window.knows`)
	p.until("what is pressed staying", `return !!document.getElementById("held")`)
	p.mouse(input.DispatchMouseEventTypeMouseReleased, `document.getElementById("held")`)
	p.until("the window", `return document.querySelector(".modal h2")?.innerText.trim() === "KR-1"`)
	p.presses("Close")
	p.sees("the audit is done")

	p.until("the menu of the message", `const m = [...document.querySelectorAll("article")].filter((a) => a.innerText.includes("the audit is done")).at(-1)?.querySelector("details.on"); if (!m) return false; [...m.querySelectorAll("button")][0].click(); return true`)
	p.sees("Add as check-in note")
	p.finds("Key Result", "interviews")
	p.shot("message-shortcut")
	p.presses("Next")
	p.until("the note", `const e = field("Note"); return !!e && e.value.startsWith("the audit is done")`)
	p.presses("Save")
	p.until("the window closing", `return !document.querySelector(".modal")`)
	if list := said.all(); len(list) > 0 {
		t.Errorf("the page complains: %q", list)
	}
}
