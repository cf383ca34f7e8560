-- serves programs from version 1
-- True until retention has looked at the run's metric history: then it is gone, or kept for good.
ALTER TABLE registry.runs ADD COLUMN history_to_prune boolean NOT NULL DEFAULT true;
