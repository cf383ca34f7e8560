#include "common/service/health_watch.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status.h"

namespace fleetcast::service {
namespace {

void LogChange(const Dependency& dependency, const absl::Status& status) {
  if (status.ok())
    return LogInfo("a dependency can be used again", {{"dependency", dependency.name}});
  LogWarning(dependency.essential ? "a dependency is away; this service does not serve without it"
                                  : "a dependency is away",
             {{"dependency", dependency.name},
              {"reason", ReasonOf(status)},
              {"error", std::string(status.message())}});
}

}  // namespace

HealthWatch::HealthWatch(std::vector<Dependency> dependencies, rpc::Server& server,
                         absl::Duration interval)
    : dependencies_(std::move(dependencies)), server_(server), interval_(interval) {
  for (const Dependency& dependency : dependencies_) {
    server_.SetServing("dependency/" + dependency.name, false);
    threads_.emplace_back([this, &dependency] { Watch(dependency); });
  }
}

HealthWatch::~HealthWatch() {
  Stop();
  for (std::thread& thread : threads_) thread.join();
}

void HealthWatch::Stop() {
  absl::MutexLock lock(&mutex_);
  if (!std::exchange(stopped_, true)) stop_.Notify();
}

void HealthWatch::Watch(const Dependency& dependency) {
  std::optional<bool> served;
  do {
    const absl::Status status = dependency.check();
    if (served == status.ok()) continue;
    Tell(dependency, status.ok());
    // That all is well from the beginning is nothing to tell.
    if (served || !status.ok()) LogChange(dependency, status);
    served = status.ok();
  } while (!stop_.WaitFor(interval_));
}

void HealthWatch::Tell(const Dependency& dependency, bool serves) {
  absl::MutexLock lock(&mutex_);
  server_.SetServing("dependency/" + dependency.name, serves);
  if (!dependency.essential) return;
  if (serves)
    essential_away_.erase(dependency.name);
  else
    essential_away_.insert(dependency.name);
  server_.SetServing(essential_away_.empty());
}

}  // namespace fleetcast::service
