// Values as JSON that a database keeps: written by one release and read by the next, so what is
// missing has its default. For types with NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/status.h"

// An optional that is empty is null, or missing.
template <typename T>
struct nlohmann::adl_serializer<std::optional<T>> {
  static void to_json(nlohmann::json& json, const std::optional<T>& value) {
    if (value)
      json = *value;
    else
      json = nullptr;
  }
  static void from_json(const nlohmann::json& json, std::optional<T>& value) {
    if (json.is_null())
      value.reset();
    else
      value = json.get<T>();
  }
};

// Microseconds since 1970; null for the infinite future.
template <>
struct nlohmann::adl_serializer<absl::Time> {
  static void to_json(nlohmann::json& json, absl::Time time) {
    if (time == absl::InfiniteFuture())
      json = nullptr;
    else
      json = absl::ToUnixMicros(time);
  }
  static void from_json(const nlohmann::json& json, absl::Time& time) {
    time = json.is_null() ? absl::InfiniteFuture() : absl::FromUnixMicros(json.get<std::int64_t>());
  }
};

namespace fleetcast {

// FAILED_PRECONDITION with reason STORED_VALUE_UNREADABLE for text that cannot be one of `what`.
template <typename T>
[[nodiscard]] absl::StatusOr<T> FromJson(const std::string& text, const std::string& what) {
  try {
    return nlohmann::json::parse(text).get<T>();
  } catch (const nlohmann::json::exception& exception) {
    return Refused(absl::StatusCode::kFailedPrecondition, "STORED_VALUE_UNREADABLE",
                   what + " cannot be read as it is stored: " + exception.what());
  }
}

}  // namespace fleetcast
