package bot

import (
	"context"
	"errors"

	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/jobs"
	"okrbot/okr"
	"okrbot/store"
)

// audiences is what administrators decide about channels that people of other organisations see.
type audiences struct {
	*desk.Desk
	jobs *jobs.Client
}

// consented lets okrbot post in a channel that others see.
func (f audiences) consented(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	return f.decide(ctx, g, func(ctx context.Context, tx *store.Tx, channel, mark string) error {
		_, err := tx.Consent(ctx, g.Actor, channel, mark)
		return err
	})
}

// silenced keeps okrbot from posting there, also where somebody let it. Those whose key results are
// posted there are told.
func (f audiences) silenced(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	return f.decide(ctx, g, func(ctx context.Context, tx *store.Tx, channel, _ string) error {
		before, err := tx.Decline(ctx, g.Actor, channel)
		if err != nil || before.DeclinedBy != "" {
			return err
		}
		return f.tellWaiting(ctx, tx, g.Actor, audienceShown(before))
	})
}

func (f audiences) tellWaiting(ctx context.Context, tx *store.Tx, actor okr.Actor, a view.Audience) error {
	list, err := tx.KeyResults(ctx, actor.Workspace, store.Filter{Channel: a.Channel, Open: true})
	if err != nil {
		return err
	}
	var news []store.Telling
	for _, k := range list {
		news = append(news, store.Telling{Person: k.Owner, Says: view.Silenced(a, actor.ID)})
	}
	return f.jobs.TellOthers(ctx, tx, actor, news)
}

// decide does what an administrator decided about the channel that a button names.
func (f audiences) decide(ctx context.Context, g desk.Gesture, do func(context.Context, *store.Tx, string, string) error) (desk.Reply, error) {
	if !okr.May(g.Actor, okr.ChangeSettings) {
		return desk.Say("Who may see what okrbot posts is the administrators' to decide; ask one of them. Nothing was changed."), nil
	}
	channel, mark := view.ParseAudience(g.Action.Value)
	err := f.Store.InTx(ctx, func(tx *store.Tx) error { return do(ctx, tx, channel, mark) })
	switch {
	case desk.IsNotFound(err):
		return desk.Say("This channel is not shared with another organisation any more, so that nothing is to be decided. okrbot posts there."), nil
	case err != nil && !errors.Is(err, store.ErrOthersCame):
		return desk.Reply{}, err
	}
	a, lost := f.Store.Audience(ctx, store.Place{Workspace: g.Actor.Workspace, Channel: channel})
	if lost != nil {
		return desk.Reply{}, lost
	}
	shown := audienceShown(a)
	if err != nil {
		again := view.AskConsent(shown, nil, "")
		again.Add("Others have come since you were asked. Nothing was changed; decide again.")
		return answered(g, again), nil
	}
	if g.View.Callback == view.CallbackSettings {
		return f.settingsAgain(ctx, g)
	}
	said := view.Text(view.Decided(shown))
	if g.View.ID != "" {
		return answered(g, said), nil
	}
	return desk.Reply{Say: &said, Later: func(ctx context.Context, _ desk.OpenView) {
		if g.Message.Ephemeral || g.Message.TS == "" {
			return
		}
		if err := f.Slack.Update(ctx, g.Message.Channel, g.Message.TS, said); err != nil {
			f.Log.Info("a question that was decided still has its buttons", "channel", channel, "code", desk.CodeOf(err))
		}
	}}, nil
}

// answered says something over the settings, or in place of the question that is over them already.
func answered(g desk.Gesture, m view.Message) desk.Reply {
	if g.View.ID == "" || g.View.Callback == view.CallbackSettings {
		return desk.Reply{Say: &m}
	}
	notice := view.NoticeOf(m)
	return desk.Reply{Update: &notice}
}

// settingsAgain shows the settings as they are now, with what was typed.
func (f audiences) settingsAgain(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	shared, err := audiencesOf(ctx, f.Store.Statements, g.Actor.Workspace)
	modal := view.ParseSettings(g.View.State).Modal(g.View.Draft, shared...)
	return desk.Reply{Update: &modal}, err
}

// audiencesOf are a workspace's channels that others see.
func audiencesOf(ctx context.Context, r store.Statements, workspace string) ([]view.Audience, error) {
	list, err := r.OutsideAudiences(ctx, workspace)
	if err != nil {
		return nil, err
	}
	shown := make([]view.Audience, len(list))
	for i, a := range list {
		shown[i] = audienceShown(a)
	}
	return shown, nil
}

func audienceShown(a store.Audience) view.Audience {
	return view.Audience{Channel: a.Channel, Others: len(a.Others), Mark: a.Mark(), Untold: a.Untold, By: a.ConsentedBy, At: a.ConsentedAt, Declined: a.DeclinedBy}
}

// Audience asks Slack who sees what is posted in a channel.
func (m *Messenger) Audience(ctx context.Context, p store.Place) (store.Audience, error) {
	return m.bot.Audience(ctx, p)
}

// AskConsent asks administrators to let it be posted in a channel that others see. One who hears it is
// enough.
func (m *Messenger) AskConsent(ctx context.Context, a store.Audience, w jobs.WaitingPosts) error {
	lines := make([]view.WantedLine, len(w.KeyResults))
	for i, k := range w.KeyResults {
		lines[i] = view.WantedLine{Key: k.Key(), Title: k.Title, Owner: k.Owner}
	}
	return m.tellAdministrators(ctx, a.Workspace, "", view.AskConsent(audienceShown(a), lines, w.Digest))
}
