package embedded

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// InstallClock puts a now() of its own in front of pg_catalog's in a database, so that AdvanceClock
// can move time there for every connection at once. It is for the sandbox and for tests. Sessions
// opened before it keep the old clock.
func InstallClock(ctx context.Context, conn *pgx.Conn) error {
	var database string
	if err := conn.QueryRow(ctx, "select current_database()").Scan(&database); err != nil {
		return fmt.Errorf("installing a clock: %w", err)
	}
	_, err := conn.Exec(ctx, `
create schema if not exists shifted;
create table if not exists shifted.clock (id boolean primary key default true check (id), ahead interval not null);
insert into shifted.clock (ahead) values ('0') on conflict do nothing;
create or replace function shifted.now() returns timestamptz
  language sql stable parallel safe
  as 'select pg_catalog.now() + (select ahead from shifted.clock)';
alter database `+pgx.Identifier{database}.Sanitize()+` set search_path = "$user", public, shifted, pg_catalog`)
	if err != nil {
		return fmt.Errorf("installing a clock: %w", err)
	}
	return nil
}

// AdvanceClock moves a database's clock by d.
func AdvanceClock(ctx context.Context, conn *pgx.Conn, d time.Duration) error {
	_, err := conn.Exec(ctx, "update shifted.clock set ahead = ahead + $1::interval", fmt.Sprintf("%d microseconds", d.Microseconds()))
	if err != nil {
		return fmt.Errorf("moving the clock: %w", err)
	}
	return nil
}
