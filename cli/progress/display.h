// Shows a FleetProgress while it changes: redrawn in place on a terminal, else a line per change.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "cli/output/terminal.h"
#include "cli/progress/progress.h"

namespace fleetcast::cli {

// Not thread safe.
class ProgressDisplay {
 public:
  // A line per change goes to `out` where `terminal` is not interactive.
  ProgressDisplay(std::ostream& out, Terminal terminal) : out_(out), terminal_(terminal) {}

  // Takes in one circuit's present state.
  void Update(FleetProgress& progress, const CircuitProgress& circuit, absl::Time now);
  // Draws again if the last time was a while ago, so that times go on; to be called often.
  void Tick(const FleetProgress& progress, absl::Time now);
  // Draws now, whatever was drawn a moment ago; for the end and before other output.
  void Draw(const FleetProgress& progress, absl::Time now);
  // One line above what is redrawn.
  void Say(const std::string& line);

 private:
  void Erase();

  std::ostream& out_;
  Terminal terminal_;
  std::size_t drawn_ = 0;  // lines on the screen
  absl::Time last_draw_ = absl::InfinitePast();
  // What was last told of each circuit in a pipe.
  std::map<std::string, CircuitProgress> told_;
};

}  // namespace fleetcast::cli
