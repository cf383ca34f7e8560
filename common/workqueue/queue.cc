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
#include "common/db/array.h"
#include "common/db/transaction.h"
#include "common/workqueue/rows.h"

namespace fleetcast::workqueue {
namespace {

using nlohmann::json;

// "{s}" stands for the schema in all of these.

constexpr char kFetch[] = "SELECT * FROM {s}.fetch_tasks($1, $2, $3, $4, $5, $6) ORDER BY task_id";

constexpr char kHolds[] =
    "jsonb_to_recordset($1::jsonb) AS n(task_id bigint, lease_epoch bigint, progress jsonb)";

// As a subquery that is looked up row by row. Of a table that was empty when vacuum saw it, the
// planner thinks that a join may as well read all of it; and all rows that were are still there
// while somebody's transaction keeps vacuum from them.
std::string HoldOf(const std::string& row) {
  return absl::StrCat("(SELECT * FROM {s}.task_holds h WHERE h.task_id = ", row,
                      ".task_id OFFSET 0)");
}

constexpr char kStrays[] = R"sql(
  SELECT h.task_id, h.lease_epoch FROM {s}.task_holds h JOIN {s}.tasks t USING (task_id)
  WHERE h.queue = $2 AND h.holder = $3 AND t.pool = $4
    AND NOT EXISTS (SELECT FROM {holds} WHERE n.task_id = h.task_id))sql";

constexpr char kRenew[] = R"sql(
  WITH mine AS MATERIALIZED (
    SELECT h.task_id FROM {holds} CROSS JOIN LATERAL (
      SELECT h.task_id FROM {s}.task_holds h
      WHERE h.task_id = n.task_id AND h.lease_epoch = n.lease_epoch
        AND h.lease_expire_time > clock_timestamp()
      FOR UPDATE OF h SKIP LOCKED) h),
  renewed AS (
    UPDATE {s}.task_holds h
    SET lease_expire_time = clock_timestamp() + $2::bigint * interval '1 ms'
    WHERE h.task_id = ANY (ARRAY(SELECT task_id FROM mine)) RETURNING h.task_id)
  SELECT h.task_id, h.task_id IN (SELECT task_id FROM renewed) AS renewed
  FROM {holds} CROSS JOIN LATERAL {hold of n} h
  WHERE h.lease_epoch = n.lease_epoch AND h.lease_expire_time > clock_timestamp())sql";

constexpr char kProgress[] = R"sql(
  WITH said AS MATERIALIZED (SELECT * FROM {holds})
  UPDATE {s}.task_holds h SET
    progress = (SELECT n.progress FROM said n WHERE n.task_id = h.task_id),
    stall_deadline = coalesce(clock_timestamp() + h.stall_timeout_ms * interval '1 ms', 'infinity')
  WHERE h.task_id = ANY (ARRAY(SELECT task_id FROM said))
    AND h.lease_epoch = (SELECT n.lease_epoch FROM said n WHERE n.task_id = h.task_id)
  RETURNING h.task_id)sql";

// Of those that `{rows}` names, locked in one order by everybody. What holds say of them is read
// when the locks are had: it may have changed while they were waited for.
constexpr char kLock[] = "SELECT t.task_id FROM {rows} ORDER BY t.task_id FOR UPDATE OF t {skip}";
constexpr char kLocked[] = R"sql(
  SELECT {columns} FROM unnest($1::bigint[]) AS n(task_id) JOIN {s}.tasks t USING (task_id)
  LEFT JOIN LATERAL {hold of t} h ON true ORDER BY t.task_id)sql";

constexpr char kLockHeld[] = "SELECT * FROM {s}.lock_held($1)";
constexpr char kApply[] = "SELECT {s}.apply_endings($1, $2)";
// The group's row, which all its tasks' ends wait for, is not kept locked until the disk has it:
// that is waited for afterwards, together with others.
constexpr char kSucceed[] =
    "SELECT s.* FROM set_config('synchronous_commit', 'off', true), {s}.succeed_tasks($1, $2) s";
constexpr std::size_t kMaxReason = 4096;

