-- What every fetch and every ending runs, as functions: their plans are made once for a session of
-- the server's. To plan them for each call takes longer than to run them. The plans are generic, and
-- use indexes whatever the statistics say, which know nothing of what came a moment ago.
-- Takes up to `most` tasks of a pool for a holder. A lane is a group's tasks of one priority. Pools
-- with a limit are locked first, in order, and their counts are then the newest there are: a row
-- locked in a statement is read as it is when the lock is had. Everything else is looked at without
-- waiting. Lanes are visited lazily, one share each, so that no more rows are locked than are asked
-- for. That a key is free is made sure by the primary key of task_holds.
CREATE FUNCTION fetch_tasks(of_queue text, of_pool text, most integer, by_holder text, lease_ms bigint)
RETURNS TABLE (task_id bigint, lease_epoch bigint, group_id text, name text, key text, pools text[],
               payload jsonb, attempt_count integer, max_attempts integer, attempt_timeout_ms bigint,
               stall_timeout_ms bigint, pin jsonb)
LANGUAGE plpgsql SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_column
BEGIN RETURN QUERY
  WITH live AS MATERIALIZED (
    SELECT g.group_id, g.fetch_floor, g.create_time, g.change_number, l.priority, first.ready_time,
           cardinality(g.task_pools) = 1 AS of_one_pool
    FROM task_groups g CROSS JOIN unnest(g.priorities) AS l(priority)
    CROSS JOIN LATERAL (
      SELECT t.ready_time FROM tasks t
      WHERE t.group_id = g.group_id AND t.pool = of_pool AND t.priority = l.priority
        AND t.state = 'QUEUED' AND t.ready_time >= g.fetch_floor
        AND t.ready_time <= statement_timestamp()
      ORDER BY t.ready_time, t.task_id LIMIT 1) first
    WHERE g.queue = of_queue AND g.end_time IS NULL AND NOT g.paused
      AND of_pool = ANY (g.task_pools)),
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
  begun AS (
    UPDATE task_groups g SET state = 'RUNNING', start_time = clock_timestamp(),
      update_time = clock_timestamp(), change_number = g.change_number + 1
    FROM (SELECT group_id FROM task_groups
          WHERE group_id IN (SELECT group_id FROM taken) AND start_time IS NULL
          FOR UPDATE SKIP LOCKED) b
    WHERE g.group_id = b.group_id),
  -- Tasks of a group are ready a microsecond after one another: so many have been passed.
  passed AS (
    SELECT group_id, change_number, min(ready_time) AS ready_time FROM live WHERE of_one_pool
    GROUP BY group_id, change_number, fetch_floor
    HAVING min(ready_time) > fetch_floor + interval '200 us'),
  raised AS (
    UPDATE task_groups g SET fetch_floor = p.ready_time
    FROM (SELECT group_id, passed.ready_time
          FROM task_groups t JOIN passed USING (group_id, change_number)
          WHERE t.start_time IS NOT NULL FOR UPDATE OF t SKIP LOCKED) p
    WHERE g.group_id = p.group_id)
  SELECT taken.*, g.pin FROM taken JOIN task_groups g USING (group_id)
  ORDER BY taken.task_id;
END $$;

-- Locks the tasks of holds, [{"task_id", "lease_epoch"}], that have ended or are held under that epoch.
CREATE FUNCTION lock_held(holds jsonb) RETURNS TABLE (task_id bigint, state text)
LANGUAGE plpgsql SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_column
BEGIN RETURN QUERY
  SELECT t.task_id, t.state
  FROM jsonb_to_recordset(holds) AS n(task_id bigint, lease_epoch bigint)
  JOIN tasks t USING (task_id) WHERE t.lease_epoch = n.lease_epoch
  ORDER BY t.task_id FOR UPDATE OF t;
END $$;

-- What becomes of tasks that are locked: [{"task_id", "state", "reason", "attempt_count" (null: as it
-- was), "snooze_count", "wait_ms", "failure", "result", "progress"}]. A group whose last task has
-- ended gets the state of `end_states` that is 1 + 1 if some succeeded + 2 if some failed + 4 if some
-- were cancelled. Locks groups, then pools, each in order, so that no two wait for each other
-- crosswise and nobody holds a pool while waiting for a group; holds go before, for a group's row is
-- what all its tasks' ends wait for.
CREATE FUNCTION apply_endings(endings jsonb, end_states text[]) RETURNS void
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
      change_number = g.change_number + 1, update_time = clock_timestamp(),
      fetch_floor = CASE WHEN d.queued THEN least(g.fetch_floor, clock_timestamp())
                         ELSE g.fetch_floor END
    FROM deltas d WHERE g.group_id = d.group_id AND (SELECT count(*) FROM locked) > 0
    RETURNING g.group_id, g.change_number),
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

-- Keeps fetches quick and counts right, and gives how many attempts are dead.
CREATE FUNCTION tend_queue(of_queue text) RETURNS integer
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  -- Of groups with much behind them. The earliest ready time of each pool and priority is the first
  -- entry of its part of the index; groups that somebody has locked are left for the next time.
  WITH seen AS MATERIALIZED (
    SELECT g.group_id, g.change_number, least(statement_timestamp(), (
      SELECT min(t.ready_time)
      FROM unnest(g.task_pools) AS p(pool) CROSS JOIN unnest(g.priorities) AS l(priority)
      CROSS JOIN LATERAL (
        SELECT t.ready_time FROM tasks t
        WHERE t.group_id = g.group_id AND t.pool = p.pool AND t.priority = l.priority
          AND t.state = 'QUEUED' AND t.ready_time >= g.fetch_floor
        ORDER BY t.ready_time, t.task_id LIMIT 1) t)) AS ready_time
    FROM task_groups g
    WHERE g.queue = of_queue AND g.end_time IS NULL AND g.open_count > 500)
  UPDATE task_groups g SET fetch_floor = s.ready_time
  FROM (SELECT group_id, seen.ready_time FROM task_groups t JOIN seen USING (group_id, change_number)
        FOR UPDATE OF t SKIP LOCKED) s
  WHERE g.group_id = s.group_id AND s.ready_time > g.fetch_floor;
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
