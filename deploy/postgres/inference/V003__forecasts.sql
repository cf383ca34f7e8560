-- A forecast becomes one row with its steps as arrays, in partitions by week of issue time, and the
-- latest of each circuit a row of its own: what a list costs is what it returns.

ALTER TABLE inference.forecasts RENAME TO forecasts_without_steps;
ALTER INDEX inference.forecasts_pkey RENAME TO forecasts_without_steps_pkey;
ALTER INDEX inference.forecasts_by_issue_time RENAME TO forecasts_without_steps_by_issue_time;

CREATE TABLE inference.forecasts (
  plant_id text COLLATE "C" NOT NULL,
  circuit_id text COLLATE "C" NOT NULL,
  issue_time timestamptz NOT NULL,
  model_version bigint NOT NULL,
  target_column text NOT NULL,
  sweep_id text NOT NULL,  -- of the invocation that stored it last
  create_time timestamptz NOT NULL DEFAULT now(),
  interval_levels double precision[] NOT NULL,  -- percent, ascending
  -- One entry a step, step 1 first.
  target_times timestamptz[] NOT NULL,
  point_values double precision[] NOT NULL,
  -- One entry a step and level: those of step 1 first, by level.
  lower_bounds double precision[] NOT NULL,
  upper_bounds double precision[] NOT NULL,
  PRIMARY KEY (plant_id, circuit_id, issue_time, model_version),
  CONSTRAINT forecasts_are_whole CHECK (
    cardinality(target_times) = cardinality(point_values)
    AND cardinality(lower_bounds) = cardinality(point_values) * cardinality(interval_levels)
    AND cardinality(upper_bounds) = cardinality(lower_bounds))
) PARTITION BY RANGE (issue_time);
-- The orders in which the fleet's and a plant's forecasts are listed. Versions are negated so that
-- what follows a forecast is one row comparison.
CREATE INDEX forecasts_by_issue_time ON inference.forecasts
  (issue_time DESC, plant_id, circuit_id, (-model_version));
CREATE INDEX forecasts_by_plant ON inference.forecasts
  (plant_id, issue_time DESC, circuit_id, (-model_version));

-- Whatever has no partition of its week yet; maintenance makes one and moves it there.
CREATE TABLE inference.forecasts_default PARTITION OF inference.forecasts DEFAULT;

-- A copy, so that it stays readable when its partition is dropped. Moves forward only.
CREATE TABLE inference.latest_forecasts (
  LIKE inference.forecasts INCLUDING CONSTRAINTS,
  PRIMARY KEY (plant_id, circuit_id)
);
CREATE INDEX latest_forecasts_by_issue_time ON inference.latest_forecasts
  (issue_time DESC, plant_id, circuit_id);

DO $$
DECLARE
  week timestamp;
BEGIN
  FOR week IN SELECT DISTINCT date_trunc('week', issue_time AT TIME ZONE 'UTC')
    FROM inference.forecasts_without_steps
  LOOP
    EXECUTE format(
      'CREATE TABLE inference.%I PARTITION OF inference.forecasts FOR VALUES FROM (%L) TO (%L)',
      'forecasts_' || to_char(week, 'IYYY"w"IW'), week || '+00', week + interval '7 days' || '+00');
  END LOOP;
END $$;

INSERT INTO inference.forecasts
SELECT f.plant_id, f.circuit_id, f.issue_time, f.model_version, f.target_column, f.sweep_id,
  f.create_time, f.interval_levels, s.target_times, s.point_values,
  ARRAY(SELECT b FROM inference.forecast_points p, unnest(p.lower) WITH ORDINALITY AS u (b, n)
    WHERE (p.plant_id, p.circuit_id, p.issue_time, p.model_version)
      = (f.plant_id, f.circuit_id, f.issue_time, f.model_version) ORDER BY p.step, n),
  ARRAY(SELECT b FROM inference.forecast_points p, unnest(p.upper) WITH ORDINALITY AS u (b, n)
    WHERE (p.plant_id, p.circuit_id, p.issue_time, p.model_version)
      = (f.plant_id, f.circuit_id, f.issue_time, f.model_version) ORDER BY p.step, n)
FROM inference.forecasts_without_steps f,
  LATERAL (SELECT COALESCE(array_agg(p.target_time ORDER BY p.step), '{}') AS target_times,
      COALESCE(array_agg(p.value ORDER BY p.step), '{}') AS point_values
    FROM inference.forecast_points p
    WHERE (p.plant_id, p.circuit_id, p.issue_time, p.model_version)
      = (f.plant_id, f.circuit_id, f.issue_time, f.model_version)) s;

INSERT INTO inference.latest_forecasts
SELECT DISTINCT ON (plant_id, circuit_id) * FROM inference.forecasts
ORDER BY plant_id, circuit_id, issue_time DESC, model_version DESC;

DROP TABLE inference.forecast_points;
DROP TABLE inference.forecasts_without_steps;
