#include "common/db/filter_sql.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"

namespace fleetcast::db {
namespace {

// What FilterNumber takes for a number, as Postgres tells it.
constexpr char kNumberPattern[] = R"('^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$')";

const char* SymbolOf(FilterOperator op) {
  switch (op) {
    case FilterOperator::kEqual:
      return "=";
    case FilterOperator::kLess:
      return "<";
    case FilterOperator::kLessOrEqual:
      return "<=";
    case FilterOperator::kGreater:
      return ">";
    case FilterOperator::kGreaterOrEqual:
      return ">=";
    default:
      return "IS DISTINCT FROM";
  }
}

class Writer {
 public:
  Writer(const std::function<absl::StatusOr<SqlField>(const std::string&)>& field_of, int first)
      : field_of_(field_of), first_(first) {}

  absl::StatusOr<std::string> Write(const Filter& filter) {
    switch (filter.op) {
      case FilterOperator::kAnd:
        return Join(filter, " AND ");
      case FilterOperator::kOr:
        return Join(filter, " OR ");
      case FilterOperator::kNot: {
        const bool outer = std::exchange(negated_, true);
        auto operand = Write(filter.operands[0]);
        negated_ = outer;
        if (!operand.ok()) return operand;
        return absl::StrCat("(NOT ", *operand, ")");
      }
      default:
        return Comparison(filter);
    }
  }

  std::vector<std::string> TakeParameters() { return std::move(parameters_); }

 private:
  std::string Bind(const std::string& value) {
    parameters_.push_back(value);
    return absl::StrCat("$", first_ + static_cast<int>(parameters_.size()) - 1);
  }

  absl::StatusOr<std::string> Join(const Filter& filter, const char* word) {
    std::vector<std::string> parts;
    for (const Filter& operand : filter.operands) {
      FLEETCAST_ASSIGN_OR_RETURN(std::string part, Write(operand));
      parts.push_back(std::move(part));
    }
    return absl::StrCat("(", absl::StrJoin(parts, word), ")");
  }

  // The field's expression with its own parameters bound.
  std::string Expression(const SqlField& field) {
    std::string text;
    std::size_t used = 0;
    for (const char c : field.expression) {
      if (c == '?')
        absl::StrAppend(&text, Bind(field.parameters[used++]), "::text");
      else
        text += c;
    }
    return absl::StrCat("(", text, ")");
  }

  // A row without the field satisfies != alone, so NULL must count as FALSE. It does by itself,
  // but not under NOT; and only a bare comparison can use an index.
  [[nodiscard]] std::string NullIsFalse(const std::string& condition) const {
    return negated_ ? absl::StrCat("COALESCE(", condition, ", FALSE)")
                    : absl::StrCat("(", condition, ")");
  }

  absl::StatusOr<std::string> Comparison(const Filter& filter) {
    FLEETCAST_ASSIGN_OR_RETURN(const SqlField field, field_of_(filter.field));
    const std::string left = Expression(field);
    if (filter.op == FilterOperator::kHas && filter.value == "*")
      return absl::StrCat("(", left, " IS NOT NULL)");
    if (field.numeric) return Numeric(filter, left);
    if (filter.op == FilterOperator::kHas)
      return NullIsFalse(absl::StrCat("strpos(", left, ", ", Bind(filter.value), "::text) > 0"));
    const std::string right = absl::StrCat(Bind(filter.value), "::text");
    const char* symbol = SymbolOf(filter.op);
    if (filter.op == FilterOperator::kNotEqual)
      return absl::StrCat("(", left, " IS DISTINCT FROM ", right, ")");
    if (filter.op == FilterOperator::kEqual) return NullIsFalse(absl::StrCat(left, " = ", right));
    const std::string by_bytes = absl::StrCat(left, " COLLATE \"C\" ", symbol, " ", right);
    if (!FilterNumber(filter.value)) return NullIsFalse(by_bytes);
    return NullIsFalse(absl::StrCat("CASE WHEN ", left, " ~ ", kNumberPattern, " AND length(", left,
                                    ") <= 40 THEN ", left, "::double precision ", symbol, " ",
                                    right, "::double precision ELSE ", by_bytes, " END"));
  }

  absl::StatusOr<std::string> Numeric(const Filter& filter, const std::string& left) {
    if (filter.op == FilterOperator::kHas || !FilterNumber(filter.value))
      return InvalidField("filter",
                          absl::StrCat("\"", filter.field,
                                       "\" is a number: compare it by =, !=, <, "
                                       "<=, > or >= with a number, not with \"",
                                       filter.value, "\""),
                          "INVALID_FILTER");
    const std::string right = absl::StrCat(Bind(filter.value), "::double precision");
    return NullIsFalse(absl::StrCat(left, " ", SymbolOf(filter.op), " ", right));
  }

  const std::function<absl::StatusOr<SqlField>(const std::string&)>& field_of_;
  const int first_;
  std::vector<std::string> parameters_;
  bool negated_ = false;  // somewhere under a NOT
};

}  // namespace

absl::StatusOr<SqlCondition> FilterToSql(
    const std::optional<Filter>& filter,
    const std::function<absl::StatusOr<SqlField>(const std::string& field)>& field_of,
    int first_parameter) {
  if (!filter) return SqlCondition{"TRUE", {}};
  Writer writer(field_of, first_parameter);
  FLEETCAST_ASSIGN_OR_RETURN(std::string text, writer.Write(*filter));
  return SqlCondition{std::move(text), writer.TakeParameters()};
}

}  // namespace fleetcast::db
