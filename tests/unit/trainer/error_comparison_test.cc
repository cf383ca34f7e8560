// What two models' errors on the same windows say, as a table of what may happen.
#include "services/trainer/domain/error_comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace fleetcast::trainer {
namespace {

constexpr int kHorizon = 24;

// Errors that stay large or small for about a day, as weather does.
std::vector<double> Episodes(std::size_t windows, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> noise;
  std::vector<double> errors;
  double slow = 0;
  for (std::size_t i = 0; i < windows; ++i) {
    slow = 0.96 * slow + 0.28 * noise(random);
    errors.push_back(3 + slow);
  }
  return errors;
}

std::vector<double> Sum(const std::vector<double>& errors, double share, double add,
                        std::uint64_t seed = 9) {
  const std::vector<double> own = Episodes(errors.size(), seed);
  std::vector<double> sum;
  for (std::size_t i = 0; i < errors.size(); ++i) {
    sum.push_back(errors[i] + share * (own[i] - 3) + add);
  }
  return sum;
}

struct Case {
  std::string name;
  std::vector<double> first, second;
  Standing expected;
  int trials = 1;
};

TEST(ErrorComparison, TellsSkillFromLuck) {
  const std::vector<double> errors = Episodes(700, 1);
  std::vector<double> broken = errors;
  for (std::size_t i = 0; i < broken.size(); i += 4) broken[i] = std::nan("");
  std::vector<double> one_bad_day = Sum(errors, 0.05, -0.05);
  for (std::size_t i = 300; i < 324; ++i) one_bad_day[i] += 20;
  const std::vector<Case> cases = {
      {"the same model", errors, errors, Standing::kNotToldApart},
      {"a little better everywhere", Sum(errors, 0, -0.01), errors, Standing::kBetter},
      {"a little worse everywhere", Sum(errors, 0, 0.01), errors, Standing::kWorse},
      {"better, with errors of its own", Sum(errors, 0.3, -0.4), errors, Standing::kBetter},
      {"another seed of the same", Sum(errors, 0.3, 0), errors, Standing::kNotToldApart},
      {"the best of twenty trials", Sum(errors, 0.3, -0.15), errors, Standing::kNotToldApart, 20},
      {"better but for one bad day", one_bad_day, errors, Standing::kNotToldApart},
      {"every fourth window not finite", Sum(broken, 0, -0.01), errors, Standing::kBetter},
      {"a handful of windows", std::vector<double>(50, 1), std::vector<double>(50, 2),
       Standing::kNotToldApart},
      {"no window", {}, {}, Standing::kNotToldApart},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const ErrorComparison result = CompareErrors(c.first, c.second, kHorizon, c.trials);
    EXPECT_EQ(result.standing, c.expected) << result.why;
    EXPECT_FALSE(result.why.empty());
    // And the other way round.
    const ErrorComparison other = CompareErrors(c.second, c.first, kHorizon, c.trials);
    EXPECT_DOUBLE_EQ(other.difference, -result.difference);
    EXPECT_EQ(other.standing == Standing::kWorse, c.expected == Standing::kBetter);
  }
}

// Of two models of equal worth one in twenty pairs may be told apart; errors that come in
// episodes must not make it many more.
TEST(ErrorComparison, IsSeldomWrongAboutModelsOfEqualWorth) {
  for (const int windows : {700, 330}) {
    SCOPED_TRACE(windows);
    int told_apart = 0;
    constexpr int kPairs = 300;
    for (int i = 0; i < kPairs; ++i) {
      const auto seed = static_cast<std::uint64_t>(i);
      const ErrorComparison result =
          CompareErrors(Episodes(windows, 2 * seed + 1), Episodes(windows, 2 * seed + 2), kHorizon);
      told_apart += result.standing == Standing::kNotToldApart ? 0 : 1;
    }
    EXPECT_LE(told_apart, kPairs * 14 / 100);
    EXPECT_GE(told_apart, kPairs * 1 / 100);
  }
}

TEST(ErrorComparison, SaysTheNumbersAndTheMargin) {
  const std::vector<double> errors = Episodes(700, 1);
  const ErrorComparison result = CompareErrors(Sum(errors, 0.1, -0.5), errors, kHorizon);
  EXPECT_EQ(result.windows, 700);
  EXPECT_GT(result.margin, 0);
  EXPECT_NE(result.why.find("more than the"), std::string::npos) << result.why;
  EXPECT_NE(result.why.find("700 windows"), std::string::npos) << result.why;
  EXPECT_TRUE(std::isinf(CompareErrors({1, 2}, {2, 3}, kHorizon).margin));
  EXPECT_EQ(ToldApart(1.4450001, 1.4450383),
            std::make_pair(std::string("1.445"), std::string("1.44504")));
}

}  // namespace
}  // namespace fleetcast::trainer
