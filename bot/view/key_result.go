package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// KeyResult is a key result as it is shown, with the moment it is shown at.
type KeyResult struct {
	okr.KeyResult
	Objective okr.Objective
	Source    Source
	Now       time.Time // the database's
	Today     okr.Day   // in the objective's zone
}

// Source is where an integrated key result reads from, in the words shown.
type Source struct {
	Scorecard  string
	Connection string
	System     string    // "ServiceNow"
	Waiting    time.Time // the system asked us to wait until then; zero when it did not
}

// The ids of what can be pressed on a key result, wherever it is shown. A button's value is the
// key result's id; a kebab's item is "sync:42".
const (
	ActionSync    = "sync"
	ActionDetails = "details"
	ActionCheckIn = "check_in"
	ActionMore    = "more"
	ActionResume  = "resume_automatic"
)

// Item is one choice of a kebab: what to do with which key result.
func Item(verb string, id int64) string { return fmt.Sprintf("%s:%d", verb, id) }

// Headline names the key result: "*KR-3* Reduce open P1 incidents".
func (k KeyResult) Headline() string {
	return "*" + k.Key() + "* " + Escape(Cut(k.Title, 150))
}

// Figures are the number, what it means, how it stands, and how confident its owner is:
// "39 Hours · progress 55 %, committed result met · ⏳ Behind · 💬 Confident, though it is behind".
func (k KeyResult) Figures() string {
	return strings.Join(append(k.amount(), k.status()), " · ")
}

// status is how the key result stands, and how confident its owner is.
func (k KeyResult) status() string {
	standing := k.Standing()
	status := standing.Status.Icon() + " " + standing.Status.Word()
	if awaited := k.Awaited(k.Objective.Period, k.Today); awaited != "" {
		if standing.Status == okr.NoData {
			status += " yet"
		}
		status += ": " + awaited
	}
	if word := k.Confidence.Level.Word(); word != "" {
		status += " · :speech_balloon: " + word
		if k.Confidence.Disagrees(standing.Status) {
			status += ", though it is " + strings.ToLower(standing.Status.Word())
		}
	}
	return status
}

// amount is the number and how far it has come; where there is none yet, what there is to see instead.
func (k KeyResult) amount() []string {
	if !k.Counted().Value.Valid {
		return []string{k.preview()}
	}
	return append([]string{"*" + Escape(k.CountedWords(k.Today)) + "*"}, k.reached()...)
}

// FiguresBeside are the figures where the number stands before them already: what it is, unless it is the
// latest value, what it means and how it stands.
func (k KeyResult) FiguresBeside() string {
	var parts []string
	if how := k.HowWords(k.Counted()); how != "" {
		parts = append(parts, how)
	}
	return strings.Join(append(append(parts, k.reached()...), k.status()), " · ")
}

// reached is how far the number has come, where that is a percentage.
func (k KeyResult) reached() (parts []string) {
	if standing := k.Standing(); standing.Progress.Valid {
		reached := okr.ProgressWords(standing.Progress.Decimal)
		if standing.CommittedProgress.Valid {
			reached += ", committed result " + standing.CommittedWords(k.Objective.Period, k.Today)
		}
		parts = append(parts, reached)
	}
	return parts
}

// preview is what there is to see while the period has no score: the latest one of before.
func (k KeyResult) preview() string {
	if words := k.BeforeWords(k.Today); words != "" {
		return "before the period *" + Escape(words) + "*"
	}
	return k.noneYet()
}

// noneYet says that the period has no value, in the words of where values come from.
func (k KeyResult) noneYet() string {
	if !k.Integrated {
		return "no check-in yet"
	}
	return "no score yet"
}

// Bar is the progress bar, with a legend for the ticks that it has.
func (k KeyResult) Bar() string {
	standing := k.Standing()
	text := "`" + standing.Draw(20) + "`"
	if standing.CommittedTick.Valid {
		text += "  ┃ committed"
	}
	if standing.Expected.Valid {
		text += "  ╎ expected by " + k.PaceDay(k.Today).Short(k.Today)
	}
	return text
}

// Standing is how the key result stands on the day it is shown.
func (k KeyResult) Standing() okr.Standing { return k.KeyResult.Standing(k.Objective.Period, k.Today) }

// Need is what the key result needs of people on the day it is shown.
func (k KeyResult) Need() okr.Need { return k.KeyResult.Need(k.Objective.Period, k.Today) }

