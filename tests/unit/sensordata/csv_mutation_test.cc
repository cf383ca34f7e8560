// Whatever bytes stand in a sensor's file, reading it ends with readings or with an error that can
// be stored and sent.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/mutation.h"
#include "tests/support/sensordata/csv_invariants.h"

namespace fleetcast::sensordata {
namespace {

std::vector<std::string> Corpus() {
  const char* source = std::getenv("FLEETCAST_SOURCE_DIR");
  const std::filesystem::path folder = source == nullptr ? "." : source;
  std::vector<std::string> texts;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "tests/fuzz/csv/corpus")) {
    std::ostringstream text;
    text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    texts.push_back(text.str());
  }
  std::sort(texts.begin(), texts.end());
  return texts;
}

TEST(CsvMutation, FilesThatWereKeptHoldTheInvariants) {
  const std::vector<std::string> corpus = Corpus();
  ASSERT_GT(corpus.size(), 10U);
  for (const std::string& text : corpus) {
    const auto broken = testing::BrokenCsvInvariant(text);
    EXPECT_FALSE(broken) << *broken << "\nin\n" << text;
  }
}

TEST(CsvMutation, AMutatedFileGivesReadingsOrAnErrorThatCanBeStored) {
  const std::vector<std::string> fragments = {",",
                                              ";",
                                              "/",
                                              ".",
                                              "|",
                                              "sep=",
                                              "uncertain",
                                              "1,234",
                                              "12/31/2025",
                                              "1765843200",
                                              "\"",
                                              "\"\"",
                                              "\n",
                                              "\r\n",
                                              "\r",
                                              " ",
                                              "\t",
                                              "nan",
                                              "NA",
                                              "inf",
                                              "1e99",
                                              "\xEF\xBB\xBF",
                                              "\xB0",
                                              "\xC3",
                                              "\xFF\xFE",
                                              "\x1b",
                                              "Z",
                                              "-",
                                              "+",
                                              "0000-01-01",
                                              "9999-12-31",
                                              "2025-12-09",
                                              std::string(1, '\0')};
  const auto broken =
      fleetcast::testing::FirstBroken(Corpus(), fragments, testing::BrokenCsvInvariant);
  EXPECT_FALSE(broken) << *broken;
}

}  // namespace
}  // namespace fleetcast::sensordata
