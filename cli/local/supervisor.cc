#include "cli/local/supervisor.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/local/migrations.h"
#include "cli/local/plan.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/rpc/health.h"

namespace fleetcast::cli {
namespace {

constexpr absl::Duration kWatchInterval = absl::Milliseconds(250);
constexpr absl::Duration kHealthInterval = absl::Milliseconds(100);
constexpr absl::Duration kHealthTimeout = absl::Seconds(2);
constexpr absl::Duration kStartTimeout = absl::Seconds(90);
// More than the services' own drain (10 s), so that force is for those that hang.
constexpr absl::Duration kStopPatience = absl::Seconds(20);
constexpr absl::Duration kHealthyLife = absl::Minutes(1);
constexpr int kStages = 2;

std::string ExitText(int status) {
  if (WIFSIGNALED(status)) return absl::StrCat("killed by signal ", WTERMSIG(status));
  return absl::StrCat("exited with status ", WEXITSTATUS(status));
}

std::string Target(const ServiceProcess& process) {
  return absl::StrCat("127.0.0.1:", process.port);
}

}  // namespace

absl::Duration RestartPause(int recent_deaths) {
  return std::min(absl::Seconds(30),
                  absl::Milliseconds(500) * (1 << std::clamp(recent_deaths - 1, 0, 10)));
}

Supervisor::Supervisor(StackOptions options, std::function<bool(const std::string&)> say)
    : options_(std::move(options)), say_(std::move(say)) {}

absl::Status Supervisor::Start() {
  absl::Status started = StartAll();
  if (started.ok()) {
    Record("running");
    return started;
  }
  LogError("the stack did not start", {{"error", std::string(started.message())}});
  if (const absl::Status stopped = StopAll(); !stopped.ok())
    LogError("the stack did not stop", {{"error", std::string(stopped.message())}});
  return started;
}

absl::Status Supervisor::StartAll() {
  Record("starting");
  FLEETCAST_RETURN_IF_ERROR(StartPostgres());
  FLEETCAST_ASSIGN_OR_RETURN(auto plan, PlanServices(options_, database_));
  for (ServiceProcess& process : plan) {
    Child child;
    child.running = {.name = process.name, .service = process.service, .port = process.port};
    child.plan = std::move(process);
    children_.push_back(std::move(child));
  }
  for (int stage = 0; stage < kStages; ++stage) FLEETCAST_RETURN_IF_ERROR(StartStage(stage));
  return absl::OkStatus();
}

absl::Status Supervisor::StartPostgres() {
  const std::string folder = PostgresDir(options_.data_dir);
  FLEETCAST_RETURN_IF_ERROR(
      Say(std::filesystem::exists(folder) ? "starting Postgres" : "making a Postgres cluster"));
  ClusterOptions cluster{.data_dir = folder,
                         .log_file = LogFile(options_.data_dir, "postgres"),
                         .dies_with_starter = true};
  FLEETCAST_ASSIGN_OR_RETURN(postgres_, PrivateCluster::Start(cluster));
  FLEETCAST_ASSIGN_OR_RETURN(database_, postgres_->Dsn("fleetcast"));
  FLEETCAST_RETURN_IF_ERROR(Say("migrating the database"));
  return MigrateAll(database_).status();
}

absl::Status Supervisor::StartStage(int stage) {
  for (Child& child : children_)
    if (child.plan.stage == stage) FLEETCAST_RETURN_IF_ERROR(Launch(child));
  Record(state_);
  for (Child& child : children_) {
    if (child.plan.stage != stage) continue;
    FLEETCAST_RETURN_IF_ERROR(AwaitHealth(child));
    FLEETCAST_RETURN_IF_ERROR(
        Say(absl::StrCat(child.plan.name, " serves on port ", child.plan.port)));
  }
  return absl::OkStatus();
}

absl::Status Supervisor::AwaitHealth(Child& child) {
  const std::string log = LogFile(options_.data_dir, child.plan.name);
  for (const Patience wait(kStartTimeout); !wait.IsOver();) {
    int status = 0;
    if (waitpid(child.running.process->pid, &status, WNOHANG) == child.running.process->pid) {
      child.running.process.reset();
      return Refused(absl::StatusCode::kFailedPrecondition, "SERVICE_DID_NOT_START",
                     absl::StrCat(child.plan.name, " ", ExitText(status), "; the end of ", log,
                                  ":\n", EndOfFile(log)),
                     {{"service", child.plan.name}, {"log", log}});
    }
    if (rpc::CheckHealth(Target(child.plan), kHealthTimeout).ok()) return absl::OkStatus();
    if (StopRequested(kHealthInterval)) return absl::CancelledError("stopped while starting");
  }
  return Refused(absl::StatusCode::kDeadlineExceeded, "SERVICE_DID_NOT_SERVE",
                 absl::StrCat(child.plan.name, " does not serve after ",
                              absl::FormatDuration(kStartTimeout), "; see ", log),
                 {{"service", child.plan.name}, {"log", log}});
}

absl::Status Supervisor::Launch(Child& child) {
  FLEETCAST_ASSIGN_OR_RETURN(const pid_t pid,
                             Spawn({.arguments = child.plan.arguments,
                                    .working_dir = options_.data_dir,
                                    .log_file = LogFile(options_.data_dir, child.plan.name),
                                    .death_signal = SIGTERM}));
  child.running.process = IdentityOf(pid).value_or(ProcessIdentity{.pid = pid});
  child.running.start_time = absl::Now();
  child.trial.emplace(kHealthyLife);
  child.rest.reset();
  LogInfo("started", {{"process", child.plan.name}, {"pid", absl::StrCat(pid)}});
  return absl::OkStatus();
}

absl::Status Supervisor::RunUntilStopped() {
  while (!StopRequested(kWatchInterval)) Watch();
  return StopAll();
}

void Supervisor::Watch() {
  bool changed = false;
  for (Child& child : children_) {
    int status = 0;
    if (child.running.process &&
        waitpid(child.running.process->pid, &status, WNOHANG) == child.running.process->pid) {
      NoteDeath(child, status);
      changed = true;
    }
    if (!child.running.process && child.rest && child.rest->IsOver()) {
      ++child.running.restarts;
      if (const absl::Status launched = Launch(child); !launched.ok()) {
        LogError("cannot start again",
                 {{"process", child.plan.name}, {"error", std::string(launched.message())}});
        child.rest.emplace(RestartPause(++child.recent_deaths));
      }
      changed = true;
    }
  }
  WatchPostgres();
  if (changed) Record(state_);
}

void Supervisor::WatchPostgres() {
  if (postgres_->Running()) return;
  LogError("Postgres has died; starting it again");
  const absl::Status restarted = postgres_->Restart();
  if (restarted.ok()) {
    postgres_restarts_ = 0;
  } else {
    LogError("Postgres does not start", {{"error", std::string(restarted.message())}});
    StopRequested(RestartPause(++postgres_restarts_));
  }
  Record(state_);
}

void Supervisor::NoteDeath(Child& child, int status) {
  const bool healthy = child.trial && child.trial->IsOver();
  child.recent_deaths = healthy ? 1 : child.recent_deaths + 1;
  child.running.process.reset();
  child.running.last_exit = ExitText(status);
  const absl::Duration pause = RestartPause(child.recent_deaths);
  child.rest.emplace(pause);
  LogWarning("a service died", {{"process", child.plan.name},
                                {"exit", child.running.last_exit},
                                {"starts_again_in", absl::FormatDuration(pause)}});
}

void Supervisor::StopStage(int stage) {
  const auto each_running = [&](const std::function<void(Child&)>& action) {
    for (Child& child : children_)
      if (child.plan.stage == stage && child.running.process) action(child);
  };
  each_running([](Child& child) { kill(child.running.process->pid, SIGTERM); });
  const Patience patience(kStopPatience);
  each_running([&](Child& child) {
    const pid_t pid = child.running.process->pid;
    while (!HasEnded(pid)) {
      if (patience.IsOver()) {
        LogError("does not stop; killing it", {{"process", child.plan.name}});
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
        break;
      }
      absl::SleepFor(absl::Milliseconds(20));
    }
    child.running.process.reset();
    LogInfo("stopped", {{"process", child.plan.name}});
  });
}

absl::Status Supervisor::StopAll() {
  Record("stopping");
  for (int stage = kStages - 1; stage >= 0; --stage) StopStage(stage);
  if (postgres_) FLEETCAST_RETURN_IF_ERROR(postgres_->Stop());
  postgres_.reset();
  std::error_code ignored;
  std::filesystem::remove(RecordFile(options_.data_dir), ignored);
  LogInfo("the stack is down");
  return absl::OkStatus();
}

void Supervisor::Record(const std::string& state) {
  state_ = state;
  StackRecord record{.state = state,
                     .supervisor = IdentityOf(getpid()).value_or(ProcessIdentity{}),
                     .database = database_,
                     .postgres_pid = postgres_ ? postgres_->postmaster_pid() : 0};
  for (const Child& child : children_) record.services.push_back(child.running);
  if (const absl::Status written = WriteRecord(options_.data_dir, record); !written.ok())
    LogError("cannot record the stack", {{"error", std::string(written.message())}});
}

absl::Status Supervisor::Say(const std::string& line) {
  LogInfo(line);
  if (!say_(line)) return absl::CancelledError("nobody waits for the stack any more");
  if (StopRequested(absl::ZeroDuration())) return absl::CancelledError("stopped while starting");
  return absl::OkStatus();
}

bool Supervisor::StopRequested(absl::Duration timeout) {
  if (stop_requested_) return true;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  const timespec wait = absl::ToTimespec(timeout);
  const int received = sigtimedwait(&signals, nullptr, &wait);
  stop_requested_ = received == SIGTERM || received == SIGINT;
  return stop_requested_;
}

}  // namespace fleetcast::cli
