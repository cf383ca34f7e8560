#include "common/forecast/input_choice.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/forecast/series.h"

namespace fleetcast::forecast {
namespace {

// Chooses among all inputs of `spec` for an hourly series, of which the first half trains.
InputLayout ChosenFor(const TimeSeries& series, const ModelSpec& spec) {
  InputLayout layout = LayoutOf(spec, 3600, series.rows() / 2);
  layout.earlier_days = layout.other_columns = true;
  const std::vector<std::size_t> columns = *InputColumns(series, spec, layout);
  const RowRange train{0, series.rows() / 2}, validation{series.rows() / 2, series.rows()};
  const WindowRule rule = RuleOf(layout, columns);
  const Windows windows{.train = CompleteOrigins(series, rule, train),
                        .validation = CompleteOrigins(series, rule, validation),
                        .test = {}};
  const Scaling scaling = *FitScaling(series, columns, train, spec.horizon, 24);
  const ProgressCallback nobody;
  Heartbeat heartbeat(nobody, 1);
  return ChooseInputs({series, spec, layout, scaling, windows}, heartbeat)->layout;
}

// "load" repeats `pattern` and adds noise; "driver" is what load will be six hours later.
TimeSeries Patterned(std::size_t rows, std::size_t pattern_length) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> noise;
  std::vector<double> pattern(pattern_length), load(rows + 6);
  for (double& value : pattern) value = 5 * noise(random);
  for (std::size_t row = 0; row < load.size(); ++row) {
    load[row] = pattern[row % pattern_length] + noise(random);
  }
  TimeSeries series = SeriesOf(std::vector<double>(load.begin(), load.end() - 6));
  series.columns = {"load", "driver"};
  series.values.clear();
  for (std::size_t row = 0; row < rows; ++row) {
    series.values.insert(series.values.end(), {load[row], load[row + 6]});
  }
  return series;
}

ModelSpec LoadSpec(const std::vector<std::string>& features) {
  ModelSpec spec = SmallSpec();
  spec.feature_columns = features;
  return spec;
}

TEST(ChooseInputs, LooksAtEarlierDaysWhereTheyTellMoreThanTheSequence) {
  EXPECT_TRUE(ChosenFor(Patterned(2000, 24), LoadSpec({"load"})).earlier_days);
  EXPECT_TRUE(ChosenFor(Patterned(2000, 168), LoadSpec({"load"})).earlier_days);
  std::mt19937_64 random(4);
  std::normal_distribution<double> noise;
  std::vector<double> walk(2000);
  for (std::size_t i = 1; i < walk.size(); ++i) walk[i] = walk[i - 1] + noise(random);
  TimeSeries series = SeriesOf(walk);
  series.columns = {"load"};
  EXPECT_FALSE(ChosenFor(series, LoadSpec({"load"})).earlier_days);
}

TEST(ChooseInputs, TakesOtherColumnsThatKnowMore) {
  EXPECT_TRUE(ChosenFor(Patterned(2000, 24), LoadSpec({"load", "driver"})).other_columns);
}

TEST(ChooseInputs, LeavesOutColumnsThatKnowNothing) {
  EXPECT_FALSE(ChosenFor(DailyCycle(2000), LoadSpec({"load", "other"})).other_columns);
}

TEST(ChooseInputs, LeavesOutColumnsThatHelpOnlyForAWhile) {
  TimeSeries series = Patterned(2000, 24);
  std::mt19937_64 random(5);
  std::normal_distribution<double> noise;
  for (std::size_t row = 1500; row < 2000; ++row) {  // the driver breaks halfway in validation
    series.values[row * 2 + 1] = 5 * noise(random);
  }
  EXPECT_FALSE(ChosenFor(series, LoadSpec({"load", "driver"})).other_columns);
}

TEST(ChooseInputs, StartsFromTheRegression) {
  const TimeSeries series = Patterned(2000, 24);
  const ModelSpec spec = LoadSpec({"load"});
  InputLayout layout = LayoutOf(spec, 3600, 1000);
  layout.earlier_days = layout.other_columns = true;
  const WindowRule rule = RuleOf(layout, {0});
  const Windows windows{.train = CompleteOrigins(series, rule, {0, 1000}),
                        .validation = CompleteOrigins(series, rule, {1000, 2000}),
                        .test = {}};
  const Scaling scaling = *FitScaling(series, {0}, {0, 1000}, spec.horizon, 24);
  const ProgressCallback nobody;
  Heartbeat heartbeat(nobody, 1);
  const auto parts = ChooseInputs({series, spec, layout, scaling, windows}, heartbeat);
  ASSERT_TRUE(parts.ok()) << parts.status();
  const InputTable table(series, {0}, parts->layout, scaling);
  const auto fitted = LossesOver(windows.validation, parts->network, table, heartbeat);
  const Network untrained(parts->layout.Shape(spec), spec.seed);
  const auto repeat_last = LossesOver(windows.validation, untrained, table, heartbeat);
  EXPECT_LT(fitted->all(), 0.5 * repeat_last->all());
}

}  // namespace
}  // namespace fleetcast::forecast
