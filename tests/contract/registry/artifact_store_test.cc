#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/contract/registry/stores.h"

namespace fleetcast::registry {
namespace {

const RunName kRun{"plant_P001_circuit_C001", "r1"};

Artifact Bytes(char digit, const std::string& file_name) {
  return {.sha256 = std::string(64, digit),
          .size_bytes = 3,
          .media_type = "text/plain",
          .file_name = file_name};
}

class ArtifactStoreTest : public StoreTest {
 protected:
  ArtifactStoreTest() { AddRun(kRun); }

  absl::StatusOr<Artifact> Record(const Artifact& artifact, std::optional<RunName> run) {
    return stores_->artifacts().Record(Request("UploadArtifact"), artifact, run);
  }
};
FLEETCAST_ON_BOTH_BACKENDS(ArtifactStoreTest);

TEST_P(ArtifactStoreTest, KnowsTheSameBytesOnce) {
  const auto first = Record(Bytes('1', "a.bin"), std::nullopt);
  const auto second = Record(Bytes('1', "b.bin"), kRun);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(second->create_time, first->create_time);
  EXPECT_EQ(second->file_name, "a.bin");
  EXPECT_EQ(stores_->artifacts().List(std::nullopt, {})->items.size(), 1u);
  EXPECT_EQ(stores_->artifacts().Get(std::string(64, '1'))->size_bytes, 3);
  EXPECT_EQ(stores_->artifacts().Get(std::string(64, '9')).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_P(ArtifactStoreTest, ListsARunsArtifactsUnderItsOwnNames) {
  ASSERT_TRUE(Record(Bytes('1', "a.bin"), std::nullopt).ok());
  ASSERT_TRUE(Record(Bytes('1', "model.tar"), kRun).ok());
  ASSERT_TRUE(Record(Bytes('1', "copy.tar"), kRun).ok());
  ASSERT_TRUE(Record(Bytes('2', "report.html"), kRun).ok());
  std::vector<std::string> names;
  PageRequest page{.size = 1, .after = {}};
  do {
    const auto artifacts = stores_->artifacts().List(kRun, page);
    ASSERT_TRUE(artifacts.ok()) << artifacts.status();
    for (const Artifact& artifact : artifacts->items) names.push_back(artifact.file_name);
    page.after = artifacts->next_after;
  } while (!page.after.empty() && names.size() < 10);
  EXPECT_EQ(names, (std::vector<std::string>{"report.html", "copy.tar", "model.tar"}));
}

TEST_P(ArtifactStoreTest, KeepsARunsFileAsItIs) {
  ASSERT_TRUE(Record(Bytes('1', "model.tar"), kRun).ok());
  EXPECT_TRUE(Record(Bytes('1', "model.tar"), kRun).ok());
  const auto other = Record(Bytes('2', "model.tar"), kRun);
  EXPECT_EQ(other.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(other.status()), "RUN_FILE_EXISTS");
  EXPECT_EQ(Record(Bytes('3', "a"), RunName{"none", "r1"}).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_FALSE(stores_->artifacts().Get(std::string(64, '3')).ok());
}

}  // namespace
}  // namespace fleetcast::registry
