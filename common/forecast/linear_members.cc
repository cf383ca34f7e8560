#include "common/forecast/linear_members.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/forecast/gram.h"

namespace fleetcast::forecast {
namespace {

constexpr std::size_t kLinearBatch = 512;
constexpr std::array<int, 3> kContexts = {96, 336, 720};
// In units of the inputs' own size (they are scaled to about 1).
constexpr std::array<double, 3> kPenalties = {0.01, 0.1, 1};
// Mean errors of a window below this, in units of the usual change, count by their squares.
constexpr float kSmallError = 0.2F;
// Of the hours of an earlier day so many are told apart; more rows a day are averaged to these.
constexpr int kHoursPerDay = 48;

// An input of a regression: the mean of some neighbouring ones of the linear path's.
struct Input {
  int first = 0, count = 1;  // among the extras

  friend bool operator==(const Input& a, const Input& b) {
    return a.first == b.first && a.count == b.count;
  }
};

struct Candidate {
  std::string name;
  std::vector<std::int64_t> inputs;  // places in Inputs::all
  bool levels = false;
};

// What the regressions may look at, each input once, and what each of them does look at.
class Inputs {
 public:
  Inputs(const InputLayout& layout, int columns) : layout_(layout) {
    Candidate recent{.name = absl::StrCat("the last ", layout.sequence_length, " rows"),
                     .inputs = Newest(layout.sequence_length),
                     .levels = false};
    if (layout.days > 0) AddDays(recent);
    candidates_.push_back(recent);
    for (const int context : kContexts) {
      if (context > layout.reach) break;
      Candidate more{absl::StrCat("the last ", context, " rows"), Newest(context), false};
      if (more.inputs != recent.inputs) candidates_.push_back(std::move(more));
    }
    if (layout.level_rows == 0) return;
    recent.name += ", and the other columns";
    recent.levels = true;
    for (int i = layout.reach; i < layout.extras(columns); ++i) {
      recent.inputs.push_back(PlaceOf({i, 1}));
    }
    candidates_.push_back(std::move(recent));
  }

  [[nodiscard]] const std::vector<Candidate>& candidates() const { return candidates_; }
  [[nodiscard]] const Input& at(std::int64_t place) const {
    return all_[static_cast<std::size_t>(place)];
  }
  [[nodiscard]] std::size_t size() const { return all_.size(); }

  // [size() + 1]: those of a window's extras, and a 1.
  void Put(const float* extras, float* out) const {
    for (const Input& input : all_) {
      float sum = 0;
      for (int i = 0; i < input.count; ++i) sum += extras[input.first + i];
      *out++ = sum / static_cast<float>(input.count);
    }
    *out = 1;
  }

 private:
  std::int64_t PlaceOf(const Input& input) {
    // Single rows come in ascending order from the newest context; the rest are few.
    const auto found = std::find(all_.begin(), all_.end(), input);
    if (found == all_.end()) {
      all_.push_back(input);
      return static_cast<std::int64_t>(all_.size()) - 1;
    }
    return std::distance(all_.begin(), found);
  }

  std::vector<std::int64_t> Newest(int rows) {
    std::vector<std::int64_t> places;
    places.reserve(static_cast<std::size_t>(rows));
    // The last row's change from itself is always 0.
    for (int back = rows - 1; back > 0; --back) {
      places.push_back(PlaceOf({layout_.reach - 1 - back, 1}));
    }
    std::sort(places.begin(), places.end());
    return places;
  }

  // The hours that are forecast, as they were on each of the days.
  void AddDays(Candidate& candidate) {
    const int per_day = std::min(layout_.season, layout_.horizon);
    const int averaged = (per_day + kHoursPerDay - 1) / kHoursPerDay;
    for (int day = 1; day <= layout_.days; ++day) {
      for (int ahead = 1; ahead <= per_day; ahead += averaged) {
        const int first = layout_.reach - 1 - layout_.season * day + ahead;
        const int count = std::min({averaged, per_day - ahead + 1, layout_.reach - 1 - first});
        if (first < 0 || count < 1) continue;
        candidate.inputs.push_back(PlaceOf({first, count}));
      }
    }
    std::sort(candidate.inputs.begin(), candidate.inputs.end());
    candidate.inputs.erase(std::unique(candidate.inputs.begin(), candidate.inputs.end()),
                           candidate.inputs.end());
    absl::StrAppend(&candidate.name, " and ", layout_.days, layout_.days == 1 ? " day" : " days");
  }

