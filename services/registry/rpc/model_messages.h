// Model versions and champions between messages and the domain.
#pragma once

#include "absl/status/statusor.h"
#include "fleetcast/registry/v1/champion.pb.h"
#include "fleetcast/registry/v1/model_service.pb.h"
#include "fleetcast/registry/v1/model_version.pb.h"
#include "services/registry/domain/champion.h"
#include "services/registry/domain/model_version.h"

namespace fleetcast::registry {

[[nodiscard]] v1::ModelVersion ToProto(const ModelVersion& version);
[[nodiscard]] v1::Champion ToProto(const Champion& champion);
[[nodiscard]] v1::ChampionEvent ToProto(const ChampionEvent& event);

// Checked. INVALID_ARGUMENT naming each wrong field.
[[nodiscard]] absl::StatusOr<NewModelVersion> VersionFromProto(
    const v1::CreateModelVersionRequest& request);
[[nodiscard]] absl::StatusOr<TagChange> TagChangeFromProto(
    const std::string& model_id, const v1::UpdateModelVersionTagsRequest& request);

}  // namespace fleetcast::registry
