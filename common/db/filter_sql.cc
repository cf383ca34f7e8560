#include "common/db/filter_sql.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"

namespace fleetcast::db {
namespace {

// What FilterNumber takes for a number, as Postgres tells it. What it takes can be cast, whatever
// somebody stored.
constexpr char kNumberPattern[] = R"('^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$')";

const char* SymbolOf(FilterOperator op) {
  switch (op) {
    case FilterOperator::kLess:
      return "<";
    case FilterOperator::kLessOrEqual:
      return "<=";
    case FilterOperator::kGreater:
      return ">";
    case FilterOperator::kGreaterOrEqual:
      return ">=";
    default:
      return "=";
  }
}

const char* TypeOf(FilterKind kind) {
  switch (kind) {
    case FilterKind::kNumber:
      return "double precision";
    case FilterKind::kInteger:
      return "bigint";
    case FilterKind::kTime:
      return "timestamptz";
    default:
      return "text";
  }
}

bool IsText(FilterKind kind) { return std::string_view(TypeOf(kind)) == "text"; }

// A condition, or a part of one, as SqlCondition has it.
struct Part {
  std::string text;
  bool served = false;
  std::vector<std::string> unindexed = {};
  bool contained = false;
  std::string known = "";  // "" for TRUE
};

// A comparison that an index serves of which Postgres has statistics.
Part Known(const std::string& text) { return {.text = text, .served = true, .known = text}; }

void AddFields(const Filter& filter, std::vector<std::string>& fields) {
  if (filter.operands.empty()) fields.push_back(filter.field);
  for (const Filter& operand : filter.operands) AddFields(operand, fields);
}

class Writer {
 public:
  Writer(const std::function<absl::StatusOr<SqlField>(const std::string&)>& field_of, int first)
      : field_of_(field_of), first_(first) {}

  absl::StatusOr<Part> Write(const Filter& filter) {
    switch (filter.op) {
      case FilterOperator::kAnd:
      case FilterOperator::kOr:
        return Join(filter);
      case FilterOperator::kNot: {
        const bool outer = std::exchange(negated_, true);
        auto operand = Write(filter.operands[0]);
        negated_ = outer;
        if (!operand.ok()) return operand;
        Part negation{.text = absl::StrCat("(NOT ", operand->text, ")")};
        AddFields(filter, negation.unindexed);
        return negation;
      }
      default:
        return Comparison(filter);
    }
  }

  std::vector<std::string> TakeParameters() { return std::move(parameters_); }

 private:
  std::string Bind(const std::string& value, const char* type) {
    parameters_.push_back(value);
    return absl::StrCat("$", first_ + static_cast<int>(parameters_.size()) - 1, "::", type);
  }

  // An index that serves one operand of AND serves all of it; OR needs one for each.
  absl::StatusOr<Part> Join(const Filter& filter) {
    const bool all = filter.op == FilterOperator::kOr;
    Part joined{.text = "", .served = all};
    std::vector<std::string> texts, known;
    for (const Filter& operand : filter.operands) {
      FLEETCAST_ASSIGN_OR_RETURN(Part part, Write(operand));
      texts.push_back(std::move(part.text));
      joined.served = all ? joined.served && part.served : joined.served || part.served;
      joined.contained = joined.contained || part.contained;
      if (!part.known.empty()) known.push_back(std::move(part.known));
      joined.unindexed.insert(joined.unindexed.end(), part.unindexed.begin(), part.unindexed.end());
    }
    if (joined.served) joined.unindexed.clear();
    joined.contained = joined.contained && joined.served;
    joined.text = absl::StrCat("(", absl::StrJoin(texts, all ? " OR " : " AND "), ")");
    if (!known.empty() && (!all || known.size() == texts.size()))
      joined.known = absl::StrCat("(", absl::StrJoin(known, all ? " OR " : " AND "), ")");
    return joined;
  }

