#include "services/config/domain/encoding.h"

#include <cstddef>
#include <string_view>

#include "absl/strings/str_format.h"
#include "common/base/text.h"
#include "services/config/domain/value_reader.h"

namespace fleetcast::config {
namespace {

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
    const std::size_t length = Utf8Length(std::string_view(text).substr(i));
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
