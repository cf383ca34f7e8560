#include "cli/report/axis.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace fleetcast::cli {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

// 1, 2 or 5 times a power of ten, so that about `count` fit into `span`.
double RoundStep(double span, int count) {
  const double rough = span / count;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (power * factor >= rough) return power * factor;
  }
  return power * 10;
}

}  // namespace

ValueAxis MakeValueAxis(double minimum, double maximum) {
  constexpr double kRoom = 0.06;
  double span = maximum - minimum;
  if (!(span > 0)) span = std::max(1.0, std::abs(maximum) * 0.1);
  ValueAxis axis{.low = minimum - kRoom * span, .high = maximum + kRoom * span};
  const double step = RoundStep(span, 5);
  for (double tick = std::ceil(axis.low / step) * step; tick <= axis.high && axis.ticks.size() < 12;
       tick += step) {
    axis.ticks.push_back(std::abs(tick) < step / 1e6 ? 0 : tick);
  }
  return axis;
}

TimeAxis MakeTimeAxis(std::int64_t begin, std::int64_t end, int max_ticks) {
  static constexpr std::int64_t kSteps[] = {
      kMinute, 5 * kMinute, 15 * kMinute, kHour,     3 * kHour, 6 * kHour, 12 * kHour,
      kDay,    2 * kDay,    7 * kDay,     14 * kDay, 30 * kDay, 90 * kDay, 365 * kDay};
  TimeAxis axis{.begin = begin, .end = std::max(end, begin + 1)};
  std::int64_t step = kSteps[std::size(kSteps) - 1];
  for (const std::int64_t candidate : kSteps) {
    if ((axis.end - axis.begin) / candidate <= max_ticks) {
      step = candidate;
      break;
    }
  }
  while ((axis.end - axis.begin) / step > max_ticks) step *= 2;
  std::int64_t tick = begin / step * step;
  if (tick < begin) tick += step;
  for (; tick <= axis.end; tick += step) axis.ticks.push_back(tick);
  return axis;
}

}  // namespace fleetcast::cli
