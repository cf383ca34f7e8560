// Asking for work, and looking at it.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <pqxx/stream_to>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/db/array.h"
#include "common/db/transaction.h"
#include "common/workqueue/queue.h"
#include "common/workqueue/rows.h"

namespace fleetcast::workqueue {
namespace {

using nlohmann::json;

// $1 group, $2 queue, $3 pin, $4 how many tasks, $5 their pools, $6 their priorities. Gives when,
// in microseconds since 1970.
constexpr char kMakeGroup[] = R"sql(
  INSERT INTO {s}.task_groups (group_id, queue, pin, open_count, state, end_time, task_pools,
                               priorities)
  SELECT $1, $2, $3::jsonb, n, CASE WHEN n = 0 THEN 'SUCCEEDED' ELSE 'QUEUED' END,
         CASE WHEN n = 0 THEN clock_timestamp() END, $5::text[], $6::smallint[]
  FROM (SELECT $4::integer AS n) g
  RETURNING (extract(epoch FROM statement_timestamp()) * 1000000)::bigint)sql";
constexpr char kNamePools[] = R"sql(
  INSERT INTO {s}.pools (pool_id)
  SELECT unnest($1::text[]) EXCEPT SELECT pool_id FROM {s}.pools ORDER BY 1
  ON CONFLICT DO NOTHING)sql";

// $1 group, $2 new group, $3 changes of the pin.
constexpr char kRetry[] = R"sql(
  WITH failed AS MATERIALIZED (
    SELECT * FROM {s}.tasks WHERE group_id = $1 AND state = 'FAILED'),
  made AS (
    INSERT INTO {s}.task_groups (group_id, queue, pin, open_count, task_pools, priorities)
    SELECT $2, queue, pin || $3::jsonb, (SELECT count(*) FROM failed), task_pools, priorities
    FROM {s}.task_groups WHERE group_id = $1 AND EXISTS (SELECT FROM failed))
  INSERT INTO {s}.tasks (queue, group_id, name, key, pool, pools, priority, payload, max_attempts,
                         attempt_timeout_ms, stall_timeout_ms, ready_time)
  SELECT queue, $2, name, key, pool, pools, priority, payload, max_attempts, attempt_timeout_ms,
         stall_timeout_ms,
         statement_timestamp() + (nth - (SELECT count(*) FROM failed)) * interval '1 us'
  FROM (SELECT *, row_number() OVER (ORDER BY name) AS nth FROM failed) f ORDER BY nth)sql";

constexpr char kSelected[] =
    "($1 = '' OR t.group_id = $1) AND ($2 = '' OR t.name = $2)"
    " AND ($3 = '' OR $3 = ANY (t.pools)) AND t.queue = $4";

constexpr char kPauseGroup[] = R"sql(
  UPDATE {s}.task_groups SET paused = $2::boolean, change_number = change_number + 1,
    update_time = clock_timestamp()
  WHERE group_id = $1 AND end_time IS NULL AND paused <> $2::boolean)sql";

// Of the tasks that $1 lists, all QUEUED and locked: {set}, as one change of each group.
constexpr char kTouch[] = R"sql(
  WITH n AS MATERIALIZED (SELECT value::bigint AS task_id FROM jsonb_array_elements_text($1::jsonb)),
  locked AS MATERIALIZED (
    SELECT group_id FROM {s}.task_groups WHERE group_id IN (
      SELECT t.group_id FROM {s}.tasks t JOIN n USING (task_id)) ORDER BY group_id FOR UPDATE),
  g AS (
    UPDATE {s}.task_groups g SET change_number = g.change_number + 1, update_time = clock_timestamp(),
      {group_set}
    FROM locked WHERE g.group_id = locked.group_id RETURNING g.group_id, g.change_number),
  lanes AS (
    UPDATE {s}.task_lanes l SET fetch_floor = least(l.fetch_floor, statement_timestamp()),
      revision = l.revision + 1
    FROM g WHERE l.group_id = g.group_id)
  UPDATE {s}.tasks t SET change_number = g.change_number, update_time = clock_timestamp(), {set}
  FROM n, g WHERE t.task_id = n.task_id AND g.group_id = t.group_id)sql";

