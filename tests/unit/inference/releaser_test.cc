// Which commits may follow which.
#include "services/inference/domain/releaser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"

namespace fleetcast::inference {
namespace {

TEST(CheckSuccessionTest, TakesDescendantsAndTheCommitInForce) {
  EXPECT_TRUE(CheckSuccession({"a", "b", "a"}, "main").ok());
  EXPECT_TRUE(CheckSuccession({"a", "a", "a"}, "main").ok());
}

TEST(CheckSuccessionTest, RefusesWhatIsOlderAndWhatHasDivergedByName) {
  const absl::Status stale = CheckSuccession({"aaaa", "0000", "0000"}, "old");
  EXPECT_EQ(ReasonOf(stale), "STALE_RELEASE");
  EXPECT_THAT(std::string(stale.message()), ::testing::HasSubstr("\"old\" (0000) is older"));
  EXPECT_EQ(ReasonOf(CheckSuccession({"aaaa", "bbbb", "0000"}, "topic")), "DIVERGED_RELEASE");
  EXPECT_EQ(ReasonOf(CheckSuccession({"aaaa", "bbbb", ""}, "foreign")), "DIVERGED_RELEASE");
}

struct RetirementCase {
  std::string name;
  int active, retired;
  bool emptied;
  std::optional<int> allowed;
  std::string reason;  // "" where it is carried out
};

class CheckRetirementsTest : public ::testing::TestWithParam<RetirementCase> {};

TEST_P(CheckRetirementsTest, Answers) {
  const RetirementCase& given = GetParam();
  CircuitRecord active;
  active.desired_state = DesiredState::kActive;
  CircuitRecord retired;
  retired.desired_state = DesiredState::kRetired;
  std::vector<CircuitRecord> present(given.active, active);
  present.push_back(retired);
  DesiredFleet fleet{.commit = "bbbb"};
  if (!given.emptied)
    fleet.unsound[{"P001", "C001"}] = "config/plants/P001/C001.yml:1:1: it is empty";
  const absl::Status answer =
      CheckRetirements(fleet, present, given.retired, given.allowed, "main");
  EXPECT_EQ(ReasonOf(answer), given.reason) << answer;
  EXPECT_EQ(answer.ok(), given.reason.empty());
}

INSTANTIATE_TEST_SUITE_P(Cases, CheckRetirementsTest,
                         ::testing::ValuesIn(std::vector<RetirementCase>{
                             {"None", 200, 0, false, {}, ""},
                             {"AFewOfASmallFleet", 10, 3, false, {}, ""},
                             {"MoreThanAFewOfASmallFleet", 10, 4, false, {}, "LARGE_RETIREMENT"},
                             {"ATenth", 200, 20, false, {}, ""},
                             {"MoreThanATenth", 200, 21, false, {}, "LARGE_RETIREMENT"},
                             {"APlantThatIsMeantToGo", 200, 75, false, 75, ""},
                             {"MoreThanIsAllowed", 200, 75, false, 74, "LARGE_RETIREMENT"},
                             {"NoneAllowed", 200, 1, false, 0, "LARGE_RETIREMENT"},
                             {"AllOfAFew", 2, 2, true, {}, "FLEET_EMPTY"},
                             {"AllWhereThatIsMeant", 2, 2, true, 2, ""},
                             {"NothingWasInForce", 0, 0, true, {}, ""},
                         }),
                         [](const auto& info) { return info.param.name; });

TEST(CheckRetirementsTest, TheErrorSaysHowManyAndHowToAllowThem) {
  CircuitRecord active;
  active.desired_state = DesiredState::kActive;
  const absl::Status refused =
      CheckRetirements({.commit = "bbbb"}, {active}, 1, std::nullopt, "main");
  EXPECT_THAT(std::string(refused.message()),
              ::testing::HasSubstr("\"main\" (bbbb) has no circuit at all, and 1 are in force"));
  EXPECT_THAT(std::string(refused.message()), ::testing::HasSubstr("--max-retired 1"));
}

}  // namespace
}  // namespace fleetcast::inference
