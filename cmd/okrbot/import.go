package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"okrbot/bot"
	"okrbot/bot/desk"
	"okrbot/jobs"
	"okrbot/okr"
	"okrbot/sheet"
	"okrbot/store"
)

type importCommand struct {
	File       string `arg:"" help:"A CSV with the columns of okrbot export, or of okrbot export --history; docs/import.md describes them. It may come through a pipe: - is standard input." type:"existingfile"`
	Apply      bool   `help:"Save it. Without it, import only says what it would do."`
	TellNobody bool   `help:"Tell owners nothing of what the import makes theirs, or takes from them."`
	Workspace  string `help:"Slack's id of the workspace, such as T012AB3CD; needed where there are several." placeholder:"T…"`
}

// Run says what a file would make and change, with every problem, and saves all of it when asked to
// and nothing is wrong.
func (i importCommand) Run(in *invocation) error {
	s, config, done, err := openStore(in, Config.Keyset)
	if err != nil {
		return err
	}
	defer done()
	workspace, err := chooseWorkspace(in, s, i.Workspace)
	if err != nil {
		return err
	}
	file, err := openTwice(i.File)
	if err != nil {
		return fmt.Errorf("opening the file: %w", err)
	}
	defer file.Close()
	beside, err := i.beside(s, config, workspace)
	if err != nil {
		return err
	}
	o, err := sheet.Check(in.ctx, s, workspace, file, in.out, beside)
	if err != nil {
		return err
	}
	if o.Problems == 0 {
		fmt.Fprintln(in.out, toDo(o)+i.toHear(o))
	}
	switch {
	case o.Problems > 0:
		return fmt.Errorf("%s found, see above. Nothing was saved; change the file and run it again", okr.CountWords(o.Problems, "problem"))
	case nothing(o):
		return nil
	case !i.Apply:
		fmt.Fprintln(in.out, "Nothing was saved. Run it again with --apply to save it.")
		return nil
	}
	o, err = sheet.Import(in.ctx, s, workspace, file, io.Discard, beside)
	switch {
	case errors.Is(err, store.ErrUnclear):
		return fmt.Errorf("%w. Run it again without --apply: it says what is still to be done", err)
	case err != nil:
		return fmt.Errorf("%w. Nothing was saved", err)
	}
	if o.Problems > 0 {
		return errors.New("the workspace was changed meanwhile. Nothing was saved; run it again")
	}
	fmt.Fprintln(in.out, "Saved.")
	if o.KeyResults > 0 {
		fmt.Fprintln(in.out, "Readings, check-ins and values by hand are in another file: `okrbot export --history` writes it, and import reads it after this one. "+staysBehind)
	}
	coming, err := s.FirstValues(in.ctx, workspace, o.At)
	if err != nil {
		return err
	}
	for _, line := range comingWords(coming) {
		fmt.Fprintln(in.out, line)
	}
	return s.Analyze(in.ctx)
}

