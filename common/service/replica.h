// One process of a service, at work: its server, its health and its work, and the one order in
// which they end. Used by Run, and by tests that want several in one process.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/service/service.h"
#include "common/service/shared_settings.h"

namespace fleetcast::service {

// Thread safe.
class Replica {
 public:
  // UNAVAILABLE if the address is not to be had.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Replica>> Start(
      const ServerSettings& settings, std::unique_ptr<Service> service);
  // Drains.
  ~Replica();
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  // "127.0.0.1:7002"
  [[nodiscard]] std::string address() const;

  // Health says NOT_SERVING and streams are told; then, at the same time, work is handed back and
  // running calls get the settings' drain_timeout to end. Returns when nothing runs any more and
  // the service is destroyed, which may be never: Run sees to that. May be called more than once.
  void Drain();
  // What Drain still waits for: "work, calls: 1 of /fleetcast…"; "" if nothing.
  [[nodiscard]] std::string StillRunning() const;

 private:
  struct State;
  explicit Replica(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fleetcast::service
