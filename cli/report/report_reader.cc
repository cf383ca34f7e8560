#include "cli/report/report_reader.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>

#include "absl/time/time.h"
#include "cli/names.h"
#include "cli/output/text.h"
#include "cli/paging.h"
#include "cli/report/circuit_series.h"
#include "cli/transport/config_methods.h"
#include "cli/transport/inference_methods.h"
#include "cli/transport/registry_methods.h"
#include "common/base/status.h"
#include "common/sensordata/timestamp.h"

namespace fleetcast::cli {
namespace {

// One circuit as the services tell of it.
struct CircuitFacts {
  std::string plant_name, circuit_name, sensor_id;
  bool deployed = false;
  std::optional<inference::v1::Forecast> forecast;
};
using FleetFacts = std::map<std::string, CircuitFacts>;  // by "P001/C001"

absl::Status ReadConfiguration(Session& session, const ReportOptions& options, FleetFacts& fleet) {
  namespace v1 = config::v1;
  v1::ListCircuitsRequest request;
  request.set_parent(NameIn("plants", options.plant));
  request.set_revision(options.revision);
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto circuits,
      ListAll(session, config_rpc::kListCircuits, request, 0,
              [](v1::ListCircuitsResponse* page) { return page->mutable_circuits(); }));
  for (const v1::Circuit& circuit : circuits) {
    CircuitFacts& facts = fleet[circuit.plant_id() + "/" + circuit.circuit_id()];
    facts.plant_name = circuit.plant_display_name();
    facts.circuit_name = circuit.display_name();
    facts.sensor_id = circuit.training().data_filters().sensor_id();
  }
  return absl::OkStatus();
}

absl::Status ReadDeployments(Session& session, const ReportOptions& options, FleetFacts& fleet) {
  namespace v1 = inference::v1;
  v1::ListDeploymentsRequest request;
  request.set_parent("batchEndpoints/-");
  if (options.plant != "-") request.set_filter("plant_id = \"" + LastPart(options.plant) + "\"");
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto deployments,
      ListAll(session, inference_rpc::kListDeployments, request, 0,
              [](v1::ListDeploymentsResponse* page) { return page->mutable_deployments(); }));
  for (const v1::Deployment& deployment : deployments) {
    CircuitFacts& facts = fleet[deployment.plant_id() + "/" + deployment.circuit_id()];
    facts.deployed = true;
    if (!deployment.sensor_id().empty()) facts.sensor_id = deployment.sensor_id();
  }
  return absl::OkStatus();
}

absl::Status ReadForecasts(Session& session, const ReportOptions& options, FleetFacts& fleet) {
  namespace v1 = inference::v1;
  v1::ListForecastsRequest request;
  request.set_parent(NameIn("plants", options.plant) + "/circuits/-");
  request.set_latest_only(true);
  FLEETCAST_ASSIGN_OR_RETURN(
      auto forecasts,
      ListAll(session, inference_rpc::kListForecasts, request, 0,
              [](v1::ListForecastsResponse* page) { return page->mutable_forecasts(); }));
  for (v1::Forecast& forecast : forecasts) {
    fleet[ShortCircuit(forecast.circuit())].forecast = std::move(forecast);
  }
  return absl::OkStatus();
}

ReportedForecast ForecastOf(const inference::v1::Forecast& forecast) {
  ReportedForecast reported{.issue_unix_seconds = forecast.issue_time().seconds()};
  for (const auto& point : forecast.points()) {
    reported.points.unix_seconds.push_back(point.time().seconds());
    reported.points.values.push_back(point.value());
    reported.bands.resize(static_cast<std::size_t>(forecast.points(0).intervals_size()));
    for (std::size_t i = 0; i < reported.bands.size(); ++i) {
      if (static_cast<int>(i) >= point.intervals_size()) continue;
      const auto& interval = point.intervals(static_cast<int>(i));
      reported.bands[i].level = interval.level();
      reported.bands[i].lower.push_back(interval.lower());
      reported.bands[i].upper.push_back(interval.upper());
    }
  }
  std::erase_if(reported.bands, [&](const ForecastBand& band) {
    return band.lower.size() != reported.points.values.size();
  });
  return reported;
}

double MetricOf(const registry::v1::ModelVersion& version, const std::string& name) {
  const auto found = version.metrics().find(name);
  return found == version.metrics().end() ? std::numeric_limits<double>::quiet_NaN()
                                          : found->second;
}

