#include "common/forecast/lockstep_trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace fleetcast::forecast {
namespace {

constexpr NetworkShape kShape{.steps = 4, .channels = 3, .extras = 5, .horizon = 6, .units = 17};
constexpr std::size_t kModels = 3;

Batch RandomBatch(unsigned seed, std::size_t size) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  const auto values = [&](std::size_t count) {
    std::vector<float> random(count);
    for (float& value : random) value = normal(generator);
    return random;
  };
  return {.size = size,
          .sequence = values(kShape.steps * size * kShape.channels),
          .extras = values(size * kShape.extras),
          .targets = values(size * kShape.horizon)};
}

std::vector<TrainerOptions> OptionsOfAll() {
  std::vector<TrainerOptions> options;
  for (std::size_t i = 0; i < kModels; ++i) {
    options.push_back(
        {.dropout = 0.2 * double(i), .learning_rate = 0.002 * double(i + 1), .seed = i});
  }
  return options;
}

std::vector<Network> Networks() {
  std::vector<Network> networks;
  for (std::size_t i = 0; i < kModels; ++i) networks.emplace_back(kShape, 10 + i);
  return networks;
}

// Model 1 misses steps 10 to 14 and stops at 25; the learning rate of model 2 falls at 15.
bool Trains(std::size_t model, int step) {
  return model != 1 || (step < 25 && (step < 10 || step >= 15));
}
constexpr int kSteps = 40, kRateFalls = 15;

unsigned BatchSeed(std::size_t model, int step) {
  return static_cast<unsigned>(1000 * model + static_cast<std::size_t>(step));
}

// Model 2 has few windows now and then, as an epoch's last batch may; at the end all have.
std::size_t BatchSize(std::size_t model, int step) {
  return step + 1 == kSteps || (model == 2 && step % 4 == 3) ? 5 : 16;
}

struct Outcome {
  std::vector<std::vector<double>> losses{kModels};
  std::vector<Network> networks = Networks();
};

Outcome Alone() {
  Outcome outcome;
  const std::vector<TrainerOptions> options = OptionsOfAll();
  for (std::size_t model = 0; model < kModels; ++model) {
    NetworkTrainer trainer(outcome.networks[model], options[model]);
    for (int step = 0; step < kSteps; ++step) {
      if (model == 2 && step == kRateFalls) trainer.SetLearningRate(1e-4);
      if (!Trains(model, step)) continue;
      outcome.losses[model].push_back(
          trainer.Step(RandomBatch(BatchSeed(model, step), BatchSize(model, step))));
    }
    trainer.SwapAverage();
  }
  return outcome;
}

Outcome Together(LockstepMaker make) {
  Outcome outcome;
  std::vector<Network*> networks;
  for (Network& network : outcome.networks) networks.push_back(&network);
  const auto trainer = make(networks, OptionsOfAll(), "cpu");
  for (int step = 0; step < kSteps; ++step) {
    if (step == kRateFalls) trainer->SetLearningRate(2, 1e-4);
    std::vector<Batch> batches(kModels);
    std::vector<const Batch*> given(kModels);
    for (std::size_t model = 0; model < kModels; ++model) {
      if (!Trains(model, step)) continue;
      batches[model] = RandomBatch(BatchSeed(model, step), BatchSize(model, step));
      given[model] = &batches[model];
    }
    const std::vector<double> losses = trainer->Step(given);
    for (std::size_t model = 0; model < kModels; ++model) {
      if (given[model] != nullptr) outcome.losses[model].push_back(losses[model]);
    }
  }
  for (std::size_t model = 0; model < kModels; ++model) trainer->SwapAverage(model);
  return outcome;
}

class Lockstep : public ::testing::TestWithParam<LockstepMaker> {};

TEST_P(Lockstep, TrainsEachModelAsIfItWereAlone) {
  constexpr double kTolerance = 1e-4;
  const Outcome alone = Alone(), together = Together(GetParam());
  const Batch batch = RandomBatch(7, 20);
  for (std::size_t model = 0; model < kModels; ++model) {
    ASSERT_EQ(together.losses[model].size(), alone.losses[model].size());
    for (std::size_t i = 0; i < alone.losses[model].size(); ++i) {
      EXPECT_NEAR(together.losses[model][i], alone.losses[model][i], kTolerance);
    }
    const std::vector<float> expected = alone.networks[model].Predict(batch);
    const std::vector<float> forecast = together.networks[model].Predict(batch);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR(forecast[i], expected[i], kTolerance) << "model " << model;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, Lockstep,
                         ::testing::Values(MakeLockstepTrainer, MakeStackedTrainer),
                         [](const auto& info) { return info.index == 0 ? "Turns" : "Stacked"; });

}  // namespace
}  // namespace fleetcast::forecast
