-- serves programs from version 7
\ir ../common/work_queue_functions.sql
-- Of programs before version 7.
DROP FUNCTION IF EXISTS fetch_tasks(text, text, integer, text, bigint);
DROP INDEX IF EXISTS tasks_of_champions, task_groups_live;
ALTER TABLE task_groups DROP COLUMN IF EXISTS fetch_floor;
ALTER TABLE replicas DROP COLUMN IF EXISTS first_seen_time;
