// Compiled for what every CPU of the target has, on x86-64 and Arm 16 registers of 4 floats or
// more.
#include "common/forecast/kernels_simd.h"
#include "common/forecast/kernels_tables.h"

namespace fleetcast::forecast {

const Kernels<float> kPortableKernels = Simd<float, 4, 3>::Table("portable");
const Kernels<double> kPortableDoubleKernels = Simd<double, 2, 3>::Table("portable");

}  // namespace fleetcast::forecast
