package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"okrbot/bot/command"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/okr"
)

// help says what the commands are, and what was probably meant by one that is none.
type help struct {
	shows
	// show shows the key result of a command that is its number alone.
	show desk.Handler
}

// command is "/okr help" and "/okr help sync".
func (h help) command(_ context.Context, g desk.Gesture) (desk.Reply, error) {
	looks := okr.LooksOnly(g.Actor)
	if len(command.Words(g.Text)) == 0 {
		m := view.Help(h.systems, looks)
		return desk.Reply{Say: &m}, nil
	}
	name, typed, rest := command.Verb(g.Text, h.Routes.Is)
	m, ok := view.HelpOn(name, h.systems, looks)
	switch {
	case !ok:
		return h.unknown(desk.Gesture{Actor: g.Actor}, name, command.Spoken(typed)), nil
	case rest != "":
		return desk.NotTaken("help", "one verb", command.Words(rest)), nil
	}
	return desk.Reply{Say: &m}, nil
}

// unknown says back what is no verb, and offers what was probably meant: a verb close to it, else one among
// the words after it, "can you sync KR-1".
func (h help) unknown(g desk.Gesture, word, typed string) desk.Reply {
	near, ok := meant[word]
	if !ok {
		near = closest(word, h.Routes.Names())
	}
	if len(near) == 0 {
		near = h.verbAmong(g.Text)
	}
	if okr.LooksOnly(g.Actor) {
		near = slices.DeleteFunc(slices.Clone(near), func(n string) bool { verb, _, _ := strings.Cut(n, " "); return !view.ForLooking(verb) })
	}
	if g.Mention {
		typed = strings.TrimSpace(typed + " " + command.Spoken(g.Text))
	}
	m := view.DidYouMean(typed, g.Mention, near)
	return desk.Reply{Say: &m}
}

// verbAmong is the first verb among some words, with the key result or the objective after it; of what is
// named without a verb it is "show".
func (h help) verbAmong(text string) []string {
	const looked = 10 // words of a sentence that is none of ours
	named := ""
	for range looked {
		if key := keyFirst(text); key != "" && named == "" {
			named = key
		}
		verb, _, rest := command.Verb(text, h.Routes.Is)
		switch {
		case h.Routes.Is(verb):
			return []string{strings.TrimSpace(verb + " " + keyFirst(rest))}
		case rest == "" && named != "":
			return []string{"show " + named}
		case rest == "":
			return nil
		}
		text = rest
	}
	return nil
}

// keyFirst is the key result or the objective that a text begins with, by its key; empty where it begins
// with none.
func keyFirst(text string) string {
	if n, _, ok := command.First(text, command.Word.ObjectiveKey); ok {
		return okr.Objective{Number: n}.Key()
	}
	if n, _, ok := command.First(text, command.Word.Key); ok && strings.HasPrefix(command.WordOf(text).Plain, "kr") {
		return okr.KeyResult{Number: n}.Key()
	}
	return ""
}

// meant are the verbs behind words that people use for them, where letters lead nowhere or to the
// opposite: "unpause" is a few letters from "pause".
var meant = map[string][]string{
	"?": {"help"}, "h": {"help"}, "hello": {"help"}, "hi": {"help"}, "hey": {"help"}, "how": nil, "status": {"list", "show"}, "man": {"help"}, "usage": {"help"},
	"new": {"add-objective", "add-kr"}, "create": {"add-objective", "add-kr"}, "make": {"add-objective", "add-kr"},
	"objective": {"objectives", "add-objective"}, "goals": {"objectives"}, "hand-over": {"edit"}, "transfer": {"edit"}, "move": {"edit"}, "key-result": {"add-kr"}, "kr": {"add-kr"}, "add-key-result": {"add-kr"},
	"change": {"edit"}, "modify": {"edit"}, "rename": {"edit"}, "update": {"check-in", "edit"}, "set": {"check-in", "edit"},
	"refresh": {"sync"}, "fetch": {"sync"}, "pull": {"sync"}, "read": {"sync"}, "reload": {"sync"},
	"view": {"show"}, "get": {"show"}, "details": {"show"}, "why": {"show"}, "ls": {"list"}, "all": {"list"}, "mine": {"list mine"}, "search": {"list"}, "find": {"list"},
	"stop": {"pause"}, "halt": {"pause"}, "suspend": {"pause"}, "unpause": {"resume"}, "continue": {"resume"}, "start": {"resume"}, "restart": {"resume"},
	"delete": {"remove"}, "del": {"remove"}, "rm": {"remove"}, "drop": {"remove"}, "finish": {"close-out"}, "end": {"close-out"},
	"login": {"connect"}, "disconnect": {"connections"}, "reconnect": {"connections"}, "download": {"export"}, "csv": {"export csv"}, "json": {"export json"},
	"digest": {"subscribe", "subscriptions"}, "weekly": {"subscribe"}, "config": {"settings"}, "configure": {"settings"}, "preferences": {"settings"},
}

