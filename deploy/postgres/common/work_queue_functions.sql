-- What every fetch and every ending runs, as functions: their plans are made once for a session of
-- the server's. To plan them for each call takes longer than to run them. The plans are generic, and
-- use indexes whatever the statistics say, which know nothing of what came a moment ago. They are
-- several statements each: to prepare one that does all for execution takes longer than to run it.
-- Holds are looked up row by row, never joined: of a table that was empty when vacuum saw it, the
-- planner thinks that a join may as well read all of it, and all holds that were are still there while
-- somebody's transaction keeps vacuum from them.

-- Takes up to `most` tasks of a pool for a holder, none of `except_groups`: of a group whose row
-- somebody keeps locked, each task that ends waits for that, and whoever works on them would soon do
-- nothing else. Pools with a limit are locked first, in order, and their counts are then the newest
-- there are. Everything else is looked at without waiting. Lanes are visited lazily, one share each,
-- so that no more rows are locked than are asked for. That a key is free is made sure by the primary
-- key of task_holds.
CREATE OR REPLACE FUNCTION fetch_tasks(of_queue text, of_pool text, most integer, by_holder text, lease_ms bigint,
                            except_groups text[])
RETURNS TABLE (task_id bigint, lease_epoch bigint, group_id text, name text, key text, pools text[],
               payload jsonb, attempt_count integer, max_attempts integer, attempt_timeout_ms bigint,
               stall_timeout_ms bigint, pin jsonb)
LANGUAGE plpgsql SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off
SET lock_timeout = '5s'
AS $$
#variable_conflict use_column
DECLARE
  rooms jsonb;     -- of pools that have a limit: how many more may run
  closed text[];
  taken bigint[];
  epochs bigint[];
  attempts integer[];
  passed jsonb;    -- the floors that may be raised, and the lanes that begin
  any_ready boolean;
