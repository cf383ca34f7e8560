#include "cli/progress/progress.h"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/progress/display.h"

namespace fleetcast::cli {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'765'238'400);

CircuitProgress Training(int epoch, double loss) {
  return {.circuit = "P001/C001",
          .standing = Standing::kRunning,
          .phase = "training",
          .epoch = epoch,
          .epochs = 50,
          .loss = loss,
          .note = "",
          .attempt = 1,
          .start = kStart,
          .end = absl::UnixEpoch()};
}

FleetProgress ThreeCircuits() {
  FleetProgress progress{.title = "training run 01j", .circuits = {}};
  progress.circuits["P001/C001"] = Training(25, 0.0123);
  progress.circuits["P001/C002"] = {.circuit = "P001/C002",
                                    .standing = Standing::kSucceeded,
                                    .note = "v3 champion",
                                    .start = kStart,
                                    .end = kStart + absl::Seconds(12)};
  progress.circuits["P002/C1"] = {.circuit = "P002/C1",
                                  .standing = Standing::kFailed,
                                  .note = "DATA DATA_MISSING: no file\nfor the sensor",
                                  .start = kStart,
                                  .end = kStart + absl::Seconds(1)};
  return progress;
}

TEST(LiveLines, ShowABarAndTheLossOfWhatRuns) {
  const auto lines =
      LiveLines(ThreeCircuits(), {.width = 100}, kStart + absl::Seconds(20), /*most_rows=*/20);
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "training run 01j: 1 of 3 succeeded, 1 failed, 1 running",
                       "P001/C001  running         20s  ██████████░░░░░░░░░░  25/50  loss 0.0123",
                       "P001/C002  succeeded       12s  v3 champion",
                       "P002/C1    failed         1.0s  DATA DATA_MISSING: no file for the sensor",
                   }));
}

TEST(LiveLines, AreNeverWiderThanTheTerminal) {
  for (const std::size_t width : {20U, 40U, 60U}) {
    for (const auto& line : LiveLines(ThreeCircuits(), {.width = width}, kStart, 20)) {
      EXPECT_LE(DisplayWidth(line), std::max<std::size_t>(width, 20)) << line;
    }
  }
}

TEST(LiveLines, OfAFleetTallerThanTheTerminalShowWhatRunsFirst) {
  const auto lines = LiveLines(ThreeCircuits(), {.width = 100}, kStart, /*most_rows=*/2);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_NE(lines[1].find("running"), std::string::npos);
  EXPECT_NE(lines[2].find("failed"), std::string::npos);
  EXPECT_EQ(lines[3], "  and 1 more circuit");
}

TEST(ChangeLine, TellsEachStandingOnce) {
  CircuitProgress queued{.circuit = "P001/C001", .standing = Standing::kQueued, .note = "waits"};
  EXPECT_EQ(ChangeLine(nullptr, queued), "P001/C001: queued: waits");
  EXPECT_EQ(ChangeLine(&queued, queued), std::nullopt);
  CircuitProgress failed = queued;
  failed.standing = Standing::kFailed;
  failed.note = "DATA DATA_MISSING: no file";
  EXPECT_EQ(ChangeLine(&queued, failed), "P001/C001: failed: DATA DATA_MISSING: no file");
}

TEST(ChangeLine, TellsATenthOfTheEpochsAndTheLast) {
  std::vector<std::string> told;
  CircuitProgress before = Training(0, 1);
  for (int epoch = 1; epoch <= 50; ++epoch) {
    const CircuitProgress now = Training(epoch, 1.0 / epoch);
    if (const auto line = ChangeLine(&before, now)) {
      told.push_back(*line);
      before = now;
    }
  }
  ASSERT_EQ(told.size(), 10U);
  EXPECT_EQ(told.front(), "P001/C001: epoch 5/50, loss 0.2000");
  EXPECT_EQ(told.back(), "P001/C001: epoch 50/50, loss 0.0200");
}

TEST(ChangeLine, TellsANewAttemptAndANewPhase) {
  const CircuitProgress before = Training(20, 0.1);
  CircuitProgress again = Training(0, 0.1);
  again.attempt = 2;
  EXPECT_EQ(ChangeLine(&before, again), "P001/C001: training, attempt 2");
  CircuitProgress publishing = Training(50, 0.1);
  publishing.phase = "publishing";
  EXPECT_EQ(ChangeLine(&before, publishing), "P001/C001: publishing");
}

TEST(ProgressDisplay, WritesPlainLinesInAPipe) {
  std::ostringstream out;
  ProgressDisplay display(out, {});
  FleetProgress progress{.title = "sweep 01j", .circuits = {}};
  for (const auto& [name, circuit] : ThreeCircuits().circuits) {
    display.Update(progress, circuit, kStart);
    display.Update(progress, circuit, kStart);
  }
  display.Draw(progress, kStart);
  EXPECT_EQ(out.str(),
            "P001/C001: epoch 25/50, loss 0.0123\n"
            "P001/C002: succeeded: v3 champion\n"
            "P002/C1: failed: DATA DATA_MISSING: no file for the sensor\n");
}

TEST(ProgressDisplay, RedrawsInPlaceOnATerminal) {
  std::ostringstream out;
  ProgressDisplay display(out, {.interactive = true, .color = false, .width = 80, .height = 24});
  FleetProgress progress{.title = "sweep 01j", .circuits = {}};
  display.Update(progress, Training(1, 0.5), kStart);
  const std::string first = out.str();
  EXPECT_EQ(first.find('\x1b'), std::string::npos);
  display.Update(progress, Training(2, 0.4), kStart + absl::Milliseconds(1));
  EXPECT_EQ(out.str(), first) << "redrawn within a moment";
  display.Draw(progress, kStart + absl::Seconds(1));
  EXPECT_EQ(out.str().substr(first.size(), 7), "\x1b[2A\x1b[J") << "two lines up, and cleared";
}

}  // namespace
}  // namespace fleetcast::cli
