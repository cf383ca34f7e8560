// A registry in memory that fails on demand and lets a test act just before a call.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "services/trainer/domain/model_registry.h"

namespace fleetcast::trainer {

// Thread safe.
class FakeModelRegistry final : public ModelRegistry {
 public:
  // The next `times` calls of `method` ("CreateVersion") fail with this.
  void FailNext(const std::string& method, absl::Status status, int times = 1);
  // Called before every effect of `method`.
  void Before(const std::string& method, std::function<void()> action);

  struct Run {
    ExperimentRunStart start;
    std::optional<ExperimentRunEnd> end;
    std::vector<MetricValue> metrics;
    std::map<std::string, std::string> params, tags;  // set later
  };
  struct Version {
    RegisteredVersion registered;
    NewModelVersion given;
  };
  std::map<std::string, Run> runs() const;
  std::vector<Version> versions() const;
  std::map<std::string, std::string> champions() const;  // "P001/C001" to version name
  std::map<std::string, std::string> artifacts() const;  // SHA-256 to bytes
  std::map<std::string, DataAsset> data_assets() const;  // by resource name
  int calls(const std::string& method) const;

  absl::StatusOr<std::string> StartRun(const std::string& request_id,
                                       const ExperimentRunStart& start) override;
  absl::Status LogMetrics(const std::string& request_id, const std::string& run,
                          const std::vector<MetricValue>& metrics) override;
  absl::Status LogParams(const std::string& request_id, const std::string& run,
                         const std::map<std::string, std::string>& params) override;
  absl::Status SetRunTags(const std::string& request_id, const std::string& run,
                          const std::map<std::string, std::string>& tags) override;
  absl::Status FinishRun(const std::string& request_id, const std::string& run,
                         ExperimentRunEnd end, const std::string& reason) override;
  absl::StatusOr<PinnedData> PinDataAsset(const std::string& request_id,
                                          const DataAsset& asset) override;
  absl::Status UploadArtifact(const std::string& request_id, const std::string& run,
                              const std::string& file_name, const std::string& bytes) override;
  absl::StatusOr<std::string> DownloadArtifact(const std::string& sha256) override;
  absl::StatusOr<RegisteredVersion> CreateVersion(const std::string& request_id,
                                                  const NewModelVersion& version) override;
  absl::StatusOr<std::optional<RegisteredVersion>> FindVersionOfJob(
      const std::string& model, const std::string& training_job) override;
  absl::StatusOr<std::optional<RegisteredVersion>> GetVersion(const std::string& name) override;
  absl::StatusOr<std::optional<RegisteredVersion>> GetChampion(
      const std::string& plant_id, const std::string& circuit_id) override;
  absl::StatusOr<std::set<std::string>> TriedOn(const std::string& plant_id,
                                                const std::string& circuit_id,
                                                const std::string& cutoff_date) override;
  absl::StatusOr<std::optional<RegisteredVersion>> FindVersionOfHash(
      const std::string& training_hash) override;
  absl::Status TagVersion(const std::string& request_id, const std::string& version,
                          const std::map<std::string, std::string>& tags) override;
  // As a release would.
  void Promote(const std::string& plant_id, const std::string& circuit_id,
               const std::string& version);
  absl::Status RegisterEnvironment(const std::string& request_id, const std::string& environment,
                                   const std::map<std::string, std::string>& properties) override;

 private:
  // Runs the action and takes the failure that are set for `method`.
  absl::Status Enter(const std::string& method);
  absl::StatusOr<std::optional<RegisteredVersion>> FindJobLocked(const std::string& training_job)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::map<std::string, std::vector<absl::Status>> failures_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::function<void()>> actions_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int> calls_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Run> runs_ ABSL_GUARDED_BY(mutex_);
  std::vector<Version> versions_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> champions_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> artifacts_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, DataAsset> data_assets_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fleetcast::trainer
