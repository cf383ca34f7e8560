#include "services/config/yaml/yaml_parser.h"

#include <yaml.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/config/domain/encoding.h"
#include "services/config/domain/value_reader.h"

namespace fleetcast::config {
namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxNodes = 400'000;

// Why a text is no document that can be read.
struct Refusal {
  Mark mark;
  std::string reason;
  std::string message;
  std::string remedy;
};

// From libyaml's marks, which count characters, to ours, which count bytes. Cheap where marks come
// in the order of the text.
class MarkReader {
 public:
  explicit MarkReader(std::string_view text)
      : text_(text), ascii_(std::all_of(text.begin(), text.end(), [](char c) {
          return static_cast<unsigned char>(c) < 0x80;
        })) {}

  Mark Read(const yaml_mark_t& mark) {
    if (ascii_) return {static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1};
    const std::size_t line_begin = mark.index - mark.column;
    if (line_begin != line_.character) {
      if (line_begin < line_.character) line_ = {};
      Advance(line_, line_begin);
      cursor_ = line_;
    }
    if (mark.index < cursor_.character) cursor_ = line_;
    Advance(cursor_, mark.index);
    return {static_cast<int>(mark.line) + 1, static_cast<int>(cursor_.byte - line_.byte) + 1};
  }

 private:
  struct Place {
    std::size_t character = 0;
    std::size_t byte = 0;
  };

  void Advance(Place& place, std::size_t character) const {
    while (place.character < character && place.byte < text_.size()) {
      ++place.byte;
      while (place.byte < text_.size() && (text_[place.byte] & 0xC0) == 0x80) ++place.byte;
      ++place.character;
    }
  }

