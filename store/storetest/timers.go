package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// Timers says whether the Postgres of a test ends what takes too long. One whose clock is another program's, as
// libfaketime makes it, has no timers: no timeout of a statement or of a lock passes, and nobody looks for deadlocks.
func Timers(t testing.TB, dsn string) bool {
	t.Helper()
	err := exec(context.Background(), dsn, "set statement_timeout = '100ms'", "select pg_sleep(1)")
	var ended *pgconn.PgError
	if err != nil && !(errors.As(err, &ended) && ended.Code == "57014") {
		t.Fatal(err)
	}
	return err != nil
}

// NeedsTimers skips a test where Postgres has none.
func NeedsTimers(t testing.TB, dsn string) {
	t.Helper()
	if !Timers(t, dsn) {
		t.Skip("this Postgres's clock is another program's, so no wait of its own ever ends")
	}
}
