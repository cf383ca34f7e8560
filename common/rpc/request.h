// What every handler does with its request before it acts: identify it for the request ledger,
// and bind its page tokens to all its other arguments.
#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <string>

#include "absl/status/statusor.h"
#include "common/base/id.h"
#include "common/base/mutating_request.h"
#include "common/base/page.h"
#include "common/base/sha256.h"
#include "common/base/status.h"

namespace fleetcast::rpc {

// The same bytes for the same values, map entries in order of key.
template <typename Message>
[[nodiscard]] std::string CanonicalBytes(const Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

// For a request with a field `request_id`. INVALID_ARGUMENT unless that is a UUID.
template <typename Request>
[[nodiscard]] absl::StatusOr<MutatingRequest> IdentifyRequest(const std::string& method,
                                                              Request request) {
  FLEETCAST_RETURN_IF_ERROR(ValidateRequestId(request.request_id()));
  MutatingRequest identity{.request_id = request.request_id(), .method = method, .fingerprint = ""};
  request.clear_request_id();
  identity.fingerprint = Sha256Hex(CanonicalBytes(request));
  return identity;
}

// What page tokens of this request are bound to: the method and all arguments but the page's.
template <typename Request>
[[nodiscard]] std::string PageBinding(const std::string& method, Request request) {
  request.clear_page_size();
  request.clear_page_token();
  return method + "\n" + Sha256Hex(CanonicalBytes(request));
}

}  // namespace fleetcast::rpc
