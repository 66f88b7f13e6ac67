package slack

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// said are the messages that the last call told of: their texts, and the ids in their metadata.
func (w *workspace) said() []string {
	wire := w.Wire()
	got, _ := wire[len(wire)-1].Got.(map[string]any)
	list := []string{}
	messages, _ := got["messages"].([]any)
	for _, v := range messages {
		text, _ := v.(map[string]any)["text"].(string)
		attached, _ := v.(map[string]any)["metadata"].(map[string]any)
		payload, _ := attached["event_payload"].(map[string]any)
		id, _ := payload["id"].(string)
		list = append(list, strings.TrimSpace(text+" "+id))
	}
	return list
}

func TestAConversationsHistory(t *testing.T) {
	w := newWorkspace(t)
	w.AddChannel("C3", "apart", true, "okrbot")
	w.AddChannel("C4", "away", true)
	for _, scope := range []string{"", "channels:history", "groups:history", "im:history"} {
		w.o.Scopes = []string{"chat:write", "im:write", scope}
		for channel, needed := range map[string]string{"C1": "channels:history", "C3": "groups:history", "D0ALICE": "im:history"} {
			want := "missing_scope"
			if needed == scope {
				want = "ok"
			}
			w.expects("ok", "conversations.open", m{"users": "U0ALICE"})
			w.expects(want, "conversations.history", m{"channel": channel})
		}
	}
	w.o.Scopes = []string{"chat:write", "channels:history", "groups:history"}
	w.expects("not_in_channel", "conversations.history", m{"channel": "C2"})
	w.expects("channel_not_found", "conversations.history", m{"channel": "C4"})
	w.expects("channel_not_found", "conversations.history", m{"channel": "C9"})
	w.expects("invalid_limit", "conversations.history", m{"channel": "C1", "limit": "1000"})
	w.expects("invalid_cursor", "conversations.history", m{"channel": "C1", "cursor": "elsewhere"})
	w.expects("invalid_ts_oldest", "conversations.history", m{"channel": "C1", "oldest": "yesterday"})

	attached := m{"event_type": "post", "event_payload": m{"id": "7"}}
	w.expects("invalid_metadata_format", "chat.postMessage", m{"channel": "C1", "text": "x", "metadata": m{"event_type": "post"}})
	w.expects("invalid_metadata_format", "chat.postMessage", m{"channel": "C1", "text": "x", "metadata": m{"event_type": "post", "event_payload": "7"}})
	w.expects("metadata_too_large", "chat.postMessage", m{"channel": "C1", "text": "x", "metadata": m{"event_type": "post", "event_payload": m{"id": strings.Repeat("7", 8000)}}})
	w.expects("ok", "chat.postMessage", m{"channel": "C1", "text": "first", "metadata": attached})
	w.expects("ok", "chat.postMessage", m{"channel": "C1", "text": "second"})
	w.expects("ok", "chat.postMessage", m{"channel": "C1", "text": "third"})
	for _, row := range []struct {
		args m
		want []string
	}{
		{m{}, []string{"third", "second", "first"}},
		{m{"include_all_metadata": "1"}, []string{"third", "second", "first 7"}},
		{m{"include_all_metadata": "1", "limit": "2"}, []string{"third", "second"}},
		{m{"include_all_metadata": "1", "limit": "2", "cursor": "next:2"}, []string{"first 7"}},
		{m{"latest": "1.0"}, []string{}},
	} {
		row.args["channel"] = "C1"
		w.expects("ok", "conversations.history", row.args)
		if got := w.said(); !slices.Equal(got, row.want) {
			t.Errorf("%v: %q, want %q", row.args, got, row.want)
		}
	}
}

// Who is in a channel is told to whom the channel is, page by page.
func TestAChannelsMembers(t *testing.T) {
	w := newWorkspace(t)
	w.AddChannel("C3", "apart", true, "okrbot", "alice")
	w.AddChannel("C4", "away", true, "alice")
	w.o.Scopes = []string{"channels:read"}
	w.expects("missing_scope", "conversations.members", m{"channel": "C3"})
	w.o.Scopes = []string{"channels:read", "groups:read"}
	w.expects("channel_not_found", "conversations.members", m{"channel": "C4"})
	w.expects("channel_not_found", "conversations.members", m{"channel": "C9"})
	w.expects("invalid_limit", "conversations.members", m{"channel": "C3", "limit": "1000"})
	w.expects("invalid_cursor", "conversations.members", m{"channel": "C3", "cursor": "elsewhere"})
	page := func(args m) map[string]any {
		w.expects("ok", "conversations.members", args)
		wire := w.Wire()
		got, _ := wire[len(wire)-1].Got.(map[string]any)
		return got
	}
	first := page(m{"channel": "C3", "limit": "1"})
	next, _ := first["response_metadata"].(map[string]any)
	second := page(m{"channel": "C3", "limit": "1", "cursor": next["next_cursor"]})
	if got := fmt.Sprint(first["members"], second["members"], second["response_metadata"]); got != "[U0ALICE] [U0OKRBOT] map[next_cursor:]" {
		t.Error(got)
	}
}
