#include "services/config/domain/master_list.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "services/config/domain/circuit_file.h"
#include "services/config/domain/key_table.h"
#include "services/config/domain/nearest_key.h"
#include "services/config/domain/scalar.h"
#include "services/config/domain/value_reader.h"

namespace fleetcast::config {
namespace {

constexpr ValueRange kDisplayNameLength{1, 256};
// Aliases could make billions of circuits of a small file.
constexpr std::size_t kMostEntries = 100'000;
// Of a plant or circuit, for the same reason; they have three.
constexpr std::size_t kMostKeys = 32;

class MasterListReader {
 public:
  MasterListReader(const YamlDocument& document, MasterList& list)
      : document_(document), list_(list) {}

  void Read(const YamlNode& root) {
    const Fields fields = ReadFields(root, "", {"plants"});
    if (!fields.contains("plants")) {
      Complain(root.mark, "plants", "MISSING_KEY", "`plants` is missing",
               "write `plants:` and under it a list of plants");
      return;
    }
    const YamlNode& plants = *fields.at("plants");
    // `plants:` with nothing after it is a fleet of none, as is [].
    if (plants.kind != YamlNode::Kind::kSequence && plants.kind != YamlNode::Kind::kNull) {
      Complain(plants.mark, "plants", "WRONG_TYPE", "`plants` is no list",
               "write a list of plants");
      return;
    }
    list_.readable = true;
    for (std::size_t i = 0; i < plants.children.size(); ++i) {
      const YamlNode& plant = document_.at(plants.children[i]);
      const std::string field = absl::StrCat("plants[", i, "]");
      if (!CountEntry(plant, field)) return;
      ReadPlant(plant, field);
    }
  }

  // In order of id, each once.
  void Finish() {
    for (auto& [id, circuits] : circuits_)
      for (auto& [circuit_id, circuit] : circuits) plants_.at(id).circuits.push_back(circuit);
    for (auto& [id, plant] : plants_) list_.plants.push_back(std::move(plant));
  }

 private:
  using Fields = std::map<std::string, const YamlNode*>;

  void Complain(const Mark& mark, const std::string& field, const std::string& reason,
                const std::string& message, const std::string& remedy,
                const std::string& plant_id = "", const std::string& circuit_id = "") {
    Diagnostic* diagnostic = Report(list_.diagnostics, mark, field, reason, message, remedy);
    if (diagnostic == nullptr) {
      list_.complete = false;  // what is not told cannot be told from sound
      return;
    }
    diagnostic->plant_id = plant_id;
    diagnostic->circuit_id = circuit_id;
  }

  // Unknown keys are reported; where the entry's id might be among them, it is found missing later.
  Fields ReadFields(const YamlNode& node, const std::string& field,
                    const std::vector<std::string>& known) {
    Fields fields;
    const std::size_t before = list_.diagnostics.size();
    const std::vector<MappingEntry> entries =
        ReadMapping(document_, node, field, list_.diagnostics);
    // A second `circuits` would hide circuits, and so would a misspelt one, below.
    if (list_.diagnostics.size() > before) list_.complete = false;
    for (const MappingEntry& entry : entries) {
      if (std::find(known.begin(), known.end(), entry.name) != known.end()) {
        fields[entry.name] = &document_.at(entry.value);
        continue;
      }
      const auto nearest = NearestWord(entry.name, known);
      Complain(entry.mark, absl::StrCat(field, field.empty() ? "" : ".", Excerpt(entry.name)),
               "UNKNOWN_KEY", absl::StrCat("`", Excerpt(entry.name), "`: unknown key"),
               nearest ? absl::StrCat("did you mean `", *nearest, "`?") : "leave it out");
      list_.complete = false;
    }
    return fields;
  }

  // One more plant or circuit; false once there are too many.
  bool CountEntry(const YamlNode& node, const std::string& field) {
    if (++entry_count_ <= kMostEntries) return true;
    list_.readable = false;
    if (entry_count_ == kMostEntries + 1)
      Complain(node.mark, field, "TOO_MANY_ENTRIES",
               absl::StrCat("the list has more than ", kMostEntries, " plants and circuits"),
               "split the fleet over several repositories");
    return false;
  }

  bool IsMapping(const YamlNode& node, const std::string& field) {
    const std::size_t keys = node.children.size() / 2;
    if (node.kind == YamlNode::Kind::kMapping && keys <= kMostKeys) return true;
    if (node.kind == YamlNode::Kind::kMapping)
      Complain(node.mark, field, "TOO_MANY_KEYS",
               absl::StrCat("`", field, "` has ", keys, " keys, so it is not read"),
               "leave out those that are unknown");
    else
      Complain(node.mark, field, "WRONG_TYPE", absl::StrCat("`", field, "` is no mapping"),
               "write `key: value` lines");
    list_.complete = false;
    return false;
  }

  std::optional<std::string> ReadId(const Fields& fields, const std::string& key,
                                    const YamlNode& node, const std::string& field) {
    const std::string path = absl::StrCat(field, ".", key);
    std::optional<std::string> id;
    if (!fields.contains(key))
      Complain(node.mark, path, "MISSING_KEY", absl::StrCat("`", path, "` is missing"),
               "every entry needs its id");
    else
      id = ReadText(KeyType::kId, {1, 63}, path, *fields.at(key), list_.diagnostics);
    if (!id) list_.complete = false;
    return id;
  }

