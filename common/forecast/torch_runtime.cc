// LibTorch's settings for the whole process.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>

#include "common/forecast/forecast.h"

namespace fleetcast::forecast {

void SetTorchThreads(int threads) {
  at::set_num_threads(threads);
  // OpenBLAS built on pthreads keeps a number of its own, which LibTorch does not set.
  if (void* symbol = dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) {
    reinterpret_cast<void (*)(int)>(symbol)(threads);
  }
}

std::string BlasWarning() {
  if (at::hasMKL() || dlsym(RTLD_DEFAULT, "openblas_get_config") != nullptr) return "";
  return "LibTorch computes with the reference BLAS and trains about 13 times slower; install "
         "libopenblas0-pthread";
}

}  // namespace fleetcast::forecast
