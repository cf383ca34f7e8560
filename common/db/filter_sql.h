// A checked filter as a SQL condition with bound parameters.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/filter.h"

namespace fleetcast::db {

// How one field is reached in SQL. In its texts every "?" stands for the next of `parameters`, and
// every "$" for the literal.
struct SqlField {
  // Of the type that the field's kind compares: text (kText, kValue, kWord), double precision,
  // bigint, timestamptz. {"tags ->> ?", {"team"}}
  std::string expression;
  std::vector<std::string> parameters = {};
  // Whether an index serves comparisons of `expression` with a literal.
  bool indexed = false;
  // Comparisons that an index serves in another form, with the same meaning:
  // {{FilterOperator::kEqual, "run_position = position_of($)"}}. Not used where numbers are
  // compared in texts.
  std::map<FilterOperator, std::string> indexed_forms = {};
  // Where the field is one key of a column of JSON objects of texts, and an index serves what of it
  // contains an object: = is then asked so. Not used where numbers are compared in texts.
  struct Contained {
    std::string column, key;
  };
  std::optional<Contained> contained = std::nullopt;
};

struct SqlCondition {
  std::string text;                     // "TRUE" for no filter; uses $first_parameter and up
  std::vector<std::string> parameters;  // to append to the statement's
  // The fields that had to be indexed for an index to serve the condition; empty if one does.
  std::vector<std::string> unindexed = {};
  // Whether an index of what contains an object takes part in serving it. Of objects longer than
  // 1 KiB Postgres keeps no statistics: it takes any comparison with them to select one row in 100.
  bool contained = false;
  // What the other indexes serve of it, by itself; "TRUE" if nothing. It selects all that `text`
  // selects, and Postgres knows about how much that is.
  std::string known = "TRUE";
};

// `filter` must have passed CheckFilter; `field_of` is asked for the fields that it let through and
// may return an error, which is returned. What it selects is what Matches selects.
[[nodiscard]] absl::StatusOr<SqlCondition> FilterToSql(
    const std::optional<Filter>& filter,
    const std::function<absl::StatusOr<SqlField>(const std::string& field)>& field_of,
    int first_parameter);

}  // namespace fleetcast::db
