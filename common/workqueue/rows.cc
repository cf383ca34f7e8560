#include "common/workqueue/rows.h"

#include <nlohmann/json.hpp>

#include "common/base/text.h"

namespace fleetcast::workqueue {
namespace {

constexpr std::size_t kMaxMessageBytes = 4096;

std::optional<absl::Time> OptionalTimeOf(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return absl::FromUnixMicros(field.as<std::int64_t>());
}

absl::Time TimeOf(const pqxx::field& field) { return *OptionalTimeOf(field); }

// A word that a newer release stored is not an error of this one's.
template <typename Enum>
Enum WordIn(const std::string& word, Enum otherwise) {
  return FromWord<Enum>(word).value_or(otherwise);
}

}  // namespace

std::optional<Failure> FailureOf(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  const auto json = nlohmann::json::parse(field.c_str(), nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto text = [&](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto number = [&](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_number() ? found->get<double>() : 0.0;
  };
  Failure failure{.kind = WordIn(text("kind"), FailureKind::kInternal),
                  .reason = text("reason"),
                  .message = text("message"),
                  .attempt = static_cast<int>(number("attempt"))};
  if (const double seconds = number("time"); seconds > 0)
    failure.time = absl::UnixEpoch() + absl::Seconds(seconds);
  return failure;
}

#define MICROS(time) "(extract(epoch FROM " time ") * 1000000)::bigint"
const char kGroupColumns[] =
    "g.group_id, g.queue, g.pin, g.state, g.paused, g.open_count, g.succeeded_count,"
    " g.failed_count, g.cancelled_count, g.change_number, " MICROS(
        "g.create_time") " AS created_at, " MICROS("g.start_time") " AS started_at, "
    MICROS("g.end_time") " AS ended_at, " MICROS("g.update_time") " AS updated_at,"
    " CASE WHEN g.end_time IS NULL THEN (SELECT count(*) FROM {s}.task_holds h"
    " WHERE h.group_id = g.group_id) ELSE 0 END AS running_count";
const char kTaskColumns[] =
    "t.task_id, t.group_id, t.name, t.key, t.pool, to_json(t.pools) AS pools, t.priority, t.payload,"
    " CASE WHEN h.task_id IS NULL THEN t.state ELSE 'RUNNING' END AS state,"
    " CASE WHEN h.task_id IS NULL THEN t.state_reason ELSE '' END AS state_reason,"
    " (SELECT paused FROM {s}.task_groups WHERE group_id = t.group_id) AS group_paused,"
    " coalesce(h.attempt_count, t.attempt_count) AS attempt_count, t.max_attempts, t.snooze_count,"
    " coalesce(h.lease_epoch, t.lease_epoch) AS lease_epoch, coalesce(h.holder, t.holder) AS holder,"
    " t.failure, CASE WHEN h.task_id IS NULL THEN t.progress ELSE h.progress END AS progress,"
    " t.result,"
    " CASE WHEN t.ready_time < 'infinity' THEN " MICROS("t.ready_time") " END AS ready_at, "
    MICROS("h.lease_expire_time") " AS lease_expires_at, "
    MICROS("t.create_time") " AS created_at, "
    MICROS("coalesce(t.start_time, h.start_time)") " AS started_at, "
    MICROS("t.end_time") " AS ended_at, "
    MICROS("greatest(t.update_time, h.start_time)") " AS updated_at";
#undef MICROS

Group GroupOf(const pqxx::row& row) {
  Group group;
  group.id = row["group_id"].as<std::string>();
  group.queue = row["queue"].as<std::string>();
  group.pin = row["pin"].as<std::string>();
  group.state = WordIn(row["state"].as<std::string>(), GroupState::kRunning);
  group.paused = row["paused"].as<bool>();
  const int open = row["open_count"].as<int>();
  group.counts.running = std::min(open, row["running_count"].as<int>());
  group.counts.queued = open - group.counts.running;
  group.counts.succeeded = row["succeeded_count"].as<int>();
  group.counts.failed = row["failed_count"].as<int>();
  group.counts.cancelled = row["cancelled_count"].as<int>();
  group.change_number = row["change_number"].as<std::int64_t>();
  group.created_at = TimeOf(row["created_at"]);
  group.started_at = OptionalTimeOf(row["started_at"]);
  group.ended_at = OptionalTimeOf(row["ended_at"]);
  group.updated_at = TimeOf(row["updated_at"]);
  return group;
}

Task TaskOf(const pqxx::row& row) {
  Task task;
  task.id = row["task_id"].as<std::int64_t>();
  task.group_id = row["group_id"].as<std::string>();
  task.name = row["name"].as<std::string>();
  task.key = row["key"].as<std::string>();
  task.pool = row["pool"].as<std::string>();
  task.pools = nlohmann::json::parse(row["pools"].c_str()).get<std::vector<std::string>>();
  task.priority = row["priority"].as<int>();
  task.payload = row["payload"].as<std::string>();
  task.state = WordIn(row["state"].as<std::string>(), TaskState::kRunning);
  task.state_reason = row["state_reason"].as<std::string>();
  task.attempt_count = row["attempt_count"].as<int>();
  task.max_attempts = row["max_attempts"].as<int>();
  task.snooze_count = row["snooze_count"].as<int>();
  task.lease_epoch = row["lease_epoch"].as<std::int64_t>();
  task.holder = row["holder"].as<std::string>();
  task.failure = FailureOf(row["failure"]);
  task.progress = row["progress"].as<std::string>("");
  task.result = row["result"].as<std::string>("");
  task.group_paused = row["group_paused"].as<bool>(false);
  task.ready_at = OptionalTimeOf(row["ready_at"]).value_or(absl::InfiniteFuture());
  task.lease_expires_at = OptionalTimeOf(row["lease_expires_at"]);
  task.created_at = TimeOf(row["created_at"]);
  task.started_at = OptionalTimeOf(row["started_at"]);
  task.ended_at = OptionalTimeOf(row["ended_at"]);
  task.updated_at = TimeOf(row["updated_at"]);
  return task;
}

std::string JsonOf(const Failure& failure) {
  return nlohmann::json{{"kind", Word(failure.kind)},
                        {"reason", PrintableUtf8(failure.reason, 128)},
                        {"message", PrintableUtf8(failure.message, kMaxMessageBytes)},
                        {"attempt", failure.attempt}}
      .dump();
}

nlohmann::json MillisecondsOf(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) return nullptr;
  return absl::ToInt64Milliseconds(duration);
}

}  // namespace fleetcast::workqueue
