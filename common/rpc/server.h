// Runs one gRPC server the way every Fleetcast service does: health per service, reflection
// (with google.rpc details), keepalive, a limit on concurrent streams, a log line per call with
// its request id, and a drain that says NOT_SERVING first.
//
// Health (grpc.health.v1) has these names: "" for the server as a whole and each gRPC service's
// full name, for whoever sends it work; "liveness", SERVING as long as the process answers at all,
// for whoever restarts it; and what SetServing adds.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/notification.h"

namespace fleetcast::rpc {

struct ServerOptions {
  std::string listen = "127.0.0.1:0";  // host:port; port 0 takes a free one
  absl::Duration drain_timeout = absl::Seconds(10);
  int max_concurrent_streams = 256;  // per connection
  // Notified when the server begins to drain: streams watch it and end with UNAVAILABLE. Optional;
  // must outlive the server.
  Notification* draining = nullptr;
};

// Blocks SIGTERM and SIGINT in this thread and those it starts later. To be called first in main,
// before any thread exists; WaitForShutdownSignal then takes them.
void BlockShutdownSignals();
void WaitForShutdownSignal();

// Thread safe after Start.
class Server {
 public:
  // `services` must outlive the server. UNAVAILABLE if the address cannot be bound.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Server>> Start(
      const ServerOptions& options, const std::vector<grpc::Service*>& services);
  ~Server();

  [[nodiscard]] int port() const;
  // "127.0.0.1:7001", for clients on the same machine.
  [[nodiscard]] std::string address() const;

  // What health says of the server as a whole and of its gRPC services. SERVING at first; nothing
  // changes any more once the server drains.
  void SetServing(bool serving);
  // What it says of a further name.
  void SetServing(const std::string& name, bool serving);

  // Health turns NOT_SERVING and `draining` is notified; returns at once.
  void BeginDrain();
  // BeginDrain; then running calls get `drain_timeout` to end, and the rest is cancelled. Returns
  // when the last handler has returned. May be called more than once.
  void Drain();
  // The methods whose calls run, for a message; "" if none does.
  [[nodiscard]] std::string RunningCalls() const;

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fleetcast::rpc
