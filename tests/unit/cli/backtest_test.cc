#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "cli/commands/backtest_options.h"
#include "cli/offline/circuit.h"
#include "cli/report/backtest_page.h"
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
  EXPECT_EQ(FieldOf({.targets = {"OT"}, .base = true}), "--base");
  EXPECT_EQ(FieldOf({.targets = {"all"}, .base = true}), "");
  for (const char* wrong : {"seed", "seed=", "seed=x", "units=3", "hyperparameters.epochs=1.5",
                            "hyperparameters.dropout=much"}) {
    EXPECT_EQ(FieldOf({.targets = {"OT"}, .settings = {wrong}}), "--set") << wrong;
  }
}

TEST(BacktestOptions, TakeAFileWithTargetsOrACircuitWithItsSensor) {
  struct Case {
    BacktestOptions options;
    const char* field;  // "" where all is well
  };
  BacktestOptions circuit{.circuit = "P001/C001"};
  circuit.sensors.data = "data/";
  BacktestOptions both = circuit;
  both.targets = {"OT"};
  for (const Case& c : {Case{{}, "--csv"}, Case{{.csv = "a.csv"}, "--target"},
                        Case{{.csv = "a.csv", .targets = {"OT"}}, ""}, Case{circuit, ""},
                        Case{both, "--circuit"}, Case{{.circuit = "P001/C001"}, "--sensor-data"}}) {
    const auto details = DetailsOf(CheckSource(c.options));
    EXPECT_EQ(details ? details->field_violations[0].field : "", c.field);
  }
}

TEST(BacktestOptions, OfACircuitAreItsConfigurationsButForWhatIsSet) {
  const forecast::ModelSpec circuit{
      .horizon = 48, .epochs = 7, .feature_columns = {"OT"}, .target_column = "OT", .minimum = 0};
  const auto requests = ParseBacktest(
      {.refit_every = 168, .settings = {"seed=3", "data_filters.maximum=9"}}, kColumns, circuit);
  ASSERT_TRUE(requests.ok()) << requests.status();
  ASSERT_EQ(requests->size(), 1u);
  const forecast::BacktestRequest& request = requests->front();
  EXPECT_EQ(request.spec.horizon, 48);
  EXPECT_EQ(request.spec.epochs, 7);
  EXPECT_EQ(request.spec.feature_columns, std::vector<std::string>{"OT"});
  EXPECT_EQ(request.spec.minimum, 0);
  EXPECT_EQ(request.spec.maximum, 9);
  EXPECT_EQ(request.spec.seed, 3u);
  EXPECT_EQ(request.refit_every, 168u);
}

void WriteText(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
}

TEST(OfflineCircuit, IsWhatItsTrainingWouldBe) {
  const std::string folder = ::testing::TempDir() + "/offline_circuit";
  WriteText(folder + "/config/plants_circuits.yml",
            "plants:\n  - plant_id: P001\n    time_zone: Europe/Berlin\n"
            "    circuits: [{circuit_id: C001}, {circuit_id: C002}]\n");
  WriteText(folder + "/config/calendars/works.yml", "holidays: [2025-12-25]\n");
  WriteText(
      folder + "/config/defaults.yml",
      "training:\n  cutoff_date: 2025-12-09\n  environment_version: \"1.5.0\"\n"
      "  hyperparameters: {sequence_length: 24, lstm_units: 8, dropout: 0, learning_rate: 0.1,"
      " batch_size: 8, epochs: 3}\n"
      "deployment: {compute_instance_type: X, mini_batch_size: 1, timeout_minutes: 1}\n");
  WriteText(folder + "/config/plants/P001/C001.yml",
            "plant_id: P001\ncircuit_id: C001\ntraining:\n  calendar: works\n"
            "  data_filters: {sensor_id: pump, feature_columns: [flow, heat], minimum: 0}\n");
  WriteText(folder + "/config/plants/P001/C002.yml", "plant_id: P001\ncircuit_id: C003\n");
  const auto circuit = ReadCircuit(folder, "P001/C001");
  ASSERT_TRUE(circuit.ok()) << circuit.status();
  EXPECT_EQ(circuit->sensor_id, "pump");
  EXPECT_EQ(circuit->cutoff_date, "2025-12-09");
  EXPECT_EQ(circuit->spec.target_column, "flow");
  EXPECT_EQ(circuit->spec.epochs, 3);
  EXPECT_EQ(circuit->spec.minimum, 0);
  EXPECT_EQ(circuit->spec.calendar,
            (PlantCalendar{.time_zone = "Europe/Berlin", .holidays = {20'447}}));
  EXPECT_EQ(ReasonOf(ReadCircuit(folder, "P001/C002").status()), "CIRCUIT_UNSOUND");
  EXPECT_TRUE(absl::IsNotFound(ReadCircuit(folder, "P001/C009").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ReadCircuit(folder, "C001").status()));
}

std::vector<BacktestRow> RowWithWindows() {
  std::vector<BacktestRow> rows(1);
  rows[0].target = "OT, \"hot\"";
  rows[0].result.test.coverage = {{80, 90}};
  for (int window = 0; window < 5; ++window) {
    const double error = 1 + window % 3;
    rows[0].result.windows.push_back(
        {.issue_unix_seconds = 3600 * (9 + window),
         .last_value = 5,
         .forecast = {5, 6},
         .actual = {5 + error, std::numeric_limits<double>::quiet_NaN()},
         .seasonal = {5, 5},
         .intervals = {{.level = 80, .lower = {4, 4.5}, .upper = {6, 7}}}});
  }
  return rows;
}

TEST(BacktestFiles, CsvHasALineForEachStepOfEachForecast) {
  const std::string csv = ForecastsCsv(RowWithWindows(), 3600);
  EXPECT_EQ(csv.substr(0, csv.find('\n')),
            "target,issue_time,step,time,forecast,lower_80,upper_80,actual");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1 + 5 * 2);
  EXPECT_NE(csv.find("\"OT, \"\"hot\"\"\",1970-01-01T09:00:00Z,1,1970-01-01T10:00:00Z,5,4,6,6\n"),
            std::string::npos)
      << csv;
  EXPECT_NE(csv.find(",2,1970-01-01T11:00:00Z,6,4.5,7,\n"), std::string::npos);  // nothing came
}

TEST(BacktestFiles, PageShowsTheNewestTheBestAUsualAndTheWorstForecast) {
  TimeSeries series{.columns = {"OT, \"hot\""}, .unix_seconds = {}, .values = {}};
  for (int row = 0; row < 16; ++row) {
    series.unix_seconds.push_back(3600 * row);
    series.values.push_back(row);
  }
  const std::string page = BacktestPage(RowWithWindows(), series);
  for (const char* card :
       {"the newest forecast", "the best one", "one as usual", "the worst one"}) {
    EXPECT_NE(page.find(card), std::string::npos) << card;
  }
  EXPECT_NE(page.find("mean absolute error 3"), std::string::npos);
  EXPECT_NE(page.find("&quot;hot&quot;"), std::string::npos);
  EXPECT_EQ(page.find("\"hot\""), std::string::npos);
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