// Pressing orders key results as lists are: the most pressing first.
func (k KeyResult) Pressing(other KeyResult) int { return k.place().Compare(other.place()) }

func (k KeyResult) place() okr.Place { return k.Place(k.Objective.Period, k.Today) }

// Counted is the result that counts on the day it is shown: an override while there is one.
func (k KeyResult) Counted() okr.Result { return k.KeyResult.Counted(k.Today) }

// ByHand says who entered the value that stands in for the score, why and until when, and what the score
// is and when it was read; empty when none does.
func (k KeyResult) ByHand() string {
	if !k.Overridden(k.Today) {
		return ""
	}
	text := ":pencil2: <@" + k.Override.By + "> entered the value by hand: " + Escape(k.Override.Words(k.KeyResult, k.Today)) + "\n" + Escape(k.Source.System)
	if !k.Result.Value.Valid {
		return text + " has no score yet · " + k.read()
	}
	return text + " says " + Escape(k.ResultWords()) + ", " + k.scored() + " · " + k.read()
}

// Dates are the two dates that stand beside every number: the day that it is of, and when the system
// was read. The second is written by each reader's Slack in their own zone. That there is no number
// yet the figures say; of a value by hand the second stands in ByHand, beside the score.
func (k KeyResult) Dates() string {
	day, counted := "", k.Counted()
	switch {
	case counted.ByHand:
		return "value of " + counted.AsOf.Short(k.Today) + ", entered by hand"
	case counted.Value.Valid:
		day = k.scored() + " · "
	}
	switch {
	case !k.Integrated && counted.Value.Valid:
		return "value of " + counted.AsOf.Short(k.Today)
	case !k.Integrated:
		return ""
	}
	return day + k.read()
}

// read is when the system was read.
func (k KeyResult) read() string {
	if k.SyncedAt.IsZero() {
		return "not synced yet"
	}
	return "synced " + ago(k.SyncedAt)
}

// scored is which day the newest score is of: "score of 22 Nov", "week to 29 Nov".
func (k KeyResult) scored() string { return k.ScoreOf(k.Result.AsOf, k.Today) }

// ago is how long ago something was, which each reader's Slack keeps current: "5 minutes ago".
func ago(t time.Time) string {
	return fmt.Sprintf("<!date^%d^{ago}|%s UTC>", t.Unix(), t.UTC().Format("2 Jan 2006, 15:04"))
}

// When are the dates, and when it is read again. Of what failed and is tried again the trouble says when.
func (k KeyResult) When() string {
	dates := k.Dates()
	switch {
	case k.triedAgain() && !k.Source.Waiting.After(k.Now):
		return dates + k.over()
	case dates == "":
		return k.Next()
	}
	return dates + " · " + k.Next()
}

// Shown are the lines under a key result's name, wherever it is shown: figures, dates, and what
// was entered by hand.
func (k KeyResult) Shown() string { return lines(k.Figures(), k.Dates(), k.ByHand()) }

// ShownBeside are the lines where the number stands before them already.
func (k KeyResult) ShownBeside() string { return lines(k.FiguresBeside(), k.Dates(), k.ByHand()) }

// lines puts those that are not empty under each other.
func lines(all ...string) string {
	return strings.Join(slices.DeleteFunc(all, func(line string) bool { return line == "" }), "\n")
}

// Moment is a time that each reader's Slack shows in their own zone: "Today at 09:04".
func Moment(t time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty} at {time}|%s UTC>", t.Unix(), t.UTC().Format("2 Jan 2006, 15:04"))
}

// Next says when the key result is read again, or why it is not.
func (k KeyResult) Next() string {
	switch {
	case k.Closed:
		return ":lock: closed out"
	case !k.Integrated:
		return "updated by people" + k.over()
	case k.Paused:
		return ":double_vertical_bar: paused, not read by itself" + k.failedBefore() + k.over()
	case k.Source.Waiting.After(k.Now):
		return fmt.Sprintf("%s asked us to wait until %s", k.Source.System, Moment(k.Source.Waiting))
	case k.triedAgain() && k.RetryAt.After(k.Now):
		return "next try " + okr.RetryWords(k.RetryAt, k.Now, k.Cadence.Zone) + k.over()
	case k.NextSyncAt.IsZero():
		return "no next sync"
	}
	next := "next sync " + okr.NextRunWords(k.NextSyncAt, k.Cadence.Zone)
	if k.over() != "" {
		return "period over, read until it is closed out: " + next
	}
	return next
}

