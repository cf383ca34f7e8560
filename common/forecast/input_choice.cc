#include "common/forecast/input_choice.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "common/forecast/linear_fit.h"

namespace fleetcast::forecast {
namespace {

constexpr double kWorthwhileGain = 0.005;
constexpr std::size_t kLinearBatch = 512;
// Of the ridge regression, in units of the inputs' own size (they are scaled to about 1).
constexpr double kRidge = 0.01;
// Its cost grows with the square of the inputs.
constexpr int kMostRidgeInputs = 2'048;

struct Candidate {
  ModelParts parts;
  Losses losses;
};

bool IsBetterThroughout(const Losses& losses, const Losses& than) {
  return losses.first < than.first * (1 - kWorthwhileGain) &&
         losses.second < than.second * (1 - kWorthwhileGain);
}

// The places of the linear path's inputs of `layout` among those of `full`.
std::vector<std::int64_t> PlacesOf(const InputLayout& layout, const InputLayout& full,
                                   int extras_of_full) {
  std::vector<std::int64_t> places(static_cast<std::size_t>(full.sequence_length + layout.lags()));
  std::iota(places.begin(), places.end(), 0);
  for (int place = full.sequence_length + full.lags();
       layout.other_columns && place < extras_of_full; ++place) {
    places.push_back(place);
  }
  return places;
}

// Fits the linear path of any choice of inputs, and judges it.
class LinearStart {
 public:
  LinearStart(const InputChoice& choice, std::vector<std::size_t> columns, Heartbeat& heartbeat)
      : choice_(choice),
        columns_(std::move(columns)),
        heartbeat_(heartbeat),
        shape_(choice.layout.Shape(choice.spec)),
        fit_(shape_.extras, shape_.horizon) {}

  absl::Status Fit() {
    const InputTable table(choice_.series, columns_, choice_.layout, choice_.scaling);
    const std::vector<std::size_t>& origins = choice_.windows.train;
    for (std::size_t begin = 0; begin < origins.size(); begin += kLinearBatch) {
      const std::size_t size = std::min(kLinearBatch, origins.size() - begin);
      const Batch batch = table.MakeBatch(origins.data() + begin, size, /*with_targets=*/true);
      fit_.Add(batch.extras.data(), batch.targets.data(), static_cast<std::int64_t>(size));
      if (!heartbeat_.Beat()) return heartbeat_.Cancelled();
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Candidate> Judge(InputLayout layout) {
    ModelParts parts{choice_.spec,
                     layout,
                     choice_.scaling,
                     {},
                     Network(layout.Shape(choice_.spec), choice_.spec.seed)};
    parts.network.SetLinearPath(
        fit_.Solve(kRidge, PlacesOf(layout, choice_.layout, shape_.extras)));
    const InputTable table(choice_.series, columns_, layout, choice_.scaling);
    FLEETCAST_ASSIGN_OR_RETURN(const Losses losses, LossesOver(choice_.windows.validation,
                                                               parts.network, table, heartbeat_));
    return Candidate{std::move(parts), losses};
  }

 private:
  const InputChoice& choice_;
  std::vector<std::size_t> columns_;
  Heartbeat& heartbeat_;
  NetworkShape shape_;
  LinearFit fit_;
};

}  // namespace

absl::StatusOr<Losses> LossesOver(const std::vector<std::size_t>& origins, const Network& network,
                                  const InputTable& table, Heartbeat& heartbeat) {
  const auto horizon = static_cast<std::size_t>(network.shape().horizon);
  const std::size_t half = origins.size() / 2;
  double sums[2] = {0, 0};
  bool cancelled = false;
  const auto add = [&](std::size_t origin, const float* outputs) {
    double& sum = sums[origin < origins[half] ? 0 : 1];
    for (std::size_t step = 0; step < horizon; ++step) {
      sum += std::abs(table.ChangeAt(origin, origin + 1 + step) - outputs[step]);
    }
  };
  VisitForecasts(network, table, origins, add, [&] { return !(cancelled = !heartbeat.Beat()); });
  if (cancelled) return heartbeat.Cancelled();
  return Losses{sums[0] / static_cast<double>(half * horizon),
                sums[1] / static_cast<double>((origins.size() - half) * horizon)};
}

absl::StatusOr<ModelParts> ChooseInputs(const InputChoice& choice, Heartbeat& heartbeat) {
  InputLayout layout = choice.layout;
  layout.earlier_days = layout.other_columns = false;
  FLEETCAST_ASSIGN_OR_RETURN(const auto columns,
                             InputColumns(choice.series, choice.spec, choice.layout));
  if (choice.layout.Shape(choice.spec).extras > kMostRidgeInputs) {
    return ModelParts{choice.spec,
                      layout,
                      choice.scaling,
                      {},
                      Network(layout.Shape(choice.spec), choice.spec.seed)};
  }
  LinearStart start(choice, columns, heartbeat);
  FLEETCAST_RETURN_IF_ERROR(start.Fit());
  FLEETCAST_ASSIGN_OR_RETURN(Candidate best, start.Judge(layout));
  if (choice.layout.lags() > 0) {
    layout.earlier_days = true;
    FLEETCAST_ASSIGN_OR_RETURN(Candidate with_days, start.Judge(layout));
    if (with_days.losses.all() < best.losses.all()) best = std::move(with_days);
  }
  if (columns.size() == 1) return std::move(best.parts);
  layout = best.parts.layout;
  layout.other_columns = true;
  FLEETCAST_ASSIGN_OR_RETURN(Candidate with_columns, start.Judge(layout));
  if (IsBetterThroughout(with_columns.losses, best.losses)) best = std::move(with_columns);
  return std::move(best.parts);
}

}  // namespace fleetcast::forecast
