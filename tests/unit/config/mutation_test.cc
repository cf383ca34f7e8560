// Whatever stands in a file, reading it ends with an answer.
#include "tests/support/mutation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/config/config_files.h"
#include "tests/support/config/text_invariants.h"

namespace fleetcast::config {
namespace {

namespace fs = std::filesystem;
const std::vector<std::string>& Fragments() {
  static const std::vector<std::string> fragments = {
      "&a ", "*a", "<<: ", "? ", ": ",           "- ",   "[",    "]",    "{", "}",   "|\n",
      ">\n", "\"", "'",    "\t", "\n",           "---",  "...",  "!!",   "%", "#",   "\\x00",
      "~",   "\r", "@",    "`",  "0x",           "1e99", "\xFF", "\xC3", ",", "\\u", "no",
      "  ",  "&",  "*",    "!<", "\xEF\xBB\xBF", "-0",   "1e-7"};
  return fragments;
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

TEST(Mutation, MutatedTextIsSoundOrSaysWhatIsWrongWithItAndWhere) {
  std::vector<std::string> seeds = Corpus();
  seeds.push_back(testing::CircuitText("P001", "C001"));
  seeds.push_back(testing::CircuitText("P001", "C001"));
  seeds.push_back(testing::MasterText({{"P001", {"C001", "C002"}}, {"P002", {"C001"}}}));
  const auto broken = fleetcast::testing::FirstBroken(seeds, Fragments(), testing::BrokenInvariant);
  EXPECT_FALSE(broken) << *broken;
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
