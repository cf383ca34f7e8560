#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/commands/backtest_options.h"
#include "cli/views/backtest_view.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

const std::vector<std::string> kColumns = {"HUFL", "OT"};

std::string FieldOf(const BacktestOptions& options) {
  const auto details = DetailsOf(ParseBacktest(options, kColumns).status());
  return details && !details->field_violations.empty() ? details->field_violations[0].field : "";
}

TEST(BacktestOptions, OneRequestPerTargetWithEveryColumn) {
  const auto requests = ParseBacktest({.targets = {"all"}, .horizon = 96, .seeds = 3}, kColumns);
  ASSERT_TRUE(requests.ok()) << requests.status();
  ASSERT_EQ(requests->size(), 2u);
  EXPECT_EQ((*requests)[1].spec.target_column, "OT");
  EXPECT_EQ((*requests)[1].spec.feature_columns, kColumns);
  EXPECT_EQ((*requests)[1].spec.horizon, 96);
  EXPECT_EQ((*requests)[1].seeds, 3);
  EXPECT_EQ((*requests)[1].train_rows, 0u);
}

TEST(BacktestOptions, SettingsAreNamedAsInAConfiguration) {
  const auto requests =
      ParseBacktest({.targets = {"OT"},
                     .features = {"HUFL"},
                     .train = 8640,
                     .validation = 2880,
                     .test = 2880,
                     .settings = {"hyperparameters.sequence_length=96",
                                  "hyperparameters.learning_rate=0.01", "seed=7"}},
                    kColumns);
  ASSERT_TRUE(requests.ok()) << requests.status();
  const forecast::BacktestRequest& request = requests->front();
  EXPECT_EQ(request.spec.sequence_length, 96);
  EXPECT_EQ(request.spec.learning_rate, 0.01);
  EXPECT_EQ(request.spec.seed, 7u);
  EXPECT_EQ(request.spec.feature_columns, std::vector<std::string>{"HUFL"});
  EXPECT_EQ(request.train_rows, 8640u);
  EXPECT_EQ(request.test_rows, 2880u);
}

TEST(BacktestOptions, NameTheFlagThatIsWrong) {
  EXPECT_EQ(FieldOf({.targets = {"OT"}}), "");
  EXPECT_EQ(FieldOf({.targets = {"XX"}}), "--target");
  EXPECT_EQ(FieldOf({.targets = {"OT"}, .features = {"XX"}}), "--features");
  EXPECT_EQ(FieldOf({.targets = {"OT"}, .train = 10}), "--train");
  for (const char* wrong : {"seed", "seed=", "seed=x", "units=3", "hyperparameters.epochs=1.5",
                            "hyperparameters.dropout=much"}) {
    EXPECT_EQ(FieldOf({.targets = {"OT"}, .settings = {wrong}}), "--set") << wrong;
  }
}

std::vector<BacktestRow> TwoRows() {
  std::vector<BacktestRow> rows(2);
  rows[0].target = "HUFL";
  rows[1].target = "OT";
  double factor = 1;
  for (BacktestRow& row : rows) {
    row.result.mse_scaled = 0.2 * factor;
    row.result.naive_repeat_mse_scaled = 0.5;
    row.result.naive_seasonal_mse_scaled = 0.4;
    row.result.ratio_to_best_naive = 0.5 * factor;
    row.result.test.coverage = {{80, 81.5}, {95, 94}};
    row.result.test.by_step.resize(2);
    row.result.test.by_step[1].rmse = 7;
    factor = 2;
  }
  return rows;
}

TEST(BacktestView, JsonHasTheKeysThatProgramsReadPerTarget) {
  const nlohmann::ordered_json json = BacktestJson(TwoRows());
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[1]["target"], "OT");
  for (const char* key :
       {"mse_scaled", "mae_scaled", "naive_repeat_mse_scaled", "naive_seasonal_mse_scaled",
        "ratio_to_best_naive", "coverage_80", "coverage_95", "seconds"}) {
    EXPECT_TRUE(json[0].contains(key)) << key;
  }
  EXPECT_DOUBLE_EQ(json[0]["coverage_80"], 0.815);
  EXPECT_EQ(json[0]["by_step"][1]["step"], 2);
  EXPECT_EQ(json[0]["by_step"][1]["rmse"], 7);
}

TEST(BacktestView, TheTableEndsWithTheMeanOfTheTargets) {
  const std::string text = BacktestText(TwoRows(), {}, {});
  EXPECT_NE(text.find("mean"), std::string::npos) << text;
  EXPECT_NE(text.find("0.750"), std::string::npos) << text;  // the mean ratio
  EXPECT_EQ(text.find("STEP"), std::string::npos) << text;
  EXPECT_NE(BacktestText(TwoRows(), {.steps = true}, {}).find("STEP"), std::string::npos);
}

}  // namespace
}  // namespace fleetcast::cli
