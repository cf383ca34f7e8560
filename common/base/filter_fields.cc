#include "common/base/filter_fields.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "common/base/status.h"

namespace fleetcast {
namespace {

absl::Status Invalid(const std::string& what) {
  return InvalidField("filter", what, "INVALID_FILTER");
}

absl::Status WrongLiteral(const Filter& filter, const std::string& wanted) {
  return Invalid(absl::StrCat("\"", filter.field, "\" is ", wanted, ", not with \"",
                              filter.value.substr(0, 80), "\""));
}

// "tags." for "tags.*", "" for a name in full.
std::string PrefixOf(const FilterField& field) {
  return absl::EndsWith(field.name, ".*") ? field.name.substr(0, field.name.size() - 1) : "";
}

const FilterField* Find(const FilterFields& fields, const std::string& name) {
  const FilterField* found = nullptr;
  for (const FilterField& field : fields) {
    if (field.name == name) return &field;
    const std::string prefix = PrefixOf(field);
    if (!prefix.empty() && name.size() > prefix.size() && absl::StartsWith(name, prefix))
      found = &field;
  }
  return found;
}

absl::Status UnknownField(const std::string& name, const FilterFields& fields) {
  std::vector<std::string> supported;
  for (const FilterField& field : fields) {
    const bool under_a_star = std::any_of(fields.begin(), fields.end(), [&](const auto& other) {
      const std::string prefix = PrefixOf(other);
      return &other != &field && !prefix.empty() && absl::StartsWith(field.name, prefix);
    });
    if (!under_a_star) supported.push_back(field.name);
  }
  return Invalid(absl::StrCat("unknown field \"", name.substr(0, 200), "\"; the fields are ",
                              absl::StrJoin(supported, ", ")));
}

bool IsDate(const std::string& text) { return text.size() == 10 && text[4] == '-'; }

absl::Status SetTime(Filter& filter) {
  constexpr char kWanted[] =
      "a time: compare it by =, !=, <, <=, > or >= with one like "
      "\"2025-12-09T08:30:00+01:00\" or \"2025-12-09\"";
  absl::Time time;
  std::string problem;
  const bool read = IsDate(filter.value)
                        ? absl::ParseTime("%Y-%m-%d", filter.value, &time, &problem)
                        : absl::ParseTime(absl::RFC3339_full, filter.value, &time, &problem);
  // ParseTime also takes infinite-future, and years that Postgres does not.
  static const absl::Time year_1 = absl::FromUnixSeconds(-62'135'596'800);
  static const absl::Time year_10000 = absl::FromUnixSeconds(253'402'300'800);
  if (!read || filter.op == FilterOperator::kHas || time < year_1 || time >= year_10000)
    return WrongLiteral(filter, kWanted);
  filter.value = FilterText(time);
  return absl::OkStatus();
}

absl::Status CheckDate(const Filter& filter) {
  absl::CivilDay day;
  const bool date =
      absl::ParseCivilTime(filter.value, &day) && absl::FormatCivilTime(day) == filter.value;
  if (!date || filter.op == FilterOperator::kHas)
    return WrongLiteral(filter,
                        "a day: compare it by =, !=, <, <=, > or >= with one like \"2025-12-09\"");
  return absl::OkStatus();
}

// Without what SimpleAtod takes besides: nan, inf, blanks around.
bool LooksLikeNumber(const std::string& text) {
  double number = 0;
  return text.find_first_not_of("0123456789+-.eE") == std::string::npos &&
         absl::SimpleAtod(text, &number);
}

// Less or greater by text is not what somebody means who writes 1e400. Equality may be of a
// commit's id.
absl::Status CheckValue(const Filter& filter) {
  const bool orders =
      filter.op == FilterOperator::kLess || filter.op == FilterOperator::kLessOrEqual ||
      filter.op == FilterOperator::kGreater || filter.op == FilterOperator::kGreaterOrEqual;
  if (orders && !filter.quoted && LooksLikeNumber(filter.value) && !FilterNumber(filter.value))
    return WrongLiteral(filter,
                        "a number with digits on both sides of its point and an exponent of two "
                        "digits at most, or text in quotes");
  return absl::OkStatus();
}

absl::Status SetNumber(Filter& filter) {
  double number = 0;
  if (filter.op == FilterOperator::kHas || !LooksLikeNumber(filter.value) ||
      !absl::SimpleAtod(filter.value, &number) || !std::isfinite(number))
    return WrongLiteral(filter, "a number: compare it by =, !=, <, <=, > or >= with a number");
  filter.value = FilterText(number);
  return absl::OkStatus();
}

absl::Status SetInteger(Filter& filter) {
  std::int64_t number = 0;
  const bool plain = filter.value.find_first_not_of("0123456789-") == std::string::npos;
  if (filter.op == FilterOperator::kHas || !plain || !absl::SimpleAtoi(filter.value, &number))
    return WrongLiteral(filter,
                        "a whole number: compare it by =, !=, <, <=, > or >= with one like 12");
  filter.value = FilterText(number);
  return absl::OkStatus();
}

absl::Status SetWord(Filter& filter, const FilterField& field) {
  const std::string asked = absl::AsciiStrToUpper(filter.value);
  const std::string word(absl::StripPrefix(asked, field.word_prefix));
  const bool is_set = field.kind == FilterKind::kWordSet;
  const bool compares =
      is_set ? filter.op == FilterOperator::kHas
             : filter.op == FilterOperator::kEqual || filter.op == FilterOperator::kNotEqual;
  if (!compares || std::find(field.words.begin(), field.words.end(), word) == field.words.end())
    return WrongLiteral(
        filter, absl::StrCat("one of ", absl::StrJoin(field.words, ", "),
                             is_set ? ": write " : ": compare it by = or != with one of them",
                             is_set ? filter.field + ":" + field.words.front() : ""));
  filter.value = word;
  return absl::OkStatus();
}

absl::Status SetLiteral(Filter& filter, const FilterField& field) {
  filter.kind = field.kind;
  if (AsksPresence(filter)) return absl::OkStatus();
  switch (field.kind) {
    case FilterKind::kText:
      return absl::OkStatus();
    case FilterKind::kValue:
      return CheckValue(filter);
    case FilterKind::kNumber:
      return SetNumber(filter);
    case FilterKind::kInteger:
      return SetInteger(filter);
    case FilterKind::kTime:
      return SetTime(filter);
    case FilterKind::kDate:
      return CheckDate(filter);
    case FilterKind::kWord:
    case FilterKind::kWordSet:
      return SetWord(filter, field);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Filter> CheckFilter(Filter filter, const FilterFields& fields) {
  for (Filter& operand : filter.operands) {
    FLEETCAST_ASSIGN_OR_RETURN(operand, CheckFilter(std::move(operand), fields));
  }
  if (!filter.operands.empty()) return filter;
  const FilterField* field = Find(fields, filter.field);
  if (field == nullptr) return UnknownField(filter.field, fields);
  FLEETCAST_RETURN_IF_ERROR(SetLiteral(filter, *field));
  return filter;
}

absl::StatusOr<std::optional<Filter>> ParseFilter(const std::string& text,
                                                  const FilterFields& fields) {
  FLEETCAST_ASSIGN_OR_RETURN(auto filter, ParseFilter(text));
  if (!filter) return filter;
  FLEETCAST_ASSIGN_OR_RETURN(filter, CheckFilter(*std::move(filter), fields));
  return filter;
}

std::string FilterText(absl::Time time) {
  return absl::FormatTime("%E4Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone());
}

std::string FilterText(double number) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

std::string FilterText(std::int64_t number) { return absl::StrCat(number); }

}  // namespace fleetcast
