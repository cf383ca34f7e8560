#include "cli/output/progress_line.h"

#include <unistd.h>

#include <cstdio>

#include "cli/output/terminal.h"
#include "cli/session.h"

namespace fleetcast::cli {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(1);
constexpr absl::Duration kRedraw = absl::Milliseconds(100);

}  // namespace

ProgressLine::ProgressLine(Session& session)
    : session_(session),
      interactive_(DetectTerminal(STDERR_FILENO, false).interactive),
      begin_(session.Now()),
      shown_(begin_) {}

void ProgressLine::Show(const std::string& what, int done, int total) {
  const absl::Time now = session_.Now();
  if (now - begin_ < kPatience) return;
  const std::string text = std::to_string(done) + " of " + std::to_string(total) + " " + what;
  if (interactive_) {
    if (now - shown_ < kRedraw) return;
    std::fprintf(stderr, "\r%s\x1b[K", text.c_str());
    std::fflush(stderr);
    shown_ = now;
    drawn_ = true;
  } else if (const int tenths = static_cast<int>(10LL * done / total); tenths > tenths_) {
    tenths_ = tenths;
    session_.Note(text);
  }
}

void ProgressLine::Clear() {
  if (drawn_) std::fprintf(stderr, "\r\x1b[K");
  drawn_ = false;
}

}  // namespace fleetcast::cli
