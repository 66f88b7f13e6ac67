package desk

import (
	"context"
	"slices"
	"strconv"

	"okrbot/bot/command"
	"okrbot/okr"
	"okrbot/store"
)

// ObjectiveVerbs are the verbs that take an objective in the place of a key result.
var ObjectiveVerbs = []string{"show", "edit", "remove"}

// WordsOf are the words of a command. What is written as "O365" names an objective where there is that one, and
// is a word of a title elsewhere.
func (d *Desk) WordsOf(ctx context.Context, g Gesture, text string) ([]command.Word, error) {
	words := command.Words(text)
	var numbers []int
	for _, w := range words {
		if n, _ := w.ObjectiveKey(); w.Doubtful() {
			numbers = append(numbers, n)
		}
	}
	if len(numbers) == 0 {
		return words, nil
	}
	there, err := d.Store.ObjectivesByNumber(ctx, g.Actor.Workspace, numbers)
	for i, w := range words {
		n, _ := w.ObjectiveKey()
		words[i].Title = w.Doubtful() && !slices.ContainsFunc(there, func(o okr.Objective) bool { return o.Number == n })
	}
	return words, err
}

func isObjective(w command.Word) bool { _, ok := w.ObjectiveKey(); return ok }

// numbered is the key result of a number; where there is none, the error is what to say instead.
func (d *Desk) numbered(ctx context.Context, g Gesture, number int) (store.KeyResult, error) {
	k, err := d.Store.KeyResult(ctx, g.Actor.Workspace, number)
	return k, noKeyResult(err, okr.KeyResult{Number: number}.Key())
}

// Pressed is the key result whose id a button or an option carries; where there is none, the error is
// what to say instead.
func (d *Desk) Pressed(ctx context.Context, g Gesture, value string) (store.KeyResult, error) {
	k, err := d.Store.KeyResultByID(ctx, g.Actor.Workspace, idIn(value))
	return k, noKeyResult(err, "such key result")
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
		return Instead(Say("This objective is gone. `/okr objectives` shows what there is."), err)
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

func noKeyResult(err error, key string) error {
	if IsNotFound(err) {
		return Instead(NoSuchKeyResult(key), err)
	}
	return err
}