// A renewal under way is not waited for: it is no sign of death. The tasks are then locked without
// waiting too: who ends a task locks it first and its hold second.
constexpr char kFindDead[] = R"sql(
  SELECT h.task_id, h.lease_epoch, h.group_id,
         CASE WHEN h.lease_expire_time <= clock_timestamp() THEN 'LEASE'
              WHEN h.attempt_deadline <= clock_timestamp() THEN 'DEADLINE' ELSE 'STALL' END
  FROM {s}.task_holds h
  WHERE h.queue = $1 AND (h.lease_expire_time <= clock_timestamp()
    OR h.attempt_deadline <= clock_timestamp() OR h.stall_deadline <= clock_timestamp())
    AND h.group_id > $3
  ORDER BY h.group_id, h.task_id LIMIT $2 FOR UPDATE SKIP LOCKED)sql";

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
  return absl::StrReplaceAll(absl::StrReplaceAll(text, {{"{holds}", kHolds},
                                                        {"{hold of n}", HoldOf("n")},
                                                        {"{hold of t}", HoldOf("t")},
                                                        {"{kept}", options_.kept}}),
                             {{"{s}", options_.schema}});
}

absl::StatusOr<std::vector<FetchedTask>> Queue::Fetch(const FetchRequest& request) {
  std::vector<FetchedTask> fetched;
  FLEETCAST_RETURN_IF_ERROR(db::RunStatement(lease_pool_, [&](pqxx::nontransaction& work) {
    fetched.clear();
    for (const pqxx::row& row : work.exec_params(
             Sql(kFetch), options_.queue, request.pool, request.most, request.holder,
             absl::ToInt64Milliseconds(request.lease), db::ArrayOf(request.except_groups)))
      fetched.push_back(FetchedOf(row));
    return absl::OkStatus();
  }));
  return fetched;
}

absl::StatusOr<std::vector<HoldId>> Queue::Strays(const std::string& holder,
                                                  const std::string& pool,
                                                  const std::vector<HoldId>& known) {
  std::vector<HoldId> strays;
  FLEETCAST_RETURN_IF_ERROR(db::RunStatement(lease_pool_, [&](pqxx::nontransaction& work) {
    strays.clear();
    for (const pqxx::row& row :
         work.exec_params(Sql(kStrays), HoldsJson(known), options_.queue, holder, pool))
      strays.push_back({row[0].as<std::int64_t>(), row[1].as<std::int64_t>()});
    return absl::OkStatus();
  }));
  return strays;
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
  const std::string lock = Sql(absl::StrReplaceAll(
      kLock, {{"{rows}", rows_of}, {"{skip}", waiting == Waiting::kNo ? "SKIP LOCKED" : ""}}));
  std::vector<std::string> ids;
  for (const pqxx::row& row :
       work.exec_params(lock, pqxx::prepare::make_dynamic_params(parameters)))
    ids.push_back(row[0].as<std::string>());
  std::vector<Turn> turns;
  turns.reserve(ids.size());
  for (const pqxx::row& row : work.exec_params(
           Sql(absl::StrReplaceAll(kLocked, {{"{columns}", kTaskColumns}})), db::ArrayOf(ids)))
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
                    {"reason", PrintableUtf8(next.reason, kMaxReason)},
                    {"attempt_count", next.attempt_count},
                    {"snooze_count", next.snooze_count},
                    {"wait_ms", absl::ToInt64Milliseconds(wait)},
                    {"failure", next.failure ? json::parse(JsonOf(*next.failure)) : json()},
                    {"result", JsonOrNull(turn.result)},
                    {"progress", JsonOrNull(turn.progress)}});
  }
  work.exec_params(Sql(kApply), rows.dump(), EndStates());
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
      case Ending::kFailed:
      case Ending::kSnoozed:
      case Ending::kHandedBack:
        FLEETCAST_RETURN_IF_ERROR(options_.on_interrupted(work, turn.task));
        break;
      default:
        break;
    }
  }
  return absl::OkStatus();
}

// As apply_endings takes them: GroupStateOf asks of each count only whether it is any.
std::string Queue::EndStates() const {
  std::vector<std::string> states;
  states.reserve(8);
  for (int index = 0; index < 8; ++index)
    states.emplace_back(Word(GroupStateOf(
        {.succeeded = index & 1, .failed = index >> 1 & 1, .cancelled = index >> 2 & 1}, true,
        options_.tell_partial)));
  return db::ArrayOf(states);
}

