package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"okrbot/sheet"
)

type importCommand struct {
	File      string `arg:"" help:"A CSV with the columns of okrbot export; docs/import.md describes them." type:"existingfile"`
	Apply     bool   `help:"Save it. Without it, import only says what it would do."`
	Workspace string `help:"Slack's id of the workspace, such as T012AB3CD; needed where there are several." placeholder:"T…"`
}

// Run says what a file would make and change, with every problem, and saves all of it when asked to
// and nothing is wrong.
func (i importCommand) Run(in *invocation) error {
	s, done, err := openStore(in)
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
	o, err := sheet.Check(in.ctx, s, workspace, file, in.out)
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
	if o, err = sheet.Import(in.ctx, s, workspace, file, io.Discard); err != nil {
		return fmt.Errorf("%w. Nothing was saved", err)
	}
	if o.Problems > 0 {
		return errors.New("the workspace was changed meanwhile. Nothing was saved; run it again")
	}
	fmt.Fprintln(in.out, "Saved.")
	return s.Measure(in.ctx)
}
