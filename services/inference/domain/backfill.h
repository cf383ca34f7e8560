// A backfill: an invocation that makes the forecasts of a range of issue times, each as it would
// have been made then. What one mini batch is, when it is tried again and when the invocation gives
// up, as pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/workqueue/task.h"

namespace fleetcast::inference {

// Windows are as of `start`, `start + every` and so on, `end` included. The default is none.
struct BackfillRange {
  absl::Time start, end;
  std::int64_t every_seconds = 0;
};

inline constexpr std::int64_t kMaxWindows = 10'000;            // of one circuit
inline constexpr std::int64_t kMaxWindowsOfSweep = 1'000'000;  // of all its circuits
inline constexpr absl::Duration kLeastEvery = absl::Minutes(1);

[[nodiscard]] std::int64_t WindowsOf(const BackfillRange& range);
// As of when the window of `index`, from 0, is forecast.
[[nodiscard]] absl::Time WindowAt(const BackfillRange& range, std::int64_t index);

// INVALID_ARGUMENT on fields of `backfill`: out of order, in the future, older than what is kept
// (`keep` of forecasts), too many windows.
[[nodiscard]] absl::Status ValidateBackfill(const BackfillRange& range, absl::Time now,
                                            absl::Duration keep);
// INVALID_ARGUMENT BACKFILL_TOO_LARGE if `circuits` of them are more than one sweep may have.
[[nodiscard]] absl::Status CheckBackfillSize(const BackfillRange& range, std::int64_t circuits);

// What an invocation pins of its deployment.
struct BackfillPin {
  BackfillRange range;
  std::int64_t mini_batch_size = 1;
  double mini_batch_timeout_seconds = 30;
  int max_retries = 0;                // of a mini batch
  std::int64_t error_threshold = -1;  // windows that may fail; -1: any number
  int concurrency = 1;                // mini batches at once
};

// How far an invocation has come. Windows are done in order: where an attempt ends, the next one
// goes on.
struct BackfillProgress {
  std::int64_t windows = 0;  // all
  std::int64_t done = 0;     // made and failed
  std::int64_t failed = 0;
  std::int64_t repeated = 0;  // of those made: no reading came since the window before, whose
                              // forecast it is
  std::optional<absl::Time> last_issue_time;  // of the last that was made
  std::string first_failure;                  // "DATA_GAP: why", with when
};

struct MiniBatch {
  std::int64_t first = 0, count = 0;  // windows
};
// The next mini batches, as many as may be done at once on `threads` threads; none at the end.
[[nodiscard]] std::vector<MiniBatch> NextMiniBatches(const BackfillPin& pin,
                                                     const BackfillProgress& progress, int threads);

// Why the invocation fails where it stands: more windows have failed than the threshold lets, or
// all are done and none was made.
[[nodiscard]] std::optional<workqueue::Failure> FailureOfBackfill(const BackfillPin& pin,
                                                                  const BackfillProgress& progress);

// "8750 of 8760 windows made (in 12 of them nothing new was read), 10 failed (first …)".
[[nodiscard]] std::string ProgressText(const BackfillProgress& progress);

// The pool of everything that is backfilled, and of those whose compute type nobody declares.
inline constexpr char kBackfillPool[] = "backfilling";
// "compute-Standard_DS3_v2"
[[nodiscard]] std::string ComputePool(const std::string& compute_instance_type);
// Whose workers run a backfill of a circuit: those that declare its compute type, if any does.
[[nodiscard]] std::string PoolOfBackfill(const std::string& compute_instance_type,
                                         const std::set<std::string>& served_pools);

[[nodiscard]] std::string ToJson(const BackfillProgress& progress);
// Of a task's progress or result; nullopt for what is none.
[[nodiscard]] std::optional<BackfillProgress> BackfillProgressOf(const std::string& text);

}  // namespace fleetcast::inference
