// A model file of the format before, trained and written by the library of that time.
#include "common/forecast/model_v1.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/unit/forecast/model_files.h"

namespace fleetcast::forecast {
namespace {

std::string V1Bytes() {
  const char* source = std::getenv("FLEETCAST_SOURCE_DIR");
  std::ifstream file(
      std::string(source == nullptr ? "." : source) + "/tests/unit/forecast/data/model_v1.tar",
      std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What it was trained on.
TimeSeries V1Series() {
  TimeSeries series;
  series.columns = {"load", "weather"};
  const auto rounded = [](double value) { return std::round(100 * value) / 100; };
  for (int row = 0; row < 600; ++row) {
    series.unix_seconds.push_back(kStart + 3600 * static_cast<std::int64_t>(row));
    const double load =
        rounded(50 + 5 * std::sin(row * 0.2617993877991494) +
                2 * std::sin(0.021 * row * row * 0.01) + 0.05 * ((row * 7919) % 23));
    series.values.push_back(load);
    series.values.push_back(rounded(10 + 0.5 * load + 0.1 * ((row * 104729) % 17)));
  }
  return series;
}

TEST(ModelFileOfFormat1, ForecastsAsItDidWhenItWasWritten) {
  const auto model = Model::Parse(V1Bytes());
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->input_rows(), 96U);
  EXPECT_EQ(model->input_columns(), (std::vector<std::string>{"load", "weather"}));
  const auto forecast = model->Forecast(V1Series());
  ASSERT_TRUE(forecast.ok()) << forecast.status();
  const std::vector<double> values = {50.995139383, 52.832224161, 53.937816233};
  const std::vector<double> lower_80 = {50.570705458, 52.329468392, 53.334863904};
  const std::vector<double> upper_95 = {51.764361483, 53.786110233, 55.253633545};
  for (std::size_t step = 0; step < values.size(); ++step) {
    EXPECT_NEAR(forecast->values[step], values[step], 1e-5);
    EXPECT_NEAR(forecast->intervals[0].lower[step], lower_80[step], 1e-5);
    EXPECT_NEAR(forecast->intervals[1].upper[step], upper_95[step], 1e-5);
  }
}

TEST(ModelFileOfFormat1, IsComparedWithOneOfToday) {
  const auto model = Model::Parse(V1Bytes());
  ASSERT_TRUE(model.ok()) << model.status();
  const auto alone = model->Evaluate(V1Series(), {510, 600});
  const auto together = model->Evaluate(V1Series(), {510, 600}, SmallModel().model.needs());
  ASSERT_TRUE(alone.ok() && together.ok());
  EXPECT_EQ(alone->mae, together->mae);
}

TEST(ModelFileOfFormat1, IsWrittenAnewInTheFormatOfToday) {
  const auto model = Model::Parse(V1Bytes());
  ASSERT_TRUE(model.ok()) << model.status();
  const auto copy = Model::Parse(model->Serialize());
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(copy->Forecast(V1Series())->values, model->Forecast(V1Series())->values);
}

TEST(ModelFileOfFormat1, ThatLiesIsRefused) {
  const std::vector<std::pair<std::string, Json>> lies = {{"/spec/sequence_length", 13},
                                                          {"/spec/sequence_length", 1 << 20},
                                                          {"/spec/horizon", 0},
                                                          {"/layout/days", 5000},
                                                          {"/layout/season", 23},
                                                          {"/layout/earlier_days", 1},
                                                          {"/layout/other_columns", false},
                                                          {"/residual_quantiles/0/1", -1},
                                                          {"/residual_quantiles/0/1", "wide"},
                                                          {"/residual_quantiles", Json::array()},
                                                          {"/spec/feature_columns", "load"},
                                                          {"/scaling/change", 0}};
  for (const auto& [pointer, value] : lies) {
    Files lie = Files::Apart(V1Bytes());
    Json description = lie.Description();
    description[Json::json_pointer(pointer)] = value;
    lie.Describe(std::move(description));
    ExpectCorrupt(lie.Archive(), "", pointer + " = " + value.dump());
  }
}

}  // namespace
}  // namespace fleetcast::forecast
