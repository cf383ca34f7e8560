// Where a chart's values lie on the page, and which of them get a label.
#pragma once

#include <cstdint>
#include <vector>

namespace fleetcast::cli {

// Values from `low` to `high`, with room at both ends, and round numbers between for labels.
struct ValueAxis {
  double low = 0, high = 1;
  std::vector<double> ticks;
  // Share of the height from the top: 0 at `high`.
  [[nodiscard]] double Place(double value) const { return (high - value) / (high - low); }
};
[[nodiscard]] ValueAxis MakeValueAxis(double minimum, double maximum);

struct TimeAxis {
  std::int64_t begin = 0, end = 1;
  std::vector<std::int64_t> ticks;  // on round hours or midnights, UTC
  // Share of the width from the left.
  [[nodiscard]] double Place(std::int64_t time) const {
    return static_cast<double>(time - begin) / static_cast<double>(end - begin);
  }
};
// At most `max_ticks` labels. `end` must be later than `begin`.
[[nodiscard]] TimeAxis MakeTimeAxis(std::int64_t begin, std::int64_t end, int max_ticks);

}  // namespace fleetcast::cli