// beside is what the import asks besides the database, and whom it tells.
func (i importCommand) beside(s *store.Store, config Config, workspace string) (*sheet.Beside, error) {
	b := &sheet.Beside{People: sheet.CachePeople(people(config, workspace)), Whole: connectorsOf(config).Whole}
	if i.TellNobody {
		return b, nil
	}
	leaving, err := jobs.New(jobs.Options{Store: s, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		b.Tell = bot.TellImported(leaving)
	}
	return b, err
}

// toHear says how many people are told, as a line that follows; empty where none is.
func (i importCommand) toHear(o sheet.Outcome) string {
	if i.TellNobody || o.Hear == 0 {
		return ""
	}
	people := "1 person"
	if o.Hear > 1 {
		people = fmt.Sprintf("%d people", o.Hear)
	}
	return "\nTo hear by direct message what is theirs now, or not any more: " + people + ". With --tell-nobody nobody does."
}

// openTwice opens a file that is read more than once. What comes through a pipe is copied first.
func openTwice(path string) (*os.File, error) {
	file := os.Stdin
	if path != "-" {
		var err error
		if file, err = os.Open(path); err != nil {
			return nil, err
		}
	}
	if info, err := file.Stat(); err != nil || info.Mode().IsRegular() {
		return file, err
	}
	defer file.Close()
	copied, err := os.CreateTemp("", "okrbot-import-")
	if err != nil {
		return nil, err
	}
	// Without a name nobody else opens it, and a death leaves nothing behind.
	if err = os.Remove(copied.Name()); err == nil {
		_, err = io.Copy(copied, file)
	}
	if err == nil {
		_, err = copied.Seek(0, io.SeekStart)
	}
	if err != nil {
		copied.Close()
		return nil, err
	}
	return copied, nil
}

func nothing(o sheet.Outcome) bool {
	return o.Objectives+o.KeyResults+o.ChangedObjectives+o.Changed+o.Entries == 0
}

// toDo says what an import would do.
func toDo(o sheet.Outcome) string {
	if o.History {
		says := "To add: " + okr.CountWords(o.Entries, "entry") + " of histories."
		if nothing(o) {
			says = "Nothing to add."
		}
		if o.SameEntries > 0 {
			says += " There already: " + okr.CountWords(o.SameEntries, "entry") + "."
		}
		if o.LeftEntries > 0 {
			says += " Left out: " + okr.CountWords(o.LeftEntries, "entry") + ", since the workspace has another value for the same day."
		}
		return says
	}
	both := func(objectives, keyResults int) string {
		switch {
		case objectives == 0:
			return okr.CountWords(keyResults, "key result")
		case keyResults == 0:
			return okr.CountWords(objectives, "objective")
		}
		return okr.CountWords(objectives, "objective") + " and " + okr.CountWords(keyResults, "key result")
	}
	var says []string
	if o.Objectives+o.KeyResults > 0 {
		says = append(says, "To add: "+both(o.Objectives, o.KeyResults)+".")
	}
	if o.ChangedObjectives+o.Changed > 0 {
		says = append(says, "To change: "+both(o.ChangedObjectives, o.Changed)+".")
	}
	if nothing(o) {
		says = append(says, "Nothing to add or change.")
	}
	if o.Same > 0 {
		says = append(says, "As they are already: "+okr.CountWords(o.Same, "key result")+".")
	}
	return strings.Join(says, " ")
}

// comingWords says when what was imported has its first values.
func comingWords(c store.FirstValues) []string {
	var says []string
	if c.Soon > 0 {
		says = append(says, fmt.Sprintf("First values come within %s for %s, as long as `okrbot serve` runs.",
			okr.CountWords(c.Minutes, "minute"), okr.CountWords(c.Soon, "key result")))
	}
	if c.Refused > 0 {
		says = append(says, "No values come for "+okr.CountWords(c.Refused, "key result")+" until their connection is signed in again: `/okr connections` reconnects it.")
	}
	if c.Paused > 0 {
		says = append(says, "No values come for "+okr.CountWords(c.Paused, "key result")+" while paused: `/okr resume KR-n` has it go on.")
	}
	return says
}

// people is who is asked about owners that the workspace does not know: Slack, with the bot's token.
func people(c Config, workspace string) sheet.People {
	if c.SlackBotToken.Empty() {
		return sheet.Unasked("This person has not used okrbot yet, and Slack cannot be asked who it is: SLACK_BOT_TOKEN is not set where this runs. Set it and run the import again, or have this person type `/okr` once.")
	}
	slack := desk.NewSlack(desk.SlackOptions{APIURL: c.SlackAPIURL, BotToken: c.SlackBotToken})
	return &directory{slack: slack, workspace: workspace}
}

// directory asks Slack, once it is sure that the token is this workspace's.
type directory struct {
	slack     *desk.Slack
	workspace string
	proven    sheet.People
}

// Named is somebody by Slack's id or e-mail address.
func (d *directory) Named(ctx context.Context, who string) (store.Person, string, error) {
	if d.proven == nil {
		w, err := d.slack.Who(ctx)
		switch {
		case ctx.Err() != nil:
			return store.Person{}, "", ctx.Err()
		case err != nil:
			d.proven = sheet.Unasked("This person has not used okrbot yet, and Slack did not say who it is. `okrbot doctor` says what is wrong with the way to Slack.")
		case w.ID != d.workspace:
			d.proven = sheet.Unasked("This person has not used okrbot yet, and Slack cannot be asked who it is: SLACK_BOT_TOKEN is of the workspace " + w.ID + ". Have this person type `/okr` once.")
		default:
			d.proven = d.slack.Directory(w)
		}
	}
	return d.proven.Named(ctx, who)
}
