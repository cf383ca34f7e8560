#include "cli/commands/backtest.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/command.h"
#include "cli/session.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

// Returns only if it failed.
absl::Status BecomeBacktest(char** argv) {
  std::error_code error;
  const std::string program =
      (std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "fleetcast-backtest")
          .string();
  execv(program.c_str(), argv);
  return Refused(absl::StatusCode::kFailedPrecondition, "PROGRAM_MISSING",
                 absl::StrCat("cannot run ", program, ": ", std::strerror(errno),
                              "; install it beside fleetcast"),
                 {{"program", program}});
}

}  // namespace

void AddBacktestCommand(CLI::App& app, Session& session,
                        std::function<absl::Status(const BacktestOptions&)> run) {
  auto options = std::make_shared<BacktestOptions>();
  CLI::App& verb = AddVerb(
      app, session,
      {.name = "backtest",
       .about = "train on a sensor's first rows and judge every forecast of its last ones",
       .examples = "fleetcast backtest --csv ETTh1.csv --target OT\n"
                   "fleetcast backtest --csv ETTh1.csv --target all --train 8640 --validation 2880 "
                   "--test 2880 --seeds 3\n"
                   "fleetcast backtest --csv ETTh1.csv --target HUFL,OT --features HUFL,OT "
                   "--set hyperparameters.sequence_length=336 --horizon 96 -o json\n"
                   "fleetcast backtest --circuit P001/C001 --sensor-data data/ --refit-every 168 "
                   "--plot p001_c001.html"},
      [options, run = std::move(run)] { return run(*options); });
  AddBacktestFlags(verb, *options);
}

void AddBacktestCommand(CLI::App& app, Session& session, char** argv) {
  AddBacktestCommand(app, session, [argv](const BacktestOptions&) { return BecomeBacktest(argv); });
}

}  // namespace fleetcast::cli
