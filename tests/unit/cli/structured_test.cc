#include "cli/output/structured.h"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

#include "fleetcast/config/v1/config_service.pb.h"
#include "fleetcast/registry/v1/model_service.pb.h"

namespace fleetcast::cli {
namespace {

using Json = nlohmann::ordered_json;

config::v1::DetectChangesResponse Changes() {
  config::v1::DetectChangesResponse response;
  response.set_merge_base_commit("abc");
  response.set_matrix_json(R"([{"plant_id":"P001"}])");
  auto& change = *response.add_changes();
  change.set_plant_id("P001");
  change.set_circuit_id("C001");
  change.set_kind(config::v1::CircuitChange::KIND_MODIFIED);
  change.add_field_change_indexes(0);
  response.add_field_changes()->set_field("training.seed");
  return response;
}

TEST(ToJson, SpellsFieldsAsTheProtoDoesAndKeepsDefaults) {
  const Json json = ToJson(Changes());
  EXPECT_EQ(json["merge_base_commit"], "abc");
  EXPECT_EQ(json["changes"][0]["plant_id"], "P001");
  EXPECT_EQ(json["changes"][0]["kind"], "KIND_MODIFIED");
  EXPECT_EQ(json["head_commit"], "");
  EXPECT_EQ(json["diagnostics"], Json::array());
}

TEST(ToJson, GivesTimesAsRfc3339) {
  registry::v1::ModelVersion version;
  version.mutable_create_time()->set_seconds(1'765'238'400);
  EXPECT_EQ(ToJson(version)["create_time"], "2025-12-09T00:00:00Z");
}

TEST(ToJson, OrdersMapsByKeyAlsoInsideLists) {
  registry::v1::ListModelVersionsResponse response;
  auto& tags = *response.add_model_versions()->mutable_tags();
  for (const char* key : {"rmse", "circuit_id", "mae", "plant_id", "r2"}) tags[key] = key;
  const Json json = ToJson(response);
  std::string order;
  for (const auto& [key, value] : json["model_versions"][0]["tags"].items()) {
    order += key + " ";
  }
  EXPECT_EQ(order, "circuit_id mae plant_id r2 rmse ");
}

// Reads what YamlText wrote back with another program's parser.
Json Reread(const YAML::Node& node) {
  if (node.IsMap()) {
    Json object = Json::object();
    for (const auto& entry : node) object[entry.first.as<std::string>()] = Reread(entry.second);
    return object;
  }
  if (node.IsSequence()) {
    Json list = Json::array();
    for (const auto& item : node) list.push_back(Reread(item));
    return list;
  }
  if (node.Tag() == "!" || !Json::accept(node.Scalar())) return node.Scalar();
  const Json value = Json::parse(node.Scalar());
  return value.is_string() ? Json(node.Scalar()) : value;
}

TEST(YamlText, IsReadBackUnchanged) {
  const Json value = {
      {"plain", "P001/C001"},
      {"words",
       Json::array({"yes", "null", "True", "12", "1e3", "", " padded ", "- dash", "a: b"})},
      {"symbols", "quote \" slash \\ hash # colon: tab\t newline\n"},
      {"utf8", "Größe 12 °C"},
      {"numbers", Json::array({1, -2.5, 0})},
      {"flags", Json::array({true, false})},
      {"empty_list", Json::array()},
      {"empty_object", Json::object()},
      {"nested",
       {{"list", Json::array({Json{{"a", 1}, {"b", Json::array({1, 2})}}, Json::array({3})})}}},
  };
  const std::string text = YamlText(value);
  EXPECT_EQ(Reread(YAML::Load(text)), value) << text;
}

TEST(YamlText, ReadsLikeYamlThatAPersonWrote) {
  EXPECT_EQ(YamlText(ToJson(Changes())),
            "merge_base_commit: abc\n"
            "head_commit: \"\"\n"
            "changes:\n"
            "  - plant_id: P001\n"
            "    circuit_id: C001\n"
            "    cutoff_date: \"\"\n"
            "    kind: KIND_MODIFIED\n"
            "    effect: EFFECT_UNSPECIFIED\n"
            "    field_change_indexes:\n"
            "      - 0\n"
            "matrix_json: \"[{\\\"plant_id\\\":\\\"P001\\\"}]\"\n"
            "diagnostics: []\n"
            "diagnostic_count: 0\n"
            "matrix_shards_json: []\n"
            "merge_base_count: 0\n"
            "field_changes:\n"
            "  - field: training.seed\n"
            "    old_value: \"\"\n"
            "    new_value: \"\"\n"
            "    source: SOURCE_UNSPECIFIED\n"
            "    path: \"\"\n"
            "    line: 0\n"
            "    column: 0\n"
            "change_count: 0\n"
            "next_page_token: \"\"\n");
}

TEST(YamlText, OfAnEmptyListIsAnEmptyList) { EXPECT_EQ(YamlText(Json::array()), "[]\n"); }

}  // namespace
}  // namespace fleetcast::cli
