#include "services/registry/adapters/artifact_files.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/base/sha256.h"
#include "common/base/status.h"

namespace fleetcast::registry {
namespace {

class ArtifactFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "/fleetcast-artifacts-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
    files_ = *ArtifactFiles::Open(root_, 1000);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::string Store(const std::string& bytes) {
    auto writer = *files_->Write();
    EXPECT_TRUE(writer->Append(bytes).ok());
    const auto stored = writer->Seal();
    EXPECT_TRUE(stored.ok());
    EXPECT_TRUE(writer->Keep().ok());
    return stored->sha256;
  }

  [[nodiscard]] std::string BlobPath(const std::string& sha256) const {
    return root_ + "/blobs/" + sha256.substr(0, 2) + "/" + sha256;
  }

  [[nodiscard]] int FilesIn(const std::string& folder) const {
    int count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root_ + folder)) {
      count += entry.is_regular_file() ? 1 : 0;
    }
    return count;
  }

  std::string root_;
  std::unique_ptr<ArtifactFiles> files_;
};

TEST_F(ArtifactFilesTest, GiveBackTheBytesUnderTheirHash) {
  const std::string sha256 = Store("abcdef");
  EXPECT_EQ(sha256, Sha256Hex("abcdef"));
  auto reader = files_->Read(sha256);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(*(*reader)->Next(4), "abcd");
  EXPECT_EQ(*(*reader)->Next(4), "ef");
  EXPECT_EQ(*(*reader)->Next(4), "");
}

TEST_F(ArtifactFilesTest, KeepTheSameBytesOnce) {
  EXPECT_EQ(Store("abc"), Store("abc"));
  EXPECT_EQ(FilesIn("/blobs"), 1);
  EXPECT_EQ(FilesIn("/uploads"), 0);
}

TEST_F(ArtifactFilesTest, KeepNothingOfAWriterThatIsDropped) {
  {
    auto writer = *files_->Write();
    EXPECT_TRUE(writer->Append("abc").ok());
    EXPECT_TRUE(writer->Seal().ok());
    EXPECT_EQ(FilesIn("/uploads"), 1);
  }
  EXPECT_EQ(FilesIn(""), 0);
}

TEST_F(ArtifactFilesTest, RemoveAtTheStartWhatADeadProcessLeftButNotWhatALivingOneWrites) {
  const pid_t child = fork();
  if (child == 0) {
    auto writer = *files_->Write();
    (void)writer->Append("abc");
    _exit(0);  // as if killed: no destructor runs
  }
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  auto living = *files_->Write();
  ASSERT_EQ(FilesIn("/uploads"), 2);

  ASSERT_TRUE(ArtifactFiles::Open(root_, 1000).ok());
  EXPECT_EQ(FilesIn("/uploads"), 1);
  EXPECT_TRUE(living->Append("abc").ok());
  EXPECT_TRUE(living->Seal().ok());
  EXPECT_TRUE(living->Keep().ok());
}

TEST_F(ArtifactFilesTest, ReportBytesThatWereDamagedOrLost) {
  const std::string sha256 = Store("abc");
  std::ofstream(BlobPath(sha256), std::ios::trunc) << "abd";
  const auto damaged = files_->Read(sha256).status();
  EXPECT_EQ(damaged.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ReasonOf(damaged), "ARTIFACT_DAMAGED");
  std::filesystem::remove(BlobPath(sha256));
  EXPECT_EQ(files_->Read(sha256).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(ArtifactFilesTest, AreMendedByStoringTheSameBytesAgain) {
  const std::string sha256 = Store("abc");
  std::ofstream(BlobPath(sha256), std::ios::trunc) << "abd";
  Store("abc");
  EXPECT_TRUE(files_->Read(sha256).ok());
}

TEST_F(ArtifactFilesTest, RefuseMoreThanTheLimit) {
  auto writer = *files_->Write();
  EXPECT_TRUE(writer->Append(std::string(1000, 'x')).ok());
  const absl::Status status = writer->Append("x");
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), "ARTIFACT_TOO_LARGE");
}

TEST_F(ArtifactFilesTest, CannotBeOpenedWhereNothingCanBeWritten) {
  const auto status = ArtifactFiles::Open("/proc/fleetcast", 1000).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "ARTIFACT_STORE_UNUSABLE");
}

}  // namespace
}  // namespace fleetcast::registry
