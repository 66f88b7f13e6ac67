package bot_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"okrbot/sandbox/slack"
)

// filesOf are the files that somebody was sent in their last message with some, by their endings.
func (r *room) filesOf(name string) map[string]string {
	r.t.Helper()
	got := map[string]string{}
	r.until("files for "+name, func() bool {
		for _, c := range r.slack.Sees(name).Channels {
			if !c.IM || len(c.Messages) == 0 || len(c.Messages[len(c.Messages)-1].Files) == 0 {
				continue
			}
			for _, f := range c.Messages[len(c.Messages)-1].Files {
				answer, err := http.Get(f.Download)
				if err != nil {
					r.t.Fatal(err)
				}
				raw, err := io.ReadAll(answer.Body)
				answer.Body.Close()
				if err != nil || answer.StatusCode != http.StatusOK || len(raw) != f.Size {
					r.t.Fatalf("%s: %v, %d, %d bytes of %d", f.Name, err, answer.StatusCode, len(raw), f.Size)
				}
				got[f.Name[strings.LastIndex(f.Name, ".")+1:]] = string(raw)
			}
			return true
		}
		return false
	})
	return got
}

func TestExportComesAsFiles(t *testing.T) {
	r := ready(t)
	r.addsObjective(r.bob, "=Ship it, \"soon\"")
	r.carol.Types("/okr export").Sees("Making your files: all objectives and key results").
		Sees("Your export: 2 objectives and 1 key result. The same table twice: CSV for spreadsheets, JSON for programs.", "[file okrs-", ".csv, ", ".json, ")
	got := r.filesOf("carol")
	unmarked, marked := strings.CutPrefix(got["csv"], "\xef\xbb\xbf")
	if !marked {
		t.Error("Excel opens a CSV without a byte order mark as Windows-1252")
	}
	rows, err := csv.NewReader(strings.NewReader(unmarked)).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%v: %q", err, got["csv"])
	}
	line := map[string]string{}
	for i, column := range rows[0] {
		line[column] = rows[1][i]
	}
	for column, want := range map[string]string{
		"objective": "Run a calm service desk", "key": "KR-1", "key_result": "Fewer open incidents", "owner": "U0ALICE", "target_value": "100",
		"cadence": "daily", "time": "09:00", "scorecard": "Number of open incidents", "paused": "false", "weight": "1",
	} {
		if line[column] != want {
			t.Errorf("%s is %q, want %q", column, line[column], want)
		}
	}
	if line["result_value"] == "" || line["result_day"] == "" || line["status"] == "" {
		t.Errorf("the result is missing: %q", line)
	}
	if rows[2][0] != `'=Ship it, "soon"` || rows[2][slices.Index(rows[0], "key")] != "" || rows[2][slices.Index(rows[0], "objective_key")] != "O-2" {
		t.Errorf("the objective without key results is %q", rows[2])
	}
	var list []map[string]any
	if err := json.Unmarshal([]byte(got["json"]), &list); err != nil || len(list) != 2 {
		t.Fatalf("%v: %s", err, got["json"])
	}
	if list[0]["target_value"] != 100.0 || list[0]["paused"] != false || list[1]["objective"] != `=Ship it, "soon"` || list[1]["key"] != nil {
		t.Errorf("the JSON is %v", list)
	}
}

func TestGuestsExportOnlyTheirOwn(t *testing.T) {
	r := ready(t)
	r.dave.Types("/okr export").Sees("that you own or look after").Sees("There is nothing to export: you own and look after no objective and no key result.").DoesNotSee("add-objective")
	for open := 1; open > 0; { // what arrived is noted as done a moment later
		if err := r.database().QueryRow(t.Context(), "select count(*) from exports where finished_at is null").Scan(&open); err != nil {
			t.Fatal(err)
		}
	}
	r.alice.Types("/okr add-objective").Fills("Objective", "Dave's part").Submits("Save").Sees("Objective added")
	r.do("update objectives set owner_id = 'U0DAVE' where title = 'Dave''s part'") // from before guests were refused as owners
	r.dave.Types("/okr export").Sees("Your export: 1 objective. ")
	if got := r.filesOf("dave"); strings.Contains(got["csv"], "Run a calm") || strings.Contains(got["json"], "Run a calm") || !strings.Contains(got["csv"], "Dave's part") {
		t.Errorf("dave got %q", got)
	}
}

