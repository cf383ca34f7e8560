#include "common/workqueue/queue.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "common/db/transaction.h"
#include "common/workqueue/rows.h"

namespace fleetcast::workqueue {
namespace {

using nlohmann::json;

// "{s}" stands for the schema in all of these.

// $1 queue, $2 pool, $3 at most, $4 holder, $5 lease in milliseconds.
//
// A lane is a group's tasks of one priority. Pools with a limit are locked first, in order, and
// their counts are then the newest there are: a row locked in a statement is read as it is when the
// lock is had. Everything else is looked at without waiting. Lanes are visited lazily, one share
// each, so that no more rows are locked than are asked for. That a key is free is made sure by the
// primary key of task_holds.
constexpr char kFetch[] = R"sql(
  WITH live AS MATERIALIZED (
    SELECT g.group_id, g.fetch_floor, g.create_time, l.priority
    FROM {s}.task_groups g CROSS JOIN unnest(g.priorities) AS l(priority)
    WHERE g.queue = $1 AND g.end_time IS NULL AND NOT g.paused AND $2 = ANY (g.task_pools)
      AND EXISTS (SELECT FROM {s}.tasks t
                  WHERE t.group_id = g.group_id AND t.pool = $2 AND t.priority = l.priority
                    AND t.state = 'QUEUED' AND t.ready_time >= g.fetch_floor
                    AND t.ready_time <= statement_timestamp())),
  bounded AS MATERIALIZED (
    SELECT p.pool_id, p."limit" - p.running AS room, p.paused
    FROM {s}.pools p
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
             (SELECT count(*) FROM {s}.task_holds h WHERE h.group_id = live.group_id) END,
             live.create_time, live.group_id, live.priority DESC) AS turn
    FROM live JOIN groups USING (group_id)),
  chosen AS MATERIALIZED (
    SELECT t.*, l.turn FROM (SELECT * FROM turns ORDER BY turn) l
    CROSS JOIN LATERAL (
      SELECT t.task_id, t.queue, t.key, t.pools, t.lease_epoch, t.group_id, t.attempt_timeout_ms,
             t.stall_timeout_ms, t.ready_time
      FROM {s}.tasks t
      WHERE t.group_id = l.group_id AND t.pool = $2 AND t.priority = l.priority
        AND t.state = 'QUEUED' AND t.ready_time >= l.fetch_floor
        AND t.ready_time <= statement_timestamp()
        AND NOT t.pools && (SELECT pools FROM closed)
        AND NOT EXISTS (SELECT FROM {s}.task_holds h WHERE h.queue = t.queue AND h.key = t.key)
      ORDER BY t.ready_time, t.task_id
      LIMIT ($3::bigint + l.all_groups - 1) / l.all_groups FOR UPDATE OF t SKIP LOCKED) t
    LIMIT $3::int),
  admitted AS (
    SELECT c.* FROM chosen c
    WHERE NOT EXISTS (
      SELECT FROM (
        SELECT o.task_id, b.room, row_number() OVER (PARTITION BY b.pool_id
                 ORDER BY o.turn, o.ready_time, o.task_id) AS nth
        FROM bounded b JOIN chosen o ON b.pool_id = ANY (o.pools) WHERE b.room IS NOT NULL) x
      WHERE x.task_id = c.task_id AND x.nth > x.room)),
  held AS (
    INSERT INTO {s}.task_holds (queue, key, task_id, group_id, lease_epoch, holder,
                                lease_expire_time, attempt_deadline, stall_deadline,
                                stall_timeout_ms)
    SELECT queue, key, task_id, group_id, lease_epoch + 1, $4,
           clock_timestamp() + $5::bigint * interval '1 ms',
           coalesce(clock_timestamp() + attempt_timeout_ms * interval '1 ms', 'infinity'),
           coalesce(clock_timestamp() + stall_timeout_ms * interval '1 ms', 'infinity'),
           stall_timeout_ms
    FROM admitted ORDER BY queue, key
    ON CONFLICT (queue, key) DO NOTHING
    RETURNING task_id),
  taken AS (
    UPDATE {s}.tasks t SET
      state = 'RUNNING', state_reason = '', lease_epoch = t.lease_epoch + 1,
      attempt_count = t.attempt_count + 1, holder = $4, progress = NULL,
      start_time = coalesce(t.start_time, clock_timestamp()), update_time = clock_timestamp()
    FROM held WHERE t.task_id = held.task_id
    RETURNING t.task_id, t.lease_epoch, t.group_id, t.name, t.key, t.pools, t.payload,
              t.attempt_count, t.max_attempts, t.attempt_timeout_ms, t.stall_timeout_ms),
  counted AS (
    UPDATE {s}.pools p SET running = p.running + c.fetched
    FROM (SELECT pool_id, count(*) AS fetched FROM taken JOIN bounded ON pool_id = ANY (pools)
          WHERE room IS NOT NULL GROUP BY pool_id) c
    WHERE p.pool_id = c.pool_id),
  begun AS (
    UPDATE {s}.task_groups g SET state = 'RUNNING', start_time = clock_timestamp(),
      update_time = clock_timestamp(), change_number = g.change_number + 1
    FROM (SELECT group_id FROM {s}.task_groups
          WHERE group_id IN (SELECT group_id FROM taken) AND start_time IS NULL
          FOR UPDATE SKIP LOCKED) b
    WHERE g.group_id = b.group_id)
  SELECT taken.*, g.pin FROM taken JOIN {s}.task_groups g USING (group_id)
  ORDER BY taken.task_id)sql";

