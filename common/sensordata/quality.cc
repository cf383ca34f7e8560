#include "common/sensordata/quality.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace fleetcast::sensordata {
namespace {

std::optional<std::int64_t> CodeOf(std::string_view cell) {
  const bool hexadecimal = cell.substr(0, 2) == "0x" || cell.substr(0, 2) == "0X";
  if (hexadecimal) cell.remove_prefix(2);
  std::int64_t code = 0;
  const char* const end = cell.data() + cell.size();
  const auto [rest, error] = std::from_chars(cell.data(), end, code, hexadecimal ? 16 : 10);
  if (rest != end || error != std::errc()) return std::nullopt;
  return code;
}

std::optional<Quality> WordOf(std::string_view cell) {
  const absl::string_view text(cell.data(), cell.size());
  if (absl::StartsWithIgnoreCase(text, "good")) return Quality::kGood;
  if (absl::StartsWithIgnoreCase(text, "uncertain")) return Quality::kUncertain;
  if (absl::StartsWithIgnoreCase(text, "bad")) return Quality::kBad;
  return std::nullopt;
}

std::optional<Quality> OfCode(std::int64_t code, QualityCodes codes) {
  if (codes == QualityCodes::kNone) return std::nullopt;
  const auto bits = codes == QualityCodes::kOpcUa ? (code >> 30) & 3 : (code >> 6) & 3;
  const std::int64_t good = codes == QualityCodes::kOpcUa ? 0 : 3;
  return bits == good ? Quality::kGood : bits == 1 ? Quality::kUncertain : Quality::kBad;
}

}  // namespace

std::optional<Quality> ParseQuality(std::string_view cell, const QualityPolicy& policy) {
  if (cell.empty()) return Quality::kGood;
  std::optional<Quality> quality = WordOf(cell);
  if (const auto code = CodeOf(cell)) quality = OfCode(*code, policy.codes);
  if (quality == Quality::kUncertain && !policy.accept_uncertain) return Quality::kBad;
  return quality;
}

bool IsCode(std::string_view cell) { return CodeOf(cell).has_value(); }

bool QualityColumns::any() const {
  return row || std::any_of(cells.begin(), cells.end(), [](const auto& cell) { return !!cell; });
}

QualityColumns FindQualityColumns(const std::vector<std::string>& available,
                                  const std::vector<std::string>& columns,
                                  const std::vector<std::string>& asked,
                                  const QualityPolicy& policy) {
  QualityColumns found;
  found.cells.resize(columns.size());
  if (policy.column.empty()) return found;
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < available.size(); ++i) {
    const bool is_asked = std::find(asked.begin(), asked.end(), available[i]) != asked.end();
    if (!is_asked) places.emplace(absl::AsciiStrToLower(available[i]), i);
  }
  const auto place_of = [&](const std::string& name) -> std::optional<std::size_t> {
    const auto place = places.find(absl::AsciiStrToLower(name));
    if (place == places.end()) return std::nullopt;
    return place->second;
  };
  found.row = place_of(policy.column);
  for (std::size_t i = 0; i < columns.size(); ++i)
    for (const char* joint : {"_", ".", " ", ":"})
      if (!found.cells[i]) found.cells[i] = place_of(columns[i] + joint + policy.column);
  return found;
}

}  // namespace fleetcast::sensordata
