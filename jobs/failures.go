package jobs

import (
	"context"
	"errors"
	"strings"

	"okrbot/accounts"
	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// The failures that no connector tells.

// gone is told about a scorecard that was asked for by name twice, an hour apart, and was not there.
func gone(f *integrations.Error) *integrations.Error {
	return &integrations.Error{Class: f.Class, Cause: "gone",
		Says: "The scorecard was asked for twice, an hour apart, and was not there: it was deleted, or is hidden from this sign-in. The two are not told apart.",
		Next: "Choose another one with `/okr edit`, or ask who may see it."}
}

// givenUp is told about a run that took its job down again and again.
func givenUp() *integrations.Error {
	return &integrations.Error{Class: integrations.Unavailable, Cause: "given_up",
		Says: "Something went wrong on our side whenever this scorecard was read.",
		Next: "The next sync tries again; if it stays, tell okrbot's administrator."}
}

// passes says whether time alone can end a failure, so that what failed is tried again before its
// next slot. A refused sign-in, a missing right and a scorecard that changed wait for a person; a scorecard
// that is missing has its own second look; one that takes its process down is left alone.
func passes(f *integrations.Error) bool {
	switch f.Class {
	case integrations.Unavailable, integrations.Misread:
		return f.Cause != scorecardChanged && f.Cause != givenUp().Cause && f.Cause != accounts.NoConnector("").Cause
	}
	return false
}

// unforeseen is an error that a connector did not type: its context ended, or it has a mistake.
func unforeseen(ctx context.Context, err error) *integrations.Error {
	if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
		return &integrations.Error{Class: integrations.Unavailable, Cause: "too_slow", Brief: true,
			Says: "The answer took too long.", Next: "It usually passes by itself."}
	}
	return &integrations.Error{Class: integrations.Unavailable, Cause: "unforeseen", Brief: true,
		Says: "Something went wrong while reading the scorecard.", Next: "It usually passes by itself; if it stays, tell okrbot's administrator."}
}

// scorecardChanged is the cause of a value that is held until somebody agrees to what its scorecard is
// by now.
const scorecardChanged = "scorecard_changed"

// traits are what a scorecard says of its numbers. A frequency that was guessed says nothing.
func traits(s integrations.Scorecard) okr.Traits {
	t := okr.Traits{Unit: s.Unit, Better: string(s.Direction), Precision: okr.PrecisionOf(s.Precision)}
	if !s.Guessed {
		t.Frequency = okr.Frequency(s.Frequency)
	}
	return t
}

// failureOf is why an answer cannot be applied: its own error, or a unit, direction, frequency or
// precision that nobody has agreed to. A period without its first score yet is ordinary, and no failure.
func failureOf(answer integrations.Reading, k store.KeyResult) *integrations.Error {
	var failure *integrations.Error
	if errors.As(answer.Err, &failure) {
		return failure
	}
	s := answer.Scorecard
	if changed := k.Source.Traits().Changes(traits(s)); len(changed) > 0 {
		return &integrations.Error{Class: integrations.Misread, Cause: scorecardChanged,
			Says: "The scorecard's " + changes(changed) + ", so its value is held.",
			Next: "Check it with `/okr edit " + k.Key() + "` and save to accept the new " + changed[0].What + others(changed) + "."}
	}
	return nil
}

// changes say what a scorecard was and is: "unit changed from “Hours” to “Days” and its direction from
// less is better to more is better".
func changes(list []okr.Trait) string {
	parts := make([]string, len(list))
	for i, t := range list {
		before, after := t.Before, t.After
		if t.What == "unit" {
			before, after = unitName(before), unitName(after)
		}
		parts[i] = t.What + " from " + before + " to " + after
	}
	parts[0] = strings.Replace(parts[0], " from ", " changed from ", 1)
	return strings.Join(parts, ", its ")
}

// others are the rest of what is accepted with the first.
func others(list []okr.Trait) string {
	text := ""
	for _, t := range list[1:] {
		text += " and " + t.What
	}
	return text
}

// escape keeps the other side's words from being mrkdwn, by Slack's rule.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// unitName writes a unit that the other side chose: short, and quoted so that it stays a word.
func unitName(unit string) string {
	if unit == "" {
		return "none"
	}
	runes := []rune(unit)
	return "“" + escape.Replace(string(runes[:min(len(runes), 20)])) + "”"
}
