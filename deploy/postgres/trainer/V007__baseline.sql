-- The trainer's ledger: training runs and jobs are groups and tasks of its work queue.
\ir ../common/requests_and_duties.sql
\ir ../common/work_queue.sql

-- The last job of each circuit whose version passed the gate: retention keeps its run. The word of
-- old for that was CHAMPION.
CREATE INDEX tasks_that_passed ON trainer.tasks (name, task_id DESC)
  WHERE queue = 'training' AND state = 'SUCCEEDED'
    AND result -> 'gate' ->> 'verdict' IN ('BETTER', 'AS_GOOD', 'NOT_COMPARABLE', 'CHAMPION');
