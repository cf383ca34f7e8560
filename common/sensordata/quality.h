// What a source's quality column says of its readings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleetcast::sensordata {

enum class Quality : std::uint8_t { kGood, kUncertain, kBad };

// What numbers in a quality column mean. Words (Good, Uncertain, Bad and what begins with them) are
// always understood.
enum class QualityCodes {
  kNone,   // a column of numbers is none of quality
  kOpcUa,  // status codes of 32 bits: the upper two are 0 good, 1 uncertain, 2 and 3 bad
  kOpcDa   // bits 6 and 7: 3 good, 1 uncertain, else bad; 192 is good
};

// The settings sensor-quality-…: of which column, and from when on a reading is masked.
struct QualityPolicy {
  std::string column = "quality";  // of the row; {column}_quality, .quality of one column
  QualityCodes codes = QualityCodes::kNone;
  bool accept_uncertain = true;
};

// nullopt for what says nothing of quality under `codes`. An empty cell is good. A reading that the
// policy does not accept is bad.
[[nodiscard]] std::optional<Quality> ParseQuality(std::string_view cell,
                                                  const QualityPolicy& policy);

// A whole number, as status codes are: -1, 192, 0x80000000.
[[nodiscard]] bool IsCode(std::string_view cell);

// The columns of `available`, by place, that say of a row's readings how good they are.
struct QualityColumns {
  std::optional<std::size_t> row;                 // of the whole row
  std::vector<std::optional<std::size_t>> cells;  // [columns], of each of the columns alone
  [[nodiscard]] bool any() const;
};

// `columns` are read; what a reader asked for by name, `asked`, is never taken for quality. Names
// are compared in either case.
[[nodiscard]] QualityColumns FindQualityColumns(const std::vector<std::string>& available,
                                                const std::vector<std::string>& columns,
                                                const std::vector<std::string>& asked,
                                                const QualityPolicy& policy);

}  // namespace fleetcast::sensordata
