-- Training runs and jobs become groups and tasks of the work queue. A job that runs while this is
-- applied is queued again: its holder finds that it holds nothing any more.
DROP TABLE replicas;
\ir ../common/work_queue.sql
\ir ../common/work_queue_functions.sql
\ir ../common/duties.sql

INSERT INTO task_groups (group_id, queue, pin, state, open_count, succeeded_count, failed_count,
                         cancelled_count, create_time, start_time, end_time, update_time,
                         task_pools, priorities)
SELECT run_id, 'training',
       jsonb_build_object('spec', jsonb_build_object(
           'base_revision', base_revision, 'head_revision', head_revision, 'circuits', circuits,
           'revision', revision, 'pull_request_number', pull_request_number,
           'pull_request_author', pull_request_author),
         'commit', commit_sha, 'merge_base_commit', merge_base_commit, 'retry_of', retry_of,
         'note', note),
       state, queued_count + running_count, succeeded_count, failed_count, cancelled_count,
       create_time, start_time, end_time, update_time,
       ARRAY(SELECT DISTINCT 'environment-' || replace(j.environment, ':', '-')
             FROM training_jobs j WHERE j.run_id = r.run_id), '{0}'
FROM training_runs r;

INSERT INTO tasks (queue, group_id, name, key, pool, pools, payload, max_attempts,
                   stall_timeout_ms, state, state_reason, attempt_count, lease_epoch, holder,
                   ready_time, failure, progress, result, create_time, start_time, end_time,
                   update_time)
SELECT 'training', run_id, plant_id || '.' || circuit_id, 'old.' || run_id || '.' || job_id,
       'environment-' || replace(environment, ':', '-'),
       ARRAY['environment-' || replace(environment, ':', '-'), 'fleet', 'plant-' || plant_id],
       configuration, max_attempts, 1800000,
       CASE state WHEN 'RUNNING' THEN 'QUEUED' ELSE state END,
       CASE state WHEN 'RUNNING' THEN 'queued again by an upgrade' ELSE state_reason END,
       CASE state WHEN 'RUNNING' THEN attempt_count - 1 ELSE attempt_count END,
       lease_epoch, replica, ready_time,
       CASE WHEN failure_kind IS NOT NULL THEN jsonb_build_object(
         'kind', CASE failure_kind WHEN 'DIVERGENCE' THEN 'MODEL' ELSE failure_kind END,
         'reason', failure_reason, 'message', failure_message, 'attempt', attempt_count) END,
       jsonb_strip_nulls(jsonb_build_object('phase', phase, 'epoch', epoch, 'epochs', epochs,
         'training_loss', training_loss, 'validation_loss', validation_loss,
         'experiment_run', experiment_run, 'data_asset_version', data_asset_version)),
       CASE WHEN model_version IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object(
         'model_version', model_version, 'gate', jsonb_build_object(
           'verdict', gate_verdict, 'why', gate_why, 'mae', gate_mae, 'skill', gate_skill,
           'naive_mae', gate_naive_mae, 'champion_mae', gate_champion_mae,
           'champion', gate_champion))) END,
       create_time, start_time, end_time, update_time
FROM training_jobs ORDER BY run_id, plant_id, circuit_id;

INSERT INTO pools (pool_id)
SELECT DISTINCT unnest(pools) FROM tasks ON CONFLICT DO NOTHING;

DROP TABLE training_jobs, training_runs, claim_gate;
DROP FUNCTION refuse_to_leave_a_terminal_state, refuse_to_lower_a_lease_epoch;
