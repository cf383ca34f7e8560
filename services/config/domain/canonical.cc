#include "services/config/domain/canonical.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/base/sha256.h"

namespace fleetcast::config {
namespace {

std::string JsonValue(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return JsonString(*text);
  if (const auto* list = std::get_if<std::vector<std::string>>(&value))
    return absl::StrCat(
        "[",
        absl::StrJoin(*list, ",",
                      [](std::string* out, const std::string& item) { *out += JsonString(item); }),
        "]");
  if (const auto* list = std::get_if<std::vector<double>>(&value))
    return absl::StrCat(
        "[",
        absl::StrJoin(*list, ",", [](std::string* out, double item) { *out += NumberText(item); }),
        "]");
  return ValueText(value);
}

}  // namespace

std::string JsonString(const std::string& text) {
  const auto is_plain = [](unsigned char c) { return c >= 0x20 && c != '"' && c != '\\'; };
  if (std::all_of(text.begin(), text.end(), is_plain)) return absl::StrCat("\"", text, "\"");
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      absl::StrAppend(&json, "\\", std::string(1, c));
    else if (static_cast<unsigned char>(c) < 0x20)
      absl::StrAppend(&json, absl::StrFormat("\\u%04x", static_cast<unsigned char>(c)));
    else
      json += c;
  }
  return json + "\"";
}

std::string CanonicalJson(const CircuitConfig& config, KeyScope scope) {
  std::string json;
  for (const Key& key : CircuitKeys()) {
    if (key.scope != scope && key.scope != KeyScope::kIdentity) continue;
    absl::StrAppend(&json, json.empty() ? "{" : ",", JsonString(key.path), ":",
                    JsonValue(key.get(config)));
  }
  return json + "}";
}

std::string TrainingHash(const CircuitConfig& config) {
  return Sha256Hex(CanonicalJson(config, KeyScope::kTraining));
}

std::string DeploymentHash(const CircuitConfig& config) {
  return Sha256Hex(CanonicalJson(config, KeyScope::kDeployment));
}

}  // namespace fleetcast::config