BEGIN
  -- Who has nothing to fetch locks no pool.
  IF NOT EXISTS (SELECT FROM task_lanes l
                 WHERE l.queue = of_queue AND l.pool = of_pool AND NOT l.paused
                   AND l.group_id <> ALL (except_groups)) THEN
    RETURN;
  END IF;
  SELECT jsonb_object_agg(b.pool_id, b.room) FILTER (WHERE b.room IS NOT NULL),
         coalesce(array_agg(b.pool_id::text) FILTER (WHERE b.paused OR b.room <= 0), '{}')
  INTO rooms, closed
  FROM (SELECT p.pool_id, p."limit" - p.running AS room, p.paused FROM pools p
        WHERE p."limit" IS NOT NULL OR p.paused ORDER BY p.pool_id FOR UPDATE) b;

  -- Who saw tasks that others have taken since, and are not locked any more, looks again.
  FOR try IN 1..3 LOOP
    WITH live AS MATERIALIZED (
      SELECT l.*, first.ready_time
      FROM task_lanes l
      CROSS JOIN LATERAL (
        SELECT t.ready_time FROM tasks t
        WHERE t.group_id = l.group_id AND t.pool = l.pool AND t.priority = l.priority
          AND t.state = 'QUEUED' AND t.ready_time >= l.fetch_floor
          AND t.ready_time <= statement_timestamp()
          -- What waits for its key is not passed.
          AND (SELECT h.task_id FROM task_holds h WHERE h.task_id = t.task_id) IS NULL
        ORDER BY t.ready_time, t.task_id LIMIT 1) first
      WHERE l.queue = of_queue AND l.pool = of_pool AND NOT l.paused
        AND l.group_id <> ALL (except_groups)),
    turns AS MATERIALIZED (
      SELECT l.group_id, l.priority, l.ready_time, g.all_groups,
             row_number() OVER (ORDER BY CASE WHEN g.all_groups > 1 THEN
               (SELECT count(*) FROM task_holds h WHERE h.group_id = l.group_id) END,
               l.create_time, l.group_id, l.priority DESC) AS turn
      FROM live l CROSS JOIN (SELECT count(DISTINCT group_id) AS all_groups FROM live) g),
    chosen AS MATERIALIZED (
      SELECT t.*, l.turn FROM (SELECT * FROM turns ORDER BY turn) l
      CROSS JOIN LATERAL (
        SELECT t.task_id, t.queue, t.key, t.pools, t.lease_epoch, t.group_id, t.attempt_count,
               t.attempt_timeout_ms, t.stall_timeout_ms, t.ready_time
        FROM tasks t
        WHERE t.group_id = l.group_id AND t.pool = of_pool AND t.priority = l.priority
          AND t.state = 'QUEUED' AND t.ready_time >= l.ready_time
          AND t.ready_time <= statement_timestamp()
          AND NOT t.pools && closed
          AND (SELECT h.task_id FROM task_holds h WHERE h.queue = t.queue AND h.key = t.key) IS NULL
        ORDER BY t.ready_time, t.task_id
        LIMIT (most::bigint + l.all_groups - 1) / l.all_groups FOR UPDATE OF t SKIP LOCKED) t
      LIMIT most::int),
    held AS (
      INSERT INTO task_holds (queue, key, task_id, group_id, lease_epoch, holder, lease_expire_time,
                              attempt_deadline, stall_deadline, stall_timeout_ms, attempt_count)
      SELECT c.queue, c.key, c.task_id, c.group_id, c.lease_epoch + 1, by_holder,
             clock_timestamp() + lease_ms * interval '1 ms',
             coalesce(clock_timestamp() + c.attempt_timeout_ms * interval '1 ms', 'infinity'),
             coalesce(clock_timestamp() + c.stall_timeout_ms * interval '1 ms', 'infinity'),
             c.stall_timeout_ms, c.attempt_count + 1
      FROM chosen c
      -- Those that find room in all their pools.
      WHERE rooms IS NULL OR NOT EXISTS (
        SELECT FROM (
          SELECT o.task_id, b.value::bigint AS room, row_number() OVER (
                   PARTITION BY b.key ORDER BY o.turn, o.ready_time, o.task_id) AS nth
          FROM jsonb_each_text(rooms) b JOIN chosen o ON b.key = ANY (o.pools)) x
        WHERE x.task_id = c.task_id AND x.nth > x.room)
      ORDER BY c.queue, c.key
      ON CONFLICT (queue, key) DO NOTHING
      RETURNING task_id, lease_epoch, attempt_count)
    -- Tasks of a group are ready a microsecond after one another: so many have been passed. Not at each
    -- fetch, for a lane has dead versions too.
    SELECT h.taken, h.epochs, h.attempts,
           (SELECT jsonb_agg(jsonb_build_object('group_id', l.group_id, 'priority', l.priority,
                     'revision', l.revision, 'ready_time', l.ready_time, 'begun', l.begun))
            FROM live l WHERE l.ready_time > l.fetch_floor + interval '200 us' OR NOT l.begun),
           EXISTS (SELECT FROM live)
    INTO taken, epochs, attempts, passed, any_ready
    FROM (SELECT array_agg(held.task_id ORDER BY held.task_id) AS taken,
                 array_agg(held.lease_epoch ORDER BY held.task_id) AS epochs,
                 array_agg(held.attempt_count ORDER BY held.task_id) AS attempts FROM held) h;
    EXIT WHEN taken IS NOT NULL OR NOT any_ready;
  END LOOP;

  IF passed IS NOT NULL THEN
    WITH p AS MATERIALIZED (
      SELECT * FROM jsonb_to_recordset(passed) AS p(group_id text, priority smallint,
        revision bigint, ready_time timestamptz, begun boolean)),
    starting AS MATERIALIZED (
      SELECT DISTINCT t.group_id FROM p JOIN tasks t USING (group_id)
      WHERE NOT p.begun AND t.task_id = ANY (taken)),
    begun AS (
      UPDATE task_groups g SET state = 'RUNNING', start_time = clock_timestamp(),
        update_time = clock_timestamp(), change_number = g.change_number + 1
      FROM (SELECT group_id FROM task_groups
            WHERE group_id IN (SELECT group_id FROM starting) AND start_time IS NULL
            FOR UPDATE SKIP LOCKED) b
      WHERE g.group_id = b.group_id RETURNING g.group_id),
    known AS (
      SELECT group_id FROM begun UNION
      SELECT group_id FROM task_groups
      WHERE group_id IN (SELECT group_id FROM starting) AND start_time IS NOT NULL)
    UPDATE task_lanes l SET fetch_floor = greatest(l.fetch_floor, m.ready_time),
      begun = l.begun OR m.has_begun
    FROM (SELECT t.group_id, t.priority, p.ready_time,
                 p.group_id IN (SELECT group_id FROM known) AS has_begun
          FROM p JOIN task_lanes t USING (group_id, priority, revision)
          WHERE t.queue = of_queue AND t.pool = of_pool
            -- A lane that nobody may fetch from is not written to.
            AND (p.ready_time > t.fetch_floor + interval '200 us'
                 OR NOT t.begun AND p.group_id IN (SELECT group_id FROM known))
          FOR UPDATE OF t SKIP LOCKED) m
    WHERE l.queue = of_queue AND l.pool = of_pool AND l.group_id = m.group_id
      AND l.priority = m.priority;
  END IF;
  IF rooms IS NOT NULL AND taken IS NOT NULL THEN
    UPDATE pools p SET running = p.running + c.fetched
    FROM (SELECT pool_id, count(*) AS fetched
          FROM tasks t CROSS JOIN unnest(t.pools) AS u(pool_id)
          WHERE t.task_id = ANY (taken) AND rooms ? pool_id GROUP BY pool_id) c
    WHERE p.pool_id = c.pool_id;
  END IF;
  RETURN QUERY
  SELECT t.task_id, n.lease_epoch, t.group_id, t.name, t.key, t.pools, t.payload, n.attempt_count,
         t.max_attempts, t.attempt_timeout_ms, t.stall_timeout_ms,
         (SELECT l.pin FROM task_lanes l
          WHERE l.queue = t.queue AND l.pool = t.pool AND l.group_id = t.group_id
            AND l.priority = t.priority)
  FROM unnest(taken, epochs, attempts) AS n(task_id, lease_epoch, attempt_count)
  JOIN tasks t USING (task_id)
  ORDER BY t.task_id;
