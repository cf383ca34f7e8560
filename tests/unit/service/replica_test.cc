#include "common/service/replica.h"

#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/match.h"
#include "common/rpc/health.h"

namespace fleetcast::service {
namespace {

struct Told {
  Notification work_began, work_asked_to_stop, may_stop, destroyed;
};

class Worker final : public Service {
 public:
  explicit Worker(Told& told) : told_(told) {}
  ~Worker() override { told_.destroyed.Notify(); }
  std::vector<grpc::Service*> grpc_services() override { return {}; }
  void StartWork() override { told_.work_began.Notify(); }
  void StopWork() override {
    EXPECT_TRUE(draining().HasBeenNotified());
    told_.work_asked_to_stop.Notify();
    told_.may_stop.WaitForNotification();
  }

 private:
  Told& told_;
};

TEST(ReplicaTest, WorkBeginsWhenCallsAreAnsweredAndEndsWithThem) {
  Told told;
  auto replica = Replica::Start({}, std::make_unique<Worker>(told)).value();
  EXPECT_TRUE(told.work_began.HasBeenNotified());
  EXPECT_TRUE(rpc::CheckHealth(replica->address(), absl::Seconds(20)).ok());
  std::thread drain([&] { replica->Drain(); });
  told.work_asked_to_stop.WaitForNotification();
  EXPECT_FALSE(rpc::CheckHealth(replica->address(), absl::Seconds(20)).ok());
  EXPECT_TRUE(absl::StrContains(replica->StillRunning(), "work")) << replica->StillRunning();
  told.may_stop.Notify();
  drain.join();
  EXPECT_EQ(replica->StillRunning(), "");
  EXPECT_TRUE(told.destroyed.HasBeenNotified());
}

TEST(ReplicaTest, AnAddressThatIsTakenIsRefusedAndNoWorkBegins) {
  Told told, second;
  told.may_stop.Notify();
  const auto replica = Replica::Start({}, std::make_unique<Worker>(told)).value();
  EXPECT_FALSE(
      Replica::Start({.listen = replica->address()}, std::make_unique<Worker>(second)).ok());
  EXPECT_FALSE(second.work_began.HasBeenNotified());
}

}  // namespace
}  // namespace fleetcast::service
