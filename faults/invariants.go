package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// finding is something that is not as it was promised.
type finding struct {
	kind kind
	says string
}

type kind string

const (
	lost      kind = "lost"
	doubled   kind = "doubled"
	duplicate kind = "duplicate posts"
	repeated  kind = "repeated" // within the bound: once more, and it says so
	early     kind = "early"    // during a Retry-After
	secretOut kind = "secrets"
	tenant    kind = "cross-tenant"
)

// baseline is up to where everything was checked.
type baseline struct {
	announcement int64
	batch        int64
	epoch        int64
	renewals     int
	deaths       int
	told         map[int64]float64         // by key result: what was announced last
	cards        map[int64]map[string]bool // by key result: the messages of its card
	last         map[string]int64          // by channel: the order of the newest message
}

// check compares what is kept with what the systems had and what Slack was told, since the last time.
func (o *office) check(ctx context.Context) (list []finding, err error) {
	if o.since.told == nil {
		o.since.told, o.since.cards, o.since.last = map[int64]float64{}, map[int64]map[string]bool{}, map[string]int64{}
	}
	calls := o.chat.taken()
	err = o.asks(ctx, func(conn *pgx.Conn) error {
		list = nil
		for _, part := range []func(context.Context, *pgx.Conn) ([]finding, error){o.checkScores, o.checkRuns, o.checkTokens} {
			found, err := part(ctx, conn)
			if err != nil {
				return err
			}
			list = append(list, found...)
		}
		return nil
	})
	if err != nil {
		return list, err
	}
	// These forget what they have looked at.
	err = o.asksOnce(ctx, func(conn *pgx.Conn) error {
		told, err := o.staff.accounts(ctx, conn)
		if err != nil {
			return err
		}
		talk, err := o.checkTalk(ctx, conn, calls)
		list = append(append(list, told...), talk...)
		return err
	})
	list = append(append(list, o.checkWaits(calls)...), o.checkCards(calls)...)
	return list, err
}

func (o *office) asksOnce(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, o.dsn())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return do(conn)
}

// checkScores: every score that is kept is one that its system had, and every result is its newest.
func (o *office) checkScores(ctx context.Context, conn *pgx.Conn) (list []finding, err error) {
	type kept struct {
		system int
		score
	}
	var all []kept
	rows, err := conn.Query(ctx, `
select (c.name = 'globex')::int, d.reference, s.day::text, v.value::float8
from scores s
join feeds d on d.id = s.feed_id
join connections c on c.id = d.connection_id
cross join lateral unnest(array_append(s.earlier_values, s.value)) as v (value)
where s.day > (now() - interval '40 days')::date`)
	if err != nil {
		return nil, err
	}
	var k kept
	if _, err := pgx.ForEachRow(rows, []any{&k.system, &k.reference, &k.day, &k.value}, func() error { all = append(all, k); return nil }); err != nil {
		return nil, err
	}
	for _, k := range all {
		s := o.systems[k.system]
		s.mu.Lock()
		had := s.had[k.score]
		s.mu.Unlock()
		if !had {
			list = append(list, finding{doubled, fmt.Sprintf("the score %v is none that the system had", k.score)})
		}
	}
	results := map[int64]float64{}
	rows, err = conn.Query(ctx, "select id, coalesce(result_value, -1)::float8 from key_results where workspace_id = $1 and integrated", team)
	if err != nil {
		return nil, err
	}
	var id int64
	var value float64
	if _, err := pgx.ForEachRow(rows, []any{&id, &value}, func() error { results[id] = value; return nil }); err != nil {
		return nil, err
	}
	for _, f := range o.known.followers {
		s := o.systems[f.system]
		s.mu.Lock()
		newest := s.newest[f.reference]
		s.mu.Unlock()
		if results[f.id] != newest {
			list = append(list, finding{lost, fmt.Sprintf("KR-%d is at %v, and its scorecard at %v", f.number, results[f.id], newest)})
		}
	}
	return list, nil
}

