// Package conversation lets tests be written as what people do and see in a local Slack.
package conversation

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"okrbot/sandbox/slack"
)

const (
	// patience is how long somebody waits for what should appear. A busy machine needs much of it;
	// where all is well none of it is used up.
	patience = time.Minute
	// echo is how long somebody who types looks for what the app shows to it, which may be nothing.
	echo = time.Second
)

// Person is somebody in a test.
type Person struct {
	t     testing.TB
	s     *slack.Slack
	name  string
	where string
}

// As is somebody of a workspace, who types in a channel until they go to another.
func As(t testing.TB, s *slack.Slack, name, channel string) *Person {
	return &Person{t: t, s: s, name: name, where: channel}
}

// In goes to a channel.
func (p *Person) In(channel string) *Person { p.where = channel; return p }

func (p *Person) must(err error) *Person {
	p.t.Helper()
	if err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
	return p
}

// Types types into the channel.
func (p *Person) Types(text string) *Person {
	p.t.Helper()
	return p.must(p.s.Types(p.name, p.where, text))
}

// Fills fills a field of the modal. It waits for the field to be there, and, where the app listens
// to what is typed, for what it shows then.
func (p *Person) Fills(label, value string) *Person {
	p.t.Helper()
	p.field(label)
	before, _ := p.s.Top(p.name)
	p.must(p.s.Fill(p.name, label, value))
	if tells(before, label) {
		for end := time.Now().Add(echo); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if now, ok := p.s.Top(p.name); !ok || now.Hash != before.Hash {
				break
			}
		}
	}
	return p
}

// tells says whether the app is told of what is typed into a field.
func tells(v slack.SeenView, label string) bool {
	blocks, _ := v.Content["blocks"].([]any)
	for _, b := range blocks {
		block, _ := b.(map[string]any)
		if text, _ := block["label"].(map[string]any); text["text"] == label {
			return block["dispatch_action"] == true
		}
	}
	return false
}

// Chooses picks an option of a field.
func (p *Person) Chooses(label, option string) *Person {
	p.t.Helper()
	p.field(label)
	// What an app asks others for may come too late for what was typed: one types again.
	err := p.s.Choose(p.name, label, option)
	for end := time.Now().Add(patience); errors.Is(err, slack.ErrNotFound) && time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		err = p.s.Choose(p.name, label, option)
	}
	return p.must(err)
}

func (p *Person) field(label string) {
	p.t.Helper()
	p.until("the field "+label, func() bool {
		v, ok := p.s.Top(p.name)
		return ok && strings.Contains(v.Text(), label+": ")
	})
}

// Presses presses a button of the modal; without one, of the last message that has it.
func (p *Person) Presses(label string) *Person {
	p.t.Helper()
	p.until("the button "+label, func() bool {
		if v, ok := p.s.Top(p.name); ok {
			return strings.Contains(v.Text(), "["+label+"]") || strings.Contains(v.Text(), label)
		}
		return p.message(label) != nil
	})
	if v, ok := p.s.Top(p.name); ok {
		return p.must(p.s.PressIn(p.name, v, label))
	}
	m := p.message(label)
	return p.must(p.s.PressOn(p.name, p.where, *m, label))
}

// PressesAtHome presses a button or a kebab's item on the Home tab.
func (p *Person) PressesAtHome(label string) *Person {
	p.t.Helper()
	p.until("the Home tab's "+label, func() bool {
		h := p.s.Sees(p.name).Home
		return h != nil && strings.Contains(h.Text(), label)
	})
	return p.must(p.s.PressIn(p.name, *p.s.Sees(p.name).Home, label))
}

func (p *Person) message(holding string) *slack.Message {
	for _, c := range p.s.Sees(p.name).Channels {
		if "#"+c.Name != p.where && c.Name != p.where && c.ID != p.where {
			continue
		}
		for i := len(c.Messages) - 1; i >= 0; i-- {
			if strings.Contains(c.Messages[i].Read(), holding) {
				return &c.Messages[i]
			}
		}
	}
	return nil
}

