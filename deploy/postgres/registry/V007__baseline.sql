-- Everything the registry knows. Rows refer to artifact bytes by SHA-256; the bytes are on disk,
-- synced, before the row that names them is committed.
-- `position` columns give lists an order that no two rows share.
\ir ../common/requests_and_duties.sql

CREATE TABLE registry.experiments (
  position      bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  experiment_id text PRIMARY KEY,
  display_name  text NOT NULL,
  create_time   timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE registry.runs (
  position         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  experiment_id    text NOT NULL REFERENCES registry.experiments,
  run_id           text NOT NULL,
  display_name     text NOT NULL,
  state            text NOT NULL DEFAULT 'RUNNING'
                   CHECK (state IN ('RUNNING', 'FINISHED', 'FAILED', 'KILLED')),
  state_reason     text NOT NULL DEFAULT '',
  params           jsonb NOT NULL DEFAULT '{}',
  tags             jsonb NOT NULL DEFAULT '{}',
  -- key -> {"value", "step", "time" in microseconds}: the point at the greatest step, so that a
  -- list of runs does not read the history.
  latest_metrics   jsonb NOT NULL DEFAULT '{}',
  create_time      timestamptz NOT NULL DEFAULT clock_timestamp(),
  end_time         timestamptz,
  -- True until retention has looked at the run's metric history: then it is gone, or kept for good.
  history_to_prune boolean NOT NULL DEFAULT true,
  UNIQUE (experiment_id, run_id),
  CHECK ((state = 'RUNNING') = (end_time IS NULL))
);
CREATE INDEX runs_newest_first ON registry.runs (experiment_id, position DESC);
CREATE INDEX runs_to_prune ON registry.runs (end_time) WHERE history_to_prune;
-- What filters of runs compare. Of any tag or parameter equality, tags @> '{"team": "line 4"}':
-- without the list of pending entries, which every search would read in full.
CREATE INDEX runs_by_tags
  ON registry.runs USING gin (tags jsonb_path_ops) WITH (fastupdate = off);
CREATE INDEX runs_by_params
  ON registry.runs USING gin (params jsonb_path_ops) WITH (fastupdate = off);
CREATE INDEX runs_by_state ON registry.runs (state, position DESC);
CREATE INDEX runs_by_create_time ON registry.runs (create_time);

-- The whole history of every metric.
CREATE TABLE registry.run_metrics (
  position     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_position bigint NOT NULL REFERENCES registry.runs,
  key          text NOT NULL,
  step         bigint NOT NULL CHECK (step >= 0),
  value        double precision NOT NULL,
  time         timestamptz NOT NULL
);
CREATE INDEX run_metrics_in_order
  ON registry.run_metrics (run_position, key COLLATE "C", step, position);

CREATE TABLE registry.artifacts (
  position    bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  sha256      text PRIMARY KEY CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  size_bytes  bigint NOT NULL CHECK (size_bytes >= 0),
  media_type  text NOT NULL,
  file_name   text NOT NULL,
  create_time timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE registry.run_artifacts (
  run_position bigint NOT NULL REFERENCES registry.runs,
  file_name    text NOT NULL,
  sha256       text NOT NULL REFERENCES registry.artifacts,
  PRIMARY KEY (run_position, file_name)
);
CREATE INDEX run_artifacts_by_sha256 ON registry.run_artifacts (sha256);

CREATE TABLE registry.data_asset_versions (
  data_asset_id text COLLATE "C" NOT NULL,
  version       text COLLATE "C" NOT NULL,  -- the cutoff date, of a later reading with .2, .3 …
  sensor_id     text NOT NULL,
  source_uri    text NOT NULL,
  fingerprint   text NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
  row_count     bigint NOT NULL CHECK (row_count > 0),
  first_time    timestamptz NOT NULL,
  last_time     timestamptz NOT NULL,
  step_seconds  bigint NOT NULL,
  columns       jsonb NOT NULL,
  issues        jsonb NOT NULL,
  ml_table      text NOT NULL,
  create_time   timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- A cutoff date may be read several times with different outcome: from which earlier version this
  -- one differs, and how.
  compared_with text NOT NULL DEFAULT '',
  differences   jsonb NOT NULL DEFAULT '[]',
  PRIMARY KEY (data_asset_id, version),
  CHECK (first_time <= last_time)
);
CREATE INDEX data_asset_versions_latest_first
  ON registry.data_asset_versions (data_asset_id, version DESC);

CREATE TABLE registry.environment_versions (
  position       bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  environment_id text NOT NULL,
  version        text NOT NULL,
  description    text NOT NULL,
  properties     jsonb NOT NULL,
  create_time    timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (environment_id, version)
);

-- A version's number is `last_version + 1`, taken under this row's lock and given back by a
-- rollback: dense, whatever fails.
CREATE TABLE registry.models (
  model_id          text PRIMARY KEY,
  last_version      bigint NOT NULL DEFAULT 0,
  last_version_time timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO registry.models (model_id) VALUES ('sensor-model');

CREATE TABLE registry.model_versions (
  model_id             text NOT NULL REFERENCES registry.models,
  version              bigint NOT NULL CHECK (version > 0),
  tags                 jsonb NOT NULL,
  metrics              jsonb NOT NULL,
  artifact_sha256      text NOT NULL REFERENCES registry.artifacts,
  run_position         bigint NOT NULL REFERENCES registry.runs,
  data_asset_id        text COLLATE "C" NOT NULL,
  data_asset_version   text COLLATE "C" NOT NULL,
  environment_id       text NOT NULL,
  environment_version  text NOT NULL,
  training_job         text NOT NULL DEFAULT '',
  revision             bigint NOT NULL DEFAULT 1,  -- of the tags; the etag
  create_time          timestamptz NOT NULL,
  update_time          timestamptz NOT NULL,
  -- The tags by which nearly every list is filtered, as columns that an index can hold.
  plant_id             text GENERATED ALWAYS AS (tags ->> 'plant_id') STORED,
  circuit_id           text GENERATED ALWAYS AS (tags ->> 'circuit_id') STORED,
  git_commit_sha       text GENERATED ALWAYS AS (tags ->> 'git_commit_sha') STORED,
  PRIMARY KEY (model_id, version),
  FOREIGN KEY (data_asset_id, data_asset_version) REFERENCES registry.data_asset_versions,
  FOREIGN KEY (environment_id, environment_version) REFERENCES registry.environment_versions
);
-- A job has at most one version, whoever registers it.
CREATE UNIQUE INDEX model_version_of_job
  ON registry.model_versions (training_job) WHERE training_job <> '';
CREATE INDEX model_versions_of_circuit
  ON registry.model_versions (model_id, plant_id, circuit_id, version DESC);
CREATE INDEX model_versions_of_commit
  ON registry.model_versions (model_id, git_commit_sha, version DESC);
CREATE INDEX model_versions_of_run ON registry.model_versions (run_position);

-- From what models were made of to the models made of it. Here and below the expressions are those
-- that the filters of ListModelVersions compare.
CREATE INDEX model_versions_of_data_asset_version
  ON registry.model_versions (('dataAssets/' || data_asset_id || '/versions/' || data_asset_version));
CREATE INDEX model_versions_of_environment_version
  ON registry.model_versions (('environments/' || environment_id || '/versions/' || environment_version));
CREATE INDEX model_versions_of_artifact ON registry.model_versions (artifact_sha256);

-- Equality of any tag, as of runs.
CREATE INDEX model_versions_by_tags
  ON registry.model_versions USING gin (tags jsonb_path_ops) WITH (fastupdate = off);
-- Tags whose values belong to a time: among all versions in their order, those of an old one would
-- be far to find.
CREATE INDEX model_versions_of_circuit_id
  ON registry.model_versions (model_id, circuit_id, version DESC);
CREATE INDEX model_versions_of_pull_request
  ON registry.model_versions (model_id, (tags ->> 'pr_number'), version DESC);
CREATE INDEX model_versions_of_cutoff_date
  ON registry.model_versions (model_id, (tags ->> 'cutoff_date'), version DESC);
-- Versions and their times grow together: a bound on the time is one on the number.
CREATE INDEX model_versions_by_time ON registry.model_versions (model_id, create_time);
-- The metrics that people compare.
CREATE INDEX model_versions_by_mae
  ON registry.model_versions (((metrics ->> 'mae')::double precision));
CREATE INDEX model_versions_by_rmse
  ON registry.model_versions (((metrics ->> 'rmse')::double precision));
CREATE INDEX model_versions_by_r2
  ON registry.model_versions (((metrics ->> 'r2')::double precision));
CREATE INDEX model_versions_by_skill
  ON registry.model_versions (((metrics ->> 'skill')::double precision));

-- Every change of a champion. `beneath` is the event that a rollback returns to: the promotions
-- still standing form a stack, each on top of the one it replaced.
CREATE TABLE registry.champion_events (
  event            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  model_id         text NOT NULL,
  plant_id         text NOT NULL,
  circuit_id       text NOT NULL,
  kind             text NOT NULL CHECK (kind IN ('PROMOTED', 'ROLLED_BACK', 'REMOVED')),
  version          bigint NOT NULL,
  replaced_version bigint,
  beneath          bigint REFERENCES registry.champion_events,
  actor            text NOT NULL,
  reason           text NOT NULL,
  evidence         jsonb NOT NULL,
  create_time      timestamptz NOT NULL DEFAULT clock_timestamp(),
  FOREIGN KEY (model_id, version) REFERENCES registry.model_versions
);
CREATE INDEX champion_events_of_circuit
  ON registry.champion_events (model_id, plant_id, circuit_id, event DESC);
-- Retention keeps the metric history of runs that ever made a champion.
CREATE INDEX champion_events_of_version ON registry.champion_events (model_id, version);

CREATE TABLE registry.champions (
  model_id   text NOT NULL,
  plant_id   text COLLATE "C" NOT NULL,
  circuit_id text COLLATE "C" NOT NULL,
  event      bigint NOT NULL REFERENCES registry.champion_events,
  PRIMARY KEY (model_id, plant_id, circuit_id)
);
