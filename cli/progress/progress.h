// What a watch shows of a training run or a sweep, free of the protos: the state of each circuit,
// as lines that are redrawn in place on a terminal, or as one line per change in a pipe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "cli/output/terminal.h"
#include "cli/output/text.h"

namespace fleetcast::cli {

enum class Standing { kQueued, kRunning, kSucceeded, kFailed, kCancelled };

[[nodiscard]] std::string StandingText(Standing standing);  // "queued"
[[nodiscard]] Style StandingStyle(Standing standing);
[[nodiscard]] bool HasEnded(Standing standing);

struct CircuitProgress {
  std::string circuit;  // "P001/C001"
  Standing standing = Standing::kQueued;
  std::string phase;  // "training"; empty if there is none to tell
  int epoch = 0;
  int epochs = 0;  // 0 where there are no epochs
  std::optional<double> loss;
  // Why it waits, how it ended or why it failed.
  std::string note;
  int attempt = 0;  // shown from the second on
  absl::Time start = absl::UnixEpoch();
  absl::Time end = absl::UnixEpoch();
};

struct FleetProgress {
  std::string title;  // "training run 01h…"
  std::map<std::string, CircuitProgress> circuits;
};

// Lines to redraw in place: a headline with the counts, then one line per circuit, each at most
// terminal.width wide. If they are more than `most_rows`, running and failed circuits go first and
// a last line counts the others.
[[nodiscard]] std::vector<std::string> LiveLines(const FleetProgress& progress,
                                                 const Terminal& terminal, absl::Time now,
                                                 std::size_t most_rows);

// What to print in a pipe when a circuit has changed (`before` is null when first seen): a line, or
// nothing when the change is a small one. Of the epochs about every tenth part is told.
[[nodiscard]] std::optional<std::string> ChangeLine(const CircuitProgress* before,
                                                    const CircuitProgress& after);

// "3 of 7 done, 1 failed, 2 running, 1 queued".
[[nodiscard]] std::string CountsText(const FleetProgress& progress);

// "████░░░░" of `width` columns.
[[nodiscard]] std::string Bar(int done, int total, std::size_t width);

}  // namespace fleetcast::cli
