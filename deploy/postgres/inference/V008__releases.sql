-- serves programs from version 5
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

-- What a deployment was made of, to be held against what is asked for; empty: not known.
ALTER TABLE inference.deployments
  ADD COLUMN training_hash text NOT NULL DEFAULT '',
  ADD COLUMN deployment_hash text NOT NULL DEFAULT '',
  ADD COLUMN cutoff_date text NOT NULL DEFAULT '',
  ADD COLUMN mae double precision,    -- on held-out rows; NULL: the version does not say
  ADD COLUMN skill double precision;

-- A circuit that is deployed has a status, whoever deployed it.
CREATE FUNCTION inference.note_deployment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO inference.circuit_statuses (plant_id, circuit_id, display_name)
  VALUES (NEW.plant_id, NEW.circuit_id, NEW.display_name) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER deployments_have_a_status AFTER INSERT ON inference.deployments
  FOR EACH ROW EXECUTE FUNCTION inference.note_deployment();
INSERT INTO inference.circuit_statuses (plant_id, circuit_id, display_name)
SELECT plant_id, circuit_id, display_name FROM inference.deployments ORDER BY 1, 2;

-- The release in force, of which there is one or none; who makes a release locks this row.
CREATE TABLE inference.release_in_force (
  only_row      boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  release_id    text COLLATE "C" NOT NULL DEFAULT '',
  config_commit text NOT NULL DEFAULT ''
);
INSERT INTO inference.release_in_force DEFAULT VALUES;

-- A circuit's last failed invocation.
CREATE INDEX tasks_failed_by_key ON inference.tasks (queue, key, end_time DESC)
  WHERE state = 'FAILED';
