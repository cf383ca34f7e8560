-- serves programs from version 8
-- Which forecast was a circuit's newest at some moment, and forecasts that somebody withdrew.
ALTER TABLE inference.forecasts
  ADD COLUMN newest boolean NOT NULL DEFAULT true,  -- of its circuit, when it was stored last
  ADD COLUMN withdraw_time timestamptz,             -- NULL: it stands
  ADD COLUMN withdraw_actor text NOT NULL DEFAULT '',
  ADD COLUMN withdraw_reason text NOT NULL DEFAULT '';
-- What is withdrawn is nobody's latest: never set here.
ALTER TABLE inference.latest_forecasts
  ADD COLUMN withdraw_time timestamptz CHECK (withdraw_time IS NULL),
  ADD COLUMN withdraw_actor text NOT NULL DEFAULT '',
  ADD COLUMN withdraw_reason text NOT NULL DEFAULT '';
CREATE INDEX forecasts_as_of ON inference.forecasts (plant_id, circuit_id, create_time DESC)
  WHERE newest;
