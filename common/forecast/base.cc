#include "common/forecast/base.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/forecast/windows.h"

namespace fleetcast::forecast {

namespace {

absl::Status DoesNotFit(const std::string& why) {
  return Refused(absl::StatusCode::kInvalidArgument, "BASE_DOES_NOT_FIT",
                 absl::StrCat("the base does not fit this circuit: ", why));
}

}  // namespace

absl::Status CheckBase(const ModelParts& base, const InputLayout& layout) {
  if (base.network.shape().steps > 0 || base.columns.size() != 1 || base.calendar) {
    return DoesNotFit("it is a circuit's own model");
  }
  if (base.layout.step_seconds != layout.step_seconds) {
    return DoesNotFit(absl::StrCat("it was trained on steps of ", base.layout.step_seconds,
                                   " s, the circuit's rows are ", layout.step_seconds, " s apart"));
  }
  if (base.layout.horizon >= layout.horizon) return absl::OkStatus();
  return DoesNotFit(absl::StrCat("it forecasts ", base.layout.horizon,
                                 " steps, the circuit asks for ", layout.horizon,
                                 ": train the base with the longest horizon"));
}

LinearMember BaseMember(const ModelParts& base, const InputLayout& layout, int columns) {
  const Weights weights = base.network.CopyWeights();
  const auto extras = static_cast<std::size_t>(layout.extras(columns));
  const auto horizon = static_cast<std::size_t>(layout.horizon);
  LinearMember member{.name = kBaseName,
                      .penalty = 0,
                      .prior = 0,
                      .weights = std::vector<float>(horizon * extras, 0.0F),
                      .bias = weights[1]};
  member.bias.resize(horizon);
  const int older = base.layout.reach - layout.reach;
  for (std::size_t step = 0; step < horizon; ++step) {
    for (int row = 0; row < base.layout.reach; ++row) {
      int to = row - older;
      while (to < 0) to = layout.season > 0 ? to + layout.season : 0;
      member.weights[step * extras + static_cast<std::size_t>(to)] +=
          weights[0][step * static_cast<std::size_t>(base.layout.reach) +
                     static_cast<std::size_t>(row)];
    }
  }
  return member;
}

InputLayout LayoutAlone(const ModelParts& base, const InputLayout& layout, std::size_t rows) {
  InputLayout alone = base.layout;
  alone.horizon = layout.horizon;
  alone.fills_by_day = layout.fills_by_day;
  const int fewest = alone.season > 0 ? alone.season : layout.sequence_length;
  alone.reach = std::min(base.layout.reach, std::max(static_cast<int>(rows / 2), fewest));
  if (alone.season > 0) alone.days = std::min(base.layout.days, alone.reach / alone.season);
  alone.sequence_length = std::min(layout.sequence_length, alone.reach);
  alone.fewest_readings =
      std::max(1, layout.fewest_readings * alone.spread_rows() / layout.spread_rows());
  return alone;
}

ModelParts BaseOn(const ModelParts& base, const ModelSpec& spec, const Preparation& prepared) {
  InputLayout layout = prepared.layout;
  layout.level_rows = layout.segment = layout.segments = 0;
  const LinearMember member = BaseMember(base, layout, /*columns=*/1);
  return PartsOf(spec, prepared, layout,
                 Network(layout.Shape(spec, /*columns=*/1), {member.weights, member.bias}));
}

absl::StatusOr<std::vector<IntervalOffsets>> IntervalsOfBase(const ModelParts& base,
                                                             const ModelSpec& spec,
                                                             double usual_change) {
  std::vector<IntervalOffsets> intervals;
  const std::vector<double>& levels = base.spec.interval_levels;
  for (const double level : spec.interval_levels) {
    const auto found = std::find(levels.begin(), levels.end(), level);
    if (found == levels.end()) {
      return DoesNotFit(absl::StrCat("it has no interval of ", level,
                                     " %, which the circuit asks for: train the base with it"));
    }
    IntervalOffsets& offsets =
        intervals.emplace_back(base.intervals[static_cast<std::size_t>(found - levels.begin())]);
    for (std::vector<float>* ends : {&offsets.lower, &offsets.upper}) {
      ends->resize(static_cast<std::size_t>(spec.horizon));
      for (float& end : *ends) end *= static_cast<float>(usual_change);
    }
  }
  return intervals;
}

}  // namespace fleetcast::forecast
