package bot

import (
	"context"
	"slices"
	"strings"

	"okrbot/bot/command"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/jobs"
	"okrbot/okr"
	"okrbot/store"
)

// exports are the files that people ask for.
type exports struct{ *desk.Desk }

// make has files made for a person; of the formats, only some when they are named.
func (f exports) make(ctx context.Context, g desk.Gesture, only []string) (desk.Reply, error) {
	var fresh bool
	err := f.Store.InTx(ctx, func(tx *store.Tx) error {
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

// ActorToday is somebody with the rights that they have now.
func (m *Messenger) ActorToday(ctx context.Context, who okr.Actor) (okr.Actor, error) {
	p, err := m.bot.PersonToday(ctx, who.Workspace, who.ID)
	return p.Actor, err
}

// Export sends a person the files they asked for, in one message.
func (m *Messenger) Export(ctx context.Context, to okr.Actor, n jobs.ExportCounts, files []*jobs.File) error {
	if n == (jobs.ExportCounts{}) {
		nothing := "There is nothing to export yet. Begin with `/okr add-objective`."
		if okr.LooksOnly(to) {
			nothing = "There is nothing to export: you own and look after no objective and no key result. `/okr list` shows those that there are."
		}
		_, _, err := m.slack.Post(ctx, to.ID, view.Text(nothing))
		return err
	}
	return m.slack.Share(ctx, to.ID, view.Exported(n.Objectives, n.KeyResults, len(files)), files)
}

// ExportFailed tells a person that their files do not come, and what to do.
func (m *Messenger) ExportFailed(ctx context.Context, to okr.Actor, code string) error {
	_, _, err := m.slack.Post(ctx, to.ID, view.NotExported(code))
	return err
}

// command is "/okr export", "/okr export csv" and "/okr export json": the files are made in
// the background and come as a direct message.
func (f exports) command(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	var only []string
	var strange []command.Word
	for _, w := range desk.WithoutLinkWords(command.Words(strings.NewReplacer("/", " ", "+", " ", "&amp;", " ").Replace(g.Text))) {
		switch {
		case slices.Contains(exportFormats, w.Plain):
			only = append(only, w.Plain)
		case w.Plain != "all":
			strange = append(strange, w)
		}
	}
	if len(strange) > 0 {
		return desk.NotTaken("export", "`csv`, `json` or nothing for both", strange), nil
	}
	slices.Sort(only)
	if only = slices.Compact(only); len(only) == len(exportFormats) {
		only = nil
	}
	return f.make(ctx, g, only)
}

// exportFormats are what "/okr export" can send.
var exportFormats = []string{"csv", "json"}
