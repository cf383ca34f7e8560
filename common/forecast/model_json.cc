// model.json.
#include <bit>
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

constexpr char kFormat[] = "fleetcast.model/1";
constexpr std::size_t kLongestJson = 16u << 20;
constexpr int kDeepestJson = 16;
constexpr std::int64_t kLongestStep = 366LL * 86'400;
constexpr std::int64_t kMostSeasonRows = 86'400, kMostDays = 366;

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
  spec.data_fingerprint = reader.String("data_fingerprint");
  FLEETCAST_RETURN_IF_ERROR(reader.status());
  if (absl::Status status = ValidateSpec(spec); !status.ok()) {
    return CorruptFile(kModelJsonName, std::string(status.message()));
  }
  return spec;
}

absl::StatusOr<InputLayout> ParseLayout(const Json& json, const ModelSpec& spec) {
  JsonReader reader(json);
  InputLayout layout;
  layout.sequence_length = spec.sequence_length;
  layout.horizon = spec.horizon;
  layout.step_seconds = reader.Integer("step_seconds", 1, kLongestStep);
  layout.season = static_cast<int>(reader.Integer("season", 0, kMostSeasonRows));
  layout.days = static_cast<int>(reader.Integer("days", 0, kMostDays));
  const std::size_t season = layout.days == 0 ? 0 : RowsPerDay(layout.step_seconds);
  if (layout.season != static_cast<int>(season) || (layout.days != 0 && season == 0)) {
    reader.Fail("season");
  }
  layout.week_cycle = reader.Boolean("week_cycle");
  layout.earlier_days = reader.Boolean("earlier_days");
  layout.other_columns = reader.Boolean("other_columns");
  FLEETCAST_RETURN_IF_ERROR(reader.status());
  return layout;
}

absl::StatusOr<Scaling> ParseScaling(const Json& json, const ModelSpec& spec) {
  JsonReader reader(json);
  Scaling scaling;
  scaling.change = reader.Number("change");
  const auto usable = [](double scale) { return std::isfinite(scale) && scale > 0; };
  if (!usable(scaling.change)) reader.Fail("change");
  scaling.season_change = reader.Number("season_change");
  if (!usable(scaling.season_change)) reader.Fail("season_change");
  const Json& levels = reader.Member("levels", Json::value_t::array);
  if (levels.size() != 1 + OtherColumns(spec).size()) reader.Fail("levels");
  FLEETCAST_RETURN_IF_ERROR(reader.status());
  for (const Json& level : levels) {
    JsonReader entry(level);
    scaling.levels.push_back({entry.Number("mean"), entry.Number("scale")});
    if (!std::isfinite(scaling.levels.back().mean)) entry.Fail("mean");
    if (!usable(scaling.levels.back().scale)) entry.Fail("scale");
    FLEETCAST_RETURN_IF_ERROR(entry.status());
  }
  return scaling;
}

Json LayoutJson(const InputLayout& layout) {
  return {{"step_seconds", layout.step_seconds},
          {"season", layout.season},
          {"days", layout.days},
          {"week_cycle", layout.week_cycle},
          {"earlier_days", layout.earlier_days},
          {"other_columns", layout.other_columns}};
}

Json ScalingJson(const Scaling& scaling) {
  Json levels = Json::array();
  for (const ColumnScale& level : scaling.levels) {
    levels.push_back({{"mean", level.mean}, {"scale", level.scale}});
  }
  return {{"change", scaling.change}, {"season_change", scaling.season_change}, {"levels", levels}};
}

absl::StatusOr<std::vector<std::vector<float>>> ParseQuantiles(const Json& json,
                                                               const ModelSpec& spec) {
  const auto wrong = [](std::size_t level) {
    return CorruptFile(kModelJsonName,
                       absl::StrCat("\"residual_quantiles\"[", level, "] is wrong"));
  };
  if (json.size() != spec.interval_levels.size()) return wrong(json.size());
  std::vector<std::vector<float>> quantiles;
  for (const Json& row : json) {
    if (!row.is_array() || row.size() != static_cast<std::size_t>(spec.horizon)) {
      return wrong(quantiles.size());
    }
    std::vector<float>& widths = quantiles.emplace_back();
    for (const Json& width : row) {
      const double value = width.is_number() ? width.get<double>() : -1;
      const auto narrow = static_cast<float>(value);
      if (!(value >= 0) || !std::isfinite(narrow)) return wrong(quantiles.size() - 1);
      widths.push_back(narrow);
    }
  }
  return quantiles;
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
  const ModelSpec& spec = description.spec;
  const InputLayout& layout = description.layout;
  Json quantiles = Json::array();
  for (const std::vector<float>& row : description.residual_quantiles) quantiles.push_back(row);
  Json json = {{"format", kFormat},
               {"spec", SpecJson(spec)},
               {"layout", LayoutJson(layout)},
               {"scaling", ScalingJson(description.scaling)},
               {"residual_quantiles", quantiles},
               {"input",
                {{"name", kOnnxHistory},
                 {"rows", layout.input_rows()},
                 {"rows_without_gaps", layout.finite_rows()},
                 {"columns", OnnxInputColumns(spec, layout)}}},
               {"training", Json::parse(description.training_record)},
               {"files", {{kOnnxName, {{"sha256", description.onnx_sha256}}}}}};
  json["sha256"] = HashOf(json);
  return TextOf(json);
}

absl::StatusOr<ModelDescription> ParseModelJson(std::string_view text) {
  FLEETCAST_ASSIGN_OR_RETURN(const Json json, ParseHashed(text));
  JsonReader reader(json);
  if (reader.String("format") != kFormat) reader.Fail("format");
  const Json& spec_json = reader.Member("spec", Json::value_t::object);
  const Json& layout_json = reader.Member("layout", Json::value_t::object);
  const Json& scaling_json = reader.Member("scaling", Json::value_t::object);
  const Json& quantiles = reader.Member("residual_quantiles", Json::value_t::array);
  const Json& training = reader.Member("training", Json::value_t::object);
  const Json& files = reader.Member("files", Json::value_t::object);
  FLEETCAST_RETURN_IF_ERROR(reader.status());
  JsonReader file(files);
  JsonReader onnx(file.Member(kOnnxName, Json::value_t::object));
  ModelDescription description;
  description.onnx_sha256 = onnx.String("sha256");
  FLEETCAST_RETURN_IF_ERROR(file.status());
  FLEETCAST_RETURN_IF_ERROR(onnx.status());
  description.training_record = training.dump();
  FLEETCAST_ASSIGN_OR_RETURN(description.spec, ParseSpec(spec_json));
  FLEETCAST_ASSIGN_OR_RETURN(description.layout, ParseLayout(layout_json, description.spec));
  FLEETCAST_ASSIGN_OR_RETURN(description.scaling, ParseScaling(scaling_json, description.spec));
  FLEETCAST_ASSIGN_OR_RETURN(description.residual_quantiles,
                             ParseQuantiles(quantiles, description.spec));
  return description;
}

}  // namespace fleetcast::forecast
