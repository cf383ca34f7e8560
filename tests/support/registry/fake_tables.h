// What the registry's fake stores share, as the real ones share a database: rows in memory, one
// lock, a request ledger and a clock that ticks.
#pragma once

#include <any>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/mutating_request.h"
#include "common/base/page.h"
#include "common/base/status.h"
#include "services/registry/domain/artifact.h"
#include "services/registry/domain/champion.h"
#include "services/registry/domain/data_asset.h"
#include "services/registry/domain/environment.h"
#include "services/registry/domain/experiment.h"
#include "services/registry/domain/model_version.h"
#include "services/registry/domain/run.h"

namespace fleetcast::testing {

struct FakeTables {
  absl::Mutex mutex;
  absl::Time now ABSL_GUARDED_BY(mutex) = absl::FromUnixSeconds(1'765'238'400);
  // With what each was first answered.
  std::map<std::string, std::pair<MutatingRequest, std::any>> requests ABSL_GUARDED_BY(mutex);

  // In the order of creation.
  std::vector<registry::Experiment> experiments ABSL_GUARDED_BY(mutex);
  std::vector<registry::Run> runs ABSL_GUARDED_BY(mutex);
  std::map<registry::RunName, std::vector<registry::MetricPoint>> metrics ABSL_GUARDED_BY(mutex);
  std::vector<registry::Artifact> artifacts ABSL_GUARDED_BY(mutex);
  std::map<std::pair<registry::RunName, std::string>, std::string> run_files ABSL_GUARDED_BY(mutex);
  std::vector<registry::DataAssetVersion> data_assets ABSL_GUARDED_BY(mutex);
  std::vector<registry::EnvironmentVersion> environments ABSL_GUARDED_BY(mutex);
  std::vector<registry::ModelVersion> versions ABSL_GUARDED_BY(mutex);
  std::vector<registry::ChampionEvent> events ABSL_GUARDED_BY(mutex);
  std::map<registry::CircuitName, std::int64_t> champions ABSL_GUARDED_BY(mutex);  // event

  absl::Time Tick() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    now += absl::Microseconds(1);
    return now;
  }
};

// As AnswerOnce of the Postgres stores. `tables.mutex` must be held.
template <typename T>
absl::StatusOr<T> AnswerOnce(FakeTables& tables, const MutatingRequest& request,
                             absl::FunctionRef<absl::StatusOr<T>()> change)
    ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const auto found = tables.requests.find(request.request_id);
  if (found != tables.requests.end()) {
    const auto& [first, answer] = found->second;
    if (first.method != request.method || first.fingerprint != request.fingerprint) {
      return InvalidField("request_id", "was used for another request", "REQUEST_ID_REUSED");
    }
    return std::any_cast<T>(answer);
  }
  FLEETCAST_ASSIGN_OR_RETURN(T changed, change());
  tables.requests[request.request_id] = {request, changed};
  return changed;
}

// A page of those of `rows` (in the order of the list) that `wanted` accepts, after the row whose
// key is `after`.
template <typename T>
PageOf<T> PageOfRows(const std::vector<T>& rows, const PageRequest& page,
                     absl::FunctionRef<std::vector<std::string>(const T&)> key_of,
                     absl::FunctionRef<bool(const T&)> wanted) {
  PageOf<T> answer;
  bool started = page.after.empty();
  for (const T& row : rows) {
    if (!started) {
      started = key_of(row) == page.after;
      continue;
    }
    if (!wanted(row)) continue;
    if (static_cast<int>(answer.items.size()) == page.size) {
      answer.next_after = key_of(answer.items.back());
      break;
    }
    answer.items.push_back(row);
  }
  return answer;
}

}  // namespace fleetcast::testing
