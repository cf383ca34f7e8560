#include "services/config/domain/master_list.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/nearest_word.h"
#include "services/config/domain/circuit_file.h"
#include "services/config/domain/circuit_key.h"
#include "services/config/domain/field_path.h"
#include "services/config/domain/key_table.h"
#include "services/config/domain/scalar.h"
#include "services/config/domain/value_reader.h"

namespace fleetcast::config {
namespace {

constexpr ValueRange kDisplayNameLength{1, 256};
// Aliases could make billions of circuits of a small file.
constexpr std::size_t kMostEntries = 100'000;
// Of a plant or circuit, for the same reason; they have three.
constexpr std::size_t kMostKeys = 32;

// The keys of each kind of mapping. What is found comes in the same order.
constexpr std::array<const char*, 1> kRootKeys = {"plants"};
constexpr std::array<const char*, 4> kPlantKeys = {"plant_id", "plant_name", "time_zone",
                                                   "circuits"};
constexpr std::array<const char*, 2> kCircuitKeys = {"circuit_id", "circuit_name"};

class MasterListReader {
 public:
  MasterListReader(const YamlDocument& document, MasterList& list)
      : document_(document), list_(list) {}

  void Read(const YamlNode& root) {
    const FieldPath field("plants");
    const auto [plants] = ReadFields(root, FieldPath(), kRootKeys);
    if (plants == nullptr) {
      Complain(root.mark, field, "MISSING_KEY", "`plants` is missing",
               "write `plants:` and under it a list of plants");
      return;
    }
    // `plants:` with nothing after it is a fleet of none, as is [].
    if (plants->kind != YamlNode::Kind::kSequence && plants->kind != YamlNode::Kind::kNull) {
      Complain(plants->mark, field, "WRONG_TYPE", "`plants` is no list", "write a list of plants");
      return;
    }
    list_.readable = true;
    for (std::size_t i = 0; i < plants->children.size(); ++i) {
      const YamlNode& plant = document_.at(plants->children[i]);
      const FieldPath place(field, i);
      if (!CountEntry(plant, place)) return;
      ReadPlant(plant, place);
    }
  }

  // In order of id, each once.
  void Finish() {
    for (auto& [id, plant] : plants_) {
      for (auto& [circuit_id, circuit] : plant.circuits)
        plant.entry.circuits.push_back(std::move(circuit));
      list_.plants.push_back(std::move(plant.entry));
    }
  }

 private:
  struct Plant {
    MasterPlant entry;
    std::map<std::string, MasterCircuit> circuits;
  };

  // False if there are too many problems to tell of this one, too.
  bool Complain(const Mark& mark, const FieldPath& field, const std::string& reason,
                const std::string& message, const std::string& remedy,
                const std::string& plant_id = "", const std::string& circuit_id = "") {
    Diagnostic* diagnostic = Report(list_.diagnostics, mark, field.Text(), reason, message, remedy);
    if (diagnostic == nullptr) {
      list_.complete = false;  // what is not told cannot be told from sound
      return false;
    }
    diagnostic->plant_id = plant_id;
    diagnostic->circuit_id = circuit_id;
    return true;
  }

  // The values of `known`, nullptr for what is not there. Unknown keys are reported; where the
  // entry's id might be among them, it is found missing later.
  template <std::size_t N>
  std::array<const YamlNode*, N> ReadFields(const YamlNode& node, const FieldPath& field,
                                            const std::array<const char*, N>& known) {
    std::array<const YamlNode*, N> values{};
    const std::size_t before = list_.diagnostics.size();
    const std::vector<MappingEntry> entries =
        ReadMapping(document_, node, field, list_.diagnostics);
    // A second `circuits` would hide circuits, and so would a misspelt one, below.
    if (list_.diagnostics.size() > before) list_.complete = false;
    for (const MappingEntry& entry : entries) {
      const auto found = std::find(known.begin(), known.end(), entry.name());
      if (found != known.end()) {
        values[found - known.begin()] = &document_.at(entry.value);
        continue;
      }
      const std::string name = Excerpt(entry.name());
      const auto nearest = NearestWord(entry.name(), {known.begin(), known.end()});
      Complain(entry.key->mark, FieldPath(field, name), "UNKNOWN_KEY",
               absl::StrCat("`", name, "`: unknown key"),
               nearest ? absl::StrCat("did you mean `", *nearest, "`?") : "leave it out");
      list_.complete = false;
    }
    return values;
  }

