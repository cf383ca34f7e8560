// fleetcast-inference: deployments, schedules, sweeps, forecasts.
#include <cstdio>
#include <string>

#include "common/base/log.h"
#include "common/rpc/server.h"
#include "services/inference/inference.h"

namespace {

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "fleetcast-inference: %s\n", std::string(status.message()).c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace fleetcast;
  rpc::BlockShutdownSignals();
  SettingsReader reader("fleetcast-inference", "FLEETCAST_INFERENCE",
                        "Deploys models and forecasts the fleet on a schedule.", argc, argv);
  const auto settings = inference::ReadInferenceSettings(reader);
  if (reader.help_requested()) {
    std::fputs(reader.HelpText().c_str(), stdout);
    return 0;
  }
  if (!settings.ok()) return Fail(settings.status());
  StartLogging("inference", settings->log_level);

  const auto replica = inference::Inference::Start(*settings);
  if (!replica.ok()) return Fail(replica.status());
  LogInfo("serving", {{"address", (*replica)->address()}, {"replica", settings->worker.name}});
  rpc::WaitForShutdownSignal();
  (*replica)->Drain();
  LogInfo("stopped");
}
