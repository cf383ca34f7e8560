#include "services/registry/domain/model_version.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "common/base/status.h"
#include "tests/support/registry/model_versions.h"

namespace fleetcast::registry {
namespace {

using testing::CompleteModelVersion;
using testing::CompletePlantBase;

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  if (const auto details = DetailsOf(status)) {
    for (const FieldViolation& violation : details->field_violations) {
      fields.push_back(violation.field);
    }
  }
  return fields;
}

TEST(ModelVersion, IsAcceptedWithAllThirteenTags) {
  EXPECT_EQ(RequiredTags(kSensorModel).size(), 13u);
  EXPECT_TRUE(CheckNewModelVersion(CompleteModelVersion()).ok());
}

TEST(ModelVersion, NamesEachTagThatIsMissing) {
  for (const char* key : RequiredTags(kSensorModel)) {
    NewModelVersion version = CompleteModelVersion();
    version.tags.erase(key);
    EXPECT_EQ(FieldsOf(CheckNewModelVersion(version)),
              std::vector<std::string>{std::string("model_version.tags.") + key});
  }
  NewModelVersion without = CompleteModelVersion();
  without.tags.clear();
  EXPECT_EQ(FieldsOf(CheckNewModelVersion(without)).size(), 13u);
}

TEST(ModelVersion, RefusesTagsWithValuesThatCannotBe) {
  const std::pair<const char*, const char*> cases[] = {{"plant_id", ""},
                                                       {"plant_id", "../P001"},
                                                       {"circuit_id", "C 1"},
                                                       {"cutoff_date", "9.12.25"},
                                                       {"cutoff_date", "2025-02-30"},
                                                       {"environment_version", ""},
                                                       {"environment_version", "1.6.0"},
                                                       {"data_asset_version", "2025-12-08"},
                                                       {"pr_number", "#17"},
                                                       {"git_commit_sha", "main"},
                                                       {"git_commit_sha", ""},
                                                       {"hyperparameters_hash", "abc"},
                                                       {"mae", "nan"},
                                                       {"rmse", "inf"},
                                                       {"r2", "good"},
                                                       {"trained_at", "yesterday"}};
  for (const auto& [key, value] : cases) {
    NewModelVersion version = CompleteModelVersion();
    version.tags[key] = value;
    const auto fields = FieldsOf(CheckNewModelVersion(version));
    EXPECT_EQ(fields, std::vector<std::string>{std::string("model_version.tags.") + key})
        << key << " = '" << value << "'";
  }
}

TEST(ModelVersion, OfAManualRunHasNoPullRequest) {
  NewModelVersion version = CompleteModelVersion();
  version.tags["pr_number"] = "";
  version.tags["pr_author"] = "";
  EXPECT_TRUE(CheckNewModelVersion(version).ok());
}

TEST(ModelVersion, SaysNothingOfErrorsThatNoWindowMeasured) {
  NewModelVersion version = CompleteModelVersion();
  for (const char* key : {"mae", "rmse", "r2"}) version.tags[key] = "";
  EXPECT_TRUE(CheckNewModelVersion(version).ok());
}

TEST(ModelVersion, OfAPlantsBaseHasTheTagsOfOne) {
  NewModelVersion version = CompletePlantBase();
  EXPECT_TRUE(CheckNewModelVersion(version).ok());
  for (const char* key : RequiredTags(kPlantBase))
    EXPECT_EQ(ReasonOf(CheckTagChange(kPlantBase, {.remove = {key}})), "TAG_IMMUTABLE") << key;
  EXPECT_TRUE(CheckTagChange(kPlantBase, {.set = {{"mae", "1"}}}).ok());
  version.tags["circuit_count"] = "0";
  EXPECT_EQ(FieldsOf(CheckNewModelVersion(version)),
            std::vector<std::string>{"model_version.tags.circuit_count"});
  version.tags.clear();
  EXPECT_EQ(FieldsOf(CheckNewModelVersion(version)).size(), 6u);
}

TEST(ModelVersion, MayRepeatItsReferencesInAnyFormThatAgrees) {
  NewModelVersion version = CompleteModelVersion();
  version.tags["environment_version"] = "custom-lstm-env:1.5.0";
  version.tags["data_asset_version"] = version.data_asset_version.Text();
  EXPECT_TRUE(CheckNewModelVersion(version).ok());
}

TEST(ModelVersion, RefusesMetricsThatAreNotFinite) {
  NewModelVersion version = CompleteModelVersion();
  version.metrics["mae"] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(FieldsOf(CheckNewModelVersion(version)),
            std::vector<std::string>{"model_version.metrics.mae"});
}

TEST(ModelVersion, KeepsTheThirteenTagsForEver) {
  for (const char* key : RequiredTags(kSensorModel)) {
    EXPECT_EQ(ReasonOf(CheckTagChange(kSensorModel, {.set = {{key, "x"}}})), "TAG_IMMUTABLE")
        << key;
    EXPECT_EQ(ReasonOf(CheckTagChange(kSensorModel, {.remove = {key}})), "TAG_IMMUTABLE") << key;
  }
  EXPECT_TRUE(CheckTagChange(kSensorModel, {.set = {{"note", "x"}}, .remove = {"old"}}).ok());
  EXPECT_FALSE(CheckTagChange(kSensorModel, {}).ok());
}

TEST(ModelVersion, ChangesTagsOnlyAsTheyWereRead) {
  ModelVersion version;
  version.name = {"sensor-model", 3};
  version.made_of.tags = {{"note", "a"}, {"old", "b"}};
  version.revision = 4;
  const auto changed =
      ApplyTagChange(version, {.set = {{"note", "c"}}, .remove = {"old"}, .etag = version.Etag()});
  EXPECT_EQ(*changed, (StringMap{{"note", "c"}}));
  const auto stale = ApplyTagChange(version, {.set = {{"note", "c"}}, .etag = "\"3\""});
  EXPECT_EQ(stale.status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(stale.status()), "ETAG_MISMATCH");
}

TEST(ModelVersion, IsListedByTheOrdersThatAreSupported) {
  EXPECT_EQ(*ParseVersionOrder(""), VersionOrder::kNewestFirst);
  EXPECT_EQ(*ParseVersionOrder("create_time desc"), VersionOrder::kNewestFirst);
  EXPECT_EQ(*ParseVersionOrder("version"), VersionOrder::kOldestFirst);
  EXPECT_FALSE(ParseVersionOrder("mae").ok());
}

TEST(ModelVersion, IsFilteredByTagsMetricsNumberAndTime) {
  for (const char* filter :
       {R"(tags.plant_id = "P001" AND tags.circuit_id = "C001")", "metrics.mae < 0.2",
        "version > 3", "create_time > 2025-12-09", R"(create_time < "2025-12-09T08:00:00Z")"}) {
    EXPECT_TRUE(ParseModelVersionFilter(filter).ok()) << filter;
  }
  for (const char* filter : {"plant_id = P001", "create_time > soon", "tags = x", "mae < 1"}) {
    EXPECT_FALSE(ParseModelVersionFilter(filter).ok()) << filter;
  }
}

}  // namespace
}  // namespace fleetcast::registry
