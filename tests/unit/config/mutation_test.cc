// Whatever stands in a file, reading it ends with an answer.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <random>
#include <string>

#include "services/config/domain/circuit_resolution.h"
#include "services/config/domain/master_list.h"
#include "services/config/yaml/yaml_parser.h"
#include "tests/support/config/config_files.h"

namespace fleetcast::config {
namespace {

using Random = std::mt19937;

std::size_t Below(Random& random, std::size_t bound) {
  return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
}

std::string Mutated(std::string text, Random& random) {
  static const std::string fragments[] = {
      "&a ", "*a",    "<<: ", "? ", ": ", "- ", "[",   "]",           "{",    "}",
      "|\n", ">\n",   "\"",   "'",  "\t", "\n", "---", "...",         "!!",   "%",
      "#",   "\\x00", "~",    "\r", "@",  "`",  "0x",  "1e99",        "\xFF", "\xC3",
      ",",   "\\u",   "no",   "  ", "&",  "*",  "!<",  "\xEF\xBB\xBF"};
  const std::size_t edits = 1 + Below(random, 6);
  for (std::size_t i = 0; i < edits && !text.empty(); ++i) {
    const std::size_t at = Below(random, text.size());
    switch (Below(random, 4)) {
      case 0:
        text.erase(at, 1 + Below(random, 20));
        break;
      case 1:
        text[at] = static_cast<char>(Below(random, 256));
        break;
      case 2:
        text.insert(at, fragments[Below(random, std::size(fragments))]);
        break;
      default:
        text.insert(at, text.substr(Below(random, text.size()), Below(random, 60)));
    }
  }
  return text;
}

// More rounds with FLEETCAST_MUTATIONS=1000000.
int Rounds() {
  const char* rounds = std::getenv("FLEETCAST_MUTATIONS");
  return rounds == nullptr ? 3000 : std::atoi(rounds);
}

TEST(Mutation, MutatedCircuitIsSoundOrSaysWhatIsWrongWithIt) {
  Random random(7);
  const std::string sound = testing::CircuitText("P001", "C001");
  for (int i = 0; i < Rounds(); ++i) {
    const std::string text = Mutated(sound, random);
    const auto file =
        std::make_shared<const CircuitFile>(ReadCircuitFile(ParseYaml(text), FileKind::kCircuit));
    const CircuitResolution resolution = ResolveCircuit("P001", "C001", {{"c.yml", file}});
    ASSERT_EQ(resolution.config.has_value(), !HasError(resolution.diagnostics)) << text;
    ASSERT_EQ(resolution.config.has_value(), !resolution.training_hash.empty()) << text;
  }
}

TEST(Mutation, MutatedMasterListIsReadOrSaysWhatIsWrongWithIt) {
  Random random(8);
  const std::string sound = testing::MasterText({{"P001", {"C001", "C002"}}, {"P002", {"C001"}}});
  for (int i = 0; i < Rounds(); ++i) {
    const std::string text = Mutated(sound, random);
    const MasterList list = ReadMasterList(ParseYaml(text));
    const bool whole = list.readable && list.complete;
    ASSERT_TRUE(whole || HasError(list.diagnostics)) << text;
  }
}

}  // namespace
}  // namespace fleetcast::config
