-- serves programs from version 8
-- How far each invocation of a backfill has come: written with the forecasts of its mini batches, so
-- that another attempt goes on behind them.
CREATE TABLE inference.backfill_progress (
  group_id text COLLATE "C" NOT NULL REFERENCES inference.task_groups ON DELETE CASCADE,
  name     text COLLATE "C" NOT NULL,  -- of the task, P001.C001
  progress jsonb NOT NULL,
  PRIMARY KEY (group_id, name)
) WITH (fillfactor = 50);
-- How long one of its mini batches may take.
ALTER TABLE inference.deployments ADD COLUMN retry_timeout_seconds double precision NOT NULL
  DEFAULT 30 CHECK (retry_timeout_seconds > 0);
