package store_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"okrbot/store/storetest"
)

// judgedWithout are the columns of which no status hangs. Whoever adds another column says here that it
// is one of them, or has a trigger take the stored status back where it changes.
var judgedWithout = map[string][]string{
	"key_results": {
		"id", "workspace_id", "number", "title", "owner_id", "co_owner_ids", "unit", "precision", "weight", "channel_id", "paused",
		"weekday", "hour", "minute", "zone", "slot_at", "next_sync_at", "applied_epoch", "forced_at", "result_count", "scores_digest",
		"announced_status", "failure_class", "failure_cause", "failure_says", "failing_since", "failure_count", "failure_told_at",
		"version", "created_by", "draft_id", "override_reason", "override_by", "overridden_at", "confidence", "confidence_by",
		"tries", "retry_at", "ahead_on", "status", "status_until", "judged", "silent", "closed", "rank", "need", "folded", "sorted",
		"created_at", // never changes
	},
	"sources":    {"workspace_id", "connection_id", "reference", "name", "unit", "direction", "precision"},
	"objectives": {"workspace_id", "number", "title", "owner_id", "co_owner_ids", "channel_id", "parent_id", "version", "created_by", "created_at", "draft_id", "folded"},
	"workspaces": {"id", "enterprise_id", "name", "bot_user_id", "next_number", "next_objective", "created_at", "hysteresis_points", "judge_after", "judge_round"},
}

func TestEveryColumnThatAStatusHangsOnIsWatched(t *testing.T) {
	ctx := context.Background()
	conn := look(t, storetest.New(t))
	defer conn.Close(ctx)
	for table, without := range judgedWithout {
		var watched string
		err := conn.QueryRow(ctx, `
			select string_agg(pg_get_triggerdef(t.oid) || pg_get_functiondef(t.tgfoid), ' ')
			from pg_trigger t join pg_class c on c.oid = t.tgrelid
			where c.relname = $1 and t.tgname like 'judge%'`, table).Scan(&watched)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := conn.Query(ctx, "select column_name from information_schema.columns where table_name = $1 and table_schema = 'public'", table)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		for _, column := range columns {
			if !slices.Contains(without, column) && !strings.Contains(watched, "new."+column) {
				t.Errorf("does a status hang on %s.%s? Then a trigger has to take the stored one back, and else it belongs into the list of this test", table, column)
			}
		}
		for _, column := range without {
			if !slices.Contains(columns, column) {
				t.Errorf("%s.%s is no more", table, column)
			}
		}
	}
}
