#include "common/service/run.h"

#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/notification.h"
#include "common/base/status.h"
#include "common/rpc/server.h"
#include "common/service/replica.h"

namespace fleetcast::service {
namespace {

// For what a drain still does once its calls have been cancelled: statements that end by their
// own time-outs, work that is written down.
constexpr absl::Duration kDrainGrace = absl::Seconds(5);

// Ends the process unless it is destroyed in time.
class DrainLimit {
 public:
  DrainLimit(const Replica& replica, absl::Duration limit)
      : thread_([this, &replica, limit] {
          if (over_.WaitFor(limit)) return;
          LogError(
              "the drain does not end; ending by force",
              {{"after", absl::FormatDuration(limit)}, {"still_running", replica.StillRunning()}});
          // Nothing that hangs is waited for: no destructors.
          std::_Exit(EXIT_FAILURE);
        }) {}
  ~DrainLimit() {
    over_.Notify();
    thread_.join();
  }
  DrainLimit(const DrainLimit&) = delete;
  DrainLimit& operator=(const DrainLimit&) = delete;

 private:
  Notification over_;
  std::thread thread_;
};

absl::Status Serve(const ServerSettings& settings, std::unique_ptr<Service> service) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto replica, Replica::Start(settings, std::move(service)));
  rpc::WaitForShutdownSignal();
  const DrainLimit limit(*replica, settings.drain_timeout + kDrainGrace);
  replica->Drain();
  return absl::OkStatus();
}

}  // namespace

int RunService(const Program& program, int argc, char** argv,
               absl::FunctionRef<void(SettingsReader&)> read_settings,
               absl::FunctionRef<absl::StatusOr<std::unique_ptr<Service>>()> compose) {
  rpc::BlockShutdownSignals();
  const std::string name = "fleetcast-" + program.name;
  const auto fail = [&](const absl::Status& status) {
    std::fprintf(stderr, "%s: %s\n", name.c_str(), std::string(status.message()).c_str());
    return EXIT_FAILURE;
  };
  SettingsReader reader(name, "FLEETCAST_" + absl::AsciiStrToUpper(program.name), program.about,
                        argc, argv);
  const ServerSettings server = ReadServer(reader, program.port);
  read_settings(reader);
  if (reader.help_requested()) {
    std::fputs(reader.HelpText().c_str(), stdout);
    return EXIT_SUCCESS;
  }
  if (const absl::Status status = reader.Finish(); !status.ok()) return fail(status);
  StartLogging(program.name, server.log_level);
  auto service = compose();
  if (!service.ok()) return fail(service.status());
  if (const absl::Status served = Serve(server, *std::move(service)); !served.ok())
    return fail(served);
  LogInfo("stopped");
  return EXIT_SUCCESS;
}

}  // namespace fleetcast::service
