// Calls to the services over gRPC, on messages of any type. Channels connect when first used.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "cli/targets.h"

namespace google::protobuf {
class Message;
}

namespace fleetcast::cli {

// Reasons of the errors that the transport itself makes.
inline constexpr char kServiceUnreachable[] = "SERVICE_UNREACHABLE";
inline constexpr char kServiceTimeout[] = "SERVICE_TIMEOUT";

// Whether the service may have carried the call out although it failed: no answer came, or the
// connection broke once the call was on its way.
[[nodiscard]] bool MayHaveBeenCarriedOut(const absl::Status& status);

// How long a command waits for answers. One that makes several calls, of which none is answered,
// waits no longer than for one.
struct Waiting {
  absl::Duration allowed;
  absl::Duration spent;  // without an answer, before this call
};

// Thread safe.
class Transport {
 public:
  explicit Transport(PerService targets);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // One unary call. A service that cannot be reached is tried three times within a second and the
  // time that is left: every mutating request carries a request id, so a second try never does a
  // thing twice. What the service said itself is told rather than that it fell silent afterwards.
  // UNAVAILABLE with reason SERVICE_UNREACHABLE, DEADLINE_EXCEEDED with SERVICE_TIMEOUT (both name
  // service and address), or what the service answered; with its name in front where the trouble is
  // the service's, not the request's.
  [[nodiscard]] absl::Status Call(Service service, const std::string& path,
                                  const google::protobuf::Message& request,
                                  google::protobuf::Message* response, const Waiting& waiting);

  // One server stream. `on_message` is called after each message was read into `response`;
  // `stopped` about ten times a second, and CANCELLED soon after it answers true. Otherwise as
  // Call, without a second try.
  [[nodiscard]] absl::Status Stream(Service service, const std::string& path,
                                    const google::protobuf::Message& request,
                                    google::protobuf::Message* response, absl::Duration timeout,
                                    const std::function<void()>& on_message,
                                    const std::function<bool()>& stopped);

  [[nodiscard]] const std::string& target(Service service) const { return targets_[service]; }

 private:
  struct Channels;
  absl::Status Describe(Service service, const std::string& path, absl::Status status,
                        absl::Duration timeout) const;

  PerService targets_;
  std::unique_ptr<Channels> channels_;
};

}  // namespace fleetcast::cli
