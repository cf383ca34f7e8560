#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/config/domain/calendar_file.h"
#include "services/config/domain/key_table.h"
#include "services/config/domain/reference.h"

namespace fleetcast::config {
namespace {

using Json = nlohmann::ordered_json;

// 24 rather than 24.0, wherever that is the same.
Json NumberJson(double number) {
  if (!(std::abs(number) < 1e15)) return number;  // beyond what all readers take for whole
  const auto whole = static_cast<std::int64_t>(number);
  return static_cast<double>(whole) == number ? Json(whole) : Json(number);
}

Json ValueJson(const Value& value) {
  if (const auto* levels = std::get_if<std::vector<double>>(&value)) {
    Json list = Json::array();
    for (const double level : *levels) list.push_back(NumberJson(level));
    return list;
  }
  return std::visit(
      [](const auto& alternative) {
        if constexpr (std::is_same_v<decltype(alternative), const std::monostate&>) {
          return Json();
        } else {
          return Json(alternative);
        }
      },
      value);
}

void AddRange(const ValueRange& range, Json& schema) {
  schema[range.above_minimum ? "exclusiveMinimum" : "minimum"] = NumberJson(range.minimum);
  schema[range.below_maximum ? "exclusiveMaximum" : "maximum"] = NumberJson(range.maximum);
}

// Text that begins with a letter or digit and goes on with those and `others`.
Json WordSchema(const ValueRange& length, const std::string& others) {
  return {{"type", "string"},
          {"pattern",
           absl::StrCat("^[A-Za-z0-9][A-Za-z0-9", others, "]{", NumberText(length.minimum - 1), ",",
                        NumberText(length.maximum - 1), "}$")}};
}

// Lengths are in bytes, which a schema cannot count: a text of that many characters may be longer.
Json NameSchema(const ValueRange& length) {
  return {{"type", "string"},
          {"minLength", NumberJson(length.minimum)},
          {"maxLength", NumberJson(length.maximum)},
          {"pattern", "^[^\\x00-\\x1f\\x7f]*$"}};
}

Json ListSchema(const Key& key, Json items) {
  return {{"type", "array"},
          {"items", std::move(items)},
          {"minItems", 1},
          {"maxItems", key.max_items},
          {"uniqueItems", true}};
}

Json NumberSchema(const ValueRange& range, const char* type) {
  Json schema = {{"type", type}};
  AddRange(range, schema);
  return schema;
}

Json DateSchema() {
  return {{"type", "string"},
          {"format", "date"},
          {"pattern", "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"}};
}

Json TypeSchema(const Key& key) {
  switch (key.type) {
    case KeyType::kInteger:
      return NumberSchema(key.range, "integer");
    case KeyType::kNumber:
      return NumberSchema(key.range, "number");
    case KeyType::kId:
      return WordSchema(key.range, "_-");
    case KeyType::kToken:
      return WordSchema(key.range, "._-");
    case KeyType::kName:
      return NameSchema(key.range);
    case KeyType::kChoice:
      return {{"type", "string"}, {"enum", key.choices}};
    case KeyType::kDate:
      return DateSchema();
    case KeyType::kNameList:
      return ListSchema(key, NameSchema(key.range));
    case KeyType::kLevelList:
      return ListSchema(key, NumberSchema(key.range, "number"));
  }
  return {};
}

std::string Description(const Key& key, FileKind kind) {
  if (key.derived != nullptr) return absl::StrCat(key.help, " By default ", key.derived_text, ".");
  if (key.required() && key.scope != KeyScope::kIdentity && kind == FileKind::kCircuit)
    return absl::StrCat(key.help, " Required, here or in a defaults.yml.");
  return key.help;
}

Json KeySchema(const Key& key, FileKind kind) {
  Json schema = {{"description", Description(key, kind)}};
  schema.update(TypeSchema(key));
  if (key.fallback && *key.fallback != Value()) schema["default"] = ValueJson(*key.fallback);
  return schema;
}

Json ObjectSchema(const std::string& description) {
  return {{"description", description},
          {"type", "object"},
          {"additionalProperties", false},
          {"properties", Json::object()}};
}

// The schema of section `path` within the schema of the file, made if need be.
Json& SectionIn(Json& file, const std::string& path) {
  if (path.empty()) return file;
  const std::size_t dot = path.rfind('.');
  Json& parent = SectionIn(file, dot == std::string::npos ? "" : path.substr(0, dot));
  Json& section = parent["properties"][path.substr(dot + 1)];
  if (section.is_null()) {
    const auto& sections = CircuitSections();
    const auto found = std::find_if(sections.begin(), sections.end(),
                                    [&path](const Section& each) { return each.path == path; });
    section = ObjectSchema(found == sections.end() ? "" : found->help);
  }
  return section;
}

constexpr char kDraft[] = "http://json-schema.org/draft-07/schema#";
constexpr char kTimeOfDay[] = "(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)";

Json Matching(const std::string& pattern, const std::string& description) {
  return {{"description", description}, {"type", "string"}, {"pattern", pattern}};
}

// A list of a calendar, which may be left empty.
Json CalendarList(const std::string& description, Json items) {
  return {{"description", description},
          {"type", {"array", "null"}},
          {"items", std::move(items)},
          {"maxItems", kMostCalendarItems}};
}

// From when to when, and what else is needed.
Json TimesSchema(const std::string& description, Json properties) {
  Json schema = ObjectSchema(description);
  schema["required"] = Json::array();
  for (const auto& property : properties.items()) schema["required"].push_back(property.key());
  schema["properties"] = std::move(properties);
  return schema;
}

}  // namespace

std::string JsonSchema(FileKind kind) {
  const bool circuit = kind == FileKind::kCircuit;
  Json file = {{"$schema", kDraft},
               {"title", circuit ? "A circuit of Fleetcast" : "Defaults of Fleetcast's circuits"}};
  file.update(ObjectSchema(circuit
                               ? "config/plants/{plant_id}/{circuit_id}.yml"
                               : "config/defaults.yml or config/plants/{plant_id}/defaults.yml: "
                                 "values that circuits share, any of them"));
  if (circuit) file["required"] = Json::array();
  for (const Key& key : CircuitKeys()) {
    if (key.scope == KeyScope::kIdentity && !circuit) continue;
    if (key.scope == KeyScope::kIdentity) file["required"].push_back(key.path);
    const std::size_t dot = key.path.rfind('.');
    Json& section = SectionIn(file, dot == std::string::npos ? "" : key.path.substr(0, dot));
    section["properties"][key.path.substr(dot + 1)] = KeySchema(key, kind);
  }
  return file.dump(2) + "\n";
}

std::string CalendarSchema() {
  const std::string day(kTimeOfDay),
      moment = absl::StrCat("^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]) ", day, "$");
  Json file = {{"$schema", kDraft}, {"title", "A calendar of Fleetcast"}};
  file.update(ObjectSchema(
      "config/calendars/{name}.yml, in the local time of the plants whose circuits name it"));
  Json& parts = file["properties"];
  parts["holidays"] = CalendarList("Days without a shift.", DateSchema());
  parts["shifts"] = CalendarList(
      "When work goes on, week by week.",
      TimesSchema("A shift; one that ends when it begins, or before, ends on the next day.",
                  {{"days", CalendarList("The days on which it begins.", {{"enum", kWeekdays}})},
                   {"from", Matching(absl::StrCat("^", day, "$"), "Such as \"06:00\".")},
                   {"to", Matching(absl::StrCat("^", day, "$"), "Up to \"24:00\".")}}));
  parts["maintenance"] =
      CalendarList("Planned maintenance.",
                   TimesSchema("From a local time to a later one.",
                               {{"from", Matching(moment, "Such as \"2025-08-02 06:00\".")},
                                {"to", Matching(moment, "Such as \"2025-08-04 22:00\".")}}));
  return file.dump(2) + "\n";
}

}  // namespace fleetcast::config
