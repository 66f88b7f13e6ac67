package bot

import (
	"context"

	"okrbot/bot/view"
)

// handler answers one gesture within two seconds, asking nobody but Postgres.
type handler func(b *Bot, ctx context.Context, g Gesture) (Reply, error)

// verb is one word after /okr.
type verb struct {
	name  string
	args  string // as shown in help: "KR-n"
	says  string // one line in the list of verbs
	help  string // what it does, who may, and an example; mrkdwn
	serve handler
}

// The tables below are the whole of the bot's ears: an id that is not here gets a logged warning
// and a friendly reply. They are filled by the init-free literals next to each feature.
type routes struct {
	verbs   []verb
	actions map[string]handler // by action_id; for inputs, whose action_id is "v", by block_id
	submits map[string]handler // by callback_id
	closes  map[string]handler // by callback_id
	options map[string]handler // by block_id of the type-ahead field
}

var _ = view.Text
