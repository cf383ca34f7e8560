#include "common/forecast/onnx_graph.h"

#include <algorithm>
#include <array>
#include <numbers>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/forecast/network_pass.h"
#include "common/forecast/onnx_builder.h"

namespace fleetcast::forecast {
namespace {

constexpr char kHalfWidths[] = "interval.half_widths";
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
        columns_(static_cast<std::int64_t>(OnnxInputColumns(parts.spec, layout_).size())),
        graph_("fleetcast_forecast") {}

  std::string Write() {
    PutWeights();
    PutInputs();
    const OnnxValue linear = graph_.Node("Gemm", {Extras(), "linear.weight"}, "linear.output",
                                         {{.name = "transB", .integers = {1}}});
    const OnnxValue head = graph_.Node("Gemm", {LstmState(), "head.weight", "head.bias"},
                                       "head.output", {{.name = "transB", .integers = {1}}});
    const OnnxValue scaled = graph_.Node("Add", {head, linear}, "output");
    const OnnxValue change = graph_.Node(
        "Mul", {graph_.Cast(scaled, OnnxType::kDouble, "output.double"), "scaling.change"},
        "forecast.change");
    const OnnxValue forecast = graph_.Node("Add", {change, "last_value"}, kOnnxForecast);
    graph_.Output(forecast, OnnxType::kDouble, {-1, layout_.horizon},
                  "what follows, in the target's unit");
    if (!parts_.spec.interval_levels.empty()) PutIntervals(forecast);
    return graph_.Serialize(FLEETCAST_VERSION);
  }

 private:
  void PutWeights() {
    const Weights weights = parts_.network.CopyWeights();
    const std::vector<WeightShape> shapes = OnnxWeightShapes(parts_.spec, layout_);
    const auto gates = [&](std::size_t tensor) {
      const std::vector<float>& values = weights[tensor];
      const std::size_t per_gate = values.size() / kGateCount;
      std::array<const float*, kGateCount> begins{};
      for (std::size_t i = 0; i < kGateCount; ++i) begins.at(i) = values.data() + i * per_gate;
      return InOnnxOrder(begins, per_gate);
    };
    std::vector<float> bias = gates(kGateBias);
    bias.resize(2 * bias.size(), 0);  // ONNX has one for the inputs and one for the state
    std::vector<float> half_widths;
    for (const std::vector<float>& row : parts_.residual_quantiles) {
      half_widths.insert(half_widths.end(), row.begin(), row.end());
    }
    const std::vector<std::vector<float>> values = {
        gates(kInput),      gates(kRecurrent), std::move(bias),       weights[kHead],
        weights[kHeadBias], weights[kLinear],  std::move(half_widths)};
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
    const OnnxValue target =
        graph_.Reshape(graph_.Slice(kOnnxHistory, 2, 0, 1, "target.column"), {0, rows_}, "target");
    const OnnxValue last = graph_.Slice(target, 1, rows_ - 1, rows_, "last_value");
    graph_.Node("Div", {graph_.Node("Sub", {target, last}, "change.in_unit"), "scaling.change"},
                "change");
  }

  // The newest `count` changes as floats.
  OnnxValue NewestChanges(std::int64_t count, const OnnxValue& output) {
    return graph_.Cast(graph_.Slice("change", 1, rows_ - count, rows_, output + ".double"),
                       OnnxType::kFloat, output);
  }

