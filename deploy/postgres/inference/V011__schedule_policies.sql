-- serves programs from version 8
-- What a tick does while the sweep of an earlier one runs, how late it may be made up, how it is
-- spread; and which tick made no sweep. Schedules that exist go on as they did: beside what runs.
ALTER TABLE inference.schedules
  ADD COLUMN overlap_policy text NOT NULL DEFAULT 'QUEUE'
    CHECK (overlap_policy IN ('SKIP', 'QUEUE', 'REPLACE')),
  ADD COLUMN catch_up_seconds double precision CHECK (catch_up_seconds > 0),  -- NULL: however late
  ADD COLUMN jitter_seconds double precision NOT NULL DEFAULT 0 CHECK (jitter_seconds >= 0),
  -- When next_tick is taken; NULL: when it comes. A program that does not know it takes it then.
  ADD COLUMN due_time timestamptz,
  -- The latest tick that made no sweep.
  ADD COLUMN skipped_tick timestamptz,
  ADD COLUMN skipped_reason text NOT NULL DEFAULT '',
  ADD COLUMN skipped_message text NOT NULL DEFAULT '';
CREATE INDEX schedules_by_due_time ON inference.schedules ((coalesce(due_time, next_tick)))
  WHERE NOT paused;
-- A schedule's sweeps that have not ended.
CREATE INDEX sweeps_open_by_schedule ON inference.task_groups ((pin ->> 'schedule_id'))
  WHERE end_time IS NULL AND pin ->> 'tick' IS NOT NULL;
