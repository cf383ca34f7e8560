#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "common/base/status.h"
#include "services/registry/domain/artifact.h"
#include "services/registry/domain/checks.h"
#include "services/registry/domain/data_asset.h"
#include "services/registry/domain/environment.h"
#include "services/registry/domain/experiment.h"
#include "tests/support/registry/model_versions.h"

namespace fleetcast::registry {
namespace {

std::string FieldOf(const absl::Status& status) {
  const auto details = DetailsOf(status);
  if (!details.has_value() || details->field_violations.empty()) return "";
  return details->field_violations[0].field;
}

TEST(DataAsset, IsRefusedWithTheFieldThatIsWrong) {
  EXPECT_TRUE(CheckDataAssetVersion(testing::CompleteDataAssetVersion()).ok());
  const std::pair<const char*, std::function<void(DataAssetVersion&)>> cases[] = {
      {"data_asset_version_id", [](auto& v) { v.name.version = "yesterday"; }},
      {"data_asset_version.sensor_id", [](auto& v) { v.sensor_id = ""; }},
      {"data_asset_version.fingerprint", [](auto& v) { v.fingerprint = "abc"; }},
      {"data_asset_version.row_count", [](auto& v) { v.row_count = 0; }},
      {"data_asset_version.last_time",
       [](auto& v) { v.last_time = v.first_time - absl::Seconds(1); }},
      {"data_asset_version.columns", [](auto& v) { v.columns.clear(); }},
      {"data_asset_version.columns[0]",
       [](auto& v) { v.columns[0].mean = std::numeric_limits<double>::quiet_NaN(); }},
      {"data_asset_version.ml_table", [](auto& v) { v.ml_table = ""; }},
  };
  for (const auto& [field, spoil] : cases) {
    DataAssetVersion version = testing::CompleteDataAssetVersion();
    spoil(version);
    EXPECT_EQ(FieldOf(CheckDataAssetVersion(version)), field);
  }
}

TEST(DataAsset, WithAnotherFingerprintIsNotTheSame) {
  const DataAssetVersion standing = testing::CompleteDataAssetVersion();
  DataAssetVersion asked = standing;
  asked.source_uri = "elsewhere";
  EXPECT_TRUE(CheckSameData(standing, asked).ok());
  asked.fingerprint = std::string(64, '0');
  const absl::Status status = CheckSameData(standing, asked);
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(status), "DATA_ASSET_CHANGED");
  EXPECT_EQ(DetailsOf(status)->metadata.at("fingerprint"), standing.fingerprint);
}

TEST(DataAsset, WithOtherColumnsNeedsAVersionOfItsOwn) {
  const DataAssetVersion standing = testing::CompleteDataAssetVersion();
  DataAssetVersion asked = standing;
  asked.columns[0].column = "another";
  asked.fingerprint = std::string(64, '0');
  EXPECT_EQ(ReasonOf(CheckSameData(standing, asked)), "DATA_ASSET_OTHER_COLUMNS");
  for (const char* id : {"2025-12-09", "2025-12-09-0123abcd"}) {
    asked.name.version = id;
    EXPECT_TRUE(CheckDataAssetVersion(asked).ok()) << id;
  }
  for (const char* id : {"2025-12-09-", "2025-12-09-0123ABCD", "2025-12-09-0123abcd1",
                         "2025-12-09_0123abcd", "2025-02-30-0123abcd"}) {
    asked.name.version = id;
    EXPECT_EQ(FieldOf(CheckDataAssetVersion(asked)), "data_asset_version_id") << id;
  }
}

TEST(Environment, WithOtherContentsIsNotTheSameAndSaysHow) {
  const EnvironmentVersion standing = testing::CompleteEnvironmentVersion();
  EXPECT_TRUE(CheckSameEnvironment(standing, standing).ok());
  EnvironmentVersion asked = standing;
  asked.properties["libtorch"] = "2.0.0";
  const absl::Status status = CheckSameEnvironment(standing, asked);
  EXPECT_EQ(ReasonOf(status), "ENVIRONMENT_VERSION_CHANGED");
  EXPECT_NE(std::string(status.message()).find("2.0.0"), std::string::npos);
}

TEST(Experiment, IsCalledByItsIdWithoutADisplayName) {
  EXPECT_EQ(NewExperiment("plant_P001_circuit_C001", "")->display_name, "plant_P001_circuit_C001");
  EXPECT_EQ(FieldOf(NewExperiment("no spaces", "").status()), "experiment_id");
}

TEST(Upload, IsRefusedWithTheFieldThatIsWrong) {
  const ArtifactUpload good{.file_name = "model.tar", .media_type = "application/octet-stream"};
  EXPECT_TRUE(CheckUpload(good).ok());
  for (const char* name : {"", "../model", "a/b", ".hidden"}) {
    ArtifactUpload upload = good;
    upload.file_name = name;
    EXPECT_EQ(FieldOf(CheckUpload(upload)), "metadata.file_name") << name;
  }
  ArtifactUpload upload = good;
  upload.declared_sha256 = "abc";
  EXPECT_EQ(FieldOf(CheckUpload(upload)), "metadata.sha256");
  upload = good;
  upload.declared_size_bytes = -1;
  EXPECT_EQ(FieldOf(CheckUpload(upload)), "metadata.size_bytes");
}

TEST(Upload, MustBeWhatItWasDeclared) {
  const std::string sha(64, 'a');
  EXPECT_TRUE(CheckDeclared({}, sha, 3).ok());
  EXPECT_TRUE(CheckDeclared({.declared_sha256 = sha, .declared_size_bytes = 3}, sha, 3).ok());
  EXPECT_EQ(ReasonOf(CheckDeclared({.declared_size_bytes = 4}, sha, 3)), "ARTIFACT_SIZE_MISMATCH");
  EXPECT_EQ(ReasonOf(CheckDeclared({.declared_sha256 = std::string(64, 'b')}, sha, 3)),
            "ARTIFACT_HASH_MISMATCH");
}

TEST(FilterTimes, AreInstantsAndRefusedWhenTheyAreNone) {
  const auto filter = ParseExperimentFilter(R"(NOT create_time > "2025-12-09T01:00:00+01:00")");
  ASSERT_TRUE(filter.ok());
  EXPECT_EQ((*filter)->operands.at(0).value, "2025-12-09T00:00:00.000000Z");
  EXPECT_EQ(FieldOf(ParseExperimentFilter("create_time > soon").status()), "filter");
}

}  // namespace
}  // namespace fleetcast::registry
