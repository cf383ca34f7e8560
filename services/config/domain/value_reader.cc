#include "services/config/domain/value_reader.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/id.h"
#include "common/base/text.h"
#include "services/config/domain/scalar.h"

namespace fleetcast::config {
namespace {

std::string Quoted(const std::string& text) { return absl::StrCat("\"", Excerpt(text), "\""); }

std::string NodeText(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "empty";
    case YamlNode::Kind::kSequence:
      return "a list";
    case YamlNode::Kind::kMapping:
      return "a mapping";
    case YamlNode::Kind::kScalar:
      return node.quoted ? Quoted(node.text) : Excerpt(node.text);
  }
  return "";
}

// Reads the scalars of one key; every method reports what it refuses.
class ScalarReader {
 public:
  ScalarReader(KeyType type, const ValueRange& range, const FieldPath& field,
               Diagnostics& diagnostics)
      : type_(type), range_(range), field_(field), diagnostics_(diagnostics) {}

  std::optional<double> Number(const YamlNode& node, bool whole) {
    const char* const wanted = whole ? "a whole number" : "a number";
    if (!IsScalar(node, wanted)) return std::nullopt;
    if (node.quoted) {
      const bool number = MeaningOf(node.text) == ScalarMeaning::kNumber;
      return Refuse<double>(node, "WRONG_TYPE", "is text, not a number",
                            number ? absl::StrCat("leave the quotes out: ", Excerpt(node.text))
                                   : absl::StrCat("write ", wanted, " ", range_.Text()));
    }
    const ScalarMeaning meaning = MeaningOf(node.text);
    if (meaning == ScalarMeaning::kAmbiguous)
      return Refuse<double>(node, "AMBIGUOUS_SCALAR",
                            "does not mean the same number to every YAML reader",
                            absl::StrCat("write ", wanted, " in plain decimal digits"));
    if (meaning != ScalarMeaning::kNumber)
      return Refuse<double>(node, "WRONG_TYPE", "is no number",
                            absl::StrCat("write ", wanted, " ", range_.Text()));
    const double number = NumberOf(node.text);
    if (whole && std::isfinite(number) && number != std::floor(number))
      return Refuse<double>(node, "WRONG_TYPE", "is no whole number",
                            absl::StrCat("write ", wanted, " ", range_.Text()));
    if (!range_.Contains(number))
      return Refuse<double>(node, "OUT_OF_RANGE", "is out of range",
                            absl::StrCat("use ", wanted, " ", range_.Text()));
    if (const std::string common = Yaml11Number(node.text); common != node.text)
      Warn(node, "AMBIGUOUS_SCALAR", "is text to YAML 1.1 readers such as PyYAML",
           absl::StrCat("write ", common, ", or plain digits"));
    return number;
  }

  std::optional<std::string> Text(const YamlNode& node, const std::vector<std::string>& choices) {
    if (!IsScalar(node, TypeText(type_))) return std::nullopt;
    const ScalarMeaning meaning = node.quoted ? ScalarMeaning::kText : MeaningOf(node.text);
    if (type_ == KeyType::kDate) return Date(node, meaning);
    if (meaning != ScalarMeaning::kText)
      return Refuse<std::string>(node, "WRONG_TYPE", "is not text to a YAML reader",
                                 absl::StrCat("write it in quotes: ", Quoted(node.text)));
    if (type_ == KeyType::kChoice) return Choice(node, choices);
    if (!HasForm(node.text))
      return Refuse<std::string>(node, "MALFORMED", Fault(node.text), Form());
    return node.text;
  }

 private:
  template <typename T>
  std::optional<T> Refuse(const YamlNode& node, const std::string& reason,
                          const std::string& complaint, const std::string& remedy) {
    Complain(node, reason, complaint, remedy);
    return std::nullopt;
  }

  void Warn(const YamlNode& node, const std::string& reason, const std::string& complaint,
            const std::string& remedy) {
    Diagnostic* diagnostic = Complain(node, reason, complaint, remedy);
    if (diagnostic != nullptr) diagnostic->severity = Severity::kWarning;
  }

