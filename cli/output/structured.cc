#include "cli/output/structured.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

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

std::string Scalar(const Json& value) {
  if (value.is_string() && IsPlainScalar(value.get_ref<const std::string&>())) {
    return value.get<std::string>();
  }
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool IsBlock(const Json& value) { return value.is_structured() && !value.empty(); }

// `indent` spaces before every line but the first, whose position the caller has set.
void AppendBlock(const Json& value, std::size_t indent, std::string& text) {
  bool first = true;
  const auto start_line = [&] {
    if (!first) text += std::string(indent, ' ');
    first = false;
  };
  if (value.is_array()) {
    for (const auto& item : value) {
      start_line();
      text += "- ";
      if (IsBlock(item)) {
        AppendBlock(item, indent + 2, text);
      } else {
        text += Scalar(item) + "\n";
      }
    }
    return;
  }
  for (const auto& [key, item] : value.items()) {
    start_line();
    text += Scalar(Json(key)) + ":";
    if (!IsBlock(item)) {
      text += " " + Scalar(item) + "\n";
      continue;
    }
    const std::size_t inner = indent + (item.is_array() ? 0 : 2);
    text += "\n" + std::string(inner, ' ');
    AppendBlock(item, inner, text);
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
  if (!IsBlock(value)) return Scalar(value) + "\n";
  std::string text;
  AppendBlock(value, 0, text);
  return text;
}

}  // namespace fleetcast::cli
