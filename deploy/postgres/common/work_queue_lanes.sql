-- What a fetch reads of groups, in rows that rarely change: a group's own row has a new version at each
-- end of a task, and somebody's long transaction keeps all of them in every reader's way.
-- `task_groups.fetch_floor` is of programs before this alone.

-- The tasks of a group that have one pool and one priority, while the group has not ended.
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

-- The attempt that a hold is; NULL where its fetch wrote the task's row.
ALTER TABLE task_holds ADD COLUMN attempt_count integer;

LOCK TABLE task_groups IN SHARE ROW EXCLUSIVE MODE;
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
SELECT make_lanes(group_id) FROM task_groups WHERE end_time IS NULL;

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

-- Takes up to `most` tasks of a pool for a holder. Pools
-- with a limit are locked first, in order, and their counts are then the newest there are: a row
-- locked in a statement is read as it is when the lock is had. Everything else is looked at without
-- waiting. Lanes are visited lazily, one share each, so that no more rows are locked than are asked
-- for. That a key is free is made sure by the primary key of task_holds.
CREATE OR REPLACE FUNCTION fetch_tasks(of_queue text, of_pool text, most integer, by_holder text, lease_ms bigint)
RETURNS TABLE (task_id bigint, lease_epoch bigint, group_id text, name text, key text, pools text[],
               payload jsonb, attempt_count integer, max_attempts integer, attempt_timeout_ms bigint,
               stall_timeout_ms bigint, pin jsonb)
