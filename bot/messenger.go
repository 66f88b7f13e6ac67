package bot

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"okrbot/accounts"
	"okrbot/bot/connect"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/integrations"
	"okrbot/jobs"
	"okrbot/okr"
	"okrbot/store"
)

var _ jobs.Messenger = (*Messenger)(nil)

// A card shows as many readings as its chart takes points.
var _ = [1]struct{}{}[jobs.TrendReadings-view.Charted]

// A message has as many posts as it takes in Slack's blocks.
var _ = [1]struct{}{}[jobs.PostsAtOnce-view.PostsAtOnce]

// Messenger says for the jobs what people are to hear.
type Messenger struct {
	bot        *Bot
	slack      *desk.Slack
	connectors integrations.Registry
	log        *slog.Logger
}

// Messenger is how the jobs speak through the bot.
func (b *Bot) Messenger() *Messenger {
	return &Messenger{bot: b, slack: b.Slack, connectors: b.connectors, log: b.Log}
}

// Gone says whether somebody is no longer in the workspace.
func (m *Messenger) Gone(ctx context.Context, workspace, person string) bool {
	return m.bot.Gone(ctx, workspace, person)
}

// Administrators are the operator's, then those whom okrbot knows, else those whom Slack lists.
func (m *Messenger) Administrators(ctx context.Context, workspace string) []string {
	return m.bot.Administrators(ctx, workspace)
}

// newsKinds are what is told, for the view.
var newsKinds = map[store.NewsKind]view.NewsKind{
	store.NewsChanged: view.Changed, store.NewsRestated: view.Restated, store.NewsFailed: view.Failed, store.NewsRecovered: view.Recovered,
	store.NewsUnposted: view.Unposted, store.NewsPosted: view.Posted,
}

// Announce posts one message about all that is to be said in a channel.
func (m *Messenger) Announce(ctx context.Context, _, channel string, items []jobs.Announced, post jobs.Post) (string, error) {
	news := make([]view.News, len(items))
	for i, item := range items {
		news[i] = view.News{
			KeyResult: shown(m.connectors, item.Present, item.Now), Kind: newsKinds[item.Kind],
			Old: item.Old, New: item.New, OldWords: item.OldWords, NewWords: item.NewWords, OldStatus: item.OldStatus, NewStatus: item.NewStatus, Note: item.Note,
			RefusedIn: item.Refused.Channel, RefusedAs: item.Refused.Code, By: item.By,
		}
		for _, said := range item.Said {
			news[i].Said = append(news[i].Said, view.Said(said))
		}
		if item.Kind == store.NewsPosted {
			all, err := m.bot.Store.Readings(ctx, item.Workspace, item.KeyResult)
			if err != nil {
				return "", err
			}
			news[i].Readings = okr.Within(item.Present.Objective.Period, okr.Counting(all, news[i].Today))
		}
	}
	message := view.Announcement(news, post.Repeated)
	message.Mark = post.Mark
	m.inPlaceOf(ctx, channel, items, &message)
	_, ts, err := m.slack.Post(ctx, channel, message)
	return ts, err
}

// inPlaceOf says in a direct message why its reader hears what is an owner's to hear.
func (m *Messenger) inPlaceOf(ctx context.Context, reader string, items []jobs.Announced, message *view.Message) {
	byOwner := map[string][]view.Hanging{}
	var owners []string
	for _, item := range items {
		told := item.Kind == store.NewsFailed || item.Kind == store.NewsRecovered || item.Kind == store.NewsUnposted
		if owner := item.Present.Owner; told && owner != reader {
			if byOwner[owner] == nil {
				owners = append(owners, owner)
			}
			byOwner[owner] = append(byOwner[owner], view.Hanging{Key: item.Present.Key()})
		}
	}
	gone := slices.DeleteFunc(owners, func(owner string) bool { return !m.Gone(ctx, items[0].Workspace, owner) })
	for _, owner := range gone[:min(len(gone), mostGone)] {
		message.Add(view.OwnerGone(owner, byOwner[owner]))
	}
	if more := len(gone) - mostGone; more > 0 {
		message.Add(view.OwnersGone(more))
	}
}

// mostGone is how many owners who are gone a message names; the rest are counted.
const mostGone = 10

// Find looks for a message of ours in its channel. The app may read there where the history scopes were
// granted, which no manifest of ours asks for.
func (m *Messenger) Find(ctx context.Context, _, channel, mark string, since time.Time) (jobs.Found, error) {
	found, err := m.slack.Find(ctx, channel, mark, since)
	var u *jobs.Undelivered
	if errors.As(err, &u) && u.Kind == jobs.Permanent {
		return jobs.Found{}, nil
	}
	return found, err
}

