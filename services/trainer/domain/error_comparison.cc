#include "services/trainer/domain/error_comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace fleetcast::trainer {
namespace {

constexpr double kChance = 0.05;
constexpr std::size_t kMostStretches = 20, kFewestStretches = 5;
// What windows of one stretch share with the next reaches one horizon.
constexpr std::size_t kHorizonsPerStretch = 4, kFewestHorizonsPerStretch = 2;

// Into how many stretches to cut; 0: too few windows.
std::size_t Stretches(std::size_t windows, int horizon) {
  const std::size_t horizons = windows / static_cast<std::size_t>(std::max(1, horizon));
  if (horizons < kFewestStretches * kFewestHorizonsPerStretch) return 0;
  return std::clamp(horizons / kHorizonsPerStretch, kFewestStretches, kMostStretches);
}

// The chance that |t| of so many degrees of freedom is above `t`, by Simpson's rule.
double ChanceBeyond(double t, double freedom) {
  const double scale = std::exp(std::lgamma((freedom + 1) / 2) - std::lgamma(freedom / 2)) /
                       std::sqrt(freedom * std::numbers::pi);
  const auto density = [&](double x) {
    return scale * std::pow(1 + x * x / freedom, -(freedom + 1) / 2);
  };
  constexpr int kSteps = 2'000;
  const double width = t / kSteps;
  double sum = density(0) + density(t);
  for (int i = 1; i < kSteps; ++i) sum += (i % 2 == 1 ? 4 : 2) * density(i * width);
  return 1 - 2 * sum * width / 3;
}

double StudentQuantile(double chance, double freedom) {
  double low = 0, high = 100;
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    (ChanceBeyond(middle, freedom) > chance ? low : high) = middle;
  }
  return high;
}

// How far the mean may be from 0 by chance.
double Margin(const std::vector<double>& differences, std::size_t stretches, int trials) {
  std::vector<double> means;
  for (std::size_t i = 0; i < stretches; ++i) {
    const auto at = [&](std::size_t part) {
      return differences.begin() +
             static_cast<std::ptrdiff_t>(part * differences.size() / stretches);
    };
    means.push_back(std::accumulate(at(i), at(i + 1), 0.0) /
                    static_cast<double>(at(i + 1) - at(i)));
  }
  const auto count = static_cast<double>(stretches);
  const double mean = std::accumulate(means.begin(), means.end(), 0.0) / count;
  double squares = 0;
  for (const double each : means) squares += (each - mean) * (each - mean);
  const double error = std::sqrt(squares / (count - 1) / count);
  return error * StudentQuantile(kChance / std::max(1, trials), count - 1);
}

std::string WhyOf(const ErrorComparison& result, double first, double second, int trials) {
  const char* side = result.difference < 0 ? "below" : result.difference > 0 ? "above" : "equal to";
  const auto [one, other] = ToldApart(first, second);
  const std::string numbers =
      absl::StrFormat("%s is %s %s by %.2g", one, side, other, std::abs(result.difference));
  if (std::isinf(result.margin)) {
    return absl::StrFormat("%s, and %d windows are too few to tell that from chance", numbers,
                           result.windows);
  }
  return absl::StrFormat("%s, %s the %.2g that chance explains on %d windows%s", numbers,
                         result.standing == Standing::kNotToldApart ? "within" : "more than",
                         result.margin, result.windows,
                         trials > 1 ? absl::StrCat(" for one of ", trials, " tried on them") : "");
}

}  // namespace

bool CanTellFromChance(std::int64_t windows, int horizon) {
  return Stretches(static_cast<std::size_t>(windows), horizon) > 0;
}

std::pair<std::string, std::string> ToldApart(double one, double other) {
  const auto text = [](double value, int digits) { return absl::StrFormat("%.*g", digits, value); };
  int digits = 4;
  while (one != other && digits < 17 && text(one, digits) == text(other, digits)) ++digits;
  return {text(one, digits), text(other, digits)};
}

ErrorComparison CompareErrors(const std::vector<double>& first, const std::vector<double>& second,
                              int horizon, int trials) {
  std::vector<double> differences;
  double first_sum = 0, second_sum = 0;
  for (std::size_t i = 0; i < std::min(first.size(), second.size()); ++i) {
    if (!std::isfinite(first[i]) || !std::isfinite(second[i])) continue;
    differences.push_back(first[i] - second[i]);
    first_sum += first[i];
    second_sum += second[i];
  }
  ErrorComparison result{.windows = static_cast<std::int64_t>(differences.size())};
  const auto count = static_cast<double>(std::max<std::size_t>(1, differences.size()));
  result.difference = (first_sum - second_sum) / count;
  const std::size_t stretches = Stretches(differences.size(), horizon);
  result.margin = stretches == 0 ? std::numeric_limits<double>::infinity()
                                 : Margin(differences, stretches, trials);
  if (result.difference < -result.margin) result.standing = Standing::kBetter;
  if (result.difference > result.margin) result.standing = Standing::kWorse;
  result.why = WhyOf(result, first_sum / count, second_sum / count, trials);
  return result;
}

}  // namespace fleetcast::trainer
