#include "common/forecast/members.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "common/forecast/model_state.h"
#include "common/forecast/network_pass.h"

namespace fleetcast::forecast {
namespace {

// More windows than these tell the regressions nothing new.
constexpr std::size_t kMostRegressionWindows = 16'384;
// Before any forecast is seen the LSTM is trusted with this share, the regressions with the rest.
constexpr double kLstmPrior = 0.5;
// A smaller weight changes no forecast by as much as rounding its value for people does.
constexpr double kNoWeight = 1e-3;

// [windows, horizon]; NaN where there is no reading.
std::vector<float> TargetsOf(const InputTable& table, const std::vector<std::size_t>& origins,
                             int horizon) {
  std::vector<float> targets;
  targets.reserve(origins.size() * static_cast<std::size_t>(horizon));
  for (const std::size_t origin : origins) {
    for (std::size_t step = 1; step <= static_cast<std::size_t>(horizon); ++step) {
      targets.push_back(static_cast<float>(table.ChangeAt(origin, origin + step)));
    }
  }
  return targets;
}

LstmWindows LstmWindowsOf(const InputTable& table, const NetworkShape& shape,
                          const std::vector<std::size_t>& origins) {
  const auto size =
      static_cast<std::size_t>(shape.steps) * static_cast<std::size_t>(shape.channels);
  LstmWindows windows{.count = origins.size(),
                      .sequences = std::vector<float>(origins.size() * size),
                      .targets = TargetsOf(table, origins, shape.horizon)};
  for (std::size_t i = 0; i < origins.size(); ++i) {
    table.FillSequence(origins[i], windows.sequences.data() + i * size);
  }
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

Members::Members(const ModelSpec& spec, const Preparation& prepared, const InputTable& table,
                 const Windows& windows)
    : spec_(spec),
      prepared_(prepared),
      table_(table),
      windows_(windows),
      columns_(static_cast<int>(prepared.columns.size())),
      shape_(prepared.layout.Shape(spec, columns_)),
      targets_(TargetsOf(table, windows.choosing, spec.horizon)) {}

absl::Status Members::Train(Heartbeat& heartbeat) {
  const std::vector<float> extras =
      table_.MakeBatch(windows_.choosing.data(), windows_.choosing.size()).extras;
  FLEETCAST_RETURN_IF_ERROR(TrainEach(extras, heartbeat));
  Weigh(extras);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<LinearMember>> Members::FitLinear(const std::vector<float>& extras,
                                                             Heartbeat& heartbeat) const {
  const std::vector<std::size_t> train = Thin(windows_.train, kMostRegressionWindows);
  return FitLinearMembers({.table = table_,
                           .layout = prepared_.layout,
                           .columns = columns_,
                           .train = train,
                           .choosing_extras = extras,
                           .choosing_targets = targets_},
                          heartbeat);
}

absl::StatusOr<double> Members::RegressionError(Heartbeat& heartbeat) const {
  const std::vector<float> extras =
      table_.MakeBatch(windows_.choosing.data(), windows_.choosing.size()).extras;
  FLEETCAST_ASSIGN_OR_RETURN(const auto members, FitLinear(extras, heartbeat));
  double least = INFINITY;
  for (const LinearMember& member : members) {
    least =
        std::min(least, MeanAbsoluteError(ForecastWith(member, extras, shape_.extras), targets_));
  }
  return prepared_.scaling.change * least;
}

absl::Status Members::TrainEach(const std::vector<float>& extras, Heartbeat& heartbeat) {
  FLEETCAST_ASSIGN_OR_RETURN(linear_, FitLinear(extras, heartbeat));
  FLEETCAST_ASSIGN_OR_RETURN(
      lstm_, TrainLstm(spec_, shape_, LstmWindowsOf(table_, shape_, windows_.train),
                       LstmWindowsOf(table_, shape_, windows_.choosing), heartbeat));
  return absl::OkStatus();
}

void Members::Weigh(const std::vector<float>& extras) {
  std::vector<MemberForecasts> forecasts;
  forecasts.reserve(linear_.size() + 1);
  std::vector<std::string> names;
  names.reserve(linear_.size() + 1);
  for (const LinearMember& member : linear_) {
    forecasts.push_back(
        {ForecastWith(member, extras, shape_.extras), (1 - kLstmPrior) * member.prior});
    names.push_back(member.name);
  }
  forecasts.push_back({LstmForecasts(), kLstmPrior});
  const std::vector<double> errors = ErrorsOf(forecasts);
  const InputLayout& layout = prepared_.layout;
  names.push_back(absl::StrCat("LSTM, the last ", layout.segment * layout.segments, " rows"));
  TrustTheBetter(errors, forecasts);
  const auto windows = static_cast<double>(windows_.choosing.size());
  weights_ = CombineMembers(forecasts, targets_, std::max(1.0, windows / spec_.horizon));
  for (double& weight : weights_) weight = weight < kNoWeight ? 0 : weight;
  shares_.reserve(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    shares_.push_back({.name = names[i],
                       .weight = weights_[i],
                       .validation_mae = prepared_.scaling.change * errors[i]});
  }
  const double given = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  const std::vector<float> no_change(targets_.size(), 0.0F);
  shares_.push_back(
      {.name = "the last value again",
       .weight = std::max(0.0, 1 - given),
       .validation_mae = prepared_.scaling.change * MeanAbsoluteError(no_change, targets_)});
}

std::vector<double> Members::ErrorsOf(const std::vector<MemberForecasts>& forecasts) const {
  std::vector<double> errors;
  errors.reserve(forecasts.size());
  for (const MemberForecasts& each : forecasts) {
    errors.push_back(MeanAbsoluteError(each.values, targets_));
  }
  return errors;
}

bool Members::uses_columns() const {
  for (std::size_t i = 0; i < linear_.size(); ++i) {
    if (weights_[i] > 0 && UsesColumns(linear_[i])) return true;
  }
  return false;
}

bool Members::UsesColumns(const LinearMember& member) const {
  const auto reach = static_cast<std::size_t>(prepared_.layout.reach);
  const auto extras = static_cast<std::size_t>(shape_.extras);
  for (std::size_t i = 0; i < member.weights.size(); ++i) {
    if (i % extras >= reach && member.weights[i] != 0) return true;
  }
  return false;
}

Network Members::Combine(InputLayout& layout) const {
  if (!uses_columns()) layout.level_rows = 0;
  if (weights_.back() == 0) layout.segment = layout.segments = 0;
  const std::vector<double> path = SumOfLinear();
  const int unused = UnusedRows(path, layout);
  layout.reach -= unused;
  const NetworkShape shape = layout.Shape(spec_, layout.level_rows > 0 ? columns_ : 1);
  Weights weights;
  if (shape.steps > 0) {
    weights = lstm_.weights;
    for (const std::size_t tensor : {kHead, kHeadBias}) {
      for (float& value : weights[tensor]) value = static_cast<float>(weights_.back() * value);
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

// Of the choosing windows, [windows, horizon].
std::vector<float> Members::LstmForecasts() const {
  NetworkShape alone = shape_;
  alone.extras = 0;
  Weights weights = lstm_.weights;
  weights.emplace_back();
  weights.emplace_back(static_cast<std::size_t>(spec_.horizon), 0.0F);
  std::vector<float> forecasts;
  forecasts.reserve(targets_.size());
  const auto append = [&](std::size_t /*origin*/, const float* outputs) {
    forecasts.insert(forecasts.end(), outputs, outputs + spec_.horizon);
  };
  VisitForecasts(Network(alone, weights), table_, windows_.choosing, append,
                 /*keep_going=*/nullptr);
  return forecasts;
}

}  // namespace fleetcast::forecast
