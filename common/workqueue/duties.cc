#include "common/workqueue/duties.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/log.h"
#include "common/base/status.h"

namespace fleetcast::workqueue {
namespace {

constexpr int kDeadAtOnce = 200;
constexpr absl::Duration kTendEvery = absl::Seconds(15);
// After Postgres was away, holders that live hand back what they could not renew: they go first.
constexpr absl::Duration kForOthers = absl::Seconds(2);

absl::Status Tend(Queue& queue, db::ConnectionPool& pool) {
  FLEETCAST_ASSIGN_OR_RETURN(const int dead, queue.Tend(pool));
  if (dead == 0) return absl::OkStatus();
  absl::SleepFor(kForOthers);
  for (int ended = kDeadAtOnce; ended == kDeadAtOnce;) {
    FLEETCAST_ASSIGN_OR_RETURN(ended, queue.EndDead(pool, kDeadAtOnce));
    if (ended > 0)
      LogWarning("attempts have died",
                 {{"queue", queue.options().queue}, {"attempts", absl::StrCat(ended)}});
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<db::Duty> DutiesOf(const std::vector<KeptQueue>& queues) {
  std::vector<db::Duty> duties = {
      {.name = "tend queues", .every = kTendEvery, .run = [queues](db::ConnectionPool& pool) {
         absl::Status all;
         for (const KeptQueue& kept : queues) all.Update(Tend(kept.queue, pool));
         return all;
       }}};
  for (const KeptQueue& kept : queues)
    duties.push_back(
        {.name = "forget what ended in " + kept.queue.options().queue,
         .every = absl::Minutes(10),
         .run = [kept](db::ConnectionPool& pool) { return kept.queue.Prune(pool, kept.keep); },
         .longest = absl::Minutes(2)});
  return duties;
}

}  // namespace fleetcast::workqueue
