#include "common/ledger/held_lease.h"

#include <gtest/gtest.h>

namespace fleetcast::ledger {
namespace {

constexpr absl::Duration kClaimed = absl::Seconds(100);
constexpr absl::Duration kLength = absl::Seconds(30);

TEST(HeldLease, StopsBeforeTheDatabaseCanHaveLetItExpire) {
  const HeldLease lease(kClaimed, kLength);
  EXPECT_FALSE(lease.MustStop(kClaimed + absl::Seconds(26)));
  EXPECT_TRUE(lease.MustStop(kClaimed + absl::Seconds(27)));
}

TEST(HeldLease, RenewalIsDueAfterAThirdAndPushesTheEndOut) {
  HeldLease lease(kClaimed, kLength);
  EXPECT_FALSE(lease.RenewalDue(kClaimed + absl::Seconds(9)));
  EXPECT_TRUE(lease.RenewalDue(kClaimed + absl::Seconds(10)));
  lease.Renewed(kClaimed + absl::Seconds(10));
  EXPECT_FALSE(lease.RenewalDue(kClaimed + absl::Seconds(19)));
  EXPECT_FALSE(lease.MustStop(kClaimed + absl::Seconds(36)));
  EXPECT_TRUE(lease.MustStop(kClaimed + absl::Seconds(37)));
}

TEST(HeldLease, AConfirmationThatArrivesLateDoesNotPullTheEndIn) {
  HeldLease lease(kClaimed, kLength);
  lease.Renewed(kClaimed + absl::Seconds(20));
  lease.Renewed(kClaimed + absl::Seconds(10));
  EXPECT_FALSE(lease.MustStop(kClaimed + absl::Seconds(40)));
}

TEST(HeldLease, ALostLeaseStaysLost) {
  HeldLease lease(kClaimed, kLength);
  lease.Lose();
  lease.Renewed(kClaimed + absl::Seconds(1));
  EXPECT_TRUE(lease.MustStop(kClaimed + absl::Seconds(1)));
  EXPECT_FALSE(lease.RenewalDue(kClaimed + absl::Seconds(20)));
}

}  // namespace
}  // namespace fleetcast::ledger
