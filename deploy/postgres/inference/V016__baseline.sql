-- Everything the inference service owns: endpoints, deployments, what each circuit is to be,
-- schedules, forecasts and how good they were; sweeps and releases are groups of its work queue. Ids
-- sort by byte, as their names do.
\ir ../common/requests_and_duties.sql
\ir ../common/work_queue.sql

-- A tick makes at most one sweep, whichever replica wakes first.
CREATE UNIQUE INDEX sweeps_by_tick
  ON inference.task_groups ((pin ->> 'schedule_id'), (pin ->> 'tick'))
  WHERE pin ->> 'tick' IS NOT NULL;
-- A schedule's sweeps that have not ended.
CREATE INDEX sweeps_open_by_schedule ON inference.task_groups ((pin ->> 'schedule_id'))
  WHERE end_time IS NULL AND pin ->> 'tick' IS NOT NULL;
-- A circuit's last failed invocation.
CREATE INDEX tasks_failed_by_key ON inference.tasks (queue, key, end_time DESC)
  WHERE state = 'FAILED';
-- How many invocations of a sweep something else stood in for.
CREATE INDEX tasks_on_fallback ON inference.tasks (group_id)
  WHERE (result ->> 'source') IS NOT NULL;

-- How far each invocation of a backfill has come: written with the forecasts of its mini batches, so
-- that another attempt goes on behind them.
CREATE TABLE inference.backfill_progress (
  group_id text COLLATE "C" NOT NULL REFERENCES inference.task_groups ON DELETE CASCADE,
  name     text COLLATE "C" NOT NULL,  -- of the task, P001.C001
  progress jsonb NOT NULL,
  PRIMARY KEY (group_id, name)
) WITH (fillfactor = 50);

