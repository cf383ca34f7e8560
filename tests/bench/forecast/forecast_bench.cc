// How fast the network trains and forecasts on one thread: against LibTorch's own LSTM, and against
// the rate of a 1024^3 float32 product. Everything runs in turns in one process, so that whatever
// else the machine does falls on all; times are the process's CPU time. docs/performance.md says
// what is counted. `-o json` prints one JSON object a line.
#include <sys/utsname.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/forecast/forecast.h"
#include "common/forecast/kernels.h"
#include "common/forecast/network.h"
#include "tests/bench/forecast/libtorch_baseline.h"

namespace fleetcast::forecast {
namespace {

constexpr int kRounds = 25;
constexpr double kSampleSeconds = 0.01;
constexpr double kSquareFlops = 2.0 * 1024 * 1024 * 1024;

using Work = std::function<void()>;

double CpuSeconds() {
  std::timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

// Seconds of one run, from as many as fill a sample; the run before them warms the caches, which
// the work measured before has taken.
double Sample(const Work& work, int runs) {
  work();
  const double start = CpuSeconds();
  for (int i = 0; i < runs; ++i) work();
  return (CpuSeconds() - start) / runs;
}

// The median seconds of each work, taken in turns.
std::vector<double> MedianSeconds(const std::vector<Work>& works) {
  std::vector<int> runs;
  runs.reserve(works.size());
  for (const Work& work : works) {
    runs.push_back(std::max(1, static_cast<int>(kSampleSeconds / Sample(work, 1))));
  }
  std::vector<std::vector<double>> seconds(works.size());
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < works.size(); ++i) seconds[i].push_back(Sample(works[i], runs[i]));
  }
  std::vector<double> medians;
  medians.reserve(works.size());
  for (const auto& of_work : seconds) medians.push_back(Median(of_work));
  return medians;
}

// What the example configuration trains on hourly rows: four segments of a day with the time of the
// week, 24 steps ahead. `extras`: of the linear path, which is not trained.
NetworkShape ShapeWith(int units, int extras) {
  return {.steps = 4, .channels = 26, .extras = extras, .horizon = 24, .units = units};
}

Batch BatchOf(const NetworkShape& shape, std::size_t size) {
  Batch batch{.size = size, .sequence = {}, .extras = {}};
  unsigned state = 1;  // a fixed sequence: what the numbers are does not matter
  const auto fill = [&](std::vector<float>& values, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      state = state * 1664525U + 1013904223U;
      values.push_back(static_cast<float>(state >> 8) / static_cast<float>(1 << 23) - 1);
    }
  };
  fill(batch.sequence, size * static_cast<std::size_t>(shape.steps * shape.channels));
  fill(batch.extras, size * static_cast<std::size_t>(shape.extras));
  return batch;
}

// Multiplications and additions of the products that cannot be left out: none with the zero state
// before the first step, none for gradients of the inputs.
double ForwardFlops(const NetworkShape& s, double windows) {
  const double gates = 4.0 * s.units;
  return 2 * windows *
         (gates * (s.steps * s.channels + (s.steps - 1.0) * s.units) +
          static_cast<double>(s.horizon) * (s.units + s.extras));
}

double StepFlops(const NetworkShape& s, double windows) {
  const double gates = 4.0 * s.units;
  const double backward = gates * (s.steps * s.channels + 2 * (s.steps - 1.0) * s.units) +
                          static_cast<double>(s.horizon) * (2.0 * s.units + s.extras);
  return ForwardFlops(s, windows) + 2 * windows * backward;
}

// An hourly sensor with a day's cycle and noise, which no two seeds share.
TimeSeries SensorOf(unsigned seed, std::size_t rows) {
  TimeSeries series{.columns = {"load"}};
  unsigned state = seed;
  double slow = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    state = state * 1664525U + 1013904223U;
    slow = 0.95 * slow + static_cast<double>(state >> 8) / (1 << 24) - 0.5;
    series.unix_seconds.push_back(3600 * static_cast<std::int64_t>(row));
    series.values.push_back(50 + 5 * std::sin(0.2618 * static_cast<double>(row % 24)) + slow);
  }
  return series;
}

struct Result {
  std::string name;
  double ratio;       // NaN where nothing is compared
  double gemm_share;  // NaN where work is more than its products
  double median_ms;
};

class Bench {
 public:
  [[nodiscard]] double gigaflops() const { return gigaflops_; }

  Result Training(int units) {
    const NetworkShape shape = ShapeWith(units, /*extras=*/0);
    const Batch batch = BatchOf(shape, 32);
    const std::vector<float> targets(32 * 24, 0.5F);
    constexpr double kDropout = 0.2;
    LibTorchModel theirs(shape, kDropout);
    ProductStep ours(shape, kDropout);
    return Compare(
        "training_step_units_" + std::to_string(units) + "_batch_32", StepFlops(shape, 32),
        [&] { theirs.Step(batch, targets); }, [&] { ours.Step(batch, targets); });
  }

