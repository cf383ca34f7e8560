-- The work queue (common/workqueue) in the schema of the service that uses it. A task is a unit of
-- work that one of many replicas may hold; a group is what was asked for at once; a pool is a limit
-- and a pause; a hold is a task in the hands of a replica. All time is this database's. Ids compare
-- by bytes, so that pages and fetches have one order whatever the locale.

CREATE TABLE task_groups (
  group_id          text COLLATE "C" PRIMARY KEY,
  queue             text NOT NULL,
  -- What its service pinned when it was made; the queue never reads it.
  pin               jsonb NOT NULL,
  state             text NOT NULL DEFAULT 'QUEUED'
                    CHECK (state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'PARTIALLY_SUCCEEDED',
                                     'FAILED', 'CANCELLED')),
  paused            boolean NOT NULL DEFAULT false,
  -- Of its tasks; changed by as much as a transaction changes, never counted anew. Those that run
  -- are counted in task_holds, so that a fetch need not lock this row.
  open_count        integer NOT NULL DEFAULT 0 CHECK (open_count >= 0),
  succeeded_count   integer NOT NULL DEFAULT 0,
  failed_count      integer NOT NULL DEFAULT 0,
  cancelled_count   integer NOT NULL DEFAULT 0,
  -- Raised, under this row's lock, by every transaction that changes tasks other than by fetching
  -- them: a watcher that has seen number n misses nothing by asking for what is above n, and for
  -- what runs now.
  change_number     bigint NOT NULL DEFAULT 1,
  -- The pools and the priorities that its tasks have: its lanes.
  task_pools        text[] NOT NULL DEFAULT '{}',
  priorities        smallint[] NOT NULL DEFAULT '{}',
  create_time       timestamptz NOT NULL DEFAULT clock_timestamp(),
  start_time        timestamptz,
  end_time          timestamptz,
  update_time       timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK ((end_time IS NULL) = (state IN ('QUEUED', 'RUNNING')))
) WITH (fillfactor = 50);
CREATE INDEX task_groups_newest ON task_groups (queue, group_id DESC);
CREATE INDEX task_groups_ended ON task_groups (queue, end_time) WHERE end_time IS NOT NULL;

