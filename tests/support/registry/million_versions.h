// A registry as large as years of a fleet leave it, made by generate_series.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace fleetcast::testing {

// Migrates the empty database `dsn` and fills it with `versions` model versions of 10,000 circuits,
// 100,000 runs, 10,000 data asset versions and 10,000 champions; indexed and analyzed. Numbers
// follow from the row's own: version n belongs to plant P(n / 100 % 100), circuit C(n % 100) and
// pull request n / 1000, and was created n microseconds after 2020 began.
[[nodiscard]] absl::Status FillWithVersions(const std::string& dsn, int versions);

}  // namespace fleetcast::testing
