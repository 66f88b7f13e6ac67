package jobs

import (
	"fmt"
	"io"
	"runtime"
	"testing"

	"okrbot/sheet"
	"okrbot/store"
	"okrbot/store/storetest"
)

// weighing is a writer that looks now and then at how much memory is in use.
type weighing struct {
	sheet.Writer
	rows int
	most uint64
}

func (w *weighing) Write(r sheet.Row) error {
	if w.rows++; w.rows%5000 == 0 {
		w.most = max(w.most, inUse())
	}
	return w.Writer.Write(r)
}

func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestAHundredThousandRowsPassThrough proves that an export's memory does not grow with it.
func TestAHundredThousandRowsPassThrough(t *testing.T) {
	const many = 100_000
	dsn := storetest.New(t)
	pool, err := store.Open(ctx, dsn, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	s := store.New(pool, storetest.Keys())
	if err := s.SaveWorkspace(ctx, store.Workspace{ID: "T1", Name: "Acme", BotUserID: "UBOT"}); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		// Every other objective has ten key results.
		`insert into objectives (workspace_id, title, owner_id, first_day, last_day, zone, channel_id, created_by, created_at)
		 select 'T1', 'Objective ' || n, 'U1', '2026-10-01', '2026-12-31', 'UTC', '', 'U1', '2026-10-01' from generate_series(1, %d / 5) n`,
		`insert into key_results (workspace_id, number, objective_id, title, owner_id, kind, start_value, target_value, unit, precision, method, weight, channel_id, integrated, cadence, zone, created_by, created_at)
		 select 'T1', n, 2 * ((n - 1) / 10) + 1, 'Key result ' || n, 'U1', 'increase', 0, n, '%%', 1, 'latest', 1, '', false, '', 'UTC', 'U1', '2026-10-01' from generate_series(1, %d) n`,
	} {
		// On a busy machine this takes longer than a session of ours may.
		if _, err := pool.Exec(ctx, fmt.Sprintf("begin; set local statement_timeout = 0; "+sql+"; commit", many)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pool.Exec(ctx, "analyze"); err != nil { // as Postgres itself does within a minute
		t.Fatal(err)
	}
	before := inUse()
	w := &weighing{Writer: sheet.CSV(io.Discard)}
	n, err := WriteExport(ctx, s, "T1", nil, w, sheet.JSON(io.Discard))
	if err != nil || n.KeyResults != many || n.Objectives != 2*many/10 {
		t.Fatalf("%+v, %v", n, err)
	}
	const bound = 8 << 20 // a hundredth of what the rows weigh
	if w.most > before+bound {
		t.Errorf("the heap grew from %d to %d bytes", before, w.most)
	}
}
