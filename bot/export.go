package bot

import (
	"context"
	"strings"

	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/jobs"
	"okrbot/okr"
	"okrbot/store"
)

// export has files made for a person; of the formats, only some when they are named.
func (b *Bot) export(ctx context.Context, g desk.Gesture, only []string) (desk.Reply, error) {
	var fresh bool
	err := b.Store.InTx(ctx, func(tx *store.Tx) error {
		var err error
		fresh, err = tx.CreateExport(ctx, g.Actor, only)
		return err
	})
	if err != nil {
		return desk.Reply{}, err
	}
	if !fresh {
		return desk.Say("Your files are being made already. They come as a direct message in a moment."), nil
	}
	files, as := "files", "CSV and as JSON. They come"
	if len(only) == 1 {
		files, as = "file", strings.ToUpper(only[0])+". It comes"
	}
	what := "the objectives and key results that you own or look after"
	if okr.May(g.Actor, okr.Export) {
		what = "all objectives and key results"
	}
	return desk.Say("Making your " + files + ": " + what + ", as " + as + " as a direct message in a moment."), nil
}

// Export sends a person the files they asked for, in one message.
func (m *Messenger) Export(ctx context.Context, to okr.Actor, n jobs.Counted, files []*jobs.File) error {
	if n == (jobs.Counted{}) {
		_, _, err := m.slack.Post(ctx, to.ID, view.Text("There is nothing to export yet. Begin with `/okr add-objective`."))
		return err
	}
	return m.slack.Share(ctx, to.ID, view.Exported(n.Objectives, n.KeyResults, len(files)), files)
}

// ExportFailed tells a person that their files do not come, and what to do.
func (m *Messenger) ExportFailed(ctx context.Context, to okr.Actor, code string) error {
	_, _, err := m.slack.Post(ctx, to.ID, view.NotExported(code))
	return err
}
