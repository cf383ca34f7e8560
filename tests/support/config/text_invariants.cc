#include "tests/support/config/text_invariants.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "services/config/domain/canonical.h"
#include "services/config/domain/circuit_resolution.h"
#include "services/config/domain/master_list.h"
#include "services/config/domain/value_reader.h"
#include "services/config/yaml/yaml_parser.h"

namespace fleetcast::config::testing {
namespace {

using Broken = std::optional<std::string>;

constexpr std::size_t kLongestText = 2000;

CircuitResolution Resolve(const std::string& text) {
  const auto file =
      std::make_shared<const CircuitFile>(ReadCircuitFile(ParseYaml(text), FileKind::kCircuit));
  return ResolveCircuit("P001", "C001", {{"c.yml", file}});
}

// Longest lines count too: a place is a line, and a column in bytes that may lie behind its end.
bool IsWithin(const Mark& mark, const std::vector<std::size_t>& line_bytes) {
  if (mark.line == 0) return mark.column == 0;
  const auto line = static_cast<std::size_t>(mark.line);
  if (mark.line < 0 || mark.column < 1 || line > line_bytes.size() + 1) return false;
  if (line == line_bytes.size() + 1) return mark.column == 1;
  return static_cast<std::size_t>(mark.column) <= line_bytes[line - 1] + 1;
}

// Bytes of each line. A line ends with a line feed.
std::vector<std::size_t> LineBytes(const std::string& text) {
  std::vector<std::size_t> lines = {0};
  for (std::size_t i = 0; i < text.size(); ++i) {
    ++lines.back();
    if (text[i] == '\n') lines.push_back(0);
  }
  return lines;
}

Broken BrokenIn(const Diagnostics& diagnostics, const std::string& text) {
  if (diagnostics.size() > kMostDiagnosticsOfFile + 2 * CircuitKeys().size())
    return absl::StrCat(diagnostics.size(), " diagnostics");
  const std::vector<std::size_t> line_bytes = LineBytes(text);
  for (const Diagnostic& each : diagnostics) {
    const std::string name = absl::StrCat(each.mark.line, ":", each.mark.column, " ", each.reason);
    if (each.reason.empty() || each.message.empty() || each.remedy.empty())
      return name + " says not enough";
    if (each.message.size() + each.remedy.size() + each.field.size() > kLongestText)
      return name + " says too much";
    if (!IsWithin(each.mark, line_bytes)) return name + " is not within the text";
  }
  return std::nullopt;
}

// A file that says every value: JSON, which is YAML.
std::string WrittenInFull(const CircuitConfig& config) {
  nlohmann::ordered_json file;
  for (const Key& key : CircuitKeys())
    std::visit(
        [&](const auto& value) {
          if constexpr (!std::is_same_v<decltype(value), const std::monostate&>)
            file[nlohmann::ordered_json::json_pointer(
                "/" + absl::StrReplaceAll(key.path, {{".", "/"}}))] = value;
        },
        key.get(config));
  return file.dump();
}

std::string Canonical(const CircuitConfig& config) {
  return CanonicalJson(config, KeyScope::kTraining) + CanonicalJson(config, KeyScope::kDeployment);
}

Broken BrokenInCircuit(const std::string& text) {
  const CircuitResolution resolution = Resolve(text);
  if (auto broken = BrokenIn(resolution.diagnostics, text)) return broken;
  if (resolution.config.has_value() == HasError(resolution.diagnostics))
    return "sound with an error, or unsound without";
  if (resolution.config.has_value() == resolution.training_hash.empty())
    return "sound without a hash, or unsound with one";
  if (!resolution.config) return std::nullopt;
  const std::string written = WrittenInFull(*resolution.config);
  const CircuitResolution again = Resolve(written);
  if (!again.config)
    return absl::StrCat("written in full it is unsound: ", again.diagnostics[0].message, ": ",
                        written);
  if (Canonical(*again.config) != Canonical(*resolution.config))
    return absl::StrCat("written in full it is ", Canonical(*again.config), " and was ",
                        Canonical(*resolution.config));
  return std::nullopt;
}

Broken BrokenInMasterList(const std::string& text) {
  const MasterList list = ReadMasterList(ParseYaml(text));
  if (auto broken = BrokenIn(list.diagnostics, text)) return broken;
  if (!(list.readable && list.complete) && !HasError(list.diagnostics))
    return "an incomplete master list without an error";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> BrokenInvariant(const std::string& text) {
  if (auto broken = BrokenInCircuit(text)) return "circuit: " + *broken;
  const CircuitFile defaults = ReadCircuitFile(ParseYaml(text), FileKind::kDefaults);
  if (auto broken = BrokenIn(defaults.diagnostics, text)) return "defaults: " + *broken;
  if (auto broken = BrokenInMasterList(text)) return "master list: " + *broken;
  return std::nullopt;
}

}  // namespace fleetcast::config::testing