constexpr char kHolds[] =
    "jsonb_to_recordset($1::jsonb) AS n(task_id bigint, lease_epoch bigint, progress jsonb)";

constexpr char kRenew[] = R"sql(
  WITH mine AS MATERIALIZED (
    SELECT h.task_id FROM {s}.task_holds h JOIN {holds} USING (task_id, lease_epoch)
    WHERE h.lease_expire_time > clock_timestamp()
    FOR UPDATE OF h SKIP LOCKED),
  renewed AS (
    UPDATE {s}.task_holds h
    SET lease_expire_time = clock_timestamp() + $2::bigint * interval '1 ms'
    FROM mine WHERE h.task_id = mine.task_id RETURNING h.task_id)
  SELECT h.task_id, h.task_id IN (SELECT task_id FROM renewed) AS renewed
  FROM {s}.task_holds h JOIN {holds} USING (task_id, lease_epoch)
  WHERE h.lease_expire_time > clock_timestamp())sql";

constexpr char kProgress[] = R"sql(
  WITH written AS (
    UPDATE {s}.task_holds h SET progress = n.progress,
      stall_deadline = coalesce(clock_timestamp() + h.stall_timeout_ms * interval '1 ms',
                                'infinity')
    FROM {holds} WHERE h.task_id = n.task_id AND h.lease_epoch = n.lease_epoch
    RETURNING h.task_id)
  SELECT task_id FROM written)sql";

// Of those that `{rows}` names, locked in one order by everybody.
constexpr char kLock[] = R"sql(
  SELECT {columns} FROM (SELECT t.* FROM {rows} ORDER BY t.task_id FOR UPDATE OF t {skip}) t
  LEFT JOIN {s}.task_holds h ON h.task_id = t.task_id ORDER BY t.task_id)sql";