constexpr char kGetGroup[] =
    "SELECT {columns} FROM {s}.task_groups g WHERE g.group_id = $1 AND g.queue = $2";
constexpr char kGetTask[] =
    "SELECT {columns} FROM {s}.tasks t LEFT JOIN LATERAL {hold of t} h ON true"
    " WHERE t.group_id = $1 AND t.name = $2 AND t.queue = $3";

// $1 queue, $2 after, $3 how many; then the condition's.
constexpr char kListGroups[] =
    "SELECT {columns} FROM {s}.task_groups g"
    " WHERE g.queue = $1 AND ($2 = '' OR g.group_id < $2) AND {condition}"
    " ORDER BY g.group_id DESC LIMIT $3::int";
// $1 queue, $2 group, $3 after group, $4 after name, $5 how many; then the condition's. Of all
// groups, the first comparison bounds the scan of the index and the second cuts what is left of
// that group.
constexpr char kListTasks[] =
    "SELECT {columns} FROM {s}.tasks t LEFT JOIN {s}.task_holds h ON h.task_id = t.task_id"
    " WHERE t.queue = $1 AND {which} AND {condition}"
    " ORDER BY t.group_id DESC, t.name LIMIT $5::int";
constexpr char kOfGroup[] = "t.group_id = $2 AND t.name > $4 AND $3::text IS NOT NULL";
constexpr char kOfAll[] =
    "$2 = '' AND ($3 = '' OR t.group_id <= $3) AND ($3 = '' OR t.group_id < $3 OR t.name > $4)";

constexpr char kChanged[] =
    "SELECT {columns}, t.change_number AS changed_as FROM {s}.tasks t"
    " LEFT JOIN LATERAL {hold of t} h ON true"
    " WHERE t.group_id = $1 AND (t.change_number, t.task_id) > ($2::bigint, $3::bigint)"
    " ORDER BY t.change_number, t.task_id LIMIT $4::int";
constexpr char kRunning[] =
    "SELECT {columns} FROM {s}.task_holds h JOIN {s}.tasks t ON t.task_id = h.task_id"
    " WHERE h.group_id = $1 ORDER BY t.name LIMIT $2::int";

std::string WithColumns(const char* text, const char* columns) {
  return absl::StrReplaceAll(text, {{"{columns}", columns}});
}

// All that it heeds: its own, and those that it names.
std::vector<std::string> PoolsOf(const NewTask& task) {
  std::vector<std::string> pools = task.pools;
  if (std::find(pools.begin(), pools.end(), task.pool) == pools.end())
    pools.insert(pools.begin(), task.pool);
  return pools;
}

std::vector<const NewTask*> ByName(const std::vector<NewTask>& tasks) {
  std::vector<const NewTask*> in_order;
  in_order.reserve(tasks.size());
  for (const NewTask& task : tasks) in_order.push_back(&task);
  std::sort(in_order.begin(), in_order.end(),
            [](const NewTask* a, const NewTask* b) { return a->name < b->name; });
  return in_order;
}

// A number for Postgres, as text that lives as long as this.
class OptionalMilliseconds {
 public:
  explicit OptionalMilliseconds(absl::Duration duration)
      : is_null_(duration == absl::InfiniteDuration()),
        text_(is_null_ ? "" : absl::StrCat(absl::ToInt64Milliseconds(duration))) {}
  [[nodiscard]] const char* get() const { return is_null_ ? nullptr : text_.c_str(); }

 private:
  const bool is_null_;
  const std::string text_;
};

