package view

import (
	"encoding/json"
	"testing"

	"okrbot/okr"
)

// A form's fields come from a client: whatever stands in them is read, or named as a problem.
func FuzzForms(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `{"value":{"v":{"value":"42"}},"confidence":{"v":{"selected_option":{"value":"high"}}},"day":{"v":{"selected_date":"2026-11-22"}}}`,
		`{"goal":{"v":{"selected_option":null}},"target":{"v":null},"phases":{"v":{"value":"2026-10-31: 40"}}}`,
		`{"scorecard":{"v":{"selected_option":{"value":"` + "\\u0000" + `"}}},"owner":{"v":{"selected_users":[""]}}}`,
		`{"cadence":{"v":{"selected_option":{"value":"hourly"}}},"hour":{"v":{"selected_time":"99:99"}},"offset":{"v":{"value":"-1"}},"weekday":{"v":{"selected_option":{"value":"8"}}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var s State
		if json.Unmarshal(raw, &s) != nil {
			return
		}
		if entry, problems := ParseCheckIn(s, 20000, "%"); !problems.Any() && entry.Value.Valid && entry.Day > okr.Day(1<<30) {
			t.Errorf("%s is for %d", raw, entry.Day)
		}
		_, _, _ = ParseCloseOut(s)
		_, _, _, _ = ParseConnect(s), ParseConnection(s), ParseObjective(s), ParseSettings(s)
		_, _, _ = ParseForm(s, Form{}), ParseScorecard(s), ParseStart(s)
		_ = ParseMoves(s, []int64{1})
	})
}
