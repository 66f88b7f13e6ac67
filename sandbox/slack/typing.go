package slack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// Types is what a person types into a channel: a command goes to the app, anything else is a
// message. It returns when the app has answered or Slack has given up.
func (s *Slack) Types(person, channel, text string) error {
	s.mu.Lock()
	p, ch := s.byName(person), s.channelNamed(channel)
	if p == nil || ch == nil || !ch.Members[p.ID] {
		s.mu.Unlock()
		return fmt.Errorf("%s is not in %s", person, channel)
	}
	if ch.IM != "" {
		s.mu.Unlock()
		return errReadOnly
	}
	if len(text) == 0 || text[0] != '/' {
		said := s.says(p, ch, "", text)
		s.mu.Unlock()
		said()
		return nil
	}
	command, rest, _ := strings.Cut(text, " ")
	answerURL := s.newResponseURL(ch.ID, p.ID, nil)
	form := url.Values{
		"token": {"legacy"}, "team_id": {s.o.TeamID}, "team_domain": {"sandbox"}, "channel_id": {ch.ID}, "channel_name": {ch.Name},
		"user_id": {p.ID}, "user_name": {p.Name}, "command": {command}, "text": {s.escaped(rest)}, "api_app_id": {s.o.AppID},
		"is_enterprise_install": {"false"}, "response_url": {answerURL}, "trigger_id": {s.newTrigger(p.ID, "")},
	}
	installed := s.removed == ""
	s.mu.Unlock()
	if command != "/okr" || !installed {
		s.tell(ch.ID, p.ID, command+" is not a valid command.")
		return nil
	}
	status, answer := s.deliver("command", "/slack/commands", nil, form)
	if status != http.StatusOK {
		s.tell(ch.ID, p.ID, command+" failed with the error \"operation_timeout\"")
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(bytes.TrimSpace(answer)) == 0 || string(answer) == "null" {
		return nil
	}
	var body map[string]any
	if json.Unmarshal(answer, &body) != nil {
		body = map[string]any{"text": string(answer)}
	}
	if problems := checkMessage(body["blocks"]); len(problems) > 0 {
		s.note("invalid_blocks: " + joined(problems))
		return nil
	}
	id := answerURL[len(s.o.BaseURL+"/response/"):]
	s.respond(s.answers[id], body)
	return nil
}

// errReadOnly is what Slack says in an app's direct messages whose manifest has them for reading alone
// (messages_tab_read_only_enabled): neither messages nor commands can be typed there.
//
//lint:ignore ST1005 these are Slack's words
var errReadOnly = errors.New("Sending messages to this app has been turned off.")

// Replies is what a person writes under a message.
func (s *Slack) Replies(person, channel, thread, text string) error {
	s.mu.Lock()
	p, ch := s.byName(person), s.channelNamed(channel)
	if p == nil || ch == nil || !ch.Members[p.ID] {
		s.mu.Unlock()
		return fmt.Errorf("%s is not in %s", person, channel)
	}
	if ch.IM != "" {
		s.mu.Unlock()
		return errReadOnly
	}
	if len(text) > 0 && text[0] == '/' {
		s.mu.Unlock()
		return errors.New("Slack takes no commands in threads; type it in the channel")
	}
	said := s.says(p, ch, thread, text)
	s.mu.Unlock()
	said()
	return nil
}

// composed is what Slack's composer writes itself, a mention or a link: tests type it as it is.
var composed = regexp.MustCompile(`<(?:[@#!]|https?:|mailto:)[^<>]*>`)

// entities writes the three characters that mean something to Slack as it does wherever somebody typed them into a
// command or a message. What is typed into the fields of a form stays as it is.
func entities(text string) string {
	var b strings.Builder
	from := 0
	for _, at := range append(composed.FindAllStringIndex(text, -1), []int{len(text), len(text)}) {
		b.WriteString(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text[from:at[0]]))
		b.WriteString(text[at[0]:at[1]])
		from = at[1]
	}
	return b.String()
}

// escaped writes @name and #channel as should_escape has it.
func (s *Slack) escaped(text string) string {
	words := strings.Split(entities(text), " ")
	for i, w := range words {
		if len(w) < 2 {
			continue
		}
		switch p, c := s.byName(w[1:]), s.channelNamed(w); {
		case w[0] == '@' && p != nil:
			words[i] = "<@" + p.ID + "|" + p.Name + ">"
		case w[0] == '#' && c != nil:
			words[i] = "<#" + c.ID + "|" + c.Name + ">"
		}
	}
	return strings.Join(words, " ")
}

// tell is Slack itself speaking to one person.
func (s *Slack) tell(channel, person, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.channels[channel]
	ch.Messages = append(ch.Messages, &Message{TS: s.ts(), User: "USLACKBOT", Text: text, Ephemeral: person})
	s.changed()
}
