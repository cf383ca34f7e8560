// One table per instruction set that the compiler can make code for.
#pragma once

#include "common/forecast/kernels.h"

namespace fleetcast::forecast {

extern const Kernels<float> kAvx512Kernels, kAvx2Kernels, kPortableKernels;
extern const Kernels<double> kPortableDoubleKernels;

}  // namespace fleetcast::forecast
