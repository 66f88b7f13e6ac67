package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"time"

	pgxdecimal "github.com/jackc/pgx-shopspring-decimal"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/shopspring/decimal"

	"okrbot/integrations"
	connector "okrbot/integrations/servicenow"
	"okrbot/internal/child"
)

// The baseline of a sync is the plain design: a job for each key result, which makes one call, and
// records in one transaction what came of it. It has tables of its own, with the indexes that such
// a bot needs, and does no more than it must: it says nothing to Slack, and draws nothing.

// plainly is the word by which this program is told to be the plain design.
const plainly = "plainly"

// plainWorkers is as many as the jobs' tables can use.
const plainWorkers = 100

// plainSchema are its tables, filled as the world is.
var plainSchema = []string{
	`create table connections (id bigint primary key, origin text not null, refusals integer not null default 0, succeeded_at timestamptz)`,
	`create table key_results (
	  id bigint primary key, title text not null, owner_id text not null, channel_id text not null, connection_id bigint not null references connections,
	  reference text not null, start_value numeric, target_value numeric, cadence text not null, next_sync_at timestamptz, synced_at timestamptz,
	  result_value numeric, result_day date, result_count integer not null default 0, status text not null default '',
	  failure_class text not null default '', failing_since timestamptz) with (fillfactor = 60)`,
	`create index on key_results (next_sync_at) where next_sync_at is not null`,
	`create index on key_results (owner_id)`,
	`create index on key_results (channel_id)`,
	`create table readings (
	  key_result_id bigint not null references key_results on delete cascade, day date not null, value numeric not null, recorded_at timestamptz not null,
	  primary key (key_result_id, day))`,
	`create table runs (
	  id bigint generated always as identity primary key, key_result_id bigint not null references key_results on delete cascade,
	  state text not null, outcome text not null default '', old_value numeric, new_value numeric, as_of date, queued_at timestamptz not null, finished_at timestamptz)`,
	`create index on runs (key_result_id)`,
	`create index on runs (queued_at) where state <> 'done'`,
	`create table audit (id bigint generated always as identity primary key, key_result_id bigint not null, changes jsonb not null, created_at timestamptz not null)`,
	`create index on audit (key_result_id, id)`,
	`create table outbox (
	  id bigint generated always as identity primary key, channel_id text not null, key_result_id bigint not null, old_value numeric, new_value numeric, created_at timestamptz not null)`,
	`create index on outbox (channel_id, id)`,
	`create table cards (key_result_id bigint primary key references key_results on delete cascade, message_ts text not null, dirty_at timestamptz)`,
	`create index on cards (dirty_at) where dirty_at is not null`,
}

var plainFilling = []string{
	`insert into key_results (id, title, owner_id, channel_id, connection_id, reference, start_value, target_value, cadence, next_sync_at, synced_at, result_value, result_day, result_count)
	 select n + 1, 'Fewer open incidents ' || n + 1, 'U0' || n / 20, 'C0' || n / 50, n / @per::int + 1, lpad(to_hex((n % @per::int) * @scorecards::int / @per::int + 1), 32, '0'),
	   400, 100, 'daily', now(), now() - interval '1 day', 202 + ((n % @per::int) * @scorecards::int / @per::int) % 100, @newest::date, @days::int
	 from generate_series(0, @all::int - 1) n`,
	`insert into readings (key_result_id, day, value, recorded_at)
	 select k.id, @newest::date - ago, k.result_value + ago, now() from key_results k, generate_series(0, @days::int - 1) ago`,
	`insert into cards (key_result_id, message_ts) select id, '1700000000.' || id from key_results`,
}

// plainSynced is what the plain design took for the same key results.
type plainSynced struct {
	took        time.Duration // from the first call to the last key result
	bot, server time.Duration // CPU time
	spent       spent
	right       int
}

func (s plainSynced) cpu() time.Duration { return s.bot + s.server }