// $1: [{"task_id", "state", "reason", "attempt_count", "snooze_count", "wait_ms", "failure",
// "result", "progress"}]. Locks groups, then pools, each in order, so that no two wait for each
// other crosswise and nobody holds a pool while waiting for a group.
constexpr char kApply[] = R"sql(
  WITH next AS MATERIALIZED (
    SELECT n.*, t.group_id, t.state AS before, t.pools
    FROM jsonb_to_recordset($1::jsonb) AS n(task_id bigint, state text, reason text,
      attempt_count integer, snooze_count integer, wait_ms bigint, failure jsonb, result jsonb, progress jsonb)
    JOIN {s}.tasks t USING (task_id)),
  deltas AS MATERIALIZED (
    SELECT group_id, count(*) FILTER (WHERE state <> 'QUEUED') AS ended,
           count(*) FILTER (WHERE state = 'SUCCEEDED') AS succeeded,
           count(*) FILTER (WHERE state = 'FAILED') AS failed,
           count(*) FILTER (WHERE state = 'CANCELLED') AS cancelled
    FROM next GROUP BY group_id),
  locked AS MATERIALIZED (
    SELECT group_id FROM {s}.task_groups WHERE group_id IN (SELECT group_id FROM deltas)
    ORDER BY group_id FOR UPDATE),
  counted AS (
    UPDATE {s}.task_groups g SET
      open_count = g.open_count - d.ended, succeeded_count = g.succeeded_count + d.succeeded,
      failed_count = g.failed_count + d.failed,
      cancelled_count = g.cancelled_count + d.cancelled,
      change_number = g.change_number + 1, update_time = clock_timestamp()
    FROM deltas d WHERE g.group_id = d.group_id AND (SELECT count(*) FROM locked) > 0
    RETURNING g.group_id, g.change_number, g.open_count, g.succeeded_count, g.failed_count,
              g.cancelled_count, g.start_time),
  released AS (
    DELETE FROM {s}.task_holds h USING next n WHERE h.task_id = n.task_id
    RETURNING h.task_id, h.progress),
  changed AS (
    UPDATE {s}.tasks t SET
      state = n.state, state_reason = n.reason, attempt_count = n.attempt_count,
      snooze_count = n.snooze_count,
      ready_time = CASE WHEN n.state = 'QUEUED'
                        THEN clock_timestamp() + n.wait_ms * interval '1 ms'
                        ELSE t.ready_time END,
      failure = CASE WHEN n.state = 'SUCCEEDED' THEN NULL
                     WHEN n.failure IS NULL THEN t.failure
                     ELSE n.failure || jsonb_build_object('time',
                                         extract(epoch FROM clock_timestamp())) END,
      result = n.result, progress = coalesce(n.progress, r.progress),
      end_time = CASE WHEN n.state <> 'QUEUED' THEN clock_timestamp() END,
      update_time = clock_timestamp(), change_number = c.change_number
    FROM next n JOIN counted c USING (group_id) LEFT JOIN released r USING (task_id)
    WHERE t.task_id = n.task_id),
  leaving AS MATERIALIZED (
    SELECT pool_id, count(*) AS tasks FROM next, unnest(pools) AS p(pool_id)
    WHERE before = 'RUNNING' GROUP BY pool_id),
  free AS MATERIALIZED (
    SELECT pool_id FROM {s}.pools
    WHERE "limit" IS NOT NULL AND pool_id IN (SELECT pool_id FROM leaving)
      AND (SELECT count(*) FROM counted) > 0
    ORDER BY pool_id FOR UPDATE),
  freed AS (
    UPDATE {s}.pools p SET running = greatest(0, p.running - l.tasks)
    FROM leaving l JOIN free USING (pool_id) WHERE p.pool_id = l.pool_id)
  SELECT group_id, open_count, succeeded_count, failed_count, cancelled_count,
         start_time IS NOT NULL AS started FROM counted)sql";

constexpr char kEndGroup[] = R"sql(
  UPDATE {s}.task_groups SET state = $2, end_time = clock_timestamp() WHERE group_id = $1)sql";

// A renewal under way is not waited for: it is no sign of death. The tasks are then locked without
// waiting too: who ends a task locks it first and its hold second.
constexpr char kFindDead[] = R"sql(
  SELECT h.task_id, h.lease_epoch,
         CASE WHEN h.lease_expire_time <= clock_timestamp() THEN 'LEASE'
              WHEN h.attempt_deadline <= clock_timestamp() THEN 'DEADLINE' ELSE 'STALL' END
  FROM {s}.task_holds h
  WHERE h.queue = $1 AND (h.lease_expire_time <= clock_timestamp()
    OR h.attempt_deadline <= clock_timestamp() OR h.stall_deadline <= clock_timestamp())
  ORDER BY h.task_id LIMIT $2 FOR UPDATE SKIP LOCKED)sql";

