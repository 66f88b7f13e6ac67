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

// settingsShown is the draft of that form: the settings as it shows them.
type settingsShown struct{ Thresholds okr.Thresholds }

var settingsDraft = desk.Form[settingsShown]{Kind: view.CallbackSettings, Again: "/okr settings"}

// command is "/okr settings".
func (f settingsForm) command(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	w, err := f.Store.Workspace(ctx, g.Actor.Workspace)
	if err != nil {
		return desk.Reply{}, err
	}
	if !okr.May(g.Actor, okr.ChangeSettings) {
		return desk.Say("Only administrators of this workspace can change the settings. A key result is " + w.Thresholds.Words() + "."), nil
	}
	shared, err := audiencesOf(ctx, f.Store.Statements, g.Actor.Workspace)
	if err != nil {
		return desk.Reply{}, err
	}
	draft, err := settingsDraft.Begin(ctx, f.Store.Statements, g.Actor, "fill", settingsShown{w.Thresholds})
	modal := view.SettingsOf(w.Thresholds).Modal(draft.ID, shared...)
	return desk.Reply{Open: &modal}, err
}

// submitted saves the settings. Every status is found by them from then on, and the cards
// are drawn again. What somebody else saved since the form was opened is not written over.
func (f settingsForm) submitted(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	if !okr.May(g.Actor, okr.ChangeSettings) {
		r := desk.Say("Only administrators of this workspace can change the settings. Nothing was saved.")
		r.Clear = true
		return r, nil
	}
	_, was, err := settingsDraft.Shown(ctx, f.Store.Statements, g)
	if err != nil {
		return desk.Reply{}, err
	}
	t, problems := view.ParseSettings(g.View.State).Thresholds()
	if len(problems) > 0 {
		return desk.Reply{Problems: problems}, nil
	}
	err = f.Store.InTx(ctx, func(tx *store.Tx) error { return tx.SaveThresholds(ctx, g.Actor, was.Thresholds, t) })
	if err != nil {
		return desk.Reply{}, settingsDraft.Lost(err)
	}
	r := desk.Say("Saved. A key result is " + t.Words() + ".")
	r.Clear, r.Home = true, true
	return r, nil
}
