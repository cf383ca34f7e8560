#include "common/forecast/onnx_graph.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numbers>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/forecast/filling.h"
#include "common/forecast/network_pass.h"
#include "common/forecast/onnx_builder.h"
#include "common/forecast/onnx_calendar.h"

namespace fleetcast::forecast {
namespace {

constexpr double kNoReading = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kGateCount = 4;
// Where each of ONNX's gates (input, output, forget, cell) stands among ours (input, forget, cell,
// output).
constexpr std::array<std::size_t, kGateCount> kOnnxGates = {0, 3, 1, 2};

// The gates' parts of a tensor in ONNX's order.
std::vector<float> InOnnxOrder(const std::array<const float*, kGateCount>& gates,
                               std::size_t per_gate) {
  std::vector<float> values;
  for (std::size_t gate : kOnnxGates) {
    values.insert(values.end(), gates.at(gate), gates.at(gate) + per_gate);
  }
  return values;
}

// Builds the graph of one model. Names follow common/forecast/inputs.h, which computes the same.
class GraphOfModel {
 public:
  explicit GraphOfModel(const ModelParts& parts)
      : parts_(parts),
        layout_(parts.layout),
        rows_(static_cast<std::int64_t>(layout_.input_rows())),
        columns_(static_cast<std::int64_t>(parts.columns.size())),
        graph_("fleetcast_forecast") {}

  std::string Write() {
    PutWeights();
    PutInputs();
    OnnxValue scaled = graph_.Node("Gemm", {Extras(), "linear.weight", "linear.bias"},
                                   "linear.output", {{.name = "transB", .integers = {1}}});
    if (layout_.segments > 0) {
      const OnnxValue head = graph_.Node("Gemm", {LstmState(), "head.weight", "head.bias"},
                                         "head.output", {{.name = "transB", .integers = {1}}});
      scaled = graph_.Node("Add", {head, scaled}, "output");
    }
    const OnnxValue change = graph_.Node(
        "Mul", {graph_.Cast(scaled, OnnxType::kDouble, "output.double"), "scaling.change"},
        "forecast.change");
    OnnxValue from = "last_value";
    if (parts_.calendar) {
      from = graph_.Node(
          "Add",
          {from, graph_.Slice(kOnnxExpected, 1, rows_, rows_ + layout_.horizon, "expected.ahead")},
          "expected.from");
    }
    const OnnxValue forecast = PutWithinBounds({change, from}, kOnnxForecast);
    graph_.Output(forecast, OnnxType::kDouble, {-1, layout_.horizon},
                  "what follows, in the target's unit");
    if (!parts_.spec.interval_levels.empty()) PutIntervals(forecast);
    return graph_.Serialize(FLEETCAST_VERSION);
  }

 private:
  void PutWeights() {
    const NetworkShape& shape = parts_.network.shape();
    Weights values = parts_.network.CopyWeights();
    const auto gates = [&](std::size_t tensor) {
      const std::size_t per_gate = values[tensor].size() / kGateCount;
      std::array<const float*, kGateCount> begins{};
      for (std::size_t i = 0; i < kGateCount; ++i) {
        begins.at(i) = values[tensor].data() + i * per_gate;
      }
      return InOnnxOrder(begins, per_gate);
    };
    if (shape.steps > 0) {
      for (const std::size_t tensor : {kInput, kRecurrent, kGateBias})
        values[tensor] = gates(tensor);
      // ONNX has one bias for the inputs and one for the state.
      values[kGateBias].resize(2 * values[kGateBias].size(), 0);
    }
    const std::vector<WeightShape> shapes = OnnxWeightShapes(shape);
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      graph_.Floats(shapes[i].name, shapes[i].sizes, values[i]);
    }
  }

