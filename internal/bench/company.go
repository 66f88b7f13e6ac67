package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"okrbot/integrations"
	connector "okrbot/integrations/servicenow"
	"okrbot/okr"
	"okrbot/sandbox/servicenow"
	"okrbot/secret"
	"okrbot/store"
	"okrbot/store/embedded"
)

// size is how large a company is.
type size struct {
	connections int
	scorecards  int // of a connection
	perInstance int // key results that follow them
}

func (s size) keyResults() int { return s.connections * s.perInstance }

// large is the company that is measured as a rule: ten key results follow each scorecard.
var large = size{connections: connections, scorecards: 50, perInstance: keyResults / connections}

const (
	connections  = 20
	keyResults   = 10000
	perOwner     = 20 // key results of a person
	perObjective = 5
	history      = 60 // days with a score
	ranBefore    = 10 // days with a run of each key result
	latency      = 20 * time.Millisecond
	username     = "okr.reader"
	password     = "bench"
	team         = "T0BENCH"
	channelsFrom = "C0BENCH"
)

// head is whose the objectives and connections are.
var head = okr.Actor{Workspace: team, ID: "U0HEAD", Kind: okr.Member}

// owner is who has the n-th twenty of the key results.
func owner(n int) okr.Actor {
	return okr.Actor{Workspace: team, ID: fmt.Sprintf("U0%d", n%(keyResults/perOwner)), Kind: okr.Member}
}

// company is a fresh database with key results that have their history up to the day before
// yesterday, and the ServiceNow instances that have their scores.
type company struct {
	size
	dsn        string
	written    secret.String // its keys, as ENCRYPTION_KEYSET takes them
	keys       *secret.Keyset
	instances  []*servicenow.Instance
	servers    []*httptest.Server
	origins    []string
	connectors integrations.Registry
	watch      *pgxpool.Pool // of the benchmark itself
}

// newCompany makes a company whose key results are all due, or none of them.
func newCompany(ctx context.Context, server *embedded.Server, name string, of size, due bool) (*company, error) {
	c := &company{size: of, dsn: server.DSN() + " dbname=" + name}
	if err := execute(ctx, server.DSN(), "create database "+name); err != nil {
		return nil, err
	}
	if err := store.Migrate(ctx, c.dsn); err != nil {
		return nil, err
	}
	var err error
	if c.written, err = secret.NewKeyset(); err != nil {
		return nil, err
	}
	if c.keys, err = secret.Parse(c.written); err != nil {
		return nil, err
	}
	if c.watch, err = store.Open(ctx, c.dsn, 2); err != nil {
		return nil, err
	}
	if err := c.fill(ctx, due); err != nil {
		c.close()
		return nil, err
	}
	c.connectors = integrations.Registry{connector.New(connector.Options{ExtraOrigins: c.origins})}
	return c, nil
}

func (c *company) close() {
	for _, s := range c.servers {
		s.Close()
	}
	c.watch.Close()
}

func (c *company) fill(ctx context.Context, due bool) error {
	s := store.New(c.watch, c.keys)
	if err := s.ProveKeys(ctx); err != nil {
		return err
	}
	if err := s.SaveWorkspace(ctx, store.Workspace{ID: team, Name: "Bench", BotUserID: "U0BOT"}); err != nil {
		return err
	}
	now, err := s.Now(ctx)
	if err != nil {
		return err
	}
	today := okr.DayOf(now.UTC())
	for n := range c.connections {
		instance := c.instance(today)
		server := httptest.NewServer(instance)
		c.instances = append(c.instances, instance)
		c.servers = append(c.servers, server)
		c.origins = append(c.origins, server.URL)
		err := s.InTx(ctx, func(tx *store.Tx) error { return c.join(ctx, tx, n, server.URL, today, due) })
		if err != nil {
			return err
		}
	}
	return c.settle(ctx)
}

// settle lets a measurement begin with true statistics and nothing left to be written.
func (c *company) settle(ctx context.Context, before ...string) error {
	if err := execute(ctx, c.dsn, append(before, "vacuum analyze", "checkpoint")...); err != nil {
		return err
	}
	syscall.Sync()
	runtime.GC()
	return nil
}

// score is the value of a scorecard's score so many days ago. It goes down by one a day.
func score(scorecard, ago int) int { return 200 + scorecard + ago }

func reference(scorecard int) string { return fmt.Sprintf("%032x", scorecard+1) }

