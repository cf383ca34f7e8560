// A run: one attempt at training, what it logged and how it ended. The decisions about it are
// functions from the run as it stands to the run as it will be.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/filter.h"
#include "services/registry/domain/checks.h"
#include "services/registry/domain/names.h"

namespace fleetcast::registry {

// kRunning is left once and never entered again.
enum class RunState { kRunning, kFinished, kFailed, kKilled };
[[nodiscard]] std::string RunStateText(RunState state);  // "RUNNING"
[[nodiscard]] std::optional<RunState> RunStateFromText(const std::string& text);

struct MetricPoint {
  std::string key;
  double value = 0;
  std::int64_t step = 0;
  absl::Time time = absl::InfinitePast();  // InfinitePast: when it is stored
};

struct Run {
  RunName name;
  std::string display_name;
  RunState state = RunState::kRunning;
  std::string state_reason;
  StringMap params;
  std::map<std::string, MetricPoint> latest_metrics;
  StringMap tags;
  absl::Time create_time;
  absl::Time end_time = absl::InfiniteFuture();  // InfiniteFuture while running
};

// What LogBatch adds, all of it or none.
struct RunBatch {
  StringMap params;
  std::vector<MetricPoint> metrics;
  StringMap tags;
};

inline constexpr std::size_t kMaxParamsPerBatch = 100;
inline constexpr std::size_t kMaxMetricsPerBatch = 1000;
inline constexpr std::size_t kMaxTagsPerBatch = 100;
inline constexpr std::size_t kMaxParamsPerRun = 1000;
inline constexpr std::size_t kMaxTagsPerRun = 100;
inline constexpr std::size_t kMaxMetricKeysPerRun = 1000;

// A run to create, checked. An empty display name becomes the id. INVALID_ARGUMENT naming the
// field.
[[nodiscard]] absl::StatusOr<Run> NewRun(const std::string& experiment_id,
                                         const std::string& run_id, const std::string& display_name,
                                         const StringMap& tags);

// The run that `asked`, made by NewRun, becomes when it is stored.
[[nodiscard]] Run CreatedRun(const Run& asked, absl::Time create_time);

// INVALID_ARGUMENT naming the field that is malformed or over its limit.
[[nodiscard]] absl::Status CheckBatch(const RunBatch& batch);

// `batch` with the time of points that have none set to `now`.
[[nodiscard]] RunBatch WithTimes(RunBatch batch, absl::Time now);

// The run after `batch`. FAILED_PRECONDITION: RUN_ENDED; PARAM_IMMUTABLE if a parameter stands
// with another value; INVALID_ARGUMENT if the run would hold too much.
[[nodiscard]] absl::StatusOr<Run> ApplyBatch(Run run, const RunBatch& batch);

// INVALID_ARGUMENT unless `state` ends a run and the reason is short enough.
[[nodiscard]] absl::Status CheckFinish(std::optional<RunState> state, const std::string& reason);

// Whether FinishRun has anything left to do: false if the run has ended in `state` already.
// FAILED_PRECONDITION (RUN_ENDED) if it has ended in another.
[[nodiscard]] absl::StatusOr<bool> NeedsFinish(const Run& run, RunState state);

[[nodiscard]] absl::Status RunNotFound(const RunName& name);
// ALREADY_EXISTS (RUN_EXISTS).
[[nodiscard]] absl::Status RunExists(const RunName& name);

[[nodiscard]] absl::StatusOr<std::optional<Filter>> ParseRunFilter(const std::string& text);
[[nodiscard]] std::optional<std::string> RunField(const Run& run, const std::string& field);

}  // namespace fleetcast::registry
