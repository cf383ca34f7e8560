// Whatever stands in a file, reading it ends with an answer.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/config/config_files.h"
#include "tests/support/config/text_invariants.h"

namespace fleetcast::config {
namespace {

namespace fs = std::filesystem;
using Random = std::mt19937;

std::size_t Below(Random& random, std::size_t bound) {
  return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
}

std::string Mutated(std::string text, Random& random) {
  static const std::string fragments[] = {
      "&a ", "*a", "<<: ", "? ", ": ",           "- ",   "[",    "]",    "{", "}",   "|\n",
      ">\n", "\"", "'",    "\t", "\n",           "---",  "...",  "!!",   "%", "#",   "\\x00",
      "~",   "\r", "@",    "`",  "0x",           "1e99", "\xFF", "\xC3", ",", "\\u", "no",
      "  ",  "&",  "*",    "!<", "\xEF\xBB\xBF", "-0",   "1e-7"};
  const std::size_t edits = 1 + Below(random, 6);
  for (std::size_t i = 0; i < edits && !text.empty(); ++i) {
    const std::size_t at = Below(random, text.size());
    switch (Below(random, 5)) {
      case 0:
        text.erase(at, 1 + Below(random, 20));
        break;
      case 1:
        text[at] = static_cast<char>(Below(random, 256));
        break;
      case 2:
        text.insert(at, fragments[Below(random, std::size(fragments))]);
        break;
      case 3:  // keeps many a text sound
        if (text[at] >= '0' && text[at] <= '9')
          text[at] = static_cast<char>('0' + Below(random, 10));
        break;
      default:
        text.insert(at, text.substr(Below(random, text.size()), Below(random, 60)));
    }
  }
  return text;
}

std::vector<std::string> Corpus() {
  const char* source = std::getenv("FLEETCAST_SOURCE_DIR");
  std::vector<std::string> texts;
  for (const auto& entry : fs::directory_iterator(std::string(source == nullptr ? "." : source) +
                                                  "/tests/fuzz/config/corpus")) {
    std::ostringstream text;
    text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    texts.push_back(text.str());
  }
  std::sort(texts.begin(), texts.end());
  return texts;
}

// 5000 rounds, the same each time. For a minute with FLEETCAST_MUTATION_SECONDS=60; other ones each
// time unless FLEETCAST_MUTATION_SEED says where they begin.
TEST(Mutation, MutatedTextIsSoundOrSaysWhatIsWrongWithItAndWhere) {
  std::vector<std::string> seeds = Corpus();
  seeds.push_back(testing::CircuitText("P001", "C001"));
  seeds.push_back(testing::CircuitText("P001", "C001"));
  seeds.push_back(testing::MasterText({{"P001", {"C001", "C002"}}, {"P002", {"C001"}}}));
  const char* seconds = std::getenv("FLEETCAST_MUTATION_SECONDS");
  const char* given = std::getenv("FLEETCAST_MUTATION_SEED");
  const unsigned seed = given != nullptr     ? static_cast<unsigned>(std::stoul(given))
                        : seconds == nullptr ? 7
                                             : std::random_device()();
  Random random(seed);
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::seconds(seconds == nullptr ? 0 : std::atoi(seconds));
  for (int i = 0; i < 5000 || std::chrono::steady_clock::now() < end; ++i) {
    const std::string text = Mutated(seeds[Below(random, seeds.size())], random);
    const auto broken = testing::BrokenInvariant(text);
    ASSERT_FALSE(broken) << *broken << "\nof seed " << seed << " in\n" << text;
  }
}

TEST(Mutation, TextsThatTheFuzzerKeptHoldTheInvariants) {
  const std::vector<std::string> corpus = Corpus();
  ASSERT_GT(corpus.size(), 20u);
  for (const std::string& text : corpus) {
    const auto broken = testing::BrokenInvariant(text);
    EXPECT_FALSE(broken) << *broken << "\nin\n" << text;
  }
}

}  // namespace
}  // namespace fleetcast::config
