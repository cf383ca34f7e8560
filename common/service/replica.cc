#include "common/service/replica.h"

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "common/base/status.h"
#include "common/rpc/server.h"
#include "common/service/health_watch.h"

namespace fleetcast::service {

struct Replica::State {
  std::unique_ptr<Service> service;
  std::unique_ptr<rpc::Server> server;
  std::unique_ptr<HealthWatch> health;
  absl::Mutex drain_mutex;  // a second drain waits for the first
  bool drained ABSL_GUARDED_BY(drain_mutex) = false;
  std::atomic<bool> work_runs = true, server_runs = true, health_runs = true, parts_live = true;
};

Replica::Replica(std::unique_ptr<State> state) : state_(std::move(state)) {}

Replica::~Replica() { Drain(); }

absl::StatusOr<std::unique_ptr<Replica>> Replica::Start(const ServerSettings& settings,
                                                        std::unique_ptr<Service> service) {
  auto state = std::make_unique<State>();
  FLEETCAST_ASSIGN_OR_RETURN(state->server,
                             rpc::Server::Start({.listen = settings.listen,
                                                 .drain_timeout = settings.drain_timeout,
                                                 .draining = &service->draining()},
                                                service->grpc_services()));
  state->health = std::make_unique<HealthWatch>(service->dependencies(), *state->server);
  LogFields description = service->description();
  description.insert(description.begin(), {"address", state->server->address()});
  state->service = std::move(service);
  state->service->StartWork();
  LogInfo("serving", description);
  return std::unique_ptr<Replica>(new Replica(std::move(state)));
}

std::string Replica::address() const { return state_->server->address(); }

void Replica::Drain() {
  absl::MutexLock lock(&state_->drain_mutex);
  if (std::exchange(state_->drained, true)) return;
  state_->health->Stop();
  state_->server->BeginDrain();
  std::thread work([this] {
    state_->service->StopWork();
    state_->work_runs = false;
  });
  state_->server->Drain();
  state_->server_runs = false;
  work.join();
  state_->health.reset();
  state_->health_runs = false;
  state_->service.reset();
  state_->parts_live = false;
}

std::string Replica::StillRunning() const {
  std::vector<std::string> running;
  if (state_->work_runs) running.emplace_back("the work beside the calls");
  if (state_->server_runs) running.push_back("calls: " + state_->server->RunningCalls());
  // These have their turn after those.
  if (running.empty() && state_->health_runs) running.emplace_back("checks of dependencies");
  if (running.empty() && state_->parts_live) running.emplace_back("destructors");
  return absl::StrJoin(running, "; ");
}

}  // namespace fleetcast::service
