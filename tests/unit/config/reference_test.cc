// What is made of the table of keys and checked in is current.
#include "services/config/domain/reference.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "services/config/domain/key_table.h"

namespace fleetcast::config {
namespace {

std::string CheckedIn(const std::string& path) {
  const char* source = std::getenv("FLEETCAST_SOURCE_DIR");
  EXPECT_NE(source, nullptr) << "ctest sets it to the checkout";
  std::ostringstream text;
  text << std::ifstream(std::string(source == nullptr ? "." : source) + "/" + path).rdbuf();
  EXPECT_FALSE(text.str().empty()) << path;
  return text.str();
}

constexpr char kRemedy[] = "run ./dev generate and commit what it writes";

TEST(Reference, DocumentOfKeysIsCurrent) {
  const std::string document = CheckedIn("docs/configuration.md");
  const auto current = WithKeyReference(document);
  ASSERT_TRUE(current.ok()) << current.status();
  EXPECT_EQ(document, *current) << kRemedy;
}

TEST(Reference, SchemasAreCurrent) {
  EXPECT_EQ(CheckedIn("docs/schema/circuit.schema.json"), JsonSchema(FileKind::kCircuit))
      << kRemedy;
  EXPECT_EQ(CheckedIn("docs/schema/defaults.schema.json"), JsonSchema(FileKind::kDefaults))
      << kRemedy;
  EXPECT_EQ(CheckedIn("docs/schema/calendar.schema.json"), CalendarSchema())
      << "./dev generate writes it";
}

TEST(Reference, DocumentWithoutTheMarksIsRefused) {
  EXPECT_EQ(WithKeyReference("# Configuration\n").status().code(), absl::StatusCode::kNotFound);
}

TEST(Reference, EveryKeyAndSectionIsDescribedInTheSchema) {
  const auto schema = nlohmann::json::parse(JsonSchema(FileKind::kCircuit));
  const auto node = [&schema](std::string path) {
    for (std::size_t dot = 0; (dot = path.find('.', dot)) != std::string::npos;)
      path.replace(dot, 1, "/properties/");
    return schema.at(nlohmann::json::json_pointer("/properties/" + path));
  };
  for (const Key& key : CircuitKeys()) {
    EXPECT_NE(node(key.path).at("description"), "") << key.path;
    EXPECT_EQ(node(key.path).contains("default"), key.fallback.value_or(Value()) != Value())
        << key.path;
    for (auto dot = key.path.find('.'); dot != std::string::npos;
         dot = key.path.find('.', dot + 1)) {
      const auto section = node(key.path.substr(0, dot));
      EXPECT_NE(section.at("description"), "") << key.path.substr(0, dot);
      EXPECT_EQ(section.at("additionalProperties"), false);
    }
  }
  EXPECT_EQ(schema.at("additionalProperties"), false);
}

}  // namespace
}  // namespace fleetcast::config