// over says that the period is over and the objective waits to be closed out, behind other words; empty
// while it runs.
func (k KeyResult) over() string {
	if k.Closed || k.Today <= k.Objective.Period.Last {
		return ""
	}
	return " · period over, to be closed out"
}

// failedBefore is since when the syncs of a paused key result had failed, behind other words; empty where they
// had not.
func (k KeyResult) failedBefore() string {
	if k.failing() == "" {
		return ""
	}
	return "; its syncs had failed since " + Moment(k.Failure.Since)
}

// Trouble is what keeps the key result from being true and how to fix it; empty when nothing does, and where
// it is paused, which Next says.
func (k KeyResult) Trouble() string {
	if failing := k.failing(); failing != "" && !k.Paused {
		return failing + k.again()
	}
	return ""
}

// troubleAlone is the trouble where nothing beside it says that the key result is paused.
func (k KeyResult) troubleAlone() string {
	if k.Integrated && k.Paused && !k.Closed {
		return k.Next()
	}
	return k.Trouble()
}

// failing is the trouble without when it is tried again.
func (k KeyResult) failing() string {
	if k.Failure.Class == "" || k.Closed {
		return ""
	}
	return ":warning: *Not syncing* since " + Moment(k.Failure.Since) + ". " + k.Failure.Says
}

// triedAgain says whether a failed sync is tried again before the next slot.
func (k KeyResult) triedAgain() bool {
	return !k.RetryAt.IsZero() && k.Failure.Class != "" && !k.Paused && !k.Closed
}

// again says when a failed sync is tried again before the next slot, as a sentence that follows
// another; empty when it is not.
func (k KeyResult) again() string {
	if !k.triedAgain() {
		return ""
	}
	return " We try again " + okr.RetryWords(k.RetryAt, k.Now, k.Cadence.Zone) + "."
}

// Kebab offers what a person may do with the key result beside looking at it.
func (k KeyResult) Kebab() *slack.OverflowBlockElement {
	option := func(verb, label string) *slack.OptionBlockObject {
		return slack.NewOptionBlockObject(Item(verb, k.ID), plain(label), nil)
	}
	var options []*slack.OptionBlockObject
	if k.Closed {
		return slack.NewOverflowBlockElement(ActionMore, option("remove", "Remove…"))
	}
	if k.Integrated {
		options = append(options, option("sync", "Sync Integration Data"))
	} else {
		options = append(options, option("check_in", "Check in"))
	}
	options = append(options, option("edit", "Edit"))
	switch {
	case k.Integrated && k.Paused:
		options = append(options, option("resume", "Resume syncing"))
	case k.Integrated:
		options = append(options, option("pause", "Pause syncing"))
	}
	options = append(options, option("remove", "Remove…"))
	return slack.NewOverflowBlockElement(ActionMore, options...)
}

// keyResultLine names a key result and its objective where neither is shown.
func keyResultLine(k okr.KeyResult, under okr.Objective) string {
	return "*" + k.Key() + "* " + Escape(Cut(ShownName(k.Title, k.Key()), 150)) + " under " + headlineOf(under)
}

// BecameKeyResultOwner, BecameKeyResultCoOwner and KeyResultHandedOver tell people that a key result is theirs
// now, or not any more.
func BecameKeyResultOwner(k okr.KeyResult, under okr.Objective, by string) string {
	return ":dart: You became owner of " + keyResultLine(k, under) + ": <@" + by + "> changed that. `/okr show " + k.Key() + "` shows it."
}

// BecameKeyResultCoOwner is for who shares it.
func BecameKeyResultCoOwner(k okr.KeyResult, under okr.Objective, by string) string {
	return ":dart: You became co-owner of " + keyResultLine(k, under) + ": <@" + by + "> changed that. `/okr show " + k.Key() + "` shows it."
}

// KeyResultHandedOver is for who owned or co-owned it.
func KeyResultHandedOver(k okr.KeyResult, under okr.Objective, by string) string {
	return ":dart: You are neither owner nor co-owner of " + keyResultLine(k, under) + " any more: <@" + by + "> changed that. Its owner is <@" + k.Owner + ">."
}

// KeyResultRemoved is for who owned or co-owned it.
func KeyResultRemoved(k okr.KeyResult, under okr.Objective, by string) string {
	return ":dart: " + keyResultLine(k, under) + " was removed by <@" + by + ">, with its readings and check-ins."
}
