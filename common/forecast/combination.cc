#include "common/forecast/combination.h"

#include <algorithm>
#include <cmath>

namespace fleetcast::forecast {
namespace {

constexpr int kMostRounds = 2'000;
constexpr double kSettled = 1e-9;
// A large error counts by its size: as a squared one divided by it, which is not known before.
constexpr int kReweightings = 6;
// Errors below this share of the targets' mean size count by their squares (Huber 1964).
constexpr double kSmallError = 0.5;

// Sums of products over the targets that have a reading.
struct Moments {
  std::vector<std::vector<double>> of_members;  // [members, members]
  std::vector<double> with_targets;             // [members]
};

// Each counts by 1 / the error that `weights` leave it.
Moments MomentsOf(const std::vector<MemberForecasts>& members, const std::vector<float>& targets,
                  const std::vector<double>& weights, double small) {
  const std::size_t count = members.size();
  Moments moments{std::vector<std::vector<double>>(count, std::vector<double>(count, 0)),
                  std::vector<double>(count, 0)};
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (std::isnan(targets[i])) continue;
    double error = static_cast<double>(targets[i]);
    for (std::size_t a = 0; a < count; ++a) {
      error -= weights[a] * static_cast<double>(members[a].values[i]);
    }
    const double share = 1 / std::max(small, std::abs(error));
    for (std::size_t a = 0; a < count; ++a) {
      const double value = share * static_cast<double>(members[a].values[i]);
      moments.with_targets[a] += value * static_cast<double>(targets[i]);
      for (std::size_t b = 0; b <= a; ++b) {
        moments.of_members[a][b] += value * static_cast<double>(members[b].values[i]);
      }
    }
  }
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = 0; b < a; ++b) moments.of_members[b][a] = moments.of_members[a][b];
  }
  return moments;
}

// Adds the pull towards the priors, as many windows that agree with them would. False where no
// member forecasts any change.
bool PullTo(const std::vector<double>& priors, double independent_windows, Moments& moments) {
  const std::size_t count = priors.size();
  double mean_square = 0;
  for (std::size_t a = 0; a < count; ++a) {
    mean_square += moments.of_members[a][a] / static_cast<double>(count);
  }
  if (!(mean_square > 0)) return false;
  const double pull = (kPriorPull + 1 / independent_windows) * mean_square;
  for (std::size_t a = 0; a < count; ++a) {
    moments.of_members[a][a] += pull;
    moments.with_targets[a] += pull * priors[a];
  }
  return true;
}

// The least squares that remain, from `weights` on.
void Descend(const Moments& moments, std::vector<double>& weights) {
  for (int round = 0; round < kMostRounds; ++round) {
    double largest_move = 0;
    for (std::size_t a = 0; a < weights.size(); ++a) {
      double gradient = moments.with_targets[a];
      for (std::size_t b = 0; b < weights.size(); ++b) {
        gradient -= moments.of_members[a][b] * weights[b];
      }
      const double moved = std::max(0.0, weights[a] + gradient / moments.of_members[a][a]);
      largest_move = std::max(largest_move, std::abs(moved - weights[a]));
      weights[a] = moved;
    }
    if (largest_move < kSettled) break;
  }
}

double MeanSize(const std::vector<float>& targets) {
  double sum = 0, count = 0;
  for (const float target : targets) {
    if (std::isnan(target)) continue;
    sum += std::abs(static_cast<double>(target));
    count += 1;
  }
  return count > 0 ? sum / count : 0;
}

}  // namespace

std::vector<double> CombineMembers(const std::vector<MemberForecasts>& members,
                                   const std::vector<float>& targets, double independent_windows) {
  const double vouched = independent_windows / (independent_windows + 1);
  std::vector<double> priors;
  priors.reserve(members.size());
  for (const MemberForecasts& member : members) priors.push_back(vouched * member.prior);
  const double small = kSmallError * MeanSize(targets);
  std::vector<double> weights = priors;
  for (int round = 0; small > 0 && round < kReweightings; ++round) {
    Moments moments = MomentsOf(members, targets, weights, small);
    if (!PullTo(priors, independent_windows, moments)) break;
    Descend(moments, weights);
  }
  return weights;
}

}  // namespace fleetcast::forecast
