#include "services/config/domain/scalar.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace fleetcast::config {
namespace {

using enum ScalarMeaning;

TEST(Scalar, MeansWhatEveryYamlReaderTakesItForOrIsAmbiguous) {
  const std::vector<std::pair<std::string, ScalarMeaning>> cases = {
      {"50", kNumber},
      {"-1", kNumber},
      {"+7", kNumber},
      {"0", kNumber},
      {"0.2", kNumber},
      {".5", kNumber},
      {"5.", kNumber},
      {"1e-3", kNumber},
      {"1.5E+2", kNumber},
      {"true", kBoolean},
      {"No", kBoolean},
      {"ON", kBoolean},
      {"off", kBoolean},
      {"nothing", kText},
      {"1.5.0", kText},
      {"SENSOR_1", kText},
      {"-", kText},
      {".", kText},
      {"e5", kText},
      {"10.0.0.1", kText},
      {"2025-12-09", kDate},
      {"2025-13-45", kDate},
      {"1_000", kAmbiguous},
      {"0o17", kAmbiguous},
      {"017", kAmbiguous},
      {"0x1F", kAmbiguous},
      {"0b11", kAmbiguous},
      {"1:30", kAmbiguous},
      {"190:20:30", kAmbiguous},
      {".nan", kAmbiguous},
      {"-.inf", kAmbiguous},
      {".Inf", kAmbiguous},
      {"2025-1-9", kAmbiguous},
      {"2025-12-09T10:00:00Z", kAmbiguous},
      {"2025-12-09 10:00", kAmbiguous}};
  for (const auto& [text, meaning] : cases) EXPECT_EQ(MeaningOf(text), meaning) << text;
}

TEST(Scalar, NumberIsWrittenSoThatYaml11TakesItForOneToo) {
  for (const char* number : {"50", "-1", "+7", "0.2", ".5", "5.", "1.0e-3", "1.5E+2", "-.5e+3"})
    EXPECT_EQ(Yaml11Number(number), number);
  EXPECT_EQ(Yaml11Number("1e-3"), "1.0e-3");
  EXPECT_EQ(Yaml11Number("1.5e3"), "1.5e+3");
  EXPECT_EQ(Yaml11Number("-2E7"), "-2.0E+7");
}

TEST(Scalar, NumberIsReadExactlyAndHugeOnesAreInfinite) {
  EXPECT_EQ(NumberOf("+50"), 50);
  EXPECT_EQ(NumberOf("1e-3"), 0.001);
  EXPECT_EQ(NumberOf("1e-999"), 0);
  EXPECT_TRUE(std::isinf(NumberOf("1e999")));
  EXPECT_LT(NumberOf("-1e999"), 0);
}

TEST(Scalar, ExcerptKeepsWholeCharactersAndShowsControlCharacters) {
  EXPECT_EQ(Excerpt("a\nb"), "a\\nb");
  std::string umlauts;
  for (int i = 0; i < 100; ++i) umlauts += "\xC3\xA4";
  const std::string excerpt = Excerpt("x" + umlauts);
  EXPECT_LE(excerpt.size(), 80u);
  EXPECT_EQ(excerpt.substr(excerpt.size() - 5), "ä…");
}

}  // namespace
}  // namespace fleetcast::config