-- A task is made with its group, in one transaction, and goes before it: to look that up for each of
-- ten thousand, as a foreign key does, takes a fifth of the time in which they are made.
CREATE TABLE tasks (
  task_id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue              text NOT NULL,
  group_id           text COLLATE "C" NOT NULL,
  name               text COLLATE "C" NOT NULL,
  -- Of the tasks of one key, one runs at a time.
  key                text COLLATE "C" NOT NULL,
  -- The pool whose replicas run it; and all pools whose limits and pauses it heeds, that one too.
  pool               text NOT NULL,
  pools              text[] NOT NULL,
  priority           smallint NOT NULL DEFAULT 0,
  payload            jsonb NOT NULL,  -- opaque to the queue
  max_attempts       integer NOT NULL CHECK (max_attempts > 0),
  -- NULL: no bound. An attempt ends at the first of: its lease, this long after its fetch, this
  -- long after the last progress.
  attempt_timeout_ms bigint,
  stall_timeout_ms   bigint,
  -- QUEUED while somebody holds it, too: until the attempt ends its hold alone says that it runs.
  -- The end writes what the hold said: epoch, holder, attempt, start.
  state              text NOT NULL DEFAULT 'QUEUED'
                     CHECK (state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
  state_reason       text NOT NULL DEFAULT '',
  attempt_count      integer NOT NULL DEFAULT 0 CHECK (attempt_count >= 0),
  snooze_count       integer NOT NULL DEFAULT 0,  -- since the last attempt that counted
  -- The fence: raised by every fetch, named by every write of a holder.
  lease_epoch        bigint NOT NULL DEFAULT 0,
  holder             text NOT NULL DEFAULT '',    -- of the last attempt
  -- Not fetched before: the wait after a failure or a snooze; 'infinity' while it is paused. It is
  -- the task's age too: those of a group are ready a microsecond after one another.
  ready_time         timestamptz NOT NULL DEFAULT clock_timestamp(),
  failure            jsonb,  -- of the last failed attempt: kind, reason, message, attempt, time
  progress           jsonb,  -- the last of the last attempt; of a running one it is in task_holds
  result             jsonb,
  change_number      bigint NOT NULL DEFAULT 1,   -- the group's when this row last changed
  create_time        timestamptz NOT NULL DEFAULT clock_timestamp(),
  start_time         timestamptz,
  end_time           timestamptz,
  update_time        timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK ((end_time IS NOT NULL) = (state IN ('SUCCEEDED', 'FAILED', 'CANCELLED'))),
  CHECK (pool = ANY (pools)),
  CHECK (state <> 'FAILED' OR failure IS NOT NULL)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02,
        autovacuum_analyze_scale_factor = 0.02);
CREATE UNIQUE INDEX tasks_by_name ON tasks (group_id DESC, name);
CREATE INDEX tasks_to_fetch ON tasks (group_id, pool, priority, ready_time, task_id)
  WHERE state = 'QUEUED';
CREATE INDEX tasks_queued_by_key ON tasks (queue, key) WHERE state = 'QUEUED';
CREATE INDEX tasks_by_change ON tasks (group_id, change_number, task_id);

-- One row for each task that runs, and nothing else says that it does: a fetch writes one small row,
-- not the task's with its payload and its entries in every index. Renewal and progress write here
-- alone, in place: no index holds what they change, and no group, task or pool is locked.
CREATE TABLE task_holds (
  queue             text NOT NULL,
  key               text COLLATE "C" NOT NULL,
  task_id           bigint NOT NULL,
  group_id          text COLLATE "C" NOT NULL,
  lease_epoch       bigint NOT NULL,
  holder            text NOT NULL,
  start_time        timestamptz NOT NULL DEFAULT clock_timestamp(),
  lease_expire_time timestamptz NOT NULL,
  attempt_deadline  timestamptz NOT NULL DEFAULT 'infinity',
  stall_deadline    timestamptz NOT NULL DEFAULT 'infinity',
  stall_timeout_ms  bigint,
  progress          jsonb,
  attempt_count     integer,  -- which attempt of the task this is
  PRIMARY KEY (queue, key)
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE UNIQUE INDEX task_holds_by_task ON task_holds (task_id);
CREATE INDEX task_holds_by_group ON task_holds (group_id);

-- The tasks of a group that have one pool and one priority, while the group has not ended. All that a
-- fetch reads of groups, in rows that rarely change: a group's own row has a new version at each end
-- of a task, and somebody's long transaction keeps all of them in every reader's way.
CREATE TABLE task_lanes (
  queue       text NOT NULL,
  pool        text NOT NULL,
  group_id    text COLLATE "C" NOT NULL,
  priority    smallint NOT NULL,
  create_time timestamptz NOT NULL,  -- of the group
  pin         jsonb NOT NULL,        -- of the group
  paused      boolean NOT NULL,      -- the group is
  begun       boolean NOT NULL DEFAULT false,  -- the group is known to have
  -- No queued task is ready before. Raised behind what has been fetched, so that a fetch does not
  -- pass its dead versions, by who locks this row and finds the revision that his snapshot had.
  fetch_floor timestamptz NOT NULL DEFAULT '-infinity',
  -- Raised by who queues a task of the group again, who lowers the floor in case the clock was set
  -- back; its lock comes after the group's.
  revision    bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (queue, pool, group_id, priority)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
CREATE INDEX task_lanes_of_group ON task_lanes (group_id);

-- Every pool that a task has named. `running` is kept for pools that have a limit.
CREATE TABLE pools (
  pool_id     text COLLATE "C" PRIMARY KEY,
  "limit"     integer CHECK ("limit" >= 0),  -- NULL: none
  paused      boolean NOT NULL DEFAULT false,
  running     integer NOT NULL DEFAULT 0,
  reason      text NOT NULL DEFAULT '',      -- why it is limited or paused, for people
  update_time timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 20);
INSERT INTO pools (pool_id) VALUES ('fleet');

-- Who works: the processes that fetch, and for which pools.
CREATE TABLE replicas (
  queue           text NOT NULL,
  name            text NOT NULL,
  pools           text[] NOT NULL,
  slots           integer NOT NULL,
  last_seen_time  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (queue, name)
);

-- A task ends once; a lease epoch never falls. The statements say so too: this is for those who
-- will write the next one.
CREATE FUNCTION guard_tasks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state IN ('SUCCEEDED', 'FAILED', 'CANCELLED') AND NEW.state <> OLD.state THEN
    RAISE EXCEPTION '% is a terminal state and is never left', OLD.state
      USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.lease_epoch < OLD.lease_epoch THEN
    RAISE EXCEPTION 'a lease epoch never falls (% to %)', OLD.lease_epoch, NEW.lease_epoch
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER tasks_end_once BEFORE UPDATE OF state, lease_epoch ON tasks
  FOR EACH ROW WHEN (OLD.state IN ('SUCCEEDED', 'FAILED', 'CANCELLED')
                     OR NEW.lease_epoch < OLD.lease_epoch)
  EXECUTE FUNCTION guard_tasks();

-- Groups make their lanes, pause and remove them.
CREATE FUNCTION make_lanes(of_group text) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
  INSERT INTO task_lanes AS l (queue, pool, group_id, priority, create_time, pin, paused)
  SELECT queue, pool, group_id, priority, create_time, pin, paused
  FROM task_groups CROSS JOIN unnest(task_pools) AS p(pool) CROSS JOIN unnest(priorities) AS r(priority)
  WHERE group_id = of_group AND end_time IS NULL
  -- A task may have come from another lane, where it was ready long before.
  ON CONFLICT (queue, pool, group_id, priority) DO UPDATE SET fetch_floor = '-infinity',
    revision = l.revision + 1;
$$;

CREATE FUNCTION keep_lanes() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM make_lanes(NEW.group_id);
  RETURN NULL;
END $$;
CREATE TRIGGER task_groups_have_lanes AFTER INSERT OR UPDATE OF task_pools, priorities ON task_groups
  FOR EACH ROW WHEN (NEW.end_time IS NULL) EXECUTE FUNCTION keep_lanes();

CREATE FUNCTION tell_lanes() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF NEW.end_time IS NOT NULL THEN
    DELETE FROM task_lanes WHERE group_id = NEW.group_id;
  ELSE
    UPDATE task_lanes SET paused = NEW.paused WHERE group_id = NEW.group_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER task_groups_tell_lanes AFTER UPDATE OF paused, end_time ON task_groups
  FOR EACH ROW WHEN (NEW.paused <> OLD.paused OR NEW.end_time IS DISTINCT FROM OLD.end_time)
  EXECUTE FUNCTION tell_lanes();
