-- serves programs from version 8
-- How far a version's forecasts were from what came: one row a circuit and version, kept by delta.
CREATE TABLE inference.live_accuracies (
  plant_id      text COLLATE "C" NOT NULL,
  circuit_id    text COLLATE "C" NOT NULL,
  model_version bigint NOT NULL,
  scored_until  timestamptz NOT NULL,  -- readings up to then have been scored
  day_sums      text NOT NULL,  -- what is summed up, by day
  summary       text NOT NULL,  -- what that comes to; empty: nothing yet
  drift_reason  text NOT NULL DEFAULT '',  -- empty: it has not drifted
  drift_message text NOT NULL DEFAULT '',
  drift_since   timestamptz,  -- by the readings' time
  update_time   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (plant_id, circuit_id, model_version)
) WITH (fillfactor = 70);
