package bot

import (
	"context"

	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// settingsForm is where administrators choose what holds in a workspace.
type settingsForm struct{ *desk.Desk }

// command is "/okr settings".
func (f settingsForm) command(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	w, err := f.Store.Workspace(ctx, g.Actor.Workspace)
	if err != nil {
		return desk.Reply{}, err
	}
	if !okr.May(g.Actor, okr.ChangeSettings) {
		return desk.Say("The settings are the administrators' to change; ask one of them. Now a key result is " + w.Thresholds.Words() + "."), nil
	}
	shared, err := audiencesOf(ctx, f.Store.Reads, g.Actor.Workspace)
	modal := view.SettingsOf(w.Thresholds).Modal(shared...)
	return desk.Reply{Open: &modal}, err
}

// submitted saves the settings. Every status is found by them from then on, and the cards
// are drawn again.
func (f settingsForm) submitted(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	if !okr.May(g.Actor, okr.ChangeSettings) {
		r := desk.Say("The settings are the administrators' to change. Nothing was saved.")
		r.Clear = true
		return r, nil
	}
	t, problems := view.ParseSettings(g.View.State).Thresholds()
	if len(problems) > 0 {
		return desk.Reply{Problems: problems}, nil
	}
	if err := f.Store.InTx(ctx, func(tx *store.Tx) error { return tx.SaveThresholds(ctx, g.Actor, t) }); err != nil {
		return desk.Reply{}, err
	}
	r := desk.Say("Saved. A key result is " + t.Words() + ".")
	r.Clear, r.Home = true, true
	return r, nil
}
