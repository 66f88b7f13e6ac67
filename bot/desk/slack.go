package desk

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"okrbot/bot/view"
	"okrbot/internal/ontime"
	"okrbot/jobs"
	"okrbot/secret"
	"okrbot/store"
)

// Slack is the bot's way to Slack's Web API. It retries nothing by itself: a retried post can be a
// second message, and what must arrive is a job that comes back.
type Slack struct {
	api      *slack.Client
	http     *http.Client
	uploads  *http.Client // a large file takes its time; the job bounds it
	hooks    string       // host that response_urls must have
	insecure bool         // hooks may be plain http: a local Slack

	installed *installation
	places    places // nil: nobody keeps how long a place is to be left alone
}

// SlackOptions say where Slack is and who we are there.
type SlackOptions struct {
	APIURL   string // with trailing slash
	BotToken secret.String
	AppToken secret.String // Socket Mode
	Log      *slog.Logger  // nil: nothing is logged
	// AskInstalled is how often Slack is asked whether the app is installed again; 0: every minute.
	AskInstalled time.Duration
}

// CallWithin bounds one call of the Web API.
const CallWithin = 10 * time.Second

// NewSlack prepares the client; nothing is dialled.
func NewSlack(o SlackOptions) *Slack {
	// Slack answers itself; a redirect would take what we say to somebody else.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	installed := &installation{every: cmp.Or(o.AskInstalled, askInstalled), log: cmp.Or(o.Log, slog.New(slog.DiscardHandler))}
	inTime := ontime.Transport{RoundTripper: http.DefaultTransport}
	client := &http.Client{Timeout: CallWithin, CheckRedirect: stay, Transport: guarded{inTime, installed}}
	s := &Slack{http: client, uploads: &http.Client{CheckRedirect: stay, Transport: inTime}, hooks: "hooks.slack.com", installed: installed}
	options := []slack.Option{slack.OptionAPIURL(o.APIURL), slack.OptionHTTPClient(client)}
	if !o.AppToken.Empty() {
		options = append(options, slack.OptionAppLevelToken(o.AppToken.Reveal()))
	}
	if u, err := url.Parse(o.APIURL); err == nil {
		installed.api = u.Path
		switch u.Host {
		case "slack.com":
		case "slack-gov.com":
			s.hooks = "hooks.slack-gov.com"
		default:
			s.hooks, s.insecure = u.Host, u.Scheme == "http"
		}
	}
	s.api = slack.New(o.BotToken.Reveal(), options...)
	installed.ask = func(ctx context.Context) error {
		_, err := s.Who(ctx)
		return err
	}
	return s
}

// socket opens Slack's Socket Mode.
func (s *Slack) socket() *socketmode.Client {
	return socketmode.New(s.api, socketmode.OptionReadLimit(largestRequest))
}

// Who asks Slack whose token we have.
func (s *Slack) Who(ctx context.Context) (store.Workspace, error) {
	who, err := s.api.AuthTestContext(ctx)
	if err := s.counted("auth.test", err); err != nil {
		return store.Workspace{}, err
	}
	return store.Workspace{ID: who.TeamID, Enterprise: who.EnterpriseID, Name: who.Team, BotUserID: who.UserID}, nil
}

// person asks Slack about somebody.
func (s *Slack) person(ctx context.Context, id string) (*slack.User, error) {
	u, err := s.api.GetUserInfoContext(ctx, id)
	if err := s.counted("users.info", err); err != nil {
		return nil, err
	}
	return u, nil
}

// Channel asks Slack about a channel that the bot may see.
func (s *Slack) Channel(ctx context.Context, id string) (*slack.Channel, error) {
	c, err := s.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
	if err := s.counted("conversations.info", err); err != nil {
		return nil, err
	}
	return c, nil
}

