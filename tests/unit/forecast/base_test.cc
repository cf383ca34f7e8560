// A plant's base: trained from several circuits, weighed in by each, alone where one has few rows.
#include "common/forecast/base.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "common/base/status.h"
#include "common/forecast/backtest.h"
#include "common/forecast/forecast.h"
#include "tests/unit/forecast/series.h"

namespace fleetcast::forecast {
namespace {

TimeSeries Times(double factor, TimeSeries series) {
  for (double& value : series.values) value *= factor;
  return series;
}

absl::StatusOr<TrainedModel> BaseOf(const std::vector<TimeSeries>& series,
                                    const ModelSpec& spec = SmallSpec()) {
  const ModelSpec load = SmallSpec();
  std::vector<BaseCircuit> circuits;
  for (std::size_t i = 0; i < series.size(); ++i) {
    circuits.push_back({"C" + std::to_string(i + 1), series[i], load});
  }
  return TrainBase(circuits, spec, {}, nullptr);
}

const Model& SmallBase() {
  static const TrainedModel* base = new TrainedModel(
      *BaseOf({DailyCycle(900, 11), Times(100, DailyCycle(900, 12)), DailyCycle(900, 13)}));
  return base->model;
}

std::vector<std::string> KindsOf(const std::vector<Remark>& remarks) {
  std::vector<std::string> kinds;
  for (const Remark& remark : remarks) kinds.push_back(remark.kind);
  return kinds;
}

const MemberShare* Member(const TrainedModel& trained, const std::string& name) {
  const auto found = std::find_if(trained.members.begin(), trained.members.end(),
                                  [&](const MemberShare& each) { return each.name == name; });
  return found == trained.members.end() ? nullptr : &*found;
}

std::string BytesWith(const Model* base, std::size_t rows = 600) {
  const auto trained = Train(DailyCycle(rows), SmallSpec(), {}, nullptr, base);
  return trained.ok() ? trained->model.Serialize() : trained.status().ToString();
}

TEST(Base, IsAMemberOfACircuitsModel) {
  const auto trained = Train(DailyCycle(600), SmallSpec(), {}, nullptr, &SmallBase());
  ASSERT_TRUE(trained.ok()) << trained.status();
  const MemberShare* base = Member(*trained, kBaseName);
  ASSERT_NE(base, nullptr);
  EXPECT_GE(base->weight, 0);
  // On a circuit like those that it has learnt from it is no worse than twice the best.
  for (const MemberShare& each : trained->members) {
    EXPECT_LT(base->validation_mae, 2 * each.validation_mae) << each.name;
  }
  EXPECT_EQ(Member(SmallModel(), kBaseName), nullptr);
}

TEST(Base, HasLessToSayTheMoreRowsACircuitHas) {
  const auto weight = [](std::size_t rows) {
    const auto trained = Train(DailyCycle(rows), SmallSpec(), {}, nullptr, &SmallBase());
    return trained.ok() ? Member(*trained, kBaseName)->weight : -1;
  };
  EXPECT_GT(weight(500), weight(5'000));
  EXPECT_GT(weight(5'000), 0);
}

TEST(Base, ThatIsPinnedGivesTheSameModelAgain) {
  EXPECT_EQ(BytesWith(&SmallBase()), BytesWith(&SmallBase()));
  EXPECT_NE(BytesWith(&SmallBase()), BytesWith(nullptr));
}

TEST(Base, IsKeptAsAModelAndPinnedByItsBytes) {
  const auto loaded = Model::Parse(SmallBase().Serialize());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(BytesWith(&*loaded), BytesWith(&SmallBase()));
  EXPECT_EQ(BytesWith(&*loaded, 60), BytesWith(&SmallBase(), 60));
}

TEST(Base, IsNotNeededByTheModelThatWasMadeWithIt) {
  std::string bytes;
  {
    const auto base = BaseOf({DailyCycle(900, 21), DailyCycle(900, 22)});
    ASSERT_TRUE(base.ok()) << base.status();
    bytes = BytesWith(&base->model, 60);
  }
  const auto model = Model::Parse(std::move(bytes));
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_TRUE(model->Forecast(DailyCycle(60)).ok());
}

TEST(Base, DoesNotCareWhatUnitACircuitHas) {
  const auto small = BaseOf({DailyCycle(900, 31), DailyCycle(900, 32)});
  const auto large = BaseOf({Times(1024, DailyCycle(900, 31)), DailyCycle(900, 32)});
  ASSERT_TRUE(small.ok() && large.ok());
  EXPECT_NEAR(small->test.mae, large->test.mae, 1e-3 * small->test.mae);
  const auto of = [](const Model& base) {
    return Train(DailyCycle(60), SmallSpec(), {}, nullptr, &base)->model.Forecast(DailyCycle(60));
  };
  const auto one = of(small->model), other = of(large->model);
  ASSERT_TRUE(one.ok() && other.ok());
  for (std::size_t step = 0; step < 6; ++step) {
    EXPECT_NEAR(one->values[step], other->values[step], 1e-3);
  }
}

TEST(Base, ForecastsAloneWhereRowsAreTooFewToTrainOn) {
  const TimeSeries series = DailyCycle(60, 4);
  const auto alone = Train(series, SmallSpec(), {}, nullptr, &SmallBase());
  ASSERT_TRUE(alone.ok()) << alone.status();
  EXPECT_EQ(KindsOf(alone->remarks), std::vector<std::string>{"BASE_ALONE"});
  EXPECT_EQ(alone->remarks[0].count, 60);
  EXPECT_EQ(alone->members.size(), 1u);
  EXPECT_EQ(alone->model.input_rows(), 30u);
  // Over what comes later it beats both naive forecasts.
  const auto later = alone->model.Evaluate(DailyCycle(900, 4), {60, 900});
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_GT(later->skill(), 0.1);
}

TEST(Base, AloneIsSaidByTheModelThatIsKeptAndByEachForecast) {
  const auto alone = Train(DailyCycle(60, 4), SmallSpec(), {}, nullptr, &SmallBase());
  const auto own = Train(DailyCycle(600, 4), SmallSpec(), {}, nullptr, &SmallBase());
  ASSERT_TRUE(alone.ok() && own.ok());
  for (const auto& [trained, said] : {std::pair(&*alone, true), std::pair(&*own, false)}) {
    const auto kept = Model::Parse(trained->model.Serialize());
    ASSERT_TRUE(kept.ok()) << kept.status();
    EXPECT_EQ(kept->is_base_alone(), said);
    const auto forecast = kept->Forecast(DailyCycle(600, 4));
    ASSERT_TRUE(forecast.ok()) << forecast.status();
    const auto kinds = KindsOf(forecast->remarks);
    EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "BASE_ALONE"), said ? 1 : 0);
  }
}

TEST(Base, AloneForecastsFromADayOfRows) {
  const auto alone = Train(DailyCycle(24, 4), SmallSpec(), {}, nullptr, &SmallBase());
  ASSERT_TRUE(alone.ok()) << alone.status();
  EXPECT_EQ(alone->test.windows, 0);
  const auto later = alone->model.Evaluate(DailyCycle(900, 4), {60, 900});
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_GT(later->skill_vs_repeat_last, 0.3);
  const auto less = Train(DailyCycle(23, 4), SmallSpec(), {}, nullptr, &SmallBase());
  EXPECT_EQ(ReasonOf(less.status()), "DATA_TOO_FEW_ROWS");
}

// With validation windows over ten horizons its own members can be judged; before that they cannot.
TEST(Base, ForecastsAloneUntilValidationCanJudgeMembersOfTheCircuitsOwn) {
  const auto kinds = [](std::size_t rows) {
    const auto trained = Train(DailyCycle(rows), SmallSpec(), {}, nullptr, &SmallBase());
    return trained.ok() ? KindsOf(trained->remarks) : std::vector<std::string>{"refused"};
  };
  const auto alone = kinds(400), own = kinds(500);
  EXPECT_EQ(std::count(alone.begin(), alone.end(), "BASE_ALONE"), 1);
  EXPECT_EQ(std::count(own.begin(), own.end(), "BASE_ALONE"), 0);
}

// Of a day of rows there are no errors of its own: those of the circuits that the base knows stand.
TEST(Base, AloneHasIntervalsThatHoldAboutAsManyValuesAsTheySay) {
  for (const std::size_t rows : {24, 60}) {
    const auto alone = Train(DailyCycle(rows, 4), SmallSpec(), {}, nullptr, &SmallBase());
    ASSERT_TRUE(alone.ok()) << alone.status();
    const auto later = alone->model.Evaluate(DailyCycle(1500, 4), {60, 1500});
    ASSERT_TRUE(later.ok()) << later.status();
    ASSERT_EQ(later->coverage.size(), 2u);
    EXPECT_NEAR(later->coverage[0].share, 80, 15) << rows;
    EXPECT_NEAR(later->coverage[1].share, 95, 8) << rows;
  }
}

TEST(Base, AloneForecastsOverGapsAsOtherModelsDo) {
  ModelSpec spec = SmallSpec();
  spec.sequence_length = 96;  // more than there are rows
  const auto alone = Train(DailyCycle(80), spec, {}, nullptr, &SmallBase());
  ASSERT_TRUE(alone.ok()) << alone.status();
  const auto kept = Model::Parse(alone->model.Serialize());
  ASSERT_TRUE(kept.ok()) << kept.status();
  TimeSeries history = DailyCycle(80);
  for (std::size_t row = 60; row < 70; ++row) history.values[row * 3] = NAN;
  EXPECT_TRUE(alone->model.Forecast(history).ok());
  EXPECT_EQ(kept->Forecast(history)->values, alone->model.Forecast(history)->values);
}

TEST(Base, AloneKeepsWithinTheCircuitsBounds) {
  ModelSpec spec = SmallSpec();
  spec.maximum = 54;
  const auto alone = Train(DailyCycle(60), spec, {}, nullptr, &SmallBase());
  ASSERT_TRUE(alone.ok()) << alone.status();
  const auto forecast = alone->model.Forecast(DailyCycle(60));
  ASSERT_TRUE(forecast.ok()) << forecast.status();
  for (const double value : forecast->values) EXPECT_LE(value, 54);
}

TEST(Base, ThatDoesNotFitIsRefused) {
  const auto reason = [](const TimeSeries& series, const ModelSpec& spec, const Model& base) {
    return ReasonOf(Train(series, spec, {}, nullptr, &base).status());
  };
  for (const std::size_t rows : {600, 60}) {
    TimeSeries half_hours = DailyCycle(rows);
    for (std::size_t row = 0; row < rows; ++row) {
      half_hours.unix_seconds[row] = kStart + 1800 * static_cast<std::int64_t>(row);
    }
    EXPECT_EQ(reason(half_hours, SmallSpec(), SmallBase()), "BASE_DOES_NOT_FIT") << rows;
    ModelSpec longer = SmallSpec();
    longer.horizon = 7;
    EXPECT_EQ(reason(DailyCycle(rows), longer, SmallBase()), "BASE_DOES_NOT_FIT") << rows;
    EXPECT_EQ(reason(DailyCycle(rows), SmallSpec(), SmallModel().model), "BASE_DOES_NOT_FIT");
  }
  ModelSpec shorter = SmallSpec();
  shorter.horizon = 3;
  EXPECT_EQ(reason(DailyCycle(60), shorter, SmallBase()), "");
  EXPECT_EQ(reason(DailyCycle(600), shorter, SmallBase()), "");
  ModelSpec levels = SmallSpec();
  levels.interval_levels = {90};
  EXPECT_EQ(reason(DailyCycle(30), levels, SmallBase()), "BASE_DOES_NOT_FIT");
}

TEST(Base, LeavesOutByNameWhatItCannotLearnFrom) {
  TimeSeries other_step = DailyCycle(900, 12);
  for (std::size_t row = 0; row < 900; ++row) {
    other_step.unix_seconds[row] = kStart + 60 * static_cast<std::int64_t>(row);
  }
  const auto base = BaseOf({DailyCycle(900, 11), other_step, DailyCycle(40, 13)});
  ASSERT_TRUE(base.ok()) << base.status();
  EXPECT_EQ(KindsOf(base->remarks),
            (std::vector<std::string>{"CIRCUIT_LEFT_OUT", "CIRCUIT_LEFT_OUT"}));
  EXPECT_EQ(base->remarks[0].column, "C2");
  EXPECT_EQ(base->remarks[0].text.substr(0, 15), "C2 is left out:");
  EXPECT_EQ(base->remarks[1].text.substr(0, 15), "C3 is left out:");
  const auto alone = BaseOf({DailyCycle(900, 11)});
  ASSERT_TRUE(alone.ok()) << alone.status();
  EXPECT_EQ(BytesWith(&base->model), BytesWith(&alone->model));
  EXPECT_EQ(ReasonOf(BaseOf({DailyCycle(40, 13)}).status()), "DATA_TOO_FEW_ROWS");
}

TEST(Base, IsTrainedForABacktestWithoutItsTestRows) {
  std::vector<BacktestRequest> requests(2);
  for (BacktestRequest& request : requests) {
    request = {.spec = SmallSpec(), .train_rows = 500, .validation_rows = 150, .test_rows = 100};
  }
  requests[1].spec.target_column = "weather";
  TimeSeries series = DailyCycle(750);
  const auto base = TrainBacktestBase(series, requests, nullptr);
  ASSERT_TRUE(base.ok()) << base.status();
  for (std::size_t row = 650; row < 750; ++row) series.values[row * 3] += 20;
  const auto same = TrainBacktestBase(series, requests, nullptr);
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ(BytesWith(&base->model), BytesWith(&same->model));

  BacktestRequest request = requests[0];
  request.base = &base->model;
  const auto with = Backtest(DailyCycle(750), request, nullptr);
  ASSERT_TRUE(with.ok()) << with.status();
  EXPECT_EQ(std::count_if(with->members.begin(), with->members.end(),
                          [](const MemberShare& each) { return each.name == kBaseName; }),
            1);
}

TEST(Base, StopsWhenToldTo) {
  const ModelSpec spec = SmallSpec();
  const TimeSeries series = DailyCycle(20'000);
  const std::vector<BaseCircuit> circuits(40, BaseCircuit{"C", series, spec});
  const auto base = TrainBase(circuits, spec, {}, [](const EpochProgress&) { return false; });
  EXPECT_EQ(ReasonOf(base.status()), "TRAINING_CANCELLED");
}

}  // namespace
}  // namespace fleetcast::forecast