LANGUAGE plpgsql SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off
SET lock_timeout = '5s'
AS $$
#variable_conflict use_column
BEGIN RETURN QUERY
  WITH live AS MATERIALIZED (
    SELECT l.*, first.ready_time
    FROM task_lanes l
    CROSS JOIN LATERAL (
      SELECT t.ready_time FROM tasks t
      WHERE t.group_id = l.group_id AND t.pool = l.pool AND t.priority = l.priority
        AND t.state = 'QUEUED' AND t.ready_time >= l.fetch_floor
        AND t.ready_time <= statement_timestamp()
      ORDER BY t.ready_time, t.task_id LIMIT 1) first
    WHERE l.queue = of_queue AND l.pool = of_pool AND NOT l.paused),
  bounded AS MATERIALIZED (
    SELECT p.pool_id, p."limit" - p.running AS room, p.paused
    FROM pools p
    WHERE (p."limit" IS NOT NULL OR p.paused) AND EXISTS (SELECT FROM live)
    ORDER BY p.pool_id FOR UPDATE),
  closed AS MATERIALIZED (
    SELECT coalesce(array_agg(pool_id::text), '{}') AS pools FROM bounded
    WHERE paused OR room <= 0),
  groups AS MATERIALIZED (
    SELECT group_id, count(*) OVER () AS all_groups FROM (SELECT DISTINCT group_id FROM live) d),
  turns AS MATERIALIZED (
    SELECT live.*, all_groups,
           row_number() OVER (ORDER BY CASE WHEN all_groups > 1 THEN
             (SELECT count(*) FROM task_holds h WHERE h.group_id = live.group_id) END,
             live.create_time, live.group_id, live.priority DESC) AS turn
    FROM live JOIN groups USING (group_id)),
  chosen AS MATERIALIZED (
    SELECT t.*, l.turn FROM (SELECT * FROM turns ORDER BY turn) l
    CROSS JOIN LATERAL (
      SELECT t.task_id, t.queue, t.key, t.pools, t.lease_epoch, t.group_id, t.attempt_timeout_ms,
             t.stall_timeout_ms, t.ready_time
      FROM tasks t
      WHERE t.group_id = l.group_id AND t.pool = of_pool AND t.priority = l.priority
        AND t.state = 'QUEUED' AND t.ready_time >= l.ready_time
        AND t.ready_time <= statement_timestamp()
        AND NOT t.pools && (SELECT pools FROM closed)
        -- Not as a join, which might read all holds, and all that were.
        AND (SELECT h.task_id FROM task_holds h WHERE h.queue = t.queue AND h.key = t.key) IS NULL
      ORDER BY t.ready_time, t.task_id
      LIMIT (most::bigint + l.all_groups - 1) / l.all_groups FOR UPDATE OF t SKIP LOCKED) t
    LIMIT most::int),
  admitted AS (
    SELECT c.* FROM chosen c
    WHERE NOT EXISTS (
      SELECT FROM (
        SELECT o.task_id, b.room, row_number() OVER (PARTITION BY b.pool_id
                 ORDER BY o.turn, o.ready_time, o.task_id) AS nth
        FROM bounded b JOIN chosen o ON b.pool_id = ANY (o.pools) WHERE b.room IS NOT NULL) x
      WHERE x.task_id = c.task_id AND x.nth > x.room)),
  held AS (
    INSERT INTO task_holds (queue, key, task_id, group_id, lease_epoch, holder,
                                lease_expire_time, attempt_deadline, stall_deadline,
                                stall_timeout_ms)
    SELECT queue, key, task_id, group_id, lease_epoch + 1, by_holder,
           clock_timestamp() + lease_ms::bigint * interval '1 ms',
           coalesce(clock_timestamp() + attempt_timeout_ms * interval '1 ms', 'infinity'),
           coalesce(clock_timestamp() + stall_timeout_ms * interval '1 ms', 'infinity'),
           stall_timeout_ms
    FROM admitted ORDER BY queue, key
    ON CONFLICT (queue, key) DO NOTHING
    RETURNING task_id),
  taken AS (
    UPDATE tasks t SET
      state = 'RUNNING', state_reason = '', lease_epoch = t.lease_epoch + 1,
      attempt_count = t.attempt_count + 1, holder = by_holder, progress = NULL,
      start_time = coalesce(t.start_time, clock_timestamp()), update_time = clock_timestamp()
    FROM held WHERE t.task_id = held.task_id
    RETURNING t.task_id, t.lease_epoch, t.group_id, t.name, t.key, t.pools, t.payload,
              t.attempt_count, t.max_attempts, t.attempt_timeout_ms, t.stall_timeout_ms),
  counted AS (
    UPDATE pools p SET running = p.running + c.fetched
    FROM (SELECT pool_id, count(*) AS fetched FROM taken JOIN bounded ON pool_id = ANY (pools)
          WHERE room IS NOT NULL GROUP BY pool_id) c
    WHERE p.pool_id = c.pool_id),
  starting AS (
    SELECT DISTINCT group_id FROM taken JOIN live USING (group_id) WHERE NOT begun),
  begun AS (
    UPDATE task_groups g SET state = 'RUNNING', start_time = clock_timestamp(),
      update_time = clock_timestamp(), change_number = g.change_number + 1
    FROM (SELECT group_id FROM task_groups
          WHERE group_id IN (SELECT group_id FROM starting) AND start_time IS NULL
          FOR UPDATE SKIP LOCKED) b
    WHERE g.group_id = b.group_id RETURNING g.group_id),
  -- Tasks of a group are ready a microsecond after one another: so many have been passed. Not at each
  -- fetch, for a lane has dead versions too.
  moved AS (
    UPDATE task_lanes l SET fetch_floor = greatest(l.fetch_floor, m.ready_time),
      begun = l.begun OR coalesce(m.has_begun, false)
    FROM (SELECT t.pool, t.group_id, t.priority, live.ready_time, h.has_begun
          FROM live JOIN task_lanes t USING (queue, pool, group_id, priority, revision)
          LEFT JOIN (
            SELECT group_id, true AS has_begun FROM begun UNION
            SELECT group_id, true FROM task_groups
            WHERE group_id IN (SELECT group_id FROM starting) AND start_time IS NOT NULL) h
            USING (group_id)
          WHERE live.ready_time > live.fetch_floor + interval '200 us' OR h.has_begun
          FOR UPDATE OF t SKIP LOCKED) m
    WHERE l.queue = of_queue AND l.pool = m.pool AND l.group_id = m.group_id
      AND l.priority = m.priority)
  SELECT taken.*, (SELECT l.pin FROM live l WHERE l.group_id = taken.group_id LIMIT 1)
  FROM taken ORDER BY taken.task_id;
