#include "common/db/transaction.h"

#include "absl/random/random.h"
#include "absl/time/clock.h"
#include "common/base/status.h"
#include "common/db/postgres_error.h"

namespace fleetcast::db {
namespace {

constexpr int kMaxTries = 5;
constexpr absl::Duration kFirstPause = absl::Milliseconds(10);

// Nothing was committed and the same transaction may well succeed now.
bool MayTryAgain(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  return reason == "POSTGRES_SERIALIZATION_FAILURE" || reason == "POSTGRES_DEADLOCK" ||
         reason == "POSTGRES_UNAVAILABLE";
}

absl::Status TryOnce(ConnectionPool& pool, absl::FunctionRef<absl::Status(pqxx::work&)> body) {
  auto lease = pool.Acquire();
  if (!lease.ok()) return lease.status();
  absl::Status status;
  try {
    pqxx::work work(**lease);
    status = body(work);
    if (status.ok())
      work.commit();
    else
      work.abort();
  } catch (const std::exception& exception) {
    status = StatusFromException(exception);
    // pqxx reports some lost connections as plain errors; not so a commit in doubt.
    if (!(**lease).is_open() && status.code() == absl::StatusCode::kInternal)
      status = StatusFromException(pqxx::broken_connection(exception.what()));
  }
  if (!(**lease).is_open()) lease->Discard();
  return status;
}

// Doubles with every try, with as much again at random so that rivals part.
absl::Duration PauseAfter(int tries) {
  thread_local absl::BitGen random;
  return kFirstPause * (1 << tries) * absl::Uniform(random, 0.5, 1.5);
}

}  // namespace

absl::Status RunTransaction(ConnectionPool& pool,
                            absl::FunctionRef<absl::Status(pqxx::work&)> body) {
  for (int tries = 1;; ++tries) {
    absl::Status status = TryOnce(pool, body);
    if (status.ok() || tries == kMaxTries || !MayTryAgain(status)) return status;
    absl::SleepFor(PauseAfter(tries));
  }
}

}  // namespace fleetcast::db
