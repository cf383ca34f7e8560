// What the verbs of `fleetcast training` do, apart from how they are typed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace fleetcast::cli {

class Session;

struct TrainingStart {
  std::string base, head;             // either a branch…
  std::vector<std::string> circuits;  // …or circuits…
  std::vector<std::string> plants;    // …or plants whose bases are trained
  std::string revision = "HEAD";
  std::int32_t pull_request = 0;
  std::string author;
  bool watch = false;
};

struct TrainingList {
  std::string filter;
  std::int64_t limit = 30;
};

struct TrainingCancel {
  std::string id;
  std::string circuit;  // "P001/C001", of a base "P001"; empty: the whole run
};

struct TrainingRetry {
  std::string id;
  bool watch = false;
};

absl::Status StartTraining(Session& session, const TrainingStart& options);
// An empty id is the latest run.
absl::Status WatchTraining(Session& session, const std::string& id);
absl::Status ShowTraining(Session& session, const std::string& id);
absl::Status ListTrainings(Session& session, const TrainingList& options);
absl::Status CancelTraining(Session& session, const TrainingCancel& options);
absl::Status RetryTraining(Session& session, const TrainingRetry& options);

}  // namespace fleetcast::cli
