-- Everything the registry knows. Rows refer to artifact bytes by SHA-256; the bytes are on disk,
-- synced, before the row that names them is committed.
-- `position` columns give lists an order that no two rows share.

CREATE SCHEMA IF NOT EXISTS registry;

CREATE TABLE registry.requests (
  request_id  uuid PRIMARY KEY,
  method      text NOT NULL,
  fingerprint text NOT NULL,
  answer      text,
  create_time timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE registry.experiments (
  position      bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  experiment_id text PRIMARY KEY,
  display_name  text NOT NULL,
  create_time   timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE registry.runs (
  position       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  experiment_id  text NOT NULL REFERENCES registry.experiments,
  run_id         text NOT NULL,
  display_name   text NOT NULL,
  state          text NOT NULL DEFAULT 'RUNNING'
                 CHECK (state IN ('RUNNING', 'FINISHED', 'FAILED', 'KILLED')),
  state_reason   text NOT NULL DEFAULT '',
  params         jsonb NOT NULL DEFAULT '{}',
  tags           jsonb NOT NULL DEFAULT '{}',
  -- key -> {"value", "step", "time" in microseconds}: the point at the greatest step, so that a
  -- list of runs does not read the history.
  latest_metrics jsonb NOT NULL DEFAULT '{}',
  create_time    timestamptz NOT NULL DEFAULT clock_timestamp(),
  end_time       timestamptz,
  UNIQUE (experiment_id, run_id),
  CHECK ((state = 'RUNNING') = (end_time IS NULL))
);
CREATE INDEX runs_newest_first ON registry.runs (experiment_id, position DESC);

-- The whole history of every metric.
CREATE TABLE registry.run_metrics (
  position     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_position bigint NOT NULL REFERENCES registry.runs,
  key          text NOT NULL,
  step         bigint NOT NULL CHECK (step >= 0),
  value        double precision NOT NULL,
  time         timestamptz NOT NULL
);
CREATE INDEX run_metrics_in_order ON registry.run_metrics (run_position, key COLLATE "C", step, position);

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
  version       text COLLATE "C" NOT NULL,  -- the cutoff date, YYYY-MM-DD
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
  -- The two tags by which nearly every list is filtered, as columns that an index can hold.
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

-- Every change of a champion. `beneath` is the event that a rollback returns to: the promotions
-- still standing form a stack, each on top of the one it replaced.
CREATE TABLE registry.champion_events (
  event            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  model_id         text NOT NULL,
  plant_id         text NOT NULL,
  circuit_id       text NOT NULL,
  kind             text NOT NULL CHECK (kind IN ('PROMOTED', 'ROLLED_BACK')),
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

CREATE TABLE registry.champions (
  model_id   text NOT NULL,
  plant_id   text COLLATE "C" NOT NULL,
  circuit_id text COLLATE "C" NOT NULL,
  event      bigint NOT NULL REFERENCES registry.champion_events,
  PRIMARY KEY (model_id, plant_id, circuit_id)
);
