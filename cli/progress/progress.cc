#include "cli/progress/progress.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace fleetcast::cli {
namespace {

constexpr std::size_t kBarWidth = 20;
constexpr std::size_t kPhaseWidth = 12;

std::array<int, 5> CountStandings(const FleetProgress& progress) {
  std::array<int, 5> counts{};
  for (const auto& [name, circuit] : progress.circuits) {
    ++counts[static_cast<std::size_t>(circuit.standing)];
  }
  return counts;
}

std::string Elapsed(const CircuitProgress& circuit, absl::Time now) {
  if (circuit.start == absl::UnixEpoch()) return "";
  const absl::Time end = circuit.end == absl::UnixEpoch() ? now : circuit.end;
  return DurationText(std::max(end - circuit.start, absl::ZeroDuration()));
}

std::string LossText(const CircuitProgress& circuit) {
  return circuit.loss ? absl::StrFormat("loss %.4f", *circuit.loss) : "";
}

// The part of a line after circuit, standing and time.
std::string Activity(const CircuitProgress& circuit) {
  if (circuit.standing != Standing::kRunning) return OneLine(circuit.note);
  std::string text = circuit.phase;
  if (circuit.epochs > 0 && circuit.epoch > 0) {
    text = absl::StrFormat("%s %3d/%d  %s", Bar(circuit.epoch, circuit.epochs, kBarWidth),
                           circuit.epoch, circuit.epochs, LossText(circuit));
    if (circuit.phase != "training") absl::StrAppend(&text, "  ", circuit.phase);
  }
  if (circuit.attempt > 1) absl::StrAppend(&text, "  attempt ", circuit.attempt);
  return text;
}

// Which circuits a short terminal shows first.
int Urgency(const CircuitProgress& circuit) {
  switch (circuit.standing) {
    case Standing::kRunning:
      return 0;
    case Standing::kFailed:
      return 1;
    case Standing::kQueued:
      return 2;
    case Standing::kCancelled:
      return 3;
    case Standing::kSucceeded:
      return 4;
  }
  return 5;
}

std::string Line(const CircuitProgress& circuit, std::size_t name_width, const Terminal& terminal,
                 absl::Time now) {
  const std::string standing = StandingText(circuit.standing);
  std::string head = circuit.circuit + std::string(name_width - DisplayWidth(circuit.circuit), ' ');
  absl::StrAppend(&head, "  ");
  const std::string padding(kPhaseWidth - std::min(kPhaseWidth, standing.size()), ' ');
  const std::string tail =
      absl::StrFormat("%s%7s  %s", padding, Elapsed(circuit, now), Activity(circuit));
  const std::size_t used = DisplayWidth(head) + standing.size();
  const std::string shown = terminal.width > used ? Shorten(tail, terminal.width - used) : "";
  return head + Styled(standing, StandingStyle(circuit.standing), terminal.color) + shown;
}

}  // namespace

std::string StandingText(Standing standing) {
  switch (standing) {
    case Standing::kQueued:
      return "queued";
    case Standing::kRunning:
      return "running";
    case Standing::kSucceeded:
      return "succeeded";
    case Standing::kFailed:
      return "failed";
    case Standing::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

Style StandingStyle(Standing standing) {
  switch (standing) {
    case Standing::kQueued:
      return Style::kDim;
    case Standing::kRunning:
      return Style::kBold;
    case Standing::kSucceeded:
      return Style::kGood;
    case Standing::kFailed:
      return Style::kBad;
    case Standing::kCancelled:
      return Style::kWarning;
  }
  return Style::kPlain;
}

bool HasEnded(Standing standing) {
  return standing != Standing::kQueued && standing != Standing::kRunning;
}

std::string Bar(int done, int total, std::size_t width) {
  const double share = total <= 0 ? 0 : std::clamp(static_cast<double>(done) / total, 0.0, 1.0);
  const auto full = static_cast<std::size_t>(std::lround(share * static_cast<double>(width)));
  std::string bar;
  for (std::size_t i = 0; i < width; ++i) bar += i < full ? "█" : "░";
  return bar;
}

std::string CountsText(const FleetProgress& progress) {
  const auto counts = CountStandings(progress);
  const auto count = [&](Standing standing) { return counts[static_cast<std::size_t>(standing)]; };
  std::string text =
      absl::StrCat(count(Standing::kSucceeded), " of ", progress.circuits.size(), " succeeded");
  for (const Standing standing :
       {Standing::kFailed, Standing::kCancelled, Standing::kRunning, Standing::kQueued}) {
    if (count(standing) > 0)
      absl::StrAppend(&text, ", ", count(standing), " ", StandingText(standing));
  }
  return text;
}

std::vector<std::string> LiveLines(const FleetProgress& progress, const Terminal& terminal,
                                   absl::Time now, std::size_t most_rows) {
  std::vector<const CircuitProgress*> shown;
  std::size_t name_width = 0;
  for (const auto& [name, circuit] : progress.circuits) {
    shown.push_back(&circuit);
    name_width = std::max(name_width, DisplayWidth(circuit.circuit));
  }
  std::size_t hidden = 0;
  if (shown.size() > most_rows) {
    std::stable_sort(shown.begin(), shown.end(),
                     [](const auto* a, const auto* b) { return Urgency(*a) < Urgency(*b); });
    hidden = shown.size() - most_rows;
    shown.resize(most_rows);
  }
  std::vector<std::string> lines;
  const std::string headline = progress.title + ": " + CountsText(progress);
  lines.push_back(Styled(terminal.width > 0 ? Shorten(headline, terminal.width) : headline,
                         Style::kBold, terminal.color));
  for (const auto* circuit : shown) lines.push_back(Line(*circuit, name_width, terminal, now));
  if (hidden > 0)
    lines.push_back(
        absl::StrCat("  and ", Count(static_cast<std::int64_t>(hidden), "more circuit")));
  return lines;
}

std::optional<std::string> ChangeLine(const CircuitProgress* before, const CircuitProgress& after) {
  const bool new_standing = before == nullptr || before->standing != after.standing;
  const std::string note = after.note.empty() ? "" : ": " + OneLine(after.note);
  if (new_standing && after.standing != Standing::kRunning) {
    return after.circuit + ": " + StandingText(after.standing) + note;
  }
  if (after.standing != Standing::kRunning) {
    if (before->note == after.note || after.note.empty()) return std::nullopt;
    return after.circuit + ": " + StandingText(after.standing) + note;
  }
  const bool new_attempt = before != nullptr && before->attempt != after.attempt;
  if (after.epoch > 0 && after.epochs > 0) {
    // Ten lines for a training of any length, the last epoch always among them.
    const auto tenth = [&](int epoch) { return epoch * 10 / after.epochs; };
    const int told = before == nullptr || new_attempt ? 0 : before->epoch;
    if (tenth(after.epoch) > tenth(told) && after.phase == "training") {
      const std::string loss = LossText(after);
      return absl::StrCat(after.circuit, ": epoch ", after.epoch, "/", after.epochs,
                          loss.empty() ? "" : ", ", loss);
    }
  }
  if (new_standing || new_attempt || before->phase != after.phase) {
    if (after.phase.empty() && !new_standing) return std::nullopt;
    return absl::StrCat(after.circuit, ": ", after.phase.empty() ? "running" : after.phase,
                        after.attempt > 1 ? absl::StrCat(", attempt ", after.attempt) : "");
  }
  return std::nullopt;
}

}  // namespace fleetcast::cli
