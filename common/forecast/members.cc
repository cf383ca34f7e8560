#include "common/forecast/members.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/forecast/model_state.h"
#include "common/forecast/network_pass.h"

namespace fleetcast::forecast {
namespace {

// More windows than these tell the regressions nothing new.
constexpr std::size_t kMostRegressionWindows = 16'384;
// Before any forecast is seen the LSTM is trusted with this share, the regressions with the rest.
constexpr double kLstmPrior = 0.5;
// One window in so many, and at least so many, tells which of all are hard to forecast.
constexpr std::size_t kCoarse = 4, kFewestCoarse = 256;
// Members that were trained elsewhere are trusted as much as all others once there are so many
// windows, one after another, to choose on; more before, less later.
constexpr double kGivenWindows = 10;
// A smaller weight changes no forecast by as much as rounding its value for people does.
constexpr double kNoWeight = 1e-3;

constexpr Part kChoosing[] = {&Windows::choosing};
constexpr Part kTraining[] = {&Windows::train};
constexpr Part kValidation[] = {&Windows::choosing, &Windows::calibrating};

// Calls `visit` with each view and the origins of each part of it, in one order everywhere.
template <typename Visit>
void ForEach(std::span<const TrainingView> views, std::span<const Part> parts, Visit&& visit) {
  for (const TrainingView& view : views) {
    for (const Part part : parts) visit(view, view.windows.*part);
  }
}

// [windows, horizon]; NaN where there is no reading.
std::vector<float> TargetsOf(std::span<const TrainingView> views, std::span<const Part> parts,
                             int horizon) {
  std::vector<float> targets;
  ForEach(views, parts, [&](const TrainingView& view, const std::vector<std::size_t>& origins) {
    for (const std::size_t origin : origins) {
      for (std::size_t step = 1; step <= static_cast<std::size_t>(horizon); ++step) {
        targets.push_back(static_cast<float>(view.table.ChangeAt(origin, origin + step)));
      }
    }
  });
  return targets;
}

LstmWindows LstmWindowsOf(std::span<const TrainingView> views, std::span<const Part> parts,
                          const NetworkShape& shape) {
  const auto size =
      static_cast<std::size_t>(shape.steps) * static_cast<std::size_t>(shape.channels);
  LstmWindows windows{
      .count = 0, .sequences = {}, .targets = TargetsOf(views, parts, shape.horizon)};
  ForEach(views, parts, [&](const TrainingView& view, const std::vector<std::size_t>& origins) {
    for (const std::size_t origin : origins) {
      windows.sequences.resize(++windows.count * size);
      view.table.FillSequence(origin, windows.sequences.data() + (windows.count - 1) * size);
    }
  });
  return windows;
}

double MeanAbsoluteError(const std::vector<float>& forecasts, const std::vector<float>& targets) {
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < forecasts.size(); ++i) {
    if (std::isnan(targets[i])) continue;
    sum += std::abs(static_cast<double>(forecasts[i]) - static_cast<double>(targets[i]));
    count += 1;
  }
  return sum / std::max(1.0, count);
}

// Priors in inverse proportion to the squared errors, with 1 for their sum again: a member that has
// learnt little is trusted with little, also where few windows can tell.
void TrustTheBetter(const std::vector<double>& errors, std::vector<MemberForecasts>& forecasts) {
  const double least = *std::min_element(errors.begin(), errors.end());
  double sum = 0;
  for (std::size_t i = 0; i < errors.size(); ++i) {
    if (errors[i] > 0) forecasts[i].prior *= least * least / (errors[i] * errors[i]);
    sum += forecasts[i].prior;
  }
  for (MemberForecasts& forecast : forecasts) forecast.prior /= sum > 0 ? sum : 1;
}

}  // namespace

Members::Members(const ModelSpec& spec, std::span<const TrainingView> views,
                 std::vector<LinearMember> given)
    : spec_(spec),
      views_(views),
      layout_(views[0].prepared.layout),
      columns_(static_cast<int>(views[0].prepared.columns.size())),
      shape_(layout_.Shape(spec, columns_)),
      fits_(layout_, columns_),
      given_(std::move(given)) {}

absl::Status Members::Train(Heartbeat& heartbeat) {
  FLEETCAST_RETURN_IF_ERROR(TrainEach(heartbeat));
  Weigh(kChoosing);
  return absl::OkStatus();
}

