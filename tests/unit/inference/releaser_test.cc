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

TEST(CheckNotEmptiedTest, RefusesACommitWithoutAnyCircuitWhereSomeAreInForce) {
  CircuitRecord active;
  active.desired_state = DesiredState::kActive;
  CircuitRecord retired;
  retired.desired_state = DesiredState::kRetired;
  DesiredFleet emptied{.commit = "bbbb"};
  const absl::Status refused = CheckNotEmptied(emptied, {active, retired}, "main");
  EXPECT_EQ(ReasonOf(refused), "FLEET_EMPTY");
  EXPECT_THAT(std::string(refused.message()),
              ::testing::HasSubstr("\"main\" (bbbb) has no circuit at all, and 1 are in force"));
  EXPECT_TRUE(CheckNotEmptied(emptied, {retired}, "main").ok());
  EXPECT_TRUE(CheckNotEmptied(emptied, {}, "main").ok());
  emptied.unsound.insert({"P001", "C001"});
  EXPECT_TRUE(CheckNotEmptied(emptied, {active}, "main").ok());
}

}  // namespace
}  // namespace fleetcast::inference