// plain measures the plain design with the instances of a world.
func (b *bench) plain(ctx context.Context, name string, share float64) (s plainSynced, err error) {
	of, err := b.open(ctx, name) // for its instances
	if err != nil {
		return s, err
	}
	defer of.close(ctx)
	r := &running{world: of.world, bench: b, name: of.name + "_plain"}
	if err := b.execute(ctx, "create database "+r.name); err != nil {
		return s, err
	}
	if err := r.look(ctx); err != nil {
		return s, err
	}
	defer r.close(ctx)
	if err := r.fillPlainly(ctx); err != nil {
		return s, err
	}
	if err := r.settle(ctx); err != nil {
		return s, err
	}
	of.slow()
	if _, err := of.collect(share, 0); err != nil {
		return s, err
	}
	server, err := r.postmaster(ctx)
	if err != nil {
		return s, err
	}
	before, err := r.writes(ctx)
	if err != nil {
		return s, err
	}
	postgres, err := family(server)
	if err != nil {
		return s, err
	}
	self, err := os.Executable()
	if err != nil {
		return s, fmt.Errorf("finding this program: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, plainly)
	cmd.Env, cmd.SysProcAttr = []string{"BENCH_DSN=" + r.dsn}, child.EndWithParent()
	if out, err := cmd.CombinedOutput(); err != nil {
		return s, fmt.Errorf("the plain design: %w: %s", err, lastLines(string(out)))
	}
	s.took = time.Since(of.firstCall())
	s.bot = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if s.server, err = family(server); err != nil {
		return s, err
	}
	s.server -= postgres
	if err := pause(ctx, 1500*time.Millisecond); err != nil {
		return s, err
	}
	after, err := r.writes(ctx)
	if err != nil {
		return s, err
	}
	s.spent = spent{after.wal - before.wal, after.rows - before.rows, after.inPlace - before.inPlace}
	ids, n := []int64{}, 0
	for instance := range r.connections {
		ids = append(ids, int64(instance+1))
		var references []string
		var values []float64
		for _, c := range r.instances[instance].Scorecards() {
			references, values = append(references, c.ID), append(values, c.Scores[len(c.Scores)-1].Value)
		}
		if n, err = r.count(ctx, `
			select count(*) from key_results k
			join (select unnest($2::text[]) as reference, unnest($3::numeric[]) as value) v on v.reference = k.reference
			where k.connection_id = $1 and k.result_value = v.value`, ids[instance], references, values); err != nil {
			return s, err
		}
		s.right += n
	}
	if s.right != r.all() {
		return s, fmt.Errorf("the plain design: %d of %d key results have another value than their scorecard", r.all()-s.right, r.all())
	}
	return s, nil
}

func (r *running) fillPlainly(ctx context.Context) error {
	for _, statement := range plainSchema {
		if err := r.change(ctx, statement); err != nil {
			return err
		}
	}
	for n, origin := range r.origins {
		if err := r.change(ctx, "insert into connections (id, origin) values ($1, $2)", n+1, origin); err != nil {
			return err
		}
	}
	for _, statement := range plainFilling {
		if err := r.change(ctx, statement, pgx.NamedArgs{
			"per": r.keyResults, "scorecards": r.scorecards, "all": r.all(), "newest": (r.today - 2).Time(), "days": r.days - 1,
		}); err != nil {
			return err
		}
	}
	migrator, err := rivermigrate.New(riverpgxv5.New(r.watch), nil)
	if err != nil {
		return fmt.Errorf("preparing the jobs' tables: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("making the jobs' tables: %w", err)
	}
	return nil
}

// syncOne reads one key result.
type syncOne struct {
	KeyResult int64 `json:"key_result"`
	Run       int64 `json:"run"`
}

func (syncOne) Kind() string { return "sync_one" }

// plain is this program as the plain design, until everything is read.
func plain() int {
	if err := plainWork(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func plainWork(ctx context.Context) error {
	config, err := pgxpool.ParseConfig(os.Getenv("BENCH_DSN"))
	if err != nil {
		return err
	}
	// One pool for all, large enough that no worker waits for a connection.
	config.MaxConns = plainWorkers
	config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		pgxdecimal.Register(conn.TypeMap())
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return err
	}
	defer pool.Close()
	rows, err := pool.Query(ctx, "select origin from connections")
	if err != nil {
		return err
	}
	origins, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &plainWorker{pool: pool, connector: connector.New(connector.Options{ExtraOrigins: origins})})
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Workers: workers,
		FetchCooldown: time.Millisecond,
		Queues:        map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: plainWorkers}},
	})
	if err != nil {
		return err
	}
	if err := leaveJobs(ctx, pool, client); err != nil {
		return err
	}
	if err := client.Start(ctx); err != nil {
		return err
	}
	defer client.Stop(ctx)
	for {
		var open bool
		if err := pool.QueryRow(ctx, "select exists (select from runs where state <> 'done')").Scan(&open); err != nil || !open {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// leaveJobs claims all that is due and inserts the jobs the fastest way River has. They are mixed,
// so that no instance is asked by all workers at once.
func leaveJobs(ctx context.Context, pool *pgxpool.Pool, client *river.Client[pgx.Tx]) error {
	rows, err := pool.Query(ctx, `
		with due as (
		  update key_results set next_sync_at = next_sync_at + interval '1 day' where next_sync_at <= now() returning id
		)
		insert into runs (key_result_id, state, queued_at) select id, 'queued', now() from due returning key_result_id, id`)
	if err != nil {
		return err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[syncOne])
	if err != nil {
		return err
	}
	rand.Shuffle(len(list), func(a, b int) { list[a], list[b] = list[b], list[a] })
	const atOnce = 5000
	for from := 0; from < len(list); from += atOnce {
		var many []river.InsertManyParams
		for _, one := range list[from:min(len(list), from+atOnce)] {
			many = append(many, river.InsertManyParams{Args: one})
		}
		if _, err := client.InsertManyFast(ctx, many); err != nil {
			return err
		}
	}
	return nil
}

type plainWorker struct {
	river.WorkerDefaults[syncOne]
	pool      *pgxpool.Pool
	connector integrations.Connector
}

// plainKeyResult is what a job has to know.
type plainKeyResult struct {
	ID         int64
	Channel    string
	Reference  string
	Connection int64
	Value      decimal.Decimal
	Day        time.Time
}

// Work reads the scorecard since 30 days before the newest reading, as okrbot does.
func (w *plainWorker) Work(ctx context.Context, job *river.Job[syncOne]) error {
	var k plainKeyResult
	var title, owner string
	var start, target decimal.Decimal
	err := w.pool.QueryRow(ctx, `
		select id, title, owner_id, channel_id, reference, connection_id, start_value, target_value, result_value, result_day
		from key_results where id = $1`, job.Args.KeyResult).Scan(
		&k.ID, &title, &owner, &k.Channel, &k.Reference, &k.Connection, &start, &target, &k.Value, &k.Day)
	if err != nil {
		return err
	}
	account := integrations.Account{SignIn: "basic", Fields: integrations.Fields{"username": username, "password": password}}
	if err := w.pool.QueryRow(ctx, "select origin from connections where id = $1", k.Connection).Scan(&account.Origin); err != nil {
		return err
	}
	answer := w.connector.Read(ctx, account, []integrations.Request{{Ref: k.Reference, From: k.Day.AddDate(0, 0, -30)}})[0]
	if answer.Err != nil {
		return answer.Err
	}
	return pgx.BeginFunc(ctx, w.pool, func(tx pgx.Tx) error { return record(ctx, tx, k, job.Args.Run, answer.Scorecard) })
}

// record writes the readings that are new, the result, the run, and, where it moved, what changed,
// what is to be said, and that the card is to be drawn again.
func record(ctx context.Context, tx pgx.Tx, k plainKeyResult, run int64, s integrations.Scorecard) error {
	if _, err := tx.Exec(ctx, "select from key_results where id = $1 for no key update", k.ID); err != nil {
		return err
	}
	days, values := make([]time.Time, len(s.Scores)), make([]decimal.Decimal, len(s.Scores))
	before := k.Value
	for i, score := range s.Scores {
		days[i], values[i] = score.End, score.Value
		if !score.End.Before(k.Day) {
			k.Day, k.Value = score.End, score.Value
		}
	}
	fresh, err := tx.Exec(ctx, `
		insert into readings (key_result_id, day, value, recorded_at)
		select $1, v.day, v.value, now() from (select unnest($2::date[]) as day, unnest($3::numeric[]) as value) v
		on conflict (key_result_id, day) do update set value = excluded.value where readings.value <> excluded.value`, k.ID, days, values)
	if err != nil {
		return err
	}
	outcome := "unchanged"
	if fresh.RowsAffected() > 0 {
		outcome = "changed"
	}
	if _, err := tx.Exec(ctx, `
		update key_results set synced_at = now(), result_value = $2, result_day = $3, result_count = result_count + $4, failure_class = '', failing_since = null
		where id = $1`, k.ID, k.Value, k.Day, fresh.RowsAffected()); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `
		update runs set state = 'done', outcome = $2, old_value = $3, new_value = $4, as_of = $5, finished_at = now() where id = $1`,
		run, outcome, before, k.Value, k.Day); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "update connections set refusals = 0, succeeded_at = now() where id = $1", k.Connection); err != nil {
		return err
	}
	if outcome == "unchanged" {
		return nil
	}
	changes, err := json.Marshal(map[string][2]string{"result": {before.String(), k.Value.String()}})
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "insert into audit (key_result_id, changes, created_at) values ($1, $2, now())", k.ID, changes); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `
		insert into outbox (channel_id, key_result_id, old_value, new_value, created_at) values ($1, $2, $3, $4, now())`,
		k.Channel, k.ID, before, k.Value); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "update cards set dirty_at = now() where key_result_id = $1", k.ID)
	return err
}