// checkRuns: no slot of a key result was run twice, and the last one was run. A batch names the slots of all rhythms
// that it read by, so one that several of them have stands in it as often.
func (o *office) checkRuns(ctx context.Context, conn *pgx.Conn) (list []finding, err error) {
	rows, err := conn.Query(ctx, `
select o.key_result_id::bigint, s.slot, count(*)::int
from sync_outcomes o, lateral (select distinct unnest(o.slots)) as s (slot)
where o.batch_id > $1 and not o.forced and o.outcome not in ('again', 'superseded', 'failed')
group by 1, 2
having count(*) > 1`, o.since.batch)
	if err != nil {
		return nil, err
	}
	var id int64
	var slot time.Time
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&id, &slot, &n}, func() error {
		list = append(list, finding{doubled, fmt.Sprintf("key result %d was read %d times for %s", id, n, slot)})
		return nil
	}); err != nil {
		return nil, err
	}
	rows, err = conn.Query(ctx, `
select k.number::bigint
from key_results k
where k.workspace_id = $1 and k.integrated and not k.paused
  and not exists (
    select from sync_outcomes o, unnest(o.slots) as s (slot)
    where o.batch_id > $2 and o.key_result_id = k.id and s.slot > now() - interval '25 hours' and o.outcome in ('changed', 'unchanged', 'restated')
  )`, team, o.since.batch)
	if err != nil {
		return nil, err
	}
	if _, err := pgx.ForEachRow(rows, []any{&id}, func() error {
		list = append(list, finding{lost, fmt.Sprintf("KR-%d has no run of its last slot", id)})
		return nil
	}); err != nil {
		return nil, err
	}
	return list, conn.QueryRow(ctx, "select coalesce(max(id), 0) from sync_batches").Scan(&o.since.batch)
}

// checkTokens: an access token was asked for once for each that was kept; one more where the answer
// was lost with the process.
func (o *office) checkTokens(ctx context.Context, conn *pgx.Conn) (list []finding, err error) {
	var epoch int64
	var state string
	if err := conn.QueryRow(ctx, "select token_epoch, state from connections where id = $1", o.known.oauth).Scan(&epoch, &state); err != nil {
		return nil, err
	}
	s := o.systems[1]
	s.mu.Lock()
	renewals, beforeUntil := s.renewals, s.early
	s.early = nil
	s.mu.Unlock()
	o.mu.Lock()
	deaths := len(o.deaths)
	o.mu.Unlock()
	more := renewals - o.since.renewals - int(epoch-o.since.epoch)
	if o.since.epoch != 0 && more > deaths-o.since.deaths {
		list = append(list, finding{doubled, fmt.Sprintf("%d access tokens more were asked for than kept, with %d deaths", more, deaths-o.since.deaths)})
	}
	if state != "active" {
		list = append(list, finding{lost, "the sign-in by browser is " + state})
	}
	for _, at := range beforeUntil {
		if !o.diedAround(at.Add(-5 * time.Second)) {
			list = append(list, finding{early, "ServiceNow was called while it had asked to wait"})
		}
	}
	o.since.epoch, o.since.renewals, o.since.deaths = epoch, renewals, deaths
	return list, nil
}

// announced is a row of the outbox.
type announced struct {
	id, keyResult             int64
	channel, kind, state, why string
	ts                        string
	repeated                  bool
	old, new                  *float64
}

func (o *office) outbox(ctx context.Context, conn *pgx.Conn) (all []announced, err error) {
	rows, err := conn.Query(ctx, `
select id, key_result_id, channel_id, kind, state, error, message_ts, repeated, old_value::float8, new_value::float8
from announcements
where workspace_id = $1 and id > $2
order by id`, team, o.since.announcement)
	if err != nil {
		return nil, err
	}
	var a announced
	_, err = pgx.ForEachRow(rows, []any{&a.id, &a.keyResult, &a.channel, &a.kind, &a.state, &a.why, &a.ts, &a.repeated, &a.old, &a.new}, func() error {
		all = append(all, a)
		a.old, a.new = nil, nil
		return nil
	})
	return all, err
}

// checkTalk: every change was told once, in order, or set aside.
func (o *office) checkTalk(ctx context.Context, conn *pgx.Conn, calls []said) (list []finding, err error) {
	all, err := o.outbox(ctx, conn)
	if err != nil {
		return nil, err
	}
	posts := postsOf(calls)
	for _, a := range all {
		o.since.announcement = a.id
		list = append(list, o.checkOne(a, posts[a.channel])...)
		if a.kind != "changed" && a.kind != "restated" || a.old == nil || a.new == nil {
			continue
		}
		if told, ok := o.since.told[a.keyResult]; ok && told != *a.old {
			list = append(list, finding{lost, fmt.Sprintf("key result %d was told to be at %v, and then to go from %v", a.keyResult, told, *a.old)})
		}
		o.since.told[a.keyResult] = *a.new
	}
	for _, f := range o.known.followers {
		s := o.systems[f.system]
		s.mu.Lock()
		newest := s.newest[f.reference]
		s.mu.Unlock()
		if told := o.since.told[f.id]; told != newest {
			list = append(list, finding{lost, fmt.Sprintf("KR-%d was told to be at %v, and is at %v", f.number, told, newest)})
		}
	}
	return list, nil
}