  void PutInputs() {
    const std::string columns =
        absl::StrCat(rows_, " rows ", layout_.step_seconds, " s apart, oldest first, of the target",
                     columns_ > 1 ? " and the other columns" : "");
    graph_.Input(kOnnxHistory, OnnxType::kDouble, {-1, rows_, columns_}, columns);
    graph_.Input(kOnnxTime, OnnxType::kInt64, {-1}, "time of the last row, in Unix seconds");
    graph_.Number("scaling.change", parts_.scaling.change);
    graph_.Number("missing", kNoReading);
    PutReadings();
    const OnnxValue readings =
        graph_.Reshape(graph_.Slice("readings", 2, 0, 1, "target.column"), {0, rows_}, "target");
    const OnnxValue filled = FillGaps(LessExpected(readings));
    const OnnxValue last = graph_.Slice(filled, 1, rows_ - 1, rows_, "last_value");
    graph_.Node("Div", {graph_.Node("Sub", {filled, last}, "change.in_unit"), "scaling.change"},
                "change");
  }

  OnnxValue LessExpected(const OnnxValue& readings) {
    if (!parts_.calendar) return readings;
    PutExpected(*parts_.calendar, layout_, graph_);
    return graph_.Node("Sub", {readings, graph_.Slice(kOnnxExpected, 1, 0, rows_, "expected.rows")},
                       "target.less_expected");
  }

  // Values out of their column's range are missing.
  void PutReadings() {
    std::vector<double> lowest, highest;
    lowest.reserve(parts_.plausible.size());
    highest.reserve(parts_.plausible.size());
    for (const PlausibleRange& range : parts_.plausible) {
      lowest.push_back(range.lowest);
      highest.push_back(range.highest);
    }
    const OnnxValue above = graph_.Node(
        "GreaterOrEqual", {kOnnxHistory, graph_.Doubles("plausible.lowest", {columns_}, lowest)},
        "plausible.above");
    const OnnxValue below = graph_.Node(
        "LessOrEqual", {kOnnxHistory, graph_.Doubles("plausible.highest", {columns_}, highest)},
        "plausible.below");
    graph_.Node("Where", {graph_.Node("And", {above, below}, "plausible"), kOnnxHistory, "missing"},
                "readings");
  }

  // `values` [batch, rows, …] with its missing ones replaced by those `by` rows before (after,
  // where `by` is below 0).
  OnnxValue TakeFrom(const OnnxValue& values, std::int64_t by, const OnnxValue& output) {
    const std::int64_t size = by > 0 ? by : -by;
    const OnnxValue kept = by > 0 ? graph_.Slice(values, 1, 0, size, output + ".kept")
                                  : graph_.Slice(values, 1, rows_ - size, rows_, output + ".kept");
    const OnnxValue moved = by > 0 ? graph_.Slice(values, 1, 0, rows_ - size, output + ".moved")
                                   : graph_.Slice(values, 1, size, rows_, output + ".moved");
    const OnnxValue others = graph_.Node(
        "Concat",
        by > 0 ? std::vector<OnnxValue>{kept, moved} : std::vector<OnnxValue>{moved, kept},
        output + ".others", {{.name = "axis", .integers = {1}}});
    return graph_.Node("Where", {Missing(values, output), others, values}, output);
  }

  // The first `most` missing rows of each gap get the value before it; the value after it where
  // `direction` is -1. What is filled doubles from one node to the next.
  OnnxValue KeepLast(OnnxValue values, std::int64_t most, std::int64_t direction,
                     const std::string& name) {
    for (std::int64_t filled = 0; filled < most;) {
      const std::int64_t by = std::min(filled + 1, most - filled);
      values = TakeFrom(values, direction * by, absl::StrCat(name, ".", filled + by));
      filled += by;
    }
    return values;
  }