std::string HoldsJson(const std::vector<HoldId>& holds) {
  json rows = json::array();
  for (const HoldId& hold : holds)
    rows.push_back({{"task_id", hold.task_id}, {"lease_epoch", hold.lease_epoch}});
  return rows.dump();
}

absl::Duration DurationOf(const pqxx::field& field) {
  return field.is_null() ? absl::InfiniteDuration() : absl::Milliseconds(field.as<std::int64_t>());
}

FetchedTask FetchedOf(const pqxx::row& row) {
  return {.id = row["task_id"].as<std::int64_t>(),
          .lease_epoch = row["lease_epoch"].as<std::int64_t>(),
          .group_id = row["group_id"].as<std::string>(),
          .name = row["name"].as<std::string>(),
          .key = row["key"].as<std::string>(),
          .payload = row["payload"].as<std::string>(),
          .pin = row["pin"].as<std::string>(),
          .attempt_count = row["attempt_count"].as<int>(),
          .max_attempts = row["max_attempts"].as<int>(),
          .attempt_timeout = DurationOf(row["attempt_timeout_ms"]),
          .stall_timeout = DurationOf(row["stall_timeout_ms"])};
}

Ending EndingOf(const std::string& what_ran_out) {
  if (what_ran_out == "LEASE") return Ending::kLeaseExpired;
  return what_ran_out == "DEADLINE" ? Ending::kDeadline : Ending::kStalled;
}

// Text that is no JSON is null.
json JsonOrNull(const std::string& text) {
  if (text.empty()) return nullptr;
  json value = json::parse(text, nullptr, false);
  return value.is_discarded() ? json() : value;
}

double Random() {
  thread_local absl::BitGen random;
  return absl::Uniform(random, 0.0, 1.0);
}

}  // namespace

Queue::Queue(QueueOptions options, db::ConnectionPool& pool, db::ConnectionPool& lease_pool)
    : options_(std::move(options)), pool_(pool), lease_pool_(lease_pool) {}

std::string Queue::Sql(const std::string& text) const {
  return absl::StrReplaceAll(
      absl::StrReplaceAll(text, {{"{holds}", kHolds}, {"{kept}", options_.kept}}),
      {{"{s}", options_.schema}});
}

absl::StatusOr<std::vector<FetchedTask>> Queue::Fetch(const FetchRequest& request) {
  std::vector<FetchedTask> fetched;
  FLEETCAST_RETURN_IF_ERROR(db::RunInTransaction(lease_pool_, [&](pqxx::work& work) {
    fetched.clear();
    for (const pqxx::row& row :
         work.exec_params(Sql(kFetch), options_.queue, request.pool, request.most, request.holder,
                          absl::ToInt64Milliseconds(request.lease)))
      fetched.push_back(FetchedOf(row));
    return absl::OkStatus();
  }));
  return fetched;
}

absl::StatusOr<std::vector<Renewal>> Queue::Renew(const std::vector<HoldId>& holds,
                                                  absl::Duration lease) {
  std::map<std::int64_t, bool> renewed;
  FLEETCAST_RETURN_IF_ERROR(db::RunStatement(lease_pool_, [&](pqxx::nontransaction& work) {
    renewed.clear();
    for (const pqxx::row& row :
         work.exec_params(Sql(kRenew), HoldsJson(holds), absl::ToInt64Milliseconds(lease)))
      renewed[row[0].as<std::int64_t>()] = row[1].as<bool>();
    return absl::OkStatus();
  }));
  std::vector<Renewal> answers;
  answers.reserve(holds.size());
  for (const HoldId& hold : holds) {
    const auto found = renewed.find(hold.task_id);
    answers.push_back(found == renewed.end() ? Renewal::kGone
                      : found->second        ? Renewal::kRenewed
                                             : Renewal::kBusy);
  }
  return answers;
}

