package store_test

import (
	"context"
	"testing"

	"okrbot/okr"
	"okrbot/store"
	"okrbot/store/storetest"
)

// Whoever saves other thresholds waits for one row, however many key results there are; their cards are drawn
// again as they are judged, a portion at a time.
func TestOtherThresholdsAreSavedAtOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dsn := storetest.New(t)
	s := storetest.Open(t, dsn)
	workspace(t, s)
	const all, portion = 91, 40
	crowd(t, dsn, all)
	conn := look(t, dsn)
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "insert into cards (key_result_id, workspace_id, channel_id, message_ts) select id, workspace_id, channel_id, '1' from key_results"); err != nil {
		t.Fatal(err)
	}
	marked := func(when string, want int) {
		t.Helper()
		var cards, channels int
		err := conn.QueryRow(ctx, `select count(*), (select count(*) from (select distinct channel_id from cards where dirty_at is not null) c
			where not exists (select from places p where p.channel_id = c.channel_id and p.ready_at <= now())) from cards where dirty_at is not null`).Scan(&cards, &channels)
		if err != nil {
			t.Fatal(err)
		}
		if cards != want || channels != 0 {
			t.Errorf("%s %d cards are to be drawn again, want %d, and %d channels do not know", when, cards, want, channels)
		}
	}
	for n := 1; n > 0; {
		var err error
		if n, err = s.Judge(ctx, 500); err != nil {
			t.Fatal(err)
		}
	}
	w, err := s.Workspace(ctx, "T1")
	if err != nil {
		t.Fatal(err)
	}
	other := w.Thresholds
	other.OnTrack++
	actor := okr.Actor{Workspace: "T1", ID: "U1", Kind: okr.Admin}
	if err := s.InTx(ctx, func(tx *store.Tx) error { return tx.SaveThresholds(ctx, actor, w.Thresholds, other) }); err != nil {
		t.Fatal(err)
	}
	marked("once they are saved,", 0)
	for _, want := range []int{40, 80, 91} {
		if _, err := s.Judge(ctx, portion); err != nil {
			t.Fatal(err)
		}
		marked("after another portion", want)
	}
}
