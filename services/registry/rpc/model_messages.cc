#include "services/registry/rpc/model_messages.h"

#include <utility>
#include <vector>

#include "common/base/status.h"
#include "services/registry/rpc/answer.h"

namespace fleetcast::registry {
namespace {

template <typename T>
void TakeOrReport(absl::StatusOr<T> parsed, T& value, std::vector<FieldViolation>& violations) {
  AddViolations(parsed.status(), violations);
  if (parsed.ok()) value = *std::move(parsed);
}

}  // namespace

v1::ModelVersion ToProto(const ModelVersion& version) {
  v1::ModelVersion proto;
  proto.set_name(version.name.Text());
  proto.set_version(version.name.version);
  MapToProto(version.made_of.tags, proto.mutable_tags());
  MapToProto(version.made_of.metrics, proto.mutable_metrics());
  proto.set_artifact_sha256(version.made_of.artifact_sha256);
  proto.set_artifact_size_bytes(version.artifact_size_bytes);
  proto.set_run(version.made_of.run.Text());
  proto.set_data_asset_version(version.made_of.data_asset_version.Text());
  proto.set_environment_version(version.made_of.environment_version.Text());
  proto.set_training_job(version.made_of.training_job);
  *proto.mutable_create_time() = TimeToProto(version.create_time);
  *proto.mutable_update_time() = TimeToProto(version.update_time);
  proto.set_etag(version.Etag());
  return proto;
}

v1::Champion ToProto(const Champion& champion) {
  const ChampionEvent& event = champion.event;
  const std::string& model = event.circuit.model_id;
  v1::Champion proto;
  proto.set_name(event.circuit.ChampionText());
  proto.set_plant_id(event.circuit.plant_id);
  proto.set_circuit_id(event.circuit.circuit_id);
  proto.set_model_version(ModelVersionName{model, event.version}.Text());
  proto.set_version(event.version);
  if (champion.previous_version != 0) {
    proto.set_previous_model_version(ModelVersionName{model, champion.previous_version}.Text());
  }
  proto.set_actor(event.cause.actor);
  proto.set_reason(event.cause.reason);
  MapToProto(event.cause.evidence, proto.mutable_evidence());
  *proto.mutable_set_time() = TimeToProto(event.create_time);
  return proto;
}

v1::ChampionEvent ToProto(const ChampionEvent& event) {
  const std::string& model = event.circuit.model_id;
  v1::ChampionEvent proto;
  proto.set_name(event.NameText());
  proto.set_kind(event.kind == ChampionEventKind::kPromoted ? v1::ChampionEvent::KIND_PROMOTED
                 : event.kind == ChampionEventKind::kRolledBack
                     ? v1::ChampionEvent::KIND_ROLLED_BACK
                     : v1::ChampionEvent::KIND_REMOVED);
  proto.set_plant_id(event.circuit.plant_id);
  proto.set_circuit_id(event.circuit.circuit_id);
  if (event.kind != ChampionEventKind::kRemoved)
    proto.set_model_version(ModelVersionName{model, event.version}.Text());
  if (event.replaced_version != 0) {
    proto.set_replaced_model_version(ModelVersionName{model, event.replaced_version}.Text());
  }
  proto.set_actor(event.cause.actor);
  proto.set_reason(event.cause.reason);
  MapToProto(event.cause.evidence, proto.mutable_evidence());
  *proto.mutable_create_time() = TimeToProto(event.create_time);
  return proto;
}

absl::StatusOr<NewModelVersion> VersionFromProto(const v1::CreateModelVersionRequest& request) {
  const v1::ModelVersion& proto = request.model_version();
  NewModelVersion version;
  FLEETCAST_ASSIGN_OR_RETURN(version.model_id, ParseModelName("parent", request.parent()));
  version.tags = MapFromProto<std::string>(proto.tags());
  version.metrics = MapFromProto<double>(proto.metrics());
  version.artifact_sha256 = proto.artifact_sha256();
  version.training_job = proto.training_job();
  std::vector<FieldViolation> violations;
  TakeOrReport(ParseRunName("model_version.run", proto.run()), version.run, violations);
  TakeOrReport(
      ParseDataAssetVersionName("model_version.data_asset_version", proto.data_asset_version()),
      version.data_asset_version, violations);
  TakeOrReport(
      ParseEnvironmentVersionName("model_version.environment_version", proto.environment_version()),
      version.environment_version, violations);
  AddViolations(CheckNewModelVersion(version), violations);
  if (!violations.empty()) return InvalidFields(std::move(violations));
  return version;
}

absl::StatusOr<TagChange> TagChangeFromProto(const std::string& model_id,
                                             const v1::UpdateModelVersionTagsRequest& request) {
  TagChange change{.set = MapFromProto<std::string>(request.tags()),
                   .remove = {request.remove_keys().begin(), request.remove_keys().end()},
                   .etag = request.etag()};
  FLEETCAST_RETURN_IF_ERROR(CheckTagChange(model_id, change));
  return change;
}

}  // namespace fleetcast::registry
