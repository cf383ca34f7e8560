#include "services/registry/domain/checks.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace fleetcast::registry {

absl::Status CheckText(const std::string& field, const std::string& text, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return InvalidField(
        field, absl::StrCat("has ", text.size(), " bytes; at most ", max_bytes, " are allowed"));
  }
  if (text.find('\0') != std::string::npos) {
    return InvalidField(field, "holds a NUL byte; remove it");
  }
  return absl::OkStatus();
}

absl::Status CheckRequiredText(const std::string& field, const std::string& text,
                               std::size_t max_bytes) {
  if (text.empty()) return InvalidField(field, "is empty; give a value");
  return CheckText(field, text, max_bytes);
}

absl::Status CheckKey(const std::string& field, const std::string& key) {
  const auto letter_or_digit = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  const bool well_formed =
      !key.empty() && key.size() <= 128 && letter_or_digit(key.front()) &&
      std::all_of(key.begin(), key.end(), [&](char c) {
        return letter_or_digit(c) || c == '_' || c == '.' || c == '/' || c == '-';
      });
  if (well_formed) return absl::OkStatus();
  return InvalidField(field, absl::StrCat("key '", key.substr(0, 80),
                                          "' must match [A-Za-z0-9][A-Za-z0-9_./-]{0,127}"));
}

void AddViolations(const absl::Status& status, std::vector<FieldViolation>& violations) {
  if (status.ok()) return;
  const auto details = DetailsOf(status);
  if (!details.has_value()) return;
  violations.insert(violations.end(), details->field_violations.begin(),
                    details->field_violations.end());
}

absl::Status CheckStringMap(const std::string& field, const StringMap& map,
                            const MapLimits& limits) {
  if (map.size() > limits.entries) {
    return InvalidField(field, absl::StrCat("has ", map.size(), " entries; at most ",
                                            limits.entries, " are allowed"));
  }
  for (const auto& [key, value] : map) {
    FLEETCAST_RETURN_IF_ERROR(CheckKey(field, key));
    FLEETCAST_RETURN_IF_ERROR(CheckText(absl::StrCat(field, ".", key), value, limits.value_bytes));
  }
  return absl::OkStatus();
}

absl::Status CheckNumberMap(const std::string& field, const NumberMap& map,
                            std::size_t max_entries) {
  if (map.size() > max_entries) {
    return InvalidField(
        field, absl::StrCat("has ", map.size(), " entries; at most ", max_entries, " are allowed"));
  }
  for (const auto& [key, value] : map) {
    FLEETCAST_RETURN_IF_ERROR(CheckKey(field, key));
    if (!std::isfinite(value)) {
      return InvalidField(absl::StrCat(field, ".", key), "must be a finite number");
    }
  }
  return absl::OkStatus();
}

}  // namespace fleetcast::registry
