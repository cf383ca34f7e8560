#include "services/inference/domain/invocation_store.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace fleetcast::inference {

absl::Status NotTheHolder(const InvocationHold& hold) {
  const std::string name = InvocationResource(hold.name);
  return Refused(absl::StatusCode::kAborted, "NOT_THE_HOLDER",
                 absl::StrCat(name, " is no longer held under lease epoch ", hold.lease_epoch,
                              "; stop work on it"),
                 {{"invocation", name}, {"lease_epoch", absl::StrCat(hold.lease_epoch)}});
}

bool IsNotTheHolder(const absl::Status& status) { return ReasonOf(status) == "NOT_THE_HOLDER"; }

}  // namespace fleetcast::inference
