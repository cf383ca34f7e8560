// A service put together, as its main composes it: what it answers, what it depends on, and the
// work that it does beside its calls. `replica.h` brings one to life.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/base/log.h"
#include "common/base/notification.h"

namespace fleetcast::service {

// Something outside the process, under health's name "dependency/{name}".
struct Dependency {
  std::string name;  // "postgres", "registry"
  // Nothing can be answered without it: health of the whole service is NOT_SERVING while it is
  // away. Of another one only its own entry is.
  bool essential = false;
  // OK if it can be used now, else why not. Called every few seconds, always by the same thread;
  // returns within seconds whatever the dependency does.
  std::function<absl::Status()> check;
};

class Service {
 public:
  virtual ~Service() = default;

  [[nodiscard]] virtual std::vector<grpc::Service*> grpc_services() = 0;
  [[nodiscard]] virtual std::vector<Dependency> dependencies() { return {}; }
  // What the log says of it when it begins to serve.
  [[nodiscard]] virtual LogFields description() const { return {}; }

  // Begins the work beside the calls, on threads of its own. Called once, when calls are answered.
  virtual void StartWork() {}
  // Begins nothing more, hands back what runs, and returns when all has ended. Called once at most.
  virtual void StopWork() {}

  // Notified when the drain begins: streams watch it and end with UNAVAILABLE.
  [[nodiscard]] Notification& draining() { return draining_; }

 private:
  Notification draining_;
};

}  // namespace fleetcast::service
