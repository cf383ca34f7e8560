// docs/configuration.md says what the table of keys says.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_join.h"
#include "services/config/domain/key_table.h"

namespace fleetcast::config {
namespace {

constexpr char kBegin[] = "config_unit_test -->\n";
constexpr char kEnd[] = "<!-- end of keys -->";

std::string RangeText(const Key& key) {
  switch (key.type) {
    case KeyType::kInteger:
    case KeyType::kNumber:
      return TypeText(key.type) + ", " + key.range.Text();
    case KeyType::kChoice:
      return "`" + absl::StrJoin(key.choices, "` or `") + "`";
    case KeyType::kNameList:
      return TypeText(key.type) + ", at most " + std::to_string(key.max_items);
    case KeyType::kLevelList:
      return TypeText(key.type) + " " + key.range.Text();
    default:
      return TypeText(key.type);
  }
}

std::string KeyTableMarkdown() {
  std::string text = "| key | value | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const Key& key : CircuitKeys()) {
    const std::string fallback = key.fallback  ? "`" + ValueText(*key.fallback) + "`"
                                 : key.derived ? key.derived_text
                                               : "required";
    text +=
        "| `" + key.path + "` | " + RangeText(key) + " | " + fallback + " | " + key.help + " |\n";
  }
  return text;
}

TEST(ConfigurationDocument, TableOfKeysIsTheOneThatTheServiceUses) {
  const char* source = std::getenv("FLEETCAST_SOURCE_DIR");
  ASSERT_NE(source, nullptr) << "ctest sets it to the checkout";
  const std::string path = std::string(source) + "/docs/configuration.md";
  std::stringstream stream;
  stream << std::ifstream(path).rdbuf();
  const std::string document = stream.str();
  const std::size_t begin = document.find(kBegin) + sizeof kBegin - 1;
  const std::size_t end = document.find(kEnd);
  ASSERT_LE(begin, end);
  ASSERT_NE(end, std::string::npos);
  const std::string table = KeyTableMarkdown();
  if (std::getenv("FLEETCAST_UPDATE_DOCS") != nullptr)
    std::ofstream(path) << document.substr(0, begin) << table << document.substr(end);
  else
    EXPECT_EQ(document.substr(begin, end - begin), table)
        << "run config_unit_test with FLEETCAST_UPDATE_DOCS=1 and commit the document";
}

}  // namespace
}  // namespace fleetcast::config
