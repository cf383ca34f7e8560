#include "cli/views/tracking_view.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/names.h"
#include "cli/views/proto_text.h"

namespace fleetcast::cli {
namespace {

using registry::v1::DataAssetVersion;
using registry::v1::EnvironmentVersion;
using registry::v1::Experiment;
using registry::v1::MetricPoint;
using registry::v1::Run;
using Align = Column::Align;

constexpr std::size_t kCurveWidth = 30;

std::string StateOf(const Run& run) {
  return WithoutPrefix(Run::State_Name(run.state()), "STATE_");
}

std::string LatestMetric(const Run& run, const std::string& key) {
  const auto found = run.latest_metrics().find(key);
  return found == run.latest_metrics().end() ? "" : NumberText(found->second);
}

// "experiments/E/runs/R" → "E".
std::string ExperimentOf(const std::string& run) {
  const std::string parent = run.substr(0, run.rfind("/runs/"));
  return LastPart(parent);
}

template <typename Pairs, typename Text>
void AddPairs(const Pairs& pairs, const std::string& heading, const Text& text,
              const Terminal& terminal, std::string& result) {
  if (pairs.empty()) return;
  Table table({{heading}, {"VALUE"}});
  const std::map<std::string, typename Pairs::mapped_type> ordered(pairs.begin(), pairs.end());
  for (const auto& [key, value] : ordered) table.AddRow({key, text(value)});
  absl::StrAppend(&result, "\n", table.Render(terminal));
}

std::string AsIs(const std::string& text) { return text; }

// "dataAssets/A/versions/V" → "A".
std::string CollectionOf(const std::string& version) {
  return LastPart(version.substr(0, version.rfind("/versions/")));
}

// "LATE_READINGS".
std::string KindOf(const registry::v1::DataDifference& difference) {
  return WithoutPrefix(registry::v1::DataDifference::Kind_Name(difference.kind()), "KIND_");
}

}  // namespace

std::string Sparkline(const std::vector<double>& values, std::size_t width) {
  static const char* const kBars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (values.empty() || width == 0) return "";
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  const double range = *greatest - *least;
  const std::size_t bars = std::min(width, values.size());
  std::string line;
  for (std::size_t i = 0; i < bars; ++i) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(i * values.size() / bars);
    const auto last = values.begin() + static_cast<std::ptrdiff_t>((i + 1) * values.size() / bars);
    const double mean =
        std::accumulate(first, last, 0.0) / static_cast<double>(std::distance(first, last));
    const double share = range > 0 ? (mean - *least) / range : 0;
    line += kBars[std::clamp(static_cast<int>(std::lround(share * 7)), 0, 7)];
  }
  return line;
}

Table ExperimentsTable(const std::vector<Experiment>& experiments, absl::Time now) {
  Table table({{"EXPERIMENT"}, {"CREATED"}, {"FOR PEOPLE"}});
  for (const Experiment& experiment : experiments)
    table.AddRow({LastPart(experiment.name()), AgoCell(experiment.create_time(), now),
                  experiment.display_name()});
  return table;
}

Table RunsTable(const std::vector<Run>& runs, absl::Time now) {
  Table table({{"RUN"},
               {"STATE"},
               {"MAE", Align::kRight},
               {"SKILL", Align::kRight},
               {"CREATED"},
               {"TIME", Align::kRight},
               {"EXPERIMENT"},
               {"FOR PEOPLE"}});
  for (const Run& run : runs)
    table.AddRow({LastPart(run.name()), StateCell(StateOf(run)), LatestMetric(run, "mae"),
                  LatestMetric(run, "skill"), AgoCell(run.create_time(), now),
                  SpanText(run.create_time(), run.end_time(), now), ExperimentOf(run.name()),
                  run.display_name()});
  return table;
}

std::string RunText(const Run& run, const Terminal& terminal, absl::Time now) {
  Properties text;
  text.Add("run", {LastPart(run.name()), Style::kBold});
  text.Add("name", run.name());
  text.AddGiven("for people", run.display_name());
  text.Add("state", StateCell(StateOf(run)));
  text.AddGiven("why", run.state_reason());
  text.Add("created", MinuteText(TimeOf(run.create_time())));
  text.AddGiven("took", SpanText(run.create_time(), run.end_time(), now));
  std::string result = text.Render(terminal);
  AddPairs(run.params(), "PARAMETER", AsIs, terminal, result);
  AddPairs(run.latest_metrics(), "METRIC", NumberText, terminal, result);
  AddPairs(run.tags(), "TAG", AsIs, terminal, result);
  return result;
}

