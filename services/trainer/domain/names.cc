#include "services/trainer/domain/names.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "common/base/resource_name.h"
#include "common/base/status.h"
#include "common/base/text.h"

namespace fleetcast::trainer {
namespace {

const ResourceNamePattern& RunPattern() {
  static const auto* const pattern = new ResourceNamePattern("trainingRuns/{training_run}");
  return *pattern;
}

constexpr char kJobs[] = "/jobs/";

}  // namespace

std::string RunResource(const std::string& run_id) { return RunPattern().Format({run_id}); }

std::string JobResource(const JobName& name) {
  return absl::StrCat(RunResource(name.run_id), kJobs, name.job_id);
}

absl::StatusOr<std::string> ParseRun(const std::string& field, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto ids, RunPattern().Parse(field, name));
  return ids[0];
}

absl::StatusOr<std::string> ParseRunOrAll(const std::string& field, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto ids, RunPattern().ParseWithWildcards(field, name));
  return ids[0] == "-" ? std::string() : ids[0];
}

absl::StatusOr<JobName> ParseJob(const std::string& field, const std::string& name) {
  // A job's id is one id, or two with a dot between, which none of them may hold.
  const std::size_t jobs = name.find(kJobs);
  if (jobs == std::string::npos)
    return InvalidField(field, absl::StrCat(QuotedUtf8(name, 200),
                                            " is no job's name, such as "
                                            "trainingRuns/{id}/jobs/P001.C001"));
  JobName job{.job_id = name.substr(jobs + std::strlen(kJobs))};
  FLEETCAST_ASSIGN_OR_RETURN(job.run_id, ParseRun(field, name.substr(0, jobs)));
  const std::size_t dot = job.job_id.find('.');
  FLEETCAST_RETURN_IF_ERROR(ValidateId(field, job.job_id.substr(0, dot)));
  if (dot != std::string::npos)
    FLEETCAST_RETURN_IF_ERROR(ValidateId(field, job.job_id.substr(dot + 1)));
  return job;
}

std::string CircuitResource(const std::string& plant_id, const std::string& circuit_id) {
  return absl::StrCat("plants/", plant_id, "/circuits/", circuit_id);
}

std::string CircuitAssetId(const std::string& plant_id, const std::string& circuit_id) {
  return absl::StrCat("plant_", plant_id, "_circuit_", circuit_id);
}

std::string PlantBaseId(const std::string& plant_id) {
  return absl::StrCat("plant_", plant_id, "_base");
}

std::string PlantBaseVersion(std::int64_t version) {
  return absl::StrCat(kPlantBase, "/versions/", version);
}

std::string ExperimentRunDisplayName(int pull_request_number, const std::string& cutoff_date) {
  if (pull_request_number == 0) return absl::StrCat("manual_", cutoff_date);
  return absl::StrCat("PR-", pull_request_number, "_", cutoff_date);
}

std::string ExperimentRunId(const JobName& name, std::int64_t lease_epoch) {
  return absl::StrCat(name.run_id, "-", lease_epoch);
}

std::string ExperimentRunResource(const Subject& subject, const JobName& name,
                                  std::int64_t lease_epoch) {
  return absl::StrCat("experiments/", subject.asset_id(), "/runs/",
                      ExperimentRunId(name, lease_epoch));
}

std::string EnvironmentOf(const std::string& environment_version) {
  return absl::StrCat("custom-lstm-env:", environment_version);
}

absl::StatusOr<std::string> EnvironmentResource(const std::string& environment) {
  const std::size_t colon = environment.find(':');
  if (colon == 0 || colon == std::string::npos || colon + 1 == environment.size())
    return InvalidField("environment", absl::StrCat("\"", environment,
                                                    "\" is not name:version, such as "
                                                    "custom-lstm-env:1.5.0"));
  return absl::StrCat("environments/", environment.substr(0, colon), "/versions/",
                      environment.substr(colon + 1));
}

}  // namespace fleetcast::trainer
