-- The trainer's ledger: runs, their jobs with leases, replicas, and the first answers of requests.
-- All time is this database's. Ids compare by bytes, so that pages and claims have one order
-- whatever the locale.

CREATE TABLE trainer.requests (
  request_id  uuid PRIMARY KEY,
  method      text NOT NULL,
  fingerprint text NOT NULL,
  answer      text,
  create_time timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE trainer.training_runs (
  run_id              text COLLATE "C" PRIMARY KEY,
  base_revision       text NOT NULL,
  head_revision       text NOT NULL,
  circuits            jsonb NOT NULL,
  revision            text NOT NULL,
  pull_request_number integer NOT NULL CHECK (pull_request_number >= 0),
  pull_request_author text NOT NULL,
  commit_sha          text NOT NULL,
  merge_base_commit   text NOT NULL,
  retry_of            text COLLATE "C" NOT NULL,
  note                text NOT NULL,
  state               text NOT NULL
                      CHECK (state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
  cancel_requested    boolean NOT NULL DEFAULT false,
  -- Follow from the jobs; refreshed in the transaction of every change of a job's state.
  queued_count        integer NOT NULL DEFAULT 0,
  running_count       integer NOT NULL DEFAULT 0,
  succeeded_count     integer NOT NULL DEFAULT 0,
  failed_count        integer NOT NULL DEFAULT 0,
  cancelled_count     integer NOT NULL DEFAULT 0,
  -- Raised by every change of the run or of a job, under this row's lock: a watcher that has seen
  -- number n misses nothing by asking for what is above n.
  change_number       bigint NOT NULL DEFAULT 1,
  create_time         timestamptz NOT NULL DEFAULT clock_timestamp(),
  start_time          timestamptz,
  end_time            timestamptz,
  update_time         timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK ((end_time IS NOT NULL) = (state IN ('SUCCEEDED', 'FAILED', 'CANCELLED')))
);

CREATE TABLE trainer.training_jobs (
  run_id             text COLLATE "C" NOT NULL REFERENCES trainer.training_runs,
  job_id             text COLLATE "C" NOT NULL,
  plant_id           text COLLATE "C" NOT NULL,
  circuit_id         text COLLATE "C" NOT NULL,
  environment        text NOT NULL,
  -- The circuit's whole resolved configuration, pinned: config is never asked again.
  configuration      jsonb NOT NULL,
  state              text NOT NULL DEFAULT 'QUEUED'
                     CHECK (state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
  state_reason       text NOT NULL DEFAULT '',
  cancel_requested   boolean NOT NULL DEFAULT false,
  attempt_count      integer NOT NULL DEFAULT 0 CHECK (attempt_count >= 0),
  max_attempts       integer NOT NULL CHECK (max_attempts > 0),
  -- Not claimed before: the wait after a failed attempt.
  ready_time         timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The fence: raised by every claim, named by every write of a holder.
  lease_epoch        bigint NOT NULL DEFAULT 0,
  lease_expire_time  timestamptz,
  replica            text NOT NULL DEFAULT '',
  failure_kind       text CHECK (failure_kind IN ('DATA', 'CONFIGURATION', 'DIVERGENCE',
                                                  'ENVIRONMENT', 'INTERNAL')),
  failure_reason     text,
  failure_message    text,
  phase              text NOT NULL DEFAULT 'NONE'
                     CHECK (phase IN ('NONE', 'READING_DATA', 'TRAINING', 'EVALUATING',
                                      'PUBLISHING')),
  epoch              integer NOT NULL DEFAULT 0,
  epochs             integer NOT NULL DEFAULT 0,
  training_loss      double precision,
  validation_loss    double precision,
  experiment_run     text NOT NULL DEFAULT '',
  data_asset_version text NOT NULL DEFAULT '',
  model_version      text,
  gate_verdict       text CHECK (gate_verdict IN ('CHAMPION', 'CANDIDATE')),
  gate_why           text,
  gate_mae           double precision,
  gate_skill         double precision,
  gate_naive_mae     double precision,
  gate_champion_mae  double precision,
  gate_champion      text,
  -- The run's change number when this row last changed.
  change_number      bigint NOT NULL DEFAULT 1,
  create_time        timestamptz NOT NULL DEFAULT clock_timestamp(),
  start_time         timestamptz,
  end_time           timestamptz,
  update_time        timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (run_id, job_id),
  UNIQUE (run_id, plant_id, circuit_id),
  CHECK ((lease_expire_time IS NOT NULL) = (state = 'RUNNING')),
  CHECK ((end_time IS NOT NULL) = (state IN ('SUCCEEDED', 'FAILED', 'CANCELLED'))),
  CHECK ((model_version IS NOT NULL) = (state = 'SUCCEEDED')),
  CHECK (state <> 'FAILED' OR failure_kind IS NOT NULL)
);

-- What the claim looks at: what runs, and what waits.
CREATE INDEX training_jobs_running ON trainer.training_jobs (run_id) WHERE state = 'RUNNING';
CREATE INDEX training_jobs_queued
  ON trainer.training_jobs (environment, run_id, plant_id, circuit_id) WHERE state = 'QUEUED';
CREATE INDEX training_jobs_state ON trainer.training_jobs (run_id, state);
CREATE INDEX training_jobs_changes ON trainer.training_jobs (run_id, change_number);

-- A job ends once; a lease epoch never falls. The statements say so too: this is for those who
-- will write the next one.
CREATE FUNCTION trainer.refuse_to_leave_a_terminal_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state IN ('SUCCEEDED', 'FAILED', 'CANCELLED') AND NEW.state <> OLD.state THEN
    RAISE EXCEPTION '% is a terminal state and is never left', OLD.state
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION trainer.refuse_to_lower_a_lease_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.lease_epoch < OLD.lease_epoch THEN
    RAISE EXCEPTION 'a lease epoch never falls (% to %)', OLD.lease_epoch, NEW.lease_epoch
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER training_runs_end_once BEFORE UPDATE OF state ON trainer.training_runs
  FOR EACH ROW EXECUTE FUNCTION trainer.refuse_to_leave_a_terminal_state();
CREATE TRIGGER training_jobs_end_once BEFORE UPDATE OF state ON trainer.training_jobs
  FOR EACH ROW EXECUTE FUNCTION trainer.refuse_to_leave_a_terminal_state();
CREATE TRIGGER training_jobs_fence BEFORE UPDATE OF lease_epoch ON trainer.training_jobs
  FOR EACH ROW EXECUTE FUNCTION trainer.refuse_to_lower_a_lease_epoch();

-- One row, locked by every claim: claims are made one after the other over all replicas, so that
-- each counts what the one before has claimed.
CREATE TABLE trainer.claim_gate (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row)
);
INSERT INTO trainer.claim_gate DEFAULT VALUES;

CREATE TABLE trainer.replicas (
  name            text NOT NULL,
  environment     text NOT NULL,
  first_seen_time timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_seen_time  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (name, environment)
);
