-- name: AnyUnfolded :one
select (
  exists (select from key_results where folded is null)
  or exists (select from objectives where folded is null)
  or exists (select from people where sorted is null)
  or exists (select from scorecards where folded is null)
)::boolean as some;

-- name: UnfoldedKeyResults :many
select id, title
from key_results
where folded is null
order by id
limit @most
for no key update skip locked;

-- name: FoldKeyResults :exec
update key_results k
set folded = v.folded,
    sorted = nullif(v.sorted, v.folded)
from (
  select
    unnest(@ids::bigint[]) as id,
    unnest(@folded::text[]) as folded,
    unnest(@sorted::text[]) as sorted
) v
where k.id = v.id;

-- name: UnfoldedObjectives :many
select id, title
from objectives
where folded is null
order by id
limit @most
for no key update skip locked;

-- name: FoldObjectives :exec
update objectives o
set folded = v.folded
from (
  select
    unnest(@ids::bigint[]) as id,
    unnest(@folded::text[]) as folded
) v
where o.id = v.id;

-- name: UnfoldedPeople :many
select workspace_id, id, name
from people
where sorted is null
order by workspace_id, id
limit @most
for no key update skip locked;

-- name: FoldPeople :exec
update people p
set sorted = v.sorted
from (
  select
    unnest(@workspace_ids::text[]) as workspace_id,
    unnest(@ids::text[]) as id,
    unnest(@sorted::text[]) as sorted
) v
where p.workspace_id = v.workspace_id
  and p.id = v.id;

-- name: UnfoldedScorecards :many
select connection_id, reference, name, description
from scorecards
where folded is null
order by connection_id, reference
limit @most
for no key update skip locked;

-- name: FoldScorecards :exec
update scorecards s
set folded = v.folded,
    folded_about = v.about,
    sorted = nullif(v.sorted, v.folded)
from (
  select
    unnest(@connection_ids::bigint[]) as connection_id,
    unnest(@refs::text[]) as reference,
    unnest(@folded::text[]) as folded,
    unnest(@abouts::text[]) as about,
    unnest(@sorted::text[]) as sorted
) v
where s.connection_id = v.connection_id
  and s.reference = v.reference;