  static Mark MarkOf(const Fields& fields, const std::string& key, const YamlNode& entry) {
    const auto field = fields.find(key);
    return field == fields.end() ? entry.mark : field->second->mark;
  }

  std::string ReadName(const Fields& fields, const std::string& key, const std::string& field,
                       const std::string& plant_id, const std::string& circuit_id) {
    std::string fallback = circuit_id.empty() ? plant_id : circuit_id;
    if (!fields.contains(key)) return fallback;
    const std::size_t before = list_.diagnostics.size();
    const auto name = ReadText(KeyType::kName, kDisplayNameLength, absl::StrCat(field, ".", key),
                               *fields.at(key), list_.diagnostics);
    for (std::size_t i = before; i < list_.diagnostics.size(); ++i) {
      list_.diagnostics[i].plant_id = plant_id;
      list_.diagnostics[i].circuit_id = circuit_id;
    }
    return name.value_or(fallback);
  }

  void ReadPlant(const YamlNode& node, const std::string& field) {
    if (!IsMapping(node, field)) return;
    const Fields fields = ReadFields(node, field, {"plant_id", "plant_name", "circuits"});
    const auto id = ReadId(fields, "plant_id", node, field);
    if (!id) return;
    const auto [plant, is_new] = plants_.try_emplace(*id);
    if (is_new)
      plant->second = {.plant_id = *id,
                       .display_name = ReadName(fields, "plant_name", field, *id, ""),
                       .mark = node.mark,
                       .name_mark = MarkOf(fields, "plant_name", node)};
    else
      Complain(node.mark, absl::StrCat(field, ".plant_id"), "DUPLICATE_ID",
               absl::StrCat("plant ", *id, " stands here a second time, first on line ",
                            plant->second.mark.line),
               "put its circuits under one entry", *id);
    if (fields.contains("circuits"))
      ReadCircuits(*fields.at("circuits"), absl::StrCat(field, ".circuits"), *id);
  }

  void ReadCircuits(const YamlNode& node, const std::string& field, const std::string& plant_id) {
    if (node.kind == YamlNode::Kind::kNull) return;
    if (node.kind != YamlNode::Kind::kSequence) {
      Complain(node.mark, field, "WRONG_TYPE", absl::StrCat("`", field, "` is no list"),
               "write a list of circuits", plant_id);
      list_.complete = false;
      return;
    }
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const YamlNode& circuit = document_.at(node.children[i]);
      const std::string path = absl::StrCat(field, "[", i, "]");
      if (!CountEntry(circuit, path)) return;
      ReadCircuit(circuit, path, plant_id);
    }
  }

  void ReadCircuit(const YamlNode& node, const std::string& field, const std::string& plant_id) {
    if (!IsMapping(node, field)) return;
    const Fields fields = ReadFields(node, field, {"circuit_id", "circuit_name"});
    const auto id = ReadId(fields, "circuit_id", node, field);
    if (!id) return;
    const std::string path = absl::StrCat(field, ".circuit_id");
    if (*id == "defaults")
      Complain(node.mark, path, "RESERVED_ID",
               "defaults.yml holds what the plant's circuits share, so no circuit can be called so",
               "give the circuit another id", plant_id, *id);
    const auto [circuit, is_new] = circuits_[plant_id].try_emplace(*id);
    if (is_new)
      circuit->second = {.circuit_id = *id,
                         .display_name = ReadName(fields, "circuit_name", field, plant_id, *id),
                         .mark = node.mark,
                         .name_mark = MarkOf(fields, "circuit_name", node)};
    else
      Complain(node.mark, path, "DUPLICATE_ID",
               absl::StrCat("circuit ", *id, " stands here a second time, first on line ",
                            circuit->second.mark.line),
               "keep one of the two", plant_id, *id);
  }

  const YamlDocument& document_;
  MasterList& list_;
  std::size_t entry_count_ = 0;
  std::map<std::string, MasterPlant> plants_;
  std::map<std::string, std::map<std::string, MasterCircuit>> circuits_;
};

}  // namespace

MasterList ReadMasterList(const ParsedYaml& yaml) {
  MasterList list;
  list.diagnostics = yaml.diagnostics;
  if (yaml.document) {
    const YamlNode& root = yaml.document->at(yaml.document->root);
    if (root.kind != YamlNode::Kind::kMapping) {
      Report(list.diagnostics, root.mark, "", "NOT_A_MAPPING",
             root.kind == YamlNode::Kind::kNull ? "the file is empty" : "the file is no mapping",
             "write `plants:` and under it a list of plants");
    } else {
      list.complete = true;
      MasterListReader reader(*yaml.document, list);
      reader.Read(root);
      reader.Finish();
    }
  }
  for (Diagnostic& diagnostic : list.diagnostics) diagnostic.path = kMasterListPath;
  return list;
}

std::size_t MasterList::ApproximateBytes() const {
  std::size_t bytes = sizeof *this + plants.capacity() * sizeof(MasterPlant);
  for (const MasterPlant& plant : plants) {
    bytes += plant.display_name.size() + plant.circuits.capacity() * sizeof(MasterCircuit);
    for (const MasterCircuit& circuit : plant.circuits) bytes += circuit.display_name.size();
  }
  for (const Diagnostic& diagnostic : diagnostics)
    bytes += sizeof diagnostic + diagnostic.field.size() + diagnostic.message.size() +
             diagnostic.remedy.size();
  return bytes;
}

}  // namespace fleetcast::config
