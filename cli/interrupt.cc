#include "cli/interrupt.h"

#include <csignal>

namespace fleetcast::cli {
namespace {

volatile std::sig_atomic_t g_interrupted = 0;

void Note(int) { g_interrupted = 1; }

void Handle(void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  g_interrupted = 0;
  // Reset after the first, so that a second Ctrl-C always ends the process.
  Handle(Note, SA_RESETHAND);
}

InterruptGuard::~InterruptGuard() { Handle(SIG_DFL, 0); }

bool Interrupted() { return g_interrupted != 0; }

}  // namespace fleetcast::cli
