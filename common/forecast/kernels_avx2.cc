// Compiled for AVX2 and FMA: 16 registers of 8 floats.
#include "common/forecast/kernels_simd.h"
#include "common/forecast/kernels_tables.h"

namespace fleetcast::forecast {

const Kernels<float> kAvx2Kernels = Simd<float, 8, 3>::Table("avx2");

}  // namespace fleetcast::forecast
