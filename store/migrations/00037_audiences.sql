-- +goose Up
-- Who sees what is posted in a channel, as Slack last said: people of other organisations as well, or
-- this workspace's and its Grid's alone. To others it is posted only where an administrator consented.
create table audiences (
  workspace_id   text not null references workspaces on delete cascade,
  channel_id     text not null,
  outside        boolean not null,                -- others see it, or will; where Slack does not say: true
  others         text[] not null default '{}',    -- Slack's ids of their workspaces and Grids, as far as it names them
  untold         text not null default '',        -- Slack's word for why it does not say; empty: it said
  asked_at       timestamptz,                     -- when it said so; null: something changed since
  told_at        timestamptz,                     -- when administrators were asked to consent
  consented_by   text not null default '',        -- who let it be posted to them; empty: nobody
  consented_at   timestamptz,
  consented_with text[] not null default '{}',    -- of the others, those whom the consent is for
  declined_by    text not null default '',        -- who would not; empty: nobody
  primary key (workspace_id, channel_id)
);

-- Channels in which nothing is posted for now. A day after Slack was asked it is asked again, so they
-- are looked at then.
create view silent_channels as
select workspace_id, channel_id
from audiences
where outside
  and consented_by = ''
  and asked_at > now() - interval '1 day';

-- +goose Down
drop view silent_channels;
drop table audiences;