// closest are the names that a word was probably meant to be: those it begins, or those that a
// few letters make of it.
func closest(word string, names []string) []string {
	var near []string
	letters := []rune(word)
	word = string(letters[:min(len(letters), 40)]) // no name is as long
	far := max(2, min(len(letters), 40)/2)
	best := far + 1
	for _, name := range names {
		d := Distance(word, name)
		if len(word) >= 2 && strings.HasPrefix(name, word) {
			d = 0
		}
		switch {
		case d < best:
			best, near = d, []string{name}
		case d == best && d <= far:
			near = append(near, name)
		}
	}
	return near
}

// Distance is how many letters must be added, taken out, changed or swapped with their neighbour
// to make b of a.
func Distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}

// noVerb shows the key result where one was typed alone, and else offers the verbs that were
// probably meant.
func (h help) noVerb(ctx context.Context, g desk.Gesture, word, typed string) (desk.Reply, error) {
	said := strings.TrimSpace(typed + " " + g.Text)
	if r, ok := desk.NoneSuch(command.WordOf(typed)); ok {
		return r, nil
	}
	if number, rest, ok := command.First(said, command.Word.ObjectiveKey); ok {
		verb, _, after := command.Verb(rest, h.Routes.Is) // "O-1 edit"
		if rest == "" {
			verb = "show"
		}
		if slices.Contains(desk.ObjectiveVerbs, verb) || verb == "close-out" {
			g.Text = strings.TrimSpace(okr.Objective{Number: number}.Key() + " " + after)
			return h.Routes.Verb(verb)(ctx, g)
		}
	}
	if number, rest, ok := command.First(keyApart(said), command.Word.Key); ok && (rest == "" || strings.HasPrefix(command.WordOf(typed).Plain, "kr")) {
		key := okr.KeyResult{Number: number}.Key()
		if rest == "" {
			g.Text = key
			return h.show(ctx, g)
		}
		verb, _, after := command.Verb(rest, h.Routes.Is) // "KR-1 sync"
		if slices.Contains(ofOneKey, verb) {
			g.Text = strings.TrimSpace(key + " " + after)
			return h.Routes.Verb(verb)(ctx, g)
		}
		next := "`/okr help` lists what there is."
		if strings.ContainsFunc(command.WordOf(command.Parted(rest)[0]).Plain, unicode.IsDigit) {
			next = view.Quote("/okr check-in "+key+" "+command.Spoken(rest)) + " enters a value."
		}
		return desk.Say(fmt.Sprintf("`/okr %s` shows that key result and takes nothing after it, so %s not understood and nothing was done. %s",
			key, desk.Quoted(command.Words(rest), "was", "were"), next)), nil
	}
	if named, err := h.InTitles(ctx, g, said); err != nil || named {
		if err != nil {
			return desk.Reply{}, err
		}
		g.Text = said
		return h.show(ctx, g)
	}
	return h.unknown(g, word, command.Spoken(typed)), nil
}

// ofOneKey are the verbs that people put after the key result as well as before it.
var ofOneKey = []string{"show", "edit", "check-in", "sync", "pause", "resume", "remove"}
