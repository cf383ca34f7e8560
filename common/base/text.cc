#include "common/base/text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace fleetcast {
namespace {

constexpr std::string_view kEllipsis = "…";

enum class LineEnds { kKept, kNamed };

unsigned Byte(std::string_view text, std::size_t i) {
  return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
}

bool IsPlain(char c) { return c >= 0x20 && c < 0x7F; }

// Of a valid sequence of two or three bytes.
unsigned CodePoint(std::string_view character) {
  return character.size() == 2 ? (Byte(character, 0) & 0x1F) << 6 | (Byte(character, 1) & 0x3F)
                               : (Byte(character, 0) & 0x0F) << 12 |
                                     (Byte(character, 1) & 0x3F) << 6 | (Byte(character, 2) & 0x3F);
}

// C1 controls, line and paragraph separator, embeddings, overrides and isolates of direction.
bool Steers(unsigned code_point) {
  return (code_point >= 0x80 && code_point <= 0x9F) ||
         (code_point >= 0x2028 && code_point <= 0x202E) ||
         (code_point >= 0x2066 && code_point <= 0x2069);
}

std::string HexByte(unsigned byte) { return absl::StrFormat("\\x%02X", byte); }

// How the character of `length` bytes (0: none) that begins `text` is shown.
std::string Shown(std::string_view text, std::size_t length, LineEnds line_ends) {
  const char first = text.front();
  if (length == 0) return HexByte(Byte(text, 0));
  if (length == 1) {
    if (first == '\n' || first == '\t')
      return line_ends == LineEnds::kKept ? std::string(1, first) : first == '\n' ? "\\n" : "\\t";
    return IsPlain(first) ? std::string(1, first) : HexByte(Byte(text, 0));
  }
  const std::string_view character = text.substr(0, length);
  if (length < 4 && Steers(CodePoint(character)))
    return absl::StrFormat("\\u%04X", CodePoint(character));
  return std::string(character);
}

std::string Printable(std::string_view text, std::size_t max_bytes, LineEnds line_ends) {
  if (text.size() <= max_bytes && std::all_of(text.begin(), text.end(), IsPlain))
    return std::string(text);  // nearly all there is
  std::string printable;
  std::size_t cut = 0;  // the end of the last character after which an ellipsis fits
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    const std::string shown = Shown(text, length, line_ends);
    if (printable.size() + shown.size() > max_bytes) {
      printable.resize(cut);
      if (cut + kEllipsis.size() <= max_bytes) printable += kEllipsis;
      return printable;
    }
    printable += shown;
    if (printable.size() + kEllipsis.size() <= max_bytes) cut = printable.size();
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
  return printable;
}

}  // namespace

std::size_t Utf8Length(std::string_view text) {
  if (text.empty()) return 0;
  const unsigned first = Byte(text, 0), second = Byte(text, 1);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                             : first >= 0xE0 && first <= 0xEF ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((Byte(text, i) & 0xC0) != 0x80) return 0;
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
      (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F))
    return 0;
  return length;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string PrintableUtf8(std::string_view text, std::size_t max_bytes) {
  return Printable(text, max_bytes, LineEnds::kKept);
}

std::string PrintableLine(std::string_view text, std::size_t max_bytes) {
  return Printable(text, max_bytes, LineEnds::kNamed);
}

std::string QuotedUtf8(std::string_view text, std::size_t max_bytes) {
  return absl::StrCat("\"", PrintableLine(text, max_bytes), "\"");
}

}  // namespace fleetcast
