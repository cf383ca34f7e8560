#include "common/rpc/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <grpcpp/impl/server_initializer.h>
#include <grpcpp/resource_quota.h>
#include <signal.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/rpc/call_log.h"
#include "grpc/health/v1/health.pb.h"

namespace fleetcast::rpc {
namespace {

// A synchronous call holds a thread, a Watch for as long as it lasts. Beyond this many, callers
// get RESOURCE_EXHAUSTED instead of a machine that stands still.
constexpr int kMaxThreads = 1024;

// Tells the names of a server's services, which health needs and gRPC gives to plugins alone.
class ServiceNames final : public grpc::ServerBuilderPlugin {
 public:
  explicit ServiceNames(std::shared_ptr<std::vector<std::string>> names)
      : names_(std::move(names)) {}
  std::string name() override { return "service_names"; }
  void InitServer(grpc::ServerInitializer*) override {}
  void Finish(grpc::ServerInitializer* initializer) override {
    *names_ = *initializer->GetServiceList();
  }
  void ChangeArguments(const std::string&, void*) override {}

 private:
  std::shared_ptr<std::vector<std::string>> names_;
};

class WithServiceNames final : public grpc::ServerBuilderOption {
 public:
  explicit WithServiceNames(std::shared_ptr<std::vector<std::string>> names)
      : names_(std::move(names)) {}
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    plugins->push_back(std::make_unique<ServiceNames>(names_));
  }

 private:
  std::shared_ptr<std::vector<std::string>> names_;
};

sigset_t ShutdownSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

void Configure(grpc::ServerBuilder& builder, const ServerOptions& options, CallList& running) {
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Two processes on one port would share its callers silently; the second is to fail.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetResourceQuota(grpc::ResourceQuota("server").SetMaxThreads(kMaxThreads));
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(MakeCallLog(running));
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
}

}  // namespace

void BlockShutdownSignals() {
  const sigset_t signals = ShutdownSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void WaitForShutdownSignal() {
  const sigset_t signals = ShutdownSignals();
  int received = 0;
  sigwait(&signals, &received);
  LogInfo("shutting down", {{"signal", received == SIGTERM ? "SIGTERM" : "SIGINT"}});
}

struct Server::State {
  ServerOptions options;
  std::string host;
  int port = 0;
  std::vector<std::string> services;  // full names
  CallList running;
  std::unique_ptr<grpc::Server> server;
  absl::Mutex mutex;
  bool drains ABSL_GUARDED_BY(mutex) = false;
  bool shut_down ABSL_GUARDED_BY(mutex) = false;

  void SetHealth(const std::string& name, bool serving) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    server->GetHealthCheckService()->SetServingStatus(name, serving);
  }
  void SetHealthOfAll(bool serving) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    for (const std::string& name : services) SetHealth(name, serving);
    SetHealth("", serving);
  }
};

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                      const std::vector<grpc::Service*>& services) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  // Links the descriptor in, so that reflection can describe the health service.
  (void)grpc::health::v1::HealthCheckResponse::descriptor();
  auto state = std::make_unique<State>();
  grpc::ServerBuilder builder;
  Configure(builder, options, state->running);
  const auto names = std::make_shared<std::vector<std::string>>();
  builder.SetOption(std::make_unique<WithServiceNames>(names));
  for (grpc::Service* service : services) builder.RegisterService(service);
  state->options = options;
  state->host = options.listen.substr(0, options.listen.rfind(':'));
  builder.AddListeningPort(options.listen, grpc::InsecureServerCredentials(), &state->port);
  state->server = builder.BuildAndStart();
  if (state->server == nullptr || state->port == 0)
    return Refused(absl::StatusCode::kUnavailable, "ADDRESS_NOT_AVAILABLE",
                   absl::StrCat("cannot listen on ", options.listen,
                                "; is the port taken by another process? choose another with "
                                "--listen host:port"),
                   {{"listen", options.listen}});
  state->services = *names;
  {
    absl::MutexLock lock(&state->mutex);
    state->SetHealthOfAll(true);
    state->SetHealth("liveness", true);
  }
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {
  LogInfo("listening", {{"address", address()}});
}

Server::~Server() { Drain(); }

int Server::port() const { return state_->port; }

std::string Server::address() const {
  const bool any = state_->host.empty() || state_->host == "0.0.0.0" || state_->host == "[::]";
  return absl::StrCat(any ? "127.0.0.1" : state_->host, ":", state_->port);
}

void Server::SetServing(bool serving) {
  absl::MutexLock lock(&state_->mutex);
  if (!state_->drains) state_->SetHealthOfAll(serving);
}

void Server::SetServing(const std::string& name, bool serving) {
  absl::MutexLock lock(&state_->mutex);
  if (!state_->drains) state_->SetHealth(name, serving);
}

std::string Server::RunningCalls() const { return state_->running.Describe(); }

void Server::BeginDrain() {
  {
    absl::MutexLock lock(&state_->mutex);
    if (std::exchange(state_->drains, true)) return;
    state_->SetHealthOfAll(false);
  }
  if (state_->options.draining != nullptr) state_->options.draining->Notify();
}

void Server::Drain() {
  BeginDrain();
  {
    absl::MutexLock lock(&state_->mutex);
    if (std::exchange(state_->shut_down, true)) return;
  }
  state_->running.CancelHealthWatches();
  state_->server->Shutdown(std::chrono::system_clock::now() +
                           absl::ToChronoNanoseconds(state_->options.drain_timeout));
  LogInfo("drained");
}

}  // namespace fleetcast::rpc
