#include "common/base/filter.h"

#include <cctype>
#include <cstdint>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace fleetcast {
namespace {

constexpr std::size_t kMaxLength = 4096;
constexpr int kMaxDepth = 64;

enum class TokenKind { kEnd, kWord, kQuoted, kOperator, kOpen, kClose };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;
  std::size_t column = 1;  // counted in bytes
  std::string shape = {};  // of a word: its text with each part in quotes as q
};

absl::Status SyntaxError(std::size_t column, const std::string& what) {
  return InvalidField("filter", absl::StrCat("at column ", column, ": ", what), "INVALID_FILTER");
}

class Lexer {
 public:
  explicit Lexer(const std::string& text) : text_(text) {}

  absl::StatusOr<Token> Next() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    Token token;
    token.column = at_ + 1;
    if (at_ == text_.size()) return token;
    const char c = text_[at_];
    if (c == '(' || c == ')') {
      ++at_;
      token.kind = c == '(' ? TokenKind::kOpen : TokenKind::kClose;
      token.text = c;
      return token;
    }
    if (c == '"' || c == '\'') {
      token.kind = TokenKind::kQuoted;
      FLEETCAST_ASSIGN_OR_RETURN(token.text, Quoted());
      return token;
    }
    if (IsOperator(c)) {
      token.kind = TokenKind::kOperator;
      token.text = c;
      ++at_;
      if (c != '=' && c != ':' && at_ < text_.size() && text_[at_] == '=')
        token.text += text_[at_++];
      return token;
    }
    return Word(std::move(token));
  }

  // Tells that the next word is a literal, not a field.
  void ExpectValue(bool value) { in_value_ = value; }

 private:
  static bool IsOperator(char c) {
    return c == '=' || c == '!' || c == '<' || c == '>' || c == ':';
  }
  static bool EndsWord(char c, bool in_value) {
    if (std::isspace(static_cast<unsigned char>(c)) || c == '(' || c == ')' || c == '"' ||
        (c == '\'' && !in_value))
      return true;
    return IsOperator(c) && !(in_value && c == ':');
  }

  // A literal, or a field: words and, after a dot, texts in quotes.
  absl::StatusOr<Token> Word(Token token) {
    token.kind = TokenKind::kWord;
    for (;;) {
      const std::size_t from = at_;
      // A colon ends a field but belongs to a bare literal: create_time > 2025-12-09T00:00:00Z.
      while (at_ < text_.size() && !EndsWord(text_[at_], in_value_)) ++at_;
      token.text += text_.substr(from, at_ - from);
      token.shape += text_.substr(from, at_ - from);
      const bool part_follows = !in_value_ && token.shape.ends_with('.') && at_ < text_.size() &&
                                (text_[at_] == '"' || text_[at_] == '\'');
      if (!part_follows) return token;
      FLEETCAST_ASSIGN_OR_RETURN(const std::string part, Quoted());
      token.text += part;
      // Only a dot, and so another part, may follow in the same word.
      const bool ends = at_ == text_.size() || text_[at_] == '.' || EndsWord(text_[at_], false);
      token.shape += ends ? "q" : "q?";
    }
  }

  // What stands between the quotation mark here and its partner.
  absl::StatusOr<std::string> Quoted() {
    const std::size_t column = at_ + 1;
    const char quote = text_[at_];
    std::string content;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == quote) {
        ++at_;
        return content;
      }
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      content += text_[at_];
    }
    return SyntaxError(column, "this quotation mark has no partner");
  }

  const std::string& text_;
  std::size_t at_ = 0;
  bool in_value_ = false;
};

bool IsField(const std::string& text) {
  bool segment_starts = true;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '.') {
      if (segment_starts) return false;
      segment_starts = true;
      continue;
    }
    if (!std::isalnum(u) && c != '_' && c != '-') return false;
    segment_starts = false;
  }
  return !segment_starts;
}

std::optional<FilterOperator> OperatorOf(const std::string& text) {
  static constexpr std::pair<const char*, FilterOperator> kOperators[] = {
      {"=", FilterOperator::kEqual},   {"!=", FilterOperator::kNotEqual},
      {"<", FilterOperator::kLess},    {"<=", FilterOperator::kLessOrEqual},
      {">", FilterOperator::kGreater}, {">=", FilterOperator::kGreaterOrEqual},
      {":", FilterOperator::kHas}};
  for (const auto& [name, op] : kOperators)
    if (text == name) return op;
  return std::nullopt;
}