  // As common/forecast/filling.h says.
  OnnxValue FillGaps(OnnxValue values) {
    const std::int64_t season = layout_.fill_season();
    if (season > 0 && season < rows_) {
      values = KeepLast(values, std::min<std::int64_t>(kShortGap, rows_ - 1), 1, "filled.short");
      std::vector<OnnxValue> days = {graph_.Slice(values, 1, 0, season, "filled.day.0")};
      for (std::int64_t begin = season; begin < rows_; begin += season) {
        const std::string name = absl::StrCat("filled.day.", begin / season);
        const std::int64_t size = std::min(season, rows_ - begin);
        const OnnxValue day = graph_.Slice(values, 1, begin, begin + size, name + ".readings");
        const OnnxValue before = graph_.Slice(days.back(), 1, 0, size, name + ".before");
        days.push_back(graph_.Node("Where", {Missing(day, name), before, day}, name));
      }
      values = graph_.Node("Concat", days, "filled.by_day", {{.name = "axis", .integers = {1}}});
    }
    values = KeepLast(values, rows_ - 1, 1, "filled.last");
    return KeepLast(values, rows_ - 1, -1, "filled.next");
  }

  // The newest `count` changes as floats.
  OnnxValue NewestChanges(std::int64_t count, const OnnxValue& output) {
    return graph_.Cast(graph_.Slice("change", 1, rows_ - count, rows_, output + ".double"),
                       OnnxType::kFloat, output);
  }

  // [batch, units].
  OnnxValue LstmState() {
    const std::int64_t length = layout_.segment, segments = layout_.segments;
    const OnnxValue changes = graph_.Reshape(NewestChanges(segments * length, "segments.flat"),
                                             {0, segments, length}, "segments");
    const OnnxValue sequence =
        graph_.Node("Transpose", {WithTimeOfWeek(changes)}, "sequence",
                    {{.name = "perm", .integers = {1, 0, 2}, .is_list = true}});
    const OnnxValue state = graph_.NodeWithOutput(
        1, "LSTM", {sequence, "lstm.input", "lstm.recurrent", "lstm.bias"},
        "lstm.state.by_direction", {{.name = "hidden_size", .integers = {parts_.spec.lstm_units}}});
    return graph_.Node("Squeeze", {state, graph_.Integers("lstm.direction", {0})}, "lstm.state");
  }

  // Puts sine and cosine after each segment: of the time of its last row, or zeros.
  OnnxValue WithTimeOfWeek(const OnnxValue& segments) {
    if (!layout_.week_cycle) {
      const auto after = static_cast<std::int64_t>(kCalendarChannels);
      return graph_.Node("Pad", {segments, graph_.Integers("no_week", {0, 0, 0, 0, 0, after})},
                         "segments.with_week");
    }
    std::vector<std::int64_t> offsets;
    for (std::int64_t later = layout_.segments - 1; later >= 0; --later) {
      offsets.push_back(-later * layout_.segment * layout_.step_seconds);
    }
    const OnnxValue one = graph_.Integers("week.axis", {1});
    const OnnxValue time = graph_.Node("Unsqueeze", {kOnnxTime, one}, "week.last_time");
    const OnnxValue times =
        graph_.Node("Add", {time, graph_.Integers("week.offsets", offsets)}, "week.times");
    const OnnxValue into =
        graph_.Node("Mod", {times, graph_.Integers("week.seconds", {kWeekSeconds})}, "week.into");
    const double turn = 2 * std::numbers::pi / static_cast<double>(kWeekSeconds);
    const OnnxValue angle =
        graph_.Cast(graph_.Node("Mul",
                                {graph_.Cast(into, OnnxType::kDouble, "week.into.double"),
                                 graph_.Number("week.turn", turn)},
                                "week.angle.double"),
                    OnnxType::kFloat, "week.angle");
    const OnnxValue two = graph_.Integers("week.channel_axis", {2});
    const auto channel = [&](const std::string& wave) {
      const OnnxValue values = graph_.Node(wave, {angle}, "week." + wave);
      return graph_.Node("Unsqueeze", {values, two}, values + ".channel");
    };
    return graph_.Node("Concat", {segments, channel("Sin"), channel("Cos")}, "segments.with_week",
                       {{.name = "axis", .integers = {2}}});
  }