  // One more plant or circuit; false once there are too many.
  bool CountEntry(const YamlNode& node, const FieldPath& field) {
    if (++entry_count_ <= kMostEntries) return true;
    list_.readable = false;
    if (entry_count_ == kMostEntries + 1)
      Complain(node.mark, field, "TOO_MANY_ENTRIES",
               absl::StrCat("the list has more than ", kMostEntries, " plants and circuits"),
               "split the fleet over several repositories");
    return false;
  }

  bool IsMapping(const YamlNode& node, const FieldPath& field) {
    const std::size_t keys = node.children.size() / 2;
    if (node.kind == YamlNode::Kind::kMapping && keys <= kMostKeys) return true;
    const std::string place = field.Text();
    if (node.kind == YamlNode::Kind::kMapping)
      Complain(node.mark, field, "TOO_MANY_KEYS",
               absl::StrCat("`", place, "` has ", keys, " keys, so it is not read"),
               "leave out those that are unknown");
    else
      Complain(node.mark, field, "WRONG_TYPE", absl::StrCat("`", place, "` is no mapping"),
               "write `key: value` lines");
    list_.complete = false;
    return false;
  }

  // `value` of the entry `node`; nullptr if it has none.
  std::optional<std::string> ReadId(const YamlNode* value, const YamlNode& node,
                                    const FieldPath& field) {
    std::optional<std::string> id;
    if (value == nullptr)
      Complain(node.mark, field, "MISSING_KEY", absl::StrCat("`", field.Text(), "` is missing"),
               "every entry needs its id");
    else
      id = ReadText(KeyType::kId, {1, 63}, field, *value, list_.diagnostics);
    if (!id) list_.complete = false;
    return id;
  }

  static Mark MarkOf(const YamlNode* value, const YamlNode& entry) {
    return value == nullptr ? entry.mark : value->mark;
  }

  // The id where there is no name.
  std::string ReadName(const YamlNode* value, const FieldPath& field, const std::string& plant_id,
                       const std::string& circuit_id) {
    const std::string& id = circuit_id.empty() ? plant_id : circuit_id;
    if (value == nullptr) return id;
    const std::size_t before = list_.diagnostics.size();
    auto name = ReadText(KeyType::kName, kDisplayNameLength, field, *value, list_.diagnostics);
    for (std::size_t i = before; i < list_.diagnostics.size(); ++i) {
      list_.diagnostics[i].plant_id = plant_id;
      list_.diagnostics[i].circuit_id = circuit_id;
    }
    return name ? *std::move(name) : id;
  }

  // Whether there is such a zone is for its circuits to say.
  std::string ReadTimeZone(const YamlNode* value, const FieldPath& field) {
    if (value == nullptr) return "";
    auto name = ReadText(KeyType::kName, kDisplayNameLength, field, *value, list_.diagnostics);
    if (!name) list_.complete = false;
    return name ? *std::move(name) : "";
  }

