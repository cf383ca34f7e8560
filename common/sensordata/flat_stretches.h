// Where a column stands still.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace fleetcast::sensordata {

// Rows or cells one after another.
struct Stretch {
  std::int64_t first_unix_seconds = 0, last_unix_seconds = 0;
  std::int64_t count = 0;
};

struct Cell {
  std::int64_t unix_seconds = 0;
  double value = 0;
};

// A sensor that moves in most of its steps and then repeats one value this often is stuck.
inline constexpr std::int64_t kStuckRows = 24;

struct FlatStretches {
  bool constant = false;       // all of two or more cells are equal
  std::vector<Stretch> stuck;  // kStuckRows or more equal ones, in a column that otherwise moves
};

// `cells` are a column's finite ones, by time.
[[nodiscard]] FlatStretches FindFlatStretches(const std::vector<Cell>& cells);

// The stretch that the newest cells are in, where they have repeated one value for longer than is
// usual for the column: kStuckRows or more, twice the longest stretch before and more, in a column
// that moves in most of its other steps. Nights, weekends and sensors that often stand still are
// usual, if `cells` reach back to one of them.
[[nodiscard]] std::optional<Stretch> StuckAtEnd(const std::vector<Cell>& cells);

}  // namespace fleetcast::sensordata
