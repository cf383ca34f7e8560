#include "services/inference/storage/postgres_schedule_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/db/array.h"
#include "services/inference/domain/deployment_store.h"
#include "services/inference/storage/first_answer.h"
#include "services/inference/storage/rows.h"
#include "services/inference/storage/sweep_rows.h"

namespace fleetcast::inference {
namespace {

const char kNow[] = "SELECT " FLEETCAST_MICROS("now()");

const char kSelectSchedule[] =
    "SELECT schedule_id, display_name, cron, time_zone, array_to_string(plant_ids, ',') AS plants,"
    " overlap_policy, catch_up_seconds, jitter_seconds, paused, last_sweep_id, revision,"
    " skipped_reason, skipped_message, "
    FLEETCAST_MICROS("next_tick") " AS next_us, "
    FLEETCAST_MICROS("coalesce(due_time, next_tick)") " AS due_us, "
    FLEETCAST_MICROS("last_tick") " AS last_us, "
    FLEETCAST_MICROS("skipped_tick") " AS skipped_us, "
    FLEETCAST_MICROS("create_time") " AS created_us, "
    FLEETCAST_MICROS("update_time") " AS updated_us FROM inference.schedules WHERE ";

const char kInsertSchedule[] =
    "INSERT INTO inference.schedules (schedule_id, display_name, cron, time_zone, plant_ids,"
    " overlap_policy, catch_up_seconds, jitter_seconds, next_tick, due_time, revision)"
    " VALUES ($1, $2, $3, $4, $5::text[], $6, NULLIF($7, '')::double precision,"
    " $8::double precision, " FLEETCAST_TIME("$9") ", " FLEETCAST_TIME("$10") ","
    " nextval('inference.revisions')) ON CONFLICT (schedule_id) DO NOTHING";

const char kUpdateSchedule[] =
    "UPDATE inference.schedules SET display_name = $2, cron = $3, time_zone = $4,"
    " plant_ids = $5::text[], overlap_policy = $6,"
    " catch_up_seconds = NULLIF($7, '')::double precision, jitter_seconds = $8::double precision,"
    " next_tick = " FLEETCAST_TIME("$9") ", due_time = " FLEETCAST_TIME("$10") ","
    " paused = $11::boolean, revision = nextval('inference.revisions'), update_time = now() WHERE schedule_id = $1";

const char kDeleteSchedule[] = "DELETE FROM inference.schedules WHERE schedule_id = $1";

// Both from the first entries of one index.
const char kNextDue[] =
    "SELECT " FLEETCAST_MICROS("now()") " AS now_us, "
    "(SELECT min(coalesce(due_time, next_tick)) <= now() FROM inference.schedules"
    " WHERE NOT paused) AS any_due, "
    FLEETCAST_MICROS("(SELECT min(coalesce(due_time, next_tick)) FROM inference.schedules"
    " WHERE NOT paused AND coalesce(due_time, next_tick) > now())") " AS next_us";

const char kDue[] =
    "NOT paused AND coalesce(due_time, next_tick) <= now()"
    " ORDER BY coalesce(due_time, next_tick), schedule_id LIMIT 1000";

// Zero rows: another replica was first, or a caller changed the schedule.
const char kMoveOn[] =
    "UPDATE inference.schedules SET next_tick = " FLEETCAST_TIME("$4")
    ", due_time = " FLEETCAST_TIME("$5")
    " WHERE schedule_id = $1 AND revision = $2::bigint AND next_tick = " FLEETCAST_TIME("$3")
    " AND NOT paused";

const char kOpenSweeps[] =
    "SELECT group_id, (pin ->> 'tick')::bigint AS tick_us FROM inference.task_groups"
    " WHERE pin ->> 'schedule_id' = $1 AND pin ->> 'tick' IS NOT NULL AND end_time IS NULL"
    " ORDER BY group_id";

const char kRecordSkip[] =
    "UPDATE inference.schedules SET skipped_tick = " FLEETCAST_TIME("$2") ", skipped_reason = $3,"
    " skipped_message = $4 WHERE schedule_id = $1";

const char kRecordTick[] =
    "UPDATE inference.schedules SET last_tick = " FLEETCAST_TIME("$2") ", last_sweep_id = $3"
    " WHERE schedule_id = $1";

std::optional<SkippedTick> SkippedOf(const pqxx::row& row) {
  const std::optional<absl::Time> tick = OptionalTimeOf(row["skipped_us"]);
  if (!tick) return std::nullopt;
  return SkippedTick{.tick = *tick,
                     .reason = row["skipped_reason"].as<std::string>(),
                     .message = row["skipped_message"].as<std::string>()};
}

absl::Duration CatchUpWindowOf(const pqxx::field& seconds) {
  return seconds.is_null() ? absl::InfiniteDuration() : absl::Seconds(seconds.as<double>());
}

Schedule ScheduleOf(const pqxx::row& row) {
  return {.id = row["schedule_id"].as<std::string>(),
          .spec = {.display_name = row["display_name"].as<std::string>(),
                   .cron = row["cron"].as<std::string>(),
                   .time_zone = row["time_zone"].as<std::string>(),
                   .plant_ids = SplitIds(row["plants"]),
                   .overlap_policy = OverlapPolicyOf(row["overlap_policy"].as<std::string>())
                                         .value_or(OverlapPolicy::kSkip),
                   .catch_up_window = CatchUpWindowOf(row["catch_up_seconds"]),
                   .jitter = absl::Seconds(row["jitter_seconds"].as<double>())},
          .paused = row["paused"].as<bool>(),
          .next_tick = OptionalTimeOf(row["next_us"]),
          .due_time = OptionalTimeOf(row["due_us"]),
          .last_tick = OptionalTimeOf(row["last_us"]),
          .last_sweep_id = row["last_sweep_id"].as<std::string>(""),
          .last_skipped = SkippedOf(row),
          .revision = row["revision"].as<std::int64_t>(),
          .create_time = TimeOf(row["created_us"]),
          .update_time = TimeOf(row["updated_us"])};
}

absl::Time Now(pqxx::work& work) { return TimeOf(work.exec1(kNow)[0]); }

absl::StatusOr<Schedule> Read(pqxx::work& work, const std::string& id,
                              const std::string& suffix = "") {
  const pqxx::result rows =
      Run(work, absl::StrCat(kSelectSchedule, "schedule_id = $1", suffix), {id});
  if (rows.empty()) return ScheduleNotFound(id);
  return ScheduleOf(rows[0]);
}

// The schedule, locked, if `etag` is empty or its present one.
absl::StatusOr<Schedule> Lock(pqxx::work& work, const std::string& id, const std::string& etag) {
  FLEETCAST_ASSIGN_OR_RETURN(Schedule schedule, Read(work, id, " FOR UPDATE"));
  if (!etag.empty() && absl::StrCat(schedule.revision) != etag) {
    return EtagMismatch(ScheduleResource(id), etag);
  }
  return schedule;
}

// What is due when it comes is stored without a time of its own.
std::string DueMicros(const std::string& id, const ScheduleSpec& spec,
                      const std::optional<absl::Time>& tick) {
  if (!tick || spec.jitter == absl::ZeroDuration()) return "";
  return MicrosOf(DueTime(id, spec, *tick));
}

// Of kInsertSchedule and kUpdateSchedule.
std::vector<std::string> Values(const std::string& id, const ScheduleSpec& spec,
                                const std::optional<absl::Time>& next) {
  return {id,
          spec.display_name,
          spec.cron,
          spec.time_zone,
          db::ArrayOf(spec.plant_ids),
          Word(spec.overlap_policy),
          spec.catch_up_window == absl::InfiniteDuration() ? "" : SecondsOf(spec.catch_up_window),
          SecondsOf(spec.jitter),
          MicrosOf(next),
          DueMicros(id, spec, next)};
}

absl::StatusOr<Schedule> Write(pqxx::work& work, const Schedule& schedule,
                               const std::optional<absl::Time>& next) {
  std::vector<std::string> values = Values(schedule.id, schedule.spec, next);
  values.emplace_back(schedule.paused ? "t" : "f");
  Run(work, kUpdateSchedule, std::move(values));
  return Read(work, schedule.id);
}

std::vector<OpenSweep> OpenSweeps(pqxx::work& work, const std::string& schedule_id) {
  std::vector<OpenSweep> open;
  for (const pqxx::row& row : Run(work, kOpenSweeps, {schedule_id}))
    open.push_back({row["group_id"].as<std::string>(), TimeOf(row["tick_us"])});
  return open;
}

}  // namespace

std::vector<Schedule> AllSchedules(pqxx::work& work) {
  std::vector<Schedule> schedules;
  for (const pqxx::row& row : work.exec(absl::StrCat(kSelectSchedule, "true")))
    schedules.push_back(ScheduleOf(row));
  return schedules;
}

absl::StatusOr<Schedule> PostgresScheduleStore::Create(const MutatingRequest& request,
                                                       const std::string& id,
                                                       const ScheduleSpec& spec) {
  return AnswerOnce(pool_, request, [&](pqxx::work& work) -> absl::StatusOr<Schedule> {
    FLEETCAST_RETURN_IF_ERROR(CheckPlants(work, spec.plant_ids));
    FLEETCAST_ASSIGN_OR_RETURN(const absl::Time first, FirstTick(spec, Now(work)));
    const pqxx::result inserted = Run(work, kInsertSchedule, Values(id, spec, first));
    if (inserted.affected_rows() == 0) return ScheduleExists(id);
    return Read(work, id);
  });
}

absl::StatusOr<Schedule> PostgresScheduleStore::Update(const MutatingRequest& request,
                                                       const std::string& id,
                                                       const ScheduleChange& change) {
  return AnswerOnce(pool_, request, [&](pqxx::work& work) -> absl::StatusOr<Schedule> {
    FLEETCAST_ASSIGN_OR_RETURN(Schedule schedule, Lock(work, id, change.etag));
    const ScheduleSpec before = std::exchange(schedule.spec, Changed(schedule.spec, change));
    const ScheduleSpec& spec = schedule.spec;
    FLEETCAST_RETURN_IF_ERROR(ValidateSchedule(spec));
    if (change.plant_ids) {
      FLEETCAST_RETURN_IF_ERROR(CheckPlants(work, spec.plant_ids));
    }
    // A tick that is due and that nobody has taken yet stays so, unless it is no tick any more.
    if (schedule.paused || (spec.cron == before.cron && spec.time_zone == before.time_zone))
      return Write(work, schedule, schedule.next_tick);
    FLEETCAST_ASSIGN_OR_RETURN(const absl::Time next, FirstTick(spec, Now(work)));
    return Write(work, schedule, next);
  });
}

absl::StatusOr<Schedule> PostgresScheduleStore::SetPaused(const MutatingRequest& request,
                                                          const std::string& id, bool paused) {
  return AnswerOnce(pool_, request, [&](pqxx::work& work) -> absl::StatusOr<Schedule> {
    FLEETCAST_ASSIGN_OR_RETURN(Schedule schedule, Lock(work, id, ""));
    if (schedule.paused == paused) return schedule;
    schedule.paused = paused;
    if (paused) return Write(work, schedule, std::nullopt);
    FLEETCAST_ASSIGN_OR_RETURN(const absl::Time next, FirstTick(schedule.spec, Now(work)));
    return Write(work, schedule, next);
  });
}

absl::Status PostgresScheduleStore::Delete(const MutatingRequest& request, const std::string& id,
                                           const std::string& etag) {
  return AnswerOnce(pool_, request, [&](pqxx::work& work) -> absl::Status {
    FLEETCAST_RETURN_IF_ERROR(Lock(work, id, etag).status());
    Run(work, kDeleteSchedule, {id});
    return absl::OkStatus();
  });
}

absl::StatusOr<Schedule> PostgresScheduleStore::Get(const std::string& id) {
  return db::ReadInTransaction(pool_, [&](pqxx::work& work) { return Read(work, id); });
}

absl::StatusOr<PageOf<Schedule>> PostgresScheduleStore::List(const PageRequest& page) {
  const std::string after = page.after.empty() ? "" : page.after[0];
  return db::ReadInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<PageOf<Schedule>> {
    std::vector<Schedule> schedules;
    for (const pqxx::row& row :
         Run(work,
             absl::StrCat(kSelectSchedule,
                          "schedule_id > $1 ORDER BY schedule_id LIMIT $2::integer"),
             {after, absl::StrCat(page.size + 1)})) {
      schedules.push_back(ScheduleOf(row));
    }
    return CutPage(std::move(schedules), page);
  });
}

