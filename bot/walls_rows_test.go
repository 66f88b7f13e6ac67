package bot_test

import "context"

// leavesTheRest are rows that a conversation leaves for a moment, or after months: what is being sent, waits or was
// refused, and what is closed out. Nobody is at them for an hour, so that they stay.
func (r *room) leavesTheRest() {
	r.t.Helper()
	conn := r.database()
	for _, statement := range []string{
		`insert into people (workspace_id, id, name, time_zone, kind, refreshed_at) values ('T0SANDBOX', 'U0BOSS', 'boss', 'UTC', 'admin', now())`,
		`insert into oauth_clients (workspace_id, kind, origin, client_id, sealed, created_by, created_at)
		 values ('T0SANDBOX', 'servicenow', 'https://acme.service-now.com', 'client', '\x01', 'U0CAROL', now())`,
		`insert into connections (workspace_id, kind, name, origin, sign_in, sealed, owner_id, state, account_name, client_id, consented_at, ends_at, waiting_until, replaces, created_at)
		 select 'T0SANDBOX', 'servicenow', v.state, 'https://acme.service-now.com', 'oauth', '\x01', 'U0ALICE', v.state, 'okr.reader', (select min(id) from oauth_clients), now(), now() + interval '10 days', now() + interval '1 hour', v.replaces, now()
		 from (values ('pending', null), ('pending', (select min(id) from connections)), ('rejected', null)) v (state, replaces)`,
		`insert into host_waits (workspace_id, host, until) values ('T0SANDBOX', 'acme.service-now.com', now() + interval '1 hour')`,
		`update connections set draft_id = gen_random_uuid() where draft_id is null`,
		`insert into visits (workspace_id, person_id, token_hash, kind, origin, sign_in, shared, expires_at)
		 values ('T0SANDBOX', 'U0ALICE', '\x01', 'servicenow', 'https://acme.service-now.com', 'oauth', false, now() + interval '1 hour')`,
		`insert into drafts (id, workspace_id, person_id, kind, step, state, expires_at, created_at)
		 values (gen_random_uuid(), 'T0SANDBOX', 'U0ALICE', 'wizard', 'details', '{}', now() + interval '1 hour', now())`,
		`insert into tellings (workspace_id, person_id, says) values ('T0SANDBOX', 'U0ALICE', 'It is done.')`,

		`insert into places (workspace_id, channel_id, hold, ready_at, held_until, waits_until)
		 values ('T0SANDBOX', 'C0ITOKRS', 1, now() + interval '1 hour', now() + interval '1 hour', now() + interval '1 hour')
		 on conflict (workspace_id, channel_id) do update
		 set ready_at = excluded.ready_at, held_until = excluded.held_until, waits_until = excluded.waits_until`,
		`insert into audiences (workspace_id, channel_id, outside, others, asked_at) values ('T0SANDBOX', 'C0ITOKRS', true, '{T0PARTNER}', now())
		 on conflict (workspace_id, channel_id) do update set outside = true, others = excluded.others, consented_by = '', told_at = null`,
		`insert into farewells (workspace_id, channel_id, message_ts, number, title, removed_by, removed_at)
		 values ('T0SANDBOX', 'C0GONE', '1764000000.000100', 3, 'Talks given', 'U0ALICE', now())`,
		`insert into places (workspace_id, channel_id, hold) values ('T0SANDBOX', 'C0PARKED', 1)`,
		`insert into cards (key_result_id, channel_id, workspace_id, parked) select min(id), 'C0PARKED', 'T0SANDBOX', 'is_archived' from key_results`,
		`insert into announcements (workspace_id, channel_id, key_result_id, kind, old_status, new_status, note, state, created_at)
		 select 'T0SANDBOX', 'C0PARKED', min(id), 'changed', '', '', '', 'sending', now() from key_results`,
		`insert into homes (workspace_id, person_id, opened_at, dirty_at, held_until)
		 values ('T0SANDBOX', 'U0BOB', now(), now() + interval '1 hour', now() + interval '1 hour')`,
		`insert into subscriptions (workspace_id, channel_id, zone, next_at, created_by, created_at, sending_at, repeated)
		 values ('T0SANDBOX', 'U0ALICE', 'UTC', now() + interval '1 hour', 'U0ALICE', now(), now(), true)`,
		`insert into digest_items (workspace_id, channel_id, key_result_id, value, status) select 'T0SANDBOX', 'U0ALICE', min(id), 1, 'behind' from key_results`,

		`insert into exports (workspace_id, person_id, person_kind, formats, held_until, created_at)
		 values ('T0SANDBOX', 'U0BOB', 'member', '{csv}', now() + interval '1 hour', now())`,
		`insert into sync_asks (workspace_id, person_id, person_kind, channel_id, ready_at, created_at)
		 values ('T0SANDBOX', 'U0ALICE', 'member', 'C0ITOKRS', now() + interval '1 hour', now())`,
		`delete from sync_runs where forced and state = 'queued'`,
		`insert into sync_runs (workspace_id, key_result_id, connection_id, trigger_key, forced, state, due_at, queued_at)
		 select 'T0SANDBOX', min(k.id), min(c.id), 'force:there', true, 'queued', now() + interval '1 hour', now()
		 from key_results k, connections c`,
		`with asked as (
		   insert into sync_requests (workspace_id, person_id, every, channel_id, total, held_until, created_at)
		   values ('T0SANDBOX', 'U0ALICE', false, 'C0ITOKRS', 1, now() + interval '1 hour', now())
		   returning id
		 )
		 insert into sync_request_runs (request_id, run_id) select asked.id, r.id from asked, sync_runs r where r.trigger_key = 'force:there'`,
		`insert into scorecards (connection_id, reference, workspace_id, name, description, unit, precision, direction, frequency, is_key, favorite, seen_at)
		 select c.id, 'another', 'T0SANDBOX', 'Calls', '', '', 0, '', '', false, false, now() from connections c where c.state = 'rejected'`,
		`insert into readings (key_result_id, day, workspace_id, value, origin, recorded_at)
		 select id, current_date - 5, 'T0SANDBOX', 3, 'imported', now() from key_results where number = 2`,
		`update key_results set failure_class = 'unavailable', failure_says = 'It does not answer.' where number = 2`,

		`insert into objectives (workspace_id, number, title, owner_id, first_day, last_day, zone, channel_id, created_by, created_at, draft_id, closed_at)
		 select 'T0SANDBOX', v.number, v.title, 'U0CAROL', current_date + v.first, current_date + v.last, 'UTC', 'C0ITOKRS', 'U0CAROL', now(), gen_random_uuid(), v.closed_at
		 from (values (100, 'Above', -40, 40, null), (101, 'Closed', -40, -10, now()), (102, 'Went on', 10, 40, null), (103, 'Above the next', 10, 40, null), (104, 'Over', -40, -10, null)) v (number, title, first, last, closed_at)`,
		`update objectives o set parent_id = p.id
		 from (values (1, 100), (101, 100), (102, 103)) v (number, parent)
		 join objectives p on p.number = v.parent
		 where o.number = v.number`,
		`insert into close_outs (objective_id, workspace_id, person_id, note, reporting, total, worst, next_objective_id, created_at)
		 select o.id, 'T0SANDBOX', 'U0CAROL', 'It went well.', 1, 1, '', n.id, now() from objectives o, objectives n where o.number = 101 and n.number = 102`,
		`insert into close_out_results (objective_id, key_result_id, workspace_id, number, title, result, status, committed)
		 select objective_id, 1000, 'T0SANDBOX', 9, 'Calls', '4', 'done', '' from close_outs`,
	} {
		if _, err := conn.Exec(context.Background(), statement); err != nil {
			r.t.Fatalf("%v: %s", err, statement)
		}
	}
}
