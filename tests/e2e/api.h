// The services of a local stack as a generated client sees them, for what a test wants to know.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fleetcast/inference/v1/forecast.pb.h"
#include "fleetcast/registry/v1/champion.pb.h"
#include "fleetcast/registry/v1/model_version.pb.h"
#include "fleetcast/trainer/v1/training_job.pb.h"
#include "fleetcast/trainer/v1/training_run.pb.h"
#include "fleetcast/trainer/v1/training_service.pb.h"
#include "tests/e2e/local_stack.h"

namespace fleetcast::e2e {

// Each call fails the test on an error, unless it returns a StatusOr.
absl::StatusOr<trainer::v1::TrainingRun> CreateTrainingRun(
    const LocalStack& stack, const trainer::v1::CreateTrainingRunRequest& request);
trainer::v1::TrainingRun GetTrainingRun(const LocalStack& stack, const std::string& name);
std::vector<trainer::v1::TrainingRun> ListTrainingRuns(const LocalStack& stack);
std::vector<trainer::v1::TrainingJob> ListTrainingJobs(const LocalStack& stack,
                                                       const std::string& run);
std::vector<registry::v1::ModelVersion> ListModelVersions(const LocalStack& stack,
                                                          const std::string& filter);
std::vector<inference::v1::Forecast> ListForecasts(const LocalStack& stack);

// Asks every 100 ms until `done` is true of the run's jobs, at most kPatienceSeconds; fails the
// test, with the jobs as they stood, if it never was.
std::vector<trainer::v1::TrainingJob> WaitForJobs(
    const LocalStack& stack, const std::string& run,
    const std::function<bool(const std::vector<trainer::v1::TrainingJob>&)>& done);

bool AllEnded(const std::vector<trainer::v1::TrainingJob>& jobs);

// A request for these circuits at a revision, with a fresh request id.
trainer::v1::CreateTrainingRunRequest TrainingRequest(const std::vector<CircuitSpec>& circuits,
                                                      const std::string& revision);

}  // namespace fleetcast::e2e
