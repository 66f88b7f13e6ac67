package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"okrbot/bot/command"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// keyFirst is the key result that a text begins with, and the text after it.
func keyFirst(text string) (number int, rest string, ok bool) {
	const longest = 3 // "KR - 7"
	left, tried := text, []string{}
	for _, field := range command.Parted(text) {
		if len(tried) == longest {
			break
		}
		tried = append(tried, field)
		_, left, _ = strings.Cut(left, field)
		if words := command.Words(strings.Join(tried, " ")); len(words) == 1 {
			if number, ok = words[0].Key(); ok {
				return number, strings.TrimSpace(left), true
			}
		}
	}
	return 0, text, false
}

// ofOneKey are the verbs that people put after the key result as well as before it.
var ofOneKey = []string{"show", "edit", "check-in", "sync", "pause", "resume", "remove"}

// noVerb shows the key result where one was typed alone, and else offers the verbs that were
// probably meant.
func (b *Bot) noVerb(ctx context.Context, g desk.Gesture, word, typed string) (desk.Reply, error) {
	said := strings.TrimSpace(typed + " " + g.Text)
	if number, rest, ok := keyFirst(said); ok && (rest == "" || strings.HasPrefix(command.WordOf(typed).Plain, "kr")) {
		key := okr.KeyResult{Number: number}.Key()
		if rest == "" {
			g.Text = key
			return b.showCommand(ctx, g)
		}
		verb, _, after := command.Verb(rest, b.Routes.Is) // "KR-1 sync"
		if slices.Contains(ofOneKey, verb) {
			g.Text = strings.TrimSpace(key + " " + after)
			return b.Routes.Verb(verb)(ctx, g)
		}
		return desk.Say(fmt.Sprintf("`/okr %s` shows that key result and takes nothing after it, so %s not understood and nothing was done. `/okr help` lists what there is.",
			key, desk.Quoted(command.Words(rest), "was", "were"))), nil
	}
	return b.unknownVerb(word, command.Spoken(typed)), nil
}

// connectCommand is "/okr connect", "/okr connect acme", "/okr connect ServiceNow acme" and
// "/okr connect HTTP JSON".
func (b *Bot) connectCommand(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	var d connectDraft
	var strange []command.Word
	words := command.Words(g.Text)
	for i := 0; i < len(words); i++ {
		w, kind := words[i], ""
		for n := min(len(words)-i, longestPhrase); n > 0 && kind == "" && d.Kind == ""; n-- {
			for _, c := range b.connectors {
				if phrase := phraseOf(words[i : i+n]); sameWords(phrase, c.Kind()) || sameWords(phrase, strings.ToLower(c.Name())) {
					kind = c.Kind()
					i += n - 1
					break
				}
			}
		}
		switch {
		case kind != "" && d.Kind == "":
			d.Kind = kind
		case d.typed == "":
			d.typed = w.Address()
		default:
			strange = append(strange, w)
		}
	}
	if len(strange) > 0 {
		return desk.NotTaken("connect", "one address", strange), nil
	}
	return b.connectForm(ctx, g, d)
}

// exportFormats are what "/okr export" can send.
var exportFormats = []string{"csv", "json"}

// exportCommand is "/okr export", "/okr export csv" and "/okr export json": the files are made in
// the background and come as a direct message.
func (b *Bot) exportCommand(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	var only []string
	var strange []command.Word
	for _, w := range desk.WithoutLinks(command.Words(strings.NewReplacer("/", " ", "+", " ", "&amp;", " ").Replace(g.Text))) {
		switch {
		case slices.Contains(exportFormats, w.Plain):
			only = append(only, w.Plain)
		case w.Plain != "all":
			strange = append(strange, w)
		}
	}
	if len(strange) > 0 {
		return desk.NotTaken("export", "`csv`, `json` or nothing for both", strange), nil
	}
	slices.Sort(only)
	if only = slices.Compact(only); len(only) == len(exportFormats) {
		only = nil
	}
	return b.export(ctx, g, only)
}

// subscriber is who "/okr subscribe" and "/okr unsubscribe" mean: the channel that is named, the one
// they were typed in, or the person themselves; in a direct message that is the person too. Else it
// gives the reply to say instead.
func subscriber(g desk.Gesture, name string) (channel, shown string, reply *desk.Reply) {
	say := func(text string) (string, string, *desk.Reply) {
		r := desk.Say(text)
		return "", "", &r
	}
	channel, shown = subscribed(g)
	var strange []command.Word
	named := false
	for _, w := range desk.WithoutLinks(command.Words(g.Text)) {
		at, isChannel := w.Channel()
		person, isPerson := w.Person()
		switch {
		case named && (isChannel || isPerson || w.Sign() == "#"):
			return say(fmt.Sprintf("`/okr %s` takes one channel at a time, so %s was not understood and nothing was done.", name, view.Quote(command.Spoken(w.Typed))))
		case isChannel:
			channel, shown, named = at, "<#"+at+">", true
		case isPerson && person == g.Actor.ID, w.Plain == "me", w.Plain == "myself":
			channel, shown, named = g.Actor.ID, "you", true
		case isPerson:
			return say(fmt.Sprintf("Only <@%s> can do that for themselves, with `/okr %s` in a direct message with okrbot. Nothing was done.", person, name))
		case w.Sign() == "#":
			return say(fmt.Sprintf("%s did not reach okrbot as a channel: Slack knows none of that name that you may see. Choose it from the list that Slack shows while you type it, or type `/okr %s` in that channel. Nothing was done.", view.Quote(command.Spoken(w.Typed)), name))
		case slices.Contains(anotherRhythm, w.Plain):
			return say(fmt.Sprintf("The digest comes weekly, on Mondays at nine, and in no other rhythm: %s was not understood and nothing was done. `/okr %s` alone is the weekly one.", view.Quote(command.Spoken(w.Typed)), name))
		case slices.Contains([]string{"weekly", "here", "digest", "to", "from", "this", "channel", "the"}, w.Plain):
		default:
			strange = append(strange, w)
		}
	}
	if len(strange) > 0 {
		r := desk.NotTaken(name, "a `#channel`, `me`, or nothing for the channel where it is typed", strange)
		return "", "", &r
	}
	return channel, shown, nil
}

