-- name: AnyUnjudged :one
select (
  exists (select from key_results where status_until <= now() and status_until < 'infinity')
  or exists (select from key_results where rank = 0)
  or exists (select from workspaces where judge_after is not null)
)::boolean;

-- name: Unjudged :many
-- Key results whose stored status is over, the longest first. Another replica's are skipped.
select id, workspace_id
from key_results
where status_until <= now()
  and status_until < 'infinity'
order by status_until
limit @most
for no key update skip locked;

-- name: Unranked :many
-- Key results that a version without ranks judged or added. Another replica's are skipped.
select id, workspace_id
from key_results
where rank = 0
order by id
limit @most
for no key update skip locked;

-- name: JudgeWorkspaces :many
-- Workspaces whose thresholds changed.
select id, judge_after::bigint as judge_after, judge_round
from workspaces
where judge_after is not null
order by id;

-- name: JudgeNext :many
-- The next key results of a workspace, in the order in which everybody locks them.
select id
from key_results
where workspace_id = @workspace_id
  and id > @after
order by id
limit @most
for no key update;

-- name: JudgedUpTo :exec
-- Thresholds that changed meanwhile have all of them judged from the first on.
update workspaces
set judge_after = nullif(@after::bigint, 0)
where id = @id
  and judge_after = @was::bigint
  and judge_round = @round;

-- name: JudgeAfter :one
select judge_after
from workspaces
where id = @id;

-- name: SaveStatuses :exec
update key_results k
set status = v.status,
    silent = v.silent,
    closed = v.closed,
    rank = v.rank,
    status_until = v.until
from (
  select
    unnest(@ids::bigint[]) as id,
    unnest(@statuses::text[]) as status,
    unnest(@silents::boolean[]) as silent,
    unnest(@closeds::boolean[]) as closed,
    unnest(@ranks::int[]) as rank,
    unnest(@untils::text[])::timestamptz as until
) v
where k.id = v.id
  and (k.status, k.silent, k.closed, k.rank, k.status_until) is distinct from (v.status, v.silent, v.closed, v.rank, v.until);