absl::StatusOr<Sweep> PostgresScheduleStore::Trigger(const MutatingRequest& request,
                                                     const std::string& id) {
  return AnswerOnce(pool_, request, [&](pqxx::work& work) -> absl::StatusOr<Sweep> {
    FLEETCAST_ASSIGN_OR_RETURN(const Schedule schedule, Read(work, id));
    const SweepPin pin{.plant_ids = schedule.spec.plant_ids, .schedule_id = id};
    return CreateSweep(work, queue_, ids_, {.pin = pin, .circuit = {}});
  });
}

absl::StatusOr<DueSchedules> PostgresScheduleStore::Due() {
  DueSchedules due;
  bool any = false;
  FLEETCAST_RETURN_IF_ERROR(db::RunStatement(pool_, [&](pqxx::nontransaction& work) {
    const pqxx::row ticks = work.exec1(kNextDue);
    due.now = TimeOf(ticks["now_us"]);
    due.next = OptionalTimeOf(ticks["next_us"]);
    any = ticks["any_due"].as<bool>(false);
    return absl::OkStatus();
  }));
  if (!any) return due;
  return db::ReadInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<DueSchedules> {
    DueSchedules now_due{.schedules = {}, .now = Now(work), .next = due.next};
    for (const pqxx::row& row : work.exec(absl::StrCat(kSelectSchedule, kDue))) {
      now_due.schedules.push_back(ScheduleOf(row));
    }
    return now_due;
  });
}

