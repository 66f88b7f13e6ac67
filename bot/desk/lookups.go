package desk

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"okrbot/bot/command"
	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// Named finds the one key result that a command's words name; else the error is what to say instead.
func (d *Desk) Named(ctx context.Context, g Gesture, words, verb string) (store.KeyResult, error) {
	none := func(r Reply) (store.KeyResult, error) { return store.KeyResult{}, Instead(r, store.ErrNotFound) }
	list := command.Words(words)
	how := fmt.Sprintf("Name a key result by its number: `/okr %s KR-1`. `/okr list` shows them.", verb)
	if slices.Contains(OfOneObjective, verb) {
		how = fmt.Sprintf("Name a key result or an objective by its number: `/okr %[1]s KR-1` or `/okr %[1]s O-1`. `/okr list` shows them.", verb)
	}
	if len(list) == 0 {
		return none(Say(how))
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
	case len(strange) == 1 && len(list) == 1 && isObjective(strange[0]):
		n, _ := strange[0].ObjectiveKey()
		return none(Say(fmt.Sprintf("`/okr %s` takes a key result, and O-%d is an objective. `/okr list O-%d` shows its key results.", verb, n, n)))
	case len(strange) > 0 && len(numbers) == 0:
		return none(Say(Quoted(strange, "is no key result", "are no key results") + ". " + how))
	case len(strange) > 0:
		return none(NotTaken(verb, "one key result", strange))
	case len(numbers) > 1:
		return none(Say(fmt.Sprintf("`/okr %s` takes one key result at a time, and %s are %d. Nothing was done.", verb, view.Quote(command.Spoken(words)), len(numbers))))
	}
	return d.Numbered(ctx, g, numbers[0])
}

// OfOneObjective are the verbs that take an objective in the place of a key result.
var OfOneObjective = []string{"show", "edit", "remove"}

func isObjective(w command.Word) bool { _, ok := w.ObjectiveKey(); return ok }

// Numbered is the key result of a number; where there is none, the error is what to say instead.
func (d *Desk) Numbered(ctx context.Context, g Gesture, number int) (store.KeyResult, error) {
	k, err := d.Store.KeyResult(ctx, g.Actor.Workspace, number)
	return k, there(err, okr.KeyResult{Number: number}.Key())
}

// Pressed is the key result whose id a button or an option carries; where there is none, the error is
// what to say instead.
func (d *Desk) Pressed(ctx context.Context, g Gesture, value string) (store.KeyResult, error) {
	k, err := d.Store.KeyResultByID(ctx, g.Actor.Workspace, idIn(value))
	return k, there(err, "such key result")
}

// PressedObjective is the objective whose id a button or an option carries; where there is none, the
// error is what to say instead.
func (d *Desk) PressedObjective(ctx context.Context, g Gesture, value string) (okr.Objective, error) {
	o, err := d.Store.Objective(ctx, g.Actor.Workspace, idIn(value))
	return o, NoObjective(err)
}

// NoObjective is an error, with what to say instead where an objective is not there.
func NoObjective(err error) error {
	if IsNotFound(err) {
		return Instead(Say("This objective is gone. `/okr list` shows what there is."), err)
	}
	return err
}

// idIn is the id that a button or an option carries; nobody's where it carries none.
func idIn(value string) int64 {
	id, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return 0
	}
	return id
}

func there(err error, key string) error {
	if IsNotFound(err) {
		return Instead(NoSuchKeyResult(key), err)
	}
	return err
}
