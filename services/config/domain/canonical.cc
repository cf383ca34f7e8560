#include "services/config/domain/canonical.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/sha256.h"
#include "services/config/domain/calendar_file.h"

namespace fleetcast::config {
namespace {

void AppendJsonString(const std::string& text, std::string& json) {
  const auto is_plain = [](unsigned char c) { return c >= 0x20 && c != '"' && c != '\\'; };
  json += '"';
  if (std::all_of(text.begin(), text.end(), is_plain)) {
    json += text;
  } else {
    for (const char c : text) {
      if (c == '"' || c == '\\')
        json += {'\\', c};
      else if (static_cast<unsigned char>(c) < 0x20)
        absl::StrAppend(&json, absl::StrFormat("\\u%04x", static_cast<unsigned char>(c)));
      else
        json += c;
    }
  }
  json += '"';
}

struct JsonAppender {
  std::string& json;

  void operator()(std::monostate) const {}
  void operator()(std::int64_t integer) const { absl::StrAppend(&json, integer); }
  void operator()(double number) const { json += NumberText(number); }
  void operator()(const std::string& text) const { AppendJsonString(text, json); }
  template <typename Item>
  void operator()(const std::vector<Item>& list) const {
    json += '[';
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (i > 0) json += ',';
      (*this)(list[i]);
    }
    json += ']';
  }
};

}  // namespace

std::string JsonString(const std::string& text) {
  std::string json;
  AppendJsonString(text, json);
  return json;
}

std::string CanonicalJson(const CircuitConfig& config, KeyScope scope) {
  std::string json = "{";
  for (const Key& key : CircuitKeys()) {
    if (key.scope != scope && key.scope != KeyScope::kIdentity) continue;
    const Value value = key.get(config);
    if (std::holds_alternative<std::monostate>(value)) continue;
    if (json.size() > 1) json += ',';
    AppendJsonString(key.path, json);
    json += ':';
    std::visit(JsonAppender{json}, value);
  }
  if (scope == KeyScope::kTraining && config.training.plant_calendar)
    absl::StrAppend(&json, ",\"calendar\":", CalendarJson(*config.training.plant_calendar));
  return json + "}";
}

std::string TrainingHash(const CircuitConfig& config) {
  return Sha256Hex(CanonicalJson(config, KeyScope::kTraining));
}

std::string DeploymentHash(const CircuitConfig& config) {
  return Sha256Hex(CanonicalJson(config, KeyScope::kDeployment));
}

}  // namespace fleetcast::config