  // [batch, extras].
  OnnxValue Extras() {
    OnnxValue changes = NewestChanges(rows_, "recent");
    if (layout_.level_rows == 0) return changes;
    return graph_.Node("Concat", {changes, Levels()}, "extras",
                       {{.name = "axis", .integers = {1}}});
  }

  OnnxValue Missing(const OnnxValue& values, const std::string& name) {
    return graph_.Node("IsNaN", {values}, name + ".missing");
  }

  // All columns' scaled values over the newest rows; a missing one is the one before it, else 0.
  OnnxValue Levels() {
    std::vector<double> means, scales;
    for (const ColumnScale& level : parts_.scaling.levels) {
      means.push_back(level.mean);
      scales.push_back(level.scale);
    }
    const std::int64_t level_rows = layout_.level_rows;
    const OnnxValue filled = KeepLast("readings", rows_ - level_rows, 1, "levels.last");
    const OnnxValue rows = graph_.Slice(filled, 1, rows_ - level_rows, rows_, "levels.rows");
    const OnnxValue centred = graph_.Node(
        "Sub", {rows, graph_.Doubles("scaling.means", {columns_}, means)}, "levels.centred");
    const OnnxValue scaled = graph_.Node(
        "Div", {centred, graph_.Doubles("scaling.scales", {columns_}, scales)}, "levels.scaled");
    const OnnxValue cut = graph_.Node("Clip",
                                      {scaled, graph_.Number("levels.lowest", -kLargestLevel),
                                       graph_.Number("levels.highest", kLargestLevel)},
                                      "levels.cut");
    const OnnxValue known = graph_.Node(
        "Where", {Missing(scaled, "levels"), graph_.Number("levels.mean", 0), cut}, "levels.known");
    return graph_.Reshape(graph_.Cast(known, OnnxType::kFloat, "levels.float"),
                          {0, level_rows * columns_}, "levels");
  }

  // [batch, 1].
  OnnxValue Difficulty() {
    const ColumnScale& level = parts_.scaling.levels[0];
    const OnnxValue rows =
        graph_.Slice("target", 1, rows_ - layout_.spread_rows(), rows_, "spread.rows");
    const OnnxValue centred =
        graph_.Node("Sub", {rows, graph_.Number("spread.mean", level.mean)}, "spread.centred");
    const OnnxValue scaled =
        graph_.Node("Div", {centred, graph_.Number("spread.scale", level.scale)}, "spread.scaled");
    const OnnxValue finite = graph_.Node("Not", {Missing(scaled, "spread")}, "spread.finite");
    const OnnxValue zero = graph_.Number("spread.zero", 0);
    const OnnxValue values = graph_.Node("Where", {finite, scaled, zero}, "spread.values");
    const OnnxValue axis = graph_.Integers("spread.axis", {1});
    const auto sum = [&](const OnnxValue& of, const std::string& name) {
      return graph_.Node("ReduceSum", {of, axis}, name);
    };
    const OnnxValue count = graph_.Node(
        "Max",
        {sum(graph_.Cast(finite, OnnxType::kDouble, "spread.ones"), "spread.rows_found"),
         graph_.Number("spread.one", 1)},
        "spread.count");
    const OnnxValue mean =
        graph_.Node("Div", {sum(values, "spread.sum"), count}, "spread.mean_found");
    const OnnxValue squares = graph_.Node("Mul", {values, values}, "spread.squares");
    const OnnxValue variance = graph_.Node(
        "Sub",
        {graph_.Node("Div", {sum(squares, "spread.square_sum"), count}, "spread.mean_square"),
         graph_.Node("Mul", {mean, mean}, "spread.squared_mean")},
        "spread.variance");
    const OnnxValue deviation =
        graph_.Node("Sqrt", {graph_.Node("Max", {variance, zero}, "spread.variance_above_0")},
                    "spread.deviation");
    const double weight = (1 - kCommonDifficulty) * level.scale / parts_.scaling.change;
    return graph_.Node("Add",
                       {graph_.Node("Mul", {deviation, graph_.Number("difficulty.weight", weight)},
                                    "difficulty.of_window"),
                        graph_.Number("difficulty.common", kCommonDifficulty)},
                       "difficulty");
  }