func TestAnExportIsMadeOnce(t *testing.T) {
	r := ready(t)
	r.refusalsExpected = true
	fix := r.slack.Break(slack.Fault{Method: "files.completeUploadExternal", Error: "ratelimited", After: 1})
	r.alice.Types("/okr export").Sees("Making your files")
	r.bob.Types("/okr export").Sees("Making your files") // another person's is another one
	r.alice.Types("/okr export").Sees("being made already")
	r.until("files to be shown", func() bool { return r.slack.Calls("files.completeUploadExternal") > 0 })
	fix()
	r.later(10 * time.Second)
	r.filesOf("alice")
	r.filesOf("bob")
	if n := r.alice.In("dm-U0ALICE").Counts("Your export"); n != 1 {
		t.Errorf("alice got %d exports, want one", n)
	}
}

// What is asked for while other files are made comes after them, and what is made already once.
func TestAnotherFormatIsAskedForMeanwhile(t *testing.T) {
	r := ready(t)
	held, letGo := context.WithCancel(t.Context())
	defer letGo()
	fix := r.slack.Break(slack.Fault{Method: "files.completeUploadExternal", Held: held.Done(), Times: 1})
	r.alice.Types("/okr export csv").Sees("as CSV. It comes")
	r.until("the file to be sent", func() bool { return r.slack.Calls("files.getUploadURLExternal") > 0 })
	r.alice.Types("/okr export json").Sees("as JSON. It comes")
	r.alice.Types("/okr export json").Sees("being made already")
	letGo()
	fix()
	if got := r.filesOf("alice"); got["csv"] == "" && got["json"] == "" { // those of the newest message
		t.Errorf("alice got %q", got)
	}
	r.until("the other file", func() bool { return r.alice.In("dm-U0ALICE").Counts(".json, ") == 1 })
	r.settles()
	if csv, json := r.alice.In("dm-U0ALICE").Counts(".csv, "), r.alice.In("dm-U0ALICE").Counts(".json, "); csv != 1 || json != 1 {
		t.Errorf("alice got the CSV %d times and the JSON %d times", csv, json)
	}
}

func TestWithoutTheScopeTheBotSaysSo(t *testing.T) {
	r := newRoom(t, func(_ *room, o *slack.Options) {
		o.Scopes = []string{"commands", "chat:write", "users:read", "channels:read", "groups:read", "im:write"}
	})
	r.refusalsExpected = true
	r.addsObjective(r.alice, "Ship it")
	r.alice.Types("/okr export").Sees("it lacks the scope `files:write`", "`okrbot export` writes the same files")
}

func TestFilesThatSlackRefuses(t *testing.T) {
	t.Parallel()
	for code, says := range map[string]string{
		"file_uploads_disabled": "does not allow such files", "file_upload_size_restricted": "too large", "restricted_action": "Slack did not take the files (restricted_action)",
	} {
		t.Run(code, func(t *testing.T) {
			r := newRoom(t)
			r.refusalsExpected = true
			r.addsObjective(r.alice, "Ship it")
			r.slack.Break(slack.Fault{Method: "files.getUploadURLExternal", Error: code})
			r.alice.Types("/okr export").Sees("Your export was not sent.", says)
		})
	}
	t.Run("a broken upload is tried again", func(t *testing.T) {
		r := newRoom(t)
		r.refusalsExpected = true
		r.addsObjective(r.alice, "Ship it")
		r.slack.Break(slack.Fault{Method: "upload", Status: 503, Times: 1})
		r.alice.Types("/okr export").Sees("Making your files")
		r.until("its failure being written down", r.stored("select failures > 0 from exports"))
		r.later(10 * time.Second)
		r.filesOf("alice")
	})
}
