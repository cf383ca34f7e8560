-- serves programs from version 1
-- outside a transaction
-- What filters of model versions and runs compare, and what retention of metric history goes by.

-- Equality of any tag or parameter: tags @> '{"team": "line 4"}'. Without the list of pending
-- entries, which every search would read in full.
CREATE INDEX CONCURRENTLY IF NOT EXISTS model_versions_by_tags
  ON registry.model_versions USING gin (tags jsonb_path_ops) WITH (fastupdate = off);
CREATE INDEX CONCURRENTLY IF NOT EXISTS runs_by_tags
  ON registry.runs USING gin (tags jsonb_path_ops) WITH (fastupdate = off);
CREATE INDEX CONCURRENTLY IF NOT EXISTS runs_by_params
  ON registry.runs USING gin (params jsonb_path_ops) WITH (fastupdate = off);

-- Tags whose values belong to a time: among all versions in their order, those of an old one would
-- be far to find.
CREATE INDEX CONCURRENTLY IF NOT EXISTS model_versions_of_circuit_id
  ON registry.model_versions (model_id, circuit_id, version DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS model_versions_of_pull_request
  ON registry.model_versions (model_id, (tags ->> 'pr_number'), version DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS model_versions_of_cutoff_date
  ON registry.model_versions (model_id, (tags ->> 'cutoff_date'), version DESC);
-- Versions and their times grow together: a bound on the time is one on the number.
CREATE INDEX CONCURRENTLY IF NOT EXISTS model_versions_by_time
  ON registry.model_versions (model_id, create_time);

-- The metrics that people compare; the expressions are those of the filters.
CREATE INDEX CONCURRENTLY IF NOT EXISTS model_versions_by_mae
  ON registry.model_versions (((metrics ->> 'mae')::double precision));
CREATE INDEX CONCURRENTLY IF NOT EXISTS model_versions_by_rmse
  ON registry.model_versions (((metrics ->> 'rmse')::double precision));
CREATE INDEX CONCURRENTLY IF NOT EXISTS model_versions_by_r2
  ON registry.model_versions (((metrics ->> 'r2')::double precision));
CREATE INDEX CONCURRENTLY IF NOT EXISTS model_versions_by_skill
  ON registry.model_versions (((metrics ->> 'skill')::double precision));

CREATE INDEX CONCURRENTLY IF NOT EXISTS runs_by_state ON registry.runs (state, position DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS runs_by_create_time ON registry.runs (create_time);
CREATE INDEX CONCURRENTLY IF NOT EXISTS runs_to_prune
  ON registry.runs (end_time) WHERE history_to_prune;
CREATE INDEX CONCURRENTLY IF NOT EXISTS champion_events_of_version
  ON registry.champion_events (model_id, version);