absl::StatusOr<std::vector<bool>> Queue::Progress(const std::vector<ProgressReport>& reports) {
  json rows = json::array();
  for (const ProgressReport& report : reports)
    rows.push_back({{"task_id", report.hold.task_id},
                    {"lease_epoch", report.hold.lease_epoch},
                    {"progress", JsonOrNull(report.progress)}});
  std::vector<std::int64_t> written;
  FLEETCAST_RETURN_IF_ERROR(db::RunStatement(lease_pool_, [&](pqxx::nontransaction& work) {
    written.clear();
    for (const pqxx::row& row : work.exec_params(Sql(kProgress), rows.dump()))
      written.push_back(row[0].as<std::int64_t>());
    return absl::OkStatus();
  }));
  std::vector<bool> held;
  held.reserve(reports.size());
  for (const ProgressReport& report : reports)
    held.push_back(std::find(written.begin(), written.end(), report.hold.task_id) != written.end());
  return held;
}

std::vector<Queue::Turn> Queue::Lock(pqxx::work& work, const std::string& rows_of,
                                     const std::vector<std::string>& parameters, Waiting waiting) {
  const std::string sql =
      Sql(absl::StrReplaceAll(kLock, {{"{columns}", kTaskColumns},
                                      {"{rows}", rows_of},
                                      {"{skip}", waiting == Waiting::kNo ? "SKIP LOCKED" : ""}}));
  std::vector<Turn> turns;
  for (const pqxx::row& row : work.exec_params(sql, pqxx::prepare::make_dynamic_params(parameters)))
    turns.push_back({.task = TaskOf(row)});
  return turns;
}

// In the order of `holds`; a hold that is none any more has a task of id 0.
std::vector<Queue::Turn> Queue::LockHeld(pqxx::work& work, const std::vector<HoldId>& holds,
                                         Waiting waiting) {
  std::map<std::int64_t, Turn> locked;
  for (Turn& turn :
       Lock(work, "{s}.tasks t JOIN {holds} ON n.task_id = t.task_id", {HoldsJson(holds)}, waiting))
    locked[turn.task.id] = std::move(turn);
  std::vector<Turn> turns(holds.size());
  for (std::size_t i = 0; i < holds.size(); ++i) {
    const auto found = locked.find(holds[i].task_id);
    if (found != locked.end() && found->second.task.lease_epoch == holds[i].lease_epoch)
      turns[i] = found->second;
  }
  return turns;
}

absl::Status Queue::Apply(pqxx::work& work, const std::vector<Turn>& turns) {
  json rows = json::array();
  bool wake = false;
  for (const Turn& turn : turns) {
    if (!turn.ending) continue;
    const NextState& next = turn.next;
    const absl::Duration wait = WithJitter(next.wait, Random());
    wake = wake || (next.state == TaskState::kQueued && wait < absl::Seconds(1));
    rows.push_back({{"task_id", turn.task.id},
                    {"state", Word(next.state)},
                    {"reason", PrintableUtf8(next.reason, 4096)},
                    {"attempt_count", next.attempt_count},
                    {"snooze_count", next.snooze_count},
                    {"wait_ms", absl::ToInt64Milliseconds(wait)},
                    {"failure", next.failure ? json::parse(JsonOf(*next.failure)) : json()},
                    {"result", JsonOrNull(turn.result)},
                    {"progress", JsonOrNull(turn.progress)}});
  }
  if (rows.empty()) return absl::OkStatus();
  for (const pqxx::row& row : work.exec_params(Sql(kApply), rows.dump())) {
    const Counts counts{.queued = row["open_count"].as<int>(),
                        .succeeded = row["succeeded_count"].as<int>(),
                        .failed = row["failed_count"].as<int>(),
                        .cancelled = row["cancelled_count"].as<int>()};
    const GroupState state = GroupStateOf(counts, row["started"].as<bool>(), options_.tell_partial);
    if (IsTerminal(state))
      work.exec_params(Sql(kEndGroup), row["group_id"].as<std::string>(), Word(state));
  }
  if (wake) Wake(work);
  return Interrupted(work, turns);
}