  Result Forecasting(int units, std::size_t windows) {
    const NetworkShape shape = ShapeWith(units, /*extras=*/720);
    const Batch batch = BatchOf(shape, windows);
    LibTorchModel theirs(shape, 0);
    Weights weights;
    for (const WeightShape& each : Network::WeightShapes(shape)) {
      std::size_t count = 1;
      for (const std::int64_t size : each.sizes) count *= static_cast<std::size_t>(size);
      weights.emplace_back(count, 0.01F);
    }
    const Network network(shape, weights);
    return Compare(
        "forecast_units_" + std::to_string(units) + "_batch_" + std::to_string(windows),
        ForwardFlops(shape, static_cast<double>(windows)), [&] { (void)theirs.Predict(batch); },
        [&] { (void)network.Predict(batch); });
  }

  // A whole training of the example configuration, from 8,760 hourly rows to a judged model.
  static Result WholeTraining() {
    const TimeSeries series = SensorOf(1, 8'760);
    ModelSpec spec;
    spec.target_column = "load";
    spec.seed = 1;
    const double start = CpuSeconds();
    (void)Train(series, spec, {}, nullptr).value();
    return {"whole_training_example_configuration", NAN, NAN, 1000 * (CpuSeconds() - start)};
  }

  // A forecast of one window with all members, gaps looked for and intervals made.
  static Result WholeForecast() {
    const TimeSeries series = SensorOf(1, 8'760);
    ModelSpec spec;
    spec.target_column = "load";
    spec.epochs = 1;
    const TrainedModel trained = Train(series, spec, {}, nullptr).value();
    const std::vector<double> seconds =
        MedianSeconds({[&] { (void)trained.model.Forecast(series).value(); }});
    return {"whole_forecast_one_window", NAN, NAN, 1000 * seconds[0]};
  }

 private:
  Result Compare(const std::string& name, double flops, const Work& theirs, const Work& ours) {
    const std::vector<double> seconds = MedianSeconds({[&] { square_.Run(); }, theirs, ours});
    const double rate = kSquareFlops / seconds[0];
    gigaflops_ = rate / 1e9;
    return {name, seconds[1] / seconds[2], flops / seconds[2] / rate, 1000 * seconds[2]};
  }

  SquareProduct square_;
  double gigaflops_ = 0;
};

std::string Decimal(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

std::string CpuModel() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(": ") + 2);
  }
  utsname names{};
  return uname(&names) == 0 ? names.machine : "unknown";
}

void Print(const Bench& bench, const Result& result, bool json) {
  if (!json) {
    const std::string share = std::isnan(result.gemm_share) ? "" : Decimal(result.gemm_share);
    const std::string ratio = std::isnan(result.ratio) ? "" : Decimal(result.ratio);
    std::printf("%-36s %8s %12s %12.3f\n", result.name.c_str(), ratio.c_str(), share.c_str(),
                result.median_ms);
    return;
  }
  const nlohmann::json line = {{"name", result.name},
                               {"ratio", result.ratio},
                               {"gemm_share", result.gemm_share},
                               {"median_ms", result.median_ms},
                               {"machine",
                                {{"cpu", CpuModel()},
                                 {"kernels", AvailableKernels().front()->name},
                                 {"gemm_gigaflops", bench.gigaflops()}}}};
  std::printf("%s\n", line.dump().c_str());
}

int Run(bool json) {
  SetTorchThreads(1);
  if (const std::string warning = BlasWarning(MeasuredRates()); !warning.empty()) {
    std::fprintf(stderr, "%s\n", warning.c_str());
  }
  Bench bench;
  if (!json) {
    std::printf("%s, %s kernels, one thread\n", CpuModel().c_str(),
                AvailableKernels().front()->name);
    std::printf("%-36s %8s %12s %12s\n", "", "ratio", "GEMM share", "median ms");
  }
  for (const int units : {128, 32}) Print(bench, bench.Training(units), json);
  for (const std::size_t windows : {std::size_t{1}, std::size_t{100}}) {
    Print(bench, bench.Forecasting(128, windows), json);
  }
  Print(bench, Bench::WholeForecast(), json);
  Print(bench, Bench::WholeTraining(), json);
  if (!json) std::printf("1024^3 product: %.0f GFLOP/s\n", bench.gigaflops());
  return 0;
}

}  // namespace
}  // namespace fleetcast::forecast

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments != std::vector<std::string>{"-o", "json"}) {
    std::fprintf(stderr, "usage: %s [-o json]\n", argv[0]);
    return 2;
  }
  return fleetcast::forecast::Run(!arguments.empty());
}