absl::Status Members::Refit(Heartbeat& heartbeat) {
  Weigh(kValidation);
  for (const TrainingView& view : views_) {
    for (const Part part : kValidation) {
      FLEETCAST_RETURN_IF_ERROR(fits_.Add(view.table, view.windows.*part, &reference_, heartbeat));
    }
  }
  fits_.Refit(linear_);
  return absl::OkStatus();
}

std::vector<float> Members::ExtrasOf(std::span<const Part> parts) const {
  std::vector<float> extras;
  const auto inputs = static_cast<std::size_t>(shape_.extras);
  ForEach(views_, parts, [&](const TrainingView& view, const std::vector<std::size_t>& origins) {
    for (const std::size_t origin : origins) {
      extras.resize(extras.size() + inputs);
      view.table.FillExtras(origin, extras.data() + extras.size() - inputs);
    }
  });
  return extras;
}

absl::StatusOr<std::vector<LinearMember>> Members::FitLinear(Heartbeat& heartbeat) {
  LinearFits coarse(layout_, columns_);
  for (const TrainingView& view : views_) {
    const std::vector<std::size_t>& train = view.windows.train;
    FLEETCAST_RETURN_IF_ERROR(coarse.Add(
        view.table,
        Thin(train,
             std::clamp(train.size() / kCoarse, kFewestCoarse, kMostRegressionWindows / kCoarse)),
        /*reference=*/nullptr, heartbeat));
  }
  reference_ = coarse.Mean();
  for (const TrainingView& view : views_) {
    FLEETCAST_RETURN_IF_ERROR(fits_.Add(
        view.table, Thin(view.windows.train, kMostRegressionWindows), &reference_, heartbeat));
  }
  return fits_.Members(
      {.extras = ExtrasOf(kChoosing), .targets = TargetsOf(views_, kChoosing, spec_.horizon)},
      heartbeat);
}

absl::StatusOr<double> Members::RegressionError(Heartbeat& heartbeat) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto members, FitLinear(heartbeat));
  const std::vector<float> extras = ExtrasOf(kChoosing);
  const std::vector<float> targets = TargetsOf(views_, kChoosing, spec_.horizon);
  double least = INFINITY;
  for (const LinearMember& member : members) {
    least =
        std::min(least, MeanAbsoluteError(ForecastWith(member, extras, shape_.extras), targets));
  }
  return least;
}

absl::Status Members::TrainEach(Heartbeat& heartbeat) {
  FLEETCAST_ASSIGN_OR_RETURN(linear_, FitLinear(heartbeat));
  linear_.insert(linear_.end(), given_.begin(), given_.end());
  if (shape_.steps == 0) return absl::OkStatus();
  FLEETCAST_ASSIGN_OR_RETURN(lstm_,
                             TrainLstm(spec_, shape_, LstmWindowsOf(views_, kTraining, shape_),
                                       LstmWindowsOf(views_, kChoosing, shape_), heartbeat));
  return absl::OkStatus();
}

void Members::Weigh(std::span<const Part> parts) {
  const std::vector<float> extras = ExtrasOf(parts);
  const std::vector<float> targets = TargetsOf(views_, parts, spec_.horizon);
  const auto windows = static_cast<double>(targets.size()) / (spec_.horizon * spec_.horizon);
  const double given = given_.empty() ? 0 : kGivenWindows / (kGivenWindows + windows);
  const double lstm = shape_.steps > 0 ? (1 - given) * kLstmPrior : 0;
  std::vector<MemberForecasts> forecasts;
  forecasts.reserve(linear_.size() + 1);
  std::vector<std::string> names;
  names.reserve(linear_.size() + 1);
  for (std::size_t i = 0; i < linear_.size(); ++i) {
    const double share = i + given_.size() < linear_.size()
                             ? (1 - given - lstm) * linear_[i].prior
                             : given / static_cast<double>(given_.size());
    forecasts.push_back({ForecastWith(linear_[i], extras, shape_.extras), share});
    names.push_back(linear_[i].name);
  }
  if (shape_.steps > 0) {
    forecasts.push_back({LstmForecasts(parts), lstm});
    names.push_back(absl::StrCat("LSTM, the last ", layout_.segment * layout_.segments, " rows"));
  }
  std::vector<double> errors;
  errors.reserve(forecasts.size());
  for (const MemberForecasts& each : forecasts) {
    errors.push_back(MeanAbsoluteError(each.values, targets));
  }
  TrustTheBetter(errors, forecasts);
  weights_ = CombineMembers(forecasts, targets, std::max(1.0, windows));
  for (double& weight : weights_) weight = weight < kNoWeight ? 0 : weight;
  shares_.clear();
  for (std::size_t i = 0; i < names.size(); ++i) {
    shares_.push_back({.name = names[i], .weight = weights_[i], .validation_mae = errors[i]});
  }
  const double all = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  const std::vector<float> no_change(targets.size(), 0.0F);
  shares_.push_back({.name = "the last value again",
                     .weight = std::max(0.0, 1 - all),
                     .validation_mae = MeanAbsoluteError(no_change, targets)});
}

