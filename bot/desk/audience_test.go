package desk

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/slack-go/slack"

	"okrbot/store"
)

// What Slack tells about a channel may lack fields: what it says to be shared, and not to be within the
// Grid, others see.
func TestWhoSeesAChannelByWhatSlackTells(t *testing.T) {
	ours := store.Workspace{ID: "T0OURS", Enterprise: "E0OURS"}
	for told, want := range map[string]struct {
		outside bool
		others  []string
	}{
		`{}`:                     {},
		`{"is_shared":false}`:    {},
		`{"is_org_shared":true}`: {},
		`{"is_shared":true,"is_org_shared":true,"is_ext_shared":false,"shared_team_ids":["T0OURS","T0BRANCH"],"internal_team_ids":["T0BRANCH"]}`: {},
		`{"is_shared":true}`:                                              {outside: true},
		`{"is_ext_shared":true}`:                                          {outside: true},
		`{"is_global_shared":true}`:                                       {outside: true},
		`{"is_pending_ext_shared":true}`:                                  {outside: true},
		`{"pending_shared":["T0THEIRS"]}`:                                 {true, []string{"T0THEIRS"}},
		`{"is_shared":true,"is_org_shared":true,"is_ext_shared":true}`:    {outside: true},
		`{"is_ext_shared":true,"connected_team_ids":["T0OURS","E0OURS"]}`: {outside: true},
		`{"is_ext_shared":true,"connected_team_ids":null,"shared_team_ids":["T0THEIRS","T0OURS"],"conversation_host_id":"E0THEIRS"}`:                     {true, []string{"E0THEIRS", "T0THEIRS"}},
		`{"is_ext_shared":true,"connected_team_ids":["T0B","T0A","T0B"],"shared_team_ids":["T0A","T0BRANCH"],"internal_team_ids":["T0BRANCH","T0OURS"]}`: {true, []string{"T0A", "T0B"}},
	} {
		var c slack.Channel
		if err := json.Unmarshal([]byte(told), &c); err != nil {
			t.Fatal(err)
		}
		a := audienceOf(store.Place{Workspace: "T0OURS", Channel: "C1"}, &c, ours)
		if a.Outside != want.outside || !slices.Equal(a.Others, want.others) {
			t.Errorf("%s: outside %v, others %v", told, a.Outside, a.Others)
		}
	}
}
