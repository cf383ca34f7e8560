// A parsed filter as a SQL condition with bound parameters.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/filter.h"

namespace fleetcast::db {

// How one field is reached: an SQL expression of type text or double precision, in which every
// "?" stands for one of `parameters` (already in order), e.g. {"tags->>?", {"plant_id"}, false}.
struct SqlField {
  std::string expression;
  std::vector<std::string> parameters;
  bool numeric = false;
};

struct SqlCondition {
  std::string text;                     // "TRUE" for no filter; uses $first_parameter and up
  std::vector<std::string> parameters;  // to append to the statement's
};

// INVALID_ARGUMENT on `filter` for a field that `field_of` does not know (it returns
// INVALID_ARGUMENT with the list of those it does) or a literal of the wrong type.
[[nodiscard]] absl::StatusOr<SqlCondition> FilterToSql(
    const std::optional<Filter>& filter,
    const std::function<absl::StatusOr<SqlField>(const std::string& field)>& field_of,
    int first_parameter);

}  // namespace fleetcast::db
