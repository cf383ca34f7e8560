#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

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
      {"cutoff_date", [](auto& v) { v.name.version = "yesterday"; }},
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

// What becomes of a reading beside those that stand: the table of what a person needs.
TEST(DataAsset, IsWhatWasReadAndALaterReadingSaysHowItDiffers) {
  using Kind = DataDifference::Kind;
  const DataAssetVersion first = [] {
    DataAssetVersion version = testing::CompleteDataAssetVersion();
    version.name.version = "2025-12-09";
    return version;
  }();
  struct Case {
    const char* what;
    std::function<void(DataAssetVersion&)> change;  // of the first reading
    std::optional<Kind> kind;                       // none: the same version
    std::int64_t count;
    const char* said;
  };
  const std::string other(64, '0');
  const std::vector<Case> cases = {
      {"another path to the same rows", [](auto& v) { v.source_uri = "elsewhere"; }, {}, 0, ""},
      {"another sensor", [](auto& v) { v.sensor_id = "ns=2;s=Line1/Temp"; }, Kind::kOtherSensor, 0,
       "2025-12-09 is of sensor"},
      {"one column more",
       [&](auto& v) {
         v.columns.push_back({.column = "pressure"});
         v.fingerprint = other;
       },
       Kind::kOtherColumns, 1, "pressure is new"},
      {"another column",
       [&](auto& v) {
         v.columns[0].column = "pressure";
         v.fingerprint = other;
       },
       Kind::kOtherColumns, 2, "temperature is not read any more"},
      {"rows that came late",
       [&](auto& v) {
         v.row_count += 12;
         v.fingerprint = other;
       },
       Kind::kLateReadings, 12, "12 rows have come since 2025-12-09 was read"},
      {"a row that is gone",
       [&](auto& v) {
         v.row_count -= 1;
         v.fingerprint = other;
       },
       Kind::kLostReadings, 1, "1 row of 2025-12-09 is gone"},
      {"a corrected cell",
       [&](auto& v) {
         v.columns[0].mean += 1;
         v.fingerprint = other;
       },
       Kind::kCorrectedReadings, 0, "those of temperature among them"},
      {"cells that were swapped", [&](auto& v) { v.fingerprint = other; }, Kind::kCorrectedReadings,
       0, "as many rows as in 2025-12-09 have other times or values"},
  };
  for (const Case& c : cases) {
    DataAssetVersion reading = first;
    c.change(reading);
    const PinnedReading pinned = PinReading({first}, reading);
    EXPECT_EQ(pinned.is.has_value(), !c.kind.has_value()) << c.what;
    if (!c.kind) continue;
    EXPECT_EQ(pinned.added.name.version, "2025-12-09.2") << c.what;
    EXPECT_EQ(pinned.added.compared_with, "2025-12-09") << c.what;
    ASSERT_EQ(pinned.added.differences.size(), 1u) << c.what;
    EXPECT_EQ(pinned.added.differences[0].kind, *c.kind) << c.what;
    EXPECT_EQ(pinned.added.differences[0].count, c.count) << c.what;
    EXPECT_NE(pinned.added.differences[0].message.find(c.said), std::string::npos)
        << pinned.added.differences[0].message;
  }
}

TEST(DataAsset, IsComparedWithTheNewestOfTheSameSensorAndColumns) {
  std::vector<DataAssetVersion> standing;
  const auto pin = [&](const std::string& sensor, std::int64_t rows) {
    DataAssetVersion reading = testing::CompleteDataAssetVersion();
    reading.name.version = "2025-12-09";
    reading.sensor_id = sensor;
    reading.row_count = rows;
    reading.fingerprint = std::string(64, static_cast<char>('0' + rows));
    const PinnedReading pinned = PinReading(standing, reading);
    if (pinned.is) return standing[*pinned.is].name.version;
    standing.push_back(pinned.added);
    return pinned.added.name.version + " " + pinned.added.compared_with;
  };
  EXPECT_EQ(pin("A", 1), "2025-12-09 ");
  EXPECT_EQ(pin("B", 1), "2025-12-09.2 2025-12-09");
  EXPECT_EQ(pin("A", 2), "2025-12-09.3 2025-12-09");
  EXPECT_EQ(pin("A", 1), "2025-12-09");  // as it was read before
  for (int rows = 3; rows < 10; ++rows) pin("A", rows);
  EXPECT_EQ(pin("C", 1), "2025-12-09.11 2025-12-09.10");
  EXPECT_EQ(pin("B", 2), "2025-12-09.12 2025-12-09.2");
  // One that another program has called by a hash counts for its contents, and takes no number.
  standing[1].name.version = "2025-12-09-0123abcd";
  EXPECT_EQ(pin("B", 1), "2025-12-09-0123abcd");
  EXPECT_EQ(pin("D", 1), "2025-12-09.13 2025-12-09.12");
}

TEST(DataAsset, VersionsAreDatesOrFurtherReadingsOfThem) {
  for (const char* id : {"2025-12-09", "2025-12-09.2", "2025-12-09.10", "2025-12-09-0123abcd"})
    EXPECT_TRUE(CheckDataAssetVersionId("name", id).ok()) << id;
  for (const char* id : {"", "2025", "2025-12-09.", "2025-12-09.1", "2025-12-09.02",
                         "2025-12-09.+2", "2025-12-09.2x", "2025-12-09.99999999999",
                         "2025-12-09-0123ABCD", "2025-12-09_2", "2025-02-30.2"})
    EXPECT_EQ(FieldOf(CheckDataAssetVersionId("name", id)), "name") << id;
  // What is pinned is read up to a date, whoever names the version.
  DataAssetVersion reading = testing::CompleteDataAssetVersion();
  reading.name.version = "2025-12-09.2";
  EXPECT_EQ(FieldOf(CheckDataAssetVersion(reading)), "cutoff_date");
  std::vector<DataAssetVersionName> names;
  for (const char* id : {"2025-12-10", "2025-12-09.10", "2025-12-09.2", "2025-12-09"})
    names.push_back({"a", id});
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end(), IsLater));
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
