-- serves programs from version 4
-- outside a transaction
-- The last job of each circuit whose version passed the gate: retention keeps its run. The word of
-- old for that was CHAMPION.
CREATE INDEX CONCURRENTLY IF NOT EXISTS tasks_that_passed ON trainer.tasks (name, task_id DESC)
  WHERE queue = 'training' AND state = 'SUCCEEDED'
    AND result -> 'gate' ->> 'verdict' IN ('BETTER', 'AS_GOOD', 'NOT_COMPARABLE', 'CHAMPION');
