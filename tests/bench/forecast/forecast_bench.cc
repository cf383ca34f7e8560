// How much of the machine's matrix product rate the network reaches on one thread: arithmetic that
// the LSTM and its heads need, over time, against a 1024^3 float32 product in the same process.
// `-o json` prints one JSON object a line.
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/forecast/forecast.h"
#include "common/forecast/network.h"

namespace fleetcast::forecast {
namespace {

constexpr int kRepetitions = 31;

double MedianSeconds(const std::function<void()>& work, int repetitions = kRepetitions) {
  work();  // warm up
  std::vector<double> seconds;
  for (int i = 0; i < repetitions; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::nth_element(seconds.begin(), seconds.begin() + seconds.size() / 2, seconds.end());
  return seconds[seconds.size() / 2];
}

// Of the BLAS that LibTorch brought along; 0 if it does not show its symbols.
double GemmFlopsPerSecond() {
  using Sgemm = void (*)(const char*, const char*, const int*, const int*, const int*, const float*,
                         const float*, const int*, const float*, const int*, const float*, float*,
                         const int*);
  const auto sgemm = reinterpret_cast<Sgemm>(dlsym(RTLD_DEFAULT, "sgemm_"));
  if (sgemm == nullptr) return 0;
  const int n = 1024;
  const float one = 1, zero = 0;
  std::vector<float> a(n * n, 0.5F), b(n * n, 0.25F), c(n * n);
  const double seconds = MedianSeconds(
      [&] { sgemm("N", "N", &n, &n, &n, &one, a.data(), &n, b.data(), &n, &zero, c.data(), &n); },
      11);
  return 2.0 * n * n * n / seconds;
}

double ForwardFlops(const NetworkShape& shape, double windows) {
  const double gates = 4.0 * shape.units;
  const double lstm = shape.steps * gates * (shape.channels + shape.units);
  const double heads =
      static_cast<double>(shape.horizon) * (shape.units + shape.steps + shape.lags);
  return 2 * windows * (lstm + heads);
}

Batch BatchOf(const NetworkShape& shape, std::size_t size) {
  Batch batch{.size = size, .sequence = {}, .lags = {}, .targets = {}};
  unsigned state = 1;  // a fixed sequence: what the numbers are does not matter
  const auto fill = [&](std::vector<float>& values, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      state = state * 1664525U + 1013904223U;
      values.push_back(static_cast<float>(state >> 8) / static_cast<float>(1 << 23) - 1);
    }
  };
  fill(batch.sequence, size * static_cast<std::size_t>(shape.steps * shape.channels));
  fill(batch.lags, size * static_cast<std::size_t>(shape.lags));
  fill(batch.targets, size * static_cast<std::size_t>(shape.horizon));
  return batch;
}

struct Result {
  std::string name;
  double ratio, median_ms;
};

std::vector<Result> Measure(double gemm) {
  std::vector<Result> results;
  for (const int units : {128, 32}) {
    // The example configuration: three feature columns, hourly rows.
    const NetworkShape shape{
        .steps = 24, .channels = 6, .own_channels = 3, .lags = 144, .horizon = 24, .units = units};
    Network network(shape, 1);
    const auto add = [&](const std::string& name, double flops, const std::function<void()>& work) {
      const double seconds = MedianSeconds(work);
      results.push_back(
          {name + "_units_" + std::to_string(units), flops / seconds / gemm, 1000 * seconds});
    };
    {
      NetworkTrainer trainer(network, {.dropout = 0.2, .learning_rate = 0.001, .seed = 1});
      const Batch batch = BatchOf(shape, 32);
      // Backward needs twice the forward's products.
      add("training_step_batch_32", 3 * ForwardFlops(shape, 32), [&] { trainer.Step(batch); });
    }
    for (const std::size_t size : {std::size_t{256}, std::size_t{1}}) {
      const Batch batch = BatchOf(shape, size);
      add("forecast_batch_" + std::to_string(size), ForwardFlops(shape, static_cast<double>(size)),
          [&] { (void)network.Predict(batch); });
    }
  }
  return results;
}

int Run(bool json) {
  SetTorchThreads(1);
  if (const std::string warning = BlasWarning(); !warning.empty()) {
    std::fprintf(stderr, "%s\n", warning.c_str());
  }
  const double gemm = GemmFlopsPerSecond();
  if (gemm == 0) {
    std::fprintf(stderr, "LibTorch's BLAS does not show sgemm: nothing to compare with\n");
    return 1;
  }
  if (!json) std::printf("%-36s %18s %12s\n", "", "of the GEMM rate", "median ms");
  for (const Result& result : Measure(gemm)) {
    if (json) {
      const nlohmann::json line = {
          {"name", result.name}, {"ratio", result.ratio}, {"median_ms", result.median_ms}};
      std::printf("%s\n", line.dump().c_str());
    } else {
      std::printf("%-36s %18.3f %12.3f\n", result.name.c_str(), result.ratio, result.median_ms);
    }
  }
  return 0;
}

}  // namespace
}  // namespace fleetcast::forecast

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return fleetcast::forecast::Run(arguments == std::vector<std::string>{"-o", "json"});
}
