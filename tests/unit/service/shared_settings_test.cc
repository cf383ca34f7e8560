#include "common/service/shared_settings.h"

#include <gtest/gtest.h>

namespace fleetcast::service {
namespace {

SettingsReader Reader(const std::vector<const char*>& flags) {
  std::vector<const char*> arguments = {"fleetcast-toaster"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  return {"fleetcast-toaster", "FLEETCAST_TOASTER", "Toasts.", static_cast<int>(arguments.size()),
          arguments.data()};
}

TEST(SharedSettingsTest, AServerListensOnItsOwnPortUnlessTold) {
  SettingsReader none = Reader({});
  EXPECT_EQ(ReadServer(none, 7009).listen, "127.0.0.1:7009");
  SettingsReader some =
      Reader({"--listen=0.0.0.0:1", "--drain-timeout=3s", "--log-level", "warning"});
  const ServerSettings settings = ReadServer(some, 7009);
  EXPECT_EQ(settings.listen, "0.0.0.0:1");
  EXPECT_EQ(settings.drain_timeout, absl::Seconds(3));
  EXPECT_EQ(settings.log_level, LogLevel::kWarning);
  EXPECT_TRUE(some.Finish().ok());
}

TEST(SharedSettingsTest, AReplicaWithoutANameGetsOneOfItsOwn) {
  SettingsReader none = Reader({});
  EXPECT_FALSE(ReadReplica(none).empty());
  SettingsReader named = Reader({"--replica=t-1"});
  EXPECT_EQ(ReadReplica(named), "t-1");
}

TEST(SharedSettingsTest, ALeaseTooShortToBeRenewedIsRefused) {
  SettingsReader reader = Reader({"--lease=200ms"});
  (void)ReadLease(reader, "job");
  EXPECT_FALSE(reader.Finish().ok());
}

}  // namespace
}  // namespace fleetcast::service