  // The sum of two values, no less than the declared minimum and no more than the maximum.
  OnnxValue PutWithinBounds(const std::vector<OnnxValue>& summands, const OnnxValue& output) {
    const ModelSpec& spec = parts_.spec;
    if (!spec.minimum && !spec.maximum) return graph_.Node("Add", summands, output);
    const auto bound = [&](const std::optional<double>& value, const std::string& name) {
      return value ? graph_.Number(absl::StrCat(output, ".", name), *value) : "";
    };
    return graph_.Node("Clip",
                       {graph_.Node("Add", summands, output + ".unbounded"),
                        bound(spec.minimum, "minimum"), bound(spec.maximum, "maximum")},
                       output);
  }

  void PutIntervals(const OnnxValue& forecast) {
    const auto levels = static_cast<std::int64_t>(parts_.spec.interval_levels.size());
    const OnnxValue axis = graph_.Integers("interval.axis", {1});
    const OnnxValue difficulty =
        graph_.Node("Unsqueeze", {Difficulty(), axis}, "interval.difficulty");
    const OnnxValue middle = graph_.Node("Unsqueeze", {forecast, axis}, "interval.middle");
    for (const auto& [name, offsets] : {std::pair{kOnnxLower, &IntervalOffsets::lower},
                                        std::pair{kOnnxUpper, &IntervalOffsets::upper}}) {
      std::vector<float> values;
      for (const IntervalOffsets& interval : parts_.intervals) {
        values.insert(values.end(), (interval.*offsets).begin(), (interval.*offsets).end());
      }
      const std::string prefix = absl::StrCat("interval.", name);
      graph_.Floats(prefix, {levels, layout_.horizon}, values);
      const OnnxValue in_unit = graph_.Node(
          "Mul", {difficulty, graph_.Cast(prefix, OnnxType::kDouble, prefix + ".double")},
          prefix + ".in_unit");
      graph_.Output(PutWithinBounds({middle, in_unit}, name), OnnxType::kDouble,
                    {-1, levels, layout_.horizon},
                    absl::StrCat("the intervals' ", name, " ends, of ",
                                 absl::StrJoin(parts_.spec.interval_levels, ", "), " %"));
    }
  }

  const ModelParts& parts_;
  const InputLayout& layout_;
  std::int64_t rows_, columns_;
  OnnxBuilder graph_;
};

}  // namespace

std::vector<WeightShape> OnnxWeightShapes(const NetworkShape& shape) {
  std::vector<WeightShape> shapes = Network::WeightShapes(shape);
  if (shape.steps == 0) return shapes;
  for (std::size_t tensor : {kInput, kRecurrent, kGateBias}) {
    shapes[tensor].sizes.insert(shapes[tensor].sizes.begin(), 1);  // directions
  }
  shapes[kGateBias].sizes.back() *= 2;
  return shapes;
}

WeightView ViewOfOnnx(const NetworkShape& shape, const std::vector<const float*>& tensors) {
  WeightView view;
  view.linear = tensors[tensors.size() - 2];
  view.linear_bias = tensors[tensors.size() - 1];
  if (shape.steps == 0) return view;
  const auto units = static_cast<std::size_t>(shape.units);
  const auto channels = static_cast<std::size_t>(shape.channels);
  for (std::size_t at = 0; at < kGateCount; ++at) {
    const std::size_t gate = kOnnxGates.at(at);
    view.input.at(gate) = tensors[kInput] + at * units * channels;
    view.recurrent.at(gate) = tensors[kRecurrent] + at * units * units;
    view.bias.at(gate) = tensors[kGateBias] + at * units;
  }
  view.head = tensors[kHead];
  view.head_bias = tensors[kHeadBias];
  return view;
}

std::string WriteOnnx(const ModelParts& parts) { return GraphOfModel(parts).Write(); }

}  // namespace fleetcast::forecast
