#include "cli/local/local.h"

#include <signal.h>

#include <filesystem>
#include <functional>
#include <future>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/local/background.h"
#include "cli/local/plan.h"
#include "cli/local/private_cluster.h"
#include "cli/local/supervisor.h"
#include "common/base/file_lock.h"
#include "common/base/log.h"
#include "common/base/patience.h"
#include "common/base/status.h"
#include "common/rpc/health.h"
#include "common/service/dependencies.h"

namespace fleetcast::cli {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kDownTimeout = absl::Seconds(90);
constexpr absl::Duration kOrphanPatience = absl::Seconds(15);
constexpr absl::Duration kHealthTimeout = absl::Seconds(2);

// Held by whoever starts, runs or stops the stack of a folder; the supervisor holds it as long as
// it lives, so a free lock beside a record means that it was killed.
absl::StatusOr<FileLock> OpenStackLock(const std::string& data_dir) {
  return FileLock::Open(LockFile(data_dir));
}

absl::Status Busy(const std::string& data_dir, const std::string& doing) {
  return Refused(absl::StatusCode::kAborted, "STACK_BUSY",
                 absl::StrCat("the stack in ", data_dir, " is ", doing,
                              " by another process; wait for it and try again"),
                 {{"data_dir", data_dir}});
}

// Ends what a supervisor that was killed has left. The kernel has told its children to end; this
// waits for them, and insists.
absl::Status CleanUp(const std::string& data_dir, const StackRecord& record, const SayLine& say) {
  say("cleaning up after a stack that was killed");
  for (const RunningService& service : record.services)
    if (service.process && !EndProcess(*service.process, SIGTERM, kOrphanPatience))
      EndProcess(*service.process, SIGKILL, kOrphanPatience);
  FLEETCAST_RETURN_IF_ERROR(PrivateCluster::StopIfRunning(PostgresDir(data_dir)));
  std::error_code ignored;
  fs::remove(RecordFile(data_dir), ignored);
  return absl::OkStatus();
}

absl::StatusOr<StackOptions> Normalized(StackOptions options) {
  std::error_code error;
  for (std::string* path : {&options.data_dir, &options.config_repo, &options.sensor_data})
    if (!path->empty()) *path = fs::weakly_canonical(fs::absolute(*path), error).string();
  fs::create_directories(options.data_dir + "/logs", error);
  fs::create_directories(options.data_dir + "/artifacts", error);
  if (!error) return options;
  return InvalidField("--data-dir",
                      absl::StrCat("cannot make ", options.data_dir, ": ", error.message()));
}

// Takes the lock and leaves the folder without a stack; kAlreadyRunning if one runs.
absl::StatusOr<UpResult> Prepare(const StackOptions& options, const FileLock& lock,
                                 const SayLine& say) {
  if (!lock.TryLock()) {
    FLEETCAST_ASSIGN_OR_RETURN(const auto record, ReadRecord(options.data_dir));
    if (record && record->state == "running") return UpResult::kAlreadyRunning;
    return Busy(options.data_dir,
                record && record->state == "stopping" ? "being stopped" : "being started");
  }
  FLEETCAST_ASSIGN_OR_RETURN(const auto left, ReadRecord(options.data_dir));
  if (left) FLEETCAST_RETURN_IF_ERROR(CleanUp(options.data_dir, *left, say));
  FLEETCAST_RETURN_IF_ERROR(CheckPrerequisites(options));
  return UpResult::kStarted;
}

std::string HealthOf(const RunningService& service) {
  if (!service.process || !IsRunning(*service.process)) return "down";
  const std::string target = absl::StrCat("127.0.0.1:", service.port);
  return rpc::CheckHealth(target, kHealthTimeout).ok() ? "serving" : "not serving";
}

std::string HealthOfPostgres(const StackRecord& record) {
  if (record.postgres_pid <= 0 || !IdentityOf(record.postgres_pid)) return "down";
  return service::OwnPostgres(record.database).check().ok() ? "serving" : "not serving";
}

}  // namespace

