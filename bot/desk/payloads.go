package desk

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"okrbot/bot/view"
	"okrbot/secret"
)

// gesture is a Gesture before anybody was looked up.
type gesture struct {
	Gesture
	kind      gestureKind
	verb      string // a command's, as it was typed
	said      string // what a mention says to the bot
	route     string // a verb, an action_id, a callback_id, a field's block_id, an event's type
	workspace string
	person    string
	app       string
	event     bool
	changed   *slack.User // whom an event tells of
}

type gestureKind string

const (
	aCommand gestureKind = "command"
	anAction gestureKind = "action"
	aSubmit  gestureKind = "submit"
	aClose   gestureKind = "close"
	aQuery   gestureKind = "query"
	anEvent  gestureKind = "event"
	aMention gestureKind = "mention"  // an event that is a command
	aShort   gestureKind = "shortcut" // of the message menu, or of the whole workspace
)

// typed says whether a gesture is a command, by whichever door.
func (g gesture) typed() bool { return g.kind == aCommand || g.kind == aMention }

// comesAgain says whether Slack delivers it again until it has heard that all went well.
func (g gesture) comesAgain() bool { return g.kind == anEvent || g.kind == aMention }

// longestVerb is how much of a word that is no verb is looked at, in characters.
const longestVerb = 60

var errMalformed = errors.New("malformed body")

// commandForm reads a slash command.
func commandForm(body []byte) (delivery, error) {
	if !utf8.Valid(body) {
		return delivery{}, errMalformed
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || !utf8.ValidString(form.Get("text")) {
		return delivery{}, errMalformed
	}
	return slashCommand(slack.SlashCommand{
		TeamID: form.Get("team_id"), UserID: form.Get("user_id"), ChannelID: form.Get("channel_id"), Text: form.Get("text"),
		Command: form.Get("command"), TriggerID: form.Get("trigger_id"), ResponseURL: form.Get("response_url"), APIAppID: form.Get("api_app_id"),
	})
}

func slashCommand(c slack.SlashCommand) (delivery, error) {
	if c.UserID == "" || c.Command == "" {
		return delivery{}, errMalformed
	}
	g := gesture{kind: aCommand, workspace: c.TeamID, person: c.UserID, app: c.APIAppID}
	g.Channel, g.Text, g.Trigger, g.Response = c.ChannelID, Clean(c.Text), c.TriggerID, secret.New(c.ResponseURL)
	return made("", g)
}

// made is the delivery of a gesture whose ids can be ids: Slack's hold no NUL, and Postgres keeps none.
func made(key string, g gesture) (delivery, error) {
	for _, id := range []string{
		g.workspace, g.person, g.app, g.route, g.Channel, g.View.ID, g.View.Root, g.View.Previous, g.View.Hash, g.View.Callback, g.View.Mark,
		g.View.Draft, g.Action.ID, g.Action.Block, g.Message.Channel, g.Message.TS, g.Message.Thread,
	} {
		if strings.ContainsRune(id, 0) {
			return delivery{}, errMalformed
		}
	}
	return delivery{key: key, gesture: g}, nil
}

// Clean takes out what Postgres cannot keep.
func Clean(s string) string { return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "") }

// interactionForm reads a button, a submit, a type-ahead: a form with a payload in JSON.
func interactionForm(body []byte) (delivery, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return delivery{}, errMalformed
	}
	payload := form.Get("payload")
	if payload == "" || !utf8.ValidString(payload) || nestsTooDeep(payload) {
		return delivery{}, errMalformed
	}
	var ic slack.InteractionCallback
	if err := ic.UnmarshalJSON([]byte(payload)); err != nil {
		return delivery{}, errMalformed
	}
	return interaction(ic)
}

// deepest is how deep a payload may nest; Slack's nest about fifteen deep.
const deepest = 100

func nestsTooDeep(payload string) bool {
	depth, quoted := 0, false
	for i := 0; i < len(payload); i++ {
		switch c := payload[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++ // what is escaped ends nothing
		case quoted: // people's words, with whatever brackets they have
		case c == '{', c == '[':
			if depth++; depth > deepest {
				return true
			}
		case c == '}', c == ']':
			depth--
		}
	}
	return false
}

func interaction(ic slack.InteractionCallback) (delivery, error) {
	if ic.User.ID == "" {
		return delivery{}, errMalformed
	}
	g := gesture{workspace: ic.Team.ID, person: ic.User.ID, app: ic.APIAppID}
	g.Trigger, g.Response, g.Channel = ic.TriggerID, secret.New(ic.ResponseURL), ic.Channel.ID
	g.View = View{
		ID: ic.View.ID, Root: ic.View.RootViewID, Previous: ic.View.PreviousViewID, Hash: ic.View.Hash,
		Callback: ic.View.CallbackID, Draft: ic.View.PrivateMetadata, Home: ic.View.Type == slack.VTHomeTab,
	}
	if blocks := ic.View.Blocks.BlockSet; len(blocks) > 0 && blocks[0] != nil {
		g.View.Mark = blocks[0].ID()
	}
	if ic.View.State != nil {
		g.View.State = cleanState(ic.View.State.Values)
	}
	g.Message = Message{Channel: ic.Channel.ID, TS: ic.Container.MessageTs, Ephemeral: ic.Container.IsEphemeral}
	switch ic.Type {
	case slack.InteractionTypeBlockActions:
		if len(ic.ActionCallback.BlockActions) == 0 || ic.ActionCallback.BlockActions[0] == nil {
			return delivery{nothing: true}, nil
		}
		a := ic.ActionCallback.BlockActions[0]
		g.kind, g.route = anAction, a.ActionID
		g.Action = Action{ID: a.ActionID, Block: a.BlockID, Value: Clean(valueOf(a))}
		if a.ActionID == "v" { // an input that tells of its changes: its field's name is the route
			g.route = view.Name(a.BlockID)
		}
	case slack.InteractionTypeViewSubmission:
		g.kind, g.route = aSubmit, ic.View.CallbackID
	case slack.InteractionTypeViewClosed:
		g.kind, g.route = aClose, ic.View.CallbackID
	case slack.InteractionTypeShortcut:
		g.kind, g.route = aShort, ic.CallbackID
	case slack.InteractionTypeMessageAction:
		g.kind, g.route = aShort, ic.CallbackID
		g.Message = Message{Channel: ic.Channel.ID, TS: ic.MessageTs, Thread: ic.Message.ThreadTimestamp, Text: Clean(ic.Message.Text)}
	case slack.InteractionTypeBlockSuggestion:
		g.kind, g.route, g.Query = aQuery, view.Name(ic.BlockID), Clean(ic.Value)
		g.Action = Action{ID: ic.ActionID, Block: ic.BlockID}
	default:
		return delivery{nothing: true}, nil
	}
	return made("", g)
}

