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

}  // namespace
}  // namespace fleetcast::inference
