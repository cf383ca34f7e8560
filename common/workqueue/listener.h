// Tells when there may be work: LISTEN on a connection of its own. It is a shortcut only: where
// notifications do not arrive (a pooler in between, a connection that broke), polling finds the
// work.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

namespace fleetcast::workqueue {

class Listener {
 public:
  // Calls `wake`, on its own thread, for every notification of `word` on `channel`.
  Listener(std::string dsn, std::string channel, std::string word, std::function<void()> wake);
  // Stops within a second.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  void Run();
  void ListenUntilBroken();

  const std::string dsn_, channel_, word_;
  const std::function<void()> wake_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace fleetcast::workqueue
