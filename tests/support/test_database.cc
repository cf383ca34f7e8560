#include "tests/support/test_database.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

namespace fleetcast::testing {
namespace {

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "test database: %s\n", what.c_str());
  std::exit(EXIT_FAILURE);
}

// Ends the server and removes its files should this process be killed: a shell that waits for the
// end of a pipe which only this process holds open.
void WatchOver(const std::string& folder, int postmaster_pid) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) Die("cannot make a pipe");
  // The socket's folder is read first: a server that ends takes its postmaster.pid along.
  const std::string script = absl::StrCat(
      "socket=$(sed -n 5p '", folder, "/data/postmaster.pid'); cat >/dev/null; [ -d '", folder,
      "' ] || exit 0; kill -QUIT ", postmaster_pid, "; for i in $(seq 100); do kill -0 ",
      postmaster_pid,
      " || break; sleep 0.1; done; case \"$socket\" in /tmp/fleetcast-*) rm -rf \"$socket\";; "
      "esac; rm -rf '",
      folder, "'");
  const pid_t pid = fork();
  if (pid < 0) Die("cannot fork");
  if (pid == 0) {
    setsid();
    dup2(ends[0], 0);
    const int null = open("/dev/null", O_WRONLY);
    dup2(null, 1);  // whoever waits for the test's output must not wait for this
    dup2(null, 2);
    execl("/bin/sh", "sh", "-c", script.c_str(), nullptr);
    _exit(127);
  }
  close(ends[0]);
}

class ClusterOfProcess {
 public:
  ClusterOfProcess() {
    char name[] = "/tmp/fleetcast-test-XXXXXX";
    if (mkdtemp(name) == nullptr) Die("cannot make a folder in /tmp");
    folder_ = name;
    chmod(name, 0711);  // the server's user has to pass
    auto cluster = cli::PrivateCluster::Start({.data_dir = folder_ + "/data", .durable = false});
    if (!cluster.ok()) Die(cluster.status().ToString());
    cluster_ = *std::move(cluster);
    WatchOver(folder_, cluster_->postmaster_pid());
  }
  ~ClusterOfProcess() {
    if (const absl::Status stopped = cluster_->Stop(); !stopped.ok())
      std::fprintf(stderr, "test database: %s\n", stopped.ToString().c_str());
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  cli::PrivateCluster& cluster() { return *cluster_; }

 private:
  std::string folder_;
  std::unique_ptr<cli::PrivateCluster> cluster_;
};

}  // namespace

cli::PrivateCluster& SharedCluster() {
  static ClusterOfProcess of_process;
  return of_process.cluster();
}

std::string NewDatabase() {
  static std::atomic<int> count = 0;
  static absl::Mutex mutex;
  cli::PrivateCluster& cluster = SharedCluster();
  absl::MutexLock lock(&mutex);
  auto dsn = cluster.Dsn(absl::StrCat("test_", ++count));
  if (!dsn.ok()) Die(dsn.status().ToString());
  return *dsn;
}

FrozenCluster::FrozenCluster(const cli::PrivateCluster& cluster) {
  const int postmaster = cluster.postmaster_pid();
  pids_.push_back(postmaster);
  kill(postmaster, SIGSTOP);  // first: it starts no more children
  std::ifstream children(absl::StrCat("/proc/", postmaster, "/task/", postmaster, "/children"));
  for (int pid; children >> pid;) pids_.push_back(pid);
  for (const int pid : pids_) kill(pid, SIGSTOP);
}

FrozenCluster::~FrozenCluster() {
  for (const int pid : pids_) kill(pid, SIGCONT);
}

}  // namespace fleetcast::testing
