// Methods of the registry service.
#pragma once

#include "cli/transport/method.h"
#include "fleetcast/registry/v1/artifact_service.pb.h"
#include "fleetcast/registry/v1/data_asset_service.pb.h"
#include "fleetcast/registry/v1/environment_service.pb.h"
#include "fleetcast/registry/v1/experiment_service.pb.h"
#include "fleetcast/registry/v1/lineage_service.pb.h"
#include "fleetcast/registry/v1/model_service.pb.h"

namespace fleetcast::cli::registry_rpc {
namespace v1 = fleetcast::registry::v1;

inline constexpr Method<v1::GetModelVersionRequest, v1::ModelVersion> kGetModelVersion{
    Service::kRegistry, "/fleetcast.registry.v1.ModelService/GetModelVersion"};
inline constexpr Method<v1::ListModelVersionsRequest, v1::ListModelVersionsResponse>
    kListModelVersions{Service::kRegistry, "/fleetcast.registry.v1.ModelService/ListModelVersions"};
inline constexpr Method<v1::ListChampionsRequest, v1::ListChampionsResponse> kListChampions{
    Service::kRegistry, "/fleetcast.registry.v1.ModelService/ListChampions"};
inline constexpr Method<v1::GetChampionRequest, v1::Champion> kGetChampion{
    Service::kRegistry, "/fleetcast.registry.v1.ModelService/GetChampion"};
inline constexpr Method<v1::ListChampionEventsRequest, v1::ListChampionEventsResponse>
    kListChampionEvents{Service::kRegistry,
                        "/fleetcast.registry.v1.ModelService/ListChampionEvents"};
inline constexpr Method<v1::GetDataAssetVersionRequest, v1::DataAssetVersion> kGetDataAssetVersion{
    Service::kRegistry, "/fleetcast.registry.v1.DataAssetService/GetDataAssetVersion"};

inline constexpr Method<v1::ListDataAssetVersionsRequest, v1::ListDataAssetVersionsResponse>
    kListDataAssetVersions{Service::kRegistry,
                           "/fleetcast.registry.v1.DataAssetService/ListDataAssetVersions"};
inline constexpr Method<v1::ListEnvironmentVersionsRequest, v1::ListEnvironmentVersionsResponse>
    kListEnvironmentVersions{Service::kRegistry,
                             "/fleetcast.registry.v1.EnvironmentService/ListEnvironmentVersions"};
inline constexpr Method<v1::GetExperimentRequest, v1::Experiment> kGetExperiment{
    Service::kRegistry, "/fleetcast.registry.v1.ExperimentService/GetExperiment"};
inline constexpr Method<v1::ListExperimentsRequest, v1::ListExperimentsResponse> kListExperiments{
    Service::kRegistry, "/fleetcast.registry.v1.ExperimentService/ListExperiments"};
inline constexpr Method<v1::GetRunRequest, v1::Run> kGetRun{
    Service::kRegistry, "/fleetcast.registry.v1.ExperimentService/GetRun"};
inline constexpr Method<v1::ListRunsRequest, v1::ListRunsResponse> kListRuns{
    Service::kRegistry, "/fleetcast.registry.v1.ExperimentService/ListRuns"};
inline constexpr Method<v1::ListMetricHistoryRequest, v1::ListMetricHistoryResponse>
    kListMetricHistory{Service::kRegistry,
                       "/fleetcast.registry.v1.ExperimentService/ListMetricHistory"};

inline constexpr Method<v1::DownloadArtifactRequest, v1::DownloadArtifactResponse>
    kDownloadArtifact{Service::kRegistry,
                      "/fleetcast.registry.v1.ArtifactService/DownloadArtifact"};
inline constexpr Method<v1::GetLineageRequest, v1::Lineage> kGetLineage{
    Service::kRegistry, "/fleetcast.registry.v1.LineageService/GetLineage"};

}  // namespace fleetcast::cli::registry_rpc
