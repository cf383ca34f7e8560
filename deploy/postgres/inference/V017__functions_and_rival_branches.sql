-- serves programs from version 16
\ir ../common/work_queue_functions.sql
-- Of programs before version 16.
DROP FUNCTION IF EXISTS fetch_tasks(text, text, integer, text, bigint);
DROP INDEX IF EXISTS task_groups_live, schedules_by_next_tick;
ALTER TABLE task_groups DROP COLUMN IF EXISTS fetch_floor;
ALTER TABLE replicas DROP COLUMN IF EXISTS first_seen_time;

-- What made the forecast of `answer_time`, and why; empty: not known.
ALTER TABLE inference.latest_forecasts
  ADD COLUMN answer_source text NOT NULL DEFAULT '',
  ADD COLUMN answer_reason text NOT NULL DEFAULT '';

-- A branch that some replica is to keep in force while another one is, and when it last asked.
ALTER TABLE inference.followed_branch
  ADD COLUMN rival text NOT NULL DEFAULT '',
  ADD COLUMN rival_time timestamptz NOT NULL DEFAULT '-infinity';
