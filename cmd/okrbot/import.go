package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"okrbot/bot"
	"okrbot/sheet"
	"okrbot/store"
)

type importCommand struct {
	File      string `arg:"" help:"A CSV with the columns of okrbot export; docs/import.md describes them." type:"existingfile"`
	Apply     bool   `help:"Save it. Without it, import only says what it would do."`
	Workspace string `help:"Slack's id of the workspace, such as T012AB3CD; needed where there are several." placeholder:"T…"`
}

// Run says what a file would make and change, with every problem, and saves all of it when asked to
// and nothing is wrong.
func (i importCommand) Run(in *invocation) error {
	s, config, done, err := openStore(in)
	if err != nil {
		return err
	}
	defer done()
	workspace, err := chooseWorkspace(in, s, i.Workspace)
	if err != nil {
		return err
	}
	file, err := os.Open(i.File)
	if err != nil {
		return fmt.Errorf("opening the file: %w", err)
	}
	defer file.Close()
	met := sheet.Meet(people(config, workspace))
	o, err := sheet.Check(in.ctx, s, workspace, file, in.out, met)
	if err != nil {
		return err
	}
	fmt.Fprintf(in.out, "%d objectives and %d key results to add, %d objectives and %d key results to change, %d key results as they are.\n",
		o.Objectives, o.KeyResults, o.ChangedObjectives, o.Changed, o.Same)
	switch {
	case o.Problems > 0:
		return fmt.Errorf("problems found: %d, see above. Nothing was saved; mend the file and run it again", o.Problems)
	case !i.Apply:
		fmt.Fprintln(in.out, "Nothing was saved. Run it again with --apply to save it.")
		return nil
	}
	if o, err = sheet.Import(in.ctx, s, workspace, file, io.Discard, met); err != nil {
		return fmt.Errorf("%w. Nothing was saved", err)
	}
	if o.Problems > 0 {
		return errors.New("the workspace was changed meanwhile. Nothing was saved; run it again")
	}
	fmt.Fprintln(in.out, "Saved.")
	return s.Measure(in.ctx)
}

// people is who is asked about owners that the workspace does not know: Slack, with the bot's token.
func people(c Config, workspace string) sheet.People {
	if c.SlackBotToken.Empty() {
		return sheet.Unasked("This person has not used okrbot yet, and Slack cannot be asked who it is: SLACK_BOT_TOKEN is not set where this runs. Set it and run the import again, or have this person type `/okr` once.")
	}
	slack := bot.NewSlack(bot.SlackOptions{APIURL: c.SlackAPIURL, BotToken: c.SlackBotToken})
	return &directory{slack: slack, workspace: workspace}
}

// directory asks Slack, once it is sure that the token is this workspace's.
type directory struct {
	slack     *bot.Slack
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
			d.proven = d.slack.Directory(d.workspace)
		}
	}
	return d.proven.Named(ctx, who)
}
