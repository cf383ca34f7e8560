#include "services/config/domain/circuit_file.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "common/base/nearest_word.h"
#include "services/config/domain/nearest_key.h"
#include "services/config/domain/scalar.h"
#include "services/config/domain/value_reader.h"

namespace fleetcast::config {
namespace {

class FileReader {
 public:
  FileReader(const YamlDocument& document, FileKind kind, CircuitFile& file)
      : document_(document), kind_(kind), file_(file) {}

  // The table bounds the depth: only its sections are entered.
  void ReadSection(const YamlNode& node, const std::string& section) {
    file_.sections.emplace_back(section, node.mark);
    for (const MappingEntry& entry :
         ReadMapping(document_, node, FieldPath(section), file_.diagnostics))
      ReadEntry(entry, section);
  }

 private:
  void ReadEntry(const MappingEntry& entry, const std::string& section) {
    const std::string path = JoinPath(section, entry.name());
    if (const auto key = FindCircuitKey(path)) return ReadKey(entry, *key);
    if (!IsSection(path)) {
      Report(file_.diagnostics, entry.key->mark, path, "UNKNOWN_KEY",
             absl::StrCat("`", Excerpt(entry.name()), "`: unknown key",
                          section.empty() ? "" : absl::StrCat(" in `", section, "`")),
             UnknownKeyRemedy(section, entry.name()));
      // What was meant is misspelt, not missing: once is enough.
      if (const auto meant = NearestWord(entry.name(), ChildrenOf(section)))
        RefuseAllUnder(JoinPath(section, *meant));
      return;
    }
    const YamlNode& node = document_.at(entry.value);
    if (node.kind == YamlNode::Kind::kMapping && node.tag.empty()) return ReadSection(node, path);
    Report(file_.diagnostics, entry.key->mark, path, "WRONG_TYPE",
           absl::StrCat("`", path, "` is not a mapping"),
           absl::StrCat("write its keys indented under `", entry.name(), ":`"));
    RefuseAllUnder(path);
  }

  void ReadKey(const MappingEntry& entry, std::size_t index) {
    const Key& key = CircuitKeys()[index];
    if (kind_ == FileKind::kDefaults && key.scope == KeyScope::kIdentity) {
      Report(file_.diagnostics, entry.key->mark, key.path, "KEY_NOT_ALLOWED",
             absl::StrCat("`", key.path, "` cannot have a default"),
             "leave it out: each circuit's file says its own ids");
      return;
    }
    if (auto value = ReadValue(key, document_, entry.value, file_.diagnostics))
      file_.values.push_back({index, *std::move(value), document_.at(entry.value).mark});
    else
      file_.refused.push_back(index);
  }

  // `path` is a key or a section.
  void RefuseAllUnder(const std::string& path) {
    const std::vector<Key>& keys = CircuitKeys();
    for (std::size_t i = 0; i < keys.size(); ++i)
      if (keys[i].path == path || keys[i].path.starts_with(path + ".")) file_.refused.push_back(i);
  }

  const YamlDocument& document_;
  FileKind kind_;
  CircuitFile& file_;
};

}  // namespace

CircuitFile ReadCircuitFile(const ParsedYaml& yaml, FileKind kind) {
  CircuitFile file;
  file.diagnostics = yaml.diagnostics;
  if (!yaml.document) return file;
  const YamlNode& root = yaml.document->at(yaml.document->root);
  if (root.kind == YamlNode::Kind::kNull && kind == FileKind::kDefaults) {
    file.readable = true;  // only comments: no default at all
    return file;
  }
  if (root.kind != YamlNode::Kind::kMapping) {
    Report(file.diagnostics, root.mark, "", "NOT_A_MAPPING",
           root.kind == YamlNode::Kind::kNull ? "the file is empty" : "the file is no mapping",
           "write `key: value` lines, beginning with `plant_id:`");
    return file;
  }
  file.readable = true;
  FileReader(*yaml.document, kind, file).ReadSection(root, "");
  std::sort(file.values.begin(), file.values.end(),
            [](const FileValue& a, const FileValue& b) { return a.key < b.key; });
  return file;
}

std::vector<MappingEntry> ReadMapping(const YamlDocument& document, const YamlNode& mapping,
                                      const FieldPath& field, Diagnostics& diagnostics) {
  std::vector<MappingEntry> entries;
  entries.reserve(mapping.children.size() / 2);
  std::unordered_map<std::string_view, Mark> seen;
  for (std::size_t i = 0; i + 1 < mapping.children.size(); i += 2) {
    const YamlNode& key = document.at(mapping.children[i]);
    const auto report = [&](const char* reason, const std::string& message, const char* remedy) {
      Report(diagnostics, key.mark, FieldPath(field, Excerpt(key.text)).Text(), reason, message,
             remedy);
    };
    if (key.kind != YamlNode::Kind::kScalar) {
      Report(diagnostics, key.mark, field.Text(), "WRONG_KEY", "a key here is not text",
             "write `name: value`");
      continue;
    }
    if (key.text == "<<" && !key.quoted) {
      report("MERGE_KEY", "`<<` merges in YAML 1.1 and is a plain key in YAML 1.2",
             "write the keys out, or put what circuits share into a defaults.yml");
      continue;
    }
    const auto [first, is_new] = seen.emplace(key.text, key.mark);
    if (!is_new) {
      report("DUPLICATE_KEY",
             absl::StrCat("`", Excerpt(key.text), "` stands here a second time, first on line ",
                          first->second.line),
             "keep one of the two");
      continue;
    }
    entries.push_back({&key, mapping.children[i + 1]});
  }
  return entries;
}

std::size_t CircuitFile::ApproximateBytes() const {
  std::size_t bytes = sizeof *this + values.capacity() * sizeof(FileValue) +
                      refused.capacity() * sizeof(std::size_t) +
                      config::ApproximateBytes(diagnostics);
  for (const FileValue& value : values) bytes += ValueText(value.value).size();
  for (const auto& section : sections) bytes += sizeof section + section.first.size();
  return bytes;
}

}  // namespace fleetcast::config
