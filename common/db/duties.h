// Periodic work that one process at a time does, whichever it is (table `<schema>.duties`). Nothing
// is held while nobody works: no lock, no session. So it works with any number of replicas and
// behind a pooler, and a process that dies in the middle costs one period.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/db/connection_pool.h"

namespace fleetcast::db {

struct Duty {
  std::string name;  // without commas
  // From one beginning to the next, over all processes; a few seconds more, for looks are spread.
  // After a failure a minute, if that is less.
  absl::Duration every;
  // Runs under a deadline of `longest`, works in small transactions and ends by itself when
  // RemainingTime() is short: what is left is done next time. Its transactions must be right when
  // another process does the same at once: a run that outlasts its period is not waited for. May
  // throw std::exception.
  std::function<absl::Status(ConnectionPool&)> run;
  absl::Duration longest = absl::Seconds(10);
};

// A thread that looks for duties that are due, by the database's clock, and does them one after the
// other. An idle process sends a statement every three seconds at most, for all its duties
// together. A failure is logged and kept in the row's `last_error`.
class Duties {
 public:
  // `pool` and `clock` must outlive it. `holder` names this process.
  Duties(ConnectionPool& pool, const std::string& schema, const std::string& holder, Clock& clock,
         std::vector<Duty> duties);
  ~Duties();  // stops

  // Returns when the run under way has ended.
  void Stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fleetcast::db
