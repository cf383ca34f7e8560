// What people see of experiments, runs, data assets and environments.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "cli/output/table.h"
#include "fleetcast/registry/v1/data_asset.pb.h"
#include "fleetcast/registry/v1/environment.pb.h"
#include "fleetcast/registry/v1/experiment.pb.h"
#include "fleetcast/registry/v1/run.pb.h"

namespace fleetcast::cli {

// One metric's values by step, oldest first.
struct MetricCurve {
  std::string key;
  std::vector<registry::v1::MetricPoint> points;
};

[[nodiscard]] Table ExperimentsTable(const std::vector<registry::v1::Experiment>& experiments,
                                     absl::Time now);
[[nodiscard]] Table RunsTable(const std::vector<registry::v1::Run>& runs, absl::Time now);
[[nodiscard]] std::string RunText(const registry::v1::Run& run, const Terminal& terminal,
                                  absl::Time now);
// A line a metric, with its curve drawn.
[[nodiscard]] Table CurvesTable(const std::vector<MetricCurve>& curves);
// The values of one metric.
[[nodiscard]] Table PointsTable(const MetricCurve& curve);
[[nodiscard]] Table DataAssetsTable(const std::vector<registry::v1::DataAssetVersion>& versions,
                                    absl::Time now);
[[nodiscard]] std::string DataAssetText(const registry::v1::DataAssetVersion& version,
                                        const Terminal& terminal);
[[nodiscard]] Table EnvironmentsTable(const std::vector<registry::v1::EnvironmentVersion>& versions,
                                      absl::Time now);

// `values` as one line of `width` bars at most, "▁▃█": the mean of each bar's share of them,
// between the least and the greatest. "" for none.
[[nodiscard]] std::string Sparkline(const std::vector<double>& values, std::size_t width);

}  // namespace fleetcast::cli