// By COPY: to take thousands of configurations out of a parameter takes longer than to store them.
void CopyTasks(pqxx::work& work, const std::string& table, const std::string& queue,
               const std::string& group_id, const std::vector<const NewTask*>& tasks,
               absl::Time now) {
  const std::vector<std::string> columns = {"queue",
                                            "group_id",
                                            "name",
                                            "key",
                                            "pool",
                                            "pools",
                                            "priority",
                                            "payload",
                                            "max_attempts",
                                            "attempt_timeout_ms",
                                            "stall_timeout_ms",
                                            "ready_time"};
  pqxx::stream_to rows(work, table, columns);
  std::vector<std::string> of_before, pools_now;
  std::string pools;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const NewTask& task = *tasks[i];
    pools_now = PoolsOf(task);
    if (i == 0 || pools_now != of_before) pools = db::ArrayOf(pools_now);
    of_before.swap(pools_now);
    const std::string priority = absl::StrCat(task.priority);
    const std::string max_attempts = absl::StrCat(task.max_attempts);
    const OptionalMilliseconds attempt(task.attempt_timeout), stall(task.stall_timeout);
    // A microsecond after one another, the last now.
    const absl::Duration before_now = absl::Microseconds(tasks.size() - i - 1);
    const std::string ready = absl::FormatTime("%E4Y-%m-%d %H:%M:%E6S+00",
                                               now + task.delay - before_now, absl::UTCTimeZone());
    rows << std::array<const char*, 12>{
        queue.c_str(),        group_id.c_str(), task.name.c_str(), task.key.c_str(),
        task.pool.c_str(),    pools.c_str(),    priority.c_str(),  task.payload.c_str(),
        max_attempts.c_str(), attempt.get(),    stall.get(),       ready.c_str()};
  }
  rows.complete();
}

template <typename T>
PageOf<T> PageOfRows(const pqxx::result& rows, int size, T (*convert)(const pqxx::row&),
                     std::vector<std::string> (*key)(const T&)) {
  PageOf<T> page;
  for (const pqxx::row& row : rows) {
    if (static_cast<int>(page.items.size()) == size) {
      page.next_after = key(page.items.back());
      break;
    }
    page.items.push_back(convert(row));
  }
  return page;
}

std::string KeyPart(const PageRequest& page, std::size_t index) {
  return index < page.after.size() ? page.after[index] : std::string();
}

pqxx::result ExecList(pqxx::transaction_base& work, const std::string& sql,
                      const db::SqlCondition& condition, std::vector<std::string> parameters) {
  parameters.insert(parameters.end(), condition.parameters.begin(), condition.parameters.end());
  return work.exec_params(absl::StrReplaceAll(sql, {{"{condition}", condition.text}}),
                          pqxx::prepare::make_dynamic_params(parameters));
}

}  // namespace

absl::Status Queue::Enqueue(pqxx::work& work, const std::string& group_id, const std::string& pin,
                            const std::vector<NewTask>& tasks, bool supersede) {
  std::set<std::string> own_pools, all_pools;
  std::set<int> priorities;
  for (const NewTask& task : tasks) {
    own_pools.insert(task.pool);
    priorities.insert(task.priority);
    all_pools.insert(task.pools.begin(), task.pools.end());
  }
  all_pools.insert(own_pools.begin(), own_pools.end());
  const auto now = work.exec_params1(Sql(kMakeGroup), group_id, options_.queue, pin, tasks.size(),
                                     db::ArrayOf(own_pools), db::ArrayOf(priorities));
  work.exec_params(Sql(kNamePools), db::ArrayOf(all_pools));
  CopyTasks(work, Sql("{s}.tasks"), options_.queue, group_id, ByName(tasks),
            absl::FromUnixMicros(now[0].as<std::int64_t>()));
  if (supersede) {
    std::vector<Turn> earlier =
        Lock(work,
             "{s}.tasks t WHERE t.queue = $1 AND t.state = 'QUEUED' AND t.group_id <> $2 AND t.key"
             " IN (SELECT key FROM {s}.tasks WHERE group_id = $2)",
             {options_.queue, group_id});
    for (Turn& turn : earlier) {
      if (turn.task.state != TaskState::kQueued) continue;
      turn.ending = Ending::kSuperseded;
      turn.next =
          After(turn.task, Ending::kSuperseded, std::nullopt, absl::StrCat("by ", group_id));
    }
    FLEETCAST_RETURN_IF_ERROR(Apply(work, earlier));
  }
  Wake(work);
  return absl::OkStatus();
}

