// What identifies a mutating call: "everything that mutates takes a request id".
#pragma once

#include <string>

namespace fleetcast {

struct MutatingRequest {
  std::string request_id;   // UUID
  std::string method;       // "CreateTrainingRun"
  std::string fingerprint;  // SHA-256 of the request's canonical text, request id left out
};

}  // namespace fleetcast
