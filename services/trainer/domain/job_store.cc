#include "services/trainer/domain/job_store.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/trainer/domain/names.h"

namespace fleetcast::trainer {
namespace {
constexpr char kNotTheHolder[] = "NOT_THE_HOLDER";
}  // namespace

absl::Status NotTheHolder(const JobHold& hold) {
  return Refused(
      absl::StatusCode::kAborted, kNotTheHolder,
      absl::StrCat(JobResource(hold.name), " is no longer held under lease epoch ",
                   hold.lease_epoch, "; nothing was written"),
      {{"training_job", JobResource(hold.name)}, {"lease_epoch", absl::StrCat(hold.lease_epoch)}});
}

bool IsNotTheHolder(const absl::Status& status) { return ReasonOf(status) == kNotTheHolder; }

}  // namespace fleetcast::trainer
