package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/riverqueue/river"

	"okrbot/okr"
	"okrbot/sheet"
	"okrbot/store"
)

// ExportWorkspace makes the files that a person asked for, and has them sent.
type ExportWorkspace struct {
	Export int64 `json:"export"`
	Hold   int64 `json:"hold"`
}

func (ExportWorkspace) Kind() string { return "export_workspace" }

func (ExportWorkspace) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueExport} }

// exportsAtMost is how often an export is tried that does not arrive. Where the answer was lost, it is
// sent once more.
const exportsAtMost = 5

// Exporter sends people the files they asked for.
type Exporter interface {
	// ActorToday is somebody with the rights that they have now.
	ActorToday(ctx context.Context, who okr.Actor) (okr.Actor, error)
	// Export sends a person the files they asked for, in one message.
	Export(ctx context.Context, to okr.Actor, n ExportCounts, files []*File) error
	// ExportFailed tells a person that their files do not come, and what to do. Code is Slack's.
	ExportFailed(ctx context.Context, to okr.Actor, code string) error
}

// export makes the files and has them sent, as far as the person may take them home by then: they may
// have waited for hours. What Slack will not take, however often it is tried, is told to the person, with
// what to do instead.
func (c *Client) export(ctx context.Context, held store.HeldExport) error {
	e, mine, err := c.store.KeepExport(ctx, held)
	if err != nil || !mine {
		return err
	}
	if e.Actor, err = c.messenger.ActorToday(ctx, e.Actor); err == nil {
		if !okr.May(e.Actor, okr.View) {
			c.log.Info("an export is not sent: its person is not of the workspace any more", "export", e.ID)
			return c.store.FinishExport(ctx, held, "no_member")
		}
		err = c.handOver(ctx, e)
	}
	var u *Undelivered
	switch known := errors.As(err, &u); {
	case err == nil:
		return c.store.HandOverExport(ctx, e)
	case known && u.Kind == NotSent && u.After > 0:
		return c.store.ReleaseExport(ctx, held, u.After, false)
	case known && u.Kind == Ambiguous && e.Failures == 0, (!known || u.Kind == NotSent) && e.Failures+1 < exportsAtMost:
		c.log.Warn("an export was not sent yet", "export", e.ID, "error", err)
		return c.store.ReleaseExport(ctx, held, again(err, e.Failures), true)
	}
	c.log.Warn("an export was not sent", "export", e.ID, "error", err)
	code := "failed"
	if u != nil {
		code = u.Code
	}
	if err := c.messenger.ExportFailed(ctx, e.Actor, code); err != nil {
		c.log.Warn("nobody could be told that an export was not sent", "export", e.ID, "error", err)
	}
	return c.store.FinishExport(ctx, held, code)
}

// exportFormats are the files of an export, by their endings.
var exportFormats = []struct {
	ending string
	writer func(io.Writer) sheet.Writer
}{{"csv", sheet.CSV}, {"json", sheet.JSON}}

// handOver writes the files beside us, since Slack wants to know their length first, and sends them.
func (c *Client) handOver(ctx context.Context, e store.Export) error {
	now, err := c.store.Now(ctx)
	if err != nil {
		return err
	}
	name := "okrs-" + okr.DayOf(now).String()
	var files []*File
	var writers []sheet.Writer
	for _, format := range exportFormats {
		if len(e.Only) > 0 && !slices.Contains(e.Only, format.ending) {
			continue
		}
		f := &File{Name: name + "." + format.ending}
		files = append(files, f)
		temporary, err := os.CreateTemp("", "okrbot-export-")
		if err != nil {
			return fmt.Errorf("making a file: %w", err)
		}
		defer temporary.Close()
		// It has no name from the start: nobody else can open it, and a death leaves nothing behind.
		if err := os.Remove(temporary.Name()); err != nil {
			return fmt.Errorf("making a file: %w", err)
		}
		f.Content = temporary
		writers = append(writers, format.writer(temporary))
	}
	count, err := WriteExport(ctx, c.store, e.Actor.Workspace, &e.Actor, writers...)
	if err != nil {
		return err
	}
	for _, f := range files {
		if f.Size, err = f.Content.Seek(0, io.SeekEnd); err != nil {
			return fmt.Errorf("measuring a file: %w", err)
		}
		if _, err = f.Content.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("reading a file: %w", err)
		}
	}
	return c.messenger.Export(ctx, e.Actor, count, files)
}

// ExportCounts is how much is in an export.
type ExportCounts struct{ KeyResults, Objectives int }

// File is one file of an export.
type File struct {
	Name    string
	Size    int64
	Content *os.File
}

// WriteExport writes a workspace's key results, then its objectives without any, in one pass over
// one moment of the database. However many there are, they pass through one by one. With an actor
// it leaves out what this person may not take home.
func WriteExport(ctx context.Context, s *store.Store, workspace string, actor *okr.Actor, to ...sheet.Writer) (ExportCounts, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return ExportCounts{}, err
	}
	var n ExportCounts
	write := func(r sheet.Row) error {
		for _, w := range to {
			if err := w.Write(r); err != nil {
				return fmt.Errorf("writing an export: %w", err)
			}
		}
		return nil
	}
	var objective int64
	err = s.EachKeyResult(ctx, workspace, func(k store.KeyResult) error {
		if actor != nil && !k.MayExport(*actor) {
			return nil
		}
		n.KeyResults++
		if k.Objective.ID != objective {
			objective = k.Objective.ID
			n.Objectives++
		}
		return write(sheet.Of(k, now))
	}, func(o okr.Objective) error {
		if actor != nil && !o.MayExport(*actor) {
			return nil
		}
		n.Objectives++
		return write(sheet.OfObjective(o))
	})
	if err != nil {
		return n, err
	}
	for _, w := range to {
		if err := w.Close(); err != nil {
			return n, fmt.Errorf("writing an export: %w", err)
		}
	}
	return n, nil
}
