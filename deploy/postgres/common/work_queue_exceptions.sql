-- A fetch can leave groups out: of one whose row somebody keeps locked, each task that ends waits for
-- that, and whoever works on them would soon do nothing else.

-- Takes up to `most` tasks of a pool for a holder, none of `except_groups`. Pools with a limit are locked first, in order, and
-- their counts are then the newest there are. Everything else is looked at without waiting. Lanes are
-- visited lazily, one share each, so that no more rows are locked than are asked for. That a key is
-- free is made sure by the primary key of task_holds. Several statements: to prepare one that does all
-- for execution takes longer than to run it.
CREATE FUNCTION fetch_tasks(of_queue text, of_pool text, most integer, by_holder text, lease_ms bigint,
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
          -- Not as a join, which might read all holds, and all that were.
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
      RETURNING task_id)
    -- Tasks of a group are ready a microsecond after one another: so many have been passed. Not at each
    -- fetch, for a lane has dead versions too.
    SELECT (SELECT array_agg(held.task_id) FROM held),
           (SELECT jsonb_agg(jsonb_build_object('group_id', l.group_id, 'priority', l.priority,
                     'revision', l.revision, 'ready_time', l.ready_time, 'begun', l.begun))
            FROM live l WHERE l.ready_time > l.fetch_floor + interval '200 us' OR NOT l.begun),
           EXISTS (SELECT FROM live)
    INTO taken, passed, any_ready;
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
  SELECT t.task_id, h.lease_epoch, t.group_id, t.name, t.key, t.pools, t.payload, h.attempt_count,
         t.max_attempts, t.attempt_timeout_ms, t.stall_timeout_ms, l.pin
  FROM unnest(taken) AS n(task_id) JOIN tasks t USING (task_id) JOIN task_holds h USING (task_id)
  JOIN task_lanes l ON l.queue = t.queue AND l.pool = t.pool AND l.group_id = t.group_id
    AND l.priority = t.priority
  ORDER BY t.task_id;
END $$;

-- Whoever waits for a group's row holds the locks of its tasks' holds meanwhile, which nobody can renew:
-- he lets go of them now and then.
ALTER FUNCTION apply_endings(jsonb, text[]) SET lock_timeout = '2s';

-- What programs before call.
CREATE OR REPLACE FUNCTION fetch_tasks(of_queue text, of_pool text, most integer, by_holder text, lease_ms bigint)
RETURNS TABLE (task_id bigint, lease_epoch bigint, group_id text, name text, key text, pools text[],
               payload jsonb, attempt_count integer, max_attempts integer, attempt_timeout_ms bigint,
               stall_timeout_ms bigint, pin jsonb)
LANGUAGE sql SET search_path FROM CURRENT
AS $$ SELECT * FROM fetch_tasks(of_queue, of_pool, most, by_holder, lease_ms, '{}') $$;
