#include "common/workqueue/duties.h"

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status.h"

namespace fleetcast::workqueue {
namespace {

constexpr int kDeadAtOnce = 200;

absl::Status EndDead(Queue& queue, db::ConnectionPool& pool) {
  for (int ended = kDeadAtOnce; ended == kDeadAtOnce;) {
    FLEETCAST_ASSIGN_OR_RETURN(ended, queue.EndDead(pool, kDeadAtOnce));
    if (ended > 0)
      LogWarning("attempts have died",
                 {{"queue", queue.options().queue}, {"attempts", absl::StrCat(ended)}});
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<db::Duty> DutiesOf(Queue& queue, absl::Duration keep) {
  const std::string& name = queue.options().queue;
  return {{.name = "end dead attempts of " + name,
           .every = absl::Seconds(2),
           .run = [&queue](db::ConnectionPool& pool) { return EndDead(queue, pool); }},
          {.name = "tidy " + name,
           .every = absl::Seconds(5),
           .run = [&queue](db::ConnectionPool& pool) { return queue.Tidy(pool); }},
          {.name = "forget what ended in " + name,
           .every = absl::Minutes(10),
           .run = [&queue, keep](db::ConnectionPool& pool) { return queue.Prune(pool, keep); },
           .longest = absl::Minutes(2)}};
}

}  // namespace fleetcast::workqueue
