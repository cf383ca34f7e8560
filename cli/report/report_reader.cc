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
#include "cli/transport/inference_methods.h"
#include "cli/transport/registry_methods.h"
#include "cli/views/proto_text.h"
#include "common/base/status.h"
#include "common/sensordata/timestamp.h"

namespace fleetcast::cli {
namespace {

using Statuses = std::vector<inference::v1::CircuitStatus>;
using Forecasts = std::map<std::string, inference::v1::Forecast>;  // by "P001/C001"

absl::StatusOr<Statuses> ReadStatuses(Session& session, const ReportOptions& options) {
  namespace v1 = inference::v1;
  v1::ListCircuitStatusesRequest request;
  request.set_parent(NameIn("plants", options.plant));
  return ListAll(
      session, inference_rpc::kListCircuitStatuses, request, options.limit,
      [](v1::ListCircuitStatusesResponse* page) { return page->mutable_circuit_statuses(); });
}

absl::StatusOr<inference::v1::FleetSummary> ReadSummary(Session& session,
                                                        const ReportOptions& options) {
  inference::v1::SummarizeFleetRequest request;
  request.set_parent(NameIn("plants", options.plant));
  return session.Call(inference_rpc::kSummarizeFleet, request);
}

absl::StatusOr<Forecasts> ReadForecasts(Session& session, const ReportOptions& options) {
  namespace v1 = inference::v1;
  v1::ListForecastsRequest request;
  request.set_parent(NameIn("plants", options.plant) + "/circuits/-");
  request.set_latest_only(true);
  FLEETCAST_ASSIGN_OR_RETURN(auto listed, ListAll(session, inference_rpc::kListForecasts, request,
                                                  0, [](v1::ListForecastsResponse* page) {
                                                    return page->mutable_forecasts();
                                                  }));
  Forecasts forecasts;
  for (v1::Forecast& forecast : listed) {
    const std::string circuit = ShortCircuit(forecast.circuit());
    forecasts[circuit] = std::move(forecast);
  }
  return forecasts;
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

  CircuitReport Build(const inference::v1::CircuitStatus& status,
                      const inference::v1::Forecast* forecast) {
    CircuitReport circuit{.plant_id = status.plant_id(),
                          .plant_name = status.plant_display_name(),
                          .circuit_id = status.circuit_id(),
                          .circuit_name = status.display_name()};
    for (const auto& condition : status.conditions())
      circuit.conditions.push_back(
          {.severity = WithoutPrefix(inference::v1::Condition::Severity_Name(condition.severity()),
                                     "SEVERITY_"),
           .type = WithoutPrefix(inference::v1::Condition::Type_Name(condition.type()), "TYPE_"),
           .message = condition.message(),
           .troubled = condition.severity() >= inference::v1::Condition::SEVERITY_WARNING});
    if (forecast == nullptr || forecast->points().empty()) {
      circuit.problem =
          status.has_serving() ? "No forecast yet." : "No forecast: nothing serves it.";
      return circuit;
    }
    circuit.stored_ago = TimeAgo(TimeOf(forecast->create_time()), session_.Now());
    circuit.target_column = forecast->target_column();
    circuit.forecast = ForecastOf(*forecast);
    // What no model made says why among its conditions.
    if (!forecast->model_version().empty()) {
      auto model = ReadModel(session_, forecast->model_version());
      if (model.ok()) {
        circuit.model = *std::move(model);
      } else {
        circuit.problem =
            "Its model version cannot be read: " + std::string(model.status().message());
      }
    }
    if (const absl::Status read = series_.Read(status.sensor_id(), circuit); !read.ok()) {
      circuit.problem = "Its readings cannot be shown: " + std::string(read.message());
    }
    return circuit;
  }

 private:
  Session& session_;
  CircuitSeries series_;
};

}  // namespace

absl::StatusOr<FleetReport> ReadFleetReport(Session& session, const ReportOptions& options) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto summary, ReadSummary(session, options));
  FLEETCAST_ASSIGN_OR_RETURN(const Statuses statuses, ReadStatuses(session, options));
  FLEETCAST_ASSIGN_OR_RETURN(const Forecasts forecasts, ReadForecasts(session, options));
  FleetReport report{.generated_at = MinuteText(session.Now())};
  const auto shown = static_cast<std::int64_t>(statuses.size());
  report.left_out = std::max<std::int64_t>(0, summary.circuits() - shown);
  for (const auto& problem : summary.problems())
    report.problems.push_back(
        {.severity = WithoutPrefix(inference::v1::Condition::Severity_Name(problem.severity()),
                                   "SEVERITY_"),
         .type = problem.reason(),
         .message = OneLine(problem.message()),
         .troubled = true});
  ReportBuilder builder(session, options);
  FLEETCAST_RETURN_IF_ERROR(builder.Open());
  for (const auto& status : statuses) {
    const auto found = forecasts.find(status.plant_id() + "/" + status.circuit_id());
    report.circuits.push_back(
        builder.Build(status, found == forecasts.end() ? nullptr : &found->second));
  }
  return report;
}

}  // namespace fleetcast::cli
