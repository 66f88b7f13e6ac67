package desk

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"okrbot/bot/command"
	"okrbot/bot/view"
	"okrbot/store"
)

// Named finds the one key result that a command's words name; else it gives the reply to say instead.
func (d *Desk) Named(ctx context.Context, g Gesture, words, verb string) (store.KeyResult, *Reply, error) {
	say := func(text string) (store.KeyResult, *Reply, error) {
		r := Say(text)
		return store.KeyResult{}, &r, nil
	}
	list := command.Words(words)
	how := fmt.Sprintf("Name a key result by its number: `/okr %s KR-1`. `/okr list` shows them.", verb)
	if len(list) == 0 {
		return say(how)
	}
	var strange []command.Word
	var numbers []int
	for _, w := range list {
		if n, ok := w.Key(); ok {
			if !slices.Contains(numbers, n) {
				numbers = append(numbers, n)
			}
		} else {
			strange = append(strange, w)
		}
	}
	switch {
	case len(strange) > 0 && len(numbers) == 0:
		return say(Quoted(strange, "is no key result", "are no key results") + ". " + how)
	case len(strange) > 0:
		r := NotTaken(verb, "one key result", strange)
		return store.KeyResult{}, &r, nil
	case len(numbers) > 1:
		return say(fmt.Sprintf("`/okr %s` takes one key result at a time, and %s are %d. Nothing was done.", verb, view.Quote(command.Spoken(words)), len(numbers)))
	}
	k, err := d.Store.KeyResult(ctx, g.Actor.Workspace, numbers[0])
	return Found(k, err, fmt.Sprintf("KR-%d", numbers[0]))
}

// Pressed finds the key result whose id a button or an option carries.
func (d *Desk) Pressed(ctx context.Context, g Gesture, value string) (store.KeyResult, *Reply, error) {
	id, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		id = 0 // nobody's
	}
	k, err := d.Store.KeyResultByID(ctx, g.Actor.Workspace, id)
	return Found(k, err, "such key result")
}

// Found gives the reply to say instead where a key result is not there.
func Found(k store.KeyResult, err error, key string) (store.KeyResult, *Reply, error) {
	if IsNotFound(err) {
		r := NoSuchKeyResult(key)
		return k, &r, nil
	}
	return k, nil, err
}

// Deref is a reply to say instead.
func Deref(r *Reply) Reply {
	if r == nil {
		return Reply{}
	}
	return *r
}
