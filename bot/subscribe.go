package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"okrbot/bot/command"
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

// subscriptions are to whom the weekly digest goes.
type subscriptions struct{ *desk.Desk }

// subscribe is "/okr subscribe": the weekly digest in the channel where it is typed, or in
// the one that is named.
func (f subscriptions) subscribe(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	if !okr.May(g.Actor, okr.Subscribe) {
		return desk.Say("Guests cannot subscribe to the weekly digest. Ask a member of this workspace to subscribe a channel that you are in."), nil
	}
	channel, name, err := subscriber(g, "subscribe")
	if err != nil {
		return desk.Reply{}, err
	}
	if why := f.closedTo(ctx, g, channel, name); why != "" {
		return desk.Say(why), nil
	}
	s := store.Subscription{Channel: channel, Zone: g.Zone}
	fresh := false
	err = f.Store.InTx(ctx, func(tx *store.Tx) error {
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
		return desk.Say("The weekly digest goes to " + name + " already. " + said("unsubscribe", g, channel) + " ends it."), nil
	}
	shows, others := "that you own or look after", ""
	if name != "you" {
		shows = "that are announced there, as long as okrbot is in the channel"
		others = f.OthersSeeSaved(ctx, g.Actor.Workspace, channel)
	}
	return desk.Say("From now on the weekly digest goes to " + name + ", the next one on " + okr.NextRunWords(s.Next, s.Zone) + ". It shows the key results " + shows + ". " + said("unsubscribe", g, channel) + " ends it." + strings.TrimRight("\n"+others, "\n")), nil
}

// said is a command about a digest as it is typed where the person is: for themselves, for this channel, or in
// another one.
func said(verb string, g desk.Gesture, channel string) string {
	switch channel {
	case g.Actor.ID:
		return "`/okr " + verb + " me`"
	case g.Channel:
		return "`/okr " + verb + "`"
	}
	return "`/okr " + verb + "` in <#" + channel + ">"
}

// closedTo says why a channel would take no digest, or take none of this person, and what to do about it.
// Slack is asked for a second at most; where it does not answer, or tells nothing of channels, the digest is
// tried in the channel where it was typed, and its maker hears if it is not taken. A private channel is for
// those who are in it, as Slack says.
func (f subscriptions) closedTo(ctx context.Context, g desk.Gesture, channel, name string) string {
	if name == "you" {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, desk.LookUpWithin)
	defer cancel()
	const nothing = " Nothing was subscribed."
	invite := " Type `/invite @okrbot` in it, then `/okr subscribe` there."
	known, lost := f.Store.Audience(ctx, store.Place{Workspace: g.Actor.Workspace, Channel: channel})
	c, err := f.Slack.Channel(ctx, channel)
	if err == nil && lost == nil {
		lost = f.NoteAudience(ctx, known, c)
	}
	if lost != nil {
		f.Log.Warn("keeping who sees a channel", "channel", channel, "error", lost)
	}
	switch code := desk.CodeOf(err); {
	case err == nil && c.IsArchived:
		return name + " is archived, so nobody can post there." + nothing + " Name another channel, or take it out of the archive first."
	case err == nil && !c.IsMember:
		return "okrbot is not in " + name + ", so it cannot post there." + nothing + invite
	case code == "channel_not_found":
		return "okrbot does not see " + name + ": it is private and okrbot is not in it, or it is gone." + nothing + invite
	case err != nil:
		f.Log.Warn("asking Slack about a channel", "channel", channel, "code", code)
		if channel != g.Channel {
			return "Slack did not tell okrbot about " + name + "." + nothing + " Try again in a moment, or type `/okr subscribe` in it."
		}
	case c.IsPrivate:
		return f.strangerTo(ctx, g, channel, name, "subscribe", nothing)
	}
	return ""
}

// keptFrom says why the digest of another channel than the one where it was typed is not the person's to end:
// a private channel is for those who are in it, as Slack says. Where okrbot is not in it, nothing is posted.
func (f subscriptions) keptFrom(ctx context.Context, g desk.Gesture, channel, name string) string {
	if name == "you" || channel == g.Channel {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, desk.LookUpWithin)
	defer cancel()
	const nothing = " Nothing was changed."
	c, err := f.Slack.Channel(ctx, channel)
	switch code := desk.CodeOf(err); {
	case code == "channel_not_found":
	case err != nil:
		f.Log.Warn("asking Slack about a channel", "channel", channel, "code", code)
		return "Slack did not tell okrbot about " + name + "." + nothing + " Try again in a moment, or type `/okr unsubscribe` in it."
	case c.IsPrivate:
		return f.strangerTo(ctx, g, channel, name, "unsubscribe", nothing)
	}
	return ""
}

// strangerTo says that the digest of a private channel is not the person's to begin or to end; empty where they
// are in it.
func (f subscriptions) strangerTo(ctx context.Context, g desk.Gesture, channel, name, verb, nothing string) string {
	is, err := f.Slack.InChannel(ctx, channel, g.Actor.ID)
	switch {
	case err != nil:
		f.Log.Warn("asking Slack who is in a channel", "channel", channel, "code", desk.CodeOf(err))
		return "Slack did not tell okrbot whether you are in " + name + ", which is private." + nothing + " Try again in a moment."
	case !is:
		return "You are not in " + name + ", which is private." + nothing + " Ask somebody who is in it to type `/okr " + verb + "` there."
	}
	return ""
}

// unsubscribe is "/okr unsubscribe". Everybody may end their own digest, whoever they have become since.
func (f subscriptions) unsubscribe(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	may := okr.May(g.Actor, okr.Subscribe)
	channel, name, err := subscriber(g, "unsubscribe")
	if !may && channel != g.Actor.ID {
		return desk.Say("Guests can end their own digest alone, with `/okr unsubscribe me`. Ask a member of this workspace to end a channel's."), nil
	}
	if err != nil {
		return desk.Reply{}, err
	}
	if why := f.keptFrom(ctx, g, channel, name); why != "" {
		return desk.Say(why), nil
	}
	was, err := f.Store.Unsubscribe(ctx, g.Actor.Workspace, channel)
	if err != nil {
		return desk.Reply{}, err
	}
	switch {
	case !was && !may:
		return desk.Say("No digest goes to " + name + "."), nil
	case !was:
		return desk.Say("No digest goes to " + name + ". " + said("subscribe", g, channel) + " begins one."), nil
	}
	return desk.Say("The weekly digest does not go to " + name + " any more."), nil
}

// list is "/okr subscriptions". Others' direct messages are theirs.
func (f subscriptions) list(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	return f.part(ctx, g, 0)
}

// turned shows another part of the list in the place of the one whose button was pressed.
func (f subscriptions) turned(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	from, _ := view.ParsePage(g.Action.Value)
	r, err := f.part(ctx, g, from)
	r.Replace = true
	return r, err
}

// part shows the part of the list that begins at a place, or the last one.
func (f subscriptions) part(ctx context.Context, g desk.Gesture, from int) (desk.Reply, error) {
	list, err := f.Store.Subscriptions(ctx, g.Actor.Workspace)
	if err != nil {
		return desk.Reply{}, err
	}
	var rows []view.Subscription
	for _, s := range list {
		if person := store.IsDirect(s.Channel); !person || s.Channel == g.Actor.ID {
			rows = append(rows, view.Subscription{Channel: s.Channel, Person: person, By: s.By, Next: okr.NextRunWords(s.Next, s.Zone)})
		}
	}
	from = view.PageFrom(from, len(rows), view.SubscriptionsListed)
	m := view.Subscriptions(rows[from:min(len(rows), from+view.SubscriptionsListed)], from, len(rows))
	return desk.Reply{Say: &m}, nil
}

// Digest posts how the key results of a channel, or of a person, stand: all of them counted, the worst
// of all shown, and what changed since the last one, all as of one moment.
func (m *Messenger) Digest(ctx context.Context, s store.Subscription, post jobs.Post) ([]store.DigestEntry, error) {
	d, told, err := m.digest(ctx, s)
	if err != nil {
		return nil, err
	}
	message := d.Message()
	message.Mark = post.Mark
	if post.Repeated {
		message.Text += " (repeated)"
		message.Add("(repeated: Slack did not say whether the first one arrived)")
	}
	_, _, err = m.slack.Post(ctx, s.Channel, message)
	return told, err
}

// DigestTells is what a digest tells, without posting it.
func (m *Messenger) DigestTells(ctx context.Context, s store.Subscription) ([]store.DigestEntry, error) {
	_, told, err := m.digest(ctx, s)
	return told, err
}

// digest is how the key results of a channel stand, or of a person, and what of it is compared with next time.
func (m *Messenger) digest(ctx context.Context, s store.Subscription) (view.Digest, []store.DigestEntry, error) {
	filter := store.Filter{Channel: s.Channel, Open: true}
	d := view.Digest{More: "/okr list <#" + s.Channel + ">"}
	if store.IsDirect(s.Channel) {
		filter = store.Filter{Person: s.Channel, Open: true}
		d.More, d.Own = "/okr list mine", true
	}
	var told []store.DigestEntry
	err := m.bot.Store.Snapshot(ctx, func(r store.Statements, now time.Time) error {
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
			t := store.DigestEntry{KeyResult: k.ID, Value: line.Counted().Value, Words: line.MeasuredWords(line.Counted().Value), Status: line.Standing().Status}
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
	return d, told, err
}

// DigestEnded is what who subscribed hears when a channel, or a person, takes no digest.
func (m *Messenger) DigestEnded(s store.Subscription, code string) string {
	return view.DigestEnded(s.Channel, store.IsDirect(s.Channel), code)
}

// subscriber is who "/okr subscribe" and "/okr unsubscribe" mean: the channel that is named, the one
// they were typed in, or the person themselves; in a direct message that is the person too. Else
// the error is what to say instead.
func subscriber(g desk.Gesture, name string) (channel, shown string, err error) {
	none := func(r desk.Reply) (string, string, error) { return "", "", desk.Instead(r, store.ErrNotFound) }
	say := func(text string) (string, string, error) { return none(desk.Say(text)) }
	channel, shown = subscribed(g)
	var strange []command.Word
	named := false
	for _, w := range desk.WithoutLinkWords(command.Words(g.Text)) {
		at, isChannel := w.Channel()
		person, isPerson := w.Person()
		switch {
		case named && (isChannel || isPerson || w.Sign() == "#" || w.Plain == "me" || w.Plain == "myself"):
			return say(fmt.Sprintf("`/okr %s` takes one channel at a time, so %s was not understood and nothing was done.", name, view.Quote(command.Spoken(w.Typed))))
		case isChannel:
			channel, shown, named = at, "<#"+at+">", true
		case isPerson && person == g.Actor.ID, w.Plain == "me", w.Plain == "myself":
			channel, shown, named = g.Actor.ID, "you", true
		case isPerson:
			return say(fmt.Sprintf("Only <@%s> can do that for themselves, with `/okr %s me`. Nothing was done.", person, name))
		case w.Sign() == "#":
			return say(fmt.Sprintf("%s did not reach okrbot as a channel: Slack knows none of that name that you may see. Choose it from the list that Slack shows while you type it, or type `/okr %s` in that channel. Nothing was done.", view.Quote(command.Spoken(w.Typed)), name))
		case slices.Contains(anotherRhythm, w.Plain):
			return say(fmt.Sprintf("The digest comes weekly, on Mondays at nine, and in no other rhythm: %s was not understood and nothing was done. `/okr %s` alone is the weekly one.", view.Quote(command.Spoken(w.Typed)), name))
		case slices.Contains([]string{"weekly", "here", "digest", "to", "from", "this", "channel", "the"}, w.Plain):
		default:
			strange = append(strange, w)
		}
	}
	if len(strange) > 0 {
		return none(desk.NotTaken(name, "a `#channel`, `me`, or nothing for the channel where it is typed", strange))
	}
	return channel, shown, nil
}

// anotherRhythm are those in which no digest comes.
var anotherRhythm = []string{"hourly", "daily", "day", "every", "monthly", "month", "quarterly", "quarter", "yearly", "biweekly", "fortnightly", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "weekdays", "workdays", "morning"}
