// How far long work on this machine has come: one line that is redrawn on a terminal, a line every
// tenth in a pipe, nothing for work of a moment. On standard error.
#pragma once

#include <string>

#include "absl/time/time.h"

namespace fleetcast::cli {

class Session;

// Not thread safe.
class ProgressLine {
 public:
  explicit ProgressLine(Session& session);
  // "12 of 300 sensors simulated".
  void Show(const std::string& what, int done, int total);
  // Removes the redrawn line.
  void Clear();

 private:
  Session& session_;
  bool interactive_;
  absl::Time begin_, shown_;
  int tenths_ = 0;
  bool drawn_ = false;
};

}  // namespace fleetcast::cli
