#include "services/inference/domain/fleet_problem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fleetcast::inference {
namespace {

using ::testing::HasSubstr;

Schedule Of(const std::string& id, std::vector<std::string> plants, bool paused = false) {
  Schedule schedule{.id = id};
  schedule.spec.plant_ids = std::move(plants);
  schedule.paused = paused;
  return schedule;
}

TEST(ProblemsOf, NamesWhatSchedulesAskForAndNobodyDeployed) {
  struct Scenario {
    const char* name;
    std::vector<Schedule> schedules;
    std::string plant;
    std::vector<std::string> wanted;  // the resources
  };
  const std::set<std::string> deployed = {"P001"};
  const Scenario scenarios[] = {
      {"no schedule", {}, "", {}},
      {"the whole fleet", {Of("daily", {})}, "", {}},
      {"all there", {Of("daily", {"P001"})}, "", {}},
      {"one is gone", {Of("daily", {"P001", "P009"})}, "", {"schedules/daily"}},
      {"paused", {Of("daily", {"P009"}, true)}, "", {}},
      {"two schedules", {Of("a", {"P009"}), Of("b", {"P008"})}, "", {"schedules/a", "schedules/b"}},
      {"of that plant", {Of("a", {"P009"}), Of("b", {"P008"})}, "P008", {"schedules/b"}},
      {"of another", {Of("a", {"P009"})}, "P001", {}},
  };
  for (const Scenario& scenario : scenarios) {
    std::vector<std::string> found;
    for (const FleetProblem& problem : ProblemsOf(scenario.schedules, deployed, scenario.plant)) {
      found.push_back(problem.resource);
      EXPECT_EQ(problem.reason, "PLANT_NOT_DEPLOYED") << scenario.name;
      EXPECT_EQ(problem.severity, Severity::kError) << scenario.name;
    }
    EXPECT_EQ(found, scenario.wanted) << scenario.name;
  }
}

TEST(ProblemsOf, NamesThePlantsUpToAFew) {
  const auto problems =
      ProblemsOf({Of("daily", {"P7", "P6", "P5", "P4", "P3", "P2", "P1", "P1"})}, {}, "");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_THAT(problems[0].message, HasSubstr("schedules/daily asks for forecasts of "
                                             "P1, P2, P3, P4, P5 and 2 more"));
  EXPECT_THAT(problems[0].message, HasSubstr("fleetcast schedule update daily --plants"));
}

TEST(ProblemOf, TellsOfABranchThatIsNotFollowedAsItShouldBe) {
  const absl::Time now = absl::FromUnixSeconds(1'765'238'400);
  FollowedBranch branch{
      .branch = "main", .head_commit = "0123456789abcdef", .check_time = now - absl::Seconds(20)};
  EXPECT_FALSE(ProblemOf(branch, now));
  branch.reason = "ROLLED_BACK";
  branch.message = "was rolled back from by mia";
  const auto refused = ProblemOf(branch, now);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, "ROLLED_BACK");
  EXPECT_THAT(refused->message, HasSubstr("main (0123456789ab)"));
  EXPECT_THAT(refused->message, HasSubstr("by mia"));
  branch.check_time = now - absl::Minutes(6);
  EXPECT_EQ(ProblemOf(branch, now)->reason, "RELEASE_BRANCH_UNSEEN");
}

}  // namespace
}  // namespace fleetcast::inference
