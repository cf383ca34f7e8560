#include "services/inference/storage/postgres_schedule_store.h"

#include "absl/strings/str_cat.h"
#include "services/inference/domain/deployment_store.h"
#include "services/inference/storage/first_answer.h"
#include "services/inference/storage/rows.h"
#include "services/inference/storage/sweep_rows.h"

namespace fleetcast::inference {
namespace {

const char kNow[] = "SELECT " FLEETCAST_MICROS("now()");

const char kSelectSchedule[] =
    "SELECT schedule_id, display_name, cron, time_zone, array_to_string(plant_ids, ',') AS plants,"
    " paused, last_sweep_id, revision, "
    FLEETCAST_MICROS("next_tick") " AS next_us, "
    FLEETCAST_MICROS("last_tick") " AS last_us, "
    FLEETCAST_MICROS("create_time") " AS created_us, "
    FLEETCAST_MICROS("update_time") " AS updated_us FROM inference.schedules WHERE ";

const char kInsertSchedule[] =
    "INSERT INTO inference.schedules (schedule_id, display_name, cron, time_zone, plant_ids,"
    " next_tick, revision) VALUES ($1, $2, $3, $4, $5::text[], " FLEETCAST_TIME(
        "$6") ", nextval('inference.revisions')) ON CONFLICT (schedule_id) DO NOTHING";

const char kUpdateSchedule[] =
    "UPDATE inference.schedules SET display_name = $2, cron = $3, time_zone = $4,"
    " plant_ids = $5::text[], next_tick = " FLEETCAST_TIME("$6") ", paused = $7::boolean,"
    " revision = nextval('inference.revisions'), update_time = now() WHERE schedule_id = $1";

const char kDeleteSchedule[] = "DELETE FROM inference.schedules WHERE schedule_id = $1";

// Both from the first entries of one index.
const char kNextTicks[] =
    "SELECT " FLEETCAST_MICROS("now()") " AS now_us, "
    "(SELECT min(next_tick) <= now() FROM inference.schedules WHERE NOT paused) AS any_due, "
    FLEETCAST_MICROS("(SELECT min(next_tick) FROM inference.schedules WHERE NOT paused"
    " AND next_tick > now())") " AS next_us";

const char kDue[] = "NOT paused AND next_tick <= now() ORDER BY next_tick, schedule_id LIMIT 1000";

// Zero rows: another replica was first, or a caller changed the schedule.
const char kMoveOn[] =
    "UPDATE inference.schedules SET next_tick = " FLEETCAST_TIME("$4")
    " WHERE schedule_id = $1 AND revision = $2::bigint AND next_tick = " FLEETCAST_TIME("$3")
    " AND NOT paused";

const char kRecordTick[] =
    "UPDATE inference.schedules SET last_tick = " FLEETCAST_TIME("$2") ", last_sweep_id = $3"
    " WHERE schedule_id = $1";

Schedule ScheduleOf(const pqxx::row& row) {
  return {.id = row["schedule_id"].as<std::string>(),
          .spec = {.display_name = row["display_name"].as<std::string>(),
                   .cron = row["cron"].as<std::string>(),
                   .time_zone = row["time_zone"].as<std::string>(),
                   .plant_ids = SplitIds(row["plants"])},
          .paused = row["paused"].as<bool>(),
          .next_tick = OptionalTimeOf(row["next_us"]),
          .last_tick = OptionalTimeOf(row["last_us"]),
          .last_sweep_id = row["last_sweep_id"].as<std::string>(""),
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

absl::StatusOr<Schedule> Write(pqxx::work& work, const std::string& id, const ScheduleSpec& spec,
                               bool paused) {
  std::optional<absl::Time> next;
  if (!paused) {
    FLEETCAST_ASSIGN_OR_RETURN(next, FirstTick(spec, Now(work)));
  }
  Run(work, kUpdateSchedule,
      {id, spec.display_name, spec.cron, spec.time_zone, TextArray(spec.plant_ids), MicrosOf(next),
       paused ? "t" : "f"});
  return Read(work, id);
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
    const pqxx::result inserted = Run(work, kInsertSchedule,
                                      {id, spec.display_name, spec.cron, spec.time_zone,
                                       TextArray(spec.plant_ids), MicrosOf(first)});
    if (inserted.affected_rows() == 0) return ScheduleExists(id);
    return Read(work, id);
  });
}

absl::StatusOr<Schedule> PostgresScheduleStore::Update(const MutatingRequest& request,
                                                       const std::string& id,
                                                       const ScheduleChange& change) {
  return AnswerOnce(pool_, request, [&](pqxx::work& work) -> absl::StatusOr<Schedule> {
    FLEETCAST_ASSIGN_OR_RETURN(const Schedule schedule, Lock(work, id, change.etag));
    const ScheduleSpec spec = Changed(schedule.spec, change);
    FLEETCAST_RETURN_IF_ERROR(ValidateSchedule(spec));
    if (change.plant_ids) {
      FLEETCAST_RETURN_IF_ERROR(CheckPlants(work, spec.plant_ids));
    }
    return Write(work, id, spec, schedule.paused);
  });
}

absl::StatusOr<Schedule> PostgresScheduleStore::SetPaused(const MutatingRequest& request,
                                                          const std::string& id, bool paused) {
  return AnswerOnce(pool_, request, [&](pqxx::work& work) -> absl::StatusOr<Schedule> {
    FLEETCAST_ASSIGN_OR_RETURN(Schedule schedule, Lock(work, id, ""));
    if (schedule.paused == paused) return schedule;
    return Write(work, id, schedule.spec, paused);
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
    const pqxx::row ticks = work.exec1(kNextTicks);
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

absl::StatusOr<std::string> PostgresScheduleStore::Tick(const Schedule& seen,
                                                        const TickDecision& decision) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<std::string> {
    const pqxx::result moved = Run(work, kMoveOn,
                                   {seen.id, absl::StrCat(seen.revision), MicrosOf(seen.next_tick),
                                    MicrosOf(decision.next_tick)});
    if (moved.affected_rows() == 0 || !decision.tick) return std::string();
    const SweepPin pin{.plant_ids = seen.spec.plant_ids,
                       .as_of = decision.tick,
                       .schedule_id = seen.id,
                       .tick = decision.tick};
    const auto sweep = CreateSweep(work, queue_, ids_, {.pin = pin, .circuit = {}});
    if (absl::IsAlreadyExists(sweep.status())) return std::string();
    FLEETCAST_RETURN_IF_ERROR(sweep.status());
    Run(work, kRecordTick, {seen.id, MicrosOf(decision.tick), sweep->group.id});
    return sweep->group.id;
  });
}

}  // namespace fleetcast::inference