  // [batch, units].
  OnnxValue LstmState() {
    const std::int64_t length = layout_.segment_length(), segments = layout_.segments();
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
    for (std::int64_t later = layout_.segments() - 1; later >= 0; --later) {
      offsets.push_back(-later * layout_.segment_length() * layout_.step_seconds);
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
    std::vector<OnnxValue> inputs = {NewestChanges(layout_.sequence_length, "recent")};
    if (layout_.lags() > 0) inputs.push_back(Lags());
    if (layout_.other_columns) inputs.push_back(Levels());
    return graph_.Node("Concat", inputs, "extras", {{.name = "axis", .integers = {1}}});
  }

  // True where a value is not finite: its difference from itself is then no number.
  OnnxValue Missing(const OnnxValue& values) {
    return graph_.Node("IsNaN", {graph_.Node("Sub", {values, values}, values + ".itself")},
                       values + ".missing");
  }

  // The same hours on the days before the sequence; for a missing value that of the day after it.
  OnnxValue Lags() {
    const std::int64_t season = layout_.season, per_day = layout_.lags_per_day();
    std::vector<OnnxValue> days;
    OnnxValue newer;
    for (int day = 1; day <= layout_.days; ++day) {
      const std::string name = absl::StrCat("lags.", day);
      const std::int64_t begin = rows_ - day * season;
      OnnxValue values = graph_.Slice("change", 1, begin, begin + per_day, name);
      if (day > 1) {
        values =
            graph_.Node("Where", {Missing(values), newer, values}, absl::StrCat(name, ".whole"));
      }
      newer = values;
      if (day >= layout_.first_lag_day()) days.push_back(values);
    }
    return graph_.Cast(
        graph_.Node("Concat", days, "lags.double", {{.name = "axis", .integers = {1}}}),
        OnnxType::kFloat, "lags");
  }

  // All columns' scaled values over the last segment.
  OnnxValue Levels() {
    std::vector<double> means, scales;
    for (const ColumnScale& level : parts_.scaling.levels) {
      means.push_back(level.mean);
      scales.push_back(level.scale);
    }
    const std::int64_t length = layout_.segment_length();
    const OnnxValue rows = graph_.Slice(kOnnxHistory, 1, rows_ - length, rows_, "levels.rows");
    const OnnxValue centred = graph_.Node(
        "Sub", {rows, graph_.Doubles("scaling.means", {columns_}, means)}, "levels.centred");
    const OnnxValue scaled = graph_.Node(
        "Div", {centred, graph_.Doubles("scaling.scales", {columns_}, scales)}, "levels.scaled");
    const OnnxValue cut = graph_.Node("Clip",
                                      {scaled, graph_.Number("levels.lowest", -kLargestLevel),
                                       graph_.Number("levels.highest", kLargestLevel)},
                                      "levels.cut");
    return graph_.Reshape(graph_.Cast(cut, OnnxType::kFloat, "levels.float"),
                          {0, length * columns_}, "levels");
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
    const OnnxValue finite = graph_.Node("Not", {Missing(scaled)}, "spread.finite");
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

  void PutIntervals(const OnnxValue& forecast) {
    const auto levels = static_cast<std::int64_t>(parts_.spec.interval_levels.size());
    const OnnxValue axis = graph_.Integers("interval.axis", {1});
    const OnnxValue difficulty =
        graph_.Node("Unsqueeze", {Difficulty(), axis}, "interval.difficulty");
    const OnnxValue half_widths = graph_.Node(
        "Mul",
        {difficulty, graph_.Cast(kHalfWidths, OnnxType::kDouble, "interval.half_widths.double")},
        "interval.in_unit");
    const OnnxValue middle = graph_.Node("Unsqueeze", {forecast, axis}, "interval.middle");
    for (const auto& [name, sign] : {std::pair{kOnnxLower, "Sub"}, std::pair{kOnnxUpper, "Add"}}) {
      graph_.Output(graph_.Node(sign, {middle, half_widths}, name), OnnxType::kDouble,
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

std::vector<std::string> OnnxInputColumns(const ModelSpec& spec, const InputLayout& layout) {
  std::vector<std::string> columns = {spec.target_column};
  if (!layout.other_columns) return columns;
  for (std::string& other : OtherColumns(spec)) columns.push_back(std::move(other));
  return columns;
}

std::vector<WeightShape> OnnxWeightShapes(const ModelSpec& spec, const InputLayout& layout) {
  std::vector<WeightShape> shapes = Network::WeightShapes(layout.Shape(spec));
  for (std::size_t tensor : {kInput, kRecurrent, kGateBias}) {
    shapes[tensor].sizes.insert(shapes[tensor].sizes.begin(), 1);  // directions
  }
  shapes[kGateBias].sizes.back() *= 2;
  const auto levels = static_cast<std::int64_t>(spec.interval_levels.size());
  if (levels > 0) shapes.push_back({kHalfWidths, {levels, spec.horizon}});
  return shapes;
}

WeightView ViewOfOnnx(const NetworkShape& shape, const std::vector<const float*>& tensors) {
  const auto units = static_cast<std::size_t>(shape.units);
  const auto channels = static_cast<std::size_t>(shape.channels);
  WeightView view;
  for (std::size_t at = 0; at < kGateCount; ++at) {
    const std::size_t gate = kOnnxGates.at(at);
    view.input.at(gate) = tensors[kInput] + at * units * channels;
    view.recurrent.at(gate) = tensors[kRecurrent] + at * units * units;
    view.bias.at(gate) = tensors[kGateBias] + at * units;
  }
  view.head = tensors[kHead];
  view.head_bias = tensors[kHeadBias];
  view.linear = tensors[kLinear];
  return view;
}

std::string WriteOnnx(const ModelParts& parts) { return GraphOfModel(parts).Write(); }

}  // namespace fleetcast::forecast