END $$;

-- What becomes of tasks that are locked: [{"task_id", "state", "reason", "attempt_count" (null: as it
-- was), "snooze_count", "wait_ms", "failure", "result", "progress"}]. A group whose last task has
-- ended gets the state of `end_states` that is 1 + 1 if some succeeded + 2 if some failed + 4 if some
-- were cancelled. Locks groups, then lanes, then pools, each in order, so that no two wait for each other
-- crosswise and nobody holds a pool while waiting for a group; holds go before, for a group's row is
-- what all its tasks' ends wait for.
CREATE OR REPLACE FUNCTION apply_endings(endings jsonb, end_states text[]) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_column
BEGIN
  WITH next AS MATERIALIZED (
    SELECT n.*, t.group_id, t.state AS before, t.pools, t.start_time
    FROM jsonb_to_recordset(endings) AS n(task_id bigint, state text, reason text,
      attempt_count integer, snooze_count integer, wait_ms bigint, failure jsonb, result jsonb,
      progress jsonb)
    JOIN tasks t USING (task_id)),
  deltas AS MATERIALIZED (
    SELECT group_id, bool_or(state = 'QUEUED') AS queued,
           min(start_time) FILTER (WHERE before = 'RUNNING') AS begun,
           count(*) FILTER (WHERE state <> 'QUEUED') AS ended,
           count(*) FILTER (WHERE state = 'SUCCEEDED') AS succeeded,
           count(*) FILTER (WHERE state = 'FAILED') AS failed,
           count(*) FILTER (WHERE state = 'CANCELLED') AS cancelled
    FROM next GROUP BY group_id),
  released AS (
    DELETE FROM task_holds h WHERE h.task_id = ANY (ARRAY(SELECT task_id FROM next))
    RETURNING h.task_id, h.progress),
  locked AS MATERIALIZED (
    SELECT group_id FROM task_groups WHERE group_id IN (SELECT group_id FROM deltas)
      AND (SELECT count(*) FROM released) >= 0
    ORDER BY group_id FOR UPDATE),
  counted AS (
    UPDATE task_groups g SET
      open_count = g.open_count - d.ended, succeeded_count = g.succeeded_count + d.succeeded,
      failed_count = g.failed_count + d.failed,
      cancelled_count = g.cancelled_count + d.cancelled,
      -- A fetch does not wait for this row to say that the group has begun.
      start_time = coalesce(g.start_time, d.begun),
      state = CASE WHEN g.open_count > d.ended AND d.begun IS NULL THEN g.state
                   WHEN g.open_count > d.ended THEN 'RUNNING'
                   ELSE end_states[1 + (g.succeeded_count + d.succeeded > 0)::int
                                     + (g.failed_count + d.failed > 0)::int * 2
                                     + (g.cancelled_count + d.cancelled > 0)::int * 4] END,
      end_time = CASE WHEN g.open_count = d.ended THEN clock_timestamp() END,
      change_number = g.change_number + 1, update_time = clock_timestamp()
    FROM deltas d WHERE g.group_id = d.group_id AND (SELECT count(*) FROM locked) > 0
    RETURNING g.group_id, g.change_number),
  lowered AS (
    UPDATE task_lanes l SET fetch_floor = least(l.fetch_floor, statement_timestamp()),
      revision = l.revision + 1
    FROM (SELECT DISTINCT c.group_id FROM counted c JOIN deltas d USING (group_id) WHERE d.queued) q
    WHERE l.group_id = q.group_id),
  changed AS (
    UPDATE tasks t SET
      state = n.state, state_reason = n.reason,
      attempt_count = coalesce(n.attempt_count, t.attempt_count),
      snooze_count = n.snooze_count,
      ready_time = CASE WHEN n.state = 'QUEUED'
                        THEN clock_timestamp() + n.wait_ms * interval '1 ms'
                        ELSE t.ready_time END,
      failure = CASE WHEN n.state = 'SUCCEEDED' THEN NULL
                     WHEN n.failure IS NULL THEN t.failure
                     ELSE n.failure || jsonb_build_object('time',
                                         extract(epoch FROM clock_timestamp())) END,
      result = n.result, progress = coalesce(n.progress, r.progress, t.progress),
      end_time = CASE WHEN n.state <> 'QUEUED' THEN clock_timestamp() END,
      update_time = clock_timestamp(), change_number = c.change_number
    FROM next n JOIN counted c USING (group_id) LEFT JOIN released r USING (task_id)
    WHERE t.task_id = n.task_id),
  leaving AS MATERIALIZED (
    SELECT pool_id, count(*) AS tasks FROM next, unnest(pools) AS p(pool_id)
    WHERE before = 'RUNNING' GROUP BY pool_id),
  free AS MATERIALIZED (
    SELECT pool_id FROM pools
    WHERE "limit" IS NOT NULL AND pool_id IN (SELECT pool_id FROM leaving)
      AND (SELECT count(*) FROM counted) > 0
    ORDER BY pool_id FOR UPDATE)
  UPDATE pools p SET running = greatest(0, p.running - l.tasks)
  FROM leaving l JOIN free USING (pool_id) WHERE p.pool_id = l.pool_id;