absl::StatusOr<std::vector<bool>> Queue::SucceedAll(const std::vector<Success>& successes,
                                                    const Effect& effect) {
  json rows = json::array();
  for (const Success& success : successes)
    rows.push_back({{"task_id", success.hold.task_id},
                    {"lease_epoch", success.hold.lease_epoch},
                    {"state", Word(TaskState::kSucceeded)},
                    {"reason", PrintableUtf8(success.reason, kMaxReason)},
                    {"snooze_count", 0},
                    {"wait_ms", 0},
                    {"result", JsonOrNull(success.result)},
                    {"progress", JsonOrNull(success.progress)}});
  std::map<std::int64_t, std::string> states;  // of those that were locked, as they were
  const auto is_running = [&](const Success& success) {
    const auto found = states.find(success.hold.task_id);
    return found != states.end() && found->second == Word(TaskState::kRunning);
  };
  const auto keep = [&](const pqxx::result& found) {
    states.clear();
    for (const pqxx::row& row : found) states[row[0].as<std::int64_t>()] = row[1].as<std::string>();
  };
  const auto end_at_once = [&](pqxx::nontransaction& work) {
    keep(work.exec_params(Sql(kSucceed), rows.dump(), EndStates()));
    return absl::OkStatus();
  };
  const auto end_with_effect = [&](pqxx::work& work) -> absl::Status {
    keep(work.exec_params(Sql(kLockHeld), rows.dump()));
    std::vector<std::size_t> held;
    json endings = json::array();
    for (std::size_t i = 0; i < successes.size(); ++i) {
      if (!is_running(successes[i])) continue;
      held.push_back(i);
      endings.push_back(rows[i]);
    }
    if (held.empty()) return absl::OkStatus();
    FLEETCAST_RETURN_IF_ERROR(effect(work, held));
    work.exec_params(Sql(kApply), endings.dump(), EndStates());
    return absl::OkStatus();
  };
  if (effect == nullptr) {
    FLEETCAST_RETURN_IF_ERROR(db::RunStatement(pool_, end_at_once));
    FLEETCAST_RETURN_IF_ERROR(db::AwaitDurability(pool_));
  } else {
    FLEETCAST_RETURN_IF_ERROR(db::RunInTransaction(pool_, end_with_effect));
  }
  std::vector<bool> succeeded;
  succeeded.reserve(successes.size());
  for (const Success& success : successes) {
    const auto found = states.find(success.hold.task_id);
    succeeded.push_back(is_running(success) ||
                        (found != states.end() && found->second == Word(TaskState::kSucceeded)));
  }
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
      turns[i].next =
          After(turns[i].task, requests[i].ending, requests[i].failure, requests[i].why);
      if (requests[i].ending == Ending::kWaiting) turns[i].next.wait = requests[i].wait;
    }
    return Apply(work, turns);
  }));
  return held;
}

absl::StatusOr<int> Queue::EndDeadOf(db::ConnectionPool& pool, int most, std::string& group) {
  const std::string after = std::exchange(group, "");
  return db::RunInTransaction(pool, [&](pqxx::work& work) -> absl::StatusOr<int> {
    std::vector<HoldId> holds;
    std::vector<Ending> endings;
    group.clear();
    for (const pqxx::row& row : work.exec_params(Sql(kFindDead), options_.queue, most, after)) {
      const auto of_group = row[2].as<std::string>();
      if (group.empty()) group = of_group;
      if (of_group != group) break;
      holds.push_back({row[0].as<std::int64_t>(), row[1].as<std::int64_t>()});
      endings.push_back(EndingOf(row[3].as<std::string>()));
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

absl::StatusOr<int> Queue::EndDead(db::ConnectionPool& pool, int most) {
  int ended = 0;
  absl::Status failed;
  std::string group;
  do {
    const auto of_group = EndDeadOf(pool, most - ended, group);
    failed.Update(of_group.status());
    ended += of_group.value_or(0);
  } while (!group.empty() && ended < most);
  if (!failed.ok()) return failed;
  return ended;
}

std::string Queue::WakeWord() const { return absl::StrCat(options_.schema, ".", options_.queue); }

void Queue::Wake(pqxx::work& work) {
  work.exec_params("SELECT pg_notify($1, $2)", kChannel, WakeWord());
}

}  // namespace fleetcast::workqueue
