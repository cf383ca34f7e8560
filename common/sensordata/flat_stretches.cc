#include "common/sensordata/flat_stretches.h"

#include <algorithm>
#include <cstddef>

namespace fleetcast::sensordata {

FlatStretches FindFlatStretches(const std::vector<Cell>& cells) {
  FlatStretches flat;
  std::int64_t moves = 0, still = 0;  // steps outside long stretches
  for (std::size_t begin = 0; begin < cells.size();) {
    std::size_t end = begin + 1;
    while (end < cells.size() && cells[end].value == cells[begin].value) ++end;
    const auto length = static_cast<std::int64_t>(end - begin);
    if (length >= kStuckRows)
      flat.stuck.push_back({cells[begin].unix_seconds, cells[end - 1].unix_seconds, length});
    else
      still += length - 1;
    ++moves;
    begin = end;
  }
  flat.constant = moves == 1 && cells.size() > 1;
  if (flat.constant || moves <= still) flat.stuck.clear();
  return flat;
}

std::optional<Stretch> StuckAtEnd(const std::vector<Cell>& cells) {
  if (cells.empty()) return std::nullopt;
  std::size_t begin = cells.size() - 1;
  while (begin > 0 && cells[begin - 1].value == cells.back().value) --begin;
  const auto count = static_cast<std::int64_t>(cells.size() - begin);
  std::int64_t longest = 0, moves = 0;
  for (std::size_t first = 0; first < begin;) {
    std::size_t end = first + 1;
    while (end < begin && cells[end].value == cells[first].value) ++end;
    longest = std::max(longest, static_cast<std::int64_t>(end - first));
    ++moves;
    first = end;
  }
  const auto still = static_cast<std::int64_t>(begin) - moves;
  if (count < kStuckRows || count < 2 * longest || moves <= still) return std::nullopt;
  return Stretch{cells[begin].unix_seconds, cells.back().unix_seconds, count};
}

}  // namespace fleetcast::sensordata
