// What filters of the List methods may name, checked and brought into the form that stores compare.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/filter.h"

namespace fleetcast::inference {

// `fields` is a list as in kSweepFilterFields; an entry `tags.*` knows every key. INVALID_ARGUMENT
// on `filter` for another field, or a time that is no RFC 3339 time. Literals of `time_fields`
// become unix seconds, so that stores compare numbers.
[[nodiscard]] absl::StatusOr<std::optional<Filter>> PrepareFilter(
    const std::optional<Filter>& filter, const std::string& fields,
    const std::vector<std::string>& time_fields);

// A time as PrepareFilter writes it: seconds since 1970 with a microsecond fraction.
[[nodiscard]] std::string FilterTime(absl::Time time);

}  // namespace fleetcast::inference
