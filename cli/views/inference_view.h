// What people see of deployments, sweeps, schedules and forecasts.
#pragma once

#include <string>
#include <vector>

#include "cli/output/table.h"
#include "cli/progress/progress.h"
#include "fleetcast/inference/v1/deployment.pb.h"
#include "fleetcast/inference/v1/forecast.pb.h"
#include "fleetcast/inference/v1/invocation.pb.h"
#include "fleetcast/inference/v1/schedule.pb.h"
#include "fleetcast/inference/v1/sweep.pb.h"

namespace fleetcast::cli {

[[nodiscard]] Table DeploymentsTable(const std::vector<inference::v1::Deployment>& deployments,
                                     absl::Time now);
[[nodiscard]] std::string DeploymentText(const inference::v1::Deployment& deployment,
                                         const Terminal& terminal);

[[nodiscard]] Table SweepsTable(const std::vector<inference::v1::Sweep>& sweeps, absl::Time now);
[[nodiscard]] std::string SweepText(const inference::v1::Sweep& sweep,
                                    const std::vector<inference::v1::Invocation>& invocations,
                                    const Terminal& terminal, absl::Time now);
[[nodiscard]] CircuitProgress ProgressOf(const inference::v1::Invocation& invocation);
// "DATA DATA_STALE: what failed and what to do".
[[nodiscard]] std::string FailureText(const inference::v1::Invocation& invocation);
[[nodiscard]] bool HasEnded(const inference::v1::Sweep& sweep);
[[nodiscard]] std::string StateText(const inference::v1::Sweep& sweep);

[[nodiscard]] Table SchedulesTable(const std::vector<inference::v1::Schedule>& schedules,
                                   absl::Time now);
[[nodiscard]] std::string ScheduleText(const inference::v1::Schedule& schedule,
                                       const Terminal& terminal, absl::Time now);

[[nodiscard]] Table ForecastsTable(const std::vector<inference::v1::Forecast>& forecasts,
                                   absl::Time now);
// The points of one forecast, with its widest interval.
[[nodiscard]] std::string ForecastText(const inference::v1::Forecast& forecast,
                                       const Terminal& terminal);
// "12.35 (10.20 to 14.51 at 95%)"; "" without points.
// "v12", "v11 (earlier)", "the day before", "last value".
[[nodiscard]] std::string MadeByText(inference::v1::Forecast::Source source,
                                     const std::string& model_version);
[[nodiscard]] std::string NextValueText(const inference::v1::Forecast& forecast);
// One block character per value, low to high; "" for none.
[[nodiscard]] std::string Sparkline(const std::vector<double>& values);

}  // namespace fleetcast::cli
