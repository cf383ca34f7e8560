#include "cli/local/private_cluster.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/process.h"
#include "common/base/status.h"
#include "common/db/transaction.h"

namespace fleetcast::cli {
namespace {

namespace fs = std::filesystem;

bool ClusterSoon(const std::function<bool()>& condition) {
  for (const absl::Time deadline = absl::Now() + absl::Minutes(2); absl::Now() < deadline;) {
    if (condition()) return true;
    absl::SleepFor(absl::Milliseconds(20));
  }
  return false;
}

class PrivateClusterTest : public ::testing::Test {
 protected:
  PrivateClusterTest() {
    char name[] = "/tmp/fleetcast-test-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~PrivateClusterTest() override {
    if (cluster_) {
      EXPECT_TRUE(cluster_->Stop().ok());
    }
    fs::remove_all(folder_);
  }

  // The server ends with us even if the test is killed.
  ClusterOptions Options() const {
    return {.data_dir = folder_ + "/data", .durable = false, .dies_with_starter = true};
  }
  void Start(const ClusterOptions& options) {
    auto cluster = PrivateCluster::Start(options);
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
  }
  absl::StatusOr<std::string> Query(const std::string& sql) {
    FLEETCAST_ASSIGN_OR_RETURN(const std::string dsn, cluster_->Dsn("fleet"));
    db::ConnectionPool pool({.dsn = dsn});
    return db::RunInTransaction(pool, [&](pqxx::work& work) -> absl::StatusOr<std::string> {
      const pqxx::result rows = work.exec(sql);
      return rows.empty() ? std::string() : rows[0][0].as<std::string>();
    });
  }

  std::string folder_;  // 0700, as mkdtemp makes it: the server's user cannot enter it by itself
  std::unique_ptr<PrivateCluster> cluster_;
};

TEST_F(PrivateClusterTest, DataOutlivesAStopAndNothingButDataStays) {
  Start(Options());
  ASSERT_TRUE(Query("CREATE TABLE t AS SELECT 42 AS x").ok());
  const int pid = cluster_->postmaster_pid();
  const std::string socket = Query("SHOW unix_socket_directories").value();
  EXPECT_TRUE(fs::exists(socket));
  ASSERT_TRUE(cluster_->Stop().ok());
  EXPECT_NE(kill(pid, 0), 0);
  EXPECT_FALSE(fs::exists(socket));

  Start(Options());
  EXPECT_EQ(Query("SELECT x FROM t").value_or("nothing"), "42");
}

TEST_F(PrivateClusterTest, OthersCannotReachTheSocket) {
  Start(Options());
  struct stat info;
  ASSERT_EQ(stat(Query("SHOW unix_socket_directories").value().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0077, 0u);
  EXPECT_EQ(Query("SHOW listen_addresses").value(), "");
}

TEST_F(PrivateClusterTest, ARunningClusterIsAdopted) {
  Start(Options());
  auto again = PrivateCluster::Start(Options());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ((*again)->postmaster_pid(), cluster_->postmaster_pid());
}

TEST_F(PrivateClusterTest, StartersAtOnceShareOneServer) {
  constexpr int kStarters = 4;
  std::vector<absl::StatusOr<std::unique_ptr<PrivateCluster>>> clusters(kStarters);
  absl::BlockingCounter started(kStarters);
  absl::Notification compared;  // the server ends with the thread that started it
  std::vector<std::thread> starters;
  for (auto& cluster : clusters)
    starters.emplace_back([&] {
      cluster = PrivateCluster::Start(Options());
      started.DecrementCount();
      compared.WaitForNotification();
    });
  started.Wait();
  std::set<int> servers;
  for (auto& cluster : clusters) {
    EXPECT_TRUE(cluster.ok()) << cluster.status();
    if (cluster.ok()) servers.insert((*cluster)->postmaster_pid());
  }
  EXPECT_EQ(servers.size(), 1U);
  if (clusters[0].ok()) cluster_ = *std::move(clusters[0]);
  if (cluster_) {
    EXPECT_TRUE(cluster_->Restart().ok());
  }
  compared.Notify();
  for (std::thread& starter : starters) starter.join();
}

TEST_F(PrivateClusterTest, AKilledServerIsNoObstacle) {
  Start(Options());
  ASSERT_TRUE(Query("CREATE TABLE t AS SELECT 1 AS x").ok());
  kill(cluster_->postmaster_pid(), SIGKILL);
  waitpid(cluster_->postmaster_pid(), nullptr, 0);
  Start(Options());
  EXPECT_TRUE(Query("SELECT x FROM t").ok());
}

TEST_F(PrivateClusterTest, AKilledServerIsNoObstacleEvenWhileNobodyReapsIt) {
  Start(Options());
  const int killed = cluster_->postmaster_pid();
  kill(killed, SIGKILL);
  ASSERT_TRUE(ClusterSoon([&] { return !IdentityOf(killed); }));
  EXPECT_EQ(kill(killed, 0), 0);  // a zombie
  Start(Options());
  EXPECT_EQ(Query("SELECT 1").value_or("nothing"), "1");
  waitpid(killed, nullptr, 0);
}

TEST_F(PrivateClusterTest, AnInterruptedInitialisationIsDoneAgain) {
  fs::create_directories(folder_ + "/data/base");
  std::ofstream(folder_ + "/data/PG_VERSION") << "15\n";
  Start(Options());
  EXPECT_EQ(Query("SELECT 1").value_or("nothing"), "1");
}

TEST_F(PrivateClusterTest, AFolderWithOtherThingsIsRefusedAndLeftAlone) {
  fs::create_directories(folder_ + "/data");
  std::ofstream(folder_ + "/data/thesis.txt") << "mine\n";
  const auto cluster = PrivateCluster::Start(Options());
  EXPECT_EQ(ReasonOf(cluster.status()), "DATA_DIR_NOT_EMPTY") << cluster.status();
  EXPECT_TRUE(fs::exists(folder_ + "/data/thesis.txt"));
}

TEST_F(PrivateClusterTest, TheServerDiesWithItsStarterIfAskedTo) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t starter = fork();
  if (starter == 0) {
    const auto cluster = PrivateCluster::Start(Options());
    const int pid = cluster.ok() ? (*cluster)->postmaster_pid() : -1;
    (void)!write(ends[1], &pid, sizeof pid);
    pause();
  }
  int server = 0;
  ASSERT_EQ(read(ends[0], &server, sizeof server), static_cast<ssize_t>(sizeof server));
  ASSERT_GT(server, 0);
  kill(starter, SIGKILL);
  waitpid(starter, nullptr, 0);
  EXPECT_TRUE(ClusterSoon([&] { return HasEnded(server); }));
  Start(Options());  // finds and in the end removes the socket folder
}

}  // namespace
}  // namespace fleetcast::cli
