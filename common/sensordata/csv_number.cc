#include "common/sensordata/csv_number.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "absl/strings/match.h"

namespace fleetcast::sensordata {
namespace {

constexpr std::size_t kLongestNumber = 64;  // of those with a decimal comma

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view WithoutSign(std::string_view text) {
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) text.remove_prefix(1);
  return text;
}

bool ParsePointNumber(std::string_view text, double& value) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (rest != end || error == std::errc::invalid_argument) return false;
  if (error == std::errc::result_out_of_range) {  // written with more range than a double has
    value = std::strtod(std::string(text).c_str(), nullptr);
  }
  return true;
}

}  // namespace

bool SaysMissing(std::string_view text, const std::vector<std::string>& words) {
  if (text.empty() || text == "-") return true;
  for (const char* word : {"nan", "na", "n/a", "null", "none"}) {
    if (text.size() == std::strlen(word) &&
        absl::EqualsIgnoreCase(absl::string_view(text.data(), text.size()), word)) {
      return true;
    }
  }
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool ParseNumber(std::string_view text, char decimal, double& value) {
  if (decimal == '.') return ParsePointNumber(text, value);
  char pointed[kLongestNumber];
  if (text.size() > kLongestNumber || text.find('.') != std::string_view::npos) return false;
  std::replace_copy(text.begin(), text.end(), pointed, decimal, '.');
  return ParsePointNumber({pointed, text.size()}, value);
}

bool IsDecimal(std::string_view text, char sign) {
  text = WithoutSign(text);
  const std::size_t at = text.find(sign);
  if (at == 0 || at == std::string_view::npos) return false;
  if (!std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), IsDigit))
    return false;
  std::string_view rest = text.substr(at + 1);
  const std::size_t digits = std::min(rest.find_first_of("eE"), rest.size());
  if (digits == 0 ||
      !std::all_of(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(digits), IsDigit))
    return false;
  if (digits == rest.size()) return true;
  rest = WithoutSign(rest.substr(digits + 1));
  return !rest.empty() && std::all_of(rest.begin(), rest.end(), IsDigit);
}

bool MayGroupThousands(std::string_view text, char sign) {
  text = WithoutSign(text);
  const std::size_t at = text.find(sign);
  return IsDecimal(text, sign) && at <= 3 && text.front() != '0' && text.size() == at + 4;
}

}  // namespace fleetcast::sensordata
