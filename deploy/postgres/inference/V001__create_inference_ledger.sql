-- Everything the inference service owns: endpoints, deployments, schedules, sweeps, invocations,
-- forecasts. Ids sort by byte, as their names do. (The schema itself is the migrator's.)

CREATE TABLE inference.requests (
  request_id uuid PRIMARY KEY,
  method text NOT NULL,
  fingerprint text NOT NULL,
  answer text,
  create_time timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE inference.batch_endpoints (
  plant_id text COLLATE "C" PRIMARY KEY,
  display_name text NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now(),
  update_time timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE inference.deployments (
  plant_id text COLLATE "C" NOT NULL REFERENCES inference.batch_endpoints,
  circuit_id text COLLATE "C" NOT NULL,
  display_name text NOT NULL,
  model_version bigint NOT NULL CHECK (model_version > 0),
  artifact_sha256 text NOT NULL CHECK (artifact_sha256 ~ '^[0-9a-f]{64}$'),
  environment text NOT NULL,
  compute text NOT NULL,
  instance_count integer NOT NULL CHECK (instance_count > 0),
  mini_batch_size integer NOT NULL,
  max_concurrency_per_instance integer NOT NULL CHECK (max_concurrency_per_instance > 0),
  timeout_seconds double precision NOT NULL CHECK (timeout_seconds > 0),
  error_threshold integer NOT NULL,
  max_retries integer NOT NULL CHECK (max_retries >= 0),
  sensor_id text NOT NULL,
  config_commit text NOT NULL,
  environment_variables jsonb NOT NULL,
  tags jsonb NOT NULL,
  revision bigint NOT NULL,  -- the etag
  create_time timestamptz NOT NULL DEFAULT now(),
  update_time timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (plant_id, circuit_id)
);
-- Etags never repeat, not even when a deployment is deleted and made again.
CREATE SEQUENCE inference.revisions;

CREATE TABLE inference.schedules (
  schedule_id text COLLATE "C" PRIMARY KEY,
  display_name text NOT NULL,
  cron text NOT NULL,
  time_zone text NOT NULL,
  plant_ids text[] NOT NULL,
  paused boolean NOT NULL DEFAULT false,
  next_tick timestamptz,
  last_tick timestamptz,
  last_sweep_id text,
  revision bigint NOT NULL,  -- the etag
  create_time timestamptz NOT NULL DEFAULT now(),
  update_time timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX schedules_by_next_tick ON inference.schedules (next_tick) WHERE NOT paused;

CREATE TABLE inference.sweeps (
  sweep_id text COLLATE "C" PRIMARY KEY,
  state text NOT NULL CHECK (state IN
    ('QUEUED', 'RUNNING', 'SUCCEEDED', 'PARTIALLY_SUCCEEDED', 'FAILED', 'CANCELLED')),
  plant_ids text[] NOT NULL,
  as_of timestamptz,
  schedule_id text,
  tick timestamptz,
  retry_of text,
  create_time timestamptz NOT NULL DEFAULT now(),
  start_time timestamptz,
  end_time timestamptz,
  -- A tick makes at most one sweep, whichever replica wakes first.
  UNIQUE (schedule_id, tick)
);

CREATE TABLE inference.invocations (
  sweep_id text COLLATE "C" NOT NULL REFERENCES inference.sweeps,
  plant_id text COLLATE "C" NOT NULL,
  circuit_id text COLLATE "C" NOT NULL,
  -- Pinned when the sweep was made; the deployment may change or go meanwhile.
  model_version bigint NOT NULL,
  artifact_sha256 text NOT NULL,
  sensor_id text NOT NULL,
  timeout_seconds double precision NOT NULL,
  max_attempts integer NOT NULL,
  concurrency_limit integer NOT NULL,
  as_of timestamptz,
  priority smallint NOT NULL DEFAULT 0,  -- 1: asked for alone, goes ahead of waiting sweeps
  state text NOT NULL DEFAULT 'QUEUED' CHECK (state IN
    ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
  state_reason text NOT NULL DEFAULT 'waits for a worker',
  failure_kind text,
  failure_reason text,
  failure_message text,
  failed_attempt integer,
  failure_time timestamptz,
  attempts integer NOT NULL DEFAULT 0,
  lease_epoch bigint NOT NULL DEFAULT 0,
  worker text NOT NULL DEFAULT '',
  lease_expires timestamptz,
  attempt_expires timestamptz,
  ready_time timestamptz NOT NULL DEFAULT now(),  -- not claimed before
  issue_time timestamptz,
  create_time timestamptz NOT NULL DEFAULT now(),
  start_time timestamptz,
  end_time timestamptz,
  -- The transaction of the last change, for watchers: nothing committed later is missed.
  changed_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (sweep_id, plant_id, circuit_id),
  CHECK ((state = 'RUNNING') = (lease_expires IS NOT NULL)),
  CHECK ((state = 'SUCCEEDED') = (issue_time IS NOT NULL))
);
CREATE INDEX invocations_to_claim ON inference.invocations
  (priority DESC, ready_time, plant_id, circuit_id) WHERE state = 'QUEUED';
CREATE INDEX invocations_running ON inference.invocations (plant_id, circuit_id)
  WHERE state = 'RUNNING';
CREATE INDEX invocations_live ON inference.invocations (sweep_id)
  WHERE state IN ('QUEUED', 'RUNNING');
CREATE INDEX invocations_by_change ON inference.invocations (sweep_id, changed_in);

CREATE TABLE inference.forecasts (
  plant_id text COLLATE "C" NOT NULL,
  circuit_id text COLLATE "C" NOT NULL,
  issue_time timestamptz NOT NULL,
  model_version bigint NOT NULL,
  target_column text NOT NULL,
  interval_levels double precision[] NOT NULL,
  sweep_id text NOT NULL,  -- of the invocation that stored it last
  create_time timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (plant_id, circuit_id, issue_time, model_version)
);
CREATE INDEX forecasts_by_issue_time ON inference.forecasts
  (issue_time DESC, plant_id, circuit_id, model_version DESC);

CREATE TABLE inference.forecast_points (
  plant_id text COLLATE "C" NOT NULL,
  circuit_id text COLLATE "C" NOT NULL,
  issue_time timestamptz NOT NULL,
  model_version bigint NOT NULL,
  step integer NOT NULL CHECK (step > 0),
  target_time timestamptz NOT NULL,
  value double precision NOT NULL,
  lower double precision[] NOT NULL,  -- one per interval level
  upper double precision[] NOT NULL,
  PRIMARY KEY (plant_id, circuit_id, issue_time, model_version, step),
  FOREIGN KEY (plant_id, circuit_id, issue_time, model_version) REFERENCES inference.forecasts
    ON DELETE CASCADE
);
