#include "services/config/domain/scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include "absl/strings/ascii.h"
#include "common/base/id.h"
#include "common/base/text.h"

namespace fleetcast::config {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool AllDigits(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
}

// [-+]?digits(.digits)?(e[-+]?digits)?, one side of the point may be empty, no leading zeros.
bool IsPlainNumber(const std::string& text) {
  std::size_t i = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  const std::size_t whole = i;
  while (i < text.size() && IsDigit(text[i])) ++i;
  const std::size_t whole_digits = i - whole;
  if (whole_digits > 1 && text[whole] == '0') return false;
  std::size_t fraction_digits = 0;
  if (i < text.size() && text[i] == '.') {
    const std::size_t fraction = ++i;
    while (i < text.size() && IsDigit(text[i])) ++i;
    fraction_digits = i - fraction;
  }
  if (whole_digits + fraction_digits == 0) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    return AllDigits(text.substr(i));
  }
  return i == text.size();
}

// What YAML 1.1 takes for a number or a timestamp and YAML 1.2 does not, or the reverse.
bool IsAmbiguous(const std::string& text) {
  std::string body = absl::AsciiStrToLower(text);
  if (!body.empty() && (body[0] == '-' || body[0] == '+')) body.erase(0, 1);
  if (body == ".nan" || body == ".inf") return true;
  if (body.empty() || !(IsDigit(body[0]) || body[0] == '.')) return false;
  const auto only = [&body](const std::string& allowed) {
    return body.find_first_not_of(allowed) == std::string::npos &&
           body.find_first_of("0123456789") != std::string::npos;
  };
  if (only("0123456789_.e+-") && body.find('-') == std::string::npos &&
      std::count(body.begin(), body.end(), '.') < 2)
    return true;                                                          // 1_000, 017, 1e+_3
  if (only("0123456789:._")) return body.find(':') != std::string::npos;  // 1:30
  if (body.starts_with("0x") || body.starts_with("0o") || body.starts_with("0b"))
    return body.size() > 2 && body.find_first_not_of("0123456789abcdef_", 2) == std::string::npos;
  // Timestamps: four digits, a dash, then digits and what stands in a time.
  return body.size() >= 8 && AllDigits(body.substr(0, 4)) && body[4] == '-' && IsDigit(body[5]) &&
         only("0123456789-:.tz+ ") && std::count(body.begin(), body.end(), '-') >= 2;
}

}  // namespace

ScalarMeaning MeaningOf(const std::string& plain) {
  static const std::array<std::string, 6> booleans = {"true", "false", "yes", "no", "on", "off"};
  if (IsPlainNumber(plain)) return ScalarMeaning::kNumber;
  if (plain.size() <= 5 &&
      std::find(booleans.begin(), booleans.end(), absl::AsciiStrToLower(plain)) != booleans.end())
    return ScalarMeaning::kBoolean;
  if (plain.size() == 10 && plain[4] == '-' && plain[7] == '-' && AllDigits(plain.substr(0, 4)) &&
      AllDigits(plain.substr(5, 2)) && AllDigits(plain.substr(8, 2)))
    return ScalarMeaning::kDate;
  return IsAmbiguous(plain) ? ScalarMeaning::kAmbiguous : ScalarMeaning::kText;
}

std::string Yaml11Number(const std::string& number) {
  const std::size_t e = number.find_first_of("eE");
  if (e == std::string::npos) return number;
  std::string mantissa = number.substr(0, e), exponent = number.substr(e + 1);
  if (mantissa.find('.') == std::string::npos) mantissa += ".0";
  if (IsDigit(exponent[0])) exponent.insert(0, 1, '+');
  return mantissa + number[e] + exponent;
}

double NumberOf(const std::string& number) {
  const char* begin = number.data() + (number.starts_with('+') ? 1 : 0);
  double value = 0;
  const auto result = std::from_chars(begin, number.data() + number.size(), value);
  if (result.ec != std::errc::result_out_of_range) return value;
  // from_chars leaves the value alone; a tiny number is as good as zero, a huge one is too much.
  const bool tiny =
      number.find("e-") != std::string::npos || number.find("E-") != std::string::npos;
  if (tiny) return 0;
  return std::copysign(std::numeric_limits<double>::infinity(), number[0] == '-' ? -1.0 : 1.0);
}

bool IsCalendarDate(const std::string& text) { return ValidateDate("date", text).ok(); }

std::string Excerpt(const std::string& text) { return PrintableLine(text, 80); }

std::string PrintableName(std::string name) {
  for (char& c : name)
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) c = '?';
  return name;
}

}  // namespace fleetcast::config
