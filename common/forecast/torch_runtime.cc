// LibTorch's settings for the whole process.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <dlfcn.h>
#include <torch/version.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>

#include "absl/strings/str_format.h"
#include "common/forecast/aligned.h"
#include "common/forecast/forecast.h"
#include "common/forecast/kernels.h"

namespace fleetcast::forecast {
namespace {

// Products of [256, 256] and [256, 64]: large enough to count, small enough for a start.
constexpr std::ptrdiff_t kRows = 256, kDepth = 256, kColumns = 64;
constexpr int kRuns = 20;
// Reference BLAS is 13 times slower than OpenBLAS; the own kernels are about as fast as that.
constexpr double kSuspiciousSlowness = 5;

// Of the fastest run: what else the machine does must not count.
double SecondsPerFlop(const std::function<void()>& product) {
  using Clock = std::chrono::steady_clock;
  double fastest = INFINITY;
  for (int run = 0; run < kRuns; ++run) {
    const auto start = Clock::now();
    product();
    fastest = std::min(fastest, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return fastest / (2.0 * kRows * kDepth * kColumns);
}

std::function<void()> LibTorchProduct() {
  const at::Tensor a = at::ones({kRows, kDepth}), b = at::ones({kDepth, kColumns});
  return [a, b] { (void)at::mm(a, b); };
}

std::function<void()> OwnProduct() {
  const Kernels<float>& kernels = *AvailableKernels().front();
  AlignedVector<float> a(kRows * kDepth, 1), b(kDepth * kColumns, 1), c(kRows * kColumns);
  return [&kernels, a, b, c]() mutable {
    kernels.multiply({.rows = kRows,
                      .vectors = kColumns / kernels.lanes,
                      .depth = kDepth,
                      .a = a.data(),
                      .a_row = kDepth,
                      .a_depth = 1,
                      .b = b.data(),
                      .b_depth = kColumns,
                      .b_vector = kernels.lanes,
                      .c = c.data(),
                      .c_row = kColumns,
                      .c_vector = kernels.lanes});
  };
}

}  // namespace

void SetTorchThreads(int threads) {
  at::set_num_threads(threads);
  // OpenBLAS built on pthreads keeps a number of its own, which LibTorch does not set.
  if (void* symbol = dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) {
    reinterpret_cast<void (*)(int)>(symbol)(threads);
  }
}

std::string LibTorchVersion() { return TORCH_VERSION; }

const ComputeRates& MeasuredRates() {
  static const ComputeRates rates{.kernels = AvailableKernels().front()->name,
                                  .own = 1e-9 / SecondsPerFlop(OwnProduct()),
                                  .libtorch = 1e-9 / SecondsPerFlop(LibTorchProduct())};
  return rates;
}

std::string BlasWarning(const ComputeRates& rates) {
  const bool slow = kSuspiciousSlowness * rates.libtorch < rates.own;
  if (!slow && (at::hasMKL() || dlsym(RTLD_DEFAULT, "openblas_get_config") != nullptr)) return "";
  return absl::StrFormat(
      "LibTorch computes with the reference BLAS, about 13 times slower than it could: %.1f "
      "GFLOP/s "
      "where this CPU does %.1f; install libopenblas0-pthread",
      rates.libtorch, rates.own);
}

}  // namespace fleetcast::forecast
