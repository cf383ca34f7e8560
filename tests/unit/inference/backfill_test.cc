#include "services/inference/domain/backfill.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"

namespace fleetcast::inference {
namespace {

using ::testing::HasSubstr;

const absl::Time kDay = absl::FromCivil(absl::CivilDay(2025, 12, 1), absl::UTCTimeZone());
const absl::Time kToday = kDay + absl::Hours(24 * 9);

BackfillRange Of(absl::Time start, absl::Time end, absl::Duration every) {
  return {.start = start, .end = end, .every_seconds = absl::ToInt64Seconds(every)};
}

TEST(BackfillRange, HasAWindowAtItsStartAndOneAtItsEndIfTheStepMeetsIt) {
  const BackfillRange day = Of(kDay, kDay + absl::Hours(24), absl::Hours(6));
  EXPECT_EQ(WindowsOf(day), 5);
  EXPECT_EQ(WindowAt(day, 0), kDay);
  EXPECT_EQ(WindowAt(day, 4), kDay + absl::Hours(24));
  EXPECT_EQ(WindowsOf(Of(kDay, kDay + absl::Hours(23), absl::Hours(6))), 4);
  EXPECT_EQ(WindowsOf(Of(kDay, kDay, absl::Hours(6))), 1);
  EXPECT_EQ(WindowsOf(Of(kDay, kDay - absl::Hours(1), absl::Hours(6))), 0);
}

TEST(ValidateBackfill, NamesTheFieldAndTheBound) {
  struct Scenario {
    const char* name;
    BackfillRange range;
    const char* field;  // at fault; "": none
    const char* says;
  };
  const absl::Duration keep = absl::Hours(24 * 400);
  for (const Scenario& scenario : {
           Scenario{"a day", Of(kDay, kDay + absl::Hours(24), absl::Hours(1)), "", ""},
           Scenario{"one window", Of(kDay, kDay, absl::Minutes(1)), "", ""},
           Scenario{"until now", Of(kDay, kToday, absl::Hours(1)), "", ""},
           Scenario{"too fine", Of(kDay, kDay, absl::Seconds(59)), "backfill.every", "a minute"},
           Scenario{"backwards", Of(kDay, kDay - absl::Hours(1), absl::Hours(1)),
                    "backfill.end_time", "before backfill.start_time"},
           Scenario{"the future", Of(kDay, kToday + absl::Seconds(1), absl::Hours(1)),
                    "backfill.end_time", "use a schedule"},
           Scenario{"what is deleted", Of(kToday - keep - absl::Seconds(1), kDay, absl::Hours(24)),
                    "backfill.start_time", "keep_forecasts"},
           Scenario{"at the bound",
                    Of(kDay, kDay + (kMaxWindows - 1) * absl::Minutes(1), absl::Minutes(1)), "",
                    ""},
           Scenario{"above it", Of(kDay, kDay + kMaxWindows * absl::Minutes(1), absl::Minutes(1)),
                    "backfill.every", "makes 10001 windows a circuit, and 10000 are the most"},
       }) {
    const absl::Status status = ValidateBackfill(scenario.range, kToday, keep);
    const auto details = DetailsOf(status);
    ASSERT_EQ(status.ok(), std::string(scenario.field).empty()) << scenario.name << status;
    if (status.ok()) continue;
    ASSERT_TRUE(details && details->field_violations.size() == 1) << scenario.name;
    EXPECT_EQ(details->field_violations[0].field, scenario.field) << scenario.name;
    EXPECT_THAT(details->field_violations[0].description, HasSubstr(scenario.says))
        << scenario.name;
  }
}

TEST(CheckBackfillSize, BoundsAllCircuitsTogether) {
  const BackfillRange range = Of(kDay, kDay + absl::Hours(999), absl::Hours(1));
  EXPECT_TRUE(CheckBackfillSize(range, 1000).ok());
  const absl::Status status = CheckBackfillSize(range, 1001);
  EXPECT_EQ(ReasonOf(status), "BACKFILL_TOO_LARGE");
  EXPECT_THAT(std::string(status.message()), HasSubstr("1001 circuits of 1000 windows"));
}

TEST(NextMiniBatches, AreOfTheirSizeAndAsManyAsMayBeDoneAtOnce) {
  struct Scenario {
    const char* name;
    std::int64_t size, windows, done;
    int concurrency, threads;
    std::vector<std::pair<std::int64_t, std::int64_t>> wanted;
  };
  for (const Scenario& scenario : {
           Scenario{"one at a time", 4, 10, 0, 1, 8, {{0, 4}}},
           Scenario{"the rest", 4, 10, 8, 1, 8, {{8, 2}}},
           Scenario{"the deployment allows two", 4, 10, 0, 2, 8, {{0, 4}, {4, 4}}},
           Scenario{"the machine has two", 4, 100, 0, 6, 2, {{0, 4}, {4, 4}}},
           Scenario{"fewer are left", 4, 10, 4, 6, 8, {{4, 4}, {8, 2}}},
           Scenario{"goes on in a mini batch", 4, 10, 3, 1, 8, {{3, 4}}},
           Scenario{"one of all", 1000, 10, 0, 3, 8, {{0, 10}}},
           Scenario{"done", 4, 10, 10, 3, 8, {}},
       }) {
    std::vector<std::pair<std::int64_t, std::int64_t>> found;
    for (const MiniBatch& batch :
         NextMiniBatches({.mini_batch_size = scenario.size, .concurrency = scenario.concurrency},
                         {.windows = scenario.windows, .done = scenario.done}, scenario.threads))
      found.emplace_back(batch.first, batch.count);
    EXPECT_EQ(found, scenario.wanted) << scenario.name;
  }
}

TEST(FailureOfBackfill, IsAsTheErrorThresholdSays) {
  struct Scenario {
    const char* name;
    std::int64_t threshold, done, failed;
    const char* reason;  // "": none
  };
  for (const Scenario& scenario : {
           Scenario{"none failed", 0, 10, 0, ""},
           Scenario{"one failed, none may", 0, 1, 1, "BACKFILL_ERROR_THRESHOLD"},
           Scenario{"as many as may", 3, 10, 3, ""},
           Scenario{"one more", 3, 5, 4, "BACKFILL_ERROR_THRESHOLD"},
           Scenario{"all may, some did", -1, 10, 9, ""},
           Scenario{"all may, so far all did", -1, 5, 5, ""},
           Scenario{"all may, none was made", -1, 10, 10, "BACKFILL_MADE_NOTHING"},
       }) {
    const auto failure = FailureOfBackfill(
        {.error_threshold = scenario.threshold},
        {.windows = 10, .done = scenario.done, .failed = scenario.failed, .first_failure = "X"});
    EXPECT_EQ(failure ? failure->reason : "", scenario.reason) << scenario.name;
    if (!failure) continue;
    EXPECT_FALSE(failure->retryable) << scenario.name;
    EXPECT_THAT(failure->message, HasSubstr("failed (first X)")) << scenario.name;
  }
}

TEST(BackfillProgress, ReadsBackAndIsNoOtherResult) {
  const BackfillProgress progress{
      .windows = 9, .done = 5, .failed = 2, .last_issue_time = kDay, .first_failure = "X"};
  const auto read = BackfillProgressOf(ToJson(progress));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->windows, 9);
  EXPECT_EQ(read->done, 5);
  EXPECT_EQ(read->failed, 2);
  EXPECT_EQ(read->last_issue_time, kDay);
  EXPECT_EQ(read->first_failure, "X");
  for (const char* text : {"", "{}", "7", R"({"issue_time":7})", R"({"windows":"nine"})"})
    EXPECT_FALSE(BackfillProgressOf(text)) << text;
  EXPECT_EQ(ProgressText(progress), "3 of 9 windows made, 2 failed (first X)");
}

TEST(PoolOfBackfill, IsOfThoseThatDeclareTheComputeType) {
  EXPECT_EQ(PoolOfBackfill("Standard_DS3_v2", {}), "backfilling");
  EXPECT_EQ(PoolOfBackfill("Standard_DS3_v2", {"forecasting", "compute-Standard_DS4_v2"}),
            "backfilling");
  EXPECT_EQ(PoolOfBackfill("Standard_DS3_v2", {"compute-Standard_DS3_v2"}),
            "compute-Standard_DS3_v2");
}

}  // namespace
}  // namespace fleetcast::inference