  // `text` with the field's parameters bound and `literal` put in.
  std::string Filled(const std::string& text, const SqlField& field, const std::string& literal) {
    std::string filled;
    std::size_t used = 0;
    for (const char c : text) {
      if (c == '?')
        absl::StrAppend(&filled, Bind(field.parameters[used++], "text"));
      else if (c == '$')
        filled += literal;
      else
        filled += c;
    }
    return absl::StrCat("(", filled, ")");
  }

  // A row without the field satisfies != alone, so NULL must count as FALSE. It does by itself,
  // but not under NOT; and only a bare comparison can use an index.
  [[nodiscard]] std::string NullIsFalse(const std::string& condition) const {
    return negated_ ? absl::StrCat("COALESCE(", condition, ", FALSE)")
                    : absl::StrCat("(", condition, ")");
  }

  absl::StatusOr<Part> Comparison(const Filter& filter) {
    FLEETCAST_ASSIGN_OR_RETURN(const SqlField field, field_of_(filter.field));
    const Part unserved{.text = "", .served = false, .unindexed = {filter.field}};
    const auto with = [](Part part, std::string text) {
      part.text = std::move(text);
      return part;
    };
    if (AsksPresence(filter))
      return with(unserved,
                  absl::StrCat("(", Filled(field.expression, field, ""), " IS NOT NULL)"));
    if (ComparesNumbers(filter) && filter.op != FilterOperator::kHas)
      return with(unserved, AsNumbers(filter, field));
    // A constant for each key: the planner knows how rare each is, and not how rare they are
    // together.
    if (filter.op == FilterOperator::kEqual && field.contained) {
      const nlohmann::json object = {{field.contained->key, filter.value}};
      const std::string contained =
          Bind(object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), "jsonb");
      return Part{.text = NullIsFalse(absl::StrCat(field.contained->column, " @> ", contained)),
                  .served = true,
                  .contained = true};
    }
    const std::string literal = Bind(filter.value, TypeOf(filter.kind));
    if (const auto form = field.indexed_forms.find(filter.op); form != field.indexed_forms.end())
      return Known(NullIsFalse(Filled(form->second, field, literal)));
    const std::string left = Filled(field.expression, field, "");
    if (filter.op == FilterOperator::kHas)
      return with(unserved, NullIsFalse(absl::StrCat("strpos(", left, ", ", literal, ") > 0")));
    if (filter.op == FilterOperator::kNotEqual)
      return with(unserved, absl::StrCat("(", left, " IS DISTINCT FROM ", literal, ")"));
    const bool by_bytes = IsText(filter.kind) && filter.op != FilterOperator::kEqual;
    const std::string text = NullIsFalse(
        absl::StrCat(left, by_bytes ? " COLLATE \"C\" " : " ", SymbolOf(filter.op), " ", literal));
    return field.indexed ? Known(text) : with(unserved, text);
  }

  // Numbers where the stored text is one, else texts by bytes.
  std::string AsNumbers(const Filter& filter, const SqlField& field) {
    const std::string left = Filled(field.expression, field, "");
    const std::string literal = Bind(filter.value, "text");
    const char* symbol = SymbolOf(filter.op);
    const std::string holds = absl::StrCat(
        "CASE WHEN ", left, " ~ ", kNumberPattern, " AND length(", left, ") <= 40 THEN ", left,
        "::double precision ", symbol, " ", literal, "::double precision ELSE ", left,
        " COLLATE \"C\" ", symbol, " ", literal, " END");
    if (filter.op != FilterOperator::kNotEqual) return NullIsFalse(holds);
    return absl::StrCat("(NOT COALESCE(", holds, ", FALSE))");
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
  FLEETCAST_ASSIGN_OR_RETURN(Part part, writer.Write(*filter));
  return SqlCondition{.text = std::move(part.text),
                      .parameters = writer.TakeParameters(),
                      .unindexed = std::move(part.unindexed),
                      .contained = part.contained,
                      .known = part.known.empty() ? "TRUE" : std::move(part.known)};
}

}  // namespace fleetcast::db