END $$;

-- Locks the tasks of holds, [{"task_id", "lease_epoch"}]. Gives those that are held under that epoch,
-- RUNNING, and those that have ended or wait again since. Holds are looked at when the locks are had.
CREATE OR REPLACE FUNCTION lock_held(holds jsonb) RETURNS TABLE (task_id bigint, state text)
LANGUAGE plpgsql SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_column
BEGIN
  PERFORM FROM jsonb_to_recordset(holds) AS n(task_id bigint) JOIN tasks t USING (task_id)
  ORDER BY t.task_id FOR UPDATE OF t;
  RETURN QUERY
  SELECT t.task_id, CASE WHEN h.task_id IS NULL THEN t.state ELSE 'RUNNING' END
  FROM jsonb_to_recordset(holds) AS n(task_id bigint, lease_epoch bigint)
  JOIN tasks t USING (task_id)
  LEFT JOIN LATERAL (SELECT * FROM task_holds h WHERE h.task_id = t.task_id OFFSET 0) h ON true
  WHERE coalesce(h.lease_epoch, t.lease_epoch) = n.lease_epoch;
END $$;

-- What becomes of tasks that are locked: [{"task_id", "state", "reason", "attempt_count" (null: as it
-- was), "snooze_count", "wait_ms", "failure", "result", "progress"}]. A group whose last task has
-- ended gets the state of `end_states` that is 1 + 1 if some succeeded + 2 if some failed + 4 if some
-- were cancelled. Locks groups, then lanes, then pools, each in order, so that no two wait for each
-- other crosswise and nobody holds a pool while waiting for a group. A group's row is what the ends of
-- all its tasks wait for: what can be done before is, and it is waited for in a statement of its own,
-- for who has waited prepares all of a statement once more. Whoever waits holds the locks of its
-- tasks' holds meanwhile, which nobody can renew: by the lock timeout he lets go of them now and then.
CREATE OR REPLACE FUNCTION apply_endings(endings jsonb, end_states text[]) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off
SET lock_timeout = '2s'
AS $$
#variable_conflict use_column
DECLARE
  groups text[];
  queued_in text[];  -- groups of which some are queued again
  leaving jsonb;     -- how many of a pool do not run any more
