// One RPC by its path, with the types of its two messages: what commands call with, so that only
// one file of the CLI includes gRPC.
#pragma once

#include "cli/targets.h"

namespace fleetcast::cli {

template <typename Request, typename Response>
struct Method {
  Service service;
  const char* path;  // "/fleetcast.config.v1.ConfigService/DetectChanges"
};

}  // namespace fleetcast::cli
