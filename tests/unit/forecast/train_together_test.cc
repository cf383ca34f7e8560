#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "common/base/status.h"
#include "common/forecast/forecast.h"
#include "common/forecast/inputs.h"
#include "common/forecast/lockstep_training.h"
#include "tests/unit/forecast/series.h"

namespace fleetcast::forecast {
namespace {

using Trained = std::vector<absl::StatusOr<TrainedModel>>;

// Circuits that differ in all that a task may differ in: data, split, shape, batches, dropout,
// rate, seed, epochs. The first four are of one sequence length, so that most of them are in
// lockstep.
class TrainTogetherTest : public ::testing::Test {
 protected:
  TrainTogetherTest() {
    ModelSpec spec = SmallSpec();
    spec.epochs = 20;
    spec.learning_rate = 0.0005;
    tasks_.push_back({first_, spec, {}});
    spec.seed = 8;
    spec.learning_rate = 0.001;
    tasks_.push_back({first_, spec, {}});
    tasks_.push_back({first_, spec, {0.68, 0.16}});  // of one shape, with epochs of another length
    tasks_.push_back({second_, spec, {}});
    spec.dropout = 0;
    spec.epochs = 3;
    tasks_.push_back({second_, spec, {0.5, 0.2}});
    spec.batch_size = 20;
    tasks_.push_back({second_, spec, {}});
    spec.sequence_length = 24;
    spec.lstm_units = 5;
    tasks_.push_back({first_, spec, {}});
    spec.sequence_length = 1;  // a single step of time
    tasks_.push_back({first_, spec, {}});
  }

  static absl::StatusOr<TrainedModel> Alone(const TrainingTask& task) {
    return Train(task.series, task.spec, task.split, nullptr);
  }

  // The same model to the last bit, by the same way.
  static void ExpectSame(const absl::StatusOr<TrainedModel>& trained, const TrainingTask& task) {
    const auto alone = Alone(task);
    ASSERT_TRUE(alone.ok()) << alone.status();
    ASSERT_TRUE(trained.ok()) << trained.status();
    EXPECT_TRUE(trained->model.Serialize() == alone->model.Serialize());
    EXPECT_EQ(trained->best_epoch, alone->best_epoch);
    EXPECT_EQ(trained->test.mae, alone->test.mae);
    EXPECT_EQ(trained->validation_rows.begin, alone->validation_rows.begin);
    ASSERT_EQ(trained->history.size(), alone->history.size());
    for (std::size_t i = 0; i < alone->history.size(); ++i) {
      EXPECT_EQ(trained->history[i].epoch, alone->history[i].epoch);
      EXPECT_EQ(trained->history[i].epochs, task.spec.epochs);
      EXPECT_EQ(trained->history[i].training_loss, alone->history[i].training_loss);
      EXPECT_EQ(trained->history[i].validation_loss, alone->history[i].validation_loss);
    }
  }

  // Forecasts within 1e-4 of the target's scale.
  static void ExpectClose(const absl::StatusOr<TrainedModel>& trained, const TrainingTask& task) {
    const auto alone = Alone(task);
    ASSERT_TRUE(alone.ok()) << alone.status();
    ASSERT_TRUE(trained.ok()) << trained.status();
    EXPECT_EQ(trained->best_epoch, alone->best_epoch);
    ASSERT_EQ(trained->history.size(), alone->history.size());
    for (std::size_t i = 0; i < alone->history.size(); ++i) {
      EXPECT_NEAR(trained->history[i].training_loss, alone->history[i].training_loss, 1e-4);
      EXPECT_NEAR(trained->history[i].validation_loss, alone->history[i].validation_loss, 1e-4);
    }
    const double scale = FitColumnScale(task.series, 0, {0, task.series.rows()}).scale;
    for (std::size_t rows = 300; rows <= task.series.rows(); rows += 7) {
      TimeSeries history = task.series;
      history.unix_seconds.resize(rows);
      history.values.resize(rows * history.columns.size());
      const auto expected = alone->model.Forecast(history);
      const auto forecast = trained->model.Forecast(history);
      ASSERT_TRUE(expected.ok() && forecast.ok()) << forecast.status();
      for (std::size_t step = 0; step < expected->values.size(); ++step) {
        ASSERT_NEAR(forecast->values[step], expected->values[step], 1e-4 * scale) << rows;
      }
    }
  }

  const TimeSeries first_ = DailyCycle(600), second_ = DailyCycle(731, 2);
  std::vector<TrainingTask> tasks_;
};

TEST_F(TrainTogetherTest, OnTheCpuGivesTheVeryModelsOfTrainingAlone) {
  const auto together = TrainTogether(tasks_, "cpu", nullptr);
  ASSERT_TRUE(together.ok()) << together.status();
  ASSERT_EQ(together->size(), tasks_.size());
  std::set<std::size_t> epochs;
  int bettered = 0;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    SCOPED_TRACE(i);
    ExpectSame((*together)[i], tasks_[i]);
    epochs.insert((*together)[i]->history.size());
    bettered += (*together)[i]->best_epoch > 0 ? 1 : 0;
  }
  // Or these tasks would not tell much.
  EXPECT_GE(epochs.size(), 3u);
  EXPECT_GE(bettered, 3);
}

TEST_F(TrainTogetherTest, StackedGivesTheForecastsOfTrainingAlone) {
  const Trained together = TrainInLockstep(tasks_, MakeStackedTrainer, "cpu", nullptr);
  ASSERT_EQ(together.size(), tasks_.size());
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    SCOPED_TRACE(i);
    ExpectClose(together[i], tasks_[i]);
  }
}

