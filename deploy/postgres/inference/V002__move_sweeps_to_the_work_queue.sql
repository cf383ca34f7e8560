-- Sweeps and invocations become groups and tasks of the work queue. An invocation that runs while
-- this is applied is queued again: its holder finds that it holds nothing any more.
\ir ../common/work_queue.sql
\ir ../common/work_queue_functions.sql
\ir ../common/duties.sql

INSERT INTO task_groups (group_id, queue, pin, state, open_count, succeeded_count, failed_count,
                         cancelled_count, create_time, start_time, end_time, update_time,
                         task_pools, priorities)
SELECT s.sweep_id, 'forecasting',
       jsonb_build_object('plant_ids', s.plant_ids,
         'as_of', (extract(epoch FROM s.as_of) * 1000000)::bigint,
         'schedule_id', coalesce(s.schedule_id, ''),
         'tick', (extract(epoch FROM s.tick) * 1000000)::bigint,
         'retry_of', coalesce(s.retry_of, '')),
       s.state, c.open, c.succeeded, c.failed, c.cancelled, s.create_time, s.start_time,
       s.end_time, coalesce(s.end_time, s.start_time, s.create_time),
       CASE WHEN c.total > 0 THEN '{forecasting}'::text[] ELSE '{}' END,
       CASE WHEN c.total > 0 THEN '{0}'::smallint[] ELSE '{}' END
FROM sweeps s CROSS JOIN LATERAL (
  SELECT count(*) AS total,
         count(*) FILTER (WHERE state IN ('QUEUED', 'RUNNING')) AS open,
         count(*) FILTER (WHERE state = 'SUCCEEDED') AS succeeded,
         count(*) FILTER (WHERE state = 'FAILED') AS failed,
         count(*) FILTER (WHERE state = 'CANCELLED') AS cancelled
  FROM invocations WHERE sweep_id = s.sweep_id) c;

INSERT INTO tasks (queue, group_id, name, key, pool, pools, payload, max_attempts,
                   attempt_timeout_ms, state, state_reason, attempt_count, lease_epoch, holder,
                   ready_time, failure, result, create_time, start_time, end_time, update_time)
SELECT 'forecasting', sweep_id, plant_id || '.' || circuit_id, plant_id || '/' || circuit_id,
       'forecasting', ARRAY['forecasting', 'fleet', 'plant-' || plant_id],
       jsonb_build_object('model_version', model_version, 'artifact_sha256', artifact_sha256,
         'sensor_id', sensor_id, 'timeout_seconds', timeout_seconds,
         'as_of', (extract(epoch FROM as_of) * 1000000)::bigint),
       max_attempts, (timeout_seconds * 1000)::bigint,
       CASE state WHEN 'RUNNING' THEN 'QUEUED' ELSE state END,
       CASE state WHEN 'RUNNING' THEN 'queued again by an upgrade' ELSE state_reason END,
       CASE state WHEN 'RUNNING' THEN attempts - 1 ELSE attempts END,
       lease_epoch, worker, ready_time,
       CASE WHEN failure_kind IS NOT NULL THEN jsonb_build_object(
         'kind', failure_kind, 'reason', failure_reason, 'message', failure_message,
         'attempt', failed_attempt, 'time', extract(epoch FROM failure_time)) END,
       CASE WHEN issue_time IS NOT NULL THEN jsonb_build_object(
         'issue_time', (extract(epoch FROM issue_time) * 1000000)::bigint) END,
       create_time, start_time, end_time, coalesce(end_time, start_time, create_time)
FROM invocations ORDER BY sweep_id, plant_id, circuit_id;

INSERT INTO pools (pool_id)
SELECT DISTINCT unnest(pools) FROM tasks ON CONFLICT DO NOTHING;

-- A tick makes at most one sweep, whichever replica wakes first.
CREATE UNIQUE INDEX sweeps_by_tick ON task_groups ((pin ->> 'schedule_id'), (pin ->> 'tick'))
  WHERE pin ->> 'tick' IS NOT NULL;

DROP TABLE invocations, sweeps;
