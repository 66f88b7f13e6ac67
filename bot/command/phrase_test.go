package command_test

import (
	"testing"

	"okrbot/bot/command"
)

// TestWhatAMessageSaysToTheBot: what comes after the mention, else before it, and nothing that is quoted or
// shown as code.
func TestWhatAMessageSaysToTheBot(t *testing.T) {
	for text, want := range map[string]string{
		"<@U1> list":                  "list",
		"<@U1|okrbot>: list":          "list",
		"hey, <@U1>, list":            "list",
		"<@U1>list":                   "list",
		"<@U1>\nlist":                 "\nlist",
		"list <@U1>":                  "list",
		"list mine, <@U1>!":           "list mine",
		"<@U1>":                       "",
		"<@U1> <@U1> list":            "list",
		"<@U1>, <@U1>: list":          "list",
		"<@U1> list <@U1>":            "list ",
		"list <@U1> <@U1>":            "list",
		"(<@U1>) list":                "list",
		"*<@U1>* list":                "list",
		"*<@U1>:* list":               "list",
		"list (<@U1>)":                "list",
		"<@U1> *list*":                "*list*",
		"<@U1> show (beta) things":    "show (beta) things",
		"<@U1> list <@U2>":            "list <@U2>",
		"<@U2> <@U1> list":            "list",
		"<@U1> check-in `close 10` 7": "check-in `close 10` 7",
		"<@U1> ```list```":            "```list```",
		"say `<@U1> list` to see it":  "nothing",
		"```<@U1> remove KR-1```":     "nothing",
		"```\nfirst\n<@U1> remove KR-1\n```\nwhat?": "nothing",
		"`<@U1> list` does this, <@U1> help":        "help",
		"a ` and <@U1> list\nfar `":                 "list\nfar `",
		"``` and <@U1> list":                        "list",
		"&gt; <@U1> list":                           "nothing",
		"&gt; `x\n<@U1> list `y`":                   "list `y`",
		"no mention at all":                         "no mention at all",
	} {
		said, ok := command.Addressed(text, "U1")
		if !ok {
			said = "nothing"
		}
		if said != want {
			t.Errorf("%q says %q, want %q", text, said, want)
		}
	}
	if said, _ := command.Addressed("hey <@U7> list <@U8>", ""); said != "list <@U8>" {
		t.Errorf("to nobody known it says %q", said)
	}
}
