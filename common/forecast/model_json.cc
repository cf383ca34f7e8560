// model.json.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"
#include "common/forecast/json_reader.h"
#include "common/forecast/model_files.h"
#include "common/forecast/model_spec.h"
#include "common/forecast/onnx_graph.h"

namespace fleetcast::forecast {
namespace {

constexpr char kFormat[] = "fleetcast.model/2";
// Of a model that looks at a calendar, which readers of format 2 would not.
constexpr char kCalendarFormat[] = "fleetcast.model/3";
constexpr std::size_t kLongestJson = 16u << 20;
constexpr int kDeepestJson = 16;
constexpr std::int64_t kLongestStep = 366LL * 86'400;
constexpr std::int64_t kMostSeasonRows = 86'400, kMostDays = 366, kMostRows = 1 << 20;

Json BoundJson(const std::optional<double>& bound) { return bound ? Json(*bound) : Json(); }

// null or a number.
std::optional<double> ParseBound(const char* key, const Json& json, JsonReader& reader) {
  const auto found = json.find(key);
  if (found != json.end() && found->is_null()) return std::nullopt;
  return reader.Number(key);
}

Json SpecJson(const ModelSpec& spec) {
  return {{"sequence_length", spec.sequence_length},
          {"horizon", spec.horizon},
          {"lstm_units", spec.lstm_units},
          {"dropout", spec.dropout},
          {"learning_rate", spec.learning_rate},
          {"batch_size", spec.batch_size},
          {"epochs", spec.epochs},
          {"interval_levels", spec.interval_levels},
          {"seed", spec.seed},
          {"precision", spec.precision},
          {"feature_columns", spec.feature_columns},
          {"target_column", spec.target_column},
          {"minimum", BoundJson(spec.minimum)},
          {"maximum", BoundJson(spec.maximum)},
          {"data_fingerprint", spec.data_fingerprint}};
}

absl::StatusOr<ModelSpec> ParseSpec(const Json& json) {
  JsonReader reader(json);
  const auto integer = [&](const char* key) {
    return static_cast<int>(reader.Integer(key, 0, 1 << 20));
  };
  ModelSpec spec;
  spec.sequence_length = integer("sequence_length");
  spec.horizon = integer("horizon");
  spec.lstm_units = integer("lstm_units");
  spec.dropout = reader.Number("dropout");
  spec.learning_rate = reader.Number("learning_rate");
  spec.batch_size = integer("batch_size");
  spec.epochs = integer("epochs");
  spec.interval_levels = reader.Array<double>("interval_levels", &Json::is_number);
  spec.seed = reader.Unsigned("seed");
  spec.precision = reader.String("precision");
  spec.feature_columns = reader.Array<std::string>("feature_columns", &Json::is_string);
  spec.target_column = reader.String("target_column");
  spec.minimum = ParseBound("minimum", json, reader);
  spec.maximum = ParseBound("maximum", json, reader);
  spec.data_fingerprint = reader.String("data_fingerprint");
  FLEETCAST_RETURN_IF_ERROR(reader.status());
  if (absl::Status status = ValidateSpec(spec); !status.ok()) {
    return CorruptFile(kModelJsonName, std::string(status.message()));
  }
  return spec;
}

absl::StatusOr<InputLayout> ParseLayout(const Json& json, const ModelSpec& spec) {
  JsonReader reader(json);
  const auto rows = [&](const char* key, std::int64_t fewest) {
    return static_cast<int>(reader.Integer(key, fewest, kMostRows));
  };
  InputLayout layout;
  layout.horizon = spec.horizon;
  layout.step_seconds = reader.Integer("step_seconds", 1, kLongestStep);
  layout.season = static_cast<int>(reader.Integer("season", 0, kMostSeasonRows));
  layout.days = static_cast<int>(reader.Integer("days", 0, kMostDays));
  const std::size_t season = layout.days == 0 ? 0 : RowsPerDay(layout.step_seconds);
  if (layout.season != static_cast<int>(season) || (layout.days != 0 && season == 0)) {
    reader.Fail("season");
  }
  layout.reach = rows("reach", 1);
  layout.segment = rows("segment", 0);
  layout.segments = rows("segments", 0);
  // Less than the specification's where a base stands in for a circuit with few rows.
  layout.sequence_length =
      layout.segments > 0 ? spec.sequence_length : std::min(spec.sequence_length, layout.reach);
  layout.level_rows = rows("level_rows", 0);
  layout.fewest_readings = rows("fewest_readings", 1);
  layout.week_cycle = reader.Boolean("week_cycle");
  layout.fills_by_day = reader.Boolean("fills_by_day");
  const std::int64_t reach = layout.reach;
  if ((layout.segment == 0) != (layout.segments == 0) ||
      static_cast<std::int64_t>(layout.segment) * layout.segments > reach) {
    reader.Fail("segments");
  }
  if (layout.level_rows > reach) reader.Fail("level_rows");
  if (layout.sequence_length > reach || layout.spread_rows() > reach) reader.Fail("reach");
  FLEETCAST_RETURN_IF_ERROR(reader.status());
  return layout;
}

bool IsScale(double scale) { return std::isfinite(scale) && scale > 0; }

absl::StatusOr<Scaling> ParseScaling(const Json& json, std::size_t columns) {
  JsonReader reader(json);
  Scaling scaling;
  scaling.change = reader.Number("change");
  if (!IsScale(scaling.change)) reader.Fail("change");
  scaling.season_change = reader.Number("season_change");
  if (!IsScale(scaling.season_change)) reader.Fail("season_change");
  const Json& levels = reader.Member("levels", Json::value_t::array);
  if (levels.size() < columns) reader.Fail("levels");
  FLEETCAST_RETURN_IF_ERROR(reader.status());
  scaling.levels.reserve(columns);
  for (std::size_t i = 0; i < columns; ++i) {
    JsonReader entry(levels[i]);
    scaling.levels.push_back({entry.Number("mean"), entry.Number("scale")});
    if (!std::isfinite(scaling.levels.back().mean)) entry.Fail("mean");
    if (!IsScale(scaling.levels.back().scale)) entry.Fail("scale");
    FLEETCAST_RETURN_IF_ERROR(entry.status());
  }
  return scaling;
}

// The target, and perhaps others of the specification.
absl::StatusOr<std::vector<std::string>> ParseColumns(const Json& json, const ModelSpec& spec) {
  JsonReader reader(json);
  auto columns = reader.Array<std::string>("columns", &Json::is_string);
  const std::vector<std::string> others = OtherColumns(spec);
  bool known = !columns.empty() && columns[0] == spec.target_column;
  for (std::size_t i = 1; i < columns.size(); ++i) {
    known = known && std::find(others.begin(), others.end(), columns[i]) != others.end();
  }
  if (!known) reader.Fail("columns");
  FLEETCAST_RETURN_IF_ERROR(reader.status());
  return columns;
}

absl::StatusOr<std::vector<PlausibleRange>> ParsePlausible(const Json& json, std::size_t columns) {
  if (json.size() != columns) return CorruptFile(kModelJsonName, "\"plausible\" is wrong");
  std::vector<PlausibleRange> ranges;
  ranges.reserve(columns);
  for (const Json& each : json) {
    JsonReader entry(each);
    const PlausibleRange range{.lowest = entry.Number("lowest"),
                               .highest = entry.Number("highest"),
                               .jump = entry.Number("jump")};
    if (!std::isfinite(range.lowest)) entry.Fail("lowest");
    if (!std::isfinite(range.highest) || range.highest < range.lowest) entry.Fail("highest");
    if (!IsScale(range.jump)) entry.Fail("jump");
    FLEETCAST_RETURN_IF_ERROR(entry.status());
    ranges.push_back(range);
  }
  return ranges;
}

Json LayoutJson(const InputLayout& layout) {
  return {{"step_seconds", layout.step_seconds},
          {"season", layout.season},
          {"days", layout.days},
          {"reach", layout.reach},
          {"segment", layout.segment},
          {"segments", layout.segments},
          {"level_rows", layout.level_rows},
          {"fewest_readings", layout.fewest_readings},
          {"week_cycle", layout.week_cycle},
          {"fills_by_day", layout.fills_by_day}};
}

Json ScalingJson(const Scaling& scaling) {
  Json levels = Json::array();
  for (const ColumnScale& level : scaling.levels) {
    levels.push_back({{"mean", level.mean}, {"scale", level.scale}});
  }
  return {{"change", scaling.change}, {"season_change", scaling.season_change}, {"levels", levels}};
}

Json PlausibleJson(const std::vector<PlausibleRange>& ranges) {
  Json json = Json::array();
  for (const PlausibleRange& range : ranges) {
    json.push_back({{"lowest", range.lowest}, {"highest", range.highest}, {"jump", range.jump}});
  }
  return json;
}

Json IntervalsJson(const std::vector<IntervalOffsets>& intervals) {
  Json json = Json::array();
  for (const IntervalOffsets& each : intervals) {
    json.push_back({{"lower", each.lower}, {"upper", each.upper}});
  }
  return json;
}

// `sign` times every offset is 0 or above.
std::vector<float> ParseOffsets(const char* key, int sign, int horizon, JsonReader& reader) {
  std::vector<float> offsets;
  offsets.reserve(static_cast<std::size_t>(horizon));
  for (const double value : reader.Array<double>(key, &Json::is_number)) {
    offsets.push_back(static_cast<float>(value));
    if (!(sign * value >= 0) || !std::isfinite(offsets.back())) reader.Fail(key);
  }
  if (offsets.size() != static_cast<std::size_t>(horizon)) reader.Fail(key);
  return offsets;
}

absl::StatusOr<std::vector<IntervalOffsets>> ParseIntervals(const Json& json,
                                                            const ModelSpec& spec) {
  if (json.size() != spec.interval_levels.size()) {
    return CorruptFile(kModelJsonName, "\"intervals\" is wrong");
  }
  std::vector<IntervalOffsets> intervals;
  intervals.reserve(json.size());
  for (const Json& each : json) {
    JsonReader entry(each);
    intervals.push_back({.lower = ParseOffsets("lower", -1, spec.horizon, entry),
                         .upper = ParseOffsets("upper", 1, spec.horizon, entry)});
    FLEETCAST_RETURN_IF_ERROR(entry.status());
  }
  return intervals;
}

Json SpansJson(const std::vector<Span>& spans) {
  Json json = Json::array();
  for (const Span& span : spans) json.push_back({span.begin, span.end});
  return json;
}

Json ProfileJson(const CalendarProfile& profile) {
  Json clock = Json::array();
  for (const ClockChange& change : profile.clock) {
    clock.push_back({change.unix_seconds, change.offset_seconds});
  }
  const PlantCalendar& calendar = profile.calendar;
  return {{"time_zone", calendar.time_zone},
          {"clock", clock},
          {"holidays", calendar.holidays},
          {"shifts", SpansJson(calendar.shifts)},
          {"maintenance", SpansJson(calendar.maintenance)},
          {"slot_seconds", profile.slot_seconds},
          {"values", profile.values}};
}

// Pairs of whole numbers of which the first ascend.
std::vector<Span> ParsePairs(const char* key, JsonReader& reader) {
  std::vector<Span> pairs;
  for (const Json& each : reader.Member(key, Json::value_t::array)) {
    const bool pair = each.is_array() && each.size() == 2 && each[0].is_number_integer() &&
                      each[1].is_number_integer();
    if (!pair) {
      reader.Fail(key);
      break;
    }
    pairs.push_back({each[0].get<std::int64_t>(), each[1].get<std::int64_t>()});
    if (pairs.size() > 1 && pairs.back().begin <= pairs[pairs.size() - 2].begin) reader.Fail(key);
  }
  return pairs;
}

absl::StatusOr<CalendarProfile> ParseProfile(const Json& json) {
  JsonReader reader(json);
  CalendarProfile profile;
  profile.calendar = {.time_zone = reader.String("time_zone"),
                      .holidays = reader.Array<std::int64_t>("holidays", &Json::is_number_integer),
                      .shifts = ParsePairs("shifts", reader),
                      .maintenance = ParsePairs("maintenance", reader)};
  for (const Span& change : ParsePairs("clock", reader)) {
    profile.clock.push_back({change.begin, change.end});
    if (std::abs(change.end) > kDaySeconds) reader.Fail("clock");
  }
  if (profile.clock.empty()) reader.Fail("clock");
  const std::vector<std::int64_t>& holidays = profile.calendar.holidays;
  if (!std::is_sorted(holidays.begin(), holidays.end())) reader.Fail("holidays");
  profile.slot_seconds = reader.Integer("slot_seconds", 1, kDaySeconds);
  if (RowsPerDay(profile.slot_seconds) == 0) reader.Fail("slot_seconds");
  profile.values = reader.Array<double>("values", &Json::is_number);
  const bool finite = std::all_of(profile.values.begin(), profile.values.end(),
                                  [](double value) { return std::isfinite(value); });
  if (!finite || profile.values.size() != kTimeKinds * profile.slots()) reader.Fail("values");
  FLEETCAST_RETURN_IF_ERROR(reader.status());
  return profile;
}

std::string TextOf(const Json& json) { return json.dump(2) + "\n"; }

// Without "sha256" of `json`, which has none of its own.
std::string HashOf(const Json& json) { return Sha256Hex(TextOf(json)); }

// The object in `text` without its "sha256", which is right.
absl::StatusOr<Json> ParseHashed(std::string_view text) {
  if (text.size() > kLongestJson)
    return CorruptFile(kModelJsonName, "it is longer than any model's");
  bool too_deep = false;
  const auto look = [&](int depth, Json::parse_event_t /*event*/, const Json& /*value*/) {
    too_deep = too_deep || depth > kDeepestJson;
    return !too_deep;
  };
  Json json = Json::parse(text, look, /*allow_exceptions=*/false);
  if (too_deep) return CorruptFile(kModelJsonName, "it is nested deeper than any model's");
  if (!json.is_object()) return CorruptFile(kModelJsonName, "it holds no JSON object");
  JsonReader reader(json);
  const std::string sha256 = reader.String("sha256");
  FLEETCAST_RETURN_IF_ERROR(reader.status());
  // Written in one way only: a changed space shows too.
  const bool as_written = TextOf(json) == text;
  json.erase("sha256");
  if (!as_written || HashOf(json) != sha256) {
    return CorruptFile(kModelJsonName, "its SHA-256 does not match");
  }
  return json;
}

}  // namespace

std::string WriteModelJson(const ModelDescription& description) {
  const InputLayout& layout = description.layout;
  Json json = {
      {"format", kFormat},
      {"spec", SpecJson(description.spec)},
      {"columns", description.columns},
      {"plausible", PlausibleJson(description.plausible)},
      {"layout", LayoutJson(layout)},
      {"scaling", ScalingJson(description.scaling)},
      {"intervals", IntervalsJson(description.intervals)},
      {"input",
       {{"name", kOnnxHistory}, {"rows", layout.input_rows()}, {"columns", description.columns}}},
      {"training", Json::parse(description.training_record)},
      {"files", {{kOnnxName, {{"sha256", description.onnx_sha256}}}}}};
  if (description.calendar) {
    json["format"] = kCalendarFormat;
    json["calendar"] = ProfileJson(*description.calendar);
  }
  if (description.base_alone) json["base_alone"] = true;
  json["sha256"] = HashOf(json);
  return TextOf(json);
}

absl::StatusOr<ModelDescription> ParseModelJson(std::string_view text) {
  FLEETCAST_ASSIGN_OR_RETURN(Json json, ParseHashed(text));
  ModelDescription description;
  JsonReader as_written(json);
  if (as_written.String("format") == kFormatV1) {
    FLEETCAST_ASSIGN_OR_RETURN(UpgradedV1 upgraded, UpgradeV1(json));
    json = std::move(upgraded.json);
    description.v1 = upgraded.inputs;
  } else if (as_written.String("format") == kCalendarFormat) {
    FLEETCAST_ASSIGN_OR_RETURN(description.calendar,
                               ParseProfile(as_written.Member("calendar", Json::value_t::object)));
  } else if (as_written.String("format") != kFormat) {
    as_written.Fail("format");
  }
  FLEETCAST_RETURN_IF_ERROR(as_written.status());
  JsonReader reader(json);
  const Json& spec_json = reader.Member("spec", Json::value_t::object);
  const Json& plausible = reader.Member("plausible", Json::value_t::array);
  const Json& layout_json = reader.Member("layout", Json::value_t::object);
  const Json& scaling_json = reader.Member("scaling", Json::value_t::object);
  const Json& intervals = reader.Member("intervals", Json::value_t::array);
  const Json& training = reader.Member("training", Json::value_t::object);
  const Json& files = reader.Member("files", Json::value_t::object);
  FLEETCAST_RETURN_IF_ERROR(reader.status());
  JsonReader file(files);
  JsonReader onnx(file.Member(kOnnxName, Json::value_t::object));
  description.onnx_sha256 = onnx.String("sha256");
  FLEETCAST_RETURN_IF_ERROR(file.status());
  FLEETCAST_RETURN_IF_ERROR(onnx.status());
  description.training_record = training.dump();
  description.base_alone = json.value("base_alone", Json()) == true;
  FLEETCAST_ASSIGN_OR_RETURN(description.spec, ParseSpec(spec_json));
  FLEETCAST_ASSIGN_OR_RETURN(description.columns, ParseColumns(json, description.spec));
  const std::size_t columns = description.columns.size();
  FLEETCAST_ASSIGN_OR_RETURN(description.plausible, ParsePlausible(plausible, columns));
  FLEETCAST_ASSIGN_OR_RETURN(description.layout, ParseLayout(layout_json, description.spec));
  if ((description.layout.level_rows > 0) != (columns > 1) && !description.v1) {
    return CorruptFile(kModelJsonName, "\"columns\" is wrong");
  }
  FLEETCAST_ASSIGN_OR_RETURN(description.scaling, ParseScaling(scaling_json, columns));
  FLEETCAST_ASSIGN_OR_RETURN(description.intervals, ParseIntervals(intervals, description.spec));
  return description;
}

}  // namespace fleetcast::forecast
