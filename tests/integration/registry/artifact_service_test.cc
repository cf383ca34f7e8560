#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "common/base/sha256.h"
#include "common/base/status.h"
#include "tests/integration/registry/registry_server.h"

namespace fleetcast::registry {
namespace {

class ArtifactServiceTest : public RegistryServerTest {
 protected:
  int ArtifactCount() {
    v1::ListArtifactsResponse response;
    EXPECT_TRUE(artifacts_->ListArtifacts(Context().get(), {}, &response).ok());
    return response.artifacts_size();
  }

  // Waits until no upload is under way, at most 20 s.
  [[nodiscard]] bool UploadsEnd() const {
    for (int i = 0; i < 2000; ++i) {
      if (FilesIn("/uploads") == 0) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
};

std::string SomeBytes(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 257);
  return bytes;
}

TEST_F(ArtifactServiceTest, GivesBackWhatWasUploaded) {
  const std::string bytes = SomeBytes((3 << 20) + 17);
  v1::ArtifactMetadata metadata;
  metadata.set_sha256(Sha256Hex(bytes));
  metadata.set_size_bytes(static_cast<std::int64_t>(bytes.size()));
  const auto artifact = Upload(bytes, metadata);
  ASSERT_TRUE(artifact.ok()) << artifact.status();
  EXPECT_EQ(artifact->name(), "artifacts/" + Sha256Hex(bytes));
  EXPECT_EQ(artifact->size_bytes(), bytes.size());
  EXPECT_EQ(artifact->media_type(), "application/octet-stream");
  const auto downloaded = Download(artifact->name());
  ASSERT_TRUE(downloaded.ok()) << downloaded.status();
  EXPECT_EQ(*downloaded, bytes);
}

TEST_F(ArtifactServiceTest, KeepsTheSameBytesOnceHoweverManySendThem) {
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] { EXPECT_TRUE(Upload("the same").ok()); });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(ArtifactCount(), 1);
  EXPECT_EQ(FilesIn("/blobs"), 1);
  EXPECT_EQ(FilesIn("/uploads"), 0);
}

TEST_F(ArtifactServiceTest, TakesAnEmptyFile) {
  const auto artifact = Upload("");
  ASSERT_TRUE(artifact.ok()) << artifact.status();
  EXPECT_EQ(*Download(artifact->name()), "");
}

TEST_F(ArtifactServiceTest, RefusesBytesThatAreNotAsDeclaredAndKeepsNothing) {
  v1::ArtifactMetadata metadata;
  metadata.set_sha256(Sha256Hex("other"));
  EXPECT_EQ(ReasonOf(Upload("bytes", metadata).status()), "ARTIFACT_HASH_MISMATCH");
  metadata.clear_sha256();
  metadata.set_size_bytes(4);
  const auto status = Upload("bytes", metadata).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "ARTIFACT_SIZE_MISMATCH");
  EXPECT_EQ(ArtifactCount(), 0);
  EXPECT_EQ(FilesIn(""), 0);
}

TEST_F(ArtifactServiceTest, RefusesAChunkAboveOneMebibyte) {
  const auto status = Upload(SomeBytes((1 << 20) + 1), {}, (1 << 20) + 1).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DetailsOf(status)->field_violations.at(0).field, "chunk");
}

TEST_F(ArtifactServiceTest, RefusesPathsAsFileNames) {
  v1::ArtifactMetadata metadata;
  metadata.set_file_name("../../etc/passwd");
  EXPECT_EQ(DetailsOf(Upload("x", metadata).status())->field_violations.at(0).field,
            "metadata.file_name");
  EXPECT_EQ(Download("artifacts/../../etc/passwd").status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ArtifactServiceTest, RefusesAStreamWithoutADeadline) {
  grpc::ClientContext context;
  v1::Artifact artifact;
  auto writer = artifacts_->UploadArtifact(&context, &artifact);
  writer->WritesDone();
  EXPECT_EQ(ReasonOf(rpc::FromGrpc(writer->Finish())), "DEADLINE_REQUIRED");
}

TEST_F(ArtifactServiceTest, RefusesChunksBeforeMetadata) {
  auto context = Context();
  v1::Artifact artifact;
  auto writer = artifacts_->UploadArtifact(context.get(), &artifact);
  v1::UploadArtifactRequest message;
  message.set_chunk("bytes");
  writer->Write(message);
  writer->WritesDone();
  EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ArtifactServiceTest, LeavesNoRowAndNoFileOfAnUploadThatIsCancelled) {
  auto context = Context();
  v1::Artifact artifact;
  auto writer = artifacts_->UploadArtifact(context.get(), &artifact);
  v1::UploadArtifactRequest message;
  message.mutable_metadata()->set_request_id(NewRequestId());
  message.mutable_metadata()->set_file_name("model.tar");
  writer->Write(message);
  message.set_chunk(SomeBytes(1000));
  writer->Write(message);
  while (FilesIn("/uploads") == 0) std::this_thread::yield();
  context->TryCancel();
  EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(UploadsEnd());
  EXPECT_EQ(FilesIn("/blobs"), 0);
  EXPECT_EQ(ArtifactCount(), 0);
}

TEST_F(ArtifactServiceTest, RemovesAtItsStartWhatACrashLeft) {
  std::ofstream(artifacts_dir_ + "/uploads/upload-dead") << "half";
  Restart();
  EXPECT_EQ(FilesIn("/uploads"), 0);
}

TEST_F(ArtifactServiceTest, AnswersARepeatedUploadOnceAndRefusesOtherBytesUnderItsId) {
  v1::ArtifactMetadata metadata;
  metadata.set_request_id(NewRequestId());
  const auto first = Upload("bytes", metadata);
  const auto second = Upload("bytes", metadata);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->name(), second->name());
  EXPECT_EQ(ReasonOf(Upload("others", metadata).status()), "REQUEST_ID_REUSED");
}

TEST_F(ArtifactServiceTest, ListsARunsArtifacts) {
  const v1::Run run = CreateRun("plant_P001_circuit_C001", "r1");
  ASSERT_TRUE(Upload("nobody's").ok());
  v1::ArtifactMetadata metadata;
  metadata.set_run(run.name());
  metadata.set_file_name("weights.tar");
  ASSERT_TRUE(Upload("the run's", metadata).ok());
  EXPECT_EQ(ReasonOf(Upload("other", metadata).status()), "RUN_FILE_EXISTS");
  v1::ListArtifactsRequest request;
  request.set_run(run.name());
  v1::ListArtifactsResponse response;
  ASSERT_TRUE(artifacts_->ListArtifacts(Context().get(), request, &response).ok());
  ASSERT_EQ(response.artifacts_size(), 1);
  EXPECT_EQ(response.artifacts(0).file_name(), "weights.tar");
}

TEST_F(ArtifactServiceTest, NeverSendsBytesThatAreNotWhatTheirNameSays) {
  const auto artifact = Upload("bytes");
  ASSERT_TRUE(artifact.ok());
  const std::string path =
      artifacts_dir_ + "/blobs/" + artifact->sha256().substr(0, 2) + "/" + artifact->sha256();
  std::ofstream(path, std::ios::trunc) << "bytez";
  const auto status = Download(artifact->name()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ReasonOf(status), "ARTIFACT_DAMAGED");
  EXPECT_EQ(Download("artifacts/" + std::string(64, '0')).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace fleetcast::registry
