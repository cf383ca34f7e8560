// The registry's messages from and to the trainer's types.
#pragma once

#include "fleetcast/registry/v1/data_asset.pb.h"
#include "fleetcast/registry/v1/model_version.pb.h"
#include "fleetcast/registry/v1/run.pb.h"
#include "services/trainer/domain/model_registry.h"

namespace fleetcast::trainer {

// A run's state reason is cut here: the registry takes no more.
inline constexpr std::size_t kMaxStateReasonBytes = 2000;

[[nodiscard]] registry::v1::MetricPoint MessageOf(const MetricValue& metric);
[[nodiscard]] registry::v1::Run::State MessageOf(ExperimentRunEnd end);
[[nodiscard]] registry::v1::DataAssetVersion MessageOf(const DataAsset& asset);
[[nodiscard]] PinnedData PinnedDataOf(const registry::v1::DataAssetVersion& message);
[[nodiscard]] registry::v1::ModelVersion MessageOf(const NewModelVersion& version);
[[nodiscard]] RegisteredVersion VersionOf(const registry::v1::ModelVersion& message);

}  // namespace fleetcast::trainer
