// Package view is what people see in Slack: views built and parsed, side by side, and the words.
package view

import (
	"strings"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// Message is what is posted: its text is what notifications and screen readers get.
type Message struct {
	Text   string        `json:"text"`
	Blocks []slack.Block `json:"blocks,omitempty"`
	// Plainer is the same without what Slack may refuse: its charts are not for every workspace.
	Plainer *Message `json:"-"`
	// Mark names the message in its metadata, which nobody sees; empty: it is not looked for.
	Mark string `json:"-"`
}

// Text is a message of one section in mrkdwn. Words that people wrote must be escaped in it.
func Text(mrkdwn string) Message {
	return Message{Text: mrkdwn, Blocks: []slack.Block{section(mrkdwn)}}
}

// Escape makes people's words stand for themselves in mrkdwn: no mention and no link of theirs
// reaches Slack.
func Escape(words string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(okr.Visible(words))
}

// Add puts a sentence below a message.
func (m *Message) Add(text string) {
	m.Blocks = append(m.Blocks, note(text))
	if m.Plainer != nil {
		m.Plainer.Add(text)
	}
}

// Quote says back what somebody typed, as words that do nothing.
func Quote(typed string) string {
	return "`" + Escape(Cut(strings.ReplaceAll(typed, "`", "'"), 60)) + "`"
}

// Cut shortens what can be seen of a text to at most n characters, as Slack counts them.
func Cut(text string, n int) string {
	runes := []rune(okr.Visible(text))
	if len(runes) <= n {
		return string(runes)
	}
	return okr.Visible(string(runes[:n-1]) + "…") // no joiner is left at the end
}

// sectionLimit is Slack's limit on a section's text, in characters.
const sectionLimit = 3000

func section(mrkdwn string) *slack.SectionBlock {
	return slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, Cut(mrkdwn, sectionLimit), false, false), nil, nil)
}

func plain(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, okr.Visible(text), false, false)
}

func mrkdwn(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, text, false, false)
}

// Notice is a window that says one thing.
func Notice(title, text string) slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: "notice", Title: plain(title), Close: plain("Close"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{section(text)}},
	}
}

// MessageOf says in a message what a window would show.
func MessageOf(m slack.ModalViewRequest) Message {
	said := Message{Text: m.Title.Text, Blocks: m.Blocks.BlockSet}
	for _, block := range m.Blocks.BlockSet {
		if s, ok := block.(*slack.SectionBlock); ok && s.Text != nil {
			said.Text = s.Text.Text
			break
		}
	}
	return said
}

// NoticeOf shows a message in a window.
func NoticeOf(m Message) slack.ModalViewRequest {
	n := Notice("okrbot", m.Text)
	if len(m.Blocks) > 0 {
		n.Blocks.BlockSet = m.Blocks
	}
	return n
}
