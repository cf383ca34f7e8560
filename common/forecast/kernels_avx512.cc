// Compiled for AVX-512F: 32 registers of 16 floats.
#include "common/forecast/kernels_simd.h"
#include "common/forecast/kernels_tables.h"

namespace fleetcast::forecast {

const Kernels<float> kAvx512Kernels = Simd<float, 16, 6>::Table("avx512");

}  // namespace fleetcast::forecast