BEGIN
  WITH released AS (
    DELETE FROM task_holds h
    WHERE h.task_id = ANY (ARRAY(SELECT n.task_id FROM jsonb_to_recordset(endings) AS n(task_id bigint)))
    RETURNING h.task_id, h.progress, h.lease_epoch, h.holder, h.attempt_count, h.start_time),
  next AS MATERIALIZED (
    SELECT t.task_id, t.group_id, t.pools, n.state, n.reason, n.snooze_count, n.wait_ms, n.failure,
           n.result, coalesce(n.attempt_count, r.attempt_count, t.attempt_count) AS attempt_count,
           coalesce(r.lease_epoch, t.lease_epoch) AS lease_epoch,
           coalesce(r.holder, t.holder) AS holder,
           coalesce(t.start_time, r.start_time) AS start_time, r.task_id IS NOT NULL AS ran,
           CASE WHEN r.task_id IS NULL THEN t.progress
                ELSE coalesce(n.progress, r.progress) END AS progress
    FROM jsonb_to_recordset(endings) AS n(task_id bigint, state text, reason text,
      attempt_count integer, snooze_count integer, wait_ms bigint, failure jsonb, result jsonb,
      progress jsonb)
    JOIN tasks t USING (task_id) LEFT JOIN released r USING (task_id))
  SELECT jsonb_agg(next), array_agg(DISTINCT group_id),
         array_agg(DISTINCT group_id) FILTER (WHERE state = 'QUEUED'),
         (SELECT jsonb_object_agg(pool_id, tasks)
          FROM (SELECT pool_id, count(*) AS tasks FROM next, unnest(pools) AS p(pool_id)
                WHERE ran GROUP BY pool_id) l)
  INTO endings, groups, queued_in, leaving FROM next;

  PERFORM FROM task_groups WHERE group_id = ANY (groups) ORDER BY group_id FOR UPDATE;
  WITH next AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(endings) AS n(task_id bigint, group_id text, state text,
      reason text, snooze_count integer, wait_ms bigint, failure jsonb, result jsonb,
      attempt_count integer, lease_epoch bigint, holder text, start_time timestamptz, ran boolean,
      progress jsonb)),
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
    FROM (SELECT group_id, min(start_time) FILTER (WHERE ran) AS begun,
                 count(*) FILTER (WHERE state <> 'QUEUED') AS ended,
                 count(*) FILTER (WHERE state = 'SUCCEEDED') AS succeeded,
                 count(*) FILTER (WHERE state = 'FAILED') AS failed,
                 count(*) FILTER (WHERE state = 'CANCELLED') AS cancelled
          FROM next GROUP BY group_id) d
    WHERE g.group_id = d.group_id
    RETURNING g.group_id, g.change_number)
  UPDATE tasks t SET
    state = n.state, state_reason = n.reason, attempt_count = n.attempt_count,
    lease_epoch = n.lease_epoch, holder = n.holder, start_time = n.start_time,
    snooze_count = n.snooze_count,
    ready_time = CASE WHEN n.state = 'QUEUED'
                      THEN clock_timestamp() + n.wait_ms * interval '1 ms' ELSE t.ready_time END,
    failure = CASE WHEN n.state = 'SUCCEEDED' THEN NULL
                   WHEN n.failure IS NULL THEN t.failure
                   ELSE n.failure || jsonb_build_object('time',
                                       extract(epoch FROM clock_timestamp())) END,
    result = n.result, progress = n.progress,
    end_time = CASE WHEN n.state <> 'QUEUED' THEN clock_timestamp() END,
    update_time = clock_timestamp(), change_number = c.change_number
  FROM next n JOIN counted c USING (group_id)
  WHERE t.task_id = n.task_id;
  IF queued_in IS NOT NULL THEN
    UPDATE task_lanes SET fetch_floor = least(fetch_floor, (
        SELECT min(t.ready_time) FROM jsonb_to_recordset(endings) AS n(task_id bigint, state text)
        JOIN tasks t USING (task_id) WHERE n.state = 'QUEUED')),
      revision = revision + 1
    WHERE group_id = ANY (queued_in);
  END IF;
  IF leaving IS NOT NULL AND EXISTS (SELECT FROM pools WHERE "limit" IS NOT NULL) THEN
    PERFORM FROM pools WHERE "limit" IS NOT NULL AND leaving ? pool_id ORDER BY pool_id FOR UPDATE;
    UPDATE pools p SET running = greatest(0, p.running - (leaving ->> pool_id)::integer)
    WHERE p."limit" IS NOT NULL AND leaving ? pool_id;
  END IF;
END $$;

-- Of successes, as apply_endings takes them and with their "lease_epoch": ends those that are held
-- under it. Gives the state in which it found each that had ended or was held: as lock_held does.
CREATE OR REPLACE FUNCTION succeed_tasks(successes jsonb, end_states text[])
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