absl::StatusOr<int> Queue::Retry(pqxx::work& work, const std::string& group_id,
                                 const std::string& new_id, const std::string& pin_changes) {
  const pqxx::result made = work.exec_params(Sql(kRetry), group_id, new_id, pin_changes);
  if (made.affected_rows() > 0) Wake(work);
  return static_cast<int>(made.affected_rows());
}

std::vector<Queue::Turn> Queue::LockSelected(pqxx::work& work, const Selection& selection) {
  return Lock(work, absl::StrCat("{s}.tasks t WHERE ", kSelected, " AND t.end_time IS NULL"),
              {selection.group_id, selection.name, selection.pool, options_.queue});
}

std::vector<Queue::Turn> Queue::LockQueued(pqxx::work& work, const Selection& selection) {
  std::vector<Turn> turns = LockSelected(work, selection);
  std::erase_if(turns, [](const Turn& turn) { return turn.task.state != TaskState::kQueued; });
  return turns;
}

absl::StatusOr<int> Queue::EndSelected(pqxx::work& work, const Selection& selection, Ending ending,
                                       const std::string& result, const std::string& why) {
  std::vector<Turn> turns = LockSelected(work, selection);
  for (Turn& turn : turns) {
    turn.ending = ending;
    turn.result = result;
    turn.next = After(turn.task, ending, std::nullopt, why);
  }
  FLEETCAST_RETURN_IF_ERROR(Apply(work, turns));
  Wake(work);  // holders too look what they still hold
  return static_cast<int>(turns.size());
}

absl::StatusOr<int> Queue::Cancel(pqxx::work& work, const Selection& selection,
                                  const std::string& why) {
  return EndSelected(work, selection, Ending::kCancelled, "", why);
}

absl::StatusOr<int> Queue::Settle(pqxx::work& work, const Selection& selection,
                                  const std::string& result, const std::string& why) {
  return EndSelected(work, selection, Ending::kSucceeded, result, why);
}

int Queue::Touch(pqxx::work& work, const std::vector<Turn>& turns, const std::string& set,
                 const std::string& value, const std::string& group_set) {
  json ids = json::array();
  for (const Turn& turn : turns) ids.push_back(absl::StrCat(turn.task.id));
  work.exec_params(Sql(absl::StrReplaceAll(kTouch, {{"{set}", set}, {"{group_set}", group_set}})),
                   ids.dump(), value);
  return static_cast<int>(turns.size());
}

absl::StatusOr<int> Queue::SetPaused(pqxx::work& work, const Selection& selection, bool paused,
                                     const std::string& why) {
  Wake(work);
  if (selection.name.empty() && selection.pool.empty())
    return static_cast<int>(
        work.exec_params(Sql(kPauseGroup), selection.group_id, paused).affected_rows());
  std::vector<Turn> turns = LockQueued(work, selection);
  turns.erase(std::remove_if(turns.begin(), turns.end(),
                             [&](const Turn& turn) {
                               return (turn.task.ready_at == absl::InfiniteFuture()) == paused;
                             }),
              turns.end());
  return Touch(work, turns,
               paused ? "ready_time = 'infinity', state_reason = $2"
                      : "ready_time = clock_timestamp(), state_reason = $2",
               paused ? absl::StrCat("paused", why.empty() ? "" : ": ", why) : "");
}