// Submits submits the modal, whose submit button must be called so.
func (p *Person) Submits(label string) *Person {
	p.t.Helper()
	p.until("the submit "+label, func() bool {
		v, ok := p.s.Top(p.name)
		return ok && strings.Contains(v.Text(), "[["+label+"]]")
	})
	return p.must(p.s.Submit(p.name))
}

// Closes closes the modal.
func (p *Person) Closes() *Person { p.s.Dismiss(p.name); return p }

// Uses chooses a shortcut in the menu of the workspace.
func (p *Person) Uses(shortcut string) *Person {
	p.t.Helper()
	return p.must(p.s.UseShortcut(p.name, shortcut))
}

// UsesOn chooses a shortcut in the menu of the last message that holds the words.
func (p *Person) UsesOn(words, shortcut string) *Person {
	p.t.Helper()
	p.until("a message with "+words, func() bool { return p.message(words) != nil })
	return p.must(p.s.UseOnMessage(p.name, p.where, p.message(words).TS, shortcut))
}

// RepliesTo writes under the last message that holds the words.
func (p *Person) RepliesTo(words, text string) *Person {
	p.t.Helper()
	p.until("a message with "+words, func() bool { return p.message(words) != nil })
	m := p.message(words)
	thread := m.Thread
	if thread == "" {
		thread = m.TS
	}
	return p.must(p.s.Replies(p.name, p.where, thread, text))
}

// GoesHome opens the app's Home tab.
func (p *Person) GoesHome() *Person { p.s.OpenHome(p.name); return p }

// Sees waits until the words are on the screen: in the modal, else in the channel or the direct
// messages, else on the Home tab.
func (p *Person) Sees(words ...string) *Person {
	p.t.Helper()
	for _, w := range words {
		p.until("“"+w+"”", func() bool { return strings.Contains(p.Screen(), w) })
	}
	return p
}

// SeesHome waits until the words are on the Home tab.
func (p *Person) SeesHome(words ...string) *Person {
	p.t.Helper()
	for _, w := range words {
		p.until("“"+w+"” on Home", func() bool {
			h := p.s.Sees(p.name).Home
			return h != nil && strings.Contains(h.Text(), w)
		})
	}
	return p
}

// Home is what is on the Home tab now.
func (p *Person) Home() string {
	if h := p.s.Sees(p.name).Home; h != nil {
		return h.Text()
	}
	return ""
}

// DoesNotSee fails when the words are on the screen now.
func (p *Person) DoesNotSee(words string) *Person {
	p.t.Helper()
	if strings.Contains(p.Screen(), words) {
		p.t.Fatalf("%s sees %q:\n%s", p.name, words, p.Screen())
	}
	return p
}

// SeesNoModal waits until the modal is gone.
func (p *Person) SeesNoModal() *Person {
	p.t.Helper()
	p.until("no modal", func() bool { _, ok := p.s.Top(p.name); return !ok })
	return p
}

// Counts is how many messages of the channel hold the words.
func (p *Person) Counts(words string) int {
	n := 0
	for _, c := range p.s.Sees(p.name).Channels {
		if "#"+c.Name != p.where && c.Name != p.where {
			continue
		}
		for _, m := range c.Messages {
			if strings.Contains(m.Read(), words) {
				n++
			}
		}
	}
	return n
}

// Screen is what the person looks at, as text: the modal when there is one, the channel, the
// direct messages.
func (p *Person) Screen() string {
	seen := p.s.Sees(p.name)
	var out strings.Builder
	if n := len(seen.Modals); n > 0 {
		fmt.Fprintf(&out, "--- modal\n%s\n", seen.Modals[n-1].Text())
	}
	for _, c := range seen.Channels {
		if "#"+c.Name != p.where && c.Name != p.where && !c.IM {
			continue
		}
		fmt.Fprintf(&out, "--- %s\n", c.Name)
		for _, m := range c.Messages {
			mark := ""
			if m.Ephemeral != "" {
				mark = " (only visible to you)"
			}
			fmt.Fprintf(&out, "%s%s: %s\n", m.User, mark, m.Read())
		}
	}
	return out.String()
}

func (p *Person) until(what string, is func() bool) {
	p.t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("%s waits for %s and sees:\n%s\nrefused so far: %q", p.name, what, p.Screen(), p.s.Refusals())
		}
	}
}
