#include "common/sensordata/step_parts.h"

#include <algorithm>
#include <cmath>

namespace fleetcast::sensordata {
namespace {

constexpr std::size_t kBlock = 24;  // spacings that are judged together
constexpr double kOtherStep = 1.5;  // times the step before, or less than one such part of it
// A block has a step if so many of its spacings are so near to their median. With a quarter of the
// rows missing at random, three quarters of the spacings are one step.
constexpr double kShareOfStep = 0.7, kNearness = 0.2;

bool Differ(std::int64_t one, std::int64_t other) {
  const auto [less, more] = std::minmax(one, other);
  return static_cast<double>(more) >= kOtherStep * static_cast<double>(less);
}

// Distinct timestamps and what lies between them.
struct Spacings {
  std::vector<std::size_t> rows;  // the first with each timestamp
  std::vector<std::int64_t> seconds;

  explicit Spacings(const std::vector<std::int64_t>& sorted) {
    rows.reserve(sorted.size());
    seconds.reserve(sorted.size());
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      if (i > 0 && sorted[i] == sorted[i - 1]) continue;
      if (!rows.empty()) seconds.push_back(sorted[i] - sorted[rows.back()]);
      rows.push_back(i);
    }
  }

  [[nodiscard]] std::int64_t Median(std::size_t begin, std::size_t end) const {
    std::vector<std::int64_t> part(seconds.begin() + static_cast<std::ptrdiff_t>(begin),
                                   seconds.begin() + static_cast<std::ptrdiff_t>(end));
    const auto middle = part.begin() + static_cast<std::ptrdiff_t>((part.size() - 1) / 2);
    std::nth_element(part.begin(), middle, part.end());
    return *middle;
  }

  // The step of a block; 0 if it has none.
  [[nodiscard]] std::int64_t StepOfBlock(std::size_t begin) const {
    const std::int64_t median = Median(begin, begin + kBlock);
    const double reach = kNearness * static_cast<double>(median);
    const auto at = seconds.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto near = std::count_if(at, at + kBlock, [&](std::int64_t spacing) {
      return std::abs(static_cast<double>(spacing - median)) <= reach;
    });
    return static_cast<double>(near) >= kShareOfStep * kBlock ? median : 0;
  }

  // The spacing in [begin, end) with which `after` most likely takes over from `before`.
  [[nodiscard]] std::size_t Border(std::size_t begin, std::size_t end, std::int64_t before,
                                   std::int64_t after) const {
    const double middle = std::sqrt(static_cast<double>(before) * static_cast<double>(after));
    const auto is_after = [&](std::size_t i) {
      return (static_cast<double>(seconds[i]) < middle) == (after < before);
    };
    std::int64_t wrong = 0, least = 0;
    std::size_t border = begin;
    for (std::size_t i = begin; i < end; ++i) {  // `i` moves to the left of the border
      wrong += is_after(i) ? 1 : -1;
      if (wrong >= least) continue;
      least = wrong;
      border = i + 1;
    }
    return border;
  }
};

}  // namespace

std::vector<StepPart> StepParts(const std::vector<std::int64_t>& sorted) {
  const Spacings spacings(sorted);
  if (spacings.seconds.empty()) return {};
  std::vector<std::size_t> borders = {0};
  std::int64_t step = 0;
  std::size_t last = 0;  // the last block with the step
  for (std::size_t begin = 0; begin + kBlock <= spacings.seconds.size(); begin += kBlock) {
    const std::int64_t found = spacings.StepOfBlock(begin);
    if (found == 0) continue;
    if (step != 0 && Differ(step, found))
      borders.push_back(spacings.Border(last, begin + kBlock, step, found));
    step = found;
    last = begin;
  }
  borders.push_back(spacings.seconds.size());
  std::vector<StepPart> parts;
  parts.reserve(borders.size());
  for (std::size_t i = 0; i + 1 < borders.size(); ++i)
    if (borders[i] < borders[i + 1])
      parts.push_back({spacings.rows[borders[i]], spacings.Median(borders[i], borders[i + 1])});
  return parts;
}

std::size_t FirstRowOnGrid(const std::vector<StepPart>& parts,
                           const std::vector<std::int64_t>& sorted) {
  std::size_t first = parts.empty() ? 0 : parts.back().first_row;
  std::int64_t end = sorted.empty() ? 0 : sorted.back(), all = 0, fine = 0;
  for (std::size_t i = parts.size(); i-- > 0;) {
    const std::int64_t begin = sorted[parts[i].first_row];
    const bool is_coarser = parts[i].step_seconds > parts.back().step_seconds &&
                            Differ(parts[i].step_seconds, parts.back().step_seconds);
    all += end - begin;
    if (!is_coarser) fine += end - begin;
    if (!is_coarser && 2 * fine >= all) first = parts[i].first_row;
    end = begin;
  }
  return first;
}

}  // namespace fleetcast::sensordata