// Shows is a digest of what a key result's card says, without its times of the clock.
func (m *Messenger) Shows(d jobs.Drawing) ([]byte, error) {
	return view.CardShows(shown(m.connectors, d.KeyResult, d.Now), d.Newest)
}

// Card posts a key result's card, or draws it again.
func (m *Messenger) Card(ctx context.Context, channel, ts string, d jobs.Drawing, post jobs.Post) (string, error) {
	card := view.Card(shown(m.connectors, d.KeyResult, d.Now), d.Newest)
	card.Mark = post.Mark
	if post.Repeated {
		card.Text += " (repeated)"
		card.Add("(repeated: Slack did not say whether the first one arrived)")
	}
	if ts == "" {
		_, ts, err := m.slack.Post(ctx, channel, card)
		return ts, err
	}
	return ts, m.slack.Update(ctx, channel, ts, card)
}

// Moved closes a key result's card in a channel that the key result has left, and says where it is now.
func (m *Messenger) Moved(ctx context.Context, channel, ts string, k store.KeyResult, now time.Time) error {
	return m.slack.Update(ctx, channel, ts, view.CardMoved(shown(m.connectors, k, now)))
}

// CloseCard closes what was the card of a key result that was removed.
func (m *Messenger) CloseCard(ctx context.Context, r store.RemovedCard) error {
	return m.slack.Update(ctx, r.Channel, r.TS, view.RemovedCard(r.Key, r.Title, r.By, r.Removed))
}

// Notice tells a connection's maker what it needs from them, with the button that does it. Where the
// maker is gone, administrators hear it.
func (m *Messenger) Notice(ctx context.Context, c store.Connection, now time.Time) error {
	hanging, err := m.bot.Store.KeyResultsOf(ctx, c)
	if err != nil {
		return err
	}
	c.KeyResults = len(hanging)
	shown := connect.Shown(m.connectors, c, okr.Actor{Workspace: c.Workspace, ID: c.Owner, Kind: okr.Member}, now)
	says := connect.Needs(m.connectors, c, c.Notice == accounts.NoticeEnds)
	if !m.Gone(ctx, c.Workspace, c.Owner) {
		_, _, err = m.slack.Post(ctx, c.Owner, view.ConnectionNotice(shown, says, ""))
		var u *jobs.Undelivered
		if !errors.As(err, &u) || u.Kind != jobs.Permanent {
			return err
		}
	}
	rows := make([]view.Hanging, len(hanging))
	for i, h := range hanging {
		rows[i] = view.Hanging{Key: h.Key}
	}
	return m.tellAdministrators(ctx, c.Workspace, c.Owner, view.ConnectionNotice(shown, says, view.MakerGone(c.Owner, rows)))
}

// Tell says something to a person by direct message.
func (m *Messenger) Tell(ctx context.Context, workspace, person, text string) error {
	return m.tellOnce(ctx, workspace, person, view.Text(text))
}

// tellOnce tells somebody what is told once, or administrators in their place, and why them, where they are gone.
func (m *Messenger) tellOnce(ctx context.Context, workspace, person string, message view.Message) error {
	gone := m.Gone(ctx, workspace, person)
	if !gone {
		_, _, err := m.slack.Post(ctx, person, message)
		var u *jobs.Undelivered
		if !errors.As(err, &u) || u.Kind != jobs.Permanent {
			return err
		}
	}
	message.Add(view.MeantFor(person, gone))
	return m.tellAdministrators(ctx, workspace, person, message)
}

// tellAdministrators tells what was meant for somebody who is gone. One who hears it is enough.
func (m *Messenger) tellAdministrators(ctx context.Context, workspace, gone string, message view.Message) error {
	var failed error = &jobs.Undelivered{Kind: jobs.Permanent, Code: "nobody_there"}
	told := false
	for _, id := range m.Administrators(ctx, workspace) {
		if id == gone {
			continue
		}
		if _, _, err := m.slack.Post(ctx, id, message); err == nil {
			told = true
		} else {
			failed = err
		}
	}
	if told {
		return nil
	}
	return failed
}

// Begun tells a person who wants all of theirs read what is: in place of what the command answered
// where that can still be reached, else in a direct message.
func (m *Messenger) Begun(ctx context.Context, b jobs.Begun) (jobs.Told, error) {
	message := view.Text(allBegun(b, m.bot.shows.systems.Words()))
	if !b.Ask.Response.Empty() {
		err := m.slack.Respond(ctx, b.Ask.Response, message, true)
		var u *jobs.Undelivered
		if err == nil {
			return jobs.Told{Response: true}, nil
		}
		if errors.As(err, &u) && u.Kind == jobs.NotSent {
			return jobs.Told{}, err
		}
		m.log.Info("a response address is used up; sending a direct message", "ask", b.Ask.ID, "code", desk.CodeOf(err))
	}
	channel, ts, err := m.slack.Post(ctx, b.Ask.Actor.ID, message)
	return jobs.Told{Channel: channel, MessageTS: ts}, err
}