  InputLayout layout_;
  std::vector<Input> all_;
  std::vector<Candidate> candidates_;
};

// A regression's weights on the extras.
LinearMember Spread(const InputLayout& layout, int columns, const Inputs& inputs,
                    const Candidate& candidate, const std::vector<float>& solution) {
  const auto horizon = static_cast<std::size_t>(layout.horizon);
  const auto extras = static_cast<std::size_t>(layout.extras(columns));
  const std::size_t width = candidate.inputs.size() + 1;
  LinearMember member{.name = candidate.name,
                      .penalty = 0,
                      .prior = 0,
                      .weights = std::vector<float>(horizon * extras, 0.0F),
                      .bias = std::vector<float>(horizon)};
  for (std::size_t step = 0; step < horizon; ++step) {
    for (std::size_t i = 0; i + 1 < width; ++i) {
      const Input& input = inputs.at(candidate.inputs[i]);
      const float share = solution[step * width + i] / static_cast<float>(input.count);
      for (int row = 0; row < input.count; ++row) {
        member.weights[step * extras + static_cast<std::size_t>(input.first + row)] += share;
      }
    }
    member.bias[step] = solution[step * width + width - 1];
  }
  return member;
}

double ErrorOf(const LinearMember& member, const ChoosingWindows& choosing, int inputs) {
  const std::vector<float> forecasts = ForecastWith(member, choosing.extras, inputs);
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < forecasts.size(); ++i) {
    if (std::isnan(choosing.targets[i])) continue;
    sum += std::abs(static_cast<double>(forecasts[i]) - choosing.targets[i]);
    count += 1;
  }
  return sum / std::max(1.0, count);
}

// Multiplies each window's inputs and targets by the root of what it counts for, and returns the
// sum of that.
double Discount(const std::vector<float>& forecasts, std::size_t horizon,
                std::vector<float>& inputs, std::vector<float>& targets) {
  const std::size_t windows = targets.size() / horizon, width = inputs.size() / windows;
  double total = 0;
  for (std::size_t i = 0; i < windows; ++i) {
    float error = 0;
    for (std::size_t at = i * horizon; at < (i + 1) * horizon; ++at) {
      error += std::abs(targets[at] - forecasts[at]) / static_cast<float>(horizon);
    }
    const float counts = 1 / std::max(kSmallError, error), root = std::sqrt(counts);
    for (std::size_t at = i * width; at < (i + 1) * width; ++at) inputs[at] *= root;
    for (std::size_t at = i * horizon; at < (i + 1) * horizon; ++at) targets[at] *= root;
    total += static_cast<double>(counts);
  }
  return total;
}

LinearMember LastDay(const InputLayout& layout, int columns) {
  const auto horizon = static_cast<std::size_t>(layout.horizon);
  const auto extras = static_cast<std::size_t>(layout.extras(columns));
  LinearMember member{.name = "the last day again",
                      .penalty = 0,
                      .prior = 0,
                      .weights = std::vector<float>(horizon * extras, 0.0F),
                      .bias = std::vector<float>(horizon, 0.0F)};
  for (int step = 0; step < layout.horizon; ++step) {
    const int back = layout.season - 1 - step % layout.season;
    member.weights[static_cast<std::size_t>(step) * extras +
                   static_cast<std::size_t>(layout.reach - 1 - back)] = 1;
  }
  return member;
}

}  // namespace

std::vector<float> ForecastWith(const LinearMember& member, const std::vector<float>& extras,
                                int inputs) {
  std::vector<float> forecasts = Multiply(extras, member.weights, inputs);
  for (std::size_t i = 0; i < forecasts.size(); ++i) {
    forecasts[i] += member.bias[i % member.bias.size()];
  }
  return forecasts;
}

struct LinearFits::State {
  State(const InputLayout& of_layout, int of_columns)
      : layout(of_layout),
        columns(of_columns),
        inputs(of_layout, of_columns),
        gram(static_cast<std::int64_t>(inputs.size()) + 1, of_layout.horizon) {}