absl::StatusOr<UpResult> Up(const StackOptions& given, const SayLine& say) {
  FLEETCAST_ASSIGN_OR_RETURN(const StackOptions options, Normalized(given));
  FLEETCAST_ASSIGN_OR_RETURN(const FileLock lock, OpenStackLock(options.data_dir));
  FLEETCAST_ASSIGN_OR_RETURN(const UpResult result, Prepare(options, lock, say));
  if (result == UpResult::kAlreadyRunning) return result;
  const auto run = [&](const std::function<bool(const std::string&)>& report,
                       const std::function<void(const absl::Status&)>& started) {
    StartLogging("supervisor", LogLevel::kInfo);
    Supervisor supervisor(options, report);
    const absl::Status status = supervisor.Start();
    started(status);
    if (!status.ok()) return;
    if (const absl::Status stopped = supervisor.RunUntilStopped(); !stopped.ok())
      LogError("the stack did not stop", {{"error", std::string(stopped.message())}});
  };
  FLEETCAST_RETURN_IF_ERROR(RunInBackground(
      {.log_file = LogFile(options.data_dir, "supervisor"), .kept_descriptor = lock.descriptor()},
      say, run));
  return UpResult::kStarted;
}

absl::StatusOr<UpResult> UpInForeground(const StackOptions& given, const SayLine& say) {
  FLEETCAST_ASSIGN_OR_RETURN(const StackOptions options, Normalized(given));
  FLEETCAST_ASSIGN_OR_RETURN(const FileLock lock, OpenStackLock(options.data_dir));
  FLEETCAST_ASSIGN_OR_RETURN(const UpResult result, Prepare(options, lock, say));
  if (result == UpResult::kAlreadyRunning) return result;
  BlockStopSignals();
  StartLogging("supervisor", LogLevel::kWarning);
  Supervisor supervisor(options, [&](const std::string& line) {
    say(line);
    return true;
  });
  FLEETCAST_RETURN_IF_ERROR(supervisor.Start());
  say("the stack is up; Ctrl-C takes it down");
  FLEETCAST_RETURN_IF_ERROR(supervisor.RunUntilStopped());
  return result;
}

absl::StatusOr<bool> Down(const std::string& given, const SayLine& say) {
  std::error_code ignored;
  const std::string data_dir = fs::weakly_canonical(fs::absolute(given), ignored).string();
  if (!fs::is_directory(data_dir, ignored)) return false;
  FLEETCAST_ASSIGN_OR_RETURN(const FileLock lock, OpenStackLock(data_dir));
  FLEETCAST_ASSIGN_OR_RETURN(const auto record, ReadRecord(data_dir));
  if (lock.TryLock()) {
    if (!record) return false;
    FLEETCAST_RETURN_IF_ERROR(CleanUp(data_dir, *record, say));
    return true;
  }
  if (!record || !IsRunning(record->supervisor)) return Busy(data_dir, "being started");
  say("stopping the services, then Postgres");
  kill(record->supervisor.pid, SIGTERM);
  for (const Patience wait(kDownTimeout); !wait.IsOver();) {
    if (lock.TryLock()) return true;
    absl::SleepFor(absl::Milliseconds(50));
  }
  return Refused(
      absl::StatusCode::kDeadlineExceeded, "STACK_DID_NOT_STOP",
      absl::StrCat("the supervisor (process ", record->supervisor.pid, ") has not stopped in ",
                   absl::FormatDuration(kDownTimeout), "; see ", LogFile(data_dir, "supervisor")),
      {{"pid", absl::StrCat(record->supervisor.pid)}});
}

bool StackHealth::AllServe() const {
  bool all = supervised && postgres == "serving";
  for (const ServiceHealth& service : services) all = all && service.health == "serving";
  return all;
}

absl::StatusOr<std::optional<StackHealth>> Examine(const std::string& given) {
  std::error_code ignored;
  const std::string data_dir = fs::weakly_canonical(fs::absolute(given), ignored).string();
  FLEETCAST_ASSIGN_OR_RETURN(auto record, ReadRecord(data_dir));
  if (!record) return std::optional<StackHealth>();
  StackHealth health;
  health.supervised = IsRunning(record->supervisor);
  auto postgres = std::async(std::launch::async, HealthOfPostgres, std::cref(*record));
  std::vector<std::future<std::string>> services;
  for (const RunningService& service : record->services)
    services.push_back(std::async(std::launch::async, HealthOf, std::cref(service)));
  health.postgres = postgres.get();
  for (std::size_t i = 0; i < services.size(); ++i)
    health.services.push_back({record->services[i], services[i].get()});
  health.record = *std::move(record);
  return std::optional<StackHealth>(std::move(health));
}

}  // namespace fleetcast::cli