absl::Status Queue::Interrupted(pqxx::work& work, const std::vector<Turn>& turns) {
  if (options_.on_interrupted == nullptr) return absl::OkStatus();
  for (const Turn& turn : turns) {
    if (!turn.ending || turn.task.state != TaskState::kRunning) continue;
    switch (*turn.ending) {
      case Ending::kLeaseExpired:
      case Ending::kDeadline:
      case Ending::kStalled:
      case Ending::kCancelled:
        FLEETCAST_RETURN_IF_ERROR(options_.on_interrupted(work, turn.task));
        break;
      default:
        break;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<bool>> Queue::SucceedAll(const std::vector<Success>& successes,
                                                    const Effect& effect) {
  std::vector<HoldId> holds;
  holds.reserve(successes.size());
  for (const Success& success : successes) holds.push_back(success.hold);
  std::vector<bool> succeeded;
  FLEETCAST_RETURN_IF_ERROR(db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::Status {
    std::vector<Turn> turns = LockHeld(work, holds, Waiting::kYes);
    std::vector<std::size_t> held;
    succeeded.assign(successes.size(), false);
    for (std::size_t i = 0; i < turns.size(); ++i) {
      const TaskState state = turns[i].task.state;
      succeeded[i] =
          turns[i].task.id != 0 && (state == TaskState::kRunning || state == TaskState::kSucceeded);
      if (!succeeded[i] || state == TaskState::kSucceeded) continue;
      held.push_back(i);
      turns[i].ending = Ending::kSucceeded;
      turns[i].next = After(turns[i].task, Ending::kSucceeded, std::nullopt, successes[i].reason);
      turns[i].result = successes[i].result;
      turns[i].progress = successes[i].progress;
    }
    if (effect != nullptr && !held.empty()) FLEETCAST_RETURN_IF_ERROR(effect(work, held));
    return Apply(work, turns);
  }));
  return succeeded;
}

absl::StatusOr<std::vector<bool>> Queue::End(const std::vector<EndRequest>& requests) {
  std::vector<HoldId> holds;
  holds.reserve(requests.size());
  for (const EndRequest& request : requests) holds.push_back(request.hold);
  std::vector<bool> held;
  FLEETCAST_RETURN_IF_ERROR(db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::Status {
    std::vector<Turn> turns = LockHeld(work, holds, Waiting::kYes);
    held.assign(requests.size(), false);
    for (std::size_t i = 0; i < turns.size(); ++i) {
      if (turns[i].task.id == 0 || turns[i].task.state != TaskState::kRunning) continue;
      held[i] = true;
      turns[i].ending = requests[i].ending;
      turns[i].progress = requests[i].progress;
      turns[i].next = After(turns[i].task, requests[i].ending, requests[i].failure);
    }
    return Apply(work, turns);
  }));
  return held;
}

absl::StatusOr<int> Queue::EndDead(db::ConnectionPool& pool, int most) {
  return db::RunInTransaction(pool, [&](pqxx::work& work) -> absl::StatusOr<int> {
    std::vector<HoldId> holds;
    std::vector<Ending> endings;
    for (const pqxx::row& row : work.exec_params(Sql(kFindDead), options_.queue, most)) {
      holds.push_back({row[0].as<std::int64_t>(), row[1].as<std::int64_t>()});
      endings.push_back(EndingOf(row[2].as<std::string>()));
    }
    if (holds.empty()) return 0;
    int ended = 0;
    std::vector<Turn> turns = LockHeld(work, holds, Waiting::kNo);
    for (std::size_t i = 0; i < turns.size(); ++i) {
      Turn& turn = turns[i];
      if (turn.task.id == 0 || turn.task.state != TaskState::kRunning) continue;
      turn.ending = endings[i];
      turn.next = After(turn.task, endings[i], std::nullopt);
      ++ended;
    }
    FLEETCAST_RETURN_IF_ERROR(Apply(work, turns));
    return ended;
  });
}

std::string Queue::WakeWord() const { return absl::StrCat(options_.schema, ".", options_.queue); }

void Queue::Wake(pqxx::work& work) {
  work.exec_params("SELECT pg_notify($1, $2)", kChannel, WakeWord());
}

}  // namespace fleetcast::workqueue
