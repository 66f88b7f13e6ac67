package main

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestTheExampleInABrowser: the empty channel offers it, people have worked in it for a week, and it is
// forgotten when somebody starts over, also one who looks at direct messages.
func TestTheExampleInABrowser(t *testing.T) {
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
	p.sees("Nothing here yet.")
	p.shot("first-screen")
	p.presses("Show an example workspace")
	p.sees("An example workspace is being made")
	p.until("the example being made", `if (window.looking) return window.made === true; window.looking = true; const look = async () => { const s = await (await fetch("/api/state?person=alice")).json(); window.made = !s.making && s.seen.channels.some((c) => c.messages.length > 5); if (!window.made) setTimeout(look, 300); }; look(); return false`)
	p.types("/okr list")
	for _, words := range []string{"KR-6", "On track", "Behind", "At risk", "Achieved", "No data", "Not syncing"} {
		p.sees(words)
	}
	p.shot("example")
	// Where people have worked, an empty channel offers no example.
	p.until("an empty channel", `[...document.querySelectorAll("#side button")].find((b) => b.innerText.includes("general")).click(); return true`)
	p.sees("/okr list shows what people of this workspace work on.")
	p.until("no offer", `return !document.body.innerText.includes("Show an example workspace")`)
	if list := said.all(); len(list) > 0 {
		t.Errorf("the page complains: %q", list)
	}
	p.until("looking at direct messages", `const b = [...document.querySelectorAll("#side button")].find((b) => b.innerText.split("\n")[0].trim() === "okrbot"); if (!b) return false; b.click(); return true`)
	p.sees("Sending messages to this app has been turned off. Type /okr in a channel.")
	p.until("starting over", `window.confirm = () => true; [...document.querySelectorAll("#side button")].find((b) => b.innerText === "Start over empty").click(); return true`)
	p.sees("Nothing here yet.")
	// Slack's side is there a moment before okrbot is.
	p.until("okrbot answering again", `if (!window.trying) { window.trying = true; fetch("/api/do", { method: "POST", body: JSON.stringify({ person: "alice", do: "type", channel: "C0ITOKRS", text: "/okr list" }) }).finally(() => (window.trying = false)); }
		return document.body.innerText.includes("All key results: none.")`)
}
