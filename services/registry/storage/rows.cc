#include "services/registry/storage/rows.h"

#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace fleetcast::registry {
namespace {

using Json = nlohmann::json;

Json Parsed(const pqxx::field& json) {
  return Json::parse(json.as<std::string>(), nullptr, /*allow_exceptions=*/false);
}

}  // namespace

absl::Time TimeOf(const pqxx::field& microseconds) {
  return absl::FromUnixMicros(microseconds.as<std::int64_t>());
}

std::int64_t MicrosecondsOf(absl::Time time) { return absl::ToUnixMicros(time); }

StringMap StringMapOf(const pqxx::field& json) {
  StringMap map;
  const Json object = Parsed(json);
  for (const auto& [key, value] : object.items()) map[key] = value.get<std::string>();
  return map;
}

NumberMap NumberMapOf(const pqxx::field& json) {
  NumberMap map;
  const Json object = Parsed(json);
  for (const auto& [key, value] : object.items()) map[key] = value.get<double>();
  return map;
}

std::string JsonOf(const StringMap& map) { return Json(map).dump(); }
std::string JsonOf(const NumberMap& map) { return Json(map).dump(); }

absl::StatusOr<std::int64_t> AfterNumber(const PageRequest& page, std::size_t index,
                                         std::int64_t first) {
  if (page.after.empty()) return first;
  std::int64_t number = 0;
  if (index < page.after.size() && absl::SimpleAtoi(page.after[index], &number)) return number;
  return InvalidField("page_token", "does not continue this request; begin again without one",
                      "INVALID_PAGE_TOKEN");
}

std::string AfterText(const PageRequest& page, std::size_t index) {
  return index < page.after.size() ? page.after[index] : "";
}

}  // namespace fleetcast::registry