bool Members::uses_columns() const {
  for (std::size_t i = 0; i < linear_.size(); ++i) {
    if (weights_[i] > 0 && UsesColumns(linear_[i])) return true;
  }
  return false;
}

bool Members::UsesColumns(const LinearMember& member) const {
  const auto reach = static_cast<std::size_t>(layout_.reach);
  const auto extras = static_cast<std::size_t>(shape_.extras);
  for (std::size_t i = 0; i < member.weights.size(); ++i) {
    if (i % extras >= reach && member.weights[i] != 0) return true;
  }
  return false;
}

Network Members::Combine(InputLayout& layout) const {
  if (!uses_columns()) layout.level_rows = 0;
  if (lstm_weight() == 0) layout.segment = layout.segments = 0;
  const std::vector<double> path = SumOfLinear();
  const int unused = UnusedRows(path, layout);
  layout.reach -= unused;
  const NetworkShape shape = layout.Shape(spec_, layout.level_rows > 0 ? columns_ : 1);
  Weights weights;
  if (shape.steps > 0) {
    weights = lstm_.weights;
    for (const std::size_t tensor : {kHead, kHeadBias}) {
      for (float& value : weights[tensor]) value = static_cast<float>(lstm_weight() * value);
    }
  }
  std::vector<float>& linear = weights.emplace_back();
  for (std::size_t step = 0; step < static_cast<std::size_t>(shape.horizon); ++step) {
    const double* from = path.data() + step * static_cast<std::size_t>(shape_.extras) + unused;
    linear.insert(linear.end(), from, from + shape.extras);
  }
  weights.push_back(Bias());
  return Network(shape, weights);
}

// [horizon, extras], of all members that have weight.
std::vector<double> Members::SumOfLinear() const {
  std::vector<double> sum(linear_[0].weights.size(), 0);
  for (std::size_t i = 0; i < linear_.size(); ++i) {
    for (std::size_t j = 0; weights_[i] > 0 && j < sum.size(); ++j) {
      sum[j] += weights_[i] * static_cast<double>(linear_[i].weights[j]);
    }
  }
  return sum;
}

// The oldest rows that nobody reads.
int Members::UnusedRows(const std::vector<double>& path, const InputLayout& layout) const {
  const auto extras = static_cast<std::size_t>(shape_.extras);
  const int most = layout.reach - std::max({layout.sequence_length, layout.spread_rows(),
                                            layout.level_rows, layout.segment * layout.segments});
  for (int row = 0; row < most; ++row) {
    for (std::size_t i = static_cast<std::size_t>(row); i < path.size(); i += extras) {
      if (path[i] != 0) return row;
    }
  }
  return most;
}

std::vector<float> Members::Bias() const {
  std::vector<float> bias(static_cast<std::size_t>(spec_.horizon), 0.0F);
  for (std::size_t i = 0; i < linear_.size(); ++i) {
    for (std::size_t step = 0; step < bias.size(); ++step) {
      bias[step] += static_cast<float>(weights_[i] * static_cast<double>(linear_[i].bias[step]));
    }
  }
  return bias;
}

std::vector<float> Members::LstmForecasts(std::span<const Part> parts) const {
  NetworkShape alone = shape_;
  alone.extras = 0;
  Weights weights = lstm_.weights;
  weights.emplace_back();
  weights.emplace_back(static_cast<std::size_t>(spec_.horizon), 0.0F);
  const Network network(alone, weights);
  std::vector<float> forecasts;
  ForEach(views_, parts, [&](const TrainingView& view, const std::vector<std::size_t>& origins) {
    const auto append = [&](std::size_t /*origin*/, const float* outputs) {
      forecasts.insert(forecasts.end(), outputs, outputs + spec_.horizon);
    };
    VisitForecasts(network, view.table, origins, append, /*keep_going=*/nullptr);
  });
  return forecasts;
}

}  // namespace fleetcast::forecast
