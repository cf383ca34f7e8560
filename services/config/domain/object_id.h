// What names the content of a file or folder: the same for the same bytes. In git its SHA-1.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace fleetcast::config {

struct ObjectId {
  std::array<unsigned char, 20> bytes{};  // all zero: there is none

  [[nodiscard]] bool empty() const {
    return std::all_of(bytes.begin(), bytes.end(), [](unsigned char byte) { return byte == 0; });
  }
  // The bytes, for a key that is made of several.
  [[nodiscard]] std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  [[nodiscard]] std::string Hex() const {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string hex;
    for (const unsigned char byte : bytes) hex += {kDigits[byte >> 4], kDigits[byte & 15]};
    return hex;
  }

  friend auto operator<=>(const ObjectId&, const ObjectId&) = default;
};

}  // namespace fleetcast::config
