#include "cli/commands/follow.h"

#include <iostream>
#include <thread>

#include "absl/time/clock.h"
#include "cli/interrupt.h"
#include "cli/progress/display.h"
#include "cli/watch.h"
#include "common/base/patience.h"

namespace fleetcast::cli {
namespace {

bool PauseUnlessInterrupted(absl::Duration duration) {
  const Patience pause(duration);
  while (!Interrupted() && !pause.IsOver()) absl::SleepFor(absl::Milliseconds(50));
  return !Interrupted();
}

}  // namespace

absl::StatusOr<bool> Follow(
    Session& session, const FollowText& text,
    const std::function<absl::Status(const ProgressSink&, const std::function<void()>&,
                                     const std::function<void()>&)>& open) {
  const InterruptGuard guard;
  // Standard output belongs to the document with -o json and yaml.
  const bool on_stdout = session.format() == OutputFormat::kTable;
  ProgressDisplay display(on_stdout ? std::cout : std::cerr,
                          on_stdout ? session.terminal() : session.error_terminal());
  FleetProgress progress{.title = text.what, .circuits = {}};
  const ProgressSink sink = [&](const CircuitProgress& circuit) {
    display.Update(progress, circuit, session.Now());
  };
  WatchSteps steps;
  steps.open = [&](const std::function<void()>& on_message) {
    return open(sink, on_message, [&] { display.Tick(progress, session.Now()); });
  };
  steps.pause = PauseUnlessInterrupted;
  steps.on_lost = [&](const std::string& problem) {
    display.Say(problem + "; trying again, " + text.what + " goes on meanwhile");
  };
  steps.on_resumed = [&] { display.Say("connected again"); };
  const absl::Status status = WatchToEnd(WatchPolicy(), steps);
  if (!progress.circuits.empty()) display.Draw(progress, session.Now());
  if (Interrupted() && !status.ok()) {
    session.Note(text.what + " goes on; come back with: " + text.come_back);
    session.set_exit_code(ExitCode::kInterrupted);
    return false;
  }
  if (!status.ok()) return status;
  return true;
}

void ReportFailures(Session& session,
                    const std::vector<std::pair<std::string, std::string>>& failures) {
  for (const auto& [circuit, reason] : failures) {
    session.Note("failed: " + circuit + ": " + OneLine(reason));
  }
  if (!failures.empty()) session.set_exit_code(ExitCode::kFailed);
}

}  // namespace fleetcast::cli