  Diagnostic* Complain(const YamlNode& node, const std::string& reason,
                       const std::string& complaint, const std::string& remedy) {
    const std::string field = field_.Text();
    return Report(diagnostics_, node.mark, field, reason,
                  absl::StrCat("`", field, "` is ", NodeText(node), ", which ", complaint), remedy);
  }

  bool IsScalar(const YamlNode& node, const char* wanted) {
    if (node.kind == YamlNode::Kind::kScalar && node.tag.empty()) return true;
    const std::string field = field_.Text();
    if (!node.tag.empty())
      Report(diagnostics_, node.mark, field, "UNSUPPORTED_TAG",
             absl::StrCat("`", field, "` has the tag ", Excerpt(node.tag)),
             "leave the tag out: the key says what the type is");
    else
      Report(diagnostics_, node.mark, field, "WRONG_TYPE",
             absl::StrCat("`", field, "` is ", NodeText(node)), absl::StrCat("write ", wanted));
    return false;
  }

  std::optional<std::string> Date(const YamlNode& node, ScalarMeaning meaning) {
    const bool dated = meaning == ScalarMeaning::kDate || meaning == ScalarMeaning::kText;
    if (dated && IsCalendarDate(node.text)) return node.text;
    if (MeaningOf(node.text) == ScalarMeaning::kDate)
      return Refuse<std::string>(node, "INVALID_DATE", "is no day of the calendar",
                                 "use a date that exists, as in \"2025-12-09\"");
    return Refuse<std::string>(node, "WRONG_TYPE", "is no date",
                               "write a date as YYYY-MM-DD, as in \"2025-12-09\"");
  }

  std::optional<std::string> Choice(const YamlNode& node, const std::vector<std::string>& choices) {
    if (std::find(choices.begin(), choices.end(), node.text) != choices.end()) return node.text;
    return Refuse<std::string>(node, "UNKNOWN_VALUE", "is not one of the values it may have",
                               absl::StrCat("use one of ", absl::StrJoin(choices, ", ")));
  }

  bool HasForm(const std::string& text) const {
    if (type_ == KeyType::kId) return ValidateId("id", text).ok();
    if (!range_.Contains(static_cast<double>(text.size()))) return false;
    if (type_ == KeyType::kName) return PrintableLine(text, text.size()) == text;
    const auto is_word = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    return is_word(text[0]) && std::all_of(text.begin(), text.end(), [&is_word](char c) {
             return is_word(c) || c == '.' || c == '_' || c == '-';
           });
  }

  std::string Fault(const std::string& text) const {
    if (type_ != KeyType::kId && !range_.Contains(static_cast<double>(text.size())))
      return absl::StrCat("is ", text.size(), " bytes long");
    return absl::StrCat("is not ", TypeText(type_));
  }

  std::string Form() const {
    const std::string length =
        absl::StrCat(NumberText(range_.minimum), " to ", NumberText(range_.maximum), " ");
    switch (type_) {
      case KeyType::kId:
        return "use 1 to 63 letters, digits, _ and -, beginning with a letter or digit";
      case KeyType::kToken:
        return absl::StrCat("use ", length,
                            "letters, digits and ._-, beginning with a letter or digit");
      default:
        return absl::StrCat("use ", length, "bytes of UTF-8 without control characters");
    }
  }

