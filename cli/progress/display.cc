#include "cli/progress/display.h"

#include <algorithm>

namespace fleetcast::cli {
namespace {

// Redrawing more often than this only flickers.
constexpr absl::Duration kRedraw = absl::Milliseconds(100);
constexpr absl::Duration kTick = absl::Milliseconds(500);

}  // namespace

void ProgressDisplay::Update(FleetProgress& progress, const CircuitProgress& circuit,
                             absl::Time now) {
  progress.circuits[circuit.circuit] = circuit;
  if (terminal_.interactive) {
    if (now - last_draw_ >= kRedraw) Draw(progress, now);
    return;
  }
  const auto told = told_.find(circuit.circuit);
  const auto line = ChangeLine(told == told_.end() ? nullptr : &told->second, circuit);
  if (!line) return;
  out_ << *line << std::endl;
  told_[circuit.circuit] = circuit;
}

void ProgressDisplay::Tick(const FleetProgress& progress, absl::Time now) {
  if (!progress.circuits.empty() && now - last_draw_ >= kTick) Draw(progress, now);
}

void ProgressDisplay::Draw(const FleetProgress& progress, absl::Time now) {
  if (!terminal_.interactive) return;
  const std::size_t most_rows = terminal_.height > 6 ? terminal_.height - 4 : 20;
  const auto lines = LiveLines(progress, terminal_, now, most_rows);
  Erase();
  for (const auto& line : lines) out_ << line << "\n";
  out_ << std::flush;
  drawn_ = lines.size();
  last_draw_ = now;
}

void ProgressDisplay::Say(const std::string& line) {
  Erase();
  out_ << line << std::endl;
}

void ProgressDisplay::Erase() {
  if (terminal_.interactive && drawn_ > 0) out_ << "\x1b[" << drawn_ << "A\x1b[J";
  drawn_ = 0;
}

}  // namespace fleetcast::cli
