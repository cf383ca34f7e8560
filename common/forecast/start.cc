#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/forecast/forecast.h"
#include "common/forecast/kernels.h"

namespace fleetcast::forecast {

std::string Engine::Text() const {
  return absl::StrCat("fleetcast ", version, ", LibTorch ", libtorch, ", kernels ", kernels, ", ",
                      device);
}

Engine ThisEngine() {
  return {.version = FLEETCAST_VERSION,
          .libtorch = LibTorchVersion(),
          .kernels = AvailableKernels().front()->name,
          .device = "cpu"};
}

void StartLogged() {
  SetTorchThreads(1);
  const ComputeRates& rates = MeasuredRates();
  LogInfo("forecasting library ready", {{"engine", ThisEngine().Text()},
                                        {"gigaflops", absl::StrCat(rates.own)},
                                        {"libtorch_gigaflops", absl::StrCat(rates.libtorch)}});
  if (const std::string warning = BlasWarning(rates); !warning.empty()) LogWarning(warning);
}

}  // namespace fleetcast::forecast
