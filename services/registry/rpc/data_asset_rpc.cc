#include "services/registry/rpc/data_asset_rpc.h"

#include <string>

#include "common/base/status.h"
#include "common/rpc/request.h"
#include "services/registry/rpc/answer.h"

namespace fleetcast::registry {
namespace {

v1::DataDifference::Kind ToProto(DataDifference::Kind kind) {
  switch (kind) {
    case DataDifference::Kind::kOtherSensor:
      return v1::DataDifference::KIND_OTHER_SENSOR;
    case DataDifference::Kind::kOtherColumns:
      return v1::DataDifference::KIND_OTHER_COLUMNS;
    case DataDifference::Kind::kLateReadings:
      return v1::DataDifference::KIND_LATE_READINGS;
    case DataDifference::Kind::kLostReadings:
      return v1::DataDifference::KIND_LOST_READINGS;
    case DataDifference::Kind::kCorrectedReadings:
      return v1::DataDifference::KIND_CORRECTED_READINGS;
  }
  return v1::DataDifference::KIND_UNSPECIFIED;
}

v1::DataAssetVersion ToProto(const DataAssetVersion& version) {
  v1::DataAssetVersion proto;
  proto.set_name(version.name.Text());
  proto.set_sensor_id(version.sensor_id);
  proto.set_source_uri(version.source_uri);
  proto.set_fingerprint(version.fingerprint);
  proto.set_row_count(version.row_count);
  *proto.mutable_first_time() = TimeToProto(version.first_time);
  *proto.mutable_last_time() = TimeToProto(version.last_time);
  proto.set_step_seconds(version.step_seconds);
  for (const ColumnStatistics& column : version.columns) {
    v1::ColumnStatistics* added = proto.add_columns();
    added->set_column(column.column);
    added->set_minimum(column.minimum);
    added->set_maximum(column.maximum);
    added->set_mean(column.mean);
    added->set_standard_deviation(column.standard_deviation);
    added->set_missing_count(column.missing_count);
  }
  for (const DataIssue& issue : version.issues) {
    v1::DataIssue* added = proto.add_issues();
    added->set_kind(issue.kind);
    added->set_column(issue.column);
    added->set_count(issue.count);
    added->set_message(issue.message);
  }
  proto.set_ml_table(version.ml_table);
  *proto.mutable_create_time() = TimeToProto(version.create_time);
  proto.set_cutoff_date(version.CutoffDate());
  if (!version.compared_with.empty())
    proto.set_compared_with(
        DataAssetVersionName{version.name.asset_id, version.compared_with}.Text());
  for (const DataDifference& difference : version.differences) {
    v1::DataDifference* added = proto.add_differences();
    added->set_kind(ToProto(difference.kind));
    added->set_count(difference.count);
    added->set_message(difference.message);
  }
  return proto;
}

absl::StatusOr<DataAssetVersion> FromProto(const std::string& asset_id,
                                           const std::string& cutoff_date,
                                           const v1::DataAssetVersion& proto) {
  if (!proto.cutoff_date().empty() && proto.cutoff_date() != cutoff_date)
    return InvalidField("data_asset_version.cutoff_date",
                        "is another than cutoff_date, which counts; leave it empty");
  DataAssetVersion version;
  version.name = {asset_id, cutoff_date};
  version.sensor_id = proto.sensor_id();
  version.source_uri = proto.source_uri();
  version.fingerprint = proto.fingerprint();
  version.row_count = proto.row_count();
  FLEETCAST_ASSIGN_OR_RETURN(version.first_time,
                             TimeFromProto("data_asset_version.first_time", proto.first_time()));
  FLEETCAST_ASSIGN_OR_RETURN(version.last_time,
                             TimeFromProto("data_asset_version.last_time", proto.last_time()));
  version.step_seconds = proto.step_seconds();
  for (const v1::ColumnStatistics& column : proto.columns()) {
    version.columns.push_back({column.column(), column.minimum(), column.maximum(), column.mean(),
                               column.standard_deviation(), column.missing_count()});
  }
  for (const v1::DataIssue& issue : proto.issues()) {
    version.issues.push_back({issue.kind(), issue.column(), issue.count(), issue.message()});
  }
  version.ml_table = proto.ml_table();
  FLEETCAST_RETURN_IF_ERROR(CheckDataAssetVersion(version));
  return version;
}

}  // namespace

grpc::Status DataAssetRpc::CreateDataAssetVersion(grpc::ServerContext* /*context*/,
                                                  const v1::CreateDataAssetVersionRequest* request,
                                                  v1::DataAssetVersion* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::DataAssetVersion> {
    FLEETCAST_ASSIGN_OR_RETURN(auto identity,
                               rpc::IdentifyRequest("CreateDataAssetVersion", *request));
    FLEETCAST_ASSIGN_OR_RETURN(auto asset, ParseDataAssetParent("parent", request->parent()));
    FLEETCAST_ASSIGN_OR_RETURN(
        auto reading, FromProto(asset, request->cutoff_date(), request->data_asset_version()));
    FLEETCAST_ASSIGN_OR_RETURN(auto version, store_.Pin(identity, reading));
    return ToProto(version);
  });
}

grpc::Status DataAssetRpc::GetDataAssetVersion(grpc::ServerContext* /*context*/,
                                               const v1::GetDataAssetVersionRequest* request,
                                               v1::DataAssetVersion* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::DataAssetVersion> {
    FLEETCAST_ASSIGN_OR_RETURN(auto name, ParseDataAssetVersionName("name", request->name()));
    FLEETCAST_ASSIGN_OR_RETURN(auto version, store_.Get(name));
    return ToProto(version);
  });
}

grpc::Status DataAssetRpc::ListDataAssetVersions(grpc::ServerContext* /*context*/,
                                                 const v1::ListDataAssetVersionsRequest* request,
                                                 v1::ListDataAssetVersionsResponse* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::ListDataAssetVersionsResponse> {
    const std::string binding = rpc::PageBinding("ListDataAssetVersions", *request);
    FLEETCAST_ASSIGN_OR_RETURN(auto asset, ParseDataAssetParent("parent", request->parent()));
    FLEETCAST_ASSIGN_OR_RETURN(auto page_request,
                               ParsePage(request->page_size(), request->page_token(), binding));
    FLEETCAST_ASSIGN_OR_RETURN(auto page, store_.List(asset, page_request));
    v1::ListDataAssetVersionsResponse response;
    for (const DataAssetVersion& version : page.items) {
      *response.add_data_asset_versions() = ToProto(version);
    }
    response.set_next_page_token(MakePageToken(page.next_after, binding));
    return response;
  });
}

}  // namespace fleetcast::registry
