// Methods are called by path, so the compiler cannot tell a misspelt one: the protos can.
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_replace.h"
#include "cli/transport/config_methods.h"
#include "cli/transport/inference_methods.h"
#include "cli/transport/registry_methods.h"
#include "cli/transport/trainer_methods.h"

namespace fleetcast::cli {
namespace {

template <typename Request, typename Response>
void ExpectInProto(const Method<Request, Response>& method, bool streams = false) {
  const std::string path = method.path;
  const auto* found = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
      absl::StrReplaceAll(path.substr(1), {{"/", "."}}));
  ASSERT_NE(found, nullptr) << path;
  EXPECT_EQ(found->input_type(), Request::descriptor()) << path;
  EXPECT_EQ(found->output_type(), Response::descriptor()) << path;
  EXPECT_EQ(found->server_streaming(), streams) << path;
  EXPECT_EQ(path.rfind("/fleetcast." + ServiceName(method.service) + ".v1.", 0), 0U) << path;
}

TEST(Methods, AreAllInTheProtosWithTheirTypes) {
  const auto expect_all = [](const auto&... methods) { (ExpectInProto(methods), ...); };
  expect_all(config_rpc::kListPlants, config_rpc::kListCircuits, config_rpc::kGetCircuit,
             config_rpc::kValidateRevision, config_rpc::kDetectChanges);
  expect_all(trainer_rpc::kCreateTrainingRun, trainer_rpc::kGetTrainingRun,
             trainer_rpc::kListTrainingRuns, trainer_rpc::kCancelTrainingRun,
             trainer_rpc::kRetryTrainingRun, trainer_rpc::kListTrainingJobs,
             trainer_rpc::kCancelTrainingJob);
  expect_all(registry_rpc::kGetModelVersion, registry_rpc::kListModelVersions,
             registry_rpc::kListChampions, registry_rpc::kGetChampion,
             registry_rpc::kListChampionEvents, registry_rpc::kGetLineage,
             registry_rpc::kListDataAssetVersions, registry_rpc::kGetDataAssetVersion,
             registry_rpc::kListEnvironmentVersions, registry_rpc::kGetExperiment,
             registry_rpc::kListExperiments, registry_rpc::kGetRun, registry_rpc::kListRuns,
             registry_rpc::kListMetricHistory);
  expect_all(
      inference_rpc::kDeployModelVersion, inference_rpc::kBatchDeployModelVersions,
      inference_rpc::kGetDeployment, inference_rpc::kListDeployments,
      inference_rpc::kDeleteDeployment, inference_rpc::kInvokeDeployment,
      inference_rpc::kInvokeFleet, inference_rpc::kGetSweep, inference_rpc::kListSweeps,
      inference_rpc::kCancelSweep, inference_rpc::kRetrySweep, inference_rpc::kListInvocations,
      inference_rpc::kCreateSchedule, inference_rpc::kGetSchedule, inference_rpc::kListSchedules,
      inference_rpc::kUpdateSchedule, inference_rpc::kDeleteSchedule, inference_rpc::kPauseSchedule,
      inference_rpc::kResumeSchedule, inference_rpc::kTriggerSchedule,
      inference_rpc::kListForecasts, inference_rpc::kCreateRelease, inference_rpc::kGetRelease,
      inference_rpc::kListReleases, inference_rpc::kListReleaseSteps,
      inference_rpc::kRollbackRelease, inference_rpc::kGetCircuitStatus,
      inference_rpc::kListCircuitStatuses, inference_rpc::kSummarizeFleet,
      inference_rpc::kPinCircuit, inference_rpc::kUnpinCircuit);
  ExpectInProto(trainer_rpc::kWatchTrainingRun, /*streams=*/true);
  ExpectInProto(inference_rpc::kWatchSweep, /*streams=*/true);
  ExpectInProto(inference_rpc::kWatchRelease, /*streams=*/true);
}

}  // namespace
}  // namespace fleetcast::cli