// Outcome tells a person how their sync went: in place of what the command answered where that
// can still be reached, else in a direct message, which is changed as it goes on.
func (m *Messenger) Outcome(ctx context.Context, o jobs.Outcome) (jobs.Told, error) {
	done := make([]view.Ended, len(o.Done))
	for i, e := range o.Done {
		done[i] = view.Ended{
			KeyResult: shown(m.connectors, e.Present, o.Now), How: e.Outcome, Old: e.Old, New: e.New, Why: e.Failure.Says, Note: e.Note,
		}
	}
	message := view.Outcome(done, o.Request.Total, o.Final)
	if left := strings.TrimSpace(leftOut(o.Request.LeftOut)); left != "" && o.Request.Every {
		message.Add(left)
	}
	if len(o.Waiting) > 0 {
		k := o.Waiting[0]
		message = view.Waits(shown(m.connectors, k, o.Now), len(o.Waiting), o.Request.Waits)
	}
	if o.Final {
		defer m.home(ctx, o.Request)
		defer m.details(ctx, o)
	}
	if !o.Request.Response.Empty() {
		// One message that counts up takes its own place; a single outcome stands beside what was
		// said before it.
		err := m.slack.Respond(ctx, o.Request.Response, message, o.Request.Every)
		var u *jobs.Undelivered
		if err == nil {
			return jobs.Told{Response: true}, nil
		}
		if errors.As(err, &u) && u.Kind == jobs.NotSent {
			return jobs.Told{}, err
		}
		m.log.Info("a response address is used up; sending a direct message", "request", o.Request.ID, "code", desk.CodeOf(err))
	}
	if o.Request.MessageTS != "" {
		err := m.slack.Update(ctx, o.Request.MessageChannel, o.Request.MessageTS, message)
		return jobs.Told{Channel: o.Request.MessageChannel, MessageTS: o.Request.MessageTS}, err
	}
	channel, ts, err := m.slack.Post(ctx, o.Request.Person, message)
	return jobs.Told{Channel: channel, MessageTS: ts}, err
}

// home shows the new values on the Home tab of whoever asked for them, before the next sweep does.
func (m *Messenger) home(ctx context.Context, q store.SyncRequest) {
	if err := m.ShowHome(ctx, q.Workspace, q.Person); err != nil {
		m.log.Warn("showing Home after a sync", "request", q.ID, "error", err)
	}
}

// ShowHome shows somebody their Home tab, unless it shows the present already.
func (m *Messenger) ShowHome(ctx context.Context, workspace, person string) error {
	p, err := m.bot.Person(ctx, workspace, person)
	if err != nil {
		return err
	}
	if !okr.May(p.Actor, okr.View) {
		return &jobs.Undelivered{Kind: jobs.Permanent, Code: "no_member"}
	}
	return m.bot.PublishHome(ctx, desk.Gesture{Actor: p.Actor, Zone: p.Zone}, true)
}

// details shows the new value in the window in which it was asked for, if it is still there. What is drawn over
// there while we draw is of before as soon as somebody changed the key result meanwhile, so we look once more.
func (m *Messenger) details(ctx context.Context, o jobs.Outcome) {
	if o.Request.View == "" || len(o.Done) != 1 {
		return
	}
	p, err := m.bot.Person(ctx, o.Request.Workspace, o.Request.Person)
	k := o.Done[0].Present
	for range detailsDrawn {
		var modal slack.ModalViewRequest
		if err == nil {
			modal, err = m.bot.keyResults.modal(ctx, p.Actor, k)
		}
		if err == nil {
			_, err = m.slack.Change(ctx, desk.OpenView{Workspace: o.Request.Workspace, ID: o.Request.View}, modal)
		}
		drawn := k.Version
		if err == nil {
			k, err = m.bot.Store.KeyResultByID(ctx, k.Workspace, k.ID)
		}
		if err != nil || k.Version == drawn {
			break
		}
	}
	if err != nil && desk.CodeOf(err) != "not_found" && !desk.IsNotFound(err) {
		m.log.Warn("showing details after a sync", "request", o.Request.ID, "error", err)
	}
}

// detailsDrawn is how often details are drawn while people change them.
const detailsDrawn = 3
