// JSON and YAML of protobuf messages, with the fields' names as the proto spells them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace google::protobuf {
class Message;
}

namespace fleetcast::cli {

// Fields in the order of the proto, map entries in the order of their keys, defaults included so
// that a reader finds every key; times are RFC 3339, 64-bit integers strings (protobuf's JSON).
[[nodiscard]] nlohmann::ordered_json ToJson(const google::protobuf::Message& message);

// Two spaces of indentation and a newline at the end.
[[nodiscard]] std::string JsonText(const nlohmann::ordered_json& value);

// The same value as YAML 1.2 block style. Strings that YAML would read as something else are
// quoted.
[[nodiscard]] std::string YamlText(const nlohmann::ordered_json& value);

}  // namespace fleetcast::cli
