// The LSTM's training step, and what it is held against: the same work by LibTorch's own modules.
// On one thread.
#pragma once

#include <memory>
#include <vector>

#include "common/forecast/network.h"

namespace fleetcast::forecast {

// torch::nn::LSTM, dropout and torch::nn::Linear, with autograd, absolute error, clipping and Adam;
// without the network's linear path, which would only add to its work.
class LibTorchModel {
 public:
  LibTorchModel(const NetworkShape& shape, double dropout);
  ~LibTorchModel();

  // `targets` is [size, horizon].
  void Step(const Batch& batch, const std::vector<float>& targets);
  // Under no-grad.
  std::vector<float> Predict(const Batch& batch);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The step as the product takes it.
class ProductStep {
 public:
  ProductStep(const NetworkShape& shape, double dropout);
  ~ProductStep();

  void Step(const Batch& batch, const std::vector<float>& targets);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One float32 product of two 1024 x 1024 matrices: 2 * 1024^3 operations.
class SquareProduct {
 public:
  SquareProduct();
  ~SquareProduct();
  void Run();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fleetcast::forecast
