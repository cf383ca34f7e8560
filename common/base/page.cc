#include "common/base/page.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"
#include "common/base/status.h"

namespace fleetcast {
namespace {

// Ties a token to its request and reveals damage; it keeps nothing secret.
std::string Checksum(const nlohmann::json& key, const std::string& binding) {
  return Sha256Hex(absl::StrCat(binding, "\n", key.dump())).substr(0, 16);
}

absl::Status BadToken() {
  return InvalidField("page_token",
                      "does not continue this request; send the next_page_token of the previous "
                      "answer with the same other arguments, or none to begin again",
                      "INVALID_PAGE_TOKEN");
}

}  // namespace

absl::StatusOr<PageRequest> ParsePage(std::int32_t page_size, const std::string& page_token,
                                      const std::string& binding) {
  if (page_size < 0)
    return InvalidField("page_size", absl::StrCat(page_size, " is negative; use 1 to ",
                                                  kMaxPageSize, ", or 0 for ", kDefaultPageSize));
  PageRequest page;
  page.size = page_size == 0 ? kDefaultPageSize : std::min<int>(page_size, kMaxPageSize);
  if (page_token.empty()) return page;

  std::string text;
  if (!absl::WebSafeBase64Unescape(page_token, &text)) return BadToken();
  const nlohmann::json token = nlohmann::json::parse(text, nullptr, false);
  if (!token.is_array() || token.size() != 2 || !token[0].is_string() || !token[1].is_array() ||
      token[1].empty())
    return BadToken();
  for (const auto& part : token[1])
    if (!part.is_string()) return BadToken();
  if (token[0] != Checksum(token[1], binding)) return BadToken();
  page.after = token[1].get<std::vector<std::string>>();
  return page;
}

std::string MakePageToken(const std::vector<std::string>& last_key, const std::string& binding) {
  if (last_key.empty()) return "";
  const nlohmann::json key = last_key;
  return absl::WebSafeBase64Escape(nlohmann::json::array({Checksum(key, binding), key}).dump());
}

}  // namespace fleetcast