func (c *company) instance(today okr.Day) *servicenow.Instance {
	i := servicenow.New(servicenow.Options{})
	i.AddUser(username, password, "pa_viewer")
	for n := range c.scorecards {
		s := servicenow.Scorecard{ID: reference(n), Name: fmt.Sprintf("Open incidents of group %d", n+1), Unit: "#", Direction: 2, Frequency: 10}
		for ago := history; ago >= 2; ago-- {
			s.Scores = append(s.Scores, servicenow.Score{Day: (today - okr.Day(ago)).Time(), Value: float64(score(n, ago))})
		}
		i.Add(s)
	}
	return i
}

// join adds a connection with its key results, their sources, cards and readings.
func (c *company) join(ctx context.Context, tx *store.Tx, n int, origin string, today okr.Day, due bool) error {
	connection, err := tx.CreateConnection(ctx, head, store.Connection{
		Kind: connector.Kind, Name: fmt.Sprintf("instance %d", n+1), Origin: origin, SignIn: "basic", Shared: true,
	}, map[string]string{"username": username, "password": password}, "")
	if err != nil {
		return err
	}
	channel := fmt.Sprintf("%s%d", channelsFrom, n)
	var objectives []int64
	for o := range c.perInstance / perObjective {
		objective, err := tx.CreateObjective(ctx, head, okr.Objective{
			Title: fmt.Sprintf("Run calm service desk %d of %d", o+1, n+1), Owner: head.ID, Zone: "UTC", Channel: channel,
			Period: okr.Period{First: today - history, Last: today + 100},
		}, "")
		if err != nil {
			return err
		}
		objectives = append(objectives, objective.ID)
	}
	wait := "1 day"
	if due {
		wait = "-1 minute"
	}
	for _, statement := range fillConnection {
		_, err := tx.Pgx().Exec(ctx, statement, pgx.NamedArgs{
			"team": team, "owner": head.ID, "connection": connection.ID, "objectives": objectives, "perObjective": perObjective,
			"channel": channel, "first": n * c.perInstance, "most": c.perInstance, "scorecards": c.scorecards, "perOwner": perOwner,
			"newest": (today - 2).Time(), "days": history - 2, "runs": ranBefore, "wait": wait,
		})
		if err != nil {
			return fmt.Errorf("filling connection %d: %w", n+1, err)
		}
	}
	return nil
}

// fillConnection writes in bulk what people would enter one by one.
var fillConnection = []string{
	`insert into key_results (workspace_id, number, objective_id, title, owner_id, kind, start_value, target_value,
	   unit, precision, method, weight, channel_id, integrated, cadence, hour, zone, slot_at, next_sync_at, synced_at,
	   result_value, result_day, result_count, created_by, created_at)
	 select @team, @first::int + n, (@objectives::bigint[])[(n - 1) / @perObjective::int + 1], 'Fewer open incidents ' || n, 'U0' || (@first::int + n - 1) / @perOwner::int, 'decrease', 300, 100,
	   '#', 0, 'latest', 1, @channel, true, 'daily', 6, 'UTC',
	   now() + @wait::interval, now() + @wait::interval, now() - interval '1 day',
	   200 + (n - 1) * @scorecards::int / @most::int + 2, @newest::date, @days::int, @owner, now()
	 from generate_series(1, @most::int) n`,
	`insert into sources (key_result_id, workspace_id, connection_id, reference, name, unit, frequency, direction)
	 select k.id, @team, @connection::bigint, lpad(to_hex((k.number - @first::int - 1) * @scorecards::int / @most::int + 1), 32, '0'),
	   'Open incidents of group ' || (k.number - @first::int - 1) * @scorecards::int / @most::int + 1, '#', 'daily', 'minimize'
	 from key_results k
	 where k.objective_id = any (@objectives::bigint[])`,
	`insert into cards (key_result_id, channel_id, workspace_id, message_ts)
	 select k.id, @channel, @team, '1700000000.' || lpad(k.number::text, 6, '0')
	 from key_results k
	 where k.objective_id = any (@objectives::bigint[])`,
	`insert into readings (key_result_id, day, workspace_id, value, origin, recorded_at)
	 select k.id, @newest::date - ago, @team, k.result_value + ago, 'score', now()
	 from key_results k, generate_series(0, @days::int - 1) ago
	 where k.objective_id = any (@objectives::bigint[])`,
	`insert into sync_runs (workspace_id, key_result_id, connection_id, trigger_key, forced, state, outcome, epoch,
	   due_at, queued_at, started_at, finished_at)
	 select @team, k.id, @connection::bigint, 'slot:' || ago, false, 'done', 'changed', 0,
	   now() - ago * interval '1 day', now() - ago * interval '1 day', now() - ago * interval '1 day', now() - ago * interval '1 day'
	 from key_results k, generate_series(1, @runs::int) ago
	 where k.objective_id = any (@objectives::bigint[])`,
	// Lists of scorecards are read once a day; that is not what is measured.
	`update connections set directory_at = now(), directory_due_at = now() + interval '1 day' where id = @connection::bigint`,
	`insert into scorecards (connection_id, reference, workspace_id, name, description, unit, precision, direction, frequency, is_key, favorite, seen_at)
	 select @connection::bigint, lpad(to_hex(n), 32, '0'), @team, 'Open incidents of group ' || n, '', '#', 0, 'minimize', 'daily', false, false, now()
	 from generate_series(1, @scorecards::int) n`,
	`update workspaces set next_number = @first::int + @most::int + 1 where id = @team`,
}

