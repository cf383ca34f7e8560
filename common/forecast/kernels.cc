#include "common/forecast/kernels.h"

#include "common/forecast/kernels_tables.h"

namespace fleetcast::forecast {
namespace {

std::vector<const Kernels<float>*> FindKernels() {
  std::vector<const Kernels<float>*> found;
#ifdef FLEETCAST_X86_KERNELS
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) found.push_back(&kAvx512Kernels);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    found.push_back(&kAvx2Kernels);
  }
#endif
  found.push_back(&kPortableKernels);
  return found;
}

}  // namespace

const std::vector<const Kernels<float>*>& AvailableKernels() {
  static const std::vector<const Kernels<float>*> kernels = FindKernels();
  return kernels;
}

const Kernels<double>& DoubleKernels() { return kPortableDoubleKernels; }

}  // namespace fleetcast::forecast
