#include "common/forecast/plausible.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "tests/unit/forecast/series.h"

namespace fleetcast::forecast {
namespace {

const double kMissing = std::numeric_limits<double>::quiet_NaN();

std::vector<double> LoadOf(std::size_t rows) {
  const TimeSeries series = DailyCycle(rows);
  std::vector<double> load;
  for (std::size_t row = 0; row < rows; ++row) load.push_back(series.at(row, 0));
  return load;
}

struct Case {
  const char* name;
  std::function<void(std::vector<double>&)> spoil;
  std::size_t outliers;
};

void Put(double value, std::initializer_list<std::size_t> rows, std::vector<double>& values) {
  for (const std::size_t row : rows) values[row] = value;
}

TEST(PlausibleRange, FindsWhatIsNoReadingAndLeavesTheRest) {
  const std::vector<Case> cases = {
      {"nothing", [](auto&) {}, 0},
      {"one -9999", [](auto& v) { Put(-9999, {500}, v); }, 1},
      {"nine -9999 here and there",
       [](auto& v) {
         Put(-9999, {10, 99, 200, 201, 202, 500, 700, 800, 999}, v);
       },
       9},
      {"one 0", [](auto& v) { Put(0, {500}, v); }, 1},
      {"nine 0 in a row",
       [](auto& v) {
         Put(0, {500, 501, 502, 503, 504, 505, 506, 507, 508}, v);
       },
       9},
      {"the largest float",
       [](auto& v) {
         Put(3.4e38, {3, 500}, v);
       },
       2},
      {"1e200 and the largest double",
       [](auto& v) {
         Put(1e200, {3}, v);
         Put(std::numeric_limits<double>::max(), {500}, v);
       },
       2},
      {"a level within the range, for a cell", [](auto& v) { Put(75, {500}, v); }, 1},
      {"a standstill of two weeks", [](auto& v) { std::fill_n(v.begin() + 300, 336, 50.0); }, 0},
      {"a machine that is off for two days, once",
       [](auto& v) { std::fill_n(v.begin() + 300, 48, 20.0); }, 0},
      {"a step that stays",
       [](auto& v) {
         for (std::size_t i = 600; i < v.size(); ++i) v[i] += 40;
       },
       0},
      {"missing values around a sentinel",
       [](auto& v) {
         Put(kMissing, {499, 501}, v);
         Put(-9999, {500}, v);
       },
       1},
  };
  for (const Case& c : cases) {
    std::vector<double> values = LoadOf(1000);
    c.spoil(values);
    const PlausibleRange range = FitPlausibleRange(values);
    EXPECT_EQ(MaskOutliers(range, values).size(), c.outliers) << c.name;
  }
}

TEST(PlausibleRange, DoubtsANewestReadingThatIsFarOffUntilItLasts) {
  std::vector<double> values = LoadOf(1000);
  const PlausibleRange range = FitPlausibleRange(values);
  for (const double odd : {-9999.0, 0.0, 1e39, 120.0}) {
    std::vector<double> newest = values;
    newest.back() = odd;
    const auto outliers = MaskOutliers(range, newest);
    ASSERT_EQ(outliers.size(), 1U) << odd;
    EXPECT_EQ(outliers[0].row, 999U);
    EXPECT_EQ(outliers[0].value, odd);
  }
  std::fill_n(values.end() - 5, 5, 0.0);
  EXPECT_TRUE(MaskOutliers(range, values).empty());
}

TEST(PlausibleRange, OfASensorThatIsSwitchedBetweenLevelsKeepsBoth) {
  std::vector<double> values;
  for (std::size_t row = 0; row < 2000; ++row) values.push_back(row % 24 < 7 ? 0 : 100);
  values[1000] = -9999;
  const PlausibleRange range = FitPlausibleRange(values);
  EXPECT_EQ(MaskOutliers(range, values).size(), 1U);
}

TEST(PlausibleRange, OfAMostlyConstantColumnCutsNothingOffThatIsReal) {
  std::vector<double> values(2000, 5);
  for (std::size_t row = 0; row < 2000; row += 200) values[row] = 6;
  const PlausibleRange range = FitPlausibleRange(values);
  EXPECT_TRUE(MaskOutliers(range, values).empty());
}

TEST(PlausibleRange, OfHardlyAnyValuesIsFinite) {
  const PlausibleRange range = FitPlausibleRange({1, 2, kMissing});
  std::vector<double> values = {1e300, -5, kMissing, 7};
  EXPECT_EQ(MaskOutliers(range, values).size(), 1U);
}

}  // namespace
}  // namespace fleetcast::forecast