TEST_F(TrainTogetherTest, OnAGpuGivesTheForecastsOfTrainingAlone) {
  const auto together = TrainTogether(tasks_, "cuda", nullptr);
  if (ReasonOf(together.status()) == "DEVICE_UNAVAILABLE") GTEST_SKIP() << together.status();
  ASSERT_TRUE(together.ok()) << together.status();
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    SCOPED_TRACE(i);
    ExpectClose((*together)[i], tasks_[i]);
  }
}

TEST_F(TrainTogetherTest, ATaskThatFailsFailsAloneAndAsTrainDoes) {
  const TimeSeries short_one = DailyCycle(30), none = DailyCycle(0);
  const std::vector<TrainingTask> good = tasks_;
  std::vector<TrainingTask> bad;
  bad.push_back({short_one, SmallSpec(), {}});
  bad.push_back({none, SmallSpec(), {}});
  bad.push_back({first_, SmallSpec(), {}});
  bad.back().spec.target_column = "elsewhere";
  bad.push_back({first_, SmallSpec(), {}});
  bad.back().spec.epochs = 0;
  bad.push_back({first_, SmallSpec(), {}});
  bad.back().spec.learning_rate = 10;  // of the shape of the good ones, and diverges
  const std::vector<TrainingTask> tasks = {bad[0],  good[0], bad[1], bad[2],
                                           good[1], bad[3],  bad[4], good[2]};
  const std::set<std::size_t> sound = {1, 4, 7};
  const std::vector<std::string> reasons = {"DATA_TOO_FEW_ROWS",   "", "DATA_TOO_FEW_ROWS",
                                            "DATA_COLUMN_MISSING", "", "HYPERPARAMETER_INVALID",
                                            "TRAINING_DIVERGED",   ""};
  for (const LockstepMaker make : {MakeLockstepTrainer, MakeStackedTrainer}) {
    const Trained together = TrainInLockstep(tasks, make, "cpu", nullptr);
    ASSERT_EQ(together.size(), tasks.size());
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      SCOPED_TRACE(i);
      EXPECT_EQ(ReasonOf(together[i].status()), reasons[i]);
      if (sound.count(i) > 0) {
        ExpectClose(together[i], tasks[i]);
        continue;
      }
      // Its message has the loss, which the stacked form rounds otherwise.
      if (make == MakeStackedTrainer && reasons[i] == "TRAINING_DIVERGED") continue;
      EXPECT_EQ(together[i].status(), Alone(tasks[i]).status());
    }
  }
}

TEST_F(TrainTogetherTest, CancelsOneTaskAndReportsTheEpochsOfTheOthers) {
  std::vector<int> last_epoch(tasks_.size(), 0);
  const auto together =
      TrainTogether(tasks_, "cpu", [&](std::size_t task, const EpochProgress& progress) {
        last_epoch[task] = progress.epoch;
        return task != 1 || progress.epoch < 2;
      });
  ASSERT_TRUE(together.ok()) << together.status();
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    SCOPED_TRACE(i);
    if (i == 1) continue;
    ExpectSame((*together)[i], tasks_[i]);
    EXPECT_EQ(last_epoch[i], static_cast<int>((*together)[i]->history.size()));
  }
  EXPECT_EQ((*together)[1].status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(ReasonOf((*together)[1].status()), "TRAINING_CANCELLED");
  EXPECT_EQ(DetailsOf((*together)[1].status())->metadata.at("epoch"), "2");
  EXPECT_EQ(last_epoch[1], 2);
}

TEST_F(TrainTogetherTest, OnADeviceThatIsNotThereTrainsNothing) {
  bool called = false;
  const auto status_on = [&](const std::string& device) {
    return TrainTogether(tasks_, device,
                         [&](std::size_t, const EpochProgress&) { return called = true; })
        .status();
  };
  for (const std::string device : {"gpu", "", "cuda:x"}) {
    const absl::Status status = status_on(device);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << device;
    EXPECT_EQ(ReasonOf(status), "DEVICE_UNKNOWN") << device;
    EXPECT_NE(status.message().find("\"cpu\""), std::string::npos) << status;
  }
  // No machine has a hundred of them; "meta" computes nothing.
  for (const std::string device : {"cuda:99", "meta"}) {
    const absl::Status status = status_on(device);
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << device;
    EXPECT_EQ(ReasonOf(status), "DEVICE_UNAVAILABLE") << device;
    EXPECT_NE(status.message().find(device), std::string::npos) << status;
  }
  EXPECT_FALSE(called);
}

TEST_F(TrainTogetherTest, OfNoTasksIsNothing) {
  const auto together = TrainTogether({}, "cpu", nullptr);
  ASSERT_TRUE(together.ok()) << together.status();
  EXPECT_TRUE(together->empty());
}

}  // namespace
}  // namespace fleetcast::forecast
