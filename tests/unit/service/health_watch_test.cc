#include "common/service/health_watch.h"

#include <gtest/gtest.h>

#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"
#include "common/rpc/health.h"
#include "common/service/dependencies.h"

namespace fleetcast::service {
namespace {

// What a dependency answers, which a test changes while it is watched.
class Switch {
 public:
  Dependency AsDependency(const std::string& name, bool essential) {
    return {.name = name, .essential = essential, .check = [this] {
              absl::MutexLock lock(&mutex_);
              ++asked_;
              return answer_;
            }};
  }
  void Set(const absl::Status& answer) {
    absl::MutexLock lock(&mutex_);
    answer_ = answer;
  }
  // Until it has been asked `times` times more, so that what it answers has been heard.
  void AwaitQuestions(int times) {
    absl::MutexLock lock(&mutex_);
    wanted_ = asked_ + times;
    mutex_.Await(absl::Condition(this, &Switch::WasAsked));
  }

 private:
  bool WasAsked() const { return asked_ >= wanted_; }

  absl::Mutex mutex_;
  absl::Status answer_ ABSL_GUARDED_BY(mutex_);
  int asked_ ABSL_GUARDED_BY(mutex_) = 0;
  int wanted_ ABSL_GUARDED_BY(mutex_) = 0;
};

class HealthWatchTest : public ::testing::Test {
 protected:
  HealthWatchTest() : server_(rpc::Server::Start({}, {}).value()) {}

  void Watch(std::vector<Dependency> dependencies) {
    watch_ =
        std::make_unique<HealthWatch>(std::move(dependencies), *server_, absl::Milliseconds(1));
  }
  bool Serves(const std::string& name) {
    return rpc::CheckHealth(server_->address(), absl::Seconds(20), name).ok();
  }

  Switch postgres_, registry_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<HealthWatch> watch_;
};

TEST_F(HealthWatchTest, WithoutAnEssentialDependencyNothingServesUntilItIsBack) {
  Watch({postgres_.AsDependency("postgres", true), registry_.AsDependency("registry", false)});
  postgres_.AwaitQuestions(2);
  registry_.AwaitQuestions(2);
  EXPECT_TRUE(Serves("") && Serves("dependency/postgres") && Serves("dependency/registry"));

  postgres_.Set(absl::UnavailableError("gone"));
  postgres_.AwaitQuestions(2);
  EXPECT_FALSE(Serves("") || Serves("dependency/postgres"));
  EXPECT_TRUE(Serves("dependency/registry") && Serves("liveness"));

  postgres_.Set(absl::OkStatus());
  postgres_.AwaitQuestions(2);
  EXPECT_TRUE(Serves("") && Serves("dependency/postgres"));
}

TEST_F(HealthWatchTest, AnotherDependencyThatIsAwayIsItsOwnEntryAlone) {
  registry_.Set(absl::UnavailableError("gone"));
  Watch({postgres_.AsDependency("postgres", true), registry_.AsDependency("registry", false)});
  postgres_.AwaitQuestions(2);
  registry_.AwaitQuestions(2);
  EXPECT_FALSE(Serves("dependency/registry"));
  EXPECT_TRUE(Serves("") && Serves("dependency/postgres"));
}

TEST_F(HealthWatchTest, ADependencyThatHangsDoesNotHideTheOthers) {
  Notification goes_on;
  Watch({{.name = "sensors",
          .check =
              [&] {
                goes_on.WaitForNotification();
                return absl::OkStatus();
              }},
         postgres_.AsDependency("postgres", true)});
  postgres_.Set(absl::UnavailableError("gone"));
  postgres_.AwaitQuestions(2);
  EXPECT_FALSE(Serves("") || Serves("dependency/sensors"));
  goes_on.Notify();
  watch_.reset();  // its thread may still be in the wait
}

TEST_F(HealthWatchTest, EachChangeIsOneLineThatNamesDependencyAndReason) {
  ::testing::internal::CaptureStderr();
  Watch({registry_.AsDependency("registry", false)});
  registry_.AwaitQuestions(2);
  registry_.Set(Refused(absl::StatusCode::kUnavailable, "GONE_FISHING", "not here"));
  registry_.AwaitQuestions(5);
  registry_.Set(absl::OkStatus());
  registry_.AwaitQuestions(5);
  watch_.reset();
  const std::string log = ::testing::internal::GetCapturedStderr();
  std::vector<std::string> lines = absl::StrSplit(log, '\n', absl::SkipEmpty());
  std::erase_if(lines, [](const std::string& line) {
    return !absl::StrContains(line, R"("dependency":"registry")");
  });
  ASSERT_EQ(lines.size(), 2U) << log;
  EXPECT_TRUE(absl::StrContains(lines[0], R"("reason":"GONE_FISHING","error":"not here")")) << log;
  EXPECT_TRUE(absl::StrContains(lines[1], "can be used again")) << log;
}

TEST(HealthBoundsTest, AChangeIsToldWithinTenSeconds) {
  EXPECT_LE(kHealthInterval + 3 * kCheckPatience, absl::Seconds(10));
}

}  // namespace
}  // namespace fleetcast::service
