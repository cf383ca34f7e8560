// From the domain's values to the API's messages, and times back.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "fleetcast/inference/v1/batch_endpoint.pb.h"
#include "fleetcast/inference/v1/batch_endpoint_service.pb.h"
#include "fleetcast/inference/v1/deployment.pb.h"
#include "fleetcast/inference/v1/forecast.pb.h"
#include "fleetcast/inference/v1/invocation.pb.h"
#include "fleetcast/inference/v1/release_service.pb.h"
#include "fleetcast/inference/v1/schedule.pb.h"
#include "fleetcast/inference/v1/sweep.pb.h"
#include "services/inference/domain/deployment_store.h"
#include "services/inference/domain/forecast.h"
#include "services/inference/domain/release_store.h"
#include "services/inference/domain/schedule.h"
#include "services/inference/domain/sweep.h"

namespace fleetcast::inference {

[[nodiscard]] v1::Forecast::Source SourceMessage(ForecastSource source);
[[nodiscard]] v1::BatchEndpoint MessageOf(const BatchEndpoint& endpoint);
[[nodiscard]] v1::Deployment MessageOf(const Deployment& deployment);
[[nodiscard]] v1::DeployOutcome MessageOf(const DeployOutcome& outcome);
[[nodiscard]] v1::Sweep MessageOf(const Sweep& sweep);
[[nodiscard]] v1::Invocation MessageOf(const Invocation& invocation);
[[nodiscard]] v1::Schedule MessageOf(const Schedule& schedule);
[[nodiscard]] v1::Forecast MessageOf(const Forecast& forecast);
[[nodiscard]] v1::Release MessageOf(const Release& release);
[[nodiscard]] v1::ReleaseStep MessageOf(const ReleaseStep& step);
[[nodiscard]] v1::CircuitStatus MessageOf(const CircuitStatus& status);
[[nodiscard]] v1::FleetSummary MessageOf(const FleetSummary& summary);

// INVALID_ARGUMENT naming `field` outside the years 1970 to 9998.
[[nodiscard]] absl::StatusOr<absl::Time> TimeFromMessage(const std::string& field,
                                                         const google::protobuf::Timestamp& time);
// INVALID_ARGUMENT naming `field` for what is no duration.
[[nodiscard]] absl::StatusOr<absl::Duration> DurationFromMessage(
    const std::string& field, const google::protobuf::Duration& duration);

}  // namespace fleetcast::inference
