-- serves programs from version 5
-- What was not as it should be with a forecast's readings is kept with it.
ALTER TABLE inference.forecasts ADD COLUMN remarks jsonb NOT NULL DEFAULT '[]';
ALTER TABLE inference.latest_forecasts ADD COLUMN remarks jsonb NOT NULL DEFAULT '[]';