Table CurvesTable(const std::vector<MetricCurve>& curves) {
  Table table({{"METRIC"},
               {"VALUES", Align::kRight},
               {"FIRST", Align::kRight},
               {"LAST", Align::kRight},
               {"LEAST", Align::kRight},
               {"GREATEST", Align::kRight},
               {"CURVE"}});
  for (const MetricCurve& curve : curves) {
    if (curve.points.empty()) continue;
    std::vector<double> values;
    values.reserve(curve.points.size());
    for (const MetricPoint& point : curve.points) values.push_back(point.value());
    const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
    table.AddRow({curve.key, absl::StrCat(values.size()), NumberText(values.front()),
                  NumberText(values.back()), NumberText(*least), NumberText(*greatest),
                  values.size() > 1 ? Sparkline(values, kCurveWidth) : ""});
  }
  return table;
}

Table PointsTable(const MetricCurve& curve) {
  Table table({{"STEP", Align::kRight}, {curve.key, Align::kRight}, {"TIME"}});
  for (const MetricPoint& point : curve.points)
    table.AddRow(
        {absl::StrCat(point.step()), NumberText(point.value()), MinuteText(TimeOf(point.time()))});
  return table;
}

Table DataAssetsTable(const std::vector<DataAssetVersion>& versions, absl::Time now) {
  Table table({{"ASSET"},
               {"VERSION"},
               {"ROWS", Align::kRight},
               {"FROM"},
               {"TO"},
               {"ISSUES", Align::kRight},
               {"CREATED"},
               {"SENSOR"}});
  for (const DataAssetVersion& version : versions)
    table.AddRow({CollectionOf(version.name()), LastPart(version.name()),
                  absl::StrCat(version.row_count()), MinuteText(TimeOf(version.first_time())),
                  MinuteText(TimeOf(version.last_time())), absl::StrCat(version.issues_size()),
                  AgoCell(version.create_time(), now), version.sensor_id()});
  return table;
}

std::string DataAssetText(const DataAssetVersion& version, const Terminal& terminal) {
  Properties text;
  text.Add("version", {LastPart(version.name()), Style::kBold});
  text.Add("name", version.name());
  text.Add("sensor", version.sensor_id());
  text.AddGiven("read from", version.source_uri());
  text.Add("rows",
           absl::StrCat(
               version.row_count(), ", ", MinuteText(TimeOf(version.first_time())), " to ",
               MinuteText(TimeOf(version.last_time())),
               version.step_seconds() > 0
                   ? absl::StrCat(", one in ", DurationText(absl::Seconds(version.step_seconds())))
                   : ""));
  text.Add("fingerprint", absl::StrCat("sha256:", version.fingerprint().substr(0, 16), "…"));
  text.Add("created", MinuteText(TimeOf(version.create_time())));
  std::string result = text.Render(terminal);
  Table columns({{"COLUMN"},
                 {"LEAST", Align::kRight},
                 {"MEAN", Align::kRight},
                 {"GREATEST", Align::kRight},
                 {"DEVIATION", Align::kRight},
                 {"MISSING", Align::kRight}});
  for (const auto& column : version.columns())
    columns.AddRow({column.column(), NumberText(column.minimum()), NumberText(column.mean()),
                    NumberText(column.maximum()), NumberText(column.standard_deviation()),
                    absl::StrCat(column.missing_count())});
  absl::StrAppend(&result, "\n", columns.Render(terminal));
  if (!version.differences().empty()) {
    Table differences({{absl::StrCat("DIFFERS FROM ", LastPart(version.compared_with()))},
                       {"COUNT", Align::kRight},
                       {"WHAT"}});
    for (const auto& difference : version.differences())
      differences.AddRow({KindOf(difference),
                          difference.count() > 0 ? absl::StrCat(difference.count()) : "",
                          difference.message()});
    absl::StrAppend(&result, "\n", differences.Render(terminal));
  }
  if (version.issues().empty()) return result;
  Table issues({{"ISSUE"}, {"COLUMN"}, {"COUNT", Align::kRight}, {"WHAT"}});
  for (const auto& issue : version.issues())
    issues.AddRow({issue.kind(), issue.column(), absl::StrCat(issue.count()), issue.message()});
  return absl::StrCat(result, "\n", issues.Render(terminal));
}

Table EnvironmentsTable(const std::vector<EnvironmentVersion>& versions, absl::Time now) {
  Table table({{"ENVIRONMENT"}, {"VERSION"}, {"CREATED"}, {"CONSISTS OF"}});
  for (const EnvironmentVersion& version : versions) {
    const std::map<std::string, std::string> parts(version.properties().begin(),
                                                   version.properties().end());
    const std::string consists = absl::StrJoin(parts, ", ", absl::PairFormatter(" "));
    table.AddRow({CollectionOf(version.name()), LastPart(version.name()),
                  AgoCell(version.create_time(), now),
                  consists.empty() ? version.description() : consists});
  }
  return table;
}

}  // namespace fleetcast::cli