func valueOf(a *slack.BlockAction) string {
	for _, v := range []string{
		a.Value, a.SelectedOption.Value, a.SelectedUser, a.SelectedChannel, a.SelectedConversation, a.SelectedDate, a.SelectedTime,
	} {
		if v != "" {
			return v
		}
	}
	return ""
}

func cleanState(state map[string]map[string]slack.BlockAction) map[string]map[string]slack.BlockAction {
	for _, block := range state {
		for id, a := range block {
			for _, entered := range []*string{
				&a.Value, &a.SelectedOption.Value, &a.SelectedUser, &a.SelectedChannel, &a.SelectedConversation, &a.SelectedDate, &a.SelectedTime,
			} {
				*entered = Clean(*entered)
			}
			block[id] = a
		}
	}
	return state
}

// eventBody reads an event: JSON without a form around it.
func eventBody(body []byte) (delivery, error) {
	if !utf8.Valid(body) || nestsTooDeep(string(body)) {
		return delivery{}, errMalformed
	}
	var e outerEvent
	if err := json.Unmarshal(body, &e); err != nil {
		return delivery{}, errMalformed
	}
	if e.Type == "url_verification" && e.Challenge != "" {
		return delivery{challenge: e.Challenge}, nil
	}
	return event(e)
}

// outerEvent is Slack's envelope of an event, with what we listen to in it.
type outerEvent struct {
	Type      string `json:"type"`
	Challenge string `json:"challenge"`
	TeamID    string `json:"team_id"`
	AppID     string `json:"api_app_id"`
	EventID   string `json:"event_id"`
	Event     struct {
		Type    string          `json:"type"`
		User    json.RawMessage `json:"user"` // a string, or of user_change an object
		Tab     string          `json:"tab"`
		BotID   string          `json:"bot_id"`
		Channel any             `json:"channel"` // a string; of events that we do not listen to an object
		// Of a mention:
		Text     string `json:"text"`
		TS       string `json:"ts"`
		ThreadTS string `json:"thread_ts"`
		Tokens   struct {
			Bot []string `json:"bot"`
		} `json:"tokens"`
	} `json:"event"`
}

func event(e outerEvent) (delivery, error) {
	var person, channel string
	var changed *slack.User
	if e.Type != "event_callback" || e.Event.BotID != "" || e.EventID == "" {
		return delivery{nothing: true}, nil
	}
	_ = json.Unmarshal(e.Event.User, &person) // no string: no person
	switch e.Event.Type {
	case "user_change":
		if err := json.Unmarshal(e.Event.User, &changed); err != nil || changed == nil || changed.ID == "" {
			return delivery{nothing: true}, nil
		}
		person = changed.ID
		for _, s := range []*string{&changed.Name, &changed.RealName, &changed.Profile.DisplayName, &changed.Profile.RealName, &changed.TZ} {
			*s = Clean(*s)
		}
	case "app_home_opened":
		if e.Event.Tab != "" && e.Event.Tab != "home" || person == "" {
			return delivery{nothing: true}, nil
		}
	case "app_mention":
		return mention(e, person)
	case eventShared, eventUnshared:
		if channel, _ = e.Event.Channel.(string); channel == "" {
			return delivery{nothing: true}, nil
		}
		person = ""
	case "app_uninstalled":
	case "tokens_revoked":
		if len(e.Event.Tokens.Bot) == 0 { // tokens of people, which we have none of
			return delivery{nothing: true}, nil
		}
	default:
		return delivery{nothing: true}, nil
	}
	g := gesture{kind: anEvent, route: e.Event.Type, workspace: e.TeamID, person: person, app: e.AppID, event: true, changed: changed}
	g.Channel = channel
	// Never by the retry header: a delivery that we failed to act on is taken when it comes again.
	return made(e.TeamID+" "+e.EventID, g)
}

// mention is a message that speaks to the bot: a command without a trigger and without a response_url.
func mention(e outerEvent, person string) (delivery, error) {
	channel, _ := e.Event.Channel.(string)
	if person == "" || channel == "" {
		return delivery{nothing: true}, nil
	}
	g := gesture{kind: aMention, workspace: e.TeamID, person: person, app: e.AppID}
	g.Channel, g.Text, g.Mention = channel, Clean(e.Event.Text), true
	g.Message = Message{Channel: channel, TS: e.Event.TS, Thread: e.Event.ThreadTS}
	return made(e.TeamID+" "+e.EventID, g)
}
