package bot

import (
	"context"
	"strings"
	"time"

	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/jobs"
	"okrbot/okr"
	"okrbot/store"
)

// subscribed is who a command subscribes: the channel it was typed in, or the person themselves
// where that is a direct message.
func subscribed(g desk.Gesture) (channel, name string) {
	if g.Channel == "" || strings.HasPrefix(g.Channel, "D") {
		return g.Actor.ID, "you"
	}
	return g.Channel, "<#" + g.Channel + ">"
}

// subscribeCommand is "/okr subscribe": the weekly digest in the channel where it is typed, or in
// the one that is named.
func (b *Bot) subscribeCommand(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	if !okr.May(g.Actor, okr.Subscribe) {
		return desk.Say("Guests cannot subscribe to the weekly digest. Ask a member of this workspace to subscribe a channel that you are in."), nil
	}
	channel, name, reply := subscriber(g, "subscribe")
	if reply != nil {
		return *reply, nil
	}
	if why := b.closedTo(ctx, channel, name); why != "" {
		return desk.Say(why), nil
	}
	s := store.Subscription{Channel: channel, Zone: g.Zone}
	fresh := false
	err := b.Store.InTx(ctx, func(tx *store.Tx) error {
		var err error
		if s.Next, err = jobs.NextDigest(tx.Now, s.Zone); err != nil {
			return err
		}
		fresh, err = tx.Subscribe(ctx, g.Actor, s)
		return err
	})
	if err != nil {
		return desk.Reply{}, err
	}
	if !fresh {
		return desk.Say("The weekly digest goes to " + name + " already. `/okr unsubscribe` ends it."), nil
	}
	return desk.Say("From now on the weekly digest goes to " + name + ", the next one on " + okr.NextRunWords(s.Next, s.Zone) + ". In a channel it shows the key results that are announced there, as long as okrbot is in it; in a direct message those that you own or look after. `/okr unsubscribe` ends it."), nil
}

// closedTo says why a channel would take no digest, and what to do about it. Slack is asked for a second
// at most; where it does not answer, or tells nothing of channels, the digest is tried and its maker
// hears if it is not taken.
func (b *Bot) closedTo(ctx context.Context, channel, name string) string {
	if name == "you" {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, desk.LookUpWithin)
	defer cancel()
	const nothing = " Nothing was subscribed."
	invite := " Type `/invite @okrbot` in it, then `/okr subscribe` there."
	c, err := b.Slack.Channel(ctx, channel)
	switch code := desk.CodeOf(err); {
	case err == nil && c.IsArchived:
		return name + " is archived, so nobody can post there." + nothing + " Name another channel, or take it out of the archive first."
	case err == nil && !c.IsMember:
		return "okrbot is not in " + name + ", so it cannot post there." + nothing + invite
	case code == "channel_not_found":
		return "okrbot does not see " + name + ": it is private and okrbot is not in it, or it is gone." + nothing + invite
	case err != nil:
		b.Log.Warn("asking Slack about a channel", "channel", channel, "code", code)
	}
	return ""
}

// unsubscribeCommand is "/okr unsubscribe".
func (b *Bot) unsubscribeCommand(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	if !okr.May(g.Actor, okr.Subscribe) {
		return desk.Say("Guests cannot end a weekly digest. Ask a member of this workspace."), nil
	}
	channel, name, reply := subscriber(g, "unsubscribe")
	if reply != nil {
		return *reply, nil
	}
	was, err := b.Store.Unsubscribe(ctx, g.Actor.Workspace, channel)
	if err != nil {
		return desk.Reply{}, err
	}
	if !was {
		return desk.Say("No digest goes to " + name + ". `/okr subscribe` begins one."), nil
	}
	return desk.Say("The weekly digest does not go to " + name + " any more."), nil
}

// subscriptionsCommand is "/okr subscriptions". Others' direct messages are theirs.
func (b *Bot) subscriptionsCommand(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	list, err := b.Store.Subscriptions(ctx, g.Actor.Workspace)
	if err != nil {
		return desk.Reply{}, err
	}
	var rows []view.Subscription
	for _, s := range list {
		if person := strings.HasPrefix(s.Channel, "U") || strings.HasPrefix(s.Channel, "W"); !person || s.Channel == g.Actor.ID {
			rows = append(rows, view.Subscription{Channel: s.Channel, Person: person, By: s.By, Next: okr.NextRunWords(s.Next, s.Zone)})
		}
	}
	m := view.Subscriptions(rows)
	return desk.Reply{Say: &m}, nil
}

// Digest posts how the key results of a channel, or of a person, stand: all of them counted, the worst
// of all shown, and what changed since the last one, all as of one moment.
func (m *Messenger) Digest(ctx context.Context, s store.Subscription) ([]store.Told, error) {
	filter := store.Filter{Channel: s.Channel, Open: true}
	d := view.Digest{More: "/okr list <#" + s.Channel + ">"}
	if strings.HasPrefix(s.Channel, "U") || strings.HasPrefix(s.Channel, "W") {
		filter = store.Filter{Person: s.Channel, Open: true}
		d.More = "/okr list mine"
	}
	var told []store.Told
	err := m.bot.Store.Snapshot(ctx, func(r store.Reads, now time.Time) error {
		last, err := r.LastTold(ctx, s)
		if err != nil {
			return err
		}
		if !s.Posted.IsZero() {
			d.Since = okr.DayIn(s.Zone, s.Posted)
		}
		d.Today = okr.DayIn(s.Zone, now)
		err = r.EachOf(ctx, s.Workspace, filter, func(k store.KeyResult) error {
			line := view.DigestLine{KeyResult: shown(m.connectors, k, now)}
			t := store.Told{KeyResult: k.ID, Value: line.Counted().Value, Words: line.MeasuredWords(line.Counted().Value), Status: line.Standing().Status}
			if was, before := last[k.ID]; before {
				line.Was, line.WasWords, line.OldStatus, line.Before = was.Value, was.Words, was.Status, true
				delete(last, k.ID)
			}
			told = append(told, t)
			d.Add(line)
			return nil
		})
		if err != nil {
			return err
		}
		d.Gone = len(last)
		for _, k := range d.Worst {
			if len(d.Drawn) == view.DigestTrends {
				break
			}
			readings, err := r.Readings(ctx, k.Workspace, k.ID)
			if err != nil {
				return err
			}
			if readings = okr.Within(k.Objective.Period, okr.Counting(readings, k.Today)); len(readings) > 1 {
				d.Drawn = append(d.Drawn, view.Drawn{KeyResult: k.KeyResult, Readings: readings})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	_, _, err = m.slack.Post(ctx, s.Channel, d.Message())
	return told, err
}

// DigestEnded tells who subscribed a channel that it takes no digest.
func (m *Messenger) DigestEnded(ctx context.Context, s store.Subscription, code string) error {
	return m.tellOnce(ctx, s.Workspace, s.By, view.Text("The weekly digest is not posted in <#"+s.Channel+"> any more: Slack does not let okrbot post there ("+code+"). `/invite` it there, then type `/okr subscribe` in the channel."))
}
