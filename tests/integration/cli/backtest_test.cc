// `fleetcast backtest`: the real program on a simulated sensor's file, without any service.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "tests/integration/cli/program.h"

namespace fleetcast::testing {
namespace {

namespace fs = std::filesystem;
using absl::StrContains;

// With 120 days of one sensor's hourly temperature, pressure and vibration.
class BacktestTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string pattern = (fs::canonical(::testing::TempDir()) / "backtest-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    const Outcome made = RunFleetcast({"data", "simulate", "--plants", "1", "--circuits", "1",
                                       "--days", "120", "--out", (folder_ / "data").string()});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    for (const auto& file : fs::directory_iterator(folder_ / "data")) csv_ = file.path().string();
    ASSERT_FALSE(csv_.empty());
  }
  static void TearDownTestSuite() { fs::remove_all(folder_); }

  [[nodiscard]] Outcome Backtest(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all = {"backtest", "--csv", csv_};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return RunFleetcast(all);
  }
  // Of a training that is over at once.
  [[nodiscard]] Outcome QuickBacktest(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all = {"--set", "hyperparameters.lstm_units=4", "--set",
                                    "hyperparameters.epochs=1"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return Backtest(all);
  }

  static inline fs::path folder_;
  static inline std::string csv_;
};

void ExpectConsistent(const nlohmann::json& target, std::size_t horizon) {
  SCOPED_TRACE(target.dump());
  const double naive = std::min(target.at("naive_repeat_mse_scaled").get<double>(),
                                target.at("naive_seasonal_mse_scaled").get<double>());
  const double mse = target.at("mse_scaled");
  const double mae = target.at("mae_scaled");
  EXPECT_GT(naive, 0);
  EXPECT_GT(mae, 0);
  EXPECT_LE(mae * mae, mse);  // as of any numbers
  EXPECT_NEAR(target.at("ratio_to_best_naive"), mse / naive, 1e-9);
  const double narrow = target.at("coverage_80");
  const double wide = target.at("coverage_95");
  EXPECT_GT(narrow, 0.3);
  EXPECT_LT(narrow, wide);
  EXPECT_LE(wide, 1);
  EXPECT_GT(target.at("seconds"), 0);
  // 15% of 2,880 rows: a window for each that leaves room for the horizon.
  EXPECT_LE(target.at("windows"), 432 - horizon + 1);
  EXPECT_GT(target.at("windows"), 0);
  ASSERT_EQ(target.at("by_step").size(), horizon);
  double sum = 0;
  for (const auto& step : target.at("by_step")) sum += step.at("mae").get<double>();
  EXPECT_NEAR(sum / static_cast<double>(horizon), target.at("mae"), 1e-6 * sum);
}

TEST_F(BacktestTest, PrintsFiguresThatAgreeForEveryTarget) {
  const Outcome outcome = QuickBacktest(
      {"--target", "temperature,vibration", "--horizon", "12", "--seeds", "2", "-o", "json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto targets = nlohmann::json::parse(outcome.out, nullptr, /*allow_exceptions=*/false);
  ASSERT_TRUE(targets.is_array() && targets.size() == 2) << outcome.out;
  EXPECT_EQ(targets[0].at("target"), "temperature");
  EXPECT_EQ(targets[1].at("target"), "vibration");
  for (const auto& target : targets) ExpectConsistent(target, 12);
  EXPECT_NE(targets[0].at("mae"), targets[1].at("mae"));
}

TEST_F(BacktestTest, PrintsATable) {
  const Outcome outcome = QuickBacktest({"--target", "temperature", "-o", "table"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  for (const char* word : {"TARGET", "RATIO", "IN 80%", "IN 95%", "SECONDS", "temperature"}) {
    EXPECT_TRUE(StrContains(outcome.out, word)) << word << " is missing in\n" << outcome.out;
  }
}

TEST_F(BacktestTest, TellsHowFarItIsBesideItsAnswer) {
  // Seconds of work: what is done within one is not told.
  const Outcome outcome =
      Backtest({"--target", "temperature", "--seeds", "2", "--set",
                "hyperparameters.lstm_units=256", "--set", "hyperparameters.sequence_length=96",
                "--set", "hyperparameters.epochs=6", "-o", "json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(StrContains(outcome.err, " of 12 epochs at most, now temperature with seed "))
      << outcome.err;
  EXPECT_TRUE(nlohmann::json::accept(outcome.out)) << outcome.out;
}

TEST_F(BacktestTest, NamesTheColumnThatTheFileLacks) {
  for (const std::string flag : {"--target", "--features"}) {
    std::vector<std::string> arguments = {"--target", "temperature", "-o", "json"};
    if (flag == "--target") arguments[1] = "humidity";
    if (flag == "--features") arguments.insert(arguments.end(), {"--features", "humidity"});
    const Outcome outcome = QuickBacktest(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    EXPECT_TRUE(StrContains(outcome.err, flag)) << outcome.err;
    EXPECT_TRUE(StrContains(outcome.err, "\"humidity\"")) << outcome.err;
    EXPECT_TRUE(StrContains(outcome.err, "temperature, pressure, vibration")) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
}

}  // namespace
}  // namespace fleetcast::testing