  [[nodiscard]] LinearMember Solve(const Candidate& candidate, double penalty) const {
    std::vector<std::int64_t> chosen = candidate.inputs;
    chosen.push_back(static_cast<std::int64_t>(inputs.size()));
    LinearMember member = Spread(layout, columns, inputs, candidate, gram.Solve(penalty, chosen));
    member.penalty = penalty;
    // Other columns and the last day have to earn all of their weight.
    member.prior = candidate.levels ? 0 : 1;
    return member;
  }

  [[nodiscard]] LinearMember BestPenalty(const Candidate& candidate,
                                         const ChoosingWindows& choosing) const {
    LinearMember best;
    double least = INFINITY;
    for (const double penalty : kPenalties) {
      LinearMember member = Solve(candidate, penalty);
      const double error = ErrorOf(member, choosing, layout.extras(columns));
      if (error < least || best.weights.empty()) best = std::move(member);
      least = std::min(least, error);
    }
    return best;
  }

  InputLayout layout;
  int columns;
  Inputs inputs;
  Gram gram;
};

LinearFits::LinearFits(const InputLayout& layout, int columns)
    : state_(std::make_unique<State>(layout, columns)) {}
LinearFits::~LinearFits() = default;

absl::Status LinearFits::Add(const InputTable& table, const std::vector<std::size_t>& origins,
                             const LinearMember* reference, Heartbeat& heartbeat) {
  const Inputs& inputs = state_->inputs;
  const auto horizon = static_cast<std::size_t>(state_->layout.horizon);
  const auto width = static_cast<std::size_t>(state_->layout.extras(state_->columns));
  for (std::size_t begin = 0; begin < origins.size(); begin += kLinearBatch) {
    const std::size_t count = std::min(kLinearBatch, origins.size() - begin);
    std::vector<float> extras(count * width), x(count * (inputs.size() + 1)), y(count * horizon);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t origin = origins[begin + i];
      table.FillExtras(origin, extras.data() + i * width);
      inputs.Put(extras.data() + i * width, x.data() + i * (inputs.size() + 1));
      for (std::size_t step = 0; step < horizon; ++step) {
        y[i * horizon + step] = static_cast<float>(table.FilledChangeAt(origin, origin + 1 + step));
      }
    }
    auto total = static_cast<double>(count);
    if (reference != nullptr) {
      total = Discount(ForecastWith(*reference, extras, static_cast<int>(width)), horizon, x, y);
    }
    state_->gram.Add(x.data(), y.data(), static_cast<std::int64_t>(count), total);
    if (!heartbeat.Beat()) return heartbeat.Cancelled();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<LinearMember>> LinearFits::Members(const ChoosingWindows& choosing,
                                                              Heartbeat& heartbeat) const {
  std::vector<LinearMember> members;
  double regressions = 0;
  for (const Candidate& candidate : state_->inputs.candidates()) {
    if (!heartbeat.Beat()) return heartbeat.Cancelled();
    members.push_back(state_->BestPenalty(candidate, choosing));
    regressions += members.back().prior;
  }
  for (LinearMember& member : members) member.prior /= regressions;
  if (state_->layout.season > 0) members.push_back(LastDay(state_->layout, state_->columns));
  return members;
}

LinearMember LinearFits::Mean() const {
  LinearMember mean;
  float count = 0;
  for (const Candidate& candidate : state_->inputs.candidates()) {
    if (candidate.levels) continue;
    const LinearMember member = state_->Solve(candidate, kPenalties.back());
    mean.weights.resize(member.weights.size());
    mean.bias.resize(member.bias.size());
    for (std::size_t i = 0; i < mean.weights.size(); ++i) mean.weights[i] += member.weights[i];
    for (std::size_t i = 0; i < mean.bias.size(); ++i) mean.bias[i] += member.bias[i];
    count += 1;
  }
  for (float& weight : mean.weights) weight /= count;
  for (float& bias : mean.bias) bias /= count;
  return mean;
}

void LinearFits::Refit(std::vector<LinearMember>& members) const {
  for (std::size_t i = 0; i < state_->inputs.candidates().size(); ++i) {
    members[i] = state_->Solve(state_->inputs.candidates()[i], members[i].penalty);
  }
}

}  // namespace fleetcast::forecast
