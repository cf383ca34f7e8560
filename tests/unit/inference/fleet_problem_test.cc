#include "services/inference/domain/fleet_problem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "services/inference/domain/branch_follower.h"

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
  const auto problem_after = [&](const std::string& head, const absl::Status& put_in_force,
                                 const absl::Status& seen) {
    FollowedBranch branch = AfterLook("main", head, put_in_force, seen);
    branch.check_time = now - absl::Seconds(20);
    return ProblemOf(branch, now);
  };
  const std::string head = "0123456789abcdef";
  const absl::Status ok,
      back = Refused(absl::StatusCode::kFailedPrecondition, "ROLLED_BACK",
                     "was rolled back from by mia"),
      gone = Refused(absl::StatusCode::kUnavailable, "REMOTE_TIMEOUT", "slow");
  EXPECT_FALSE(problem_after(head, ok, ok));
  const auto refused = problem_after(head, back, ok);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, "ROLLED_BACK");
  EXPECT_EQ(refused->message,
            "the head of main (0123456789ab), which is followed, is not in force: was rolled back "
            "from by mia");
  // The commit in force may well be the head.
  const auto unseen = problem_after(head, ok, gone);
  ASSERT_TRUE(unseen);
  EXPECT_EQ(unseen->reason, "REMOTE_TIMEOUT");
  EXPECT_EQ(unseen->message,
            "whether main, which is followed, has moved on from 0123456789ab could not be seen: "
            "slow");
  EXPECT_EQ(problem_after("", ok, absl::UnavailableError("config is away"))->message,
            "the head of main, which is followed, could not be read: config is away");
  const auto both = problem_after(head, back, gone);
  EXPECT_EQ(both->reason, "ROLLED_BACK");
  EXPECT_THAT(both->message, HasSubstr("by mia. And whether main"));
  FollowedBranch branch = AfterLook("main", head, back, ok);
  branch.check_time = now - absl::Minutes(6);
  EXPECT_EQ(ProblemOf(branch, now)->reason, "RELEASE_BRANCH_UNSEEN");
}

TEST(ProblemOf, SaysWhenNoSensorHasReadingsOfTheLastTwoDays) {
  const absl::Time now = absl::FromUnixSeconds(1'765'238'400);
  EXPECT_FALSE(ProblemOf(std::optional<absl::Time>(), now)) << "nothing was forecast yet";
  EXPECT_FALSE(ProblemOf(std::optional(now - absl::Hours(48)), now));
  const auto problem = ProblemOf(std::optional(now - absl::Hours(24 * 345)), now);
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->reason, "READINGS_STALE");
  EXPECT_EQ(problem->severity, Severity::kWarning);
  EXPECT_NE(problem->message.find("345 days ago"), std::string::npos) << problem->message;
}

}  // namespace
}  // namespace fleetcast::inference
