#include "services/config/domain/master_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "services/config/domain/circuit_key.h"
#include "services/config/yaml/yaml_parser.h"
#include "tests/support/config/config_files.h"

namespace fleetcast::config {
namespace {

MasterList Read(const std::string& text) { return ReadMasterList(ParseYaml(text)); }

TEST(MasterList, PlantsAndCircuitsComeInOrderOfTheirIds) {
  const MasterList list = Read(
      "plants:\n"
      "  - plant_id: P2\n"
      "    circuits:\n"
      "      - {circuit_id: C9, circuit_name: Nine}\n"
      "      - {circuit_id: C1}\n"
      "  - plant_id: P1\n"
      "    plant_name: One\n");
  ASSERT_TRUE(list.readable && list.complete) << list.diagnostics[0].message;
  ASSERT_EQ(list.plants.size(), 2u);
  EXPECT_EQ(list.plants[0].display_name, "One");
  EXPECT_TRUE(list.plants[0].circuits.empty());
  EXPECT_EQ(list.plants[1].display_name, "P2");
  ASSERT_EQ(list.plants[1].circuits.size(), 2u);
  EXPECT_EQ(list.plants[1].circuits[0].circuit_id, "C1");
  EXPECT_EQ(list.plants[1].circuits[0].display_name, "C1");
  EXPECT_EQ(list.plants[1].circuits[1].display_name, "Nine");
  EXPECT_EQ(list.plants[1].circuits[1].mark, (Mark{4, 9}));
}

TEST(MasterList, EmptyListOfPlantsIsAFleetOfNone) {
  for (const char* text : {"plants:\n", "plants: []\n"}) {
    const MasterList list = Read(text);
    EXPECT_TRUE(list.readable && list.complete && list.plants.empty()) << text;
  }
}

TEST(MasterList, WhatIsNoListOfPlantsCannotBeRead) {
  for (const char* text : {"", "- a\n", "plants: 3\n", "plant: []\n", "plants: [\n"}) {
    const MasterList list = Read(text);
    EXPECT_FALSE(list.readable) << text;
    ASSERT_FALSE(list.diagnostics.empty()) << text;
    EXPECT_EQ(list.diagnostics[0].path, "config/plants_circuits.yml");
  }
}

TEST(MasterList, EntryThatCannotBeReadMakesTheListIncomplete) {
  const std::string sound = testing::MasterText({{"P001", {"C001", "C002"}}});
  const std::vector<std::pair<std::string, std::string>> edits = {
      {"circuit_id: \"C002\"", "circiut_id: \"C002\""},
      {"circuit_id: \"C002\"", "circuit_id: \"../C002\""},
      {"circuit_id: \"C002\"", "circuit_id: 2"},
      {"plant_id: \"P001\"", "plant_id:"},
      {"    circuits:", "    circuit:"},
      {"    circuits:", "    circuits: []\n    circuits:"},
      {"      - circuit_id: \"C002\"\n        circuit_name: \"Circuit C002\"", "      - C002"}};
  for (const auto& [from, to] : edits) {
    const MasterList list = Read(testing::Edited(sound, from, to));
    EXPECT_TRUE(list.readable) << to;
    EXPECT_FALSE(list.complete) << to;
    EXPECT_TRUE(HasError(list.diagnostics)) << to;
  }
}

TEST(MasterList, DuplicateNamesItsCircuitAndTheFirstPlace) {
  const MasterList list = Read(
      "plants:\n"
      "  - plant_id: P1\n"
      "    circuits: [{circuit_id: C1}]\n"
      "  - plant_id: P1\n"
      "    circuits: [{circuit_id: C1}, {circuit_id: C2}]\n");
  EXPECT_TRUE(list.complete);
  ASSERT_EQ(list.plants.size(), 1u);
  EXPECT_EQ(list.plants[0].circuits.size(), 2u);
  ASSERT_EQ(list.diagnostics.size(), 2u);
  EXPECT_EQ(list.diagnostics[0].reason, "DUPLICATE_ID");
  EXPECT_EQ(list.diagnostics[0].circuit_id, "");
  EXPECT_EQ(list.diagnostics[1].circuit_id, "C1");
  EXPECT_NE(list.diagnostics[1].message.find("first on line 3"), std::string::npos);
}

TEST(MasterList, CircuitCannotHaveTheNameOfTheFileOfDefaults) {
  const MasterList list = Read("plants: [{plant_id: P, circuits: [{circuit_id: defaults}]}]");
  ASSERT_EQ(list.diagnostics.size(), 1u);
  EXPECT_EQ(list.diagnostics[0].reason, "RESERVED_ID");
}

TEST(MasterList, IdsWhoseJoinedNamesCouldBeAnothersAreRefusedAtTheirLine) {
  struct Case {
    const char *plant, *circuit;
    const char* field;  // "" for sound
  };
  for (const Case& c : {Case{"X", "Y_circuit_Z", "plants[0].circuits[0].circuit_id"},
                        Case{"X_circuit_Y", "Z", "plants[0].plant_id"},
                        Case{"X_circuit", "Y", "plants[0].plant_id"}, Case{"X", "circuit_Y", ""},
                        Case{"circuit", "circuit", ""}, Case{"short-circuit", "Y", ""},
                        Case{"X_Circuit", "Y", ""}}) {
    const MasterList list = Read(std::string("plants:\n- plant_id: ") + c.plant +
                                 "\n  circuits:\n  - circuit_id: " + c.circuit + "\n");
    if (*c.field == '\0') {
      EXPECT_TRUE(list.diagnostics.empty()) << c.plant;
      continue;
    }
    ASSERT_EQ(list.diagnostics.size(), 1u) << c.plant;
    EXPECT_EQ(list.diagnostics[0].reason, "RESERVED_ID");
    EXPECT_EQ(list.diagnostics[0].field, c.field);
    const bool of_plant = std::string(c.field) == "plants[0].plant_id";
    EXPECT_EQ(list.diagnostics[0].mark, (of_plant ? Mark{2, 13} : Mark{4, 17}));
    EXPECT_EQ(list.complete, !of_plant);  // a circuit stays, and is unsound
  }
}

TEST(MasterList, NoTwoCircuitsOfAcceptedIdsShareAJoinedName) {
  // All ids of up to three of these parts.
  const std::vector<std::string> parts = {"A", "_", "circuit", "_circuit_"};
  std::vector<std::string> ids;
  for (const std::string& one : parts)
    for (const std::string& two : parts)
      for (const std::string& three : {std::string(), parts[0], parts[1], parts[2], parts[3]})
        if (const std::string id = "X" + one + two + three; id.size() <= 63) ids.push_back(id);
  ids.insert(ids.end(), {"X", "circuit", "circuit_X", "circuit_circuit"});
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  std::map<std::string, std::string> circuits;
  for (const std::string& plant : ids)
    for (const std::string& circuit : ids) {
      if (IsAmbiguousPlantId(plant) || IsAmbiguousCircuitId(circuit)) continue;
      const auto [known, is_new] =
          circuits.emplace("plant_" + plant + "_circuit_" + circuit, plant + "/" + circuit);
      EXPECT_TRUE(is_new) << known->first << ": " << known->second << ", " << plant << "/"
                          << circuit;
    }
  EXPECT_GT(circuits.size(), 100u);
}

TEST(MasterList, AliasesThatWouldMakeMillionsOfCircuitsAreRefused) {
  std::string text = "plants:\n  - &p\n    plant_id: P0\n    circuits: &c\n";
  for (int i = 0; i < 1000; ++i) text += "      - {circuit_id: C" + std::to_string(i) + "}\n";
  for (int i = 1; i < 1000; ++i)
    text += "  - {plant_id: P" + std::to_string(i) + ", circuits: *c}\n";
  const MasterList list = Read(text);
  EXPECT_FALSE(list.readable);
  ASSERT_EQ(list.diagnostics.size(), 1u);
  EXPECT_EQ(list.diagnostics[0].reason, "TOO_MANY_ENTRIES");
}

TEST(MasterList, AliasesOfOneHugeEntryAreNotReadAgainAndAgain) {
  std::string text = "plants:\n  - &p {plant_id: P";
  for (int i = 0; i < 50'000; ++i) text += ", k" + std::to_string(i) + ": 1";
  text += "}\n";
  for (int i = 0; i < 50'000; ++i) text += "  - *p\n";
  const MasterList list = Read(text);
  EXPECT_FALSE(list.complete);
  EXPECT_EQ(list.diagnostics[0].reason, "TOO_MANY_KEYS");
}

}  // namespace
}  // namespace fleetcast::config
