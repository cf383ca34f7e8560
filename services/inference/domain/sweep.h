// Sweeps and their invocations, as snapshots: groups and tasks of the work queue, with what
// inference pins in them and makes of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/workqueue/task.h"
#include "services/inference/domain/backfill.h"
#include "services/inference/domain/deployment.h"
#include "services/inference/domain/forecast.h"
#include "services/inference/domain/names.h"

namespace fleetcast::inference {

// What a sweep pins when it is made.
struct SweepPin {
  std::vector<std::string> plant_ids;       // asked for; empty: all
  std::optional<absl::Time> as_of;          // only readings up to then; none: the latest there are
  std::string schedule_id;                  // that made it
  std::optional<absl::Time> tick;           // of the schedule, that it answers
  std::string retry_of;                     // sweep id
  std::vector<std::string> missing_plants;  // of `plant_ids`: nothing of them was deployed
  std::vector<std::string> replaced;        // ids of sweeps that were cancelled for it
  std::vector<std::string> circuits;        // "P001.C001", asked for; empty: all of the plants
  std::optional<BackfillRange> backfill;
};

// What an invocation pins when its sweep is made; the deployment may change or go meanwhile.
struct InvocationPin {
  std::int64_t model_version = 0;
  std::string artifact_sha256;
  std::string sensor_id;
  double timeout_seconds = 0;  // of one attempt
  std::optional<absl::Time> as_of;
  std::optional<absl::Time> ask_time;  // by the database's clock
  Fallback fallback = Fallback::kEarlierVersionOrNaive;
  ForecastShape shape = {};
  std::optional<EarlierVersion> earlier;
  std::optional<BackfillPin> backfill;
};

// Of an invocation that SUCCEEDED; what stood in is told where something did.
struct InvocationResult {
  std::optional<absl::Time> issue_time;
  ForecastSource source = ForecastSource::kDeployedVersion;
  std::string source_reason;
  std::int64_t model_version = 0;  // that stood in; 0: a naive forecast
};

struct Sweep {
  workqueue::Group group;
  SweepPin pin;
  int on_fallback = 0;  // of the invocations that succeeded: something stood in
};

struct Invocation {
  workqueue::Task task;
  InvocationName name;
  InvocationPin pin;
  InvocationResult result;
  std::string wait_reason;  // while QUEUED: what it waits for
  std::optional<BackfillProgress> backfill;
};

// An invocation as the process that holds it needs it.
struct HeldInvocation {
  InvocationName name;
  InvocationPin pin;
};

// FAILED_PRECONDITION with reason PAYLOAD_UNREADABLE for what cannot be run as it is stored.
[[nodiscard]] absl::StatusOr<HeldInvocation> HeldInvocationOf(const workqueue::FetchedTask& task);

// As the queue keeps them: JSON with defaults for what is missing.
[[nodiscard]] std::string ToJson(const SweepPin& pin);
[[nodiscard]] std::string ToJson(const InvocationPin& pin);
[[nodiscard]] std::string ToJson(const InvocationResult& result);

// How a sweep stands whose invocations stand as `state` says: a plant that was asked for and of
// which nothing is deployed is as one whose invocations failed.
[[nodiscard]] workqueue::GroupState StateWithMissing(workqueue::GroupState state,
                                                     const workqueue::Counts& counts,
                                                     const SweepPin& pin);

// From the queue's snapshots. Whatever cannot be read is left out: a list shows what it can.
[[nodiscard]] Sweep SweepOf(workqueue::Group group);
[[nodiscard]] Invocation InvocationOf(workqueue::Task task);

// Why a sweep, or an invocation, stands where it does, for people.
[[nodiscard]] std::string SweepReason(const Sweep& sweep);
[[nodiscard]] std::string InvocationReason(const Invocation& invocation);

// INVALID_ARGUMENT on `as_of` for a time to come: a minute is let pass, for clocks that differ.
[[nodiscard]] absl::Status ValidateAsOf(const std::optional<absl::Time>& as_of, absl::Time now);

}  // namespace fleetcast::inference
