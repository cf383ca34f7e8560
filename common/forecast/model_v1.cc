#include "common/forecast/model_v1.h"

#include <algorithm>

#include "common/forecast/inputs.h"
#include "common/forecast/json_reader.h"
#include "common/forecast/onnx_graph.h"
#include "common/forecast/plausible.h"

namespace fleetcast::forecast {
namespace {

constexpr int kShortestSegment = 12, kMostSegments = 14;
constexpr std::int64_t kMostReach = 4'096;

int SegmentOf(int sequence) {
  if (sequence < 2 * kShortestSegment) return std::max(1, sequence / 2);
  return std::max(kShortestSegment, sequence / kMostSegments);
}

// Half widths become offsets to either side.
Json Intervals(const Json& quantiles) {
  Json intervals = Json::array();
  for (const Json& widths : quantiles) {
    Json lower = Json::array();
    for (const Json& width : widths) {
      lower.push_back(width.is_number() ? Json(-width.get<double>()) : width);
    }
    intervals.push_back({{"lower", lower}, {"upper", widths}});
  }
  return intervals;
}

Json Plausible(std::size_t columns) {
  const Json everything = {{"lowest", kEverythingPlausible.lowest},
                           {"highest", kEverythingPlausible.highest},
                           {"jump", kEverythingPlausible.jump}};
  return Json::array_t(columns, everything);
}

}  // namespace

absl::StatusOr<UpgradedV1> UpgradeV1(const Json& json) {
  JsonReader reader(json);
  JsonReader spec(reader.Member("spec", Json::value_t::object));
  JsonReader layout(reader.Member("layout", Json::value_t::object));
  const Json& quantiles = reader.Member("residual_quantiles", Json::value_t::array);
  UpgradedV1 upgraded{.json = json, .inputs = {}};
  V1Inputs& inputs = upgraded.inputs;
  inputs.sequence = static_cast<int>(spec.Integer("sequence_length", 1, kMostReach));
  const int horizon = static_cast<int>(spec.Integer("horizon", 1, kMostReach));
  const int season = static_cast<int>(layout.Integer("season", 0, kMostReach));
  const int days = static_cast<int>(layout.Integer("days", 0, kMostReach));
  if (static_cast<std::int64_t>(season) * days > kMostReach) layout.Fail("days");
  std::vector<std::string> columns = {spec.String("target_column")};
  if (layout.Boolean("earlier_days") && season > 0) {
    inputs.season = season;
    inputs.days = days;
    inputs.first_lag_day = inputs.sequence / season + 1;
    inputs.per_day = std::min(season, horizon);
  }
  const int segment = SegmentOf(inputs.sequence);
  const bool levels = layout.Boolean("other_columns");
  for (std::string& name : spec.Array<std::string>("feature_columns", &Json::is_string)) {
    if (levels && name != columns[0]) columns.push_back(std::move(name));
  }
  FLEETCAST_RETURN_IF_ERROR(reader.status());
  FLEETCAST_RETURN_IF_ERROR(spec.status());
  FLEETCAST_RETURN_IF_ERROR(layout.status());
  // Without other columns the levels of the target alone may be an input, as format 2 has it too.
  const int level_rows = levels ? segment : 0;
  inputs.levels = level_rows * static_cast<int>(columns.size());
  upgraded.json["spec"]["minimum"] = upgraded.json["spec"]["maximum"] = nullptr;
  upgraded.json["columns"] = columns;
  upgraded.json["plausible"] = Plausible(columns.size());
  upgraded.json["intervals"] = Intervals(quantiles);
  Json& now = upgraded.json["layout"];
  now["reach"] = std::max(inputs.sequence, season * days);
  now["segment"] = segment;
  now["segments"] = inputs.sequence / segment;
  now["level_rows"] = level_rows;
  now["fewest_readings"] = 1;
  now["fills_by_day"] = season > 0;
  return upgraded;
}

std::vector<WeightShape> V1WeightShapes(NetworkShape shape, const V1Inputs& inputs) {
  shape.extras = inputs.extras();
  std::vector<WeightShape> shapes = OnnxWeightShapes(shape);
  shapes.pop_back();  // the linear path had no bias
  return shapes;
}

std::vector<float> ArrangeV1(const float* weights, const V1Inputs& inputs,
                             const NetworkShape& shape) {
  const int reach = shape.extras - inputs.levels;
  std::vector<float> arranged(
      static_cast<std::size_t>(shape.horizon) * static_cast<std::size_t>(shape.extras), 0.0F);
  for (int step = 0; step < shape.horizon; ++step) {
    const float* from = weights + static_cast<std::ptrdiff_t>(step) * inputs.extras();
    float* to = arranged.data() + static_cast<std::ptrdiff_t>(step) * shape.extras;
    for (int i = 0; i < inputs.sequence; ++i) to[reach - inputs.sequence + i] += *from++;
    for (int day = inputs.first_lag_day; day <= inputs.days; ++day) {
      for (int i = 0; i < inputs.per_day; ++i) to[reach + i - inputs.season * day] += *from++;
    }
    for (int i = 0; i < inputs.levels; ++i) to[reach + i] += *from++;
  }
  return arranged;
}

}  // namespace fleetcast::forecast
