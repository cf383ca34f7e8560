// The filter language of List methods (AIP-160, a subset): comparisons of a dotted field with a
// literal, joined by AND, OR, NOT and parentheses; OR binds tighter than AND, as the AIP has it.
//   tags.plant_id = "P001" AND metrics.mae < 0.2        state = FAILED OR state = CANCELLED
// A part of a field that is not of letters, digits, _ and - stands in quotes: metrics."val/loss".
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

// How a field's values compare; the same for =, != and the ordered comparisons.
enum class FilterKind {
  kText,     // by bytes: ids, names, hashes
  kValue,    // as numbers where the literal is a number without quotes and the stored text is one,
             // else by bytes: what callers wrote, such as tags
  kNumber,   // as doubles
  kInteger,  // as 64-bit integers
  kTime,     // as instants, to the microsecond
  kDate,     // as days, kept as "2025-12-09"
  kWord,     // = and != only, with one of a list of words: states
  kWordSet   // : only, with one of a list of words: conditions
};

struct Filter {
  FilterOperator op = FilterOperator::kAnd;
  std::vector<Filter> operands = {};  // kAnd, kOr: two or more; kNot: one; comparisons: none
  // Comparisons only:
  std::string field = {};  // "tags.plant_id"; parts without their quotes: "metrics.val/loss"
  std::string value = {};  // the literal, unquoted; after CheckFilter as the field's kind has it
  bool quoted = false;     // the literal stood in quotes
  FilterKind kind = FilterKind::kValue;  // set by CheckFilter
};

// nullopt for an empty filter (everything matches). INVALID_ARGUMENT on field `filter` with the
// column of the mistake and what was expected. At most 4 KiB of text and 64 nested parentheses.
[[nodiscard]] absl::StatusOr<std::optional<Filter>> ParseFilter(const std::string& text);

// Whether a row matches. `value_of` gives a field's text (FilterText, for what is none), nullopt if
// the row lacks it: then every comparison but != is false. `:` (kHas) is a substring match;
// `field:*` asks whether the field is present.
[[nodiscard]] bool Matches(
    const Filter& filter,
    const std::function<std::optional<std::string>(const std::string& field)>& value_of);

// The number that a text is to a field of kind kValue (-1, 0.25, 3e-4), nullopt if it is none: at
// most 40 characters, an exponent of at most two digits, so that nothing stored is out of range.
[[nodiscard]] std::optional<double> FilterNumber(const std::string& text);

// Whether `filter` asks for the field's presence alone: `field:*`.
[[nodiscard]] bool AsksPresence(const Filter& filter);
// Whether `filter`, of kind kValue, compares numbers where the stored text is one.
[[nodiscard]] bool ComparesNumbers(const Filter& filter);

}  // namespace fleetcast