class Parser {
 public:
  explicit Parser(const std::string& text) : lexer_(text) {}

  absl::StatusOr<Filter> Parse() {
    FLEETCAST_RETURN_IF_ERROR(Advance());
    FLEETCAST_ASSIGN_OR_RETURN(Filter filter, Conjunction());
    if (token_.kind == TokenKind::kClose)
      return SyntaxError(token_.column, "this \")\" has no partner");
    if (token_.kind != TokenKind::kEnd)
      return SyntaxError(token_.column, "expected AND, OR or the end");
    return filter;
  }

 private:
  absl::Status Advance() {
    FLEETCAST_ASSIGN_OR_RETURN(token_, lexer_.Next());
    return absl::OkStatus();
  }
  [[nodiscard]] bool AtWord(const char* word) const {
    return token_.kind == TokenKind::kWord && token_.text == word;
  }

  absl::StatusOr<Filter> Conjunction() {
    return Joined("AND", FilterOperator::kAnd, &Parser::Disjunction);
  }
  absl::StatusOr<Filter> Disjunction() { return Joined("OR", FilterOperator::kOr, &Parser::Term); }

  absl::StatusOr<Filter> Joined(const char* word, FilterOperator op,
                                absl::StatusOr<Filter> (Parser::*operand)()) {
    FLEETCAST_ASSIGN_OR_RETURN(Filter first, (this->*operand)());
    if (!AtWord(word)) return first;
    Filter joined;
    joined.op = op;
    joined.operands.push_back(std::move(first));
    while (AtWord(word)) {
      FLEETCAST_RETURN_IF_ERROR(Advance());
      FLEETCAST_ASSIGN_OR_RETURN(Filter next, (this->*operand)());
      joined.operands.push_back(std::move(next));
    }
    return joined;
  }

  absl::StatusOr<Filter> Term() {
    if (!AtWord("NOT")) return Simple();
    FLEETCAST_RETURN_IF_ERROR(Advance());
    FLEETCAST_ASSIGN_OR_RETURN(Filter operand, Simple());
    Filter negation;
    negation.op = FilterOperator::kNot;
    negation.operands.push_back(std::move(operand));
    return negation;
  }

  absl::StatusOr<Filter> Simple() {
    if (token_.kind != TokenKind::kOpen) return Comparison();
    const std::size_t column = token_.column;
    if (++depth_ > kMaxDepth)
      return SyntaxError(column, absl::StrCat("more than ", kMaxDepth, " nested parentheses"));
    FLEETCAST_RETURN_IF_ERROR(Advance());
    FLEETCAST_ASSIGN_OR_RETURN(Filter inner, Conjunction());
    if (token_.kind != TokenKind::kClose) {
      if (token_.kind == TokenKind::kEnd) return SyntaxError(column, "this \"(\" has no partner");
      return SyntaxError(token_.column, "expected AND, OR or \")\"");
    }
    --depth_;
    FLEETCAST_RETURN_IF_ERROR(Advance());
    return inner;
  }

  absl::StatusOr<Filter> Comparison() {
    if (token_.kind != TokenKind::kWord || !IsField(token_.shape) || AtWord("AND") || AtWord("OR"))
      return SyntaxError(token_.column,
                         "expected a field such as tags.plant_id or tags.\"team/owner\"");
    Filter comparison;
    comparison.field = token_.text;
    FLEETCAST_RETURN_IF_ERROR(Advance());
    const auto op = token_.kind == TokenKind::kOperator ? OperatorOf(token_.text) : std::nullopt;
    if (!op)
      return SyntaxError(token_.column, absl::StrCat("expected =, !=, <, <=, >, >= or : after \"",
                                                     comparison.field, "\""));
    comparison.op = *op;
    lexer_.ExpectValue(true);
    const absl::Status advanced = Advance();
    lexer_.ExpectValue(false);
    FLEETCAST_RETURN_IF_ERROR(advanced);
    if (token_.kind != TokenKind::kWord && token_.kind != TokenKind::kQuoted)
      return SyntaxError(token_.column, absl::StrCat("expected a value for \"", comparison.field,
                                                     "\", such as \"P001\" or 0.2"));
    comparison.value = token_.text;
    comparison.quoted = token_.kind == TokenKind::kQuoted;
    FLEETCAST_RETURN_IF_ERROR(Advance());
    return comparison;
  }