absl::StatusOr<int> Queue::Move(pqxx::work& work, const Selection& selection,
                                const std::optional<std::string>& pool,
                                std::optional<int> priority) {
  const std::vector<Turn> turns = LockQueued(work, selection);
  if (pool) {
    work.exec_params(Sql("INSERT INTO {s}.pools (pool_id) VALUES ($1) ON CONFLICT DO NOTHING"),
                     *pool);
    Touch(work, turns,
          "pool = $2, pools = CASE WHEN $2 = ANY (array_remove(t.pools, t.pool))"
          " THEN array_remove(t.pools, t.pool) ELSE array_replace(t.pools, t.pool, $2) END",
          *pool, "task_pools = array_append(array_remove(g.task_pools, $2), $2)");
  }
  if (priority)
    Touch(work, turns, "priority = $2::smallint", absl::StrCat(*priority),
          "priorities = array_append(array_remove(g.priorities, $2::smallint), $2::smallint)");
  Wake(work);
  return static_cast<int>(turns.size());
}

std::optional<Group> Queue::GetGroup(pqxx::transaction_base& work, const std::string& group_id) {
  const pqxx::result rows =
      work.exec_params(Sql(WithColumns(kGetGroup, kGroupColumns)), group_id, options_.queue);
  if (rows.empty()) return std::nullopt;
  return GroupOf(rows[0]);
}

std::optional<Task> Queue::GetTask(pqxx::transaction_base& work, const std::string& group_id,
                                   const std::string& name) {
  const pqxx::result rows =
      work.exec_params(Sql(WithColumns(kGetTask, kTaskColumns)), group_id, name, options_.queue);
  if (rows.empty()) return std::nullopt;
  return TaskOf(rows[0]);
}

PageOf<Group> Queue::ListGroups(pqxx::transaction_base& work, const db::SqlCondition& condition,
                                const PageRequest& page) {
  const pqxx::result rows =
      ExecList(work, Sql(WithColumns(kListGroups, kGroupColumns)), condition,
               {options_.queue, KeyPart(page, 0), absl::StrCat(page.size + 1)});
  return PageOfRows<Group>(rows, page.size, GroupOf,
                           [](const Group& group) { return std::vector<std::string>{group.id}; });
}

PageOf<Task> Queue::ListTasks(pqxx::transaction_base& work, const std::string& group_id,
                              const db::SqlCondition& condition, const PageRequest& page) {
  const std::string sql = absl::StrReplaceAll(
      kListTasks, {{"{columns}", kTaskColumns}, {"{which}", group_id.empty() ? kOfAll : kOfGroup}});
  const pqxx::result rows = ExecList(
      work, Sql(sql), condition,
      {options_.queue, group_id, KeyPart(page, 0), KeyPart(page, 1), absl::StrCat(page.size + 1)});
  return PageOfRows<Task>(rows, page.size, TaskOf, [](const Task& task) {
    return std::vector<std::string>{task.group_id, task.name};
  });
}

std::optional<Changes> Queue::ChangesSince(pqxx::transaction_base& work,
                                           const std::string& group_id, const Mark& mark,
                                           int most) {
  // The group first: what changes in between is above the number that is returned, and comes again.
  std::optional<Group> group = GetGroup(work, group_id);
  if (!group) return std::nullopt;
  Changes changes{.group = *std::move(group), .mark = mark};
  for (const pqxx::row& row : work.exec_params(Sql(WithColumns(kChanged, kTaskColumns)), group_id,
                                               mark.change_number, mark.task_id, most + 1)) {
    if (static_cast<int>(changes.changed.size()) == most) {
      changes.more = true;
      break;
    }
    changes.changed.push_back(TaskOf(row));
    changes.mark = {row["changed_as"].as<std::int64_t>(), changes.changed.back().id};
  }
  if (!changes.more)
    changes.mark = {changes.group.change_number, std::numeric_limits<std::int64_t>::max()};
  for (const pqxx::row& row :
       work.exec_params(Sql(WithColumns(kRunning, kTaskColumns)), group_id, most))
    changes.running.push_back(TaskOf(row));
  return changes;
}

}  // namespace fleetcast::workqueue
