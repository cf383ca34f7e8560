#include "common/sensordata/windows_1252.h"

namespace fleetcast::sensordata {
namespace {

// 0x80 to 0x9F, where it differs from Latin-1. https://encoding.spec.whatwg.org/#windows-1252
constexpr char16_t kUpper[] = {0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                               0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD,
                               0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                               0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};

}  // namespace

std::string Utf8OfWindows1252(std::string_view text) {
  std::string utf8;
  utf8.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const unsigned code_point = byte >= 0x80 && byte < 0xA0 ? kUpper[byte - 0x80] : byte;
    if (code_point < 0x80) {
      utf8 += c;
      continue;
    }
    if (code_point >= 0x800) utf8 += static_cast<char>(0xE0 | code_point >> 12);
    utf8 += static_cast<char>(code_point >= 0x800 ? 0x80 | (code_point >> 6 & 0x3F)
                                                  : 0xC0 | code_point >> 6);
    utf8 += static_cast<char>(0x80 | (code_point & 0x3F));
  }
  return utf8;
}

}  // namespace fleetcast::sensordata
