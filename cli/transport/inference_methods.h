// Methods of the inference service.
#pragma once

#include "cli/transport/method.h"
#include "fleetcast/inference/v1/batch_endpoint_service.pb.h"
#include "fleetcast/inference/v1/forecast_service.pb.h"
#include "fleetcast/inference/v1/invocation_service.pb.h"
#include "fleetcast/inference/v1/release_service.pb.h"
#include "fleetcast/inference/v1/schedule_service.pb.h"

namespace fleetcast::cli::inference_rpc {
namespace v1 = fleetcast::inference::v1;

inline constexpr Method<v1::DeployModelVersionRequest, v1::Deployment> kDeployModelVersion{
    Service::kInference, "/fleetcast.inference.v1.BatchEndpointService/DeployModelVersion"};
inline constexpr Method<v1::BatchDeployModelVersionsRequest, v1::BatchDeployModelVersionsResponse>
    kBatchDeployModelVersions{
        Service::kInference,
        "/fleetcast.inference.v1.BatchEndpointService/BatchDeployModelVersions"};
inline constexpr Method<v1::GetDeploymentRequest, v1::Deployment> kGetDeployment{
    Service::kInference, "/fleetcast.inference.v1.BatchEndpointService/GetDeployment"};
inline constexpr Method<v1::ListDeploymentsRequest, v1::ListDeploymentsResponse> kListDeployments{
    Service::kInference, "/fleetcast.inference.v1.BatchEndpointService/ListDeployments"};
inline constexpr Method<v1::DeleteDeploymentRequest, google::protobuf::Empty> kDeleteDeployment{
    Service::kInference, "/fleetcast.inference.v1.BatchEndpointService/DeleteDeployment"};

inline constexpr Method<v1::InvokeDeploymentRequest, v1::Invocation> kInvokeDeployment{
    Service::kInference, "/fleetcast.inference.v1.InvocationService/InvokeDeployment"};
inline constexpr Method<v1::InvokeFleetRequest, v1::Sweep> kInvokeFleet{
    Service::kInference, "/fleetcast.inference.v1.InvocationService/InvokeFleet"};
inline constexpr Method<v1::GetSweepRequest, v1::Sweep> kGetSweep{
    Service::kInference, "/fleetcast.inference.v1.InvocationService/GetSweep"};
inline constexpr Method<v1::ListSweepsRequest, v1::ListSweepsResponse> kListSweeps{
    Service::kInference, "/fleetcast.inference.v1.InvocationService/ListSweeps"};
inline constexpr Method<v1::WatchSweepRequest, v1::WatchSweepResponse> kWatchSweep{
    Service::kInference, "/fleetcast.inference.v1.InvocationService/WatchSweep"};
inline constexpr Method<v1::CancelSweepRequest, v1::Sweep> kCancelSweep{
    Service::kInference, "/fleetcast.inference.v1.InvocationService/CancelSweep"};
inline constexpr Method<v1::RetrySweepRequest, v1::Sweep> kRetrySweep{
    Service::kInference, "/fleetcast.inference.v1.InvocationService/RetrySweep"};
inline constexpr Method<v1::ListInvocationsRequest, v1::ListInvocationsResponse> kListInvocations{
    Service::kInference, "/fleetcast.inference.v1.InvocationService/ListInvocations"};

inline constexpr Method<v1::CreateScheduleRequest, v1::Schedule> kCreateSchedule{
    Service::kInference, "/fleetcast.inference.v1.ScheduleService/CreateSchedule"};
inline constexpr Method<v1::GetScheduleRequest, v1::Schedule> kGetSchedule{
    Service::kInference, "/fleetcast.inference.v1.ScheduleService/GetSchedule"};
inline constexpr Method<v1::ListSchedulesRequest, v1::ListSchedulesResponse> kListSchedules{
    Service::kInference, "/fleetcast.inference.v1.ScheduleService/ListSchedules"};
inline constexpr Method<v1::UpdateScheduleRequest, v1::Schedule> kUpdateSchedule{
    Service::kInference, "/fleetcast.inference.v1.ScheduleService/UpdateSchedule"};
inline constexpr Method<v1::DeleteScheduleRequest, google::protobuf::Empty> kDeleteSchedule{
    Service::kInference, "/fleetcast.inference.v1.ScheduleService/DeleteSchedule"};
inline constexpr Method<v1::PauseScheduleRequest, v1::Schedule> kPauseSchedule{
    Service::kInference, "/fleetcast.inference.v1.ScheduleService/PauseSchedule"};
inline constexpr Method<v1::ResumeScheduleRequest, v1::Schedule> kResumeSchedule{
    Service::kInference, "/fleetcast.inference.v1.ScheduleService/ResumeSchedule"};
inline constexpr Method<v1::TriggerScheduleRequest, v1::Sweep> kTriggerSchedule{
    Service::kInference, "/fleetcast.inference.v1.ScheduleService/TriggerSchedule"};

inline constexpr Method<v1::CreateReleaseRequest, v1::Release> kCreateRelease{
    Service::kInference, "/fleetcast.inference.v1.ReleaseService/CreateRelease"};
inline constexpr Method<v1::GetReleaseRequest, v1::Release> kGetRelease{
    Service::kInference, "/fleetcast.inference.v1.ReleaseService/GetRelease"};
inline constexpr Method<v1::ListReleasesRequest, v1::ListReleasesResponse> kListReleases{
    Service::kInference, "/fleetcast.inference.v1.ReleaseService/ListReleases"};
inline constexpr Method<v1::ListReleaseStepsRequest, v1::ListReleaseStepsResponse>
    kListReleaseSteps{Service::kInference,
                      "/fleetcast.inference.v1.ReleaseService/ListReleaseSteps"};
inline constexpr Method<v1::WatchReleaseRequest, v1::WatchReleaseResponse> kWatchRelease{
    Service::kInference, "/fleetcast.inference.v1.ReleaseService/WatchRelease"};
inline constexpr Method<v1::RollbackReleaseRequest, v1::Release> kRollbackRelease{
    Service::kInference, "/fleetcast.inference.v1.ReleaseService/RollbackRelease"};
inline constexpr Method<v1::GetCircuitStatusRequest, v1::CircuitStatus> kGetCircuitStatus{
    Service::kInference, "/fleetcast.inference.v1.ReleaseService/GetCircuitStatus"};
inline constexpr Method<v1::ListCircuitStatusesRequest, v1::ListCircuitStatusesResponse>
    kListCircuitStatuses{Service::kInference,
                         "/fleetcast.inference.v1.ReleaseService/ListCircuitStatuses"};
inline constexpr Method<v1::SummarizeFleetRequest, v1::FleetSummary> kSummarizeFleet{
    Service::kInference, "/fleetcast.inference.v1.ReleaseService/SummarizeFleet"};
inline constexpr Method<v1::PinCircuitRequest, v1::CircuitStatus> kPinCircuit{
    Service::kInference, "/fleetcast.inference.v1.ReleaseService/PinCircuit"};
inline constexpr Method<v1::UnpinCircuitRequest, v1::CircuitStatus> kUnpinCircuit{
    Service::kInference, "/fleetcast.inference.v1.ReleaseService/UnpinCircuit"};

inline constexpr Method<v1::GetForecastRequest, v1::Forecast> kGetForecast{
    Service::kInference, "/fleetcast.inference.v1.ForecastService/GetForecast"};
inline constexpr Method<v1::WithdrawForecastRequest, v1::Forecast> kWithdrawForecast{
    Service::kInference, "/fleetcast.inference.v1.ForecastService/WithdrawForecast"};
inline constexpr Method<v1::ListForecastsRequest, v1::ListForecastsResponse> kListForecasts{
    Service::kInference, "/fleetcast.inference.v1.ForecastService/ListForecasts"};

}  // namespace fleetcast::cli::inference_rpc
