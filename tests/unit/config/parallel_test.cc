#include "services/config/domain/parallel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "absl/synchronization/barrier.h"

namespace fleetcast::config {
namespace {

TEST(Parallel, EveryItemIsWorkedOnOnceWithAndWithoutHelpers) {
  for (const int helpers : {0, 3}) {
    Parallel parallel(helpers);
    for (const std::size_t count : {0, 1, 7, 1000}) {
      std::vector<std::atomic<int>> calls(count);
      EXPECT_TRUE(parallel
                      .ForEach(count, 5,
                               [&](std::size_t i) {
                                 ++calls[i];
                                 return absl::OkStatus();
                               })
                      .ok());
      EXPECT_TRUE(std::all_of(calls.begin(), calls.end(), [](const auto& n) { return n == 1; }));
    }
  }
}

TEST(Parallel, HelpersWorkAtTheSameTimeAndAreFreeAgainAfterwards) {
  Parallel parallel(1);
  for (int round = 0; round < 3; ++round) {
    // Nobody gets past it alone. It deletes itself with the last one to leave.
    auto* both = new absl::Barrier(2);
    const absl::Status status = parallel.ForEach(2, 1, [both](std::size_t) {
      if (both->Block()) delete both;
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok());
  }
}

TEST(Parallel, ErrorIsReturnedAndEndsTheWork) {
  Parallel parallel(0);
  int calls = 0;
  const absl::Status status = parallel.ForEach(100, 1, [&](std::size_t i) {
    ++calls;
    return i == 3 ? absl::InternalError("three") : absl::OkStatus();
  });
  EXPECT_EQ(status.message(), "three");
  EXPECT_EQ(calls, 4);
}

}  // namespace
}  // namespace fleetcast::config