  void ReadPlant(const YamlNode& node, const FieldPath& field) {
    if (!IsMapping(node, field)) return;
    const auto [id_value, name, zone, circuits] = ReadFields(node, field, kPlantKeys);
    const FieldPath id_field(field, "plant_id");
    const auto id = ReadId(id_value, node, id_field);
    if (!id) return;
    if (IsAmbiguousPlantId(*id)) {
      Complain(
          id_value->mark, id_field, "RESERVED_ID",
          absl::StrCat("plant ", *id, " holds `", kBetweenIds, "` or ends in `_circuit`, which ",
                       "stands between the ids of plants and circuits in names"),
          "give the plant another id", *id);
      list_.complete = false;
      return;
    }
    const auto [plant, is_new] = plants_.try_emplace(*id);
    if (is_new)
      plant->second.entry = {
          .plant_id = *id,
          .display_name = ReadName(name, FieldPath(field, "plant_name"), *id, ""),
          .time_zone = ReadTimeZone(zone, FieldPath(field, "time_zone")),
          .mark = node.mark,
          .name_mark = MarkOf(name, node),
          .zone_mark = MarkOf(zone, node)};
    else
      Complain(node.mark, id_field, "DUPLICATE_ID",
               absl::StrCat("plant ", *id, " stands here a second time, first on line ",
                            plant->second.entry.mark.line),
               "put its circuits under one entry", *id);
    if (circuits != nullptr)
      ReadCircuits(*circuits, FieldPath(field, "circuits"), *id, plant->second.circuits);
  }

  void ReadCircuits(const YamlNode& node, const FieldPath& field, const std::string& plant_id,
                    std::map<std::string, MasterCircuit>& circuits) {
    if (node.kind == YamlNode::Kind::kNull) return;
    if (node.kind != YamlNode::Kind::kSequence) {
      Complain(node.mark, field, "WRONG_TYPE", absl::StrCat("`", field.Text(), "` is no list"),
               "write a list of circuits", plant_id);
      list_.complete = false;
      return;
    }
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const YamlNode& circuit = document_.at(node.children[i]);
      const FieldPath place(field, i);
      if (!CountEntry(circuit, place)) return;
      ReadCircuit(circuit, place, plant_id, circuits);
    }
  }

  void ReadCircuit(const YamlNode& node, const FieldPath& field, const std::string& plant_id,
                   std::map<std::string, MasterCircuit>& circuits) {
    if (!IsMapping(node, field)) return;
    const auto [id_value, name] = ReadFields(node, field, kCircuitKeys);
    const FieldPath id_field(field, "circuit_id");
    const auto id = ReadId(id_value, node, id_field);
    if (!id) return;
    if (*id == "defaults")
      Complain(node.mark, id_field, "RESERVED_ID",
               "defaults.yml holds what the plant's circuits share, so no circuit can be called so",
               "give the circuit another id", plant_id, *id);
    if (IsAmbiguousCircuitId(*id) &&
        !Complain(id_value->mark, id_field, "RESERVED_ID",
                  absl::StrCat("circuit ", *id, " holds `", kBetweenIds, "`, which stands between ",
                               "the ids of plants and circuits in names"),
                  "give the circuit another id", plant_id, *id))
      return;
    // In most lists they stand in their order.
    const auto last = circuits.size();
    const auto circuit = circuits.try_emplace(circuits.end(), *id);
    if (circuits.size() > last)
      circuit->second = {
          .circuit_id = *id,
          .display_name = ReadName(name, FieldPath(field, "circuit_name"), plant_id, *id),
          .mark = node.mark,
          .name_mark = MarkOf(name, node)};
    else
      Complain(node.mark, id_field, "DUPLICATE_ID",
               absl::StrCat("circuit ", *id, " stands here a second time, first on line ",
                            circuit->second.mark.line),
               "keep one of the two", plant_id, *id);
  }

  const YamlDocument& document_;
  MasterList& list_;
  std::size_t entry_count_ = 0;
  std::map<std::string, Plant> plants_;
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
  std::size_t bytes = sizeof *this + plants.capacity() * sizeof(MasterPlant) +
                      config::ApproximateBytes(diagnostics);
  for (const MasterPlant& plant : plants) {
    bytes += plant.display_name.size() + plant.time_zone.size() +
             plant.circuits.capacity() * sizeof(MasterCircuit);
    for (const MasterCircuit& circuit : plant.circuits) bytes += circuit.display_name.size();
  }
  return bytes;
}

}  // namespace fleetcast::config
