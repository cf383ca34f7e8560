// JSON that may be anything, read as what it should be.
#pragma once

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/forecast/model_files.h"

namespace fleetcast::forecast {

using Json = nlohmann::json;

// Reads typed members of a JSON object; the first that is absent or of another type is remembered.
class JsonReader {
 public:
  explicit JsonReader(const Json& object) : object_(object) {}

  std::int64_t Integer(const char* key, std::int64_t lowest, std::int64_t highest) {
    const Json* value = Find(key, [](const Json& v) { return v.is_number_integer(); });
    if (value == nullptr) return lowest;
    // An unsigned value above int64 would wrap.
    const bool wraps = value->is_number_unsigned() &&
                       value->get<std::uint64_t>() > static_cast<std::uint64_t>(highest);
    const std::int64_t number = wraps ? lowest : value->get<std::int64_t>();
    if (wraps || number < lowest || number > highest) Fail(key);
    return number;
  }
  std::uint64_t Unsigned(const char* key) {
    const Json* value = Find(key, [](const Json& v) { return v.is_number_unsigned(); });
    return value == nullptr ? 0 : value->get<std::uint64_t>();
  }
  double Number(const char* key) {
    const Json* value = Find(key, [](const Json& v) { return v.is_number(); });
    return value == nullptr ? 0 : value->get<double>();
  }
  bool Boolean(const char* key) {
    const Json* value = Find(key, [](const Json& v) { return v.is_boolean(); });
    return value != nullptr && value->get<bool>();
  }
  std::string String(const char* key) {
    const Json* value = Find(key, [](const Json& v) { return v.is_string(); });
    return value == nullptr ? "" : value->get<std::string>();
  }
  // An array whose elements all satisfy `is_element`.
  template <typename T>
  std::vector<T> Array(const char* key, bool (Json::*is_element)() const noexcept) {
    const Json* value = Find(key, [is_element](const Json& v) {
      return v.is_array() &&
             std::all_of(v.begin(), v.end(), [&](const Json& e) { return (e.*is_element)(); });
    });
    return value == nullptr ? std::vector<T>() : value->get<std::vector<T>>();
  }
  const Json& Member(const char* key, Json::value_t type) {
    const Json* value = Find(key, [type](const Json& v) { return v.type() == type; });
    static const Json kNothing;
    return value == nullptr ? kNothing : *value;
  }
  void Fail(const std::string& key) {
    if (wrong_.empty()) wrong_ = key;
  }
  [[nodiscard]] absl::Status status() const {
    return wrong_.empty() ? absl::OkStatus()
                          : CorruptFile(kModelJsonName, "\"" + wrong_ + "\" is wrong");
  }

 private:
  template <typename Predicate>
  const Json* Find(const char* key, const Predicate& fits) {
    if (object_.is_object()) {
      const auto found = object_.find(key);
      if (found != object_.end() && fits(*found)) return &*found;
    }
    Fail(key);
    return nullptr;
  }

  const Json& object_;
  std::string wrong_;
};

}  // namespace fleetcast::forecast