  KeyType type_;
  const ValueRange& range_;
  const FieldPath& field_;
  Diagnostics& diagnostics_;
};

// The items of a list as nodes; nullptr after a diagnostic.
const std::vector<int>* Items(const Key& key, const YamlNode& node, Diagnostics& diagnostics) {
  const std::string wanted = absl::StrCat(TypeText(key.type), " in [ ]");
  if (node.kind != YamlNode::Kind::kSequence || !node.tag.empty()) {
    Report(diagnostics, node.mark, key.path, node.tag.empty() ? "WRONG_TYPE" : "UNSUPPORTED_TAG",
           absl::StrCat("`", key.path, "` is ", NodeText(node), ", which is no list"),
           absl::StrCat("write ", wanted));
    return nullptr;
  }
  if (node.children.empty() || node.children.size() > key.max_items) {
    Report(diagnostics, node.mark, key.path, "WRONG_LENGTH",
           absl::StrCat("`", key.path, "` has ", node.children.size(), " items"),
           absl::StrCat("write 1 to ", key.max_items));
    return nullptr;
  }
  return &node.children;
}

std::optional<Value> ReadNames(const Key& key, const YamlDocument& document,
                               const std::vector<int>& items, Diagnostics& diagnostics) {
  const FieldPath list(key.path);
  std::vector<std::string> names;
  bool sound = true;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const FieldPath field(list, i);
    const YamlNode& node = document.at(items[i]);
    const auto name = ReadText(KeyType::kName, key.range, field, node, diagnostics);
    if (!name) {
      sound = false;
    } else if (std::find(names.begin(), names.end(), *name) != names.end()) {
      Report(
          diagnostics, node.mark, field.Text(), "DUPLICATE_VALUE",
          absl::StrCat("`", field.Text(), "` is ", Excerpt(*name), ", which stands there already"),
          "leave it out");
      sound = false;
    } else {
      names.push_back(*name);
    }
  }
  if (!sound) return std::nullopt;
  return names;
}

std::optional<Value> ReadLevels(const Key& key, const YamlDocument& document,
                                const std::vector<int>& items, Diagnostics& diagnostics) {
  const FieldPath list(key.path);
  std::vector<double> levels;
  bool sound = true;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const FieldPath field(list, i);
    const YamlNode& node = document.at(items[i]);
    const auto level = ScalarReader(key.type, key.range, field, diagnostics).Number(node, false);
    if (!level) {
      sound = false;
      continue;
    }
    if (!levels.empty() && *level <= levels.back()) {
      Report(diagnostics, node.mark, field.Text(), "NOT_ASCENDING",
             absl::StrCat("`", field.Text(), "` is ", NumberText(*level),
                          ", which is not above the ", NumberText(levels.back()), " before it"),
             "write the numbers in ascending order, each once");
      sound = false;
    }
    levels.push_back(*level);
  }
  if (!sound) return std::nullopt;
  return levels;
}

}  // namespace

Diagnostic* Report(Diagnostics& diagnostics, const Mark& mark, const std::string& field,
                   const std::string& reason, const std::string& message,
                   const std::string& remedy) {
  if (diagnostics.size() > kMostDiagnosticsOfFile) return nullptr;
  if (diagnostics.size() == kMostDiagnosticsOfFile) {
    diagnostics.push_back(
        {.mark = mark,
         .reason = "TOO_MANY_PROBLEMS",
         .message = absl::StrCat("the file has more than ", kMostDiagnosticsOfFile, " problems"),
         .remedy = "mend these first"});
    return nullptr;
  }
  diagnostics.push_back(
      {.mark = mark, .field = field, .reason = reason, .message = message, .remedy = remedy});
  return &diagnostics.back();
}

std::optional<std::string> ReadText(KeyType type, const ValueRange& length, const FieldPath& field,
                                    const YamlNode& node, Diagnostics& diagnostics) {
  return ScalarReader(type, length, field, diagnostics).Text(node, {});
}

std::optional<Value> ReadValue(const Key& key, const YamlDocument& document, int node,
                               Diagnostics& diagnostics) {
  const YamlNode& at = document.at(node);
  const FieldPath field(key.path);
  ScalarReader reader(key.type, key.range, field, diagnostics);
  switch (key.type) {
    case KeyType::kInteger: {
      const auto number = reader.Number(at, true);
      if (!number) return std::nullopt;
      return static_cast<std::int64_t>(*number);
    }
    case KeyType::kNumber: {
      const auto number = reader.Number(at, false);
      if (!number) return std::nullopt;
      return *number == 0 ? 0.0 : *number;  // -0 is 0
    }
    case KeyType::kNameList: {
      const auto* items = Items(key, at, diagnostics);
      return items == nullptr ? std::nullopt : ReadNames(key, document, *items, diagnostics);
    }
    case KeyType::kLevelList: {
      const auto* items = Items(key, at, diagnostics);
      return items == nullptr ? std::nullopt : ReadLevels(key, document, *items, diagnostics);
    }
    default: {
      const auto text = reader.Text(at, key.choices);
      if (!text) return std::nullopt;
      return *text;
    }
  }
}

}  // namespace fleetcast::config
