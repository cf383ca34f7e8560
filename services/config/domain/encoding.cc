#include "services/config/domain/encoding.h"

#include <cstddef>

#include "absl/strings/str_format.h"
#include "services/config/domain/value_reader.h"

namespace fleetcast::config {
namespace {

// Length of the UTF-8 character that begins at `i`, 0 if there is none (RFC 3629: no overlong
// forms, no surrogates, nothing above U+10FFFF).
std::size_t CharacterLength(const std::string& text, std::size_t i) {
  const auto byte = [&](std::size_t at) -> unsigned {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
  };
  const unsigned first = byte(i);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                             : first >= 0xE0 && first <= 0xEF ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
  for (std::size_t k = 1; k < length; ++k)
    if ((byte(i + k) & 0xC0) != 0x80) return 0;
  const unsigned second = byte(i + 1);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
      (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F))
    return 0;
  return length;
}

// A carriage return alone ends a line to a YAML reader and to few others.
bool IsControl(const std::string& text, std::size_t i) {
  const auto byte = static_cast<unsigned char>(text[i]);
  if (byte == '\r') return i + 1 == text.size() || text[i + 1] != '\n';
  return (byte < 0x20 && byte != '\t' && byte != '\n') || byte == 0x7F;
}

// U+0085, U+2028 and U+2029 end a line in YAML 1.1 and are text in YAML 1.2.
bool EndsLine(const std::string& text, std::size_t i) {
  return text.compare(i, 2, "\xC2\x85") == 0 || text.compare(i, 3, "\xE2\x80\xA8") == 0 ||
         text.compare(i, 3, "\xE2\x80\xA9") == 0;
}

}  // namespace

Diagnostics CheckEncoding(const std::string& text) {
  Diagnostics diagnostics;
  std::size_t i = 0;
  if (text.starts_with(kByteOrderMark)) {
    i = 3;
    Report(diagnostics, {1, 1}, "", "BYTE_ORDER_MARK", "the file begins with a byte-order mark",
           "save it as UTF-8 without a mark");
    diagnostics.back().severity = Severity::kWarning;
  }
  bool control_reported = false;
  int line = 1;
  std::size_t line_begin = i;  // columns are counted without the mark
  while (i < text.size()) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte < 0x7F) {  // nearly all there is
      ++i;
      continue;
    }
    if (byte == '\n') {
      line_begin = ++i;
      ++line;
      continue;
    }
    const Mark mark{line, static_cast<int>(i - line_begin) + 1};
    const std::size_t length = CharacterLength(text, i);
    if (length == 0) {
      Report(diagnostics, mark, "", "INVALID_UTF8",
             absl::StrFormat("byte 0x%02X is no UTF-8", byte), "save the file as UTF-8");
      return diagnostics;
    }
    if (IsControl(text, i) && !control_reported) {
      control_reported = true;
      Report(diagnostics, mark, "", "CONTROL_CHARACTER",
             absl::StrFormat("control character 0x%02X", byte),
             byte == '\r' ? "end lines with a line feed" : "delete it");
    }
    if (length > 1 && EndsLine(text, i) && !control_reported) {
      control_reported = true;
      Report(diagnostics, mark, "", "CONTROL_CHARACTER",
             "a Unicode line separator, which ends a line to some YAML readers", "delete it");
    }
    i += length;
  }
  return diagnostics;
}

}  // namespace fleetcast::config