CREATE TABLE inference.batch_endpoints (
  plant_id     text COLLATE "C" PRIMARY KEY,
  display_name text NOT NULL,
  create_time  timestamptz NOT NULL DEFAULT now(),
  update_time  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE inference.deployments (
  plant_id                     text COLLATE "C" NOT NULL REFERENCES inference.batch_endpoints,
  circuit_id                   text COLLATE "C" NOT NULL,
  display_name                 text NOT NULL,
  model_version                bigint NOT NULL CHECK (model_version > 0),
  artifact_sha256              text NOT NULL CHECK (artifact_sha256 ~ '^[0-9a-f]{64}$'),
  environment                  text NOT NULL,
  compute                      text NOT NULL,
  instance_count               integer NOT NULL CHECK (instance_count > 0),
  mini_batch_size              integer NOT NULL,
  max_concurrency_per_instance integer NOT NULL CHECK (max_concurrency_per_instance > 0),
  timeout_seconds              double precision NOT NULL CHECK (timeout_seconds > 0),
  error_threshold              integer NOT NULL,
  max_retries                  integer NOT NULL CHECK (max_retries >= 0),
  sensor_id                    text NOT NULL,
  config_commit                text NOT NULL,
  environment_variables        jsonb NOT NULL,
  tags                         jsonb NOT NULL,
  revision                     bigint NOT NULL,  -- the etag
  create_time                  timestamptz NOT NULL DEFAULT now(),
  update_time                  timestamptz NOT NULL DEFAULT now(),
  -- What it was made of, to be held against what is asked for; empty: not known.
  training_hash                text NOT NULL DEFAULT '',
  deployment_hash              text NOT NULL DEFAULT '',
  cutoff_date                  text NOT NULL DEFAULT '',
  mae                          double precision,  -- on held-out rows; NULL: the version does not say
  skill                        double precision,
  -- What may stand in for its version.
  fallback                     text NOT NULL DEFAULT 'earlier_version_or_naive',
  -- What a forecast looks like, for one that no model makes; {}: not known.
  shape                        jsonb NOT NULL DEFAULT '{}',
  -- That served before this one and was not taken out by a rollback; NULL: none is known.
  earlier_version              bigint CHECK (earlier_version > 0),
  earlier_sha256               text NOT NULL DEFAULT '',
  -- How long one mini batch of a backfill may take.
  retry_timeout_seconds        double precision NOT NULL DEFAULT 30
                               CHECK (retry_timeout_seconds > 0),
  PRIMARY KEY (plant_id, circuit_id)
);
-- Etags never repeat, not even when a deployment is deleted and made again.
CREATE SEQUENCE inference.revisions;

-- What each circuit is to be, by which release, and who holds it against releases. What it is stands
-- in deployments, latest forecasts and tasks, and is put beside when somebody asks: nothing is kept
-- twice.
CREATE TABLE inference.circuit_statuses (
  plant_id        text COLLATE "C" NOT NULL,
  circuit_id      text COLLATE "C" NOT NULL,
  display_name    text NOT NULL DEFAULT '',
  -- NULL: no release says anything of it.
  desired_state   text CHECK (desired_state IN ('ACTIVE', 'RETIRED')),
  -- The release that last changed what it is to be.
  release_id      text COLLATE "C" NOT NULL DEFAULT '',
  config_commit   text NOT NULL DEFAULT '',
  training_hash   text NOT NULL DEFAULT '',
  deployment_hash text NOT NULL DEFAULT '',
  cutoff_date     text NOT NULL DEFAULT '',
  settings        jsonb NOT NULL DEFAULT '{}',  -- the deployment's, as config resolved them
  unsound         boolean NOT NULL DEFAULT false,  -- at the commit in force: keeps what it has
  -- The group of its last step: a release, or what somebody did by hand.
  step_group_id   text COLLATE "C" NOT NULL DEFAULT '',
  training_run    text NOT NULL DEFAULT '',  -- asked for a version of `training_hash`
  pin_version     bigint CHECK (pin_version > 0),
  pin_actor       text NOT NULL DEFAULT '',
  pin_reason      text NOT NULL DEFAULT '',
  pin_time        timestamptz,
  pin_expire_time timestamptz,  -- NULL: when somebody unpins it
  PRIMARY KEY (plant_id, circuit_id),
  CHECK ((pin_version IS NULL) = (pin_time IS NULL))
) WITH (fillfactor = 80);

-- A circuit that is deployed has a status, whoever deployed it.
CREATE FUNCTION inference.note_deployment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO inference.circuit_statuses (plant_id, circuit_id, display_name)
  VALUES (NEW.plant_id, NEW.circuit_id, NEW.display_name) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER deployments_have_a_status AFTER INSERT ON inference.deployments
  FOR EACH ROW EXECUTE FUNCTION inference.note_deployment();

-- The release in force, of which there is one or none; who makes a release locks this row.
CREATE TABLE inference.release_in_force (
  only_row      boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  release_id    text COLLATE "C" NOT NULL DEFAULT '',
  config_commit text NOT NULL DEFAULT ''
);
INSERT INTO inference.release_in_force DEFAULT VALUES;

-- The branch whose head is kept in force, if one is, and how the last look at it went.
CREATE TABLE inference.followed_branch (
  only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  branch      text NOT NULL,
  head_commit text NOT NULL DEFAULT '',
  reason      text NOT NULL DEFAULT '',  -- why the head is not in force; empty: it is
  message     text NOT NULL DEFAULT '',
  check_time  timestamptz NOT NULL
);

CREATE TABLE inference.schedules (
  schedule_id      text COLLATE "C" PRIMARY KEY,
  display_name     text NOT NULL,
  cron             text NOT NULL,
  time_zone        text NOT NULL,
  plant_ids        text[] NOT NULL,
  paused           boolean NOT NULL DEFAULT false,
  next_tick        timestamptz,
  last_tick        timestamptz,
  last_sweep_id    text,
  revision         bigint NOT NULL,  -- the etag
  create_time      timestamptz NOT NULL DEFAULT now(),
  update_time      timestamptz NOT NULL DEFAULT now(),
  -- What a tick does while the sweep of an earlier one runs, how late it may be made up, how it is
  -- spread.
  overlap_policy   text NOT NULL DEFAULT 'QUEUE'
                   CHECK (overlap_policy IN ('SKIP', 'QUEUE', 'REPLACE')),
  catch_up_seconds double precision CHECK (catch_up_seconds > 0),  -- NULL: however late
  jitter_seconds   double precision NOT NULL DEFAULT 0 CHECK (jitter_seconds >= 0),
  -- When next_tick is taken; NULL: when it comes.
  due_time         timestamptz,
  -- The latest tick that made no sweep.
  skipped_tick     timestamptz,
  skipped_reason   text NOT NULL DEFAULT '',
  skipped_message  text NOT NULL DEFAULT '',
  CONSTRAINT active_schedules_tick CHECK (paused OR next_tick IS NOT NULL)
);
CREATE INDEX schedules_by_due_time ON inference.schedules ((coalesce(due_time, next_tick)))
  WHERE NOT paused;
-- Of programs that know no due time.

-- One row a forecast, its steps as arrays, in partitions by week of issue time.
CREATE TABLE inference.forecasts (
  plant_id        text COLLATE "C" NOT NULL,
  circuit_id      text COLLATE "C" NOT NULL,
  issue_time      timestamptz NOT NULL,
  model_version   bigint NOT NULL,  -- 0: it is naive
  target_column   text NOT NULL,
  sweep_id        text NOT NULL,  -- of the invocation that stored it last
  create_time     timestamptz NOT NULL DEFAULT now(),
  interval_levels double precision[] NOT NULL,  -- percent, ascending
  -- One entry a step, step 1 first.
  target_times    timestamptz[] NOT NULL,
  point_values    double precision[] NOT NULL,
  -- One entry a step and level: those of step 1 first, by level.
  lower_bounds    double precision[] NOT NULL,
  upper_bounds    double precision[] NOT NULL,
  -- What was not as it should be with its readings.
  remarks         jsonb NOT NULL DEFAULT '[]',
  -- From what it is, and why not from the deployed version.
  source          text NOT NULL DEFAULT 'DEPLOYED_VERSION',
  source_reason   text NOT NULL DEFAULT '',
  newest          boolean NOT NULL DEFAULT true,  -- of its circuit, when it was stored last
  withdraw_time   timestamptz,                    -- NULL: it stands
  withdraw_actor  text NOT NULL DEFAULT '',
  withdraw_reason text NOT NULL DEFAULT '',
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
-- Which was a circuit's newest at some moment.
CREATE INDEX forecasts_as_of ON inference.forecasts (plant_id, circuit_id, create_time DESC)
  WHERE newest;

-- Whatever has no partition of its week yet; maintenance makes one and moves it there.
CREATE TABLE inference.forecasts_default PARTITION OF inference.forecasts DEFAULT;

-- The newest of each circuit, so that what a list costs is what it returns: a copy, which stays
-- readable when its partition is dropped. Moves forward only.
CREATE TABLE inference.latest_forecasts (
  plant_id        text COLLATE "C" NOT NULL,
  circuit_id      text COLLATE "C" NOT NULL,
  issue_time      timestamptz NOT NULL,
  model_version   bigint NOT NULL,
  target_column   text NOT NULL,
  sweep_id        text NOT NULL,
  create_time     timestamptz NOT NULL,
  interval_levels double precision[] NOT NULL,
  target_times    timestamptz[] NOT NULL,
  point_values    double precision[] NOT NULL,
  lower_bounds    double precision[] NOT NULL,
  upper_bounds    double precision[] NOT NULL,
  remarks         jsonb NOT NULL DEFAULT '[]',
  source          text NOT NULL DEFAULT 'DEPLOYED_VERSION',
  source_reason   text NOT NULL DEFAULT '',
  -- When the first was stored of those in a row that the deployed version did not make; NULL: it
  -- made this one.
  fallback_since  timestamptz,
  -- What is withdrawn is nobody's latest: never set here.
  withdraw_time   timestamptz CHECK (withdraw_time IS NULL),
  withdraw_actor  text NOT NULL DEFAULT '',
  withdraw_reason text NOT NULL DEFAULT '',
  -- When a forecast was made last that did not replace this one.
  answer_time     timestamptz,
  PRIMARY KEY (plant_id, circuit_id),
  CONSTRAINT forecasts_are_whole CHECK (
    cardinality(target_times) = cardinality(point_values)
    AND cardinality(lower_bounds) = cardinality(point_values) * cardinality(interval_levels)
    AND cardinality(upper_bounds) = cardinality(lower_bounds))
);
CREATE INDEX latest_forecasts_by_issue_time ON inference.latest_forecasts
  (issue_time DESC, plant_id, circuit_id);

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
