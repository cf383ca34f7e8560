// What one resource's lists can be filtered by, said once: by it filters are checked, matched in
// memory (common/base/filter.h) and written as SQL (common/db/filter_sql.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/filter.h"

namespace fleetcast {

struct FilterField {
  std::string name;  // "create_time", or "tags.*" for any key after the dot
  FilterKind kind = FilterKind::kText;
  std::vector<std::string> words = {};  // kWord, kWordSet: "FAILED"; taken in any case
  std::string word_prefix = {};         // of those, what the API spells before them: "STATE_"
};
// A name given in full goes before one with a star.
using FilterFields = std::vector<FilterField>;

// `filter` with each comparison's kind set and its literal brought into the form that stores
// compare: words as in `words`, times as FilterText. INVALID_ARGUMENT (INVALID_FILTER) on `filter`
// for another field, and for a literal that is none of its kind: a word that there is not, a time
// that is neither RFC 3339 nor a date (which means its beginning in UTC), a day that there is not,
// a number outside double.
[[nodiscard]] absl::StatusOr<Filter> CheckFilter(Filter filter, const FilterFields& fields);

// ParseFilter and CheckFilter; nullopt for an empty filter.
[[nodiscard]] absl::StatusOr<std::optional<Filter>> ParseFilter(const std::string& text,
                                                                const FilterFields& fields);

// Values as Matches takes them: "2025-12-09T08:30:00.123456Z", which sorts like the time; the
// shortest text that is this double; an integer's digits.
[[nodiscard]] std::string FilterText(absl::Time time);
[[nodiscard]] std::string FilterText(double number);
[[nodiscard]] std::string FilterText(std::int64_t number);

}  // namespace fleetcast
