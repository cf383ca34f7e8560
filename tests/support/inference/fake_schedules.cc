#include "absl/strings/str_cat.h"
#include "tests/support/inference/fake_ledger.h"

namespace fleetcast::inference {

absl::StatusOr<Schedule*> FakeScheduleStore::Find(const std::string& id, const std::string& etag) {
  const auto found = ledger_.schedules.find(id);
  if (found == ledger_.schedules.end()) return ScheduleNotFound(id);
  if (!etag.empty() && absl::StrCat(found->second.revision) != etag) {
    return EtagMismatch(ScheduleResource(id), etag);
  }
  return &found->second;
}

void FakeScheduleStore::Write(Schedule& schedule, const ScheduleSpec& spec, bool paused) {
  schedule.spec = spec;
  schedule.paused = paused;
  schedule.next_tick = paused ? std::nullopt : FirstTick(spec, ledger_.clock.Now());
  schedule.revision = ++ledger_.revision;
  schedule.update_time = ledger_.clock.Now();
}

absl::StatusOr<Schedule> FakeScheduleStore::Create(const MutatingRequest& request,
                                                   const std::string& id,
                                                   const ScheduleSpec& spec) {
  absl::MutexLock lock(&ledger_.mutex);
  FLEETCAST_RETURN_IF_ERROR(
      ledger_
          .AnswerOnce(request,
                      [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<std::string> {
                        if (ledger_.schedules.contains(id)) return ScheduleExists(id);
                        Schedule& schedule = ledger_.schedules[id];
                        schedule.id = id;
                        schedule.create_time = ledger_.clock.Now();
                        Write(schedule, spec, false);
                        return id;
                      })
          .status());
  FLEETCAST_ASSIGN_OR_RETURN(const Schedule* schedule, Find(id, ""));
  return *schedule;
}

absl::StatusOr<Schedule> FakeScheduleStore::Update(const MutatingRequest& request,
                                                   const std::string& id,
                                                   const ScheduleChange& change) {
  absl::MutexLock lock(&ledger_.mutex);
  FLEETCAST_RETURN_IF_ERROR(
      ledger_
          .AnswerOnce(request,
                      [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<std::string> {
                        FLEETCAST_ASSIGN_OR_RETURN(Schedule * schedule, Find(id, change.etag));
                        const ScheduleSpec spec = Changed(schedule->spec, change);
                        FLEETCAST_RETURN_IF_ERROR(ValidateSchedule(spec));
                        Write(*schedule, spec, schedule->paused);
                        return id;
                      })
          .status());
  FLEETCAST_ASSIGN_OR_RETURN(const Schedule* schedule, Find(id, ""));
  return *schedule;
}

absl::StatusOr<Schedule> FakeScheduleStore::SetPaused(const MutatingRequest& request,
                                                      const std::string& id, bool paused) {
  absl::MutexLock lock(&ledger_.mutex);
  FLEETCAST_RETURN_IF_ERROR(
      ledger_
          .AnswerOnce(request,
                      [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<std::string> {
                        FLEETCAST_ASSIGN_OR_RETURN(Schedule * schedule, Find(id, ""));
                        if (schedule->paused != paused) Write(*schedule, schedule->spec, paused);
                        return id;
                      })
          .status());
  FLEETCAST_ASSIGN_OR_RETURN(const Schedule* schedule, Find(id, ""));
  return *schedule;
}

absl::Status FakeScheduleStore::Delete(const MutatingRequest& request, const std::string& id,
                                       const std::string& etag) {
  absl::MutexLock lock(&ledger_.mutex);
  return ledger_
      .AnswerOnce(request,
                  [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<std::string> {
                    FLEETCAST_RETURN_IF_ERROR(Find(id, etag).status());
                    ledger_.schedules.erase(id);
                    return id;
                  })
      .status();
}

absl::StatusOr<Schedule> FakeScheduleStore::Get(const std::string& id) {
  absl::MutexLock lock(&ledger_.mutex);
  FLEETCAST_ASSIGN_OR_RETURN(const Schedule* schedule, Find(id, ""));
  return *schedule;
}

absl::StatusOr<PageOf<Schedule>> FakeScheduleStore::List(const PageRequest& page) {
  absl::MutexLock lock(&ledger_.mutex);
  std::vector<Schedule> schedules;
  for (const auto& entry : ledger_.schedules) schedules.push_back(entry.second);
  return FakePage(
      schedules, page,
      [](const Schedule& schedule) { return std::vector<std::string>{schedule.id}; }, KeyLess);
}

absl::StatusOr<Sweep> FakeScheduleStore::Trigger(const MutatingRequest& request,
                                                 const std::string& id,
                                                 const std::string& sweep_id) {
  absl::MutexLock lock(&ledger_.mutex);
  FLEETCAST_ASSIGN_OR_RETURN(
      const std::string made,
      ledger_.AnswerOnce(
          request, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<std::string> {
            FLEETCAST_ASSIGN_OR_RETURN(const Schedule* schedule, Find(id, ""));
            (void)ledger_.Insert(
                {.id = sweep_id, .circuit = {}, .plant_ids = schedule->spec.plant_ids, .as_of = {}},
                id, std::nullopt, "");
            return sweep_id;
          }));
  return ledger_.Read(made);
}

absl::StatusOr<DueSchedules> FakeScheduleStore::Due() {
  absl::MutexLock lock(&ledger_.mutex);
  DueSchedules due{.schedules = {}, .now = ledger_.clock.Now()};
  for (const auto& entry : ledger_.schedules) {
    const Schedule& schedule = entry.second;
    if (!schedule.paused && schedule.next_tick && *schedule.next_tick <= due.now) {
      due.schedules.push_back(schedule);
    }
  }
  return due;
}

absl::StatusOr<bool> FakeScheduleStore::Tick(const Schedule& seen, const TickDecision& decision,
                                             const std::string& sweep_id) {
  absl::MutexLock lock(&ledger_.mutex);
  const auto found = ledger_.schedules.find(seen.id);
  if (found == ledger_.schedules.end() || found->second.revision != seen.revision ||
      found->second.next_tick != seen.next_tick || found->second.paused) {
    return false;
  }
  found->second.next_tick = decision.next_tick;
  if (!decision.tick) return true;
  if (!ledger_.Insert(
          {.id = sweep_id, .circuit = {}, .plant_ids = seen.spec.plant_ids, .as_of = decision.tick},
          seen.id, decision.tick, "")) {
    return false;
  }
  found->second.last_tick = decision.tick;
  found->second.last_sweep_id = sweep_id;
  return true;
}

}  // namespace fleetcast::inference
