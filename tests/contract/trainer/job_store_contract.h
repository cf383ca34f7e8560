// What every ledger of training jobs must do; run on the fake and on Postgres.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "services/trainer/domain/job_store.h"
#include "services/trainer/domain/run_store.h"

namespace fleetcast::trainer {

class LedgerUnderTest {
 public:
  virtual ~LedgerUnderTest() = default;
  virtual RunStore& runs() = 0;
  virtual JobStore& jobs() = 0;
  // Every running job's lease has run out.
  virtual void LetLeasesExpire() = 0;
  // No queued job waits for its next attempt any more.
  virtual void LetWaitsPass() = 0;
};

struct LedgerFactory {
  std::string name;
  std::function<std::unique_ptr<LedgerUnderTest>()> make;
};

class JobStoreContract : public ::testing::TestWithParam<LedgerFactory> {
 protected:
  JobStoreContract() : ledger_(GetParam().make()) {}

  RunStore& runs() { return ledger_->runs(); }
  JobStore& jobs() { return ledger_->jobs(); }

  // A run of `circuits` circuits under this id.
  TrainingRun Create(const std::string& id, int circuits, int max_attempts = 3);
  // A claim that must find a job.
  ClaimedJob MustClaim(const std::string& replica = "replica-1", int max_parallel = 100);
  // A claim that must find none.
  void MustFindNothing(const ClaimRequest& request);
  TrainingJob Job(const JobName& name);
  TrainingRun Run(const std::string& id);
  static ClaimRequest RequestOf(const std::string& replica, int max_parallel = 100);
  static JobResult Result(const std::string& version = "models/sensor-model/versions/1");
  static JobFailure Failure(FailureKind kind);

  const std::unique_ptr<LedgerUnderTest> ledger_;
};

}  // namespace fleetcast::trainer
