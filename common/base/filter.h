// The filter language of List methods (AIP-160, a subset): comparisons of a dotted field with a
// literal, joined by AND, OR, NOT and parentheses; OR binds tighter than AND, as the AIP has it.
//   tags.plant_id = "P001" AND metrics.mae < 0.2        state = FAILED OR state = CANCELLED
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace fleetcast {

enum class FilterOperator {
  kAnd,
  kOr,
  kNot,
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kHas
};

struct Filter {
  FilterOperator op = FilterOperator::kAnd;
  std::vector<Filter> operands;  // kAnd, kOr: two or more; kNot: one; comparisons: none
  std::string field;             // comparisons: "tags.plant_id"
  std::string value;             // comparisons: the literal, unquoted
};

// nullopt for an empty filter (everything matches). INVALID_ARGUMENT on field `filter` with the
// column of the mistake and what was expected. At most 4 KiB of text and 64 nested parentheses.
[[nodiscard]] absl::StatusOr<std::optional<Filter>> ParseFilter(const std::string& text);

// INVALID_ARGUMENT naming the first field of `filter` that `known` rejects; `supported` is the
// list for the message ("tags.*, metrics.*, create_time").
[[nodiscard]] absl::Status CheckFilterFields(const Filter& filter,
                                             const std::function<bool(const std::string&)>& known,
                                             const std::string& supported);

// Whether a row matches. `value_of` gives a field's text, nullopt if the row lacks it (then every
// comparison but != is false). Ordered comparisons are numeric where both sides are numbers, else
// by bytes; = and != compare the text. `:` (kHas) is a substring match; `field:*` asks whether the
// field is present.
[[nodiscard]] bool Matches(
    const Filter& filter,
    const std::function<std::optional<std::string>(const std::string& field)>& value_of);

// The number that `text` is to an ordered comparison (-1, 0.25, 3e-4), nullopt if it is none.
[[nodiscard]] std::optional<double> FilterNumber(const std::string& text);

}  // namespace fleetcast