std::string TagOf(const registry::v1::ModelVersion& version, const std::string& name) {
  const auto found = version.tags().find(name);
  return found == version.tags().end() ? "" : found->second;
}

// An RFC 3339 time as people read it; anything else as it is.
std::string MinuteOf(const std::string& time) {
  const auto seconds = sensordata::ParseTimestamp(time);
  return seconds ? MinuteText(absl::FromUnixSeconds(*seconds)) : time;
}

absl::StatusOr<ReportedModel> ReadModel(Session& session, const std::string& name) {
  namespace v1 = registry::v1;
  v1::GetModelVersionRequest request;
  request.set_name(name);
  FLEETCAST_ASSIGN_OR_RETURN(const auto version,
                             session.Call(registry_rpc::kGetModelVersion, request));
  ReportedModel model{.version = version.version(),
                      .mae = MetricOf(version, "mae"),
                      .skill = MetricOf(version, "skill"),
                      .mae_repeat_last = MetricOf(version, "mae_repeat_last"),
                      .mae_seasonal_naive = MetricOf(version, "mae_seasonal_naive"),
                      .cutoff_date = TagOf(version, "cutoff_date"),
                      .commit = TagOf(version, "git_commit_sha"),
                      .environment = TagOf(version, "environment_version"),
                      .pull_request = TagOf(version, "pr_number"),
                      .trained_at = MinuteOf(TagOf(version, "trained_at"))};
  if (const std::string author = TagOf(version, "pr_author"); !author.empty()) {
    model.pull_request += " by " + author;
  }
  v1::GetDataAssetVersionRequest asset_request;
  asset_request.set_name(version.data_asset_version());
  if (const auto asset = session.Call(registry_rpc::kGetDataAssetVersion, asset_request);
      asset.ok()) {
    model.fingerprint = asset->fingerprint();
  }
  return model;
}

class ReportBuilder {
 public:
  ReportBuilder(Session& session, const ReportOptions& options)
      : session_(session), series_(options.sensors, options.actuals, options.history_days) {}

  absl::Status Open() { return series_.Open(); }

  CircuitReport Build(const std::string& key, const CircuitFacts& facts) {
    const std::size_t slash = key.find('/');
    CircuitReport circuit{.plant_id = key.substr(0, slash),
                          .plant_name = facts.plant_name,
                          .circuit_id = key.substr(slash + 1),
                          .circuit_name = facts.circuit_name};
    if (!facts.forecast || facts.forecast->points().empty()) {
      circuit.problem = facts.deployed ? "No forecast yet: the last sweep did not reach it."
                                       : "No forecast: no model is deployed.";
      return circuit;
    }
    circuit.target_column = facts.forecast->target_column();
    circuit.forecast = ForecastOf(*facts.forecast);
    auto model = ReadModel(session_, facts.forecast->model_version());
    if (model.ok()) {
      circuit.model = *std::move(model);
    } else {
      circuit.problem =
          "Its model version cannot be read: " + std::string(model.status().message());
    }
    if (const absl::Status status = series_.Read(facts.sensor_id, circuit); !status.ok()) {
      circuit.problem = "Its readings cannot be shown: " + std::string(status.message());
    }
    return circuit;
  }

 private:
  Session& session_;
  CircuitSeries series_;
};

}  // namespace

absl::StatusOr<FleetReport> ReadFleetReport(Session& session, const ReportOptions& options) {
  FleetFacts fleet;
  FLEETCAST_RETURN_IF_ERROR(ReadConfiguration(session, options, fleet));
  FLEETCAST_RETURN_IF_ERROR(ReadDeployments(session, options, fleet));
  FLEETCAST_RETURN_IF_ERROR(ReadForecasts(session, options, fleet));
  FleetReport report{.generated_at = MinuteText(session.Now())};
  ReportBuilder builder(session, options);
  FLEETCAST_RETURN_IF_ERROR(builder.Open());
  for (const auto& [key, facts] : fleet) {
    if (static_cast<int>(report.circuits.size()) >= options.limit) {
      session.Note("only the first " + Count(options.limit, "circuit") + " of " +
                   std::to_string(fleet.size()) + " are reported; choose with --plant and --limit");
      break;
    }
    report.circuits.push_back(builder.Build(key, facts));
  }
  return report;
}

}  // namespace fleetcast::cli
