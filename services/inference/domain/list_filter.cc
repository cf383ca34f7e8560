#include "services/inference/domain/list_filter.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/base/filter_fields.h"
#include "common/base/status.h"

namespace fleetcast::inference {
namespace {

bool IsIn(const std::vector<std::string>& fields, const std::string& field) {
  return std::find(fields.begin(), fields.end(), field) != fields.end();
}

absl::Status TimesToSeconds(const std::vector<std::string>& time_fields, Filter* filter) {
  for (Filter& operand : filter->operands) {
    FLEETCAST_RETURN_IF_ERROR(TimesToSeconds(time_fields, &operand));
  }
  if (!IsIn(time_fields, filter->field)) return absl::OkStatus();
  if (filter->op == FilterOperator::kHas && filter->value == "*") return absl::OkStatus();
  absl::Time time;
  std::string problem;
  if (!absl::ParseTime(absl::RFC3339_full, filter->value, &time, &problem)) {
    return InvalidField("filter",
                        absl::StrCat("\"", filter->field,
                                     "\" is a time: compare it with one like "
                                     "\"2025-12-09T00:00:00Z\", not with \"",
                                     filter->value, "\""),
                        "INVALID_FILTER");
  }
  filter->value = FilterTime(time);
  filter->quoted = false;  // compared as a number
  return absl::OkStatus();
}

}  // namespace

std::string FilterTime(absl::Time time) {
  const std::int64_t microseconds = absl::ToUnixMicros(time);
  return absl::StrFormat("%.6f", static_cast<double>(microseconds) / 1e6);
}

absl::StatusOr<std::optional<Filter>> PrepareFilter(const std::optional<Filter>& filter,
                                                    const std::string& fields,
                                                    const std::vector<std::string>& time_fields) {
  if (!filter) return std::optional<Filter>();
  FilterFields known;
  for (const auto name : absl::StrSplit(fields, ", ")) {
    known.push_back({.name = std::string(name), .kind = FilterKind::kValue});
  }
  FLEETCAST_ASSIGN_OR_RETURN(Filter prepared, CheckFilter(*filter, known));
  FLEETCAST_RETURN_IF_ERROR(TimesToSeconds(time_fields, &prepared));
  return std::optional<Filter>(std::move(prepared));
}

}  // namespace fleetcast::inference
