#include "cli/output/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace fleetcast::cli {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Terminal DetectTerminal(int descriptor, bool plain) {
  if (isatty(descriptor) == 0) return {};
  winsize size{};
  const bool known = ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  const bool capable = !plain && Variable("TERM") != "dumb";
  return {.interactive = capable,
          .color = capable && Variable("NO_COLOR").empty(),
          .width = known ? size.ws_col : std::size_t{80},
          .height = known ? size.ws_row : std::size_t{0}};
}

}  // namespace fleetcast::cli
