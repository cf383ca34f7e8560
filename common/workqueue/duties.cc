#include "common/workqueue/duties.h"

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status.h"

namespace fleetcast::workqueue {
namespace {

constexpr int kDeadAtOnce = 200;

absl::Status Tend(Queue& queue, db::ConnectionPool& pool) {
  FLEETCAST_ASSIGN_OR_RETURN(const int dead, queue.Tend(pool));
  if (dead == 0) return absl::OkStatus();
  for (int ended = kDeadAtOnce; ended == kDeadAtOnce;) {
    FLEETCAST_ASSIGN_OR_RETURN(ended, queue.EndDead(pool, kDeadAtOnce));
    if (ended > 0)
      LogWarning("attempts have died",
                 {{"queue", queue.options().queue}, {"attempts", absl::StrCat(ended)}});
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<db::Duty> DutiesOf(Queue& queue, absl::Duration keep, absl::Duration tend_every) {
  const std::string& name = queue.options().queue;
  return {{.name = "tend " + name,
           .every = tend_every,
           .run = [&queue](db::ConnectionPool& pool) { return Tend(queue, pool); }},
          {.name = "forget what ended in " + name,
           .every = absl::Minutes(10),
           .run = [&queue, keep](db::ConnectionPool& pool) { return queue.Prune(pool, keep); },
           .longest = absl::Minutes(2)}};
}

}  // namespace fleetcast::workqueue