END $$;

-- Of successes, as apply_endings takes them and with their "lease_epoch": ends those that are held
-- under it. Gives the state in which it found each that had ended or was held: as lock_held does.
CREATE FUNCTION succeed_tasks(successes jsonb, end_states text[])
RETURNS TABLE (task_id bigint, state text)
LANGUAGE plpgsql SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off
SET lock_timeout = '10s'
AS $$
#variable_conflict use_column
DECLARE
  found_states jsonb;
BEGIN
  SELECT coalesce(jsonb_object_agg(h.task_id, h.state), '{}') INTO found_states
  FROM lock_held(successes) h;
  PERFORM apply_endings(held.endings, end_states)
  FROM (SELECT jsonb_agg(s) AS endings FROM jsonb_array_elements(successes) s
        WHERE found_states ->> (s ->> 'task_id') = 'RUNNING') held
  WHERE held.endings IS NOT NULL;
  RETURN QUERY SELECT key::bigint, value FROM jsonb_each_text(found_states);
END $$;

-- Keeps counts right, and gives how many attempts are dead.
CREATE OR REPLACE FUNCTION tend_queue(of_queue text) RETURNS integer
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  -- A pool that is given a limit begins with a count that a fetch under way may not be in.
  PERFORM FROM pools WHERE "limit" IS NOT NULL ORDER BY pool_id FOR UPDATE;
  IF FOUND THEN
    WITH working AS (
      SELECT p.pool_id, count(*) AS running
      FROM task_holds h JOIN tasks t USING (task_id) CROSS JOIN unnest(t.pools) AS p(pool_id)
      GROUP BY p.pool_id)
    UPDATE pools p SET running = c.running
    FROM (SELECT pool_id, coalesce(working.running, 0) AS running
          FROM pools LEFT JOIN working USING (pool_id)) c
    WHERE p.pool_id = c.pool_id AND p."limit" IS NOT NULL AND p.running <> c.running;
  END IF;
  RETURN (SELECT count(*) FROM task_holds
          WHERE queue = of_queue AND least(lease_expire_time, attempt_deadline, stall_deadline)
                                     <= clock_timestamp());
END $$;
