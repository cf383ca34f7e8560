// fleetcast-trainer: training runs and their jobs; trains in this process.
#include <cstdio>

#include "common/base/log.h"
#include "common/rpc/server.h"
#include "services/trainer/trainer.h"

namespace {

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "fleetcast-trainer: %s\n", std::string(status.message()).c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace fleetcast;
  rpc::BlockShutdownSignals();
  SettingsReader reader("fleetcast-trainer", "FLEETCAST_TRAINER",
                        "Trains one forecasting model per circuit.", argc, argv);
  const auto settings = trainer::ReadTrainerSettings(reader);
  if (reader.help_requested()) {
    std::fputs(reader.HelpText().c_str(), stdout);
    return 0;
  }
  if (!settings.ok()) return Fail(settings.status());
  StartLogging("trainer", settings->log_level);

  const auto trainer = trainer::Trainer::Start(*settings);
  if (!trainer.ok()) return Fail(trainer.status());
  rpc::WaitForShutdownSignal();
  LogInfo("draining");
  (*trainer)->Drain();
  LogInfo("stopped");
}
