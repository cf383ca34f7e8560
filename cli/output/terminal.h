// What the output goes to: a person's terminal, or a pipe.
#pragma once

#include <cstddef>

namespace fleetcast::cli {

struct Terminal {
  bool interactive = false;  // a terminal that can be redrawn
  bool color = false;
  std::size_t width = 0;   // columns; 0 = unlimited (a pipe)
  std::size_t height = 0;  // rows; 0 = unknown
};

// Of an open file descriptor. NO_COLOR and TERM=dumb are respected; `plain` switches both off.
[[nodiscard]] Terminal DetectTerminal(int descriptor, bool plain);

}  // namespace fleetcast::cli
