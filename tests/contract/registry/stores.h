// The contract suites' two backends: the fakes, and Postgres.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "common/base/id.h"
#include "services/registry/domain/artifact_store.h"
#include "services/registry/domain/data_asset_store.h"
#include "services/registry/domain/environment_store.h"
#include "services/registry/domain/experiment_store.h"
#include "services/registry/domain/model_store.h"
#include "tests/support/registry/model_versions.h"

namespace fleetcast::registry {

// All stores of one registry.
class Stores {
 public:
  virtual ~Stores() = default;
  virtual ExperimentStore& experiments() = 0;
  virtual ModelVersionStore& versions() = 0;
  virtual ChampionStore& champions() = 0;
  virtual ArtifactStore& artifacts() = 0;
  virtual DataAssetStore& data_assets() = 0;
  virtual EnvironmentStore& environments() = 0;
};

enum class Backend { kFake, kPostgres };
[[nodiscard]] std::unique_ptr<Stores> MakeStores(Backend backend);

// Each test gets an empty registry.
class StoreTest : public ::testing::TestWithParam<Backend> {
 protected:
  StoreTest() : stores_(MakeStores(GetParam())) {}

  // A request nobody has sent before, from any thread. The fingerprint stands for its contents.
  MutatingRequest Request(const std::string& method, const std::string& contents = "x") {
    return {.request_id = ids_.NewUuid(), .method = method, .fingerprint = contents};
  }

  // The run, artifact, data asset version and environment version that CompleteModelVersion names.
  void AddReferences() {
    const auto version = testing::CompleteModelVersion();
    AddRun(version.run);
    EXPECT_TRUE(stores_->artifacts()
                    .Record(Request("UploadArtifact"),
                            {.sha256 = version.artifact_sha256,
                             .size_bytes = 3,
                             .media_type = "application/octet-stream",
                             .file_name = "model.tar"},
                            std::nullopt)
                    .ok());
    EXPECT_TRUE(stores_->data_assets()
                    .Pin(Request("CreateDataAssetVersion"), testing::CompleteDataAssetVersion())
                    .ok());
    EXPECT_TRUE(
        stores_->environments()
            .Create(Request("CreateEnvironmentVersion"), testing::CompleteEnvironmentVersion())
            .ok());
  }

  void AddRun(const RunName& name) {
    EXPECT_TRUE(
        stores_->experiments()
            .CreateExperiment(Request("CreateExperiment"), *NewExperiment(name.experiment_id, ""))
            .ok());
    EXPECT_TRUE(
        stores_->experiments()
            .CreateRun(Request("CreateRun"), *NewRun(name.experiment_id, name.run_id, "", {}))
            .ok());
  }

  std::int64_t AddVersion(const std::string& plant = "P001", const std::string& circuit = "C001") {
    const auto version = stores_->versions().Create(Request("CreateModelVersion"),
                                                    testing::CompleteModelVersion(plant, circuit));
    EXPECT_TRUE(version.ok()) << version.status();
    return version.ok() ? version->name.version : 0;
  }

  RandomIdSource ids_;
  std::unique_ptr<Stores> stores_;
};

// `SUITE` runs on the fakes and on Postgres.
#define FLEETCAST_ON_BOTH_BACKENDS(SUITE)                               \
  INSTANTIATE_TEST_SUITE_P(                                             \
      On, SUITE, ::testing::Values(Backend::kFake, Backend::kPostgres), \
      [](const auto& info) { return info.param == Backend::kFake ? "Fake" : "Postgres"; })

}  // namespace fleetcast::registry