// InChannel says whether somebody is in a channel that the bot may see.
func (s *Slack) InChannel(ctx context.Context, channel, person string) (bool, error) {
	look := slack.GetUsersInConversationParameters{ChannelID: channel, Limit: 999}
	for {
		members, next, err := s.api.GetUsersInConversationContext(ctx, &look)
		if err := s.counted("conversations.members", err); err != nil {
			return false, err
		}
		if slices.Contains(members, person) {
			return true, nil
		}
		if look.Cursor = next; next == "" {
			return false, nil
		}
	}
}

// people are those of a workspace, page by page until enough says so.
func (s *Slack) people(ctx context.Context, enough func([]slack.User) bool) error {
	const largestPage, mostPages = 1000, 30
	page := s.api.GetUsersPaginated(slack.GetUsersOptionLimit(largestPage))
	for range mostPages {
		next, err := page.Next(ctx)
		if next.Done(err) {
			return nil
		}
		if err := s.counted("users.list", err); err != nil {
			return err
		}
		if page = next; enough(page.Users) {
			return nil
		}
	}
	return nil
}

func options(m view.Message) []slack.MsgOption {
	list := []slack.MsgOption{
		slack.MsgOptionText(m.Text, false), // views escape what people wrote
		slack.MsgOptionBlocks(m.Blocks...),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
	}
	if m.Mark != "" {
		list = append(list, slack.MsgOptionMetadata(slack.SlackMetadata{EventType: markedAs, EventPayload: map[string]any{"id": m.Mark}}))
	}
	return list
}

// markedAs is the type of our messages' metadata, in which their mark is the id.
const markedAs = "okrbot_post"

// Find looks for a message of ours by its mark, among those of a channel since then, or of a person's
// direct messages with us.
func (s *Slack) Find(ctx context.Context, channel, mark string, since time.Time) (jobs.Found, error) {
	const page, mostPages = 200, 5
	if store.IsDirect(channel) {
		opened, _, _, err := s.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{channel}})
		if err := s.counted("conversations.open", err); err != nil {
			return jobs.Found{}, err
		}
		channel = opened.ID
	}
	look := slack.GetConversationHistoryParameters{
		ChannelID: channel, Limit: page, Oldest: strconv.FormatInt(since.Unix(), 10) + ".000000", IncludeAllMetadata: true,
	}
	for range mostPages {
		history, err := s.api.GetConversationHistoryContext(ctx, &look)
		if err := s.counted("conversations.history", err); err != nil {
			return jobs.Found{}, err
		}
		for _, m := range history.Messages {
			if m.BotID != "" && m.Metadata.EventType == markedAs && m.Metadata.EventPayload["id"] == mark {
				return jobs.Found{TS: m.Timestamp, Looked: true}, nil
			}
		}
		if look.Cursor = history.ResponseMetaData.NextCursor; look.Cursor == "" {
			return jobs.Found{Looked: true}, nil
		}
	}
	return jobs.Found{}, nil
}

// Post sends a message to a channel, or to a person when the channel is a user id; not while Slack asks to
// wait there, whoever of us it asked.
func (s *Slack) Post(ctx context.Context, channel string, m view.Message) (postedIn, ts string, err error) {
	if left := s.waits(ctx, channel); left > 0 {
		return "", "", &jobs.Undelivered{Kind: jobs.NotSent, Code: limited, After: left}
	}
	err = plainer(m, func(m view.Message) (err error) {
		postedIn, ts, err = s.api.PostMessageContext(ctx, channel, options(m)...)
		return s.counted("chat.postMessage", err)
	})
	countPost(err)
	s.leaves(ctx, channel, err)
	return postedIn, ts, err
}

// whisper posts a message that one person of a channel sees. Of a thread Slack shows it where somebody
// has answered in it already, so a message that nobody has answered is answered in the channel.
func (s *Slack) whisper(ctx context.Context, channel, thread, person string, m view.Message) error {
	return plainer(m, func(m view.Message) error {
		list := options(m)
		if thread != "" {
			list = append(list, slack.MsgOptionTS(thread))
		}
		_, err := s.api.PostEphemeralContext(ctx, channel, person, list...)
		return s.counted("chat.postEphemeral", err)
	})
}

