#include "services/config/yaml/yaml_parser.h"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "services/config/domain/encoding.h"
#include "services/config/domain/value_reader.h"

namespace fleetcast::config {
namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxNodes = 1'000'000;

// Ends a parse from within yaml-cpp; caught in this file.
struct Refusal {
  Mark mark;
  std::string reason;
  std::string message;
  std::string remedy;
};

Mark MarkOf(const YAML::Mark& mark) {
  return mark.is_null() ? Mark{} : Mark{mark.line + 1, mark.column + 1};
}

class DocumentBuilder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add({.kind = YamlNode::Kind::kNull, .mark = PlaceOfNull(MarkOf(mark))}, anchor);
  }

  void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t anchor) override {
    const auto target = anchors_.find(anchor);
    // yaml-cpp itself refuses an alias to nothing.
    if (target != anchors_.end()) Attach(target->second);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Add({.kind = YamlNode::Kind::kScalar,
         .quoted = tag == "!",
         .text = value,
         .tag = ExplicitTag(tag),
         .mark = MarkOf(mark)},
        anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Open(YamlNode::Kind::kSequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { open_.pop_back(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Open(YamlNode::Kind::kMapping, mark, tag, anchor);
  }
  void OnMapEnd() override { open_.pop_back(); }

  YamlDocument Take() {
    if (document_.nodes.empty()) document_.nodes.push_back({.mark = {1, 1}});
    return std::move(document_);
  }

 private:
  // yaml-cpp says "?" for a plain node and "!" for a quoted scalar.
  static std::string ExplicitTag(const std::string& tag) {
    return tag == "?" || tag == "!" ? "" : tag;
  }

  // For `key:` with nothing after it yaml-cpp gives the place of whatever comes next.
  [[nodiscard]] Mark PlaceOfNull(const Mark& mark) const {
    if (open_.empty()) return mark;
    const YamlNode& parent = document_.at(open_.back());
    const bool is_value =
        parent.kind == YamlNode::Kind::kMapping && parent.children.size() % 2 == 1;
    return is_value ? document_.at(parent.children.back()).mark : mark;
  }

  void Open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    if (open_.size() == kMaxDepth)
      throw Refusal{MarkOf(mark), "NESTING_TOO_DEEP",
                    absl::StrCat("more than ", kMaxDepth, " levels are nested here"),
                    "no key of a configuration is that deep"};
    open_.push_back(Add({.kind = kind, .tag = ExplicitTag(tag), .mark = MarkOf(mark)}, anchor));
  }

  int Add(YamlNode node, YAML::anchor_t anchor) {
    if (document_.nodes.size() == kMaxNodes)
      throw Refusal{node.mark, "DOCUMENT_TOO_LARGE",
                    absl::StrCat("the file has more than ", kMaxNodes, " values"),
                    "split the fleet over several repositories"};
    const int index = static_cast<int>(document_.nodes.size());
    document_.nodes.push_back(std::move(node));
    if (anchor != YAML::NullAnchor) anchors_[anchor] = index;
    Attach(index);
    return index;
  }

  void Attach(int index) {
    if (!open_.empty()) document_.nodes[open_.back()].children.push_back(index);
  }

  YamlDocument document_;
  std::vector<int> open_;  // sequences and mappings that have not ended
  std::unordered_map<YAML::anchor_t, int> anchors_;
};

// Whether the line's indentation, up to a byte column, holds a tab: what most syntax errors that
// nobody can see come from.
bool IsIndentedWithTab(const std::string& text, int line) {
  std::size_t begin = 0;
  for (int i = 1; i < line && begin != std::string::npos; ++i) {
    begin = text.find('\n', begin);
    if (begin != std::string::npos) ++begin;
  }
  if (begin == std::string::npos) return false;
  const std::size_t end = text.find_first_not_of(" \t", begin);
  return text.substr(begin, end == std::string::npos ? end : end - begin).find('\t') !=
         std::string::npos;
}

void ReportSyntax(const std::string& text, const Mark& mark, const std::string& what,
                  Diagnostics& diagnostics) {
  if (IsIndentedWithTab(text, mark.line))
    Report(diagnostics, {mark.line, 1}, "", "TAB_INDENTATION", "the line is indented with a tab",
           "indent with spaces");
  else
    Report(diagnostics, mark, "", "YAML_SYNTAX", absl::StrCat("this is no YAML: ", what),
           "correct the file here, or a little above");
}

}  // namespace

ParsedYaml ParseYaml(const std::string& text) {
  ParsedYaml parsed{.diagnostics = CheckEncoding(text)};
  if (HasError(parsed.diagnostics)) return parsed;
  std::istringstream stream(text);
  try {
    YAML::Parser parser(stream);
    DocumentBuilder builder;
    parser.HandleNextDocument(builder);
    DocumentBuilder second;
    if (parser.HandleNextDocument(second)) {
      YamlDocument rest = second.Take();
      Report(parsed.diagnostics, rest.at(rest.root).mark, "", "MULTIPLE_DOCUMENTS",
             "a second document begins here", "keep one document in a file: delete the `---`");
      return parsed;
    }
    parsed.document = builder.Take();
  } catch (const Refusal& refusal) {
    Report(parsed.diagnostics, refusal.mark, "", refusal.reason, refusal.message, refusal.remedy);
  } catch (const YAML::DeepRecursion& error) {
    Report(parsed.diagnostics, MarkOf(error.mark), "", "NESTING_TOO_DEEP",
           absl::StrCat("more than ", kMaxDepth, " levels are nested here"),
           "no key of a configuration is that deep");
  } catch (const YAML::Exception& error) {
    ReportSyntax(text, MarkOf(error.mark), error.msg, parsed.diagnostics);
  }
  return parsed;
}

}  // namespace fleetcast::config