  Lexer lexer_;
  Token token_;
  int depth_ = 0;
};

template <typename T>
int Order(const T& left, const T& right) {
  return left < right ? -1 : right < left ? 1 : 0;
}

// `stored` against the literal: negative, 0 or positive. By bytes where a side is not of the kind,
// which no store gives and CheckFilter lets nobody ask.
int Compare(const std::string& stored, const Filter& filter) {
  if (filter.kind == FilterKind::kInteger) {
    std::int64_t left = 0, right = 0;
    if (absl::SimpleAtoi(stored, &left) && absl::SimpleAtoi(filter.value, &right))
      return Order(left, right);
  }
  if (filter.kind == FilterKind::kNumber) {
    double left = 0, right = 0;
    if (absl::SimpleAtod(stored, &left) && absl::SimpleAtod(filter.value, &right))
      return Order(left, right);
  }
  if (ComparesNumbers(filter))
    if (const auto left = FilterNumber(stored)) return Order(*left, *FilterNumber(filter.value));
  return stored.compare(filter.value);
}

bool MatchesComparison(const Filter& filter, const std::optional<std::string>& value) {
  if (!value) return filter.op == FilterOperator::kNotEqual;
  switch (filter.op) {
    case FilterOperator::kEqual:
      return Compare(*value, filter) == 0;
    case FilterOperator::kNotEqual:
      return Compare(*value, filter) != 0;
    case FilterOperator::kLess:
      return Compare(*value, filter) < 0;
    case FilterOperator::kLessOrEqual:
      return Compare(*value, filter) <= 0;
    case FilterOperator::kGreater:
      return Compare(*value, filter) > 0;
    case FilterOperator::kGreaterOrEqual:
      return Compare(*value, filter) >= 0;
    default:
      return AsksPresence(filter) || value->find(filter.value) != std::string::npos;
  }
}

}  // namespace

std::optional<double> FilterNumber(const std::string& text) {
  // Digits first and last: what SimpleAtod takes besides (nan, inf, blanks, "1.") is text here, so
  // that SQL can tell numbers by the same pattern.
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const auto digits = [&] {
    const std::size_t from = at;
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at]))) ++at;
    return at - from;
  };
  if (text.size() > 40 || digits() == 0) return std::nullopt;
  if (at < text.size() && text[at] == '.' && (++at, digits() == 0)) return std::nullopt;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t exponent = digits();
    if (exponent == 0 || exponent > 2) return std::nullopt;
  }
  double number = 0;
  if (at != text.size() || !absl::SimpleAtod(text, &number)) return std::nullopt;
  return number;
}

bool AsksPresence(const Filter& filter) {
  return filter.op == FilterOperator::kHas && filter.value == "*" && !filter.quoted;
}

bool ComparesNumbers(const Filter& filter) {
  return filter.kind == FilterKind::kValue && !filter.quoted && FilterNumber(filter.value);
}

absl::StatusOr<std::optional<Filter>> ParseFilter(const std::string& text) {
  if (text.size() > kMaxLength)
    return InvalidField(
        "filter", absl::StrCat("has ", text.size(), " bytes; at most ", kMaxLength, " are allowed"),
        "INVALID_FILTER");
  if (text.find('\0') != std::string::npos)
    return InvalidField("filter", "holds a NUL byte; remove it", "INVALID_FILTER");
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return std::optional<Filter>();
  FLEETCAST_ASSIGN_OR_RETURN(Filter filter, Parser(text).Parse());
  return std::optional<Filter>(std::move(filter));
}

bool Matches(const Filter& filter,
             const std::function<std::optional<std::string>(const std::string& field)>& value_of) {
  switch (filter.op) {
    case FilterOperator::kAnd:
      for (const Filter& operand : filter.operands)
        if (!Matches(operand, value_of)) return false;
      return true;
    case FilterOperator::kOr:
      for (const Filter& operand : filter.operands)
        if (Matches(operand, value_of)) return true;
      return false;
    case FilterOperator::kNot:
      return !Matches(filter.operands[0], value_of);
    default:
      return MatchesComparison(filter, value_of(filter.field));
  }
}

}  // namespace fleetcast