  std::string_view text_;
  const bool ascii_;  // a character is a byte
  Place line_, cursor_;
};

bool IsNull(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

std::string_view Text(const yaml_char_t* text) {
  return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}

// Makes a document of libyaml's events.
class DocumentBuilder {
 public:
  explicit DocumentBuilder(std::string_view text) : marks_(text) {
    constexpr std::size_t kBytesPerNode = 12;  // of what configurations hold
    document_.nodes.reserve(text.size() / kBytesPerNode);
  }

  // nullopt if all is well.
  std::optional<Refusal> Add(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        if (++documents_ == 1) return std::nullopt;
        return Refusal{MarkOf(event), "MULTIPLE_DOCUMENTS", "a second document begins here",
                       "keep one document in a file: delete the `---`"};
      case YAML_ALIAS_EVENT:
        return AddAlias(event);
      case YAML_SCALAR_EVENT:
        return AddScalar(event);
      case YAML_SEQUENCE_START_EVENT:
        return Open(event, YamlNode::Kind::kSequence, event.data.sequence_start.tag,
                    event.data.sequence_start.anchor);
      case YAML_MAPPING_START_EVENT:
        return Open(event, YamlNode::Kind::kMapping, event.data.mapping_start.tag,
                    event.data.mapping_start.anchor);
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        open_.pop_back();
        return std::nullopt;
      default:
        return std::nullopt;
    }
  }

  Mark MarkOf(const yaml_mark_t& mark) { return marks_.Read(mark); }

  YamlDocument Take() {
    if (document_.nodes.empty()) document_.nodes.push_back({.mark = {1, 1}});
    return std::move(document_);
  }

 private:
  Mark MarkOf(const yaml_event_t& event) { return marks_.Read(event.start_mark); }

  std::optional<Refusal> AddAlias(const yaml_event_t& event) {
    const std::string name(Text(event.data.alias.anchor));
    const auto target = anchors_.find(name);
    if (target == anchors_.end())
      return Refusal{MarkOf(event), "YAML_SYNTAX",
                     absl::StrCat("this is no YAML: there is no anchor `&", name, "` before"),
                     "correct the name, or write the value out"};
    Attach(target->second);
    return std::nullopt;
  }

  std::optional<Refusal> AddScalar(const yaml_event_t& event) {
    const auto& scalar = event.data.scalar;
    const std::string_view tag = Text(scalar.tag);
    const std::string_view text(reinterpret_cast<const char*>(scalar.value), scalar.length);
    const bool plain = scalar.style == YAML_PLAIN_SCALAR_STYLE;
    const Mark mark = MarkOf(event);
    if (plain && tag.empty() && IsNull(text))
      return Add({.kind = YamlNode::Kind::kNull, .mark = PlaceOfNull(mark)}, scalar.anchor);
    // The tag `!` says that a plain scalar is text.
    return Add({.kind = YamlNode::Kind::kScalar,
                .quoted = tag.empty() ? !plain : tag == "!",
                .text = std::string(text),
                .tag = std::string(tag == "!" ? "" : tag),
                .mark = mark},
               scalar.anchor);
  }

  // The place of `key:` with nothing after it is that of the key.
  [[nodiscard]] Mark PlaceOfNull(const Mark& mark) const {
    if (open_.empty()) return mark;
    const YamlNode& parent = document_.at(open_.back());
    const bool is_value =
        parent.kind == YamlNode::Kind::kMapping && parent.children.size() % 2 == 1;
    return is_value ? document_.at(parent.children.back()).mark : mark;
  }

  std::optional<Refusal> Open(const yaml_event_t& event, YamlNode::Kind kind,
                              const yaml_char_t* tag, const yaml_char_t* anchor) {
    if (open_.size() == kMaxDepth)
      return Refusal{MarkOf(event), "NESTING_TOO_DEEP",
                     absl::StrCat("more than ", kMaxDepth, " levels are nested here"),
                     "no key of a configuration is that deep"};
    const std::string_view text = Text(tag);
    auto refusal = Add(
        {.kind = kind, .tag = std::string(text == "!" ? "" : text), .mark = MarkOf(event)}, anchor);
    open_.push_back(static_cast<int>(document_.nodes.size()) - 1);
    return refusal;
  }

  std::optional<Refusal> Add(YamlNode&& node, const yaml_char_t* anchor) {
    if (document_.nodes.size() == kMaxNodes)
      return Refusal{node.mark, "DOCUMENT_TOO_LARGE",
                     absl::StrCat("the file has more than ", kMaxNodes, " values"),
                     "split the fleet over several repositories"};
    const int index = static_cast<int>(document_.nodes.size());
    document_.nodes.push_back(std::move(node));
    if (anchor != nullptr) anchors_[std::string(Text(anchor))] = index;
    Attach(index);
    return std::nullopt;
  }

  void Attach(int index) {
    if (open_.empty()) return;
    std::vector<int>& children = document_.nodes[open_.back()].children;
    constexpr std::size_t kUsual = 8;
    if (children.empty()) children.reserve(kUsual);
    children.push_back(index);
  }

  MarkReader marks_;
  YamlDocument document_;
  int documents_ = 0;
  std::vector<int> open_;  // sequences and mappings that have not ended
  std::unordered_map<std::string, int> anchors_;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : builder_(text), text_(text) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  ~Parser() { yaml_parser_delete(&parser_); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  std::optional<Refusal> Parse() {
    for (bool ended = false; !ended;) {
      yaml_event_t event;
      if (yaml_parser_parse(&parser_, &event) == 0) return SyntaxError();
      ended = event.type == YAML_STREAM_END_EVENT;
      auto refusal = builder_.Add(event);
      yaml_event_delete(&event);
      if (refusal) return refusal;
    }
    return std::nullopt;
  }

  YamlDocument Take() { return builder_.Take(); }

 private:
  Refusal SyntaxError() {
    // A character that no YAML may hold has an offset in bytes; all else has a mark.
    const Mark mark = parser_.error == YAML_READER_ERROR ? MarkOfByte(parser_.problem_offset)
                                                         : builder_.MarkOf(parser_.problem_mark);
    if (IsIndentedWithTab(mark.line))
      return {{mark.line, 1},
              "TAB_INDENTATION",
              "the line is indented with a tab",
              "indent with spaces"};
    const std::string problem = parser_.problem == nullptr ? "unknown" : parser_.problem;
    return {mark, "YAML_SYNTAX", absl::StrCat("this is no YAML: ", problem),
            "correct the file here, or a little above"};
  }

  [[nodiscard]] Mark MarkOfByte(std::size_t offset) const {
    Mark mark{1, 1};
    for (std::size_t i = 0; i < offset && i < text_.size(); ++i)
      mark = text_[i] == '\n' ? Mark{mark.line + 1, 1} : Mark{mark.line, mark.column + 1};
    return mark;
  }

  // Whether a line's indentation holds a tab: what most syntax errors that nobody can see come
  // from.
  [[nodiscard]] bool IsIndentedWithTab(int line) const {
    std::size_t begin = 0;
    for (int i = 1; i < line && begin != std::string_view::npos; ++i) {
      begin = text_.find('\n', begin);
      if (begin != std::string_view::npos) ++begin;
    }
    if (begin == std::string_view::npos) return false;
    const std::size_t end = text_.find_first_not_of(" \t", begin);
    return text_.substr(begin, end == std::string_view::npos ? end : end - begin).find('\t') !=
           std::string_view::npos;
  }

  yaml_parser_t parser_ = {};
  DocumentBuilder builder_;
  std::string_view text_;
};

}  // namespace

ParsedYaml ParseYaml(const std::string& text) {
  ParsedYaml parsed{.diagnostics = CheckEncoding(text)};
  if (HasError(parsed.diagnostics)) return parsed;
  std::string_view content = text;
  if (content.starts_with(kByteOrderMark))
    content.remove_prefix(std::string_view(kByteOrderMark).size());
  Parser parser(content);
  if (const auto refusal = parser.Parse())
    Report(parsed.diagnostics, refusal->mark, "", refusal->reason, refusal->message,
           refusal->remedy);
  else
    parsed.document = parser.Take();
  return parsed;
}

}  // namespace fleetcast::config