// post is a message that was posted, with the announcements that it tells.
type post struct {
	first, last int64
	order       int64
	repeated    bool
}

// postsOf are the messages that tell announcements, by channel.
func postsOf(calls []said) map[string][]post {
	posts := map[string][]post{}
	for _, c := range calls {
		range_, ok := strings.CutPrefix(c.mark, "announcement-")
		if !ok || !c.ok || c.method != "chat.postMessage" {
			continue
		}
		first, last, _ := strings.Cut(range_, "-")
		p := post{repeated: c.repeated}
		p.first, _ = strconv.ParseInt(first, 10, 64)
		p.last, _ = strconv.ParseInt(last, 10, 64)
		_, order, _ := strings.Cut(c.ts, ".")
		p.order, _ = strconv.ParseInt(order, 10, 64)
		posts[c.channel] = append(posts[c.channel], p)
	}
	for _, list := range posts {
		slices.SortFunc(list, func(a, b post) int { return cmp.Compare(a.order, b.order) })
	}
	return posts
}

// checkOne is about one announcement.
func (o *office) checkOne(a announced, posts []post) (list []finding) {
	var in []post
	for _, p := range posts {
		if p.first <= a.id && a.id <= p.last {
			in = append(in, p)
		}
	}
	again := max(0, len(in)-1)
	switch {
	case a.state == "pending" || a.state == "sending":
		return []finding{{lost, fmt.Sprintf("announcement %d was never told", a.id)}}
	case a.state == "parked" && a.why != "ambiguous":
		return []finding{{lost, fmt.Sprintf("announcement %d was set aside: %s", a.id, a.why)}}
	case a.state == "sent" && a.ts != "" && len(in) == 0:
		return []finding{{lost, fmt.Sprintf("announcement %d was noted as told, and was not", a.id)}}
	case again == 1 && in[1].repeated:
		list = append(list, finding{repeated, fmt.Sprintf("announcement %d", a.id)})
	case again > 0:
		list = append(list, finding{duplicate, fmt.Sprintf("announcement %d was told %d times", a.id, len(in))})
	}
	if len(in) > 0 {
		if in[0].order < o.since.last[a.channel] {
			list = append(list, finding{lost, fmt.Sprintf("announcement %d was told before an older one", a.id)})
		}
		o.since.last[a.channel] = in[0].order
	}
	return list
}

// checkCards: a key result has one card in its channel.
func (o *office) checkCards(calls []said) (list []finding) {
	for _, c := range calls {
		of, ok := strings.CutPrefix(c.mark, "card-")
		if !ok || !c.ok || c.method != "chat.postMessage" {
			continue
		}
		number, _, _ := strings.Cut(of, "-")
		id, _ := strconv.ParseInt(number, 10, 64)
		if o.since.cards[id] == nil {
			o.since.cards[id] = map[string]bool{}
		}
		o.since.cards[id][c.ts] = true
		switch {
		case len(o.since.cards[id]) == 2 && c.repeated:
			list = append(list, finding{repeated, fmt.Sprintf("the card of key result %d", id)})
		case len(o.since.cards[id]) > 1:
			list = append(list, finding{duplicate, fmt.Sprintf("key result %d has %d cards", id, len(o.since.cards[id]))})
		}
	}
	return list
}

// checkWaits: nothing is posted to a channel or a person while Slack had asked to wait there.
func (o *office) checkWaits(calls []said) (list []finding) {
	for _, denied := range calls {
		if !denied.denied || o.diedAround(denied.at) {
			continue
		}
		for _, c := range calls {
			if after := c.at.Sub(denied.at); c.method == "chat.postMessage" && c.channel == denied.channel && after > time.Second && after < 6*time.Second {
				list = append(list, finding{early, fmt.Sprintf("%s was posted to %s after a refusal, and was to wait for 7 s", c.channel, after)})
			}
		}
	}
	return list
}
