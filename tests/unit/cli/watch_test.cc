#include "cli/watch.h"

#include <gtest/gtest.h>

#include <vector>

namespace fleetcast::cli {
namespace {

const absl::Status kBroken = absl::UnavailableError("connection reset");

// Plays one stream after another: how many messages each brings, and how it ends.
struct Script {
  struct Stream {
    int messages;
    absl::Status end;
  };
  std::vector<Stream> streams;
  std::size_t opened = 0;
  int messages = 0, lost = 0, resumed = 0;
  absl::Duration paused;
  bool interrupted = false;

  absl::Status Run(const WatchPolicy& policy = WatchPolicy()) {
    WatchSteps steps;
    steps.open = [this](const std::function<void()>& on_message) {
      const Stream& stream = streams.at(std::min(opened++, streams.size() - 1));
      for (int i = 0; i < stream.messages; ++i, ++messages) on_message();
      return stream.end;
    };
    steps.pause = [this](absl::Duration duration) {
      paused += duration;
      return !interrupted;
    };
    steps.on_lost = [this](const std::string&) { ++lost; };
    steps.on_resumed = [this] { ++resumed; };
    return WatchToEnd(policy, steps);
  }
};

TEST(WatchToEnd, EndsWithTheStream) {
  Script script{.streams = {{3, absl::OkStatus()}}};
  EXPECT_TRUE(script.Run().ok());
  EXPECT_EQ(script.messages, 3);
  EXPECT_EQ(script.opened, 1U);
}

TEST(WatchToEnd, OpensABrokenStreamAgainAndTellsOnce) {
  Script script{.streams = {{2, kBroken}, {0, kBroken}, {0, kBroken}, {1, absl::OkStatus()}}};
  EXPECT_TRUE(script.Run().ok());
  EXPECT_EQ(script.messages, 3);
  EXPECT_EQ(script.lost, 1);
  EXPECT_EQ(script.resumed, 1);
}

TEST(WatchToEnd, OpensAStreamAgainThatOutlivedItsDeadline) {
  Script script{.streams = {{2, absl::DeadlineExceededError("1h")}, {1, absl::OkStatus()}}};
  EXPECT_TRUE(script.Run().ok());
}

TEST(WatchToEnd, FailsAtOnceWhereNothingEverAnswered) {
  Script script{.streams = {{0, kBroken}}};
  EXPECT_EQ(script.Run(), kBroken);
  EXPECT_EQ(script.opened, 1U);
}

TEST(WatchToEnd, DoesNotRepeatWhatTheServiceRefused) {
  Script script{.streams = {{0, absl::NotFoundError("no such run")}}};
  EXPECT_EQ(script.Run().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(script.opened, 1U);
}

TEST(WatchToEnd, GivesUpWhenTheServiceStaysAway) {
  Script script{.streams = {{1, kBroken}, {0, kBroken}}};
  const WatchPolicy policy;
  EXPECT_EQ(script.Run(policy), kBroken);
  EXPECT_GE(script.paused, policy.patience);
  EXPECT_LT(script.paused, policy.patience + policy.longest_pause);
}

TEST(WatchToEnd, StopsWaitingWhenInterrupted) {
  Script script{.streams = {{1, kBroken}}, .interrupted = true};
  EXPECT_EQ(script.Run().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace fleetcast::cli
