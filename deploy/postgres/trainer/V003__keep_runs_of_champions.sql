-- serves programs from version 2
-- outside a transaction
-- The last job of each circuit whose version became the champion: retention keeps its run.
CREATE INDEX CONCURRENTLY IF NOT EXISTS tasks_of_champions ON trainer.tasks (name, task_id DESC)
  WHERE queue = 'training' AND state = 'SUCCEEDED' AND result -> 'gate' ->> 'verdict' = 'CHAMPION';
