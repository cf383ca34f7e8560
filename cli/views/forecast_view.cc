#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/names.h"
#include "cli/views/inference_view.h"
#include "cli/views/proto_text.h"

namespace fleetcast::cli {
namespace {

using inference::v1::Forecast;
using inference::v1::ForecastPoint;
using Align = Column::Align;

std::string IntervalText(const ForecastPoint& point) {
  if (point.intervals().empty()) return "";
  const auto& widest = *point.intervals().rbegin();
  return absl::StrCat(NumberText(widest.lower()), " to ", NumberText(widest.upper()));
}

std::string LevelText(const Forecast& forecast) {
  if (forecast.points().empty() || forecast.points(0).intervals().empty()) return "";
  return absl::StrFormat("%g%%", forecast.points(0).intervals().rbegin()->level());
}

std::vector<double> Values(const Forecast& forecast) {
  std::vector<double> values;
  for (const auto& point : forecast.points()) values.push_back(point.value());
  return values;
}

// "v12", or for a naive forecast what it repeats; those that only stand in are told apart.
Cell MadeByCell(const Forecast& forecast) {
  const bool deployed = forecast.source() == Forecast::SOURCE_DEPLOYED_VERSION ||
                        forecast.source() == Forecast::SOURCE_UNSPECIFIED;
  if (deployed) return ShortVersion(forecast.model_version());
  return {MadeByText(forecast.source(), forecast.model_version()), Style::kWarning};
}

// "FILLED 3, STALE 5": kinds with how many values or rows each concerns, where they are counted.
std::string RemarksText(const Forecast& forecast) {
  const std::string withdrawn = forecast.has_withdrawal() ? "WITHDRAWN " : "";
  return withdrawn +
         absl::StrJoin(forecast.remarks(), ", ", [](std::string* out, const auto& remark) {
           absl::StrAppend(out, remark.kind());
           if (remark.count() > 0) absl::StrAppend(out, " ", remark.count());
         });
}

}  // namespace

std::string MadeByText(Forecast::Source source, const std::string& model_version) {
  switch (source) {
    case Forecast::SOURCE_EARLIER_VERSION:
      return absl::StrCat(ShortVersion(model_version), " (earlier)");
    case Forecast::SOURCE_SEASONAL_NAIVE:
      return "the day before";
    case Forecast::SOURCE_LAST_VALUE:
      return "last value";
    default:
      return ShortVersion(model_version);
  }
}

std::string NextValueText(const Forecast& forecast) {
  if (forecast.points().empty()) return "";
  const auto& next = forecast.points(0);
  const std::string interval = IntervalText(next);
  return NumberText(next.value()) +
         (interval.empty() ? "" : " (" + interval + " at " + LevelText(forecast) + ")");
}

std::string Sparkline(const std::vector<double>& values) {
  static constexpr const char* kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (values.empty()) return "";
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  std::string line;
  for (const double value : values) {
    const double share = *high > *low ? (value - *low) / (*high - *low) : 0.5;
    line += std::isfinite(share) ? kBlocks[std::clamp(static_cast<int>(share * 8), 0, 7)] : " ";
  }
  return line;
}

Table ForecastsTable(const std::vector<Forecast>& forecasts, absl::Time now) {
  Table table({{"CIRCUIT"},
               {"FROM"},
               {"MADE BY"},
               {"TARGET"},
               {"NEXT VALUE"},
               {"STEPS", Align::kRight},
               {"STORED"},
               {"COURSE"},
               {"REMARKS"}});
  for (const auto& forecast : forecasts) {
    table.AddRow({ShortCircuit(forecast.circuit()), MinuteText(TimeOf(forecast.issue_time())),
                  MadeByCell(forecast), forecast.target_column(), NextValueText(forecast),
                  absl::StrCat(forecast.horizon()), AgoCell(forecast.create_time(), now),
                  Sparkline(Values(forecast)), RemarksText(forecast)});
  }
  return table;
}

std::string ForecastText(const Forecast& forecast, const Terminal& terminal) {
  Properties text;
  text.Add("forecast", {ShortCircuit(forecast.circuit()), Style::kBold});
  text.Add("of", forecast.target_column());
  text.Add("from", MinuteText(TimeOf(forecast.issue_time())));
  text.AddGiven("model", forecast.model_version());
  text.Add("source", WithoutPrefix(Forecast::Source_Name(forecast.source()), "SOURCE_"));
  if (!forecast.source_reason().empty())
    text.Add("why", {OneLine(forecast.source_reason()), Style::kWarning});
  text.Add("stored", MinuteText(TimeOf(forecast.create_time())));
  if (forecast.has_withdrawal())
    text.Add("withdrawn",
             {absl::StrCat(MinuteText(TimeOf(forecast.withdrawal().time())), " by ",
                           forecast.withdrawal().actor(), ": ", forecast.withdrawal().reason()),
              Style::kBad});
  text.Add("course", Sparkline(Values(forecast)));
  for (const auto& remark : forecast.remarks()) {
    text.Add("remark", absl::StrCat(remark.kind(), ": ", remark.text()));
  }
  const std::string level = LevelText(forecast);
  Table table({{"STEP", Align::kRight},
               {"TIME"},
               {"VALUE", Align::kRight},
               {level.empty() ? "INTERVAL" : level + " INTERVAL"}});
  for (const auto& point : forecast.points()) {
    table.AddRow({absl::StrCat(point.step()), MinuteText(TimeOf(point.time())),
                  NumberText(point.value()), IntervalText(point)});
  }
  return text.Render(terminal) + "\n" + table.Render(terminal);
}

}  // namespace fleetcast::cli
