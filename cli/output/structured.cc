#include "cli/output/structured.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/ascii.h"

namespace fleetcast::cli {
namespace {

using Json = nlohmann::ordered_json;

// Words that YAML readers (1.1 ones included) take for booleans or null.
constexpr std::array kReserved = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};

// Conservative: starts with a letter or a slash, and holds nothing that YAML gives a meaning.
bool IsPlainScalar(const std::string& text) {
  if (text.empty() || text.back() == ' ') return false;
  const auto first = static_cast<unsigned char>(text.front());
  if (std::isalpha(first) == 0 && first != '/') return false;
  const std::string lower = absl::AsciiStrToLower(text);
  if (std::find(kReserved.begin(), kReserved.end(), lower) != kReserved.end()) return false;
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == ' ' || c == '_' || c == '-' || c == '.' || c == '/' ||
           c == '+' || c == '(' || c == ')' || c == '=';
  });
}

void Emit(const Json& value, YAML::Emitter& out) {
  if (value.is_structured() && value.empty()) {
    out << YAML::Flow << (value.is_array() ? YAML::BeginSeq : YAML::BeginMap)
        << (value.is_array() ? YAML::EndSeq : YAML::EndMap);
  } else if (value.is_array()) {
    out << YAML::BeginSeq;
    for (const auto& item : value) Emit(item, out);
    out << YAML::EndSeq;
  } else if (value.is_object()) {
    out << YAML::BeginMap;
    for (const auto& [key, item] : value.items()) {
      out << YAML::Key;
      Emit(Json(key), out);
      out << YAML::Value;
      Emit(item, out);
    }
    out << YAML::EndMap;
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (!IsPlainScalar(text)) out << YAML::DoubleQuoted;
    out << text;
  } else {
    out << value.dump();
  }
}

void SortMaps(const google::protobuf::Descriptor& type, Json& object);

void SortMapsOfField(const google::protobuf::FieldDescriptor& field, Json& value) {
  if (field.is_map()) {
    std::map<std::string, Json> sorted;
    for (auto& [key, item] : value.items()) sorted[key] = std::move(item);
    value = Json::object();
    for (auto& [key, item] : sorted) value[key] = std::move(item);
  } else if (field.message_type() != nullptr && value.is_array()) {
    for (auto& item : value) SortMaps(*field.message_type(), item);
  } else if (field.message_type() != nullptr) {
    SortMaps(*field.message_type(), value);
  }
}

// protobuf writes the entries of a map in any order; programs and people compare texts.
void SortMaps(const google::protobuf::Descriptor& type, Json& object) {
  if (!object.is_object()) return;  // a Timestamp, say, is a string
  for (auto& [key, value] : object.items()) {
    const auto* field = type.FindFieldByName(key);
    if (field != nullptr) SortMapsOfField(*field, value);
  }
}

}  // namespace

Json ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  if (!status.ok()) return Json{{"unprintable", status.ToString()}};
  Json json = Json::parse(text);
  SortMaps(*message.GetDescriptor(), json);
  return json;
}

std::string JsonText(const Json& value) {
  return value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string YamlText(const Json& value) {
  YAML::Emitter out;
  Emit(value, out);
  return std::string(out.c_str()) + "\n";
}

}  // namespace fleetcast::cli
