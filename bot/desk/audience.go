package desk

import (
	"context"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"okrbot/bot/view"
	"okrbot/store"
)

// Audience asks Slack who sees what is posted in a channel; store.ErrNotFound where Slack shows us no such
// channel. Where it does not say, since a scope was not granted, others may see it: nothing is posted
// there without an administrator's consent. The scopes for it are in the manifest, so that whoever left
// them out did so on purpose.
func (d *Desk) Audience(ctx context.Context, p store.Place) (store.Audience, error) {
	a := store.Audience{Place: p}
	w, err := d.installation(ctx, p.Workspace)
	if err != nil {
		return a, err
	}
	c, err := d.Slack.Channel(ctx, p.Channel)
	switch code := CodeOf(err); {
	case err == nil:
		return audienceOf(p, c, w), nil
	case code == "channel_not_found":
		return a, store.ErrNotFound
	case untold[code]:
		a.Outside, a.Untold = true, code
		return a, nil
	}
	return a, err
}

// untold are Slack's words for not telling an app about a channel, whatever it tries.
var untold = map[string]bool{
	"missing_scope": true, "no_permission": true, "access_denied": true, "team_access_not_granted": true, "not_allowed_token_type": true,
	"method_not_supported_for_channel_type": true, "enterprise_is_restricted": true, "ekm_access_denied": true, "org_login_required": true,
}

// audienceOf reads who sees a channel from what Slack tells about it. Channels that are shared within an
// Enterprise Grid are its own; those that wait for somebody of elsewhere to accept are theirs already,
// since they will read what was posted before. What is shared and not said to be within the Grid is not.
func audienceOf(p store.Place, c *slack.Channel, w store.Workspace) store.Audience {
	a := store.Audience{Place: p, Outside: c.IsExtShared || c.IsPendingExtShared || c.IsGlobalShared || len(c.PendingShared) > 0 || c.IsShared && !c.IsOrgShared}
	if !a.Outside {
		return a
	}
	ours := append([]string{w.ID, w.Enterprise, c.ContextTeamID, ""}, c.InternalTeamIDs...)
	for _, id := range slices.Concat(c.ConnectedTeamIDs, c.PendingShared, c.SharedTeamIDs, []string{c.ConversationHostID}) {
		if id = Clean(id); !slices.Contains(ours, id) && !slices.Contains(a.Others, id) {
			a.Others = append(a.Others, id)
		}
	}
	slices.Sort(a.Others)
	return a
}

// OthersSee is what somebody is to hear who chooses a channel, as far as it is known who sees it; empty
// where there is nothing to hear. Where it is not known Slack is asked meanwhile.
func (d *Desk) OthersSee(ctx context.Context, workspace, channel string) (string, error) {
	if channel == "" || strings.HasPrefix(channel, "D") {
		return "", nil
	}
	p := store.Place{Workspace: workspace, Channel: channel}
	a, err := d.Store.Audience(ctx, p)
	if err != nil {
		return "", err
	}
	if !a.Fresh {
		d.askMeanwhile(a)
	}
	return view.OthersSee(view.Audience{Channel: channel, Untold: a.Untold}, a.Outside, a.Silent()), nil
}

// OthersSeeSaved is the same of what is saved already: where it cannot be found out, the log says so, and
// the person hears all the rest.
func (d *Desk) OthersSeeSaved(ctx context.Context, workspace, channel string) string {
	others, err := d.OthersSee(ctx, workspace, channel)
	if err != nil {
		d.Log.Warn("looking who sees a channel", "channel", channel, "error", err)
	}
	return others
}

// NoteAudience keeps what Slack told about a channel when it was asked for something else, with what was known before.
func (d *Desk) NoteAudience(ctx context.Context, known store.Audience, c *slack.Channel) error {
	w, err := d.installation(ctx, known.Workspace)
	if err == nil {
		a := audienceOf(known.Place, c, w)
		a.Changes = known.Changes
		_, err = d.Store.SaveAudience(ctx, a)
	}
	return err
}

// askMeanwhile asks Slack who sees a channel, once at a time, and keeps what it says.
func (d *Desk) askMeanwhile(known store.Audience) {
	p := known.Place
	if _, asking := d.asking.LoadOrStore(p, true); asking {
		return
	}
	d.Later(CallWithin, func(ctx context.Context) {
		defer d.asking.Delete(p)
		a, err := d.Audience(ctx, p)
		if err == nil {
			a.Changes = known.Changes
			_, err = d.Store.SaveAudience(ctx, a)
		}
		if err != nil && !IsNotFound(err) {
			d.Log.Warn("asking Slack who sees a channel", "channel", p.Channel, "error", err)
		}
	})
}

// channelChanged notes that others came to a channel, or went. Events may come late and out of order, so
// Slack is asked before anything is posted there.
func (d *Desk) channelChanged(ctx context.Context, g gesture) error {
	return d.Store.InTx(ctx, func(tx *store.Tx) error {
		return tx.AudienceChanged(ctx, store.Place{Workspace: g.workspace, Channel: g.Channel}, g.route == eventShared)
	})
}

// The events that tell of it.
const (
	eventShared   = "channel_shared"
	eventUnshared = "channel_unshared"
)
