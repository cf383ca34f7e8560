#include "common/base/file_lock.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "common/base/status.h"

namespace fleetcast {
namespace {

TEST(FileLock, ExcludesOthersUntilItsHolderEnds) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("fleetcast-lock-" + std::to_string(getpid()));
  auto other = FileLock::Open(path);
  ASSERT_TRUE(other.ok()) << other.status();
  {
    auto holder = FileLock::Open(path);
    ASSERT_TRUE(holder.ok()) << holder.status();
    EXPECT_TRUE(holder->TryLock());
    EXPECT_TRUE(holder->TryLock());
    EXPECT_FALSE(other->TryLock());
  }
  EXPECT_TRUE(other->TryLock());
  std::filesystem::remove(path);
}

TEST(FileLock, AFileThatCannotBeOpenedIsNamed) {
  const auto lock = FileLock::Open("/nonexistent/folder/lock");
  EXPECT_EQ(ReasonOf(lock.status()), "FILE_SYSTEM");
  EXPECT_NE(lock.status().message().find("/nonexistent/folder/lock"), std::string::npos);
}

}  // namespace
}  // namespace fleetcast
