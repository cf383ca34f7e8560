// Checks that several resources share. All return INVALID_ARGUMENT naming `field`.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/status.h"

namespace fleetcast::registry {

using StringMap = std::map<std::string, std::string>;
using NumberMap = std::map<std::string, double>;

// At most `max_bytes`, and no NUL byte, which Postgres cannot hold.
[[nodiscard]] absl::Status CheckText(const std::string& field, const std::string& text,
                                     std::size_t max_bytes);
// As CheckText, and not empty.
[[nodiscard]] absl::Status CheckRequiredText(const std::string& field, const std::string& text,
                                             std::size_t max_bytes);
// [A-Za-z0-9][A-Za-z0-9_./-]{0,127}: keys of tags, parameters and metrics.
[[nodiscard]] absl::Status CheckKey(const std::string& field, const std::string& key);

// Adds the field violations of a failed check, so that one answer can name every wrong field.
void AddViolations(const absl::Status& status, std::vector<FieldViolation>& violations);

struct MapLimits {
  std::size_t entries = 100;
  std::size_t value_bytes = 5000;
};
[[nodiscard]] absl::Status CheckStringMap(const std::string& field, const StringMap& map,
                                          const MapLimits& limits);
// Every value must be finite.
[[nodiscard]] absl::Status CheckNumberMap(const std::string& field, const NumberMap& map,
                                          std::size_t max_entries);

}  // namespace fleetcast::registry
