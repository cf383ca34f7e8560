#include "common/sensordata/flat_stretches.h"

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

}  // namespace fleetcast::sensordata
