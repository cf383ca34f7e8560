#include "tests/e2e/api.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "common/base/id.h"
#include "common/rpc/client.h"
#include "fleetcast/inference/v1/forecast_service.grpc.pb.h"
#include "fleetcast/registry/v1/model_service.grpc.pb.h"
#include "fleetcast/trainer/v1/training_service.grpc.pb.h"

namespace fleetcast::e2e {
namespace {

using trainer::v1::TrainingJob;
using trainer::v1::TrainingRun;

constexpr absl::Duration kTimeout = absl::Minutes(2);

template <typename Service>
std::unique_ptr<typename Service::Stub> StubOf(const LocalStack& stack,
                                               const std::string& service) {
  return Service::NewStub(rpc::Connect("127.0.0.1:" + std::to_string(stack.port(service))));
}

// A read's answer, or a failed test and an empty message. A service that is being started again is
// asked again for a while.
template <typename Response, typename Method>
Response Read(Method&& method) {
  absl::StatusOr<Response> answer;
  for (int tries = 0; tries < 150; ++tries) {
    answer = rpc::Call<Response>(kTimeout, method);
    if (answer.status().code() != absl::StatusCode::kUnavailable) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  EXPECT_TRUE(answer.ok()) << answer.status();
  return answer.ok() ? *std::move(answer) : Response();
}

template <typename T>
std::vector<T> ToVector(const google::protobuf::RepeatedPtrField<T>& items) {
  return {items.begin(), items.end()};
}

}  // namespace

absl::StatusOr<TrainingRun> CreateTrainingRun(
    const LocalStack& stack, const trainer::v1::CreateTrainingRunRequest& request) {
  const auto stub = StubOf<trainer::v1::TrainingService>(stack, "trainer");
  return rpc::Call<TrainingRun>(kTimeout, [&](auto* context, auto* reply) {
    return stub->CreateTrainingRun(context, request, reply);
  });
}

TrainingRun GetTrainingRun(const LocalStack& stack, const std::string& name) {
  const auto stub = StubOf<trainer::v1::TrainingService>(stack, "trainer");
  trainer::v1::GetTrainingRunRequest request;
  request.set_name(name);
  return Read<TrainingRun>(
      [&](auto* context, auto* reply) { return stub->GetTrainingRun(context, request, reply); });
}

std::vector<TrainingRun> ListTrainingRuns(const LocalStack& stack) {
  const auto stub = StubOf<trainer::v1::TrainingService>(stack, "trainer");
  const trainer::v1::ListTrainingRunsRequest request;
  return ToVector(Read<trainer::v1::ListTrainingRunsResponse>([&](auto* context, auto* reply) {
                    return stub->ListTrainingRuns(context, request, reply);
                  }).training_runs());
}

std::vector<TrainingJob> ListTrainingJobs(const LocalStack& stack, const std::string& run) {
  const auto stub = StubOf<trainer::v1::TrainingService>(stack, "trainer");
  trainer::v1::ListTrainingJobsRequest request;
  request.set_parent(run);
  return ToVector(Read<trainer::v1::ListTrainingJobsResponse>([&](auto* context, auto* reply) {
                    return stub->ListTrainingJobs(context, request, reply);
                  }).training_jobs());
}

std::vector<registry::v1::ModelVersion> ListModelVersions(const LocalStack& stack,
                                                          const std::string& filter) {
  const auto stub = StubOf<registry::v1::ModelService>(stack, "registry");
  registry::v1::ListModelVersionsRequest request;
  request.set_parent("models/sensor-model");
  request.set_filter(filter);
  return ToVector(Read<registry::v1::ListModelVersionsResponse>([&](auto* context, auto* reply) {
                    return stub->ListModelVersions(context, request, reply);
                  }).model_versions());
}

std::vector<inference::v1::Forecast> ListForecasts(const LocalStack& stack) {
  const auto stub = StubOf<inference::v1::ForecastService>(stack, "inference");
  inference::v1::ListForecastsRequest request;
  request.set_parent("plants/-/circuits/-");
  return ToVector(Read<inference::v1::ListForecastsResponse>([&](auto* context, auto* reply) {
                    return stub->ListForecasts(context, request, reply);
                  }).forecasts());
}

std::vector<TrainingJob> WaitForJobs(
    const LocalStack& stack, const std::string& run,
    const std::function<bool(const std::vector<TrainingJob>&)>& done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(kPatienceSeconds);
  while (true) {
    std::vector<TrainingJob> jobs = ListTrainingJobs(stack, run);
    if (done(jobs) || ::testing::Test::HasFailure()) return jobs;
    if (std::chrono::steady_clock::now() > deadline) {
      std::string states;
      for (const TrainingJob& job : jobs) states += job.ShortDebugString() + "\n";
      ADD_FAILURE() << "still waiting after " << kPatienceSeconds << " s:\n" << states;
      return jobs;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

bool AllEnded(const std::vector<TrainingJob>& jobs) {
  return !jobs.empty() && std::all_of(jobs.begin(), jobs.end(), [](const TrainingJob& job) {
    return job.state() >= TrainingJob::STATE_SUCCEEDED;
  });
}

trainer::v1::CreateTrainingRunRequest TrainingRequest(const std::vector<CircuitSpec>& circuits,
                                                      const std::string& revision) {
  trainer::v1::CreateTrainingRunRequest request;
  request.set_request_id(RandomIdSource().NewUuid());
  auto* selection = request.mutable_training_run_spec()->mutable_circuit_selection();
  selection->set_revision(revision);
  for (const CircuitSpec& spec : circuits)
    selection->add_circuits("plants/" + spec.plant_id + "/circuits/" + spec.circuit_id);
  return request;
}

}  // namespace fleetcast::e2e
