package desk

import (
	"net/url"
	"strings"
	"testing"
)

func FuzzDelivery(f *testing.F) {
	for _, seed := range []string{
		`{"type":"block_actions","user":{"id":"U1"},"team":{"id":"T1"},"actions":[{"action_id":"sync","value":"1"}]}`,
		`{"type":"view_submission","user":{"id":"U1"},"view":{"callback_id":"wizard","state":{"values":{"a":{"v":{"value":"1"}}}}}}`,
		`{"type":"view_closed","user":{"id":"U1"},"view":{"callback_id":"wizard","blocks":[{"type":"section"}]}}`,
		`{"type":"block_suggestion","user":{"id":"U1"},"block_id":"scorecard","value":"inc"}`,
		`{"type":"event_callback","event_id":"E1","event":{"type":"app_home_opened","user":"U1","tab":"home"}}`,
		`{"type":"shortcut","callback_id":"add_kr","trigger_id":"t","user":{"id":"U1"},"team":{"id":"T1"}}`,
		`{"type":"message_action","callback_id":"check_in","trigger_id":"t","user":{"id":"U1"},"team":{"id":"T1"},"channel":{"id":"C1"},"message":{"ts":"1.2","text":"<@U0> 42"}}`,
		`{"type":"event_callback","event_id":"E1","event":{"type":"app_mention","user":"U1","channel":"C1","text":"<@U0OKRBOT> list","ts":"1.2"}}`,
		`{"type":"event_callback","event_id":"E1","event":{"type":"user_change","user":{"id":"U1","deleted":true}}}`,
		`{"type":"url_verification","challenge":"x"}`, "null", "[]", "\xff", "{\"user\":{\"id\":\"\\u0000\"}}",
		`{"view":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`,
		`{"type":"block_actions","user":{"id":"U1"},"view":{"blocks":[null,{"type":"nothing"}]},"actions":[null]}`,
	} {
		f.Add([]byte(seed))
		f.Add([]byte(url.Values{"payload": {seed}}.Encode()))
	}
	f.Add([]byte(`command=%2Fokr&text=help&user_id=U1`))
	f.Add([]byte(`command=%2Fokr&text=%FF%00;&user_id=%00`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, decode := range []decoder{commandForm, interactionForm, eventBody} {
			_, _ = decode(body) // must not panic
		}
	})
}