// anotherRhythm are those in which no digest comes.
var anotherRhythm = []string{"hourly", "daily", "day", "every", "monthly", "month", "quarterly", "quarter", "yearly", "biweekly", "fortnightly", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "weekdays", "workdays", "morning"}

// syncMany reads several key results that were named. Those that cannot be read are named with why.
func (b *Bot) syncMany(ctx context.Context, g desk.Gesture, numbers []int) (desk.Reply, error) {
	list, err := b.Store.KeyResults(ctx, g.Actor.Workspace, store.Filter{Numbers: numbers})
	if err != nil {
		return desk.Reply{}, err
	}
	var ids []int64
	var only string
	var left []string
	for _, n := range numbers {
		i := slices.IndexFunc(list, func(k store.KeyResult) bool { return k.Number == n })
		if i < 0 {
			left = append(left, fmt.Sprintf("KR-%d is not here", n))
			continue
		}
		switch k := list[i]; {
		case !k.MaySync(g.Actor):
			left = append(left, k.Key()+" is <@"+k.Owner+">'s to sync")
		case k.Closed:
			left = append(left, k.Key()+" is closed out")
		case !k.Integrated:
			left = append(left, k.Key()+" is updated by people")
		default:
			ids, only = append(ids, k.ID), k.Key()
		}
	}
	why := ""
	if len(left) > 0 {
		why = " Left out: " + strings.Join(left, "; ") + "."
	}
	if len(ids) == 0 {
		return desk.Say("Nothing was synced." + why), nil
	}
	what := "those"
	if len(ids) == 1 {
		what = only
	}
	return b.syncSome(ctx, g, ids, what, why)
}

// checkInCommand is "/okr check-in KR-1", "/okr check-in KR-1 42" and "/okr check-in KR-1 42 after
// the audit". A value is recorded at once where people enter them; where scores are read, and where
// there is a note alone, the form opens with what was typed.
func (b *Bot) checkInCommand(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	number, rest, ok := keyFirst(valueLast(g.Text))
	if !ok || rest == "" {
		k, err := b.Named(ctx, g, g.Text, "check-in")
		if err != nil {
			return desk.Reply{}, err
		}
		return b.checkInForm(ctx, g, k, view.CheckInTyped{})
	}
	k, err := b.Numbered(ctx, g, number)
	if err != nil {
		return desk.Reply{}, err
	}
	typed, problem := checkInTyped(rest, k.Unit)
	switch {
	case !k.MayCheckIn(g.Actor):
		return desk.Ask(k.Owner, "check in on"), nil
	case k.Closed:
		return desk.IsClosed(k), nil
	case problem != "":
		return desk.Say(view.Quote(typed.Value) + ": " + problem + " Nothing was saved. Type `/okr check-in " + k.Key() + " 42`, or `/okr check-in " + k.Key() + "` for the form."), nil
	case k.Integrated || typed.Value == "":
		return b.checkInForm(ctx, g, k, typed)
	}
	return b.recordTyped(ctx, g, k, typed)
}

// valueLast puts a value that was typed before its key result behind it: "42 KR-1" and "42 for KR-1".
// Alone, 42 would be the number of a key result.
func valueLast(text string) string {
	fields := command.Parted(text)
	last := len(fields) - 1
	if last < 1 || last > 2 || last == 2 && !slices.Contains([]string{"for", "to", "on", "in", "at"}, command.WordOf(fields[1]).Plain) {
		return text
	}
	key := command.WordOf(fields[last])
	if _, ok := key.Key(); !ok || !strings.HasPrefix(key.Plain, "kr") || strings.HasPrefix(command.WordOf(fields[0]).Plain, "kr") {
		return text
	}
	return fields[last] + " " + fields[0]
}

// checkInTyped takes apart what was typed after the key result: a value, and words about it. The
// problem is a sentence about a value that cannot be read.
func checkInTyped(rest, unit string) (view.CheckInTyped, string) {
	fields := command.Parted(rest)
	value := strings.Trim(command.Spoken(fields[0]), "`*_~\"'“”‘’:;=()[]")
	value = strings.TrimRight(value, ".,;:!?)]") // "42, after the audit"
	if !strings.ContainsFunc(value, func(r rune) bool { return r >= '0' && r <= '9' || command.PlainRune(r) != r }) {
		return view.CheckInTyped{Note: command.Spoken(rest)}, ""
	}
	typed := view.CheckInTyped{Value: value}
	if len(fields) > 1 {
		second := command.Spoken(fields[1])
		if strings.Trim(second, "0123456789.,'’") == "" { // "1 000" is a number with a separator, not a value and a note
			typed.Value = value + " " + second
			_, err := okr.ParseNumber(typed.Value)
			return typed, err.Error()
		}
		rest := fields[1:]
		if strings.EqualFold(second, unit) {
			rest = fields[2:]
		}
		typed.Note = command.Spoken(strings.Join(rest, " "))
	}
	if _, err := okr.ParseNumber(typed.Value); err != nil {
		return typed, err.Error()
	}
	return typed, ""
}
