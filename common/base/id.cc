#include "common/base/id.h"

#include <sys/random.h>

#include <array>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "absl/time/clock.h"
#include "common/base/sha256.h"
#include "common/base/status.h"
#include "common/base/text.h"

namespace fleetcast {
namespace {

constexpr std::size_t kMaxIdLength = 63;

// What of a refused text goes into a message: enough to recognise it.
std::string Quoted(const std::string& text) { return QuotedUtf8(text, 80); }

bool IsDigits(const std::string& text, std::size_t from, std::size_t count) {
  for (std::size_t i = from; i < from + count; ++i)
    if (!absl::ascii_isdigit(static_cast<unsigned char>(text[i]))) return false;
  return true;
}

template <std::size_t N>
std::array<std::uint8_t, N> RandomBytes() {
  std::array<std::uint8_t, N> bytes;
  // Up to 256 bytes come at once and cannot fail once the kernel's pool is up.
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(N)) std::abort();
  return bytes;
}

}  // namespace

absl::Status ValidateId(const std::string& field, const std::string& id) {
  bool valid = !id.empty() && id.size() <= kMaxIdLength &&
               absl::ascii_isalnum(static_cast<unsigned char>(id[0]));
  for (const char c : id)
    valid = valid && (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_');
  if (valid) return absl::OkStatus();
  return InvalidField(field,
                      absl::StrCat(Quoted(id),
                                   " is not an id; an id has 1 to 63 letters, digits, \"-\" and "
                                   "\"_\" and begins with a letter or digit"),
                      "INVALID_ID");
}

absl::Status ValidateRequestId(const std::string& request_id) {
  if (request_id.empty())
    return InvalidField("request_id", "is required; send a new UUID with every new request",
                        "REQUEST_ID_MISSING");
  bool valid = request_id.size() == 36;
  for (std::size_t i = 0; valid && i < request_id.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    valid = dash ? request_id[i] == '-'
                 : absl::ascii_isxdigit(static_cast<unsigned char>(request_id[i]));
  }
  if (valid) return absl::OkStatus();
  return InvalidField(
      "request_id",
      absl::StrCat(Quoted(request_id), " is not a UUID like 7d3f1c52-0a4e-4b6c-9a53-2f6f0c1d8e90"),
      "REQUEST_ID_MALFORMED");
}

absl::Status ValidateDate(const std::string& field, const std::string& date) {
  if (date.size() == 10 && date[4] == '-' && date[7] == '-' && IsDigits(date, 0, 4) &&
      IsDigits(date, 5, 2) && IsDigits(date, 8, 2)) {
    const int year = std::atoi(date.c_str());
    const int month = std::atoi(date.c_str() + 5);
    const int day = std::atoi(date.c_str() + 8);
    const absl::CivilDay civil(year, month, day);  // carries what is out of range
    if (year > 0 && civil.month() == month && civil.day() == day) return absl::OkStatus();
  }
  return InvalidField(field, absl::StrCat(Quoted(date), " is not a calendar date like 2025-12-09"),
                      "INVALID_DATE");
}

std::string RandomIdSource::NewId(absl::Time created_at) {
  static constexpr char kAlphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
  std::string id(26, '0');
  auto milliseconds = static_cast<std::uint64_t>(absl::ToUnixMillis(created_at));
  for (int i = 9; i >= 0; --i, milliseconds >>= 5) id[i] = kAlphabet[milliseconds & 31];
  const auto random = RandomBytes<16>();
  for (int i = 0; i < 16; ++i) id[10 + i] = kAlphabet[random[i] & 31];
  return id;
}

std::string RandomIdSource::NewUuid() {
  auto bytes = RandomBytes<16>();
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  std::string uuid;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) uuid += '-';
    absl::StrAppendFormat(&uuid, "%02x", bytes[i]);
  }
  return uuid;
}

std::string DerivedUuid(const std::string& text) {
  std::string hex = Sha256Hex(text).substr(0, 32);
  hex[12] = '8';  // version 8: made by the application
  hex[16] = '8';  // variant
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-",
                      hex.substr(16, 4), "-", hex.substr(20, 12));
}

}  // namespace fleetcast