absl::StatusOr<TickOutcome> PostgresScheduleStore::Tick(const Schedule& seen,
                                                        const TickDecision& decision) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<TickOutcome> {
    const pqxx::result moved =
        Run(work, kMoveOn,
            {seen.id, absl::StrCat(seen.revision), MicrosOf(seen.next_tick),
             MicrosOf(decision.next_tick), DueMicros(seen.id, seen.spec, decision.next_tick)});
    if (moved.affected_rows() == 0) return TickOutcome();
    TickOutcome outcome{.taken = true, .sweep_id = {}, .skipped = decision.missed, .replaced = {}};
    if (decision.tick) {
      FLEETCAST_RETURN_IF_ERROR(SweepTick(work, seen, *decision.tick, &outcome));
    }
    if (outcome.skipped) {
      Run(work, kRecordSkip,
          {seen.id, MicrosOf(outcome.skipped->tick), outcome.skipped->reason,
           outcome.skipped->message});
    }
    return outcome;
  });
}

absl::Status PostgresScheduleStore::SweepTick(pqxx::work& work, const Schedule& schedule,
                                              absl::Time tick, TickOutcome* outcome) {
  OverlapDecision overlap =
      DecideOverlap(schedule.spec.overlap_policy, tick, OpenSweeps(work, schedule.id));
  if (overlap.skipped) {
    outcome->skipped = std::move(overlap.skipped);
    return absl::OkStatus();
  }
  const SweepPin pin{.plant_ids = schedule.spec.plant_ids,
                     .as_of = tick,
                     .schedule_id = schedule.id,
                     .tick = tick,
                     .replaced = overlap.replaced};
  const auto sweep = CreateSweep(work, queue_, ids_, {.pin = pin, .circuit = {}});
  if (absl::IsAlreadyExists(sweep.status())) return absl::OkStatus();
  FLEETCAST_RETURN_IF_ERROR(sweep.status());
  for (const std::string& replaced : overlap.replaced) {
    FLEETCAST_RETURN_IF_ERROR(
        queue_
            .Cancel(work, {.group_id = replaced},
                    absl::StrCat("replaced by ", SweepResource(sweep->group.id)))
            .status());
  }
  Run(work, kRecordTick, {schedule.id, MicrosOf(tick), sweep->group.id});
  outcome->sweep_id = sweep->group.id;
  outcome->replaced = std::move(overlap.replaced);
  return absl::OkStatus();
}

}  // namespace fleetcast::inference