// Permalink is the address of a message that the bot may see.
func (s *Slack) Permalink(ctx context.Context, channel, ts string) (string, error) {
	link, err := s.api.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: channel, Ts: ts})
	return link, s.counted("chat.getPermalink", err)
}

// Update changes a message of ours.
func (s *Slack) Update(ctx context.Context, channel, ts string, m view.Message) error {
	return plainer(m, func(m view.Message) error {
		_, _, _, err := s.api.UpdateMessageContext(ctx, channel, ts, options(m)...)
		return s.counted("chat.update", err)
	})
}

// plainer sends a message, and sends it more plainly as long as Slack refuses its blocks: without
// its chart, then its text alone.
func plainer(m view.Message, send func(view.Message) error) error {
	err := send(m)
	if plainOnly(err) && m.Plainer != nil {
		plainer := *m.Plainer
		plainer.Mark = m.Mark
		err = send(plainer)
	}
	if plainOnly(err) {
		err = send(view.Message{Text: m.Text, Mark: m.Mark})
	}
	return err
}

// plainOnly says whether Slack refused the blocks, so that the text alone is the better message.
func plainOnly(err error) bool {
	code := CodeOf(err)
	return code == "invalid_blocks" || code == "msg_blocks_too_long"
}

// Respond answers through a response_url. It goes to Slack's own host and nowhere else, whatever
// the payload said.
func (s *Slack) Respond(ctx context.Context, address secret.String, m view.Message, replace bool) error {
	u, err := url.Parse(address.Reveal())
	if err != nil || u.Host != s.hooks || u.User != nil || u.Scheme != "https" && !(s.insecure && u.Scheme == "http") {
		return undelivered(slack.SlackErrorResponse{Err: "response_url_elsewhere"})
	}
	err = slack.PostWebhookCustomHTTPContext(ctx, address.Reveal(), s.http, &slack.WebhookMessage{
		Text: m.Text, Blocks: &slack.Blocks{BlockSet: m.Blocks}, ResponseType: "ephemeral", ReplaceOriginal: replace,
	})
	var status slack.StatusCodeError
	if errors.As(err, &status) && (status.Code == http.StatusNotFound || status.Code == http.StatusGone) {
		err = slack.SlackErrorResponse{Err: "expired_url"} // past its life, or used five times
	}
	return s.counted("response_url", err)
}

func (s *Slack) open(ctx context.Context, trigger string, v slack.ModalViewRequest) (OpenView, error) {
	got, err := s.api.OpenViewContext(ctx, trigger, v)
	return opened(got), s.counted("views.open", err)
}

func (s *Slack) push(ctx context.Context, trigger string, v slack.ModalViewRequest) (OpenView, error) {
	got, err := s.api.PushViewContext(ctx, trigger, v)
	return opened(got), s.counted("views.push", err)
}

// Change puts another view in the place of an open one. With a hash it is refused when the view
// has changed since.
func (s *Slack) Change(ctx context.Context, at OpenView, v slack.ModalViewRequest) (OpenView, error) {
	got, err := s.api.UpdateViewContext(ctx, v, "", at.Hash, at.ID)
	return opened(got), s.counted("views.update", err)
}

func opened(r *slack.ViewResponse) OpenView {
	if r == nil {
		return OpenView{}
	}
	return OpenView{ID: r.ID, Hash: r.Hash}
}

func (s *Slack) publish(ctx context.Context, person string, v slack.HomeTabViewRequest) error {
	_, err := s.api.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: person, View: v})
	return s.counted("views.publish", err)
}

// triggerGone says whether Slack would not open a view because the trigger was late or used.
func triggerGone(code string) bool {
	return strings.Contains(code, "trigger")
}