// slow has every instance take its time, as one across the internet does.
func (c *company) slow() {
	for _, i := range c.instances {
		i.ForgetCalls()
		i.SetLatency(latency)
	}
}

// calls is how many requests the instances answered since slow.
func (c *company) calls() int {
	n := 0
	for _, i := range c.instances {
		n += len(i.Calls())
	}
	return n
}

// synced waits until nothing is due and every run has ended, and proves that each key result has
// yesterday's score.
func (c *company) synced(ctx context.Context) error {
	for {
		var open bool
		err := c.watch.QueryRow(ctx, `
			select case when exists (select from sync_runs where state <> 'done') then true
			       else exists (select from key_results where next_sync_at <= now() and not paused) end`).Scan(&open)
		if err != nil {
			return fmt.Errorf("waiting for the syncs: %w", err)
		}
		if !open {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond): // asking more often would take from what is measured
		}
	}
}

// proved says whether every key result was synced once and has the value that its scorecard has.
func (c *company) proved(ctx context.Context) error {
	var changed, right, read int
	err := c.watch.QueryRow(ctx, `
		select (select count(*) from sync_runs where outcome = 'changed' and finished_at > now() - interval '12 hours'),
		       (select count(*) from key_results k join sources s on s.key_result_id = k.id
		        where k.result_value = 200 + (('x' || right(s.reference, 8))::bit(32)::int - 1) + 1),
		       (select count(*) from readings)`).Scan(&changed, &right, &read)
	if err != nil {
		return fmt.Errorf("looking at what was synced: %w", err)
	}
	if all := c.keyResults(); changed != all || right != all || read != all*(history-1) {
		return fmt.Errorf("the sync is wrong: %d runs changed something, %d values are right, %d readings", changed, right, read)
	}
	return nil
}

// idle are the instances whose key results have all been synced.
func (c *company) idle(ctx context.Context) ([]int, error) {
	rows, err := c.watch.Query(ctx, `
		select c.origin from connections c
		where not exists (select from sync_runs r where r.connection_id = c.id and r.state <> 'done')
		  and not exists (select from key_results k join sources s on s.key_result_id = k.id
		                  where k.next_sync_at <= now() and not k.paused and s.connection_id = c.id)`)
	if err != nil {
		return nil, fmt.Errorf("looking for what is synced: %w", err)
	}
	origins, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("looking for what is synced: %w", err)
	}
	list := make([]int, len(origins))
	for i, origin := range origins {
		list[i] = slices.Index(c.origins, origin)
	}
	return list, nil
}

// dueAgain makes an instance's key results due once more, with another score to be read.
func (c *company) dueAgain(ctx context.Context, instance, round int) error {
	now, err := store.New(c.watch, c.keys).Now(ctx)
	if err != nil {
		return err
	}
	yesterday := (okr.DayOf(now.UTC()) - 1).Time()
	for n := range c.scorecards {
		_ = c.instances[instance].Collect(reference(n), yesterday, float64(score(n, 1)-round)) // it was added above
	}
	_, err = c.watch.Exec(ctx, `
		update key_results k set slot_at = now(), next_sync_at = now()
		from sources s join connections c on c.id = s.connection_id
		where s.key_result_id = k.id and c.origin = $1`, c.origins[instance])
	if err != nil {
		return fmt.Errorf("making key results due again: %w", err)
	}
	return nil
}

func execute(ctx context.Context, dsn string, statements ...string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer conn.Close(ctx)
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("running %q: %w", sql, err)
		}
	}
	return nil
}
