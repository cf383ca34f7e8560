#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/forecast/forecast.h"

namespace fleetcast::forecast {

void StartLogged() {
  SetTorchThreads(1);
  const ComputeRates& rates = MeasuredRates();
  LogInfo("forecasting library ready", {{"kernels", rates.kernels},
                                        {"gigaflops", absl::StrCat(rates.own)},
                                        {"libtorch_gigaflops", absl::StrCat(rates.libtorch)}});
  if (const std::string warning = BlasWarning(rates); !warning.empty()) LogWarning(warning);
}

}  // namespace fleetcast::forecast
